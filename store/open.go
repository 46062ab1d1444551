package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

//go:embed schema/*.sql
var schemaFS embed.FS

// applicationID marks a SQLite file as callsift's ("csft").
const applicationID = 0x63736674

// DB is an open database.
type DB struct {
	sql    *sql.DB
	path   string
	frozen *sql.Tx // of Freeze; nil: every read sees the newest state
	frozenProfiles
	// importing: nothing may be committed. On a full disk SQLite gives a transaction up
	// by itself, and what comes then would be kept, each statement alone.
	importing atomic.Bool
	first     bool // opened for writing, and nothing was ever imported: see first.go
	erasing   bool // see EraseDeleted
	early     earlyWriter
}

// Open opens the database at path for writing, makes it if it is not there
// (mode 0600: it holds personal data), and brings its schema up to date.
func Open(path string) (*DB, error) { return open(path, false) }

// OpenTemp makes a database in a directory of its own, which the caller removes.
// It trades durability, which a temporary file does not need, for speed.
func OpenTemp(dir string) (*DB, error) {
	return open(filepath.Join(dir, "callsift.db"), true)
}

// OpenReader opens the database at path for reading only. A missing file, a
// file that is no callsift database and one of a newer version are errors.
func OpenReader(path string) (*DB, error) {
	hugeHeap()
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: no database here: %w", path, pathCause(err))
	}
	if unfinished(path) {
		return openEmpty(path)
	}
	db, err := connect(path, "mode=ro", "_query_only=1", "_busy_timeout=10000")
	if err != nil {
		return nil, err
	}
	have, err := db.version()
	if cannotOpen(err) && !fileHas(path+"-wal") {
		// A folder that is read-only has no place for the files beside the
		// database that share it with a writer; nor can there be a writer.
		db.Close()
		if db, err = connect(path, "mode=ro", "immutable=1", "_query_only=1"); err != nil {
			return nil, err
		}
		have, err = db.version()
	}
	if err == nil {
		switch want := latestVersion(); {
		case have > want:
			err = newerError(path, have, want)
		case have < want:
			err = fmt.Errorf("%s: schema version %d, this callsift reads version %d: any `callsift import` into it brings it up to date", path, have, want)
		}
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func open(path string, temporary bool) (*DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s: database cannot be written: %w", path, pathCause(err))
	}
	f.Close()
	// A temporary file need not survive a power cut, only be rolled back.
	sync := "FULL"
	if temporary {
		sync = "OFF"
	}
	db, err := connect(path, "_synchronous="+sync, "_busy_timeout=10000", "_txlock=immediate")
	if err != nil {
		return nil, err
	}
	// One writer: one connection, so that its statements see one transaction.
	db.sql.SetMaxOpenConns(1)
	if err := db.guardCommits(); err != nil {
		db.Close()
		return nil, db.explain(err)
	}
	if err := db.migrate(temporary); err != nil {
		db.Close()
		return nil, err
	}
	if !temporary {
		if err := db.chooseJournal(); err != nil {
			db.Close()
			return nil, db.explain(err)
		}
	}
	return db, nil
}

// guardCommits makes the connection roll back what must not be committed.
func (db *DB) guardCommits() error {
	conn, err := db.sql.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		c.(*sqlite3.SQLiteConn).RegisterCommitHook(func() int {
			if db.importing.Load() {
				return 1
			}
			return 0
		})
		return nil
	})
}

