package analyze

import (
	"cmp"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// An unavailable minute has at least minMinute attempts on the trunk, half or
// more of them failed by the network or for want of resources (weekly_report.md §4).
const minMinute = 3

// networkFailed: the network, a resource or the peer failed, not a number, a
// permission or a person.
func networkFailed(p *store.Profile) bool {
	if p.Outcome != codes.Failed {
		return false
	}
	if q := recordedCause(p); q > 0 {
		if c, ok := codes.Q850(q); ok {
			return c.Bucket == "network" || c.Bucket == "resource"
		}
	}
	code := nearestCode(p)
	c, ok := codes.SIP(code)
	return ok && code != codes.Unknown && c.Group == "network"
}

// busyMinutes is how many attempts are read by minute before the quarter hours
// with few failures are passed over.
const busyMinutes = 300_000

// availability is each trunk's, the least available first. Where the calls were
// not read one by one, only quarter hours with failures enough are.
func availability(d Data, q Query) []Availability {
	q.Scope = ScopeLeg
	if q.method() != "INVITE" || q.Period.From.IsZero() || q.Period.To.IsZero() {
		return nil
	}
	type slot struct {
		trunk string
		start int64
	}
	quarters, trunks := map[slot]*[2]int64{}, map[string]int64{}
	sel := selectFrom(d, q, q.headline())
	sel.cells(d, func(c Cell, p *store.Profile) {
		if p.Trunk == "" || !rated(p) {
			return
		}
		trunks[p.Trunk] += c.N
		s := slot{p.Trunk, floor(c.Time, quarter)}
		if quarters[s] == nil {
			quarters[s] = &[2]int64{}
		}
		quarters[s][0] += c.N
		if networkFailed(p) {
			quarters[s][1] += c.N
		}
	})
	minutes, note := map[slot]*[2]int64{}, ""
	count := func(at, profile, n int64) {
		p := sel.profile(profile, at, "")
		if p == nil || p.Trunk == "" || !rated(p) {
			return
		}
		s := slot{p.Trunk, floor(at, 60*second)}
		if minutes[s] == nil {
			minutes[s] = &[2]int64{}
		}
		minutes[s][0] += n
		if networkFailed(p) {
			minutes[s][1] += n
		}
	}
	switch {
	case d.Calls != nil:
		for _, c := range d.Calls {
			count(c.Start, c.Profile, 1)
		}
	case d.minutesIn != nil:
		// A minute needs two failures at least; and one with the average load of its
		// quarter hour, a thirtieth of its attempts.
		asked, rows := map[int64]bool{}, int64(0)
		for s, n := range quarters {
			if n[1] >= 2 && !asked[s.start] {
				asked[s.start] = true
				rows += n[0]
			}
		}
		if rows > busyMinutes {
			clear(asked)
			for s, n := range quarters {
				if n[1] >= 2 && 30*n[1] >= n[0] {
					asked[s.start] = true
				}
			}
			note = "minutes with less than the average load of their quarter hour may be missing"
		}
		starts := make([]int64, 0, len(asked))
		for s := range asked {
			starts = append(starts, s)
		}
		slices.Sort(starts)
		for _, s := range starts {
			for _, c := range d.minutesIn(s, s+quarter) {
				count(c.Time, c.Profile, c.N)
			}
		}
	default:
		return nil
	}
	covered := int64(coverageOf(d, q.Period).hours() * 60)
	down := map[string][]int64{}
	for s, n := range minutes {
		if n[0] >= minMinute && 2*n[1] >= n[0] {
			down[s.trunk] = append(down[s.trunk], s.start)
		}
	}
	list := make([]Availability, 0, len(trunks))
	for name := range trunks {
		a := Availability{Trunk: name, Covered: covered, Unavailable: int64(len(down[name])), Note: note}
		slices.Sort(down[name])
		for _, m := range down[name] {
			from := time.UnixMicro(m).In(q.zone())
			if n := len(a.Spans); n > 0 && a.Spans[n-1].To.Equal(from) {
				a.Spans[n-1].To = from.Add(time.Minute)
				continue
			}
			a.Spans = append(a.Spans, Period{From: from, To: from.Add(time.Minute)})
		}
		for i, s := range a.Spans {
			a.Spans[i].Label = stretch(s.From, s.To)
		}
		a.Ratio = ratio(max(0, covered-a.Unavailable), covered)
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Availability) int {
		return cmp.Or(cmp.Compare(b.Unavailable, a.Unavailable), cmp.Compare(a.Trunk, b.Trunk))
	})
	return list
}
