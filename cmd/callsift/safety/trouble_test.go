package safety

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

// mount makes a small file system in memory; the test is skipped where that is
// not allowed.
func mount(t *testing.T, options string) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a small file system is mounted by root on Linux only")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "callsift-test", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	return dir
}

// TestDiskFull: an import that does not fit says so and changes nothing, at
// several sizes of the disk, so that it fails at several places.
func TestDiskFull(t *testing.T) {
	src := t.TempDir()
	small, big := write(t, src, "small.log", calls(0, 40)), write(t, src, "big.log", calls(30, 9000))
	tried := 0
	for _, kib := range []int{1500, 2500, 4000} {
		dir := mount(t, fmt.Sprintf("size=%dk", kib))
		db := filepath.Join(dir, "callsift.db")
		wellDone(t, "import", "--db", db, small)
		before := dump(t, db)
		refused(t, callsift(t, nil, "import", "--db", db, big), "callsift.db", "no space left")
		tried++
		if dump(t, db) != before {
			t.Errorf("%d KiB: another state than before", kib)
		}
		clean(t, db)
	}
	// Not even a database fits, and the temporary one of a report does not.
	dir := mount(t, "size=16k")
	refused(t, callsift(t, nil, "import", "--db", filepath.Join(dir, "callsift.db"), small), "callsift.db")
	t.Setenv("TMPDIR", dir)
	refused(t, callsift(t, nil, "ledger", big), "no space left")
	figure("trouble", "disk full", tried+2, "“no space left on the disk”, status 1, nothing changed")
}

// TestFileLimit is the same for users who are not root: files may not grow.
func TestFileLimit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no ulimit")
	}
	dir := t.TempDir()
	db := filepath.Join(dir, "callsift.db")
	wellDone(t, "import", "--db", db, write(t, dir, "small.log", calls(0, 40)))
	before := dump(t, db)
	big := write(t, dir, "big.log", calls(30, 9000))
	cmd := exec.Command("sh", "-c", `ulimit -f 2000; exec "$0" import --db "$1" "$2"`, binary, db, big)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Run()
	refused(t, result{err: errs.String(), status: cmd.ProcessState.ExitCode()}, "callsift.db")
	if dump(t, db) != before {
		t.Error("another state than before")
	}
	figure("trouble", "file size limit", 1, "one sentence, status 1, nothing changed")
}

// TestReadOnly: reading works on a read-only file system, writing says why not.
func TestReadOnly(t *testing.T) {
	src := t.TempDir()
	small := write(t, src, "small.log", calls(0, 40))
	dir := mount(t, "size=8m")
	db := filepath.Join(dir, "callsift.db")
	wellDone(t, "import", "--db", db, small)
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Skipf("remount: %v: %s", err, out)
	}
	refused(t, callsift(t, nil, "import", "--db", db, write(t, src, "b.log", calls(50, 60))), "callsift.db", "read-only")
	refused(t, callsift(t, nil, "import", "--db", filepath.Join(dir, "new.db"), small), "new.db", "read-only")
	refused(t, callsift(t, nil, "sources", "remove", "--db", db, small), "callsift.db", "read-only")
	for _, args := range [][]string{{"ledger"}, {"breakdown"}, {"check"}} {
		wellDone(t, append(args, "--db", db)...)
	}
	figure("trouble", "read-only folder", 3, "one sentence, status 1; reading works")
}