func connect(path string, options ...string) (*DB, error) {
	if err := registerRows(); err != nil {
		return nil, err
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(options, "&")
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &DB{sql: pool, path: path}, nil
}

// Close closes the database.
func (db *DB) Close() error {
	if db.frozen != nil {
		db.frozen.Rollback()
	}
	defer db.early.close()
	return db.sql.Close()
}

// Path is the file's path as given to Open.
func (db *DB) Path() string { return db.path }

// version reads the schema version after checking that the file is ours, both in
// one statement: somebody else may be making the database.
func (db *DB) version() (int, error) {
	var app, version, tables int
	err := db.sql.QueryRow("SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id a, pragma_user_version v").Scan(&app, &version, &tables)
	if err != nil {
		return 0, db.explain(err)
	}
	if app != applicationID && (tables > 0 || version > 0) {
		return 0, fmt.Errorf("%s: a SQLite database, but not callsift's", db.path)
	}
	return version, nil
}

// migrate runs the numbered scripts that the database has not seen, all in one
// transaction that also moves user_version: one for each synced the disk four times a
// script, a twentieth of a second of every new database. A temporary file's journal is in memory.
func (db *DB) migrate(temporary bool) error {
	have, err := db.version()
	if err != nil {
		return err
	}
	names := migrations()
	if have > len(names) {
		return newerError(db.path, have, len(names))
	}
	// The page size holds for a file that is still empty; against the usual 4096
	// it saves a third of the system time of a big import. The cache comes after
	// it: SQLite turns kilobytes into pages of the size that it knows then.
	pragmas := []string{"page_size = 16384", "cache_size = -4000"}
	if temporary {
		pragmas = append(pragmas, "journal_mode = MEMORY")
	}
	for _, pragma := range pragmas {
		if _, err := db.sql.Exec("PRAGMA " + pragma); err != nil {
			return db.explain(err)
		}
	}
	if have == len(names) {
		return nil
	}
	return db.runMigrations(names)
}

func (db *DB) runMigrations(names []string) error {
	tx, err := db.sql.Begin()
	if err != nil {
		return fmt.Errorf("%s: schema: %w", db.path, db.explain(err))
	}
	defer tx.Rollback()
	var have int // somebody else may have been faster
	if err := tx.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return db.explain(err)
	}
	if have >= len(names) {
		return nil
	}
	for _, name := range names[have:] {
		if err := runScript(tx, name); err != nil {
			return fmt.Errorf("%s: schema %s: %w", db.path, name, db.explain(err))
		}
	}
	if have > 0 && have < callerSchema {
		if err := fillCallers(context.Background(), tx); err != nil {
			return fmt.Errorf("%s: schema: %w", db.path, db.explain(err))
		}
	}
	if err := fillCodes(tx); err != nil {
		return fmt.Errorf("%s: schema: %w", db.path, db.explain(err))
	}
	for _, pragma := range []string{fmt.Sprintf("application_id = %d", applicationID), fmt.Sprintf("user_version = %d", len(names))} {
		if _, err := tx.Exec("PRAGMA " + pragma); err != nil {
			return fmt.Errorf("%s: schema: %w", db.path, db.explain(err))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: schema: %w", db.path, db.explain(err))
	}
	return nil
}

func runScript(tx *sql.Tx, name string) error {
	text, err := schemaFS.ReadFile(name)
	if err != nil {
		return err
	}
	for _, stmt := range statements(string(text)) {
		if _, err := tx.Exec(stmt); err != nil {
			return err
		}
	}
	return nil
}

// statements splits a schema script at ";" line ends: go-sqlite3 runs one long
// multi-statement string in quadratic time.
func statements(script string) []string {
	var list []string
	for _, s := range strings.Split(script, ";\n") {
		if strings.TrimSpace(s) != "" {
			list = append(list, s)
		}
	}
	return list
}

func migrations() []string {
	names, err := fs.Glob(schemaFS, "schema/*.sql")
	if err != nil {
		panic(err) // the pattern is ours
	}
	sort.Strings(names)
	return names
}

func latestVersion() int { return len(migrations()) }

func newerError(path string, have, want int) error {
	return fmt.Errorf("%s: written by a newer callsift: schema version %d, this one knows up to %d", path, have, want)
}

// explain turns SQLite's errors into sentences that say what to do.
func (db *DB) explain(err error) error {
	if err == nil {
		return nil // asked with every call: nothing is allocated for it
	}
	var se sqlite3.Error
	if !errors.As(err, &se) {
		if errors.Is(err, errPacked) || strings.HasPrefix(err.Error(), "sql: Scan error") { // a value of the wrong kind: not written by us
			return fmt.Errorf("%s: the database is damaged (%s): %s", db.path, strings.TrimPrefix(err.Error(), "sql: "), "callsift check says more")
		}
		return err
	}
	switch se.Code {
	case sqlite3.ErrNotADB:
		return fmt.Errorf("%s: not a database", db.path)
	case sqlite3.ErrCorrupt:
		return fmt.Errorf("%s: the database is damaged (%s): restore a copy, or import the sources into a new file", db.path, se.Error())
	case sqlite3.ErrInterrupt:
		return fmt.Errorf("%s: interrupted: %w", db.path, context.Canceled)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%s: locked by another import", db.path)
	case sqlite3.ErrFull:
		return fmt.Errorf("%s: no space left on the disk; nothing of this source was kept", db.path)
	case sqlite3.ErrReadonly:
		return fmt.Errorf("%s: the database or its folder is read-only", db.path)
	case sqlite3.ErrCantOpen, sqlite3.ErrIoErr:
		return fmt.Errorf("%s: the database cannot be read or written here: %w", db.path, se)
	}
	return err
}

// pathCause drops the operation and path that os errors repeat.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func cannotOpen(err error) bool {
	var se sqlite3.Error
	return errors.As(err, &se) && se.Code == sqlite3.ErrCantOpen
}

// fileHas reports whether a file is there and not empty.
func fileHas(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// SQLiteVersion is the version of the SQLite library in this binary.
func SQLiteVersion() string {
	v, _, _ := sqlite3.Version()
	return v
}

// snapshot runs f in one read transaction: all its queries see the same state,
// whatever an import commits meanwhile.
func (db *DB) snapshot(ctx context.Context, f func(*sql.Tx) error) error {
	if db.frozen != nil {
		return db.explain(f(db.frozen))
	}
	tx, err := db.beginRead(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return db.explain(f(tx))
}

// beginRead begins a read transaction. Cancelling ctx ends its statements, which have
// ctx themselves, and not the transaction: database/sql would close its connection at
// once, while somebody may still read what belongs to it (see blobs).
func (db *DB) beginRead(ctx context.Context) (*sql.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := db.sql.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: true})
	return tx, db.explain(err)
}
