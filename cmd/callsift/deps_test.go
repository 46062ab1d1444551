package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "callsift"
)

// rooms says which of our packages a package may import: first match by prefix,
// so the inner rooms stand before the outer ones. A package may always import
// what is below itself, except where none is written.
var rooms = []struct {
	dir   string
	may   []string
	below bool // its own subfolders
}{
	{"store/codes", nil, false},
	{"store", []string{"store/codes"}, false},
	{"ingest/sip", nil, false},
	{"ingest/dialog", []string{"store/codes"}, false},
	{"ingest/capture", []string{"ingest/sip"}, false},
	{"ingest", []string{"store", "store/codes"}, true},
	{"analyze", []string{"store", "store/codes"}, true},
	{"charts", []string{"analyze", "store/codes"}, true},
	{"cmd", []string{"ingest", "analyze", "charts", "store"}, true},
}

// reserved packages of others, and the only rooms that may know them. Tests may
// use them anywhere: to damage a database, say.
var reserved = []struct {
	prefix string
	rooms  []string
}{
	{"database/sql", []string{"store"}},
	{"github.com/mattn/go-sqlite3", []string{"store"}},
	{"gonum.org/v1/plot", []string{"charts"}},
	{"github.com/gopacket/gopacket", nil}, // only tests compare with it
	{"github.com/spf13/", []string{"cmd"}},
	{"log", []string{"cmd"}},
}

// topFolders are all there may be; new things find a room inside.
var topFolders = []string{"analyze", "charts", "cmd", "docs", "ingest", "store", "testdata", "tools"}

func within(dir, room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") }

// importsOf lists what the Go files of the project import, by file.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for _, i := range parsed.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(name)] = append(found[filepath.ToSlash(name)], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestImportsRunOneWay holds the house's plan: the write side and the read side
// meet in the store only, and what is reserved stays in its room.
func TestImportsRunOneWay(t *testing.T) {
	files := importsOf(t)
	if len(files) < 50 {
		t.Fatalf("%d Go files below %s", len(files), root)
	}
	for file, imports := range files {
		dir := path.Dir(file)
		for _, p := range imports {
			if ours, ok := strings.CutPrefix(p, module+"/"); ok && !mayImport(dir, ours, strings.HasSuffix(file, "_test.go")) {
				t.Errorf("%s imports %s", file, p)
			}
			for _, r := range reserved {
				known := p == r.prefix || strings.HasPrefix(p, strings.TrimSuffix(r.prefix, "/")+"/")
				if known && !strings.HasSuffix(file, "_test.go") && !slices.ContainsFunc(r.rooms, func(room string) bool { return within(dir, room) }) {
					t.Errorf("%s imports %s, which only %v may", file, p, r.rooms)
				}
			}
		}
	}
}

func mayImport(dir, ours string, test bool) bool {
	for _, r := range rooms {
		if !within(dir, r.dir) {
			continue
		}
		if r.below && within(ours, r.dir) {
			return true
		}
		if top, _, _ := strings.Cut(dir, "/"); test && within(ours, top) { // a test may use its neighbours
			return true
		}
		return slices.ContainsFunc(r.may, func(m string) bool { return ours == m || r.dir == "cmd" && within(ours, m) })
	}
	return false // a package outside every room
}

func TestTopFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topFolders, e.Name()) {
			t.Errorf("top folder %s, want one of %v", e.Name(), topFolders)
		}
	}
}

// TestMayImport holds the policy itself against what the design says of it.
func TestMayImport(t *testing.T) {
	for _, c := range []struct {
		dir, ours string
		want      bool
	}{
		{"cmd/callsift", "ingest", true},
		{"cmd/callsift", "charts", true},
		{"cmd/callsift", "store/codes", true},
		{"ingest", "ingest/sip", true},
		{"ingest", "store", true},
		{"ingest", "analyze", false},
		{"ingest", "charts", false},
		{"analyze", "ingest", false},
		{"analyze", "ingest/sip", false},
		{"analyze", "store", true},
		{"charts", "analyze", true},
		{"charts", "ingest", false},
		{"charts/report", "charts", true},
		{"store", "ingest", false},
		{"store", "analyze", false},
		{"store", "store/codes", true},
		{"store/codes", "store", false},
		{"ingest/sip", "store/codes", false},
		{"ingest/dialog", "store/codes", true},
		{"ingest/dialog", "store", false},
		{"ingest/dialog", "ingest/sip", false},
		{"ingest", "cmd/callsift", false},
		{"extra", "store", false},
	} {
		if got := mayImport(c.dir, c.ours, false); got != c.want {
			t.Errorf("%s imports %s: %v, want %v", c.dir, c.ours, got, c.want)
		}
	}
}
