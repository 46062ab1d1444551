package analyze

import (
	"fmt"
	"math"
	"testing"
	"time"

	"callsift/store"
)

// twoWeeks spreads failures and answers evenly over the hours of two weeks.
func twoWeeks(t *testing.T, failedBefore, before, failedNow, now int64) (current, previous *site, q Query) {
	q = Query{Period: week(t, "2026-W46", time.UTC)}
	fill := func(from time.Time, x, n int64) *site {
		s := newSite(t)
		bad, good := failed(503, "carrier-a"), answered()
		good.Trunk = "carrier-a"
		for h := range int64(168) {
			stamp := from.Add(time.Duration(h) * time.Hour).Format("2006-01-02 15:04")
			s.add(stamp, bad, x*(h+1)/168-x*h/168)
			s.add(stamp, good, (n-x)*(h+1)/168-(n-x)*h/168)
		}
		s.source(from.Format("2006-01-02 15:04"), from.AddDate(0, 0, 7).Add(-time.Minute).Format("2006-01-02 15:04"))
		return s
	}
	return fill(q.Period.From, failedNow, now), fill(q.Period.From.AddDate(0, 0, -7), failedBefore, before), q
}

func changeOf(t *testing.T, c Comparison, by, key string) Change {
	t.Helper()
	for _, r := range c.Table(by).Rows {
		if r.Key == key {
			return r
		}
	}
	t.Fatalf("no row %s %q", by, key)
	return Change{}
}

// The vector of weekly_report.md §3, through the whole comparison.
func TestCompareVector(t *testing.T) {
	now, before, q := twoWeeks(t, 412, 10_000, 500, 10_200)
	c := compare(now.Data, before.Data, q, q.Period.before(), false, []string{"code", "trunk", "hour"})
	r := changeOf(t, c, "kpi", "failure_rate")
	got := fmt.Sprintf("%+.2f pp z %.3f p %.4f %+.2f to %+.2f phi %.1f", 100*r.Diff, r.Z, r.P, 100*r.Low, 100*r.High, r.Phi)
	if want := "+0.78 pp z 2.676 p 0.0074 +0.21 to +1.36 phi 1.0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !r.Significant || r.Material || r.Arrow != "" {
		t.Errorf("under a point is no arrow: %+v", r)
	}
	if r := changeOf(t, c, "code", "503"); r.Now.Num != 500 || r.Now.Den != 10_200 || !r.Significant {
		t.Errorf("503: %+v", r)
	}
	e := c.Effects
	if math.Abs(e.Rate+e.Mix+e.Volume-e.Total) > 1e-9 || e.Total != 88 || fmt.Sprintf("%.2f %.2f", e.Rate, e.Volume) != "78.20 8.24" {
		t.Errorf("effects %+v", e)
	}
}

func TestCompareNotes(t *testing.T) {
	now, before, q := twoWeeks(t, 20, 2000, 300, 2000)
	now.add("2026-11-10 10:00", failed(404, "carrier-new"), 12)
	before.add("2026-11-03 10:00", failed(404, "carrier-old"), 12)
	now.add("2026-11-10 10:00", user(486), 3)
	before.add("2026-11-03 10:00", user(486), 3)
	c := compare(now.Data, before.Data, q, q.Period.before(), false, []string{"code", "trunk"})
	if r := changeOf(t, c, "trunk", "carrier-a"); r.Arrow != Up || r.Low < .1 {
		t.Errorf("carrier-a %+v", r)
	}
	if r := changeOf(t, c, "trunk", "carrier-new"); !r.New || r.Tested {
		t.Errorf("carrier-new %+v", r)
	}
	if r := changeOf(t, c, "trunk", "carrier-old"); !r.Gone || r.NowOK {
		t.Errorf("carrier-old %+v", r)
	}
	if r := changeOf(t, c, "code", "486"); r.Note != "low volume" {
		t.Errorf("486 %+v", r)
	}
	c = compare(now.Data, Data{}, q, q.Period.before(), false, []string{"trunk"})
	if r := changeOf(t, c, "kpi", "failure_rate"); !c.Baseline || r.Note != "baseline" || r.Tested {
		t.Errorf("baseline %+v", r)
	}
}

