package ingest

import (
	"callsift/ingest/dialog"
	"callsift/store"
)

// recordRule is the rule of joints between a CDR and the SIP of the same call.
const recordRule = "record"

// joinRecords joins CDRs with the SIP of the same call: same numbers at both
// ends, the same moment, and only one candidate on either side.
func (a *assembler) joinRecords(s stretch) {
	sip := a.im.CallRows(s.from-recordReach, s.to+recordReach, true)
	if len(sip) == 0 {
		return
	}
	records := map[recordKey][]record{}
	joined := a.im.HasJoints()
	for _, row := range a.recordRows(s.from-recordReach, s.to+recordReach) {
		addRecord(records, record{start: row.Start, bundle: row.Bundle, attempt: row.ID, caller: row.Caller, callee: row.Callee})
	}
	old := map[int64]store.Joint{}
	if joined {
		for i := range sip {
			for _, j := range a.im.Joints(sip[i].Bundle) {
				if j.Rule == recordRule {
					old[sip[i].Bundle] = j
					addRecord(records, a.recordOf(j))
				}
			}
		}
	}
	if len(records) == 0 {
		return
	}
	for i, match := range matchRecords(sip, records) {
		row := &sip[i]
		if row.Start < s.from || row.Start >= s.to {
			continue
		}
		was, had := old[row.Bundle]
		same := had && match != nil && match.bundle == was.Bundle && (match.bundle != 0 || match.attempt == was.Attempt)
		if match != nil && !same && (row.Calls != 1 || !a.single(match)) {
			match = nil
		}
		if same || !had && match == nil {
			continue
		}
		if had {
			a.im.RemoveJoint(was)
			a.detach(was)
			a.im.AddLegs(row.ID, -legsOf(a.im.RowsOf(was.Bundle, was.Attempt)))
		}
		if match != nil {
			a.attach(row, match, recordRule, 0.6)
		}
	}
}

// record is a CDR's call that may be a SIP call as well.
type record struct {
	start           int64
	bundle, attempt int64
	caller, callee  string
}

// recordKey is what must be equal: the last digits of both numbers.
type recordKey struct{ caller, callee string }

func addRecord(m map[recordKey][]record, r record) {
	key := recordKey{dialog.Tail(r.caller), dialog.Tail(r.callee)}
	if key.caller != "" && key.callee != "" && r.start != 0 {
		m[key] = append(m[key], r)
	}
}

// single reports whether a record's bundle is one call: several calls with one
// link cannot be told apart from outside.
func (a *assembler) single(r *record) bool {
	calls := 0
	for _, row := range a.im.RowsOf(r.bundle, r.attempt) {
		if row.Call == 0 {
			calls++
		}
	}
	return calls == 1
}

// legsOf counts the rows that are attempts.
func legsOf(rows []store.Attempt) int {
	n := 0
	for i := range rows {
		if rows[i].Profile.Scope&store.ScopeLeg != 0 {
			n++
		}
	}
	return n
}

// recordOf finds the record of a joint again.
func (a *assembler) recordOf(j store.Joint) record {
	r := record{bundle: j.Bundle, attempt: j.Attempt}
	for _, row := range a.im.RowsOf(j.Bundle, j.Attempt) {
		if start := row.Start - a.clocks[row.Source].Applied; r.start == 0 || start < r.start {
			r.start, r.caller, r.callee = row.Start, row.Caller, row.Callee
		}
	}
	return r
}

// matchRecords finds for each SIP call the record that can only be its own.
func matchRecords(sip []store.CallRow, records map[recordKey][]record) []*record {
	near := func(x, y int64) bool { return x-y <= recordWithin && y-x <= recordWithin }
	bySIP := map[recordKey][]int{}
	for i := range sip {
		key := recordKey{dialog.Tail(sip[i].Caller), dialog.Tail(sip[i].Callee)}
		bySIP[key] = append(bySIP[key], i)
	}
	out := make([]*record, len(sip))
	for key, list := range bySIP {
		for _, i := range list {
			var only *record
			n := 0
			for k := range records[key] {
				if r := &records[key][k]; near(r.start, sip[i].Start) {
					only = r
					n++
				}
			}
			if n != 1 {
				continue
			}
			rivals := 0
			for _, o := range list {
				if near(only.start, sip[o].Start) {
					rivals++
				}
			}
			if rivals == 1 {
				out[i] = only
			}
		}
	}
	return out
}

// attach makes a record's rows legs of a SIP call.
func (a *assembler) attach(call *store.CallRow, r *record, rule string, confidence float64) {
	j := store.Joint{Root: call.Bundle, Bundle: r.bundle, Parent: call.Bundle, Rule: rule, Confidence: confidence}
	if r.bundle == 0 {
		j.Attempt = r.attempt
	}
	rows := a.im.RowsOf(r.bundle, r.attempt)
	a.im.AddLegs(call.ID, legsOf(rows))
	for _, row := range rows {
		p := row.Profile
		p.Scope &^= store.ScopeCall
		a.im.Recast(&row, p, call.ID)
	}
	a.im.AddJoint(j)
}

// detach gives a record its own call back.
func (a *assembler) detach(j store.Joint) {
	if j.Bundle != 0 {
		a.alone(j.Bundle)
		return
	}
	for _, row := range a.im.RowsOf(0, j.Attempt) {
		p := row.Profile
		p.Scope = store.ScopeBoth
		a.im.Recast(&row, p, 0)
		a.touched(row.Start - a.clocks[row.Source].Applied)
	}
}
