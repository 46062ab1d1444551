package ingest

import (
	"cmp"
	"slices"

	"callsift/ingest/dialog"
	"callsift/store"
	"callsift/store/codes"
)

// One Asterisk writes the same CDR to several places: cdr-csv/Master.csv,
// cdr-custom/Master.csv, the database, of which there are dumps and downloads,
// AMI events. A folder may hold all of them. The uniqueid, the numbers and the start
// tell that records in different formats are one. Of these the format that says
// most counts, as the same record of two files of one format counts once.

// asteriskFormats are the formats of Asterisk's CDR, those that say most first: a
// dump may have the causes of CEL and the linkedid, AMI events have no more than a Master.csv.
var asteriskFormats = []string{
	"asterisk-sql", "asterisk-table", "asterisk-custom", "asterisk-csv", "asterisk-ami-json", "asterisk-ami",
}

// recordFamily is what formats of the same records have in common: records with
// one link in it are legs of one call.
func recordFamily(format string) string {
	if slices.Contains(asteriskFormats, format) {
		return "asterisk"
	}
	return format
}

// formatRank orders formats of the same record: the lowest one counts.
func formatRank(a, b string) int {
	rank := func(format string) int {
		if i := slices.Index(asteriskFormats, format); i >= 0 {
			return i
		}
		return len(asteriskFormats)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// oneFormatEach drops from the records of one link those that are there in
// another format as well: of equal ones those of the format with most of them stay.
func oneFormatEach(records []linkedCDR) []linkedCDR {
	first := ""
	several := false
	for i := range records {
		if i == 0 {
			first = records[i].format
		}
		several = several || records[i].format != first
	}
	if !several {
		return records
	}
	type same struct {
		id, caller, callee string
		start, end, talk   int64
	}
	of := func(r *linkedCDR) same {
		return same{r.ID, dialog.Tail(r.Caller), dialog.Tail(r.Callee), r.Start / 1e6, r.End / 1e6, max(r.Talk, 0)}
	}
	count := map[same]map[string]int{}
	for i := range records {
		k := of(&records[i])
		if count[k] == nil {
			count[k] = map[string]int{}
		}
		count[k][records[i].format]++
	}
	best := map[same]string{}
	for k, formats := range count {
		for f, n := range formats {
			if have, ok := best[k]; !ok || n > formats[have] || n == formats[have] && formatRank(f, have) < 0 {
				best[k] = f
			}
		}
	}
	return slices.DeleteFunc(records, func(r linkedCDR) bool {
		k := of(&r)
		return k.id != "" && best[k] != r.format
	})
}

// copyWithin is how far apart the starts of one record may be in two formats.
const copyWithin = 2_000_000

// findCopies judges, where sources with records in several formats cover the
// same time, which records that stand alone are copies of others.
func (a *assembler) findCopies() {
	if a.im.RecordFormats() < 2 && len(a.stretches) == 0 {
		return
	}
	list := slices.Clip(a.stretches)
	for i := range a.sources {
		s := &a.sources[i]
		if s.First == 0 || s.CDRs == 0 {
			continue
		}
		off := a.clocks[s.ID].Applied // these starts are compared as written
		for _, x := range overlaps(a.byCommonClock(s), a.im.OtherRanges(false, s.ID)) {
			list = append(list, stretch{x.from + off, x.to + off})
		}
	}
	a.judge(widened(list, copyWithin), copyWithin, a.markCopies, a.leaveCopies)
}

// leaveCopies lets every record of a stretch that holds too many count.
func (a *assembler) leaveCopies(s stretch) {
	a.tellDense(s, "which of their records are the same in two formats is not judged")
	for _, r := range a.im.CopiesIn(s.from, s.to) {
		a.setCopy(&r, false)
	}
}

// markCopies makes rows that stand alone and begin in a stretch copies, or
// records that count again.
func (a *assembler) markCopies(s stretch) {
	type key struct{ id, caller, callee string }
	groups := map[key][]store.RecordRow{}
	var order []key
	for _, r := range a.im.RecordRows(s.from-copyWithin, s.to+copyWithin) {
		if parseUniqueID(r.NativeID).epoch == 0 {
			continue
		}
		k := key{r.NativeID, dialog.Tail(r.Caller), dialog.Tail(r.Callee)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	for _, k := range order {
		rows := groups[k]
		for i := range rows {
			r := &rows[i]
			if r.Bundle != 0 || r.Start < s.from || r.Start >= s.to {
				continue
			}
			if is := isCopy(r, rows); is != (r.Profile.Flags&codes.FlagSameRecord != 0) {
				a.setCopy(r, is)
			}
		}
	}
}

// isCopy reports whether among the rows of one record there is one in another
// format that counts in this one's place: a record with other legs, or the format
// with more of them, or with as many and a lower rank.
func isCopy(r *store.RecordRow, rows []store.RecordRow) bool {
	alone := map[string]int{}
	for i := range rows {
		o := &rows[i]
		if abs64(o.Start-r.Start) > copyWithin {
			continue
		}
		if o.Bundle == 0 {
			alone[o.Profile.Format]++
		} else if o.Profile.Format != r.Profile.Format {
			return true
		}
	}
	own := r.Profile.Format
	for format, n := range alone {
		if n > alone[own] || n == alone[own] && formatRank(format, own) < 0 {
			return true
		}
	}
	return false
}

// setCopy takes a record that stands alone out of the counts, or puts it in again.
func (a *assembler) setCopy(r *store.RecordRow, copied bool) {
	if j, ok := a.im.JointOf(r.ID); ok {
		a.im.RemoveJoint(j)
		a.im.AddLegs(r.Call, -1)
	}
	for _, row := range a.im.RowsOf(0, r.ID) {
		p := row.Profile
		if copied {
			p = *p.AsCopy()
		} else {
			p.Scope, p.Flags = store.ScopeBoth, p.Flags&^codes.FlagSameRecord
		}
		a.im.Recast(&row, p, 0)
	}
}
