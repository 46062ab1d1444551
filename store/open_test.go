package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callsift/store/codes"
)

func newDB(t testing.TB) *DB {
	t.Helper()
	db, err := Open(filepath.Join(t.TempDir(), "callsift.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// begun starts the import of a source.
func begun(t testing.TB, db *DB, path string) *Import {
	t.Helper()
	im, err := db.Begin(context.Background(), Source{Path: path, SHA256: "sha of " + path, Format: "test", State: Imported})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func committed(t testing.TB, im *Import) {
	t.Helper()
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
}

// failed is an attempt at nine o'clock plus so many seconds.
func failedAt(second int64, id string) *Attempt {
	return &Attempt{
		Start: (1_794_301_200 + second) * 1_000_000, NativeID: id, Caller: "201", Callee: "3312345",
		PDD: 120, Alert: -1, Media: -1, Setup: 900, Talk: -1, Bye: -1, Legs: 1,
		Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: codes.Failed, Code: 503, Origin: codes.Observed, CauseQ850: -1, CauseFrom: codes.NoOrigin},
	}
}

// wantError wants an error that says all of it.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want %q in it", err, p)
		}
	}
}

// TestMigrateFromEmpty: a new file, an empty file and a file that is up to date
// have the same schema, with the vocabulary in it, and every column a comment.
func TestMigrateFromEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var schemas [2]string
	for i := range schemas {
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Query(context.Background(), `SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2`, func([]string) error { return nil }, func(row []any) error {
			schemas[i] += fmt.Sprintln(row...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if have, err := db.version(); have != latestVersion() || err != nil {
			t.Errorf("version %d, %v; want %d", have, err, latestVersion())
		}
		var codesIn, calls int
		if err := db.sql.QueryRow(`SELECT (SELECT count(*) FROM sip_code), (SELECT count(*) FROM calls)`).Scan(&codesIn, &calls); err != nil || codesIn != len(codes.AllSIP()) || calls != 0 {
			t.Errorf("%d codes, %d calls, %v", codesIn, calls, err)
		}
		db.Close()
	}
	if schemas[0] != schemas[1] || !strings.Contains(schemas[0], "view calls") {
		t.Errorf("opened again, the schema is another one:\n%s\n%s", schemas[0], schemas[1])
	}
}

// TestMigrateAtOnce: all scripts are one transaction, which SQLite counts at byte 24
// of the file. One for each was 30 syncs of the disk before the first byte was read.
func TestMigrateAtOnce(t *testing.T) {
	db := newDB(t)
	head, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	if n := binary.BigEndian.Uint32(head[24:]); n != 1 {
		t.Errorf("a new database is the work of %d transactions, want 1", n)
	}
}

// TestMigrateOnce: two openers of a new file at once do not run a script twice.
func TestMigrateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			db.Close()
		})
	}
	wg.Wait()
}

func TestNewerVersion(t *testing.T) {
	db := newDB(t)
	path := db.Path()
	newer := latestVersion() + 3
	if _, err := db.sql.Exec(fmt.Sprintf(`PRAGMA user_version = %d`, newer)); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err := Open(path)
	wantError(t, err, path, "newer", fmt.Sprint(newer), fmt.Sprint("up to ", latestVersion()))
	_, err = OpenReader(path)
	wantError(t, err, path, "newer", fmt.Sprint(newer), fmt.Sprint("up to ", latestVersion()))
}

func TestOlderVersionForReading(t *testing.T) {
	db := newDB(t)
	path := db.Path()
	if _, err := db.sql.Exec(`PRAGMA user_version = 0`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err := OpenReader(path)
	wantError(t, err, path, "schema version 0", fmt.Sprint("version ", latestVersion()), "import")
}

// TestForeignFiles: files of others are refused and left as they are.
func TestForeignFiles(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "other.db")
	other, err := sql.Open("sqlite3", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(`CREATE TABLE note (text TEXT)`); err != nil {
		t.Fatal(err)
	}
	other.Close()
	noDB := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(noDB, []byte(strings.Repeat("This is no database.\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, reason := range map[string]string{foreign: "not callsift's", noDB: "not a database"} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, open := range map[string]func(string) (*DB, error){"Open": Open, "OpenReader": OpenReader} {
			_, err := open(path)
			wantError(t, err, path, reason)
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, after) {
				t.Errorf("%s changed %s", name, path)
			}
		}
		if list, _ := filepath.Glob(path + "-*"); len(list) > 0 {
			t.Errorf("left behind: %v", list)
		}
	}
}

// TestFileMode: nobody else reads what the database holds, while it is open neither.
func TestFileMode(t *testing.T) {
	db := newDB(t)
	for _, name := range []string{"a.log", "b.log"} { // the first is written without a log
		im := begun(t, db, name)
		im.Add(failedAt(0, "1"))
		committed(t, im)
	}
	files, err := filepath.Glob(db.Path() + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v: want the database and its -wal", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(f), info.Mode().Perm())
		}
	}
}

func TestMissingDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	_, err := OpenReader(path)
	wantError(t, err, path+": no database here", fs.ErrNotExist.Error()[:5])
	if _, err := os.Stat(path); err == nil {
		t.Error("OpenReader made a file")
	}
	_, err = Open(filepath.Join(path, "callsift.db"))
	wantError(t, err, "database cannot be written")
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root writes everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	_, err := Open(filepath.Join(dir, "callsift.db"))
	wantError(t, err, dir, "database cannot be written")
}

// TestOddPaths: characters that mean something in a URL are parts of names.
func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b.db", "50%.db", "what?.db", "a#b.db", "ä&mode=ro.db", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		db, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		im := begun(t, db, "a.log")
		im.Add(failedAt(0, "1"))
		committed(t, im)
		db.Close()
		r, err := OpenReader(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l, err := r.Ledger(context.Background()); err != nil || l.Calls != 1 {
			t.Errorf("%s: %d calls, %v", name, l.Calls, err)
		}
		r.Close()
	}
}

// TestTwoWriters: the second waits for the first, and says so if that takes too
// long; readers see what was committed last and never wait.
func TestTwoWriters(t *testing.T) {
	first := newDB(t)
	im := begun(t, first, "0.log")
	im.Add(failedAt(0, "0"))
	committed(t, im)
	second, err := Open(first.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	im = begun(t, first, "a.log")
	im.Add(failedAt(0, "1"))

	reader, err := OpenReader(first.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if l, err := reader.Ledger(context.Background()); err != nil || l.Sources != 1 {
		t.Errorf("read during an import: %d sources, %v", l.Sources, err)
	}

	if _, err := second.sql.Exec(`PRAGMA busy_timeout = 50`); err != nil {
		t.Fatal(err)
	}
	_, err = second.Begin(context.Background(), Source{Path: "b.log"})
	wantError(t, err, first.Path()+": locked by another import")

	if _, err := second.sql.Exec(`PRAGMA busy_timeout = 10000`); err != nil {
		t.Fatal(err)
	}
	const held = 300 * time.Millisecond
	began := time.Now()
	go func() {
		time.Sleep(held)
		if err := im.Commit(); err != nil {
			t.Error(err)
		}
	}()
	im2 := begun(t, second, "b.log")
	if waited := time.Since(began); waited < held {
		t.Errorf("second writer waited %s, want %s or more", waited, held)
	}
	im2.Add(failedAt(1, "2"))
	committed(t, im2)
	if l, err := reader.Ledger(context.Background()); err != nil || l.Sources != 3 || l.Calls != 3 {
		t.Errorf("after both: %d sources, %d calls, %v", l.Sources, l.Calls, err)
	}
}

// TestReaderCannotWrite: a user's query changes nothing.
func TestReaderCannotWrite(t *testing.T) {
	db := newDB(t)
	reader, err := OpenReader(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, query := range []string{`DELETE FROM sip_code`, `CREATE TABLE x (y)`, `PRAGMA user_version = 9`, `SELECT 1; DROP TABLE attempt`} {
		reader.Query(context.Background(), query, func([]string) error { return nil }, func([]any) error { return nil })
	}
	var n, version int
	if err := db.sql.QueryRow(`SELECT (SELECT count(*) FROM sip_code), (SELECT count(*) FROM sqlite_master WHERE name IN ('x', 'attempt'))`).Scan(&n, &version); err != nil || n == 0 || version != 1 {
		t.Errorf("%d codes, %d tables, %v", n, version, err)
	}
	if have, _ := db.version(); have != latestVersion() {
		t.Errorf("version %d", have)
	}
}
