package safety

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// sections are the parts of the document: a title, what it says, and the head
// of its table.
var sections = []struct{ name, title, text, head string }{
	{"kill", "Killed at any moment", "`kill -9` at random moments of an import, of a SIP log and of a CDR export that overlap what the database holds. Afterwards the database must open, `callsift check` must find nothing, it must hold exactly the state before that source, and a second import must give what an undisturbed one gives. Files of one command share a transaction, up to 512 MiB or 2,000 of them: a kill costs the ones that were not yet stored, never a part of one.", "| what | figure |\n|---|--:|"},
	{"trouble", "Disk, lock and file trouble", "Each must end with one sentence and status 1, and leave the database as it was.", "| what | tried | result |\n|---|--:|---|"},
	{"readers", "Readers beside a writer, and Ctrl-C", "A report or breakdown sees all of a source or nothing of it.", "| what | figure |\n|---|--:|"},
	{"hostile", "Hostile input", "Each is read to its end or up to a stated limit, with the place reported and the rest read, within the bounds given.", "| input | size | memory | bound | CPU time | bound |\n|---|--:|--:|--:|--:|--:|"},
	{"archive", "Entries of archives", "Names that lead out of the folder, absolute ones, links, devices, control characters: each file is read as a source inside of its archive, nothing is written or read outside.", "| what | tried |\n|---|--:|"},
	{"growing", "Very many of one thing", "Each is read in two sizes, one twice the other: all of it is counted, what a limit leaves out is told with its place and number, memory stays within its bound, and twice the input may take a quarter more memory at most.", "| input | how many | memory | of twice as many | bound | CPU time of twice as many | bound |\n|---|--:|--:|--:|--:|--:|--:|"},
	{"full", "Very many of one thing, in full", "The same at the largest sizes (`CALLSIFT_TEST_FULL=1 go test ./cmd/callsift/safety -run TestGrowing -update`), when somebody last had the time.", "| input | how many | memory | bound | CPU time | what is told |\n|---|--:|--:|--:|--:|---|"},
	{"sql", "Hostile queries", "`callsift sql` is asked to write, attach, set, load, run several statements, never end and fill the memory: each ends with one sentence and status 1, or, if it only reads, within its bounds.", "| what | figure |\n|---|--:|"},
	{"output", "Hostile text in the output", "Formulas, HTML, terminal escapes in every field that a source can fill.", "| what | figure |\n|---|--:|"},
}

// writeDocument writes the figures of this run; what did not run keeps those that
// it has.
func writeDocument() error {
	old, _ := os.ReadFile(document)
	var b strings.Builder
	b.WriteString("# Reliability\n\nThe figures below are written by the tests in `cmd/callsift/safety` themselves:\n`go test ./cmd/callsift/safety -update`. This run: " + runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version() + ".\n")
	figures.Lock()
	defer figures.Unlock()
	for _, s := range sections {
		b.WriteString("\n## " + s.title + "\n" + s.text + "\n\n" + s.head + "\n")
		for _, line := range merged(linesOf(string(old), s.title, s.head), figures.lines[s.name]) {
			b.WriteString(line + "\n")
		}
	}
	if err := os.MkdirAll(filepath.Dir(document), 0o755); err != nil {
		return err
	}
	return os.WriteFile(document, []byte(b.String()), 0o644)
}

// merged puts the lines of a run in the place of those with the same first cell.
func merged(old, run []string) []string {
	name := func(line string) string { return strings.SplitN(line, "|", 3)[1] }
	for _, line := range run {
		if i := slices.IndexFunc(old, func(o string) bool { return name(o) == name(line) }); i >= 0 {
			old[i] = line
		} else {
			old = append(old, line)
		}
	}
	return old
}

// linesOf are the lines of a section's table in the document.
func linesOf(text, title, head string) (lines []string) {
	_, text, _ = strings.Cut(text, "\n## "+title+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	_, text, _ = strings.Cut(text, "\n"+head+"\n")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
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
	for _, c := range growingInputs {
		if !strings.Contains(string(text), "| "+c.name+" |") {
			t.Errorf("%s: no line for %q: run the tests with -update", document, c.name)
		}
	}
	for _, c := range slices.Concat(hostileInputs, moreInputs, sheetInputs) {
		if !strings.Contains(string(text), "| "+c.name+" |") {
			t.Errorf("%s: no line for %q: run the tests with -update", document, c.name)
		}
	}
}
