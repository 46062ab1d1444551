package safety

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// archiveNames are names that would lead out of a folder, write over a file, or
// say something to a terminal; each stands for a file with one call in it.
var archiveNames = []string{
	"../../../../tmp/up.log", "a/../../up.log", "/etc/cron.d/absolute", "//host/share", `..\..\windows\up`, `C:\windows\drive`, "./here", "a//b", "..", ".", "up/..",
	"esc\x1b[31m\x1b]0;owned\x07", "c1\u009b2J", "turned\u202egol.exe", "line\nbreak", "tab\tbell\a", "bytes\xff\xfe", "nul\x00inside", "-rf", "--db=other.db", "same", "same", "=cmd|' /C calc'!A0",
	strings.Repeat("long/", 500) + "x.log", "bang!inside", "<script>alert(1)</script>", "ordinary.log",
}

// archiveLinks are entries that are no files: none is followed, opened or made.
var archiveLinks = []tar.Header{
	{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "../outside.log"}, {Name: "absolute", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
	{Name: "hard", Typeflag: tar.TypeLink, Linkname: "../outside.log"}, {Name: "device", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5},
	{Name: "disk", Typeflag: tar.TypeBlock, Devmajor: 8}, {Name: "pipe", Typeflag: tar.TypeFifo}, {Name: "link/below", Typeflag: tar.TypeDir},
}

func hostileTar(t *testing.T) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range archiveLinks {
		if err := w.WriteHeader(&archiveLinks[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range archiveNames {
		text := call(i, 1000*i)
		h := &tar.Header{Name: name, Size: int64(len(text)), Mode: 0o6777, Format: tar.FormatGNU}
		if strings.Contains(name, "\x00") {
			h.Name = strings.ReplaceAll(name, "\x00", " ") // a tar's name ends at a NUL
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	w.Close()
	return b.String()
}

func hostileZip(t *testing.T) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(h *zip.FileHeader, text string) {
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, text)
	}
	for _, mode := range []os.FileMode{os.ModeSymlink | 0o777, os.ModeDevice | os.ModeCharDevice | 0o666, os.ModeNamedPipe | 0o666} {
		h := &zip.FileHeader{Name: "special"}
		h.SetMode(mode)
		add(h, "../outside.log")
	}
	for i, name := range archiveNames {
		add(&zip.FileHeader{Name: name, Method: zip.Deflate, NonUTF8: strings.Contains(name, "\xff")}, call(i, 1000*i))
	}
	w.Close()
	return b.String()
}

// TestArchiveNames: whatever the entries of an archive are called or are, each
// file is read as a source inside of it, and nothing is written or read outside.
func TestArchiveNames(t *testing.T) {
	for kind, data := range map[string]string{"tar": hostileTar(t), "zip": hostileZip(t)} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			inner := filepath.Join(dir, "in", "side")
			if err := os.MkdirAll(inner, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Chdir(inner)
			write(t, filepath.Dir(inner), "outside.log", call(5000, 0))
			archive := write(t, inner, "site."+kind, data)
			r := wellDone(t, "import", "--db", "callsift.db", archive)
			if at := steers(r.out + r.err); at >= 0 {
				t.Errorf("import steers the terminal: %.80q", (r.out + r.err)[at:])
			}
			var sources []struct{ Path, State string }
			if err := json.Unmarshal([]byte(wellDone(t, "sources", "--format", "json", "--db", "callsift.db").out), &sources); err != nil {
				t.Fatal(err)
			}
			if len(sources) != len(archiveNames) {
				t.Errorf("%d sources, want %d", len(sources), len(archiveNames))
			}
			for _, s := range sources {
				name, inside := strings.CutPrefix(s.Path, archive+"!")
				if s.State != "imported" || !inside || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.Contains(name, "/../") || name == ".." || len(name) > 600 || strings.ContainsFunc(name, unicode.IsControl) {
					t.Errorf("%s: source %q", s.State, s.Path)
				}
			}
			if n := callsIn(t, "callsift.db"); n != len(archiveNames) {
				t.Errorf("%d calls, want %d: those of the files and of nothing they point to", n, len(archiveNames))
			}
			list, _ := filepath.Glob(filepath.Join(dir, "*"))
			more, _ := filepath.Glob(filepath.Join(dir, "in", "*"))
			if len(list) != 1 || len(more) != 2 {
				t.Errorf("files were made: %q %q", list, more)
			}
			clean(t, "callsift.db")
			figure("archive", fmt.Sprintf("names and kinds of entries in a %s archive", kind), len(archiveNames)+map[string]int{"tar": len(archiveLinks), "zip": 3}[kind])
		})
	}
}

// callsIn is how many calls a database has.
func callsIn(t *testing.T, db string) int {
	t.Helper()
	var l struct{ Calls int }
	if err := json.Unmarshal([]byte(wellDone(t, "ledger", "--format", "json", "--db", db).out), &l); err != nil {
		t.Fatal(err)
	}
	return l.Calls
}
