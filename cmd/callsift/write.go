package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"callsift/store"
)

// lockWait is how long a command waits for another one that writes.
const lockWait = 10 * time.Minute

// openWrite makes this command the database's only writer and opens it, waiting
// for another one that is at work. done closes and unlocks it.
func (a *app) openWrite(ctx context.Context, command string, wait time.Duration) (db *store.DB, done func(), err error) {
	path := a.dbPath()
	release, err := store.Lock(ctx, path, command, wait, func(h store.Holder) {
		a.remark("%s: waiting for %s", clean(path), clean(h.String()))
	})
	if err != nil {
		return nil, nil, err
	}
	db, err = store.Open(path)
	if err != nil {
		release()
		return nil, nil, err
	}
	return db, func() {
		db.Close()
		release()
	}, nil
}

// openExisting is openWrite for a command that must not make a database.
func (a *app) openExisting(ctx context.Context, command string, wait time.Duration) (*store.DB, func(), error) {
	if _, err := os.Stat(a.dbPath()); err != nil {
		return nil, nil, fmt.Errorf("%s: no database here", a.dbPath())
	}
	return a.openWrite(ctx, command, wait)
}

// lateAfter is how long an interrupted command may take to end by itself. A
// kill at any moment leaves the database as it was before, so what takes longer
// (a read that waits for a pipe, a long statement) is ended.
const lateAfter = 700 * time.Millisecond

// endLate ends the process if it does not end by itself.
func (a *app) endLate() {
	time.Sleep(lateAfter)
	if dir := a.tempDir.Load(); dir != nil {
		os.RemoveAll(*dir)
	}
	fmt.Fprintln(a.err, interrupted)
	os.Exit(exitInterrupted)
}
