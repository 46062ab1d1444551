package analyze

import (
	"cmp"
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

// minCeiling: fewer calls at once are at their greatest number half of the time.
const minCeiling = 4

// fromLoad asks whether calls at once stood at the period's greatest number when
// calls failed, and seldom else: on the driver's trunk where the calls were read
// one by one, else over the whole site.
func (d *driver) fromLoad(data Data, add func(string, string, ...any)) {
	if data.Calls == nil {
		d.fromMinutes(data, add)
		return
	}
	load, where := d.loadOf(data), ""
	if d.keys[0] != nil && !d.g.bySource {
		where = " on trunk " + *d.keys[0]
	}
	top, near := load.top()
	var high, minutes, highMinutes int
	for _, c := range d.members {
		if load.before(c.Start) >= near {
			high++
		}
	}
	for at := d.g.from; at < d.g.from+int64(d.g.bins)*quarter; at += 60 * second {
		minutes++
		if load.before(at) >= near {
			highMinutes++
		}
	}
	if n := len(d.members); top >= minCeiling && n >= minCases && 10*high >= 6*n && high*minutes > 8*highMinutes*n {
		add(proofCeiling, "When they failed, calls at once%s stood at %d to %d, the most of the whole period, in %d of %d; it was as high in %d of %s minutes.",
			where, near, top, high, n, highMinutes, thousands(int64(minutes)))
	}
}

// atOnce is how many calls there are at once: n from each time on.
type atOnce []struct{ at, n int64 }

// loadOf counts calls from the beginning of their set-up, which takes a channel
// too, without those that failed.
func (d *driver) loadOf(data Data) atOnce {
	q := d.g.q
	q.Period.From, q.Scope = q.Period.From.Add(-leadIn*1000), ScopeLeg // calls that reach into the period too
	var edges atOnce
	selectFrom(data, q, q.headline()).calls(data, func(c Call, p *store.Profile) {
		if d.keys[0] != nil && !d.g.bySource && p.Trunk != *d.keys[0] || p.Outcome == codes.Failed || c.Start == 0 {
			return
		}
		if _, s := spansOf(c, p); s.from < s.to {
			edges = append(edges, atOnce{{s.from, 1}, {s.to, -1}}...)
		}
	})
	slices.SortFunc(edges, func(a, b struct{ at, n int64 }) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) })
	for i := 1; i < len(edges); i++ {
		edges[i].n += edges[i-1].n
	}
	return edges
}

// top is the greatest number, and from which number on it is near it.
func (l atOnce) top() (top, near int64) {
	for _, e := range l {
		top = max(top, e.n)
	}
	return top, nearTop(top)
}

func nearTop(top int64) int64 { return top - max(1, top/20) }

// before is the number just before a time.
func (l atOnce) before(at int64) int64 {
	i, _ := slices.BinarySearchFunc(l, at, func(e struct{ at, n int64 }, at int64) int { return cmp.Compare(e.at, at) })
	if i == 0 {
		return 0
	}
	return l[i-1].n
}

// fromMinutes asks the same of the conversations at the start of each minute, and
// of the quarter hours in which calls failed.
func (d *driver) fromMinutes(data Data, add func(string, string, ...any)) {
	levels := minuteLevels(data)
	var top int64
	for _, n := range levels {
		top = max(top, n)
	}
	near := nearTop(top)
	hit := make([]bool, d.g.bins)
	for b, x := range d.g.lineOf(d.mode, d.keys).x {
		hit[b] = x > 0 && d.in[b]
	}
	var inside, atTop, outside, topOutside int64
	for minute, n := range levels {
		b := (minute - d.g.from) / quarter
		if b < 0 || b >= int64(len(hit)) {
			continue
		}
		all, tops := &outside, &topOutside
		if hit[b] {
			all, tops = &inside, &atTop
		}
		*all++
		if n >= near {
			*tops++
		}
	}
	if top >= minCeiling && inside >= 5 && 4*atTop >= inside && atTop*max(1, outside) > 8*topOutside*inside {
		add(proofCeiling, "Conversations at once stood at %d to %d, the most of the whole period, in %d of %d minutes of the quarter hours in which calls failed, and in %d of the other %d.",
			near, top, atTop, inside, topOutside, outside)
	}
}

// minuteLevels is the conversations at the start of each minute.
func minuteLevels(data Data) map[int64]int64 {
	levels := map[int64]int64{}
	active := data.Active
	last := int64(0)
	for _, m := range data.Minutes {
		if last > 0 {
			for t := last + 60*second; t < m.Start && t-last < 6*hour; t += 60 * second {
				levels[t] = active
			}
		}
		levels[m.Start] = active
		active += m.Answered - m.Ended
		last = m.Start
	}
	return levels
}
