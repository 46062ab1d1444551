package ingest

import (
	"slices"

	"callsift/store"
)

// Records that name the SIP Call-ID of their call (Kamailio's acc, FreeSWITCH,
// AudioCodes ...) are joined with the SIP of that Call-ID, whatever their numbers
// and times say: acc writes the time of the final response, and numbers are
// rewritten on the way.

// recordIDRule is the rule of joints between a CDR and the SIP whose Call-ID it names.
const recordIDRule = "record-call-id"

// recordCallID is the kind of link that holds the Call-IDs of a CDR bundle.
const recordCallID = "record-call-id"

// recordIDReach is how far a record's time may be from the INVITE's: a ringing
// call's final response comes after Timer C at the latest.
const recordIDReach = 300_000_000

func isRecordRule(rule string) bool { return rule == recordRule || rule == recordIDRule }

// recordLinks lists the Call-IDs that records name, as links.
func recordLinks(records []linkedCDR) [][2]string {
	var list [][2]string
	for _, r := range records {
		if v := [2]string{recordCallID, r.CallID}; r.CallID != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// joinByCallID joins the records of a stretch that name a Call-ID.
func (a *assembler) joinByCallID(s stretch) {
	if !a.im.HasLinks() {
		return
	}
	a.freeMisjoined(s.from, s.to)
	a.recordPages(s.from, s.to, func(row *store.CallRow) {
		call, ok := a.namedCall(row.Bundle)
		r := record{start: row.Start, bundle: row.Bundle, attempt: row.ID}
		if ok && a.single(&r) {
			a.attach(&call, &r, recordIDRule, 1)
		}
	})
}

// namedCall is the SIP call whose Call-ID a bundle of records names.
func (a *assembler) namedCall(bundle int64) (store.CallRow, bool) {
	if bundle == 0 {
		return store.CallRow{}, false
	}
	for _, l := range a.im.Links(bundle) {
		if l[0] != recordCallID {
			continue
		}
		if call, ok := a.im.SIPCall(l[1]); ok {
			return call, true
		}
	}
	return store.CallRow{}, false
}

// freeMisjoined takes records off the calls that their numbers joined them to
// where the call that they name is another one.
func (a *assembler) freeMisjoined(from, to int64) {
	if !a.im.HasJoints() {
		return
	}
	a.im.CallPages(from, to, true, func(row *store.CallRow) {
		for _, j := range a.im.Joints(row.Bundle) {
			if j.Rule != recordRule {
				continue
			}
			if call, ok := a.namedCall(j.Bundle); ok && call.Bundle != row.Bundle {
				a.im.RemoveJoint(j)
				a.detach(j)
				a.im.AddLegs(row.ID, -legsOf(a.im.RowsOf(j.Bundle, j.Attempt)))
			}
		}
	})
}
