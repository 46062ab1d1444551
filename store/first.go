package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

// The first import into a new database is written with SQLite's rollback
// journal, all later ones with its write-ahead log. The log lets readers see the
// state before while an import runs, but every page is written twice and synced
// twice: 15 % of the time of a first import of a million CDRs. A rollback
// journal holds the pages as they were before, and before the first import there
// are hardly any.
//
// What the log gives to readers they get here by other means: of a database into
// which nothing was ever imported they see an empty one in memory.

// chooseJournal sets the journal of a database opened for writing. NORMAL with
// the log: a power cut can cost the last imports, never consistency. The journal
// is set after the scripts of the schema and not when connecting: it is stored
// in the file, which may turn out to be somebody else's.
func (db *DB) chooseJournal() error {
	var mode string
	if err := db.sql.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		any, err := hasSources(db.sql)
		if err != nil {
			return err
		}
		if db.first = !any; db.first {
			db.early = newEarlyWriter(db.path)
			return nil
		}
	}
	return db.useLog()
}

// useLog turns to the write-ahead log.
func (db *DB) useLog() error {
	if _, err := db.sql.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	db.first = false
	_, err := db.sql.Exec("PRAGMA synchronous = NORMAL")
	return err
}

func hasSources(db *sql.DB) (yes bool, err error) {
	return yes, db.QueryRow("SELECT EXISTS (SELECT 1 FROM source)").Scan(&yes)
}

// unfinished reports whether the file at path is a database of ours into which
// nothing was imported yet, or whose first import is going on or was killed.
func unfinished(path string) bool {
	empty, err := isEmpty(path, "mode=ro")
	var se sqlite3.Error
	if errors.As(err, &se) && se.ExtendedCode == sqlite3.ErrReadonlyRollback {
		empty, err = isEmpty(path, "mode=rw") // a killed import is rolled back by who may write
	}
	if errors.As(err, &se) && se.Code == sqlite3.ErrBusy {
		_, err := os.Stat(path + "-journal")
		return err == nil
	}
	return err == nil && empty
}

// isEmpty reports whether path is a database of this version of ours, without a
// log, that has no sources.
func isEmpty(path string, mode string) (bool, error) {
	db, err := connect(path, mode, "_busy_timeout=0")
	if err != nil {
		return false, err
	}
	defer db.Close()
	var journal string
	if err := db.sql.QueryRow("PRAGMA journal_mode").Scan(&journal); err != nil || journal == "wal" {
		return false, err
	}
	version, err := db.version()
	if err != nil || version != latestVersion() {
		return false, err
	}
	any, err := hasSources(db.sql)
	return !any, err
}

var emptyOnes atomic.Int64

// openEmpty opens a database in memory with nothing in it, for reading in place
// of the one at path.
func openEmpty(path string) (*DB, error) {
	if err := registerRows(); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite3", fmt.Sprintf("file:callsift-empty-%d?mode=memory&cache=shared", emptyOnes.Add(1)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db := &DB{sql: pool, path: path}
	if err := db.migrate(true); err != nil { // the pool keeps a connection open, and with it the database
		db.Close()
		return nil, err
	}
	return db, nil
}
