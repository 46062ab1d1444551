package safety

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"callsift/store"
)

var update = flag.Bool("update", false, "write docs/reliability.md from this run")

const document = "../../../docs/reliability.md"

// binary is the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withBinary(m))
}

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "callsift-safety-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "callsift")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	status := m.Run()
	if *update && status == 0 {
		if err := writeDocument(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}

// result is one run of the program.
type result struct {
	out, err string
	status   int // -1: killed
	took     time.Duration
	memory   int64         // most resident memory, bytes; 0 where the system does not say
	cpu      time.Duration // what it took of the processors: a bound on it holds on a loaded machine too
}

// patience is how long a run may take before it is given up: ten million dialogs
// need an hour of a busy machine.
var patience = map[bool]time.Duration{false: 10 * time.Minute, true: 3 * time.Hour}[full]

// callsift runs the program. An input is written to its standard input until it
// has had enough of it.
func callsift(t testing.TB, input func(io.Writer) error, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = environment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var pipe io.WriteCloser
	if input != nil {
		var err error
		if pipe, err = cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	if input != nil {
		if err := input(pipe); err != nil && !errors.Is(err, syscall.EPIPE) {
			t.Error(err)
		}
		pipe.Close()
	}
	cmd.Wait()
	r := result{out.String(), errs.String(), cmd.ProcessState.ExitCode(), time.Since(began), peak(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if strings.Contains(r.err, "panic:") || strings.Contains(r.err, "goroutine ") {
		t.Errorf("%s: it panics:\n%s", strings.Join(args, " "), r.err)
	}
	return r
}

// watchMemory looks at the most memory that a process has had resident, as long
// as it runs; stop gives it in bytes, 0 where the system does not tell. What
// wait4 reports is no use: it begins with the test's own memory, from before exec.
func watchMemory(pid int) (stop func() int64) {
	var peak int64
	quit, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				return
			}
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib int64
				fmt.Sscan(rest, &kib)
				peak = max(peak, kib<<10)
			}
			select {
			case <-quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(quit)
		<-done
		return peak
	}
}

// environment is the test's without what would bound the program's memory.
func environment() []string {
	env := []string{"GOMEMLIMIT=off"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOMEMLIMIT=") && !strings.HasPrefix(v, "GOGC=") && !strings.HasPrefix(v, "CALLSIFT_") {
			env = append(env, v)
		}
	}
	return env
}

// wellDone runs the program and wants status 0.
func wellDone(t testing.TB, args ...string) result {
	t.Helper()
	r := callsift(t, nil, args...)
	if r.status != 0 {
		t.Fatalf("callsift %s: status %d\n%s", strings.Join(args, " "), r.status, r.err)
	}
	return r
}

// refused wants one clear sentence and status 1.
func refused(t testing.TB, r result, words ...string) {
	t.Helper()
	text := strings.TrimSpace(r.err)
	lines := strings.Split(text, "\n")
	last := lines[len(lines)-1]
	if r.status != 1 || !strings.HasPrefix(last, "callsift: ") || len(last) > 600 {
		t.Errorf("status %d and %q, want 1 and one sentence", r.status, r.err)
	}
	for _, w := range words {
		if !strings.Contains(last, w) {
			t.Errorf("%q, want %q in it", last, w)
		}
	}
}

// dump is all that a database holds, row by row.
func dump(t testing.TB, path string) string {
	t.Helper()
	db, err := store.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var lines []string
	for _, table := range []string{"source", "reject", "warning", "message_count", "bundle", "evidence", "link", "joint", "profile", "attempt", "rollup", "delay", "event", "ledger", "doubled"} {
		err := db.Query(context.Background(), "SELECT * FROM "+table, func([]string) error { return nil }, func(row []any) error {
			line := []byte(table)
			for _, v := range row {
				switch v := v.(type) {
				case int64:
					line = strconv.AppendInt(append(line, ' '), v, 10)
				case string:
					line = append(append(line, ' '), v...)
				case []byte:
					line = append(append(line, ' '), v...)
				default:
					line = fmt.Appendf(line, " %v", v)
				}
			}
			lines = append(lines, string(line))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// clean wants a database in which check finds nothing.
func clean(t testing.TB, path string) {
	t.Helper()
	db, err := store.OpenReader(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer db.Close()
	c, err := db.Check(context.Background(), true)
	if err != nil {
		t.Error(err)
	}
	for _, f := range c.Findings {
		t.Errorf("check: %s: %s", f.Check, f.Text)
	}
}

// copyFile copies a file, or its content over another one.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// figures are the lines of the document's tables, by section.
var figures struct {
	sync.Mutex
	lines map[string][]string
}

// figure adds a line to a table of the document.
func figure(section string, cells ...any) {
	figures.Lock()
	defer figures.Unlock()
	if figures.lines == nil {
		figures.lines = map[string][]string{}
	}
	line := "|"
	for _, c := range cells {
		line += fmt.Sprintf(" %v |", c)
	}
	figures.lines[section] = append(figures.lines[section], line)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func mebibytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
}
