package store

import (
	"context"
	"database/sql"
)

// Joint says that a bundle, or a record that stands alone, belongs to the call
// of another bundle, and how that is known.
type Joint struct {
	Root       int64 // bundle whose row is the call
	Bundle     int64 // joined to it; 0: the record Attempt
	Attempt    int64
	Parent     int64 // bundle whose INVITE made this one's
	Rule       string
	Confidence float64
}

// AddJoint stores a joint.
func (im *Import) AddJoint(j Joint) {
	im.joined = 2
	im.exec(`INSERT INTO joint (root, bundle, attempt, parent, rule, confidence) VALUES (?, ?, ?, ?, ?, ?)`, j.Root, j.Bundle, j.Attempt, j.Parent, j.Rule, j.Confidence)
}

// Joints lists the joints of the call that a bundle is part of.
func (im *Import) Joints(bundle int64) []Joint {
	if !im.HasJoints() {
		return nil
	}
	root := bundle
	im.query(`SELECT root FROM joint WHERE bundle = ? AND bundle <> 0`, []any{bundle}, func(r *sql.Rows) error { return r.Scan(&root) })
	var list []Joint
	im.query(`SELECT root, bundle, attempt, parent, rule, confidence FROM joint WHERE root = ? ORDER BY bundle, attempt`, []any{root}, func(r *sql.Rows) error {
		var j Joint
		err := r.Scan(&j.Root, &j.Bundle, &j.Attempt, &j.Parent, &j.Rule, &j.Confidence)
		list = append(list, j)
		return err
	})
	return list
}

// HasJoints reports whether anything was ever joined; until then no bundle
// needs to be asked.
func (im *Import) HasJoints() bool {
	if im.joined == 0 {
		im.joined = 1
		im.look(`SELECT 1 FROM joint LIMIT 1`, nil, func(*sql.Rows) error {
			im.joined = 2
			return nil
		})
	}
	return im.joined == 2
}

// RemoveJoints forgets the joints of a root.
func (im *Import) RemoveJoints(root int64) { im.exec(`DELETE FROM joint WHERE root = ?`, root) }

// SetLinks stores the correlation values of a bundle, kind and value in turn.
func (im *Import) SetLinks(bundle int64, fresh bool, values [][2]string) {
	if !fresh && im.HasLinks() {
		im.exec(`DELETE FROM link WHERE bundle = ?`, bundle)
	}
	if len(values) > 0 {
		im.linked = 2
	}
	b := &im.links
	for _, v := range values {
		b.begin()
		b.number(bundle)
		b.text(v[0])
		b.text(v[1])
	}
}

// Links lists the correlation values of a bundle, kind and value.
func (im *Import) Links(bundle int64) [][2]string {
	var list [][2]string
	im.query(`SELECT kind, value FROM link WHERE bundle = ? ORDER BY kind, value`, []any{bundle}, func(r *sql.Rows) error {
		var v [2]string
		err := r.Scan(&v[0], &v[1])
		list = append(list, v)
		return err
	})
	return list
}

// HasLinks reports whether any bundle has, or had, correlation values.
func (im *Import) HasLinks() bool {
	if im.linked == 0 {
		im.linked = 1
		im.look(`SELECT 1 FROM link LIMIT 1`, nil, func(*sql.Rows) error {
			im.linked = 2
			return nil
		})
	}
	return im.linked == 2
}

// CallRow is an INVITE call with what joining needs to know of it.
type CallRow struct {
	ID             int64 // of the row
	Source         int64
	Bundle         int64  // 0: a record that stands alone
	Kind           string // of the bundle: sip, cdr; "" without one
	Key            string // of the bundle
	Calls          int64  // INVITE calls in the bundle
	Start, Setup   int64  // microseconds, milliseconds
	Caller, Callee string
	From, To       string // addresses
}

// CallRows lists the INVITE calls that begin in [from, to), in order of time:
// those seen as SIP, or those known from records.
func (im *Import) CallRows(from, to int64, sip bool) []CallRow {
	var list []CallRow
	im.EachCall(from, to, sip, func(c *CallRow) { list = append(list, *c) })
	return list
}

