package store

import (
	"context"
	"database/sql"
)

// Edit starts a transaction that changes what is in the database without
// bringing a source: for taking records out. It is ended as an import is.
func (db *DB) Edit(ctx context.Context) (*Import, error) { return db.Begin(ctx, Source{}) }

// Bundles lists the bundles that hold records of a source.
func (im *Import) Bundles(source int64) []int64 {
	return im.ids(`SELECT DISTINCT bundle FROM evidence WHERE source = ? ORDER BY bundle`, source)
}

// RootsOf lists the bundles whose call one of a source's records, which stand
// alone otherwise, was joined to.
func (im *Import) RootsOf(source int64) []int64 {
	return im.ids(`SELECT DISTINCT j.root FROM joint j JOIN attempt a ON a.id = j.attempt WHERE j.attempt <> 0 AND a.source = ? ORDER BY 1`, source)
}

// CoveredBy lists the SIP bundles with a call that was going on in [from, to),
// microseconds UTC: whether it came to an end may hang on who watched then.
func (im *Import) CoveredBy(from, to int64) []int64 {
	return im.ids(`SELECT DISTINCT a.bundle FROM attempt a JOIN bundle b ON b.id = a.bundle WHERE b.kind = 'sip' AND a.start < ?
		AND a.start + 1000 * (max(a.setup_ms, 0) + max(a.talk_ms, 0)) >= ? ORDER BY 1`, to, from)
}

func (im *Import) ids(query string, args ...any) []int64 {
	var list []int64
	im.query(query, args, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		list = append(list, id)
		return err
	})
	return list
}

// DropSource forgets a source: its row, its evidence, and all that hangs on it
// alone. The bundles that it was part of must be assembled again, and
// DropRecords must have the records that stand alone.
func (im *Import) DropSource(id int64) {
	for _, table := range [...]string{"evidence", "reject", "warning", "message_count", "event", "piece", "gap"} {
		im.exec(`DELETE FROM `+table+` WHERE source = ?`, id)
	}
	im.dropClock(id)
	im.exec(`DELETE FROM source WHERE id = ?`, id)
	im.covered = nil
}

// DropDuplicates forgets the rows of files that were the same bytes as a source.
func (im *Import) DropDuplicates(sha string) (paths []string) {
	im.query(`SELECT path FROM source WHERE sha256 = ? AND state = 'duplicate' ORDER BY path`, []any{sha}, func(r *sql.Rows) error {
		var p string
		err := r.Scan(&p)
		paths = append(paths, p)
		return err
	})
	im.exec(`DELETE FROM source WHERE sha256 = ? AND state = 'duplicate'`, sha)
	return paths
}

// DropBundle takes a bundle out with its rows and evidence.
func (im *Import) DropBundle(id int64) {
	var kind, key string
	im.storeKeys()
	im.recent = recentBundles{forgot: true}
	im.removeResult(id)
	im.query(`SELECT kind, key FROM bundle WHERE id = ?`, []any{id}, func(r *sql.Rows) error {
		return r.Scan(&kind, &key)
	})
	im.exec(`DELETE FROM bundle_key WHERE hash = ? AND bundle = ?`, keyHash(kind, key), id)
	for _, table := range [...]string{"evidence", "link"} {
		im.exec(`DELETE FROM `+table+` WHERE bundle = ?`, id)
	}
	im.exec(`DELETE FROM bundle WHERE id = ?`, id)
}

// Compact gives the space of what was taken out back, so that nothing of it can
// be read from the file any more. It needs as much free space as the database.
func (db *DB) Compact(ctx context.Context) error {
	for _, s := range [...]string{"PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.sql.ExecContext(ctx, s); err != nil {
			return db.explain(err)
		}
	}
	return nil
}

// EraseDeleted makes the following changes overwrite what they delete.
func (db *DB) EraseDeleted(ctx context.Context) error {
	db.erasing = true
	rows, err := db.sql.QueryContext(ctx, "PRAGMA secure_delete = ON")
	if err == nil {
		err = rows.Close()
	}
	return db.explain(err)
}
