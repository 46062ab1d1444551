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
