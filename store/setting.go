package store

import (
	"context"
	"database/sql"
	"errors"
)

// Setting is a value that holds for the whole database; empty: it was never set.
func (db *DB) Setting(ctx context.Context, name string) (value string, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = ?`, name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

// Setting is a value that holds for the whole database; empty: it was never set.
func (im *Import) Setting(name string) (value string) {
	im.look(`SELECT value FROM setting WHERE name = ?`, []any{name}, func(r *sql.Rows) error { return r.Scan(&value) })
	return value
}

// SetSetting changes a value that holds for the whole database.
func (im *Import) SetSetting(name, value string) {
	im.beside(`INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// Relabel hands every row, in parts, to f, which may change the prefix of its
// profile; it counts the rows that it changed.
func (im *Import) Relabel(f func(*Attempt)) (changed int) {
	for last := int64(0); ; {
		var list []Attempt
		n := 0
		im.query(`SELECT `+recordColumns+` FROM attempt WHERE id > ? ORDER BY id LIMIT 20000`, []any{last}, func(r *sql.Rows) error {
			var a Attempt
			if err := im.scanRecord(r, &a); err != nil {
				return err
			}
			n, last = n+1, a.ID
			was := a.Profile.PrefixHint
			if f(&a); a.Profile.PrefixHint != was {
				list = append(list, a)
			}
			return nil
		})
		if n == 0 || im.err != nil {
			return changed
		}
		for i := range list {
			a := &list[i]
			want := a.Profile
			im.look(`SELECT profile FROM attempt WHERE id = ?`, []any{a.ID}, func(r *sql.Rows) error {
				var id int64
				err := r.Scan(&id)
				a.Profile = im.profiles.get(id)
				return err
			})
			im.Recast(a, want, a.Call)
			changed++
		}
	}
}
