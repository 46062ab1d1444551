package safety

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// views are the commands whose JSON must not tell a database from another one.
var views = [][]string{
	{"ledger"}, {"breakdown", "--by", "trunk,outcome,code,cause"}, {"breakdown", "--by", "source,prefix,user_agent", "--scope", "leg"}, {"breakdown", "--by", "hour,day,device,format"},
	{"breakdown", "--by", "code", "--method", "REGISTER"}, {"calls", "--limit", "0"}, {"calls", "--limit", "0", "--scope", "leg"}, {"metrics"},
}

// sameViews compares two databases through the command line's JSON.
func sameViews(t *testing.T, what, got, want string) {
	t.Helper()
	for _, v := range views {
		a, b := wellDone(t, append(v, "--format", "json", "--db", got)...).out, wellDone(t, append(v, "--format", "json", "--db", want)...).out
		if a != b {
			i := 0
			for i < min(len(a), len(b)) && a[i] == b[i] {
				i++
			}
			t.Errorf("%s: %s differs:\n%.900s\nwant\n%.900s", what, strings.Join(v, " "), a[max(0, i-300):], b[max(0, i-300):])
		}
	}
	clean(t, got)
}

// removable are sources that share calls: a log that rotation cut in the middle of
// a message, one that overlaps it, and exports that overlap.
func removable(t *testing.T, dir string) []string {
	log := calls(0, 60)
	cut := strings.Index(log, "call-30@") + 3
	return []string{write(t, dir, "pbx.log.1", log[:cut]), write(t, dir, "pbx.log", log[cut:]), write(t, dir, "gateway.log", calls(20, 80)),
		write(t, dir, "a.csv", rows(0, 40)+"bad row\n"), write(t, dir, "b.csv", rows(20, 60)+row(59))}
}

// TestSourcesRemove: without a source, by path or by number, a database says what
// one says that never had it; with it again, what it said before.
func TestSourcesRemove(t *testing.T) {
	dir := t.TempDir()
	files := removable(t, dir)
	all := filepath.Join(dir, "all.db")
	wellDone(t, append([]string{"import", "--db", all}, files...)...)
	for i, f := range files {
		name := filepath.Base(f)
		never, db := filepath.Join(dir, "never.db"), filepath.Join(dir, "removed.db")
		copyFile(t, all, db)
		os.Remove(never)
		rest := append(append([]string{"import", "--db", never}, files[:i]...), files[i+1:]...)
		wellDone(t, rest...)
		by := f
		if i%2 == 1 {
			by = strings.Fields(wellDone(t, "sql", "--db", db, "--format", "csv", "SELECT id FROM sources WHERE path LIKE '%/"+name+"'").out)[1]
		}
		wellDone(t, "sources", "remove", "--db", db, by)
		sameViews(t, name+" removed by "+by, db, never)
		wellDone(t, "import", "--db", db, f)
		sameViews(t, name+" read again", db, all)
	}
}

// TestPruneBefore: after prune a database says what one says of the later days' files alone.
func TestPruneBefore(t *testing.T) {
	dir := t.TempDir()
	// A call begins each half second, a row each seven: before 09:00:21 there are 42 and 3.
	all, later := filepath.Join(dir, "all.db"), filepath.Join(dir, "later.db")
	wellDone(t, "import", "--db", all, write(t, dir, "a.log", calls(0, 60)), write(t, dir, "a.csv", rows(0, 40)), write(t, dir, "b.csv", rows(2, 50)))
	wellDone(t, "import", "--db", later, write(t, dir, "later.log", calls(42, 60)), write(t, dir, "later-a.csv", rows(3, 40)), write(t, dir, "later-b.csv", rows(3, 50)))
	before := wellDone(t, "calls", "--limit", "0", "--format", "json", "--db", all).out
	if r := wellDone(t, "prune", "--before", "2026-11-10T09:00:21", "--dry-run", "--db", all); !strings.Contains(r.err, "would go before") {
		t.Errorf("dry run says %q", r.err)
	}
	if after := wellDone(t, "calls", "--limit", "0", "--format", "json", "--db", all).out; after != before {
		t.Error("a dry run changed the calls")
	}
	wellDone(t, "prune", "--before", "2026-11-10T09:00:21", "--db", all)
	sameViews(t, "pruned", all, later)
	wellDone(t, "import", "--db", all, filepath.Join(dir, "a.csv"))
	sameViews(t, "pruned, and the old export imported again", all, later)
	wellDone(t, "prune", "--before", "2030-01-01", "--db", all)
	if n := callsIn(t, all); n != 0 {
		t.Errorf("%d calls left, want none", n)
	}
}
