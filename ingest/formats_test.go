package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// formatKinds are the kinds of records that formats hold.
var formatKinds = []string{"sip", "cdr", "event", "context"}

// wantsOf lists what a format in the list still lacks, in sentences that say
// what to do. CONTRIBUTING.md quotes them.
func wantsOf(list []*Format, f *Format, dir string) []string {
	var wants []string
	want := func(format string, args ...any) { wants = append(wants, f.Name+": "+fmt.Sprintf(format, args...)) }
	if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(f.Name) {
		want("name %q, want small letters and digits with - between", f.Name)
	}
	if n := slices.IndexFunc(list, func(g *Format) bool { return g.Name == f.Name }); n < 0 {
		want("not in the list of formats.go")
	} else if list[n] != f {
		want("two formats of this name")
	}
	if f.Description == "" || strings.Contains(f.Description, "\n") {
		want("description %q, want one line for callsift formats", f.Description)
	}
	if !slices.Contains(formatKinds, f.Kind) {
		want("kind %q, want one of %s", f.Kind, strings.Join(formatKinds, ", "))
	}
	if f.Proof == "" {
		want("no proof, want real files, source code or documentation")
	}
	if f.Example == "" {
		want("no example, want a line or two of it")
	}
	if f.Sniff == nil || f.Read == nil {
		want("Sniff and Read are not both there")
	}
	if f.Kind != "sip" && !hasCase(filepath.Join(dir, f.Name)) {
		want("no sample, want ingest/testdata/%s/*.txtar with the files input and want", f.Name)
	}
	return wants
}

// hasCase reports whether a folder has a txtar file with input and want.
func hasCase(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.txtar"))
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			continue
		}
		names := map[string]bool{}
		for _, f := range a.Files {
			names[f.Name] = true
		}
		if names["input"] && names["want"] {
			return true
		}
	}
	return false
}

func TestFormatsAreWhole(t *testing.T) {
	for _, f := range Formats {
		for _, w := range wantsOf(Formats, f, "testdata") {
			t.Error(w)
		}
	}
	for _, name := range writtenFormats(t) {
		if FormatNamed(name) == nil {
			t.Errorf("%s: not in the list of formats.go", name)
		}
	}
}

// writtenFormats lists the names of the formats that are values in the package's
// files: one that was forgotten in the list is found here alone.
func writtenFormats(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	value := regexp.MustCompile(`(?m)^var \w+ = Format\{\n\tName:\s+"([^"]+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range value.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) < 20 {
		t.Fatalf("%d formats are values, want most of %d", len(names), len(Formats))
	}
	return names
}

// TestContributing holds CONTRIBUTING.md against the tree: the sentences that it
// quotes are those that the tests print for a format that is not finished, and
// the files that it names are there.
func TestContributing(t *testing.T) {
	text, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	fresh := &Format{Name: "acme-cdr"}
	printed := wantsOf(Formats, fresh, t.TempDir())
	printed = append(printed, wantsOf([]*Format{{Name: "acme-cdr"}}, fresh, t.TempDir())...)
	printed = append(printed, wantsOf(Formats, &Format{Name: "Acme CDR"}, t.TempDir())[0])
	slices.Sort(printed)
	var quoted []string
	for _, line := range strings.Split(page, "\n") {
		if s, ok := strings.CutPrefix(line, "    formats_test.go: "); ok {
			quoted = append(quoted, s)
		}
	}
	if len(quoted) == 0 {
		t.Error("CONTRIBUTING.md quotes no sentence of formats_test.go")
	}
	for _, q := range quoted {
		if !slices.Contains(printed, q) {
			t.Errorf("CONTRIBUTING.md quotes %q, the test prints\n%s", q, strings.Join(slices.Compact(printed), "\n"))
		}
	}
	for _, p := range slices.Compact(printed) {
		if !slices.Contains(quoted, p) {
			t.Errorf("CONTRIBUTING.md does not quote %q", p)
		}
	}
	for _, m := range regexp.MustCompile("`((?:ingest|store|cmd|testdata|\\.ci|docs|tools)/[^` *]*)`").FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil && !strings.Contains(m[1], "acme") {
			t.Errorf("CONTRIBUTING.md names %s: %v", m[1], err)
		}
	}
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(page, -1) {
		if !testExists(t, m[1]) && !strings.Contains(m[1], "Acme") {
			t.Errorf("CONTRIBUTING.md names %s, which is not among the tests here", m[1])
		}
	}
}

func testExists(t *testing.T, name string) bool {
	t.Helper()
	for _, pattern := range []string{"*_test.go", "../*/*_test.go", "../cmd/*/*_test.go"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "func "+name+"(") {
				return true
			}
		}
	}
	return false
}