// A cluster of failures is not taken for a change of the rate.
func TestCompareBursty(t *testing.T) {
	now, before, q := twoWeeks(t, 0, 2000, 0, 2000)
	before.add("2026-11-04 10:00", failed(503, "carrier-a"), 20)
	now.add("2026-11-11 10:00", failed(503, "carrier-a"), 45)
	c := compare(now.Data, before.Data, q, q.Period.before(), false, []string{"trunk"})
	if r := changeOf(t, c, "kpi", "failure_rate"); r.Phi < 5 || r.Significant || TwoProportions(20, 2020, 45, 2045) < 2.9 {
		t.Errorf("%+v", r)
	}
}

func TestMiddle(t *testing.T) {
	four := []Ratio{{Num: 1, Den: 10}, {Num: 9, Den: 10}, {Num: 3, Den: 10}, {Num: 4, Den: 20}}
	if m := middle(four); m.Num != 7 || m.Den != 30 {
		t.Errorf("%+v, want the two middle ones, 3 of 10 and 4 of 20", m)
	}
	if m := middle(nil); m.Den != 0 {
		t.Errorf("%+v of nothing", m)
	}
}

func TestDelayBootstrapIsFixed(t *testing.T) {
	now, before, q := twoWeeks(t, 10, 100, 10, 100)
	for i := range 60 {
		p := answered()
		p.Trunk = "carrier-a"
		now.call(q.Period.From.Add(time.Duration(i)*time.Hour), p, 5000, 1000).PDD = 4000 + int64(i)*10
		before.call(q.Period.From.AddDate(0, 0, -7).Add(time.Duration(i)*time.Hour), p, 5000, 1000).PDD = 1000 + int64(i)*10
	}
	run := func() Change {
		x := &comparer{now: now.Data, before: before.Data, q: q, beforeQ: Query{Period: q.Period.before()}}
		c := Change{NowValue: 4500, BeforeValue: 1500, Diff: 3000}
		x.testDelay(&c)
		return c
	}
	a, b := run(), run()
	if a != b || !a.Tested || !a.Material || a.Low < 2500 || a.High > 3500 || a.P > .01 {
		t.Errorf("%+v, again %+v", a, b)
	}
}

func TestAvailability(t *testing.T) {
	s := newSite(t)
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	s.source("2026-11-10 00:00", "2026-11-10 23:59")
	ok := answered()
	ok.Trunk = "carrier-a"
	begin := utc(t, "2026-11-10 10:00")
	put := func(minute int, p store.Profile, n int) {
		for range n {
			at := begin.Add(time.Duration(minute) * time.Minute)
			s.call(at, p, 10, -1)
			s.add(at.Format("2006-01-02 15:04"), p, 1)
		}
	}
	put(0, failed(503, "carrier-a"), 3) // down
	put(1, failed(503, "carrier-a"), 2) // down: half of four
	put(1, ok, 2)
	put(2, failed(503, "carrier-a"), 2) // two attempts are too few
	put(3, failed(404, "carrier-a"), 5) // numbers are no unavailability
	put(9, failed(0, "carrier-a"), 3)   // no response is
	put(9, ok, 2)
	list := availability(s.Data, q)
	if len(list) != 1 || list[0].Covered != 1440 || list[0].Unavailable != 3 || len(list[0].Spans) != 2 || list[0].Spans[0].Label != "Tue 10 Nov 10:00–10:02" {
		t.Errorf("%+v", list)
	}
}

func TestAnomalies(t *testing.T) {
	current := newSite(t)
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	var past []Past
	fill := func(s *site, from time.Time, extra func(h int) int64) {
		for h := range 168 {
			s.add(from.Add(time.Duration(h)*time.Hour).Format("2006-01-02 15:04"), answered(), 20+extra(h))
		}
		s.source(from.Format("2006-01-02 15:04"), from.AddDate(0, 0, 7).Add(-time.Minute).Format("2006-01-02 15:04"))
	}
	p := q.Period
	for i := range 3 {
		p = p.before()
		s := newSite(t)
		fill(s, p.From, func(h int) int64 { return int64((h + i) % 4) })
		past = append(past, Past{p, s.Data})
	}
	fill(current, q.Period.From, func(h int) int64 {
		switch h {
		case 30, 31, 32:
			return 60
		case 50: // one hour is no anomaly
			return 60
		}
		return 1
	})
	current.Past = past
	list := anomalies(current.Data, q)
	if len(list) != 1 || list[0].Metric != "calls" || stretch(list[0].From, list[0].To) != "Tue 10 Nov 06:00–09:00" || list[0].Weeks != 3 || list[0].Value != 240 {
		t.Errorf("%+v", list)
	}
	current.Past = past[:2]
	if list := anomalies(current.Data, q); len(list) != 0 {
		t.Errorf("two weeks make no band: %+v", list)
	}
}
