package analyze

import (
	"slices"
	"time"
)

// coverage is which hours some source covers, between its first and its last
// record: an hour without calls inside it is a count of 0, an hour outside is
// unknown. Hours are clock hours, so that a log whose last line is from 23:58
// leaves no gap before the next day's.
type coverage struct {
	period Period
	spans  []Period // sorted, apart, inside the period
}

func coverageOf(d Data, p Period) coverage {
	var spans []Period
	for _, s := range d.Sources {
		if !s.First.IsZero() && !s.Last.Before(s.First) {
			spans = append(spans, hoursOf(s.First, s.Last))
		}
	}
	if len(d.Sources) == 0 {
		if first, last, ok := cellBounds(d); ok {
			spans = append(spans, hoursOf(time.UnixMicro(first), time.UnixMicro(last)))
		}
	}
	c := coverage{period: p}
	slices.SortFunc(spans, func(a, b Period) int { return a.From.Compare(b.From) })
	for _, s := range spans {
		s = clip(s, p)
		n := len(c.spans)
		switch {
		case !s.From.Before(s.To):
		case n > 0 && !s.From.After(c.spans[n-1].To):
			c.spans[n-1].To = later(c.spans[n-1].To, s.To)
		default:
			c.spans = append(c.spans, s)
		}
	}
	return c
}

// cellBounds are the first and last times that were counted.
func cellBounds(d Data) (first, last int64, ok bool) {
	for _, c := range d.Cells {
		if c.Time == 0 {
			continue
		}
		if !ok || c.Time < first {
			first = c.Time
		}
		if !ok || c.Time > last {
			last = c.Time
		}
		ok = true
	}
	return first, last, ok
}

// hoursOf are the whole hours from one instant to another. Zones that are a half
// hour off have their hours cut in two, which no count depends on.
func hoursOf(first, last time.Time) Period {
	return Period{
		From: time.UnixMicro(floor(first.UnixMicro(), hour)),
		To:   time.UnixMicro(floor(last.UnixMicro(), hour) + hour),
	}
}

func clip(s, p Period) Period {
	if !p.From.IsZero() {
		s.From = later(s.From, p.From)
	}
	if !p.To.IsZero() && s.To.After(p.To) {
		s.To = p.To
	}
	return s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (c coverage) hours() float64 {
	var h float64
	for _, s := range c.spans {
		h += s.To.Sub(s.From).Hours()
	}
	return h
}

// touches tells whether some source covers part of [from, to).
func (c coverage) touches(from, to time.Time) bool {
	i, _ := slices.BinarySearchFunc(c.spans, from, func(s Period, t time.Time) int {
		if s.To.After(t) {
			return 1
		}
		return -1
	})
	return i < len(c.spans) && c.spans[i].From.Before(to)
}

// gaps are the stretches of the period that no source covers.
func (c coverage) gaps() []Period {
	var gaps []Period
	add := func(from, to time.Time) {
		if from.Before(to) {
			g := Period{From: from.In(c.period.From.Location()), To: to.In(c.period.From.Location())}
			g.Label = stretch(g.From, g.To)
			gaps = append(gaps, g)
		}
	}
	at := c.period.From
	for _, s := range c.spans {
		add(at, s.From)
		at = s.To
	}
	if !c.period.From.IsZero() && !c.period.To.IsZero() {
		add(at, c.period.To)
	}
	return gaps
}

// bounded closes an open period at the days of the first and the last data.
func bounded(d Data, q Query) Query {
	c := coverageOf(d, q.Period)
	if len(c.spans) == 0 || !q.Period.From.IsZero() && !q.Period.To.IsZero() {
		return q
	}
	if q.Period.From.IsZero() {
		y, m, day := c.spans[0].From.In(q.zone()).Date()
		q.Period.From = dayStart(y, m, day, q.zone())
	}
	if q.Period.To.IsZero() {
		y, m, day := c.spans[len(c.spans)-1].To.Add(-time.Nanosecond).In(q.zone()).Date()
		q.Period.To = dayStart(y, m, day+1, q.zone())
	}
	q.Period.Label = labelOf(q.Period)
	return q
}
