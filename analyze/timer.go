package analyze

import (
	"math"
	"slices"

	"callsift/store"
)

// A ring time-out that was changed shows in how long unanswered calls rang before
// it shows in how many there are: at half the time not many more go unanswered,
// but all of them end after 15 s, where none did before. So it is searched for
// among the calls that ended after one time, and told in all that went unanswered.

const (
	minTimer  = 3000 // milliseconds; nobody sets a ring time-out to less
	minBefore = 50   // attempts before, for them to say what was usual
)

// ring is one unanswered call: its stratum, when it was, and how long it took.
type ring struct {
	stratum int
	start   int64
	ms      int64
}

// timerGrid counts only the unanswered calls of one mode that ended after the
// time which has become more frequent than any other; nil where none has, or
// where calls were not read one by one.
func (g *grid) timerGrid(d Data, m mode) *grid {
	if d.Calls == nil {
		return nil
	}
	known := d
	known.Past = slices.DeleteFunc(slices.Clone(d.Past), func(p Past) bool { return p.Calls == nil })
	t := gridOf(known, g.q, g.symptom, false)
	now := t.rings(d, g.q.Period, m)
	var before []ring
	for _, p := range known.Past {
		before = append(before, t.rings(p.Data, p.Period, m)...)
	}
	sortRings(now)
	sortRings(before)
	from, to := t.risen(now, before)
	if to == 0 {
		return nil
	}
	spots := func(list []ring, binOf func(us int64) int32) map[mode][][]spot {
		of := make([][]spot, len(t.strata))
		list = slices.Clone(list[firstOf(list, from):firstOf(list, to)])
		slices.SortFunc(list, func(a, b ring) int { return int(a.start/quarter - b.start/quarter) })
		for _, r := range list {
			addSpot(&of[r.stratum], binOf(r.start), 1)
		}
		return map[mode][][]spot{m: of}
	}
	t.nowX = spots(now, func(us int64) int32 { return int32((us - t.from) / quarter) })
	t.pastX = spots(before, func(us int64) int32 { return int32(us / hour) })
	t.paid, t.told = math.Log(float64(len(now))), g
	return t
}

// rings are the calls of a mode that a timer may have ended.
func (g *grid) rings(d Data, of Period, m mode) []ring {
	q := g.q
	q.Period = of
	sel := selectFrom(d, q, q.headline())
	var list []ring
	for _, c := range d.Calls {
		p := sel.profile(c.Profile, c.Start, c.Caller)
		if p == nil || c.Setup < minTimer || modeOf(p) != m {
			continue
		}
		var v values
		for k, dim := range dims {
			v[k] = dim.of(p)
		}
		x, _ := g.counts(store.Cell{N: 1}, p)
		if i, ok := g.of[v]; ok && x > 0 {
			list = append(list, ring{i, c.Start, c.Setup})
		}
	}
	return list
}

func sortRings(list []ring) {
	slices.SortFunc(list, func(a, b ring) int { return int(a.ms - b.ms) })
}

// firstOf is the first place with at least that time.
func firstOf(list []ring, ms int64) int {
	i, _ := slices.BinarySearchFunc(list, ms, func(r ring, ms int64) int { return int(r.ms - ms) })
	return i
}

// timerWidth is how far apart the calls lie that one timer ended.
func timerWidth(ms int64) int64 { return max(300, ms/10) }

// risen is the time after which more calls end than before, by most; to is 0
// where it is not more than others. Both lists are sorted.
func (g *grid) risen(now, before []ring) (from, to int64) {
	var nowN, pastN float64
	for i := range g.strata {
		nowN, pastN = nowN+float64(g.nowN[i]), pastN+float64(g.pastN[i])
	}
	scale := 0.
	least := float64(len(now)) / 2 // alone, it takes most of them to tell
	if pastN >= minBefore {
		scale, least = nowN/pastN, minCases
	}
	for i, r := range now {
		end := r.ms + timerWidth(r.ms)
		usual := scale * float64(firstOf(before, end)-firstOf(before, r.ms))
		if gain := float64(firstOf(now, end)-i) - usual; gain > least {
			from, to, least = r.ms, end, gain
		}
	}
	return from, to
}
