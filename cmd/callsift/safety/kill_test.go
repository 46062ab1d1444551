package safety

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// killCase is an import that is killed: a source on top of a database.
type killCase struct {
	name, path, base string
	before, after    string // dumps
	took             time.Duration
	bad              atomic.Int32 // databases that were not as they must be
}

// moments is how many imports must have been killed.
const moments = 100

// TestKill kills imports at random moments: afterwards the database opens,
// checks clean, holds the state before (or, if the kill came after the commit,
// after) and a second import gives what an undisturbed one gives.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "first.db")
	wellDone(t, "import", "--db", first, write(t, dir, "first.log", calls(0, 200)), write(t, dir, "first.csv", rows(0, 600)))
	cases := []*killCase{
		{name: "log", path: write(t, dir, "second.log", calls(180, 1800))},
		{name: "csv", path: write(t, dir, "second.csv", rows(400, 12000))},
	}
	for _, c := range cases {
		c.base = first
		c.before = dump(t, first)
		undisturbed := filepath.Join(dir, c.name+".db")
		copyFile(t, first, undisturbed)
		c.took = wellDone(t, "import", "--db", undisturbed, c.path).took
		c.after = dump(t, undisturbed)
		clean(t, undisturbed)
	}
	began := time.Now()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(9, 9))
	killed, finished, committed, trial := 0, 0, 0, 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				mu.Lock()
				if killed >= moments || trial >= 4*moments || t.Failed() {
					mu.Unlock()
					return
				}
				c := cases[trial%2]
				trial++
				db := filepath.Join(dir, fmt.Sprintf("trial%d.db", trial))
				delay := time.Duration(random.Int64N(int64(c.took)))
				mu.Unlock()
				was, in := c.try(t, db, delay)
				mu.Lock()
				switch {
				case !was:
					finished++
				case in:
					committed++
					killed++
				default:
					killed++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d imports killed in %s, %d of them after their commit; %d had ended before", killed, seconds(time.Since(began)), committed, finished)
	if killed < moments {
		t.Errorf("%d imports killed, want %d", killed, moments)
	}
	figure("kill", "imports killed at random moments", killed)
	figure("kill", "of them between commit and end of the program", committed)
	figure("kill", "databases that did not open, were not as before, or could not be imported into again", cases[0].bad.Load()+cases[1].bad.Load())
	figure("kill", "length of an undisturbed import", seconds(cases[0].took)+" and "+seconds(cases[1].took))
}

// try kills one import after delay; killed tells whether it was still at work,
// in whether it had committed.
func (c *killCase) try(t *testing.T, db string, delay time.Duration) (killed, in bool) {
	copyFile(t, c.base, db)
	defer func() {
		left, _ := filepath.Glob(db + "*")
		for _, f := range left {
			os.Remove(f)
		}
	}()
	cmd := exec.Command(binary, "import", "--quiet", "--db", db, c.path)
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return false, false
	}
	time.Sleep(delay)
	cmd.Process.Kill()
	cmd.Wait()
	killed = !cmd.ProcessState.Exited()
	what := fmt.Sprintf("%s killed after %s", c.name, delay)
	clean(t, db)
	switch dump(t, db) {
	case c.before:
	case c.after:
		in = true
	default:
		c.bad.Add(1)
		t.Errorf("%s: neither the state before nor the one after", what)
	}
	if r := callsift(t, nil, "import", "--db", db, c.path); r.status != 0 {
		c.bad.Add(1)
		t.Errorf("%s: second import: status %d: %s", what, r.status, r.err)
	}
	if dump(t, db) != c.after { // which checks clean
		c.bad.Add(1)
		t.Errorf("%s: the second import gives other numbers than an undisturbed one", what)
	}
	return killed, in
}
