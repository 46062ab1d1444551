package store

import (
	"context"
	"database/sql"
)

// Freeze makes everything that is read until Close come from one state of the
// database: a report is made of many queries, and an import may commit between
// any two of them.
func (db *DB) Freeze(ctx context.Context) error {
	tx, err := db.sql.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return db.explain(err)
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
