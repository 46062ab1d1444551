package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// A call whose end is not known is taken to last this long: the default
// Session-Expires of RFC 4028.
const unknownTalk = store.UnknownTalkMS * 1000

// traffic is the load that the calls of a query made.
type traffic struct {
	zone      *time.Location
	seconds   map[int64]int64 // calls begun, by epoch second
	calls     int64
	covered   int64 // seconds with data
	talking   peak
	requested peak
	minutes   bool // known by the minute only
}

// peak is the greatest number of intervals open at one time.
type peak struct {
	n    int64
	at   int64 // microseconds UTC
	open int64 // of n: their end is not known
	edge int64 // begin or end in that second, by clocks that know seconds only
	any  bool
}

// span is a half-open interval in microseconds.
type span struct {
	from, to int64
	open     bool
}

func trafficOf(pick func(*traffic) Metric) func(*frame) Metric {
	return func(f *frame) Metric {
		if f.d.Calls == nil && f.d.Minutes == nil {
			return Metric{Note: "needs the calls one by one"}
		}
		if f.sweeps == nil && f.d.Calls == nil {
			f.sweeps = f.byMinute()
		}
		if f.sweeps == nil {
			f.sweeps = f.sweep()
		}
		return pick(f.sweeps)
	}
}

// byMinute reads the load off the minutes: conversations at the start of each
// are exact, those begun within it are the error.
func (f *frame) byMinute() *traffic {
	t := &traffic{zone: f.q.zone(), seconds: map[int64]int64{}, minutes: true}
	t.covered = int64(coverageOf(f.d, f.q.Period).hours() * 3600)
	active := f.d.Active
	for _, m := range f.d.Minutes {
		t.calls += m.Begun
		t.seconds[m.Start/second] = m.Begun
		if active > t.talking.n || !t.talking.any {
			t.talking = peak{n: active, at: m.Start, edge: m.Answered, any: true}
		}
		active += m.Answered - m.Ended
	}
	return t
}

// sweep also looks at calls that began before the period and reach into it.
func (f *frame) sweep() *traffic {
	s := f.selection()
	t := &traffic{zone: f.q.zone(), seconds: map[int64]int64{}}
	lead := *s
	lead.from = math.MinInt64
	var talks, all []span
	lead.calls(f.d, func(c Call, p *store.Profile) {
		if c.Start == 0 {
			return
		}
		if f.q.Period.contains(c.Start) {
			t.seconds[floor(c.Start, second)/second]++
			t.calls++
		}
		talk, whole := spansOf(c, p)
		if p.Outcome == codes.Answered {
			talks = append(talks, talk)
		}
		all = append(all, whole)
	})
	t.covered = int64(coverageOf(f.d, f.q.Period).hours() * 3600)
	t.talking, t.requested = peakOf(talks, f.q.Period), peakOf(all, f.q.Period)
	return t
}

func spansOf(c Call, p *store.Profile) (talk, whole span) {
	answer := c.Start + max(0, c.Setup)*1000
	whole = span{from: c.Start, to: answer}
	if p.Outcome == codes.Answered {
		talk = span{from: answer, to: answer + c.Talk*1000}
		if c.Talk < 0 {
			talk.to, talk.open = answer+unknownTalk, true
		}
		whole = span{from: c.Start, to: talk.to, open: talk.open}
	}
	return talk, whole
}

// peakOf sweeps the intervals; at equal times an end comes before a start.
func peakOf(spans []span, period Period) peak {
	type edge struct {
		at   int64
		step int64
		open bool
	}
	var edges []edge
	for _, s := range spans {
		if !period.From.IsZero() {
			s.from = max(s.from, period.From.UnixMicro())
		}
		if s.from < s.to {
			edges = append(edges, edge{s.from, 1, s.open}, edge{s.to, -1, s.open})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step)) })
	var top peak
	var n, open int64
	for _, e := range edges {
		if !period.To.IsZero() && e.at >= period.To.UnixMicro() {
			break
		}
		n += e.step
		if e.open {
			open += e.step
		}
		if n > top.n {
			top = peak{n: n, at: e.at, open: open, any: true}
		}
	}
	for _, e := range edges {
		if top.any && e.at%second == 0 && floor(e.at, second) == floor(top.at, second) {
			top.edge++
		}
	}
	return top
}

func floor(us, step int64) int64 {
	r := us % step
	if r < 0 {
		r += step
	}
	return us - r
}

func (t *traffic) mean() Metric {
	if t.covered == 0 {
		return Metric{}
	}
	return Metric{Value: float64(t.calls) / float64(t.covered), N: t.calls, OK: true}
}

// p99 counts the seconds without a call as well.
func (t *traffic) p99() Metric {
	if t.minutes {
		return Metric{Note: tooMany}
	}
	if t.covered == 0 {
		return Metric{}
	}
	counts := make([]int64, 0, len(t.seconds))
	for _, n := range t.seconds {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	m := Metric{N: t.calls, OK: true}
	seconds := max(t.covered, int64(len(counts)))
	if i := int64(math.Ceil(.99*float64(seconds))) - 1 - (seconds - int64(len(counts))); i >= 0 {
		m.Value = float64(counts[i])
	}
	return m
}

func (t *traffic) peak() Metric {
	if t.minutes {
		return Metric{Note: tooMany}
	}
	n, at := busiest(t.seconds)
	return t.atTime(Metric{Value: float64(n), N: t.calls, OK: t.calls > 0}, at*second)
}

func (t *traffic) minute() Metric {
	minutes := map[int64]int64{}
	for s, n := range t.seconds {
		minutes[floor(s, 60)] += n
	}
	n, at := busiest(minutes)
	return t.atTime(Metric{Value: float64(n) / 60, N: t.calls, OK: t.calls > 0}, at*second)
}

// busiest is the greatest count and the first time that has it.
func busiest(counts map[int64]int64) (n, at int64) {
	for t, c := range counts {
		if c > n || c == n && t < at {
			n, at = c, t
		}
	}
	return n, at
}

func (t *traffic) atTime(m Metric, us int64) Metric {
	if m.OK {
		m.Note = joinNotes(instant(time.UnixMicro(us).In(t.zone), true), m.Note)
	}
	return m
}

func (t *traffic) conversations() Metric { return t.concurrent(t.talking) }

// tooMany is why a figure that needs every call is missing in the report.
const tooMany = "too many calls for the report to read one by one: callsift metrics has it"

func (t *traffic) sessions() Metric {
	if t.minutes {
		return Metric{Note: tooMany}
	}
	return t.concurrent(t.requested)
}

func (t *traffic) concurrent(p peak) Metric {
	m := Metric{Value: float64(p.n), N: t.calls, OK: t.calls > 0}
	if !p.any {
		return m
	}
	switch {
	case t.minutes:
		m.Note = fmt.Sprintf("at the start of a minute; up to %d more within it", p.edge)
	case p.edge > 1:
		m.Note = fmt.Sprintf("± %d that begin or end in that second", p.edge)
	}
	if p.open > 0 {
		m.Note = joinNotes(m.Note, fmt.Sprintf("%d of unknown end, taken as 30 min", p.open))
	}
	return t.atTime(m, p.at)
}
