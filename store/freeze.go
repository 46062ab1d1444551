package store

import (
	"context"
	"database/sql"
	"sync"
)

// Freeze makes everything that is read until Close come from one state of the
// database: a report is made of many queries, and an import may commit between
// any two of them.
func (db *DB) Freeze(ctx context.Context) error {
	tx, err := db.beginRead(ctx)
	if err != nil {
		return err
	}
	// SQLite takes the snapshot with the first read.
	var version int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM source").Scan(&version); err != nil {
		tx.Rollback()
		return db.explain(err)
	}
	db.frozen = tx
	return nil
}

// frozenProfiles are the profiles of a frozen database, read once: a report asks
// for its calls a hundred times, and needs the profiles with each.
type frozenProfiles struct {
	mu  sync.Mutex
	all map[int64]*Profile
}

// profilesIn reads all profiles by id. The map and what is in it are shared.
func (db *DB) profilesIn(tx *sql.Tx) (map[int64]*Profile, error) {
	f := &db.frozenProfiles
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all != nil {
		return f.all, nil
	}
	all := map[int64]*Profile{}
	err := eachProfile(tx, func(p *Profile) { all[p.ID] = p })
	if err == nil && tx == db.frozen {
		f.all = all
	}
	return all, err
}
