package safety

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// sections are the parts of the document: a title, what it says, and the head
// of its table.
var sections = []struct{ name, title, text, head string }{
	{"kill", "Killed at any moment", "`kill -9` at random moments of an import, of a SIP log and of a CDR export that overlap what the database holds. Afterwards the database must open, `callsift check` must find nothing, it must hold exactly the state before that source, and a second import must give what an undisturbed one gives. Files of one command share a transaction, up to 512 MiB of them: a kill costs the ones that were not yet stored, never a part of one.", "| what | figure |\n|---|--:|"},
	{"trouble", "Disk, lock and file trouble", "Each must end with one sentence and status 1, and leave the database as it was.", "| what | tried | result |\n|---|--:|---|"},
	{"readers", "Readers beside a writer, and Ctrl-C", "A report or breakdown sees all of a source or nothing of it.", "| what | figure |\n|---|--:|"},
	{"hostile", "Hostile input", "Each is read to its end or up to a stated limit, with the place reported and the rest read, within the bounds given.", "| input | size | memory | bound | CPU time | bound |\n|---|--:|--:|--:|--:|--:|"},
	{"output", "Hostile text in the output", "Formulas, HTML, terminal escapes in every field that a source can fill.", "| what | figure |\n|---|--:|"},
}

// writeDocument writes the figures of this run. Sections whose tests did not run
// would lose their figures, so that is an error.
func writeDocument() error {
	var b strings.Builder
	b.WriteString("# Reliability\n\nThe figures below are written by the tests in `cmd/callsift/safety` themselves:\n`go test ./cmd/callsift/safety -update`. This run: " + runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version() + ".\n")
	figures.Lock()
	defer figures.Unlock()
	for _, s := range sections {
		b.WriteString("\n## " + s.title + "\n" + s.text + "\n\n" + s.head + "\n")
		for _, line := range figures.lines[s.name] {
			b.WriteString(line + "\n")
		}
	}
	if err := os.MkdirAll(filepath.Dir(document), 0o755); err != nil {
		return err
	}
	return os.WriteFile(document, []byte(b.String()), 0o644)
}

// TestDocument: the document has a section for every kind of test and a line
// for every hostile input.
func TestDocument(t *testing.T) {
	if *update {
		t.Skip("being written")
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if !strings.Contains(string(text), "\n## "+s.title+"\n") {
			t.Errorf("%s: no section %q", document, s.title)
		}
	}
	for _, c := range hostileInputs {
		if !strings.Contains(string(text), "| "+c.name+" |") {
			t.Errorf("%s: no line for %q: run the tests with -update", document, c.name)
		}
	}
}