// CallCount is how many INVITE calls begin in the minutes of [from, to): all that
// EachCall can list. It asks the roll-up: counting the rows took a third as long
// as reading them.
func (im *Import) CallCount(from, to int64) (n int64) {
	im.storeMinutes()
	im.query(`SELECT coalesce(sum(begun), 0) FROM minute WHERE minute >= ? AND minute <= ?`, []any{max(0, from/minuteUS), to / minuteUS}, func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// CallsByUnit counts the INVITE calls that begin in [from, to) by start / unit;
// what is joined to a call counts where that begins.
func (im *Import) CallsByUnit(unit, from, to int64) map[int64]int64 {
	counts := map[int64]int64{}
	add := func(r *sql.Rows) error {
		var at, n int64
		err := r.Scan(&at, &n)
		counts[at] += n
		return err
	}
	im.query(`SELECT a.start / ?, count(*) FROM attempt a JOIN profile p ON p.id = a.profile
		WHERE a.start >= ? AND a.start < ? AND a.call = 0 AND p.method = 'INVITE' AND p.scope >= 2 GROUP BY 1`, []any{unit, from, to}, add)
	if im.HasJoints() {
		im.query(`SELECT a.start / ?, count(*) FROM attempt a JOIN joint j ON j.root = a.bundle WHERE a.start >= ? AND a.start < ? AND a.call = 0 AND a.bundle <> 0 GROUP BY 1`, []any{unit, from, to}, add)
	}
	return counts
}

// CallsIn counts the INVITE calls that begin in [from, to) and says where the
// first one stands.
func (im *Import) CallsIn(from, to int64) (n int64, path string, line int) {
	const calls = `FROM attempt a JOIN profile p ON p.id = a.profile JOIN source s ON s.id = a.source
		WHERE a.start >= ? AND a.start < ? AND a.call = 0 AND p.method = 'INVITE' AND p.scope >= 2`
	im.query(`SELECT count(*) `+calls, []any{from, to}, func(r *sql.Rows) error { return r.Scan(&n) })
	im.query(`SELECT s.path, a.line `+calls+` ORDER BY a.start, a.id LIMIT 1`, []any{from, to}, func(r *sql.Rows) error { return r.Scan(&path, &line) })
	return n, path, line
}

// Roots lists the bundles of calls that begin in [from, to) to which others are joined.
func (im *Import) Roots(from, to int64) (list []int64) {
	im.query(`SELECT DISTINCT a.bundle FROM attempt a JOIN joint j ON j.root = a.bundle WHERE a.start >= ? AND a.start < ? AND a.call = 0 AND a.bundle <> 0 AND j.bundle <> 0 ORDER BY 1`, []any{from, to}, func(r *sql.Rows) error {
		var root int64
		err := r.Scan(&root)
		list = append(list, root)
		return err
	})
	return list
}

// callPage is how many rows are read at a time.
var callPage = 1000

// CallPages hands to f what CallRows lists. f may change what is stored, and the
// calls may be any number.
func (im *Import) CallPages(from, to int64, sip bool, f func(*CallRow)) {
	var list []CallRow
	for id, more := int64(0), true; more; {
		list = list[:0]
		from, id, more = im.calls(from, to, id, sip, func(c *CallRow) { list = append(list, *c) })
		for i := range list {
			f(&list[i])
		}
	}
}

// EachCall hands to f what CallRows lists, in a row that is used again.
func (im *Import) EachCall(from, to int64, sip bool, f func(*CallRow)) {
	for id, more := int64(0), true; more; {
		from, id, more = im.calls(from, to, id, sip, f)
	}
}

// calls hands to f the calls among a page of rows: those that begin at from and come
// after a row, and later ones. It returns the last row's start and its id, and whether
// there may be more. The rows come packed: value by value, they were half of all
// allocations of an import.
func (im *Import) calls(from, to, after int64, sip bool, f func(*CallRow)) (start, id int64, more bool) {
	which := `AND b.kind = 'sip'`
	if !sip {
		which = `AND (b.kind = 'cdr' OR a.bundle = 0)`
	}
	// Two searches, which SQLite merges: with an OR, each page went through all rows
	// before it that begin at the same time, and logs without times have any number.
	const columns = `SELECT a.id AS id, a.source, a.bundle, a.profile, a.start AS start, a.setup_ms, a.caller, a.callee, coalesce(b.key, '') AS key, coalesce(b.kind, '') AS kind, CAST(coalesce(b.steps, x'') AS TEXT) AS steps
		FROM attempt a LEFT JOIN bundle b ON b.id = a.bundle WHERE a.call = 0 `
	page := `(` + columns + which + ` AND a.start = ?1 AND a.id > ?3 AND a.start < ?2
		UNION ALL ` + columns + which + ` AND a.start > ?1 AND a.start < ?2 ORDER BY start, id LIMIT ?4)`
	im.drain()
	if im.err != nil {
		return from, after, false
	}
	type ends struct {
		call     bool
		from, to string
	}
	known := map[int64]ends{} // by profile
	n := 0
	var c CallRow
	err := packedRows(context.Background(), im.tx, `id, source, bundle, profile, start, setup_ms, caller, callee, key, kind, steps`, page,
		[]any{from, to, after, callPage}, func(data []byte) error {
			for r := (packedReader{rest: string(data)}); r.rest != ""; n++ {
				c.ID, c.Source, c.Bundle = r.number(), r.number(), r.number()
				profile := r.number()
				c.Start, c.Setup, c.Caller, c.Callee, c.Key, c.Kind = r.number(), r.number(), r.text(), r.text(), r.text(), r.text()
				steps := r.text()
				if r.short {
					return errPacked
				}
				start, id = c.Start, c.ID
				e, ok := known[profile]
				if !ok {
					p := im.profiles.get(profile)
					e = ends{p.Method == "INVITE" && p.Scope >= ScopeCall, p.FromAddr, p.ToAddr}
					known[profile] = e
				}
				if e.call {
					c.From, c.To = e.from, e.to
					// Copied: those who keep the row would keep all of data with it.
					text := c.Caller + c.Callee + c.Key
					c.Caller, text = text[:len(c.Caller)], text[len(c.Caller):]
					c.Callee, c.Key = text[:len(c.Callee)], text[len(c.Callee):]
					c.Calls = unpackSteps([]byte(steps))[StepCalls]
					f(&c)
				}
			}
			return nil
		})
	if err != nil {
		im.fail(err)
	}
	return start, id, n == callPage && err == nil
}

// Recast gives a row another profile and call, and counts it anew.
func (im *Import) Recast(a *Attempt, profile Profile, call int64) {
	im.count(a, im.profileID(&a.Profile), -1)
	a.Profile, a.Call = profile, call
	id := im.profileID(&a.Profile)
	im.count(a, id, 1)
	im.exec(`UPDATE attempt SET profile = ?, call = ? WHERE id = ?`, id, call, a.ID)
}

// RowsOf lists the rows of a bundle; of a record that stands alone, its row.
func (im *Import) RowsOf(bundle, attempt int64) []Attempt {
	where, arg := "bundle = ? AND bundle <> 0", bundle
	if bundle == 0 {
		where, arg = "id = ?", attempt
	}
	var list []Attempt
	im.query(`SELECT id, source, call, bundle, profile, start, caller, callee, pdd_ms, setup_ms, talk_ms, delays FROM attempt WHERE `+where+` ORDER BY id`, []any{arg}, func(r *sql.Rows) error {
		var a Attempt
		var profile int64
		var delays sql.RawBytes
		err := r.Scan(&a.ID, &a.Source, &a.Call, &a.Bundle, &profile, &a.Start, &a.Caller, &a.Callee, &a.PDD, &a.Setup, &a.Talk, &delays)
		a.unpackDelays(delays)
		a.Profile = im.profiles.get(profile)
		list = append(list, a)
		return err
	})
	return list
}

// RemoveJoint forgets one joint.
func (im *Import) RemoveJoint(j Joint) {
	im.exec(`DELETE FROM joint WHERE root = ? AND bundle = ? AND attempt = ?`, j.Root, j.Bundle, j.Attempt)
}

// BundleKey is the Call-ID or link of a bundle.
func (im *Import) BundleKey(bundle int64) (key string) {
	im.query(`SELECT key FROM bundle WHERE id = ?`, []any{bundle}, func(r *sql.Rows) error { return r.Scan(&key) })
	return key
}

// SIPCall finds the call that a Call-ID is part of, joined or not; ok is false
// where there is none, or several.
func (im *Import) SIPCall(callID string) (c CallRow, ok bool) {
	im.storeKeys()
	hash, n := keyHash("sip", callID), 0
	im.query(`SELECT a.id, a.bundle, a.start FROM attempt a JOIN profile p ON p.id = a.profile
		WHERE a.call = 0 AND a.bundle <> 0 AND p.method = 'INVITE' AND p.scope >= 2 AND a.bundle IN (
			SELECT b.id FROM bundle_key k JOIN bundle b ON b.id = k.bundle WHERE k.hash = ? AND b.kind = 'sip' AND b.key = ?
			UNION ALL SELECT j.root FROM bundle_key k JOIN bundle b ON b.id = k.bundle JOIN joint j ON j.bundle = b.id WHERE j.bundle <> 0 AND k.hash = ? AND b.kind = 'sip' AND b.key = ?)`,
		[]any{hash, callID, hash, callID}, func(r *sql.Rows) error {
			n++
			return r.Scan(&c.ID, &c.Bundle, &c.Start)
		})
	return c, n == 1
}
