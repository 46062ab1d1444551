package store

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// addMany adds more calls than the page cache holds, so that pages of the
// transaction go to the file before it ends.
func addMany(im *Import) {
	for i := range 150_000 {
		im.Add(failedAt(int64(i), "1"))
	}
	im.drain()
}

// calls reads how many calls and sources the database at path has.
func callsAt(t *testing.T, path string) (calls, sources int64) {
	t.Helper()
	db, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Freeze(context.Background()); err != nil {
		t.Fatal(err)
	}
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l.Calls, int64(l.Sources)
}

// TestFirstImport: while the first import is written, rolled back and written
// again, readers see nothing or all of it; after it there is a log.
func TestFirstImport(t *testing.T) {
	db := newDB(t)
	path := db.Path()
	want := func(when string, calls int64) {
		t.Helper()
		if n, sources := callsAt(t, path); n != calls || (sources > 0) != (calls > 0) {
			t.Errorf("%s: %d calls of %d sources, want %d", when, n, sources, calls)
		}
	}
	want("before", 0)
	im := begun(t, db, "a.csv")
	im.Add(failedAt(0, "1"))
	want("begun", 0)
	addMany(im)
	if info, err := os.Stat(path); err != nil || info.Size() < 1<<20 {
		t.Fatalf("%v, %v: want pages of the import in the file, or nothing is tested", info.Size(), err)
	}
	want("half written", 0)
	im.Rollback()
	want("rolled back", 0)
	im = begun(t, db, "a.csv")
	addMany(im)
	committed(t, im)
	want("done", 150_000)
	var journal string
	if err := db.sql.QueryRow(`PRAGMA journal_mode`).Scan(&journal); err != nil || journal != "wal" {
		t.Errorf("journal %q after the first import, %v", journal, err)
	}
	im = begun(t, db, "b.csv")
	addMany(im)
	want("during the second", 150_000)
	committed(t, im)
	want("after the second", 300_000)
}

// TestFirstImportKilled: a first import that died in the middle leaves an empty
// database, for readers as for the next import.
func TestFirstImportKilled(t *testing.T) {
	if path := os.Getenv("CALLSIFT_TEST_DIE"); path != "" {
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		addMany(begun(t, db, "a.csv"))
		os.Exit(7)
	}
	path := filepath.Join(t.TempDir(), "callsift.db")
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFirstImportKilled$")
	cmd.Env = append(os.Environ(), "CALLSIFT_TEST_DIE="+path)
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(path + "-journal"); err != nil {
		t.Fatalf("%v: want a journal left behind, or nothing is tested", err)
	}
	if calls, sources := callsAt(t, path); calls != 0 || sources != 0 {
		t.Errorf("%d calls, %d sources", calls, sources)
	}
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im := begun(t, db, "a.csv")
	im.Add(failedAt(0, "1"))
	committed(t, im)
	if calls, _ := callsAt(t, path); calls != 1 {
		t.Errorf("%d calls after another import, want 1", calls)
	}
}
