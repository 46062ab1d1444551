package ingest

import (
	"slices"
	"strings"

	"callsift/ingest/dialog"
	"callsift/store"
)

// A source of CDRs shares no messages with another one, but calls: those whose
// two numbers occur once in the records and once in the SIP of about the same time.
// Where most of them are apart by the same, the clock that wrote the records is, or
// the box always waits as long before it calls on: for joining that is the same. acc
// tells the time of the response, so it says nothing of clocks; it names the Call-ID.

const (
	clockRows      = 1000           // calls that are looked at
	clockReach     = 900_000_000    // by how much clocks that run differ
	zoneReach      = 14.25 * 3600e6 // ... and such that were read in the wrong zone
	zoneRows       = 50_000         // more calls than that are not searched so far
	leastRecords   = 5
	recordSpread   = 2_000_000
	smallestRecord = recordWithin
)

// settleRecordClocks measures the clocks of sources of CDRs where sources that
// were read can tell something new. It returns the stretches in which joins may
// change.
func (a *assembler) settleRecordClocks() (changed []stretch) {
	sip := a.im.SourceRows(true)
	if len(sip) == 0 && len(a.clocks) == 0 {
		return nil
	}
	for _, s := range a.im.SourceRows(false) {
		if s.First == 0 || s.Messages > 0 || strings.HasPrefix(s.Format, "kamailio-acc") || !a.touches(&s) {
			continue
		}
		c := store.Clock{Source: s.ID, How: byRecords}
		if len(sip) > 0 {
			c.Ahead, c.N = a.recordSkew(&s)
		}
		if c.Applied = c.Ahead; a.skewOff {
			c.Applied = 0
		}
		was := a.clocks[s.ID]
		if c == was || c.Ahead == 0 && was.Source == 0 {
			continue
		}
		a.im.SetClock(c)
		a.clocks[s.ID] = c
		if c.Applied != was.Applied {
			for _, off := range [...]int64{was.Applied, c.Applied} {
				changed = append(changed, stretch{s.First - off, s.Last + 1 - off})
			}
		}
	}
	return changed
}

// touches reports whether what was read or taken out can change what is known
// of a source's clock.
func (a *assembler) touches(s *store.Source) bool {
	near := func(from, to int64) bool { return from < s.Last+zoneReach && to > s.First-zoneReach }
	return a.isNew(s.ID) ||
		slices.ContainsFunc(a.sources, func(o store.Source) bool { return o.Messages > 0 && o.First > 0 && near(o.First, o.Last) }) ||
		slices.ContainsFunc(a.stretches, func(t stretch) bool { return near(t.from, t.to) })
}

// recordSkew is by how much a source of CDRs is ahead of the SIP, and by how many
// calls that is known.
func (a *assembler) recordSkew(s *store.Source) (ahead, n int64) {
	for _, reach := range [...]int64{clockReach, zoneReach} {
		sip := a.firstCalls(s.First-reach, s.Last+reach)
		if len(sip) == 0 {
			continue
		}
		from, to := sip[0].Start-reach, sip[len(sip)-1].Start+reach
		if reach == zoneReach && a.im.CallCount(from, to) > zoneRows {
			return 0, 0
		}
		if ahead, n := sameDistance(sip, a.im.RecordsOf(s.ID, from, to)); n >= leastRecords {
			if abs64(ahead) <= smallestRecord {
				return 0, 0
			}
			return floorDiv(ahead+500_000, 1e6) * 1e6, n // records have whole seconds
		}
	}
	return 0, 0
}

// firstCalls lists the first SIP calls that begin in [from, to).
func (a *assembler) firstCalls(from, to int64) []store.CallRow {
	var list []store.CallRow
	for at := a.im.NextStart(from); at < to && len(list) < clockRows; at = a.im.NextStart(at + judgeAtOnce) {
		list = append(list, a.im.CallRows(at, min(to, at+judgeAtOnce), true)...)
	}
	return list[:min(len(list), clockRows)]
}

// sameDistance finds the distance at which most records stand from the SIP calls
// of the same numbers, and how many of them do; 0: no distance is that of most.
func sameDistance(sip, records []store.CallRow) (ahead, n int64) {
	starts := map[recordKey][2][]int64{}
	for side, list := range [...][]store.CallRow{sip, records} {
		for i := range list {
			key := recordKey{dialog.Tail(list[i].Caller), dialog.Tail(list[i].Callee)}
			if key.caller != "" && key.callee != "" && list[i].Start != 0 {
				both := starts[key]
				both[side] = append(both[side], list[i].Start)
				starts[key] = both
			}
		}
	}
	var all []int64
	for _, both := range starts {
		if len(both[0]) == 1 && len(both[1]) == 1 {
			all = append(all, both[1][0]-both[0][0])
		}
	}
	if ahead, n = middle(all, recordSpread); n*5 < int64(len(all))*3 {
		return 0, 0
	}
	return ahead, n
}

// recordOffsets are what the clocks of sources are ahead, each once, 0 among them.
func (a *assembler) recordOffsets() []int64 {
	offsets := []int64{0}
	for _, c := range a.clocks {
		if c.Applied != 0 && !slices.Contains(offsets, c.Applied) {
			offsets = append(offsets, c.Applied)
		}
	}
	slices.Sort(offsets)
	return offsets
}

// recordRows lists calls that are known from CDRs alone, those that begin in
// [from, to) by the common clock, with their starts by that clock.
func (a *assembler) recordRows(from, to int64) []store.CallRow {
	var list []store.CallRow
	a.recordPages(from, to, func(r *store.CallRow) {
		c := *r
		c.Start -= a.clocks[r.Source].Applied
		list = append(list, c)
	})
	return list
}

// recordPages hands such calls to f, as they are stored and clock by clock; f may
// change what is stored.
func (a *assembler) recordPages(from, to int64, f func(*store.CallRow)) {
	for _, off := range a.recordOffsets() {
		a.im.CallPages(from+off, to+off, false, func(r *store.CallRow) {
			if a.clocks[r.Source].Applied == off {
				f(r)
			}
		})
	}
}

// byCommonClock is the time that a source covers, by the common clock.
func (a *assembler) byCommonClock(s *store.Source) stretch {
	off := a.clocks[s.ID].Applied
	return stretch{s.First - off, s.Last + 1 - off}
}
