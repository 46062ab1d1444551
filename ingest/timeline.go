package ingest

import (
	"cmp"
	"slices"

	"callsift/store"
)

// A timeline watches the times of a source in the order in which they stand in
// it: where they go back the clock was set, or logs were put together; where there
// are none for long, something was off or is missing. Both are noted in the ledger.

const (
	backMessage = 5_000_000   // less may be lines that overtook one another
	backRecord  = 300_000_000 // records stand in the order of their ends
	leastGap    = 900_000_000 // shorter ones are silence
	gapTimes    = 20          // of the mean distance: nights of a small site are silence too
	listedGaps  = 10          // the longest of each kind
)

type timeline struct {
	n, backs    int64
	first, last int64 // the earliest and the latest
	from, to    int64 // of the record before
	gaps, steps []store.Gap
}

// see takes the time of a record, from its beginning to its end; back is from
// how much on a step back is one.
func (l *timeline) see(from, to, back int64, line int) {
	if from == 0 {
		return
	}
	to = max(from, to)
	if l.n++; l.n == 1 {
		l.first, l.last, l.from, l.to = from, to, from, to
		return
	}
	switch {
	case to < l.from-back:
		l.backs++
		l.steps = longest(l.steps, store.Gap{From: l.from, To: to, Line: int64(line), Back: true})
	case from > l.to+leastGap:
		l.gaps = longest(l.gaps, store.Gap{From: l.to, To: from, Line: int64(line)})
	}
	l.from, l.to = from, to
	l.first, l.last = min(l.first, from), max(l.last, to)
}

// longest adds a gap to a list and lets the longest of it.
func longest(list []store.Gap, g store.Gap) []store.Gap {
	list = append(list, g)
	if len(list) > 2*listedGaps {
		list = trimGaps(list)
	}
	return list
}

func trimGaps(list []store.Gap) []store.Gap {
	slices.SortStableFunc(list, func(x, y store.Gap) int {
		return cmp.Or(cmp.Compare(abs64(y.To-y.From), abs64(x.To-x.From)), cmp.Compare(x.Line, y.Line))
	})
	return list[:min(len(list), listedGaps)]
}

// notable is what of it belongs into the ledger. Of an export that begins with
// the newest record steps back are the order, and gaps stand between neighbours.
func (l *timeline) notable() []store.Gap {
	if l.n < 2 {
		return nil
	}
	if 2*l.backs > l.n-1 {
		return nil
	}
	mean := (l.last - l.first) / (l.n - 1)
	list := slices.DeleteFunc(trimGaps(l.gaps), func(g store.Gap) bool { return g.To-g.From < gapTimes*mean })
	list = append(list, trimGaps(l.steps)...)
	slices.SortStableFunc(list, func(x, y store.Gap) int { return cmp.Compare(x.Line, y.Line) })
	return list
}
