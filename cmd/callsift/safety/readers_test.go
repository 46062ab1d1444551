package safety

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReaders runs breakdowns and reports while imports run: each sees all of a
// source or nothing of it.
func TestReaders(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "callsift.db")
	allowed := map[int64]bool{}
	var total int64
	var files []string
	for i, n := range []int{100, 4000, 6000, 3000} {
		files = append(files, write(t, dir, fmt.Sprintf("%d.log", i), calls(int(total), int(total)+n)))
		total += int64(n)
		allowed[total] = true
	}
	wellDone(t, "import", "--db", db, files[0])
	cmd := exec.Command(binary, append([]string{"import", "--quiet", "--db", db}, files[1:]...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	reads, states := 0, map[int64]bool{}
	for running := true; running; reads++ {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			running = false
		default:
		}
		n := calledIn(t, db, filepath.Join(dir, "report"), reads%4 == 3)
		if states[n] = true; !allowed[n] {
			t.Errorf("a reader saw %d calls, want all of a source or nothing", n)
		}
	}
	if !states[total] {
		t.Errorf("the last reader saw %v, want %d", states, total)
	}
	t.Logf("%d reads saw %d states", reads, len(states))
	figure("readers", "reads during imports", reads)
	figure("readers", "different states seen, each that of whole sources", len(states))
}

// calledIn is how many calls a breakdown, or a report, counts; all its sums agree.
func calledIn(t *testing.T, db, folder string, report bool) int64 {
	t.Helper()
	if report {
		wellDone(t, "report", "--from", "2026-11-09", "--to", "2026-11-20", "--db", db, "--out", folder)
		var r struct {
			Ledger struct {
				Calls int64 `json:"calls"`
			} `json:"ledger"`
		}
		text, err := os.ReadFile(filepath.Join(folder, "report.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &r); err == nil && r.Ledger.Calls > 0 {
			return r.Ledger.Calls
		}
	}
	var b struct {
		Rows []struct {
			Count int64 `json:"count"`
		} `json:"rows"`
		Total struct {
			Count int64 `json:"count"`
		} `json:"total"`
	}
	out := wellDone(t, "breakdown", "--db", db, "--format", "json").out
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, r := range b.Rows {
		sum += r.Count
	}
	if sum != b.Total.Count {
		t.Errorf("rows sum to %d, the total is %d", sum, b.Total.Count)
	}
	return b.Total.Count
}

// TestInterrupt: Ctrl-C ends an import within a second with status 130, in the
// middle of reading, assembling or waiting, and keeps nothing of the source. The
// moments are parts of the time that the import takes undisturbed.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGINT to send")
	}
	dir := t.TempDir()
	small, big := write(t, dir, "a.log", calls(0, 50)), write(t, dir, "big.log", calls(100, 20000))
	began := time.Now()
	wellDone(t, "import", "--db", filepath.Join(dir, "whole.db"), small, big)
	whole := time.Since(began)
	db := filepath.Join(dir, "callsift.db")
	wellDone(t, "import", "--db", db, small)
	before := dump(t, db)
	worst := time.Duration(0)
	tried := 0
	for i, part := range []time.Duration{1, 10, 30, 50, 70, 10} {
		source := big
		if i == 5 {
			source = "-" // a pipe that nobody writes to
		}
		after := whole * part / 100
		status, errs, took := interrupted(t, after, "import", "--db", db, source)
		if took > time.Second { // once more: what else the machine does is not callsift's time
			status, errs, took = interrupted(t, after, "import", "--db", db, source)
		}
		worst = max(worst, took)
		if status < 0 && after < 200*time.Millisecond {
			continue // the signal came before the program could take it
		}
		if status == 0 {
			t.Logf("after %s: the import had ended", after) // faster than the first one; the state after it is the next one's
			before = dump(t, db)
			continue
		}
		tried++
		if status != 130 || !strings.Contains(errs, "interrupted; nothing of the source being read was kept") {
			t.Errorf("after %s: status %d, %q", after, status, errs)
		}
		if strings.Count(errs, "interrupted") != 1 {
			t.Errorf("said more than once: %q", errs)
		}
		if took > time.Second {
			t.Errorf("after %s: ended after %s, want 1 s at most", after, took)
		}
		if dump(t, db) != before {
			t.Errorf("after %s: something of the source was kept", after)
		}
	}
	if tried < 3 {
		t.Errorf("%d imports were interrupted, want 3 or more", tried)
	}
	clean(t, db)
	figure("readers", "Ctrl-C: moments tried", tried)
	figure("readers", "Ctrl-C: longest time to the end (bound 1 s)", seconds(worst))
}

// interrupted runs callsift, sends it an interrupt after a while, and tells its
// exit status (-1: ended by the signal itself), what it said, and how long it
// went on.
func interrupted(t *testing.T, after time.Duration, args ...string) (status int, errs string, took time.Duration) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	cmd.Process.Signal(syscall.SIGINT)
	began := time.Now()
	cmd.Wait()
	took = time.Since(began)
	in.Close()
	return cmd.ProcessState.ExitCode(), said.String(), took
}
