package store

import (
	"database/sql"

	"callsift/store/codes"
)

// RecordRow is a row that was made from one CDR.
type RecordRow struct {
	ID, Call, Bundle, Start int64
	NativeID                string
	Caller, Callee          string
	Profile                 Profile
}

// RecordRows lists the rows of CDRs that have an id of their own and begin in
// [from, to), in order of time: calls and attempts, counted or not.
func (im *Import) RecordRows(from, to int64) []RecordRow {
	var list []RecordRow
	im.query(`SELECT a.id, a.call, a.bundle, a.start, a.native_id, a.caller, a.callee, a.profile FROM attempt a LEFT JOIN bundle b ON b.id = a.bundle
		WHERE a.start >= ? AND a.start < ? AND a.native_id <> '' AND (a.bundle = 0 OR b.kind = 'cdr') ORDER BY a.start, a.id`, []any{from, to}, func(r *sql.Rows) error {
		var a RecordRow
		var profile int64
		err := r.Scan(&a.ID, &a.Call, &a.Bundle, &a.Start, &a.NativeID, &a.Caller, &a.Callee, &profile)
		a.Profile = im.profiles.get(profile)
		list = append(list, a)
		return err
	})
	return list
}

// CopiesIn lists the rows that begin in [from, to) and count nowhere, as copies.
func (im *Import) CopiesIn(from, to int64) []RecordRow {
	if !im.HasFlag(codes.FlagSameRecord) {
		return nil
	}
	var list []RecordRow
	im.query(`SELECT a.id, a.start FROM attempt a JOIN profile p ON p.id = a.profile WHERE a.start >= ? AND a.start < ? AND a.bundle = 0 AND p.flags & ? <> 0 ORDER BY a.id`,
		[]any{from, to, int64(codes.FlagSameRecord)}, func(r *sql.Rows) error {
			var a RecordRow
			err := r.Scan(&a.ID, &a.Start)
			list = append(list, a)
			return err
		})
	return list
}

// RecordFormats counts the formats that sources with CDRs are in.
func (im *Import) RecordFormats() int {
	n := 0
	im.query(`SELECT count(DISTINCT format) FROM source WHERE cdrs > 0 OR id = ?`, []any{im.Source.ID}, func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// JointOf is the joint of a record that stands alone; false: it has none.
func (im *Import) JointOf(record int64) (j Joint, ok bool) {
	if !im.HasJoints() {
		return j, false
	}
	im.query(`SELECT root, bundle, attempt, parent, rule, confidence FROM joint WHERE attempt = ? AND bundle = 0`, []any{record}, func(r *sql.Rows) error {
		ok = true
		return r.Scan(&j.Root, &j.Bundle, &j.Attempt, &j.Parent, &j.Rule, &j.Confidence)
	})
	return j, ok
}

// AsCopy is the profile of a record that stands alone as that of a copy of a
// record in another format: it counts nowhere.
func (p *Profile) AsCopy() *Profile {
	c := *p
	c.Scope, c.Flags = ScopeNone, c.Flags|codes.FlagSameRecord
	return &c
}

// copyProfile is the id of the profile that a record of profile p has once it is
// known as such a copy; 0: there is none.
func (im *Import) copyProfile(p *Profile) int64 {
	return im.profiles.find(p.AsCopy())
}
