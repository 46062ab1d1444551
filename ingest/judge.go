package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Joining holds the calls of a stretch of time in memory: at most this many calls,
// in the stretch and within reach of it, whatever a source brings. They take some
// twenty megabytes.
var maxTogether int64 = 60_000

// Parts of stretches that are judged at once.
const (
	judgeAtOnce = 3600 * 1_000_000 // the longest part
	judgeUnit   = 10 * 1_000_000   // the shortest
)

// judge hands stretches in which calls begin to f, in parts that hold, with what
// is within reach of them, maxTogether calls at most. Where even the shortest part
// holds more (130 calls a second for minutes: a flood, not a site), it goes to
// dense. Parts begin at fixed moments, so which are dense depends on the calls alone.
func (a *assembler) judge(list []stretch, reach int64, f, dense func(stretch)) {
	for _, s := range merged(slices.Clone(list)) {
		from := max(0, s.from-s.from%judgeUnit)
		for from < s.to && a.im.Err() == nil {
			// A stretch of years may hold a few calls.
			if next := a.im.NextStart(from-reach) - reach; next > from {
				from = next - next%judgeUnit
			}
			if from >= s.to {
				break
			}
			part := stretch{from, min(from+judgeAtOnce, s.to+judgeUnit-1)}
			part.to -= part.to % judgeUnit
			if a.im.CallCount(part.from-reach, part.to+reach) <= maxTogether {
				f(part)
			} else {
				a.judgeBusy(part, reach, f, dense)
			}
			from = part.to
		}
	}
}

// judgeBusy is judge for one part that holds too much.
func (a *assembler) judgeBusy(s stretch, reach int64, f, dense func(stretch)) {
	units := int((s.to - s.from) / judgeUnit)
	around := int((reach + judgeUnit - 1) / judgeUnit)
	first := s.from - int64(around)*judgeUnit
	before := make([]int64, units+2*around+1) // calls before each unit
	for unit, n := range a.im.CallsByUnit(judgeUnit, first, s.to+int64(around)*judgeUnit) {
		before[unit-first/judgeUnit+1] = n
	}
	for i := range before[1:] {
		before[i+1] += before[i]
	}
	for from := 0; from < units && a.im.Err() == nil; {
		to := from + 1
		holds := func(to int) int64 { return before[to+2*around] - before[from] }
		busy := holds(to) > maxTogether
		for to < units && (busy && before[to+1+2*around]-before[to] > maxTogether || !busy && holds(to+1) <= maxTogether) {
			to++
		}
		part := stretch{s.from + int64(from)*judgeUnit, s.from + int64(to)*judgeUnit}
		if busy {
			dense(part)
		} else {
			f(part)
		}
		from = to
	}
}

// widened reaches further on both sides.
func widened(list []stretch, by int64) []stretch {
	out := make([]stretch, len(list))
	for i, s := range list {
		out[i] = stretch{s.from - by, s.to + by}
	}
	return out
}

// merged joins stretches that overlap, or nearly so.
func merged(list []stretch) []stretch {
	slices.SortFunc(list, func(x, y stretch) int { return cmp.Compare(x.from, y.from) })
	var out []stretch
	for _, s := range list {
		if n := len(out); n > 0 && s.from <= out[n-1].to+judgeUnit {
			out[n-1].to = max(out[n-1].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// leaveLegs leaves the calls of a stretch that holds too many apart, and takes
// those apart that were joined when it held fewer.
func (a *assembler) leaveLegs(s stretch) {
	a.tellDense(s, "which of them are legs of one call is not judged")
	for bundle := range a.im.Flagged(codes.FlagUnjoined, s.from, s.to) {
		a.flagUnjoined(bundle, false)
	}
	if !a.im.HasJoints() {
		return
	}
	for _, root := range a.im.Roots(s.from-rootReach, s.to) {
		p := a.partyOfBundle(root)
		list := []legParty{{Party: &p, bundle: root}}
		want := map[int64]store.Joint{}
		for _, j := range a.im.Joints(root) {
			if isRecordRule(j.Rule) {
				continue
			}
			p := a.partyOfBundle(j.Bundle)
			list = append(list, legParty{&p, j.Bundle, &j})
			if p.Start < s.from || p.Start >= s.to {
				want[j.Bundle] = j
			}
		}
		a.applyJoints(list, want)
	}
}

// leaveRecords leaves the records of a stretch that holds too many calls as they are.
func (a *assembler) leaveRecords(s stretch) {
	a.tellDense(s, "which records are of which SIP call is judged by the Call-ID alone")
}

// tellDense says which calls were not judged.
func (a *assembler) tellDense(s stretch, what string) {
	n, path, line := a.im.CallsIn(s.from, s.to)
	if n == 0 {
		return
	}
	at := func(t int64) string { return time.UnixMicro(t).UTC().Format(time.DateTime) }
	a.im.Warn(line, fmt.Sprintf("%d calls begin from %s to %s UTC, the first at %s:%d, with over %d around each: %s", n, at(s.from), at(s.to), path, line, maxTogether, what))
}
