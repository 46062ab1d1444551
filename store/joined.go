package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"callsift/store/codes"
)

// Part is one source of a call that was put together from several: the messages
// of one Call-ID, or the records of one link, or one record.
type Part struct {
	Kind       string     // sip or cdr
	Key        string     // Call-ID, link, or the record's own id
	Rule       string     // how it is known to be of the call: session-id, numbers, record ...; "" for the first
	Confidence float64    // 0 to 1; 1 for the first
	Evidence   []Evidence // of a bundle
	Record     *Attempt   // a record that stands alone
}

// Parts lists what a call was made from: its own bundle first, then those that
// were joined to it. A call from one record has that record as its only part.
func (db *DB) Parts(ctx context.Context, call *Attempt) ([]Part, error) {
	if call.Bundle == 0 {
		return []Part{{Kind: "cdr", Key: call.NativeID, Confidence: 1, Record: call}}, nil
	}
	joints, err := db.jointsOf(ctx, call.Bundle)
	if err != nil {
		return nil, err
	}
	own := Part{Confidence: 1, Key: call.Key}
	if own.Kind, own.Evidence, err = db.BundleEvidence(ctx, call.Bundle); err != nil {
		return nil, err
	}
	parts := []Part{own}
	for _, j := range joints {
		p := Part{Kind: "cdr", Rule: j.Rule, Confidence: j.Confidence}
		if j.Bundle == 0 {
			err = db.Attempts(ctx, Filter{ID: j.Attempt}, func(a *Attempt) error {
				p.Key, p.Record = a.NativeID, a
				return nil
			})
		} else {
			p.Kind, p.Evidence, err = db.BundleEvidence(ctx, j.Bundle)
			if err == nil {
				err = db.each(ctx, `SELECT key FROM bundle WHERE id = ?`, []any{j.Bundle}, func(r *sql.Rows) error { return r.Scan(&p.Key) })
			}
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// jointsOf lists the joints of a call by its bundle, in an order that does not
// depend on that of the imports.
func (db *DB) jointsOf(ctx context.Context, root int64) ([]Joint, error) {
	var list []Joint
	err := db.each(ctx, `SELECT j.root, j.bundle, j.attempt, j.parent, j.rule, j.confidence FROM joint j LEFT JOIN bundle b ON b.id = j.bundle
		WHERE j.root = ? ORDER BY b.kind DESC, b.key, j.attempt`, []any{root}, func(r *sql.Rows) error {
		var j Joint
		err := r.Scan(&j.Root, &j.Bundle, &j.Attempt, &j.Parent, &j.Rule, &j.Confidence)
		list = append(list, j)
		return err
	})
	return list, err
}

// Legs lists the attempts of a call in order of time, itself if it is one
// attempt: with those of joined Call-IDs and records.
func (db *DB) Legs(ctx context.Context, call *Attempt) ([]Attempt, error) {
	var legs []Attempt
	if call.Profile.Scope == ScopeBoth {
		legs = append(legs, *call)
	}
	if call.Bundle == 0 {
		return legs, nil
	}
	joints, err := db.jointsOf(ctx, call.Bundle)
	if err != nil {
		return nil, err
	}
	filters := []Filter{{bundle: call.Bundle}}
	for _, j := range joints {
		if j.Rule == "record" { // rows of joined Call-IDs stand with the call's own
			filters = append(filters, Filter{bundle: j.Bundle, ID: j.Attempt})
		}
	}
	for _, f := range filters {
		err := db.Attempts(ctx, f, func(a *Attempt) error {
			if a.Call == call.ID && a.Profile.Scope&ScopeLeg != 0 {
				legs = append(legs, *a)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return legs, nil
}

// joinedAs finds the calls that a Call-ID or a record's id was joined into.
func (db *DB) joinedAs(ctx context.Context, id string) ([]Attempt, error) {
	var roots []int64
	err := db.each(ctx, `SELECT DISTINCT root FROM joint WHERE bundle <> 0 AND bundle IN (SELECT b.id FROM bundle_key k JOIN bundle b ON b.id = k.bundle WHERE k.hash IN (?, ?) AND b.key = ?)
		OR attempt <> 0 AND attempt IN (SELECT id FROM attempt WHERE native_id = ?) ORDER BY root`,
		[]any{keyHash("sip", id), keyHash("cdr", id), id, id}, func(r *sql.Rows) error {
			var root int64
			err := r.Scan(&root)
			roots = append(roots, root)
			return err
		})
	var found []Attempt
	for _, root := range roots {
		if err == nil {
			err = db.Attempts(ctx, Filter{bundle: root}, func(a *Attempt) error {
				if a.Call == 0 && a.Profile.Method == "INVITE" {
					found = append(found, *a)
				}
				return nil
			})
		}
	}
	return found, err
}

// HasKinds reports whether the database, with this import, holds SIP messages,
// and whether it holds call detail records.
func (im *Import) HasKinds() (sip, cdr bool) {
	sip, cdr = im.Source.Messages > 0, im.Source.CDRs > 0
	im.query(`SELECT coalesce(max(messages), 0) > 0, coalesce(max(cdrs), 0) > 0 FROM source`, nil, func(r *sql.Rows) error {
		var s, c bool
		err := r.Scan(&s, &c)
		sip, cdr = sip || s, cdr || c
		return err
	})
	return sip, cdr
}

// NextStart is when the first row from t on begins; a time past all others if
// there is none.
func (im *Import) NextStart(t int64) int64 {
	im.attempts.flush()
	next := int64(1) << 62
	im.query(`SELECT start FROM attempt WHERE start >= ? ORDER BY start LIMIT 1`, []any{t}, func(r *sql.Rows) error { return r.Scan(&next) })
	return next
}

// AddLegs changes how many attempts a call's row says it has.
func (im *Import) AddLegs(call int64, n int) {
	im.attempts.flush()
	im.exec(`UPDATE attempt SET legs = legs + ? WHERE id = ?`, n, call)
}

// HasFlag reports whether any profile has a flag.
func (im *Import) HasFlag(f codes.Flags) bool {
	found := false
	im.profiles.each(func(_ int64, p *Profile) { found = found || p.Flags&f != 0 })
	return found
}

// Flagged lists the bundles with a call that begins in [from, to) and has a flag.
func (im *Import) Flagged(f codes.Flags, from, to int64) map[int64]bool {
	found, flagged := map[int64]bool{}, map[int64]bool{}
	im.profiles.each(func(id int64, p *Profile) {
		if p.Flags&f != 0 {
			flagged[id] = true
		}
	})
	if len(flagged) == 0 {
		return found
	}
	im.attempts.flush()
	im.query(`SELECT bundle, profile FROM attempt WHERE start >= ? AND start < ? AND call = 0 AND bundle <> 0`, []any{from, to}, func(r *sql.Rows) error {
		var bundle, profile int64
		err := r.Scan(&bundle, &profile)
		if flagged[profile] {
			found[bundle] = true
		}
		return err
	})
	return found
}

// Counts lists all profiles with how many rows each has.
func (im *Import) Counts() (profiles []Profile, n []int64) {
	im.attempts.flush()
	im.flushCells()
	counts := im.profileCounts()
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if counts[id] != 0 {
			profiles, n = append(profiles, im.profiles.get(id)), append(n, counts[id])
		}
	}
	return profiles, n
}

// BundlesOf lists the bundles that have rows with a profile that keep selects.
func (im *Import) BundlesOf(keep func(*Profile) bool) []int64 {
	im.attempts.flush()
	kept := map[int64]bool{}
	im.profiles.each(func(id int64, p *Profile) { kept[id] = keep(p) })
	var list []int64
	var last int64
	im.query(`SELECT bundle, profile FROM attempt WHERE bundle <> 0 ORDER BY bundle`, nil, func(r *sql.Rows) error {
		var bundle, profile int64
		err := r.Scan(&bundle, &profile)
		if kept[profile] && bundle != last {
			list, last = append(list, bundle), bundle
		}
		return err
	})
	return list
}
