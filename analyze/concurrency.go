package analyze

import (
	"math"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// LoadPoint is one quarter hour of traffic: the most conversations at once and
// the calls begun.
type LoadPoint struct {
	Time  time.Time
	Data  bool // false: no source covers it (unknown, not zero)
	Peak  int64
	Begun int64
}

// loadCurve is the traffic of the period by quarter hour; longer periods get
// wider steps. nil where neither calls nor minutes are at hand.
func loadCurve(d Data, q Query) []LoadPoint {
	b, n := binsOf(d, q)
	if n == 0 || d.Calls == nil && d.Minutes == nil {
		return nil
	}
	cover := coverageOf(d, q.Period)
	points := make([]LoadPoint, n)
	for i := range points {
		from := time.UnixMicro(b.from + int64(i)*b.step).In(q.zone())
		points[i].Time = from
		points[i].Data = cover.touches(from, from.Add(time.Duration(b.step)*time.Microsecond))
	}
	at := func(us int64) int { return int((us - b.from) / b.step) }
	if d.Calls == nil {
		active := d.Active
		for _, m := range d.Minutes {
			if i := at(m.Start); i >= 0 && i < n {
				points[i].Begun += m.Begun
				points[i].Peak, points[i].Data = max(points[i].Peak, active), true
			}
			active += m.Answered - m.Ended
		}
		return points
	}
	type edge struct{ at, step int64 }
	var edges []edge
	s := selectFrom(d, q, q.headline())
	s.from = math.MinInt64 // calls from before that reach into the period
	s.calls(d, func(c Call, p *store.Profile) {
		if c.Start == 0 {
			return
		}
		if i := at(c.Start); c.Start >= b.from && i < n {
			points[i].Begun++
			points[i].Data = true
		}
		if talk, _ := spansOf(c, p); p.Outcome == codes.Answered && talk.from < talk.to {
			edges = append(edges, edge{talk.from, 1}, edge{talk.to, -1})
		}
	})
	slices.SortFunc(edges, func(a, b edge) int {
		if a.at != b.at {
			return int(min(1, max(-1, a.at-b.at)))
		}
		return int(a.step - b.step)
	})
	var active int64
	k := 0
	for i := range points {
		from := b.from + int64(i)*b.step
		for k < len(edges) && edges[k].at <= from {
			active += edges[k].step
			k++
		}
		peak := active
		for k < len(edges) && edges[k].at < from+b.step {
			active += edges[k].step
			peak = max(peak, active)
			k++
		}
		points[i].Peak = peak
		points[i].Data = points[i].Data || peak > 0
	}
	return points
}