// TestNotOurs: files that are no database, one of a newer version, and a folder.
func TestNotOurs(t *testing.T) {
	dir := t.TempDir()
	small := write(t, dir, "small.log", calls(0, 40))
	newer := filepath.Join(dir, "newer.db")
	wellDone(t, "import", "--db", newer, small)
	raw, err := sql.Open("sqlite3", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(fmt.Sprintf("PRAGMA user_version = %d", store.SchemaVersion()+1)); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	for path, words := range map[string]string{
		newer: "written by a newer callsift", small: "not a database", dir: "",
		write(t, dir, "zeros.db", strings.Repeat("\x00", 8192)): "not a database",
	} {
		before, _ := os.ReadFile(path)
		for _, args := range [][]string{{"import", small}, {"ledger"}, {"check"}, {"breakdown"}, {"prune", "--before", "2026-01-01"}, {"sources", "remove", "1"}} {
			refused(t, callsift(t, nil, append(args, "--db", path)...), words)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
	figure("trouble", "no database, or one of a newer version", 4, "one sentence, status 1, nothing changed")
}

// TestDamaged overwrites pages of a database: every command ends with status 0
// or one sentence, and check finds the damage.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	wellDone(t, "import", "--db", good, write(t, dir, "a.log", calls(0, 300)), write(t, dir, "a.csv", rows(0, 500)))
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	page := int(data[16])<<8 | int(data[17])
	if page == 1 {
		page = 65536
	}
	pages := len(data) / page
	more := write(t, dir, "more.log", calls(400, 420))
	tried := 0
	for n := 1; n < pages; n += max(1, pages/6) {
		for kind, at := range map[string]int{"header": n * page, "middle": n*page + page/2} {
			bad := bytes.Clone(data)
			for i := range 64 {
				bad[at+i] ^= byte(0x55 + 37*i)
			}
			db := write(t, dir, fmt.Sprintf("bad%d%s.db", n, kind), string(bad))
			for _, args := range [][]string{{"ledger"}, {"breakdown", "--by", "trunk,code"}, {"calls", "--limit", "0"}, {"sources"}, {"rejects"}, {"report", "--out", filepath.Join(dir, "report")}, {"import", more}} {
				r := callsift(t, nil, append(args, "--db", db)...)
				tried++
				if r.status != 0 {
					refused(t, r, filepath.Base(db))
				}
			}
			// What is overwritten may be free space; where it is not, check says so.
			if r := callsift(t, nil, "check", "--db", write(t, dir, "again.db", string(bad))); kind == "header" && r.status != 1 {
				t.Errorf("page %d of %d overwritten at its beginning: check says %q", n, pages, r.out+r.err)
			}
		}
	}
	figure("trouble", "commands on databases with overwritten pages", tried, "status 0, or one sentence and 1; `check` names the damage")
}

// TestCheckFinds: what check promises to find, each change on a copy.
func TestCheckFinds(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	wellDone(t, "import", "--db", good, write(t, dir, "a.log", calls(0, 40)), write(t, dir, "a.csv", rows(0, 50)+"x,y\n"))
	changes := map[string]string{
		`UPDATE source SET messages = messages + 1`:                             "ledger: the sources gave",
		`UPDATE source SET rejected = 7`:                                        "rejected records",
		`UPDATE source SET cdrs = cdrs - 1`:                                     "CDRs",
		`UPDATE ledger SET n = n + 1`:                                           "ledger: step",
		`DELETE FROM reject`:                                                    "rejected records",
		`UPDATE rollup SET talk_ms = talk_ms + 1`:                               "rollup: ",
		`UPDATE profile_total SET n = n + 1 WHERE profile = 1`:                  "rollup: ",
		`DELETE FROM rollup WHERE quarter IN (SELECT min(quarter) FROM rollup)`: "rollup: ",
		`DELETE FROM caller_count WHERE rowid = 1`:                              "rollup: counts by caller differ from the calls in ",
		`UPDATE caller_count SET part = (part + 1) % 64`:                        "rollup: table caller_count: ",
		`UPDATE caller_count SET data = x'08112233'`:                            "rollup: table caller_count: ",
		`UPDATE caller_count SET data = x'0801ff0000000000000202'`:              "rollup: table caller_count: ",
		`UPDATE caller_count SET data = x'01f10201'`:                            "rollup: table caller_count: ",
		`UPDATE attempt SET caller = '4711' WHERE id = 2`:                       "rollup: counts by caller differ from the calls in 1 quarter hours",
		`DELETE FROM delay`:                                                     "rollup: ",
		`DELETE FROM attempt WHERE id = 3`:                                      "rollup: ",
		`DELETE FROM bundle WHERE id = 2`:                                       "reference: ",
		`DELETE FROM bundle_key WHERE bundle = 2`:                               "reference: 1 bundles are not found by their key",
		`DELETE FROM evidence WHERE bundle = 3`:                                 "reference: ",
		`DELETE FROM source WHERE id = 1`:                                       "reference: ",
		`INSERT INTO profile SELECT id + 1000, scope, 'X', outcome, code, origin, reason, cause_code, cause_q850, cause_text, cause_from, released, rang, flags, from_addr, to_addr, trunk_hint, dir_hint, prefix_hint, user_agent, device_hint, format, class, cause, trunk, peer, direction, site, device, prefix, scanner FROM profile LIMIT 1`: "reference: 1 profiles",
	}
	for change, want := range changes {
		db := filepath.Join(dir, "copy.db")
		copyFile(t, good, db)
		raw, err := sql.Open("sqlite3", db)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec(change); err != nil {
			t.Fatal(change, err)
		}
		raw.Close()
		r := callsift(t, nil, "check", "--db", db)
		if r.status != 1 || !strings.Contains(r.out, want) || !strings.Contains(r.out, "What to do: ") {
			t.Errorf("%s: status %d, %q, want %q", change, r.status, r.out, want)
		}
		if r := callsift(t, nil, "check", "--format", "json", "--db", db); r.status != 1 || !strings.Contains(r.out, `"ok": false`) {
			t.Errorf("%s: JSON %s", change, r.out)
		}
	}
	if r := callsift(t, nil, "check", "--format", "json", "--db", good); r.status != 0 || !strings.Contains(r.out, `"findings": []`) {
		t.Errorf("a good database: %s%s", r.out, r.err)
	}
	figure("trouble", "changes behind callsift's back", len(changes), "`check` finds each and says what to do")
}

// TestTwoImports: the second waits, says for whom, and goes on or gives up.
func TestTwoImports(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "callsift.db")
	wellDone(t, "import", "--db", db, write(t, dir, "a.log", calls(0, 10)))
	release, err := store.Lock(context.Background(), db, "import", 0, func(store.Holder) {})
	if err != nil {
		t.Fatal(err)
	}
	b := write(t, dir, "b.log", calls(20, 30))
	who := fmt.Sprintf("PID %d on ", os.Getpid())
	refused(t, callsift(t, nil, "import", "--wait", "200ms", "--db", db, b), "locked by "+who, "(import since ")
	for _, args := range [][]string{{"prune", "--before", "2026-01-01"}, {"sources", "remove", "1"}} {
		refused(t, callsift(t, nil, append(args, "--wait", "10ms", "--db", db)...), "locked by "+who)
	}
	wellDone(t, "breakdown", "--db", db) // readers need no lock
	time.AfterFunc(500*time.Millisecond, release)
	r := wellDone(t, "import", "--db", db, b)
	if !strings.Contains(r.err, "waiting for "+who) {
		t.Errorf("second import says %q", r.err)
	}
	figure("trouble", "locked by another command", 4, "waits and says for whom; after `--wait` one sentence, status 1")
}
