package analyze

import (
	"math"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

const (
	minWeeks      = 3 // earlier weeks that cover an hour before it has a band
	minStretch    = 2 // hours in a row outside of it
	bandDeviation = 3 // standard deviations of a count that the band is wider than the weeks
)

// anomalies are stretches of hours whose calls or failures leave the band of the
// same hours of earlier weeks: between their least and greatest, and three
// standard deviations of a count more. One hour is none, and neither is an hour
// that fewer than three earlier weeks cover; holidays are no measure, and have none.
func anomalies(d Data, q Query) []Anomaly {
	if len(d.Past) < minWeeks || q.Period.From.IsZero() {
		return nil
	}
	var list []Anomaly
	for _, metric := range []string{"calls", "failed"} {
		list = append(list, anomaliesOf(d, q, metric)...)
	}
	slices.SortStableFunc(list, func(a, b Anomaly) int { return a.From.Compare(b.From) })
	return list
}

// hourOfPeriod is the hour by the clocks since the period's beginning, so that the
// same hour of another week has the same number on both sides of a clock change.
func hourOfPeriod(from, at time.Time) int {
	y, m, d := from.Date()
	Y, M, D := at.Date()
	days := time.Date(Y, M, D, 0, 0, 0, 0, time.UTC).Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	return int(days.Hours()) + at.Hour()
}

func hourlyCounts(d Data, q Query, metric string) map[int]float64 {
	counts := map[int]float64{}
	selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
		if at, ok := local(c.Time, q.zone()); ok && (metric == "calls" || p.Outcome == codes.Failed) {
			counts[hourOfPeriod(q.Period.From, at)] += float64(c.N)
		}
	})
	return counts
}

func anomaliesOf(d Data, q Query, metric string) []Anomaly {
	now, cover := hourlyCounts(d, q, metric), coverageOf(d, q.Period)
	type week struct {
		counts map[int]float64
		cover  coverage
		from   time.Time
	}
	var weeks []week
	for _, p := range d.Past {
		before := q
		before.Period = p.Period
		weeks = append(weeks, week{hourlyCounts(p.Data, before, metric), coverageOf(p.Data, p.Period), p.Period.From})
	}
	var list []Anomaly
	var run Anomaly
	side, length := 0, 0
	flush := func() {
		if length >= minStretch {
			list = append(list, run)
		}
		run, side, length = Anomaly{}, 0, 0
	}
	for at := q.Period.From; at.Before(q.Period.To); at = at.Add(time.Hour) {
		h := hourOfPeriod(q.Period.From, at)
		var past []float64
		for _, w := range weeks {
			then := w.from.Add(at.Sub(q.Period.From))
			if w.cover.touches(then, then.Add(time.Hour)) && !q.holiday(then) {
				past = append(past, w.counts[h])
			}
		}
		if len(past) < minWeeks || q.holiday(at) || !cover.touches(at, at.Add(time.Hour)) {
			flush()
			continue
		}
		low, high := slices.Min(past), slices.Max(past)
		low, high = max(0, low-bandDeviation*math.Sqrt(max(1, low))), high+bandDeviation*math.Sqrt(max(1, high))
		x, here := now[h], 0
		switch {
		case x > high:
			here = 1
		case x < low:
			here = -1
		}
		if here != side {
			flush()
		}
		if here == 0 {
			continue
		}
		if length == 0 {
			run = Anomaly{Metric: metric, From: at, Weeks: len(past)}
			side = here
		}
		length++
		run.To = at.Add(time.Hour)
		run.Value, run.Low, run.High, run.Weeks = run.Value+x, run.Low+low, run.High+high, min(run.Weeks, len(past))
	}
	flush()
	return list
}
