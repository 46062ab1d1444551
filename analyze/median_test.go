package analyze

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// ordinaryWeeks are a week of n calls with so long a delay and four before it, the third
// of them out of the ordinary. Calls come by the clock, and vary.
func ordinaryWeeks(t *testing.T, n int, delay int64) (*site, Query) {
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	ok := answered()
	ok.Trunk = "carrier-a"
	fill := func(p Period, n int, delay int64, odd int) *site {
		s := newSite(t)
		for i := range n {
			hour := i % 168
			c := s.call(p.From.Add(time.Duration(hour)*time.Hour+time.Duration(i%3000)*time.Second), ok, 5000, 60_000)
			c.PDD = delay + int64((i*7+odd*13+hour*29)%400)
			s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
			if (hour+odd)%5 == 0 { // some hours have more one week, some another
				s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
			}
			s.Delays = append(s.Delays, delaysOf(*c, s.Profiles[c.Profile])...)
		}
		return s
	}
	now := fill(q.Period, n, delay, 0)
	now.source("2026-10-12 00:01", "2026-11-15 23:59")
	p := q.Period
	for i, calls := range []int{4000, 4100, 9000, 3900} {
		p = p.before()
		ms := int64(1000)
		if calls == 9000 {
			ms = 9000
		}
		now.Past = append(now.Past, Past{p, fill(p, calls, ms, i+1).Data})
	}
	return now, q
}

// Against the median of four weeks (weekly_report.md §3): the odd one of them is
// no measure, and counts and delays are tested as they are against one week.
func TestCompareWithMedian(t *testing.T) {
	for _, x := range []struct {
		calls int
		delay int64
		want  string
	}{
		{4000, 1000, "calls false  pdd false "},
		{6500, 4000, "calls true ▲ pdd true ▲"},
		{2000, 500, "calls true ▼ pdd true ▼"},
	} {
		now, q := ordinaryWeeks(t, x.calls, x.delay)
		c := compare(now.Data, now.Past[0].Data, q, q.Period.before(), true, nil)
		calls, pdd := changeOf(t, c, "kpi", "calls"), changeOf(t, c, "kpi", "pdd_p95")
		if c.With != "median" || calls.Weeks != 4 || pdd.Weeks != 4 || !calls.Tested || !pdd.Tested {
			t.Errorf("%d calls: %+v\n%+v", x.calls, calls, pdd)
		}
		if got := fmt.Sprint("calls ", calls.Significant, " ", calls.Arrow, " pdd ", pdd.Significant, " ", pdd.Arrow); got != x.want {
			t.Errorf("%d calls, %d ms: %s, want %s", x.calls, x.delay, got, x.want)
		}
		if math.Abs(calls.BeforeValue-4860) > 60 || math.Abs(pdd.BeforeValue-1380) > 60 || calls.Low > calls.Diff || calls.High < calls.Diff || pdd.Low > pdd.Diff+30 || pdd.High < pdd.Diff-30 {
			t.Errorf("%d calls: %+v\n%+v", x.calls, calls, pdd)
		}
	}
}

// The median of a delay is one of all weeks of the database, not of the last.
func TestMedianReadsAllWeeks(t *testing.T) {
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	var list []store.Attempt
	for w := range 4 {
		for i := range 60 {
			a := attempt(q.Period.From.AddDate(0, 0, -7*w).Add(time.Duration(i)*2*time.Hour+time.Minute), store.ScopeBoth, codes.Answered, 200, "carrier-a", itoa(100+i))
			a.PDD, a.Talk = []int64{5000, 9000, 1000, 1200}[w], 1000
			list = append(list, a)
		}
	}
	c, _, err := CompareFrom(context.Background(), stored(t, list...), q, CompareOptions{Median: true})
	if err != nil {
		t.Fatal(err)
	}
	if r := changeOf(t, c, "kpi", "pdd_p95"); r.Weeks != 3 || math.Abs(r.BeforeValue-1200) > 40 || !r.Tested || r.Low < 3000 {
		t.Errorf("%+v", r)
	}
}

// The verdict calls a change only what it gives the figures of: with a holiday,
// those of the days that are compared.
func TestVerdictWithoutHolidays(t *testing.T) {
	now, before, q := twoWeeks(t, 100, 10_000, 100, 10_000)
	for h := range 24 { // on the holiday of this week nearly nothing worked
		now.add(fmt.Sprintf("2026-11-11 %02d:00", h), failed(503, "carrier-a"), 40)
	}
	first := func(q Query) string { return BuildReport(now.Data, before.Data, q, "x").Verdict[0] }
	if s := first(q); !strings.Contains(s, "; the week before: 1.0 % of 10,000, a significant change.") && !strings.Contains(s, "; the week before: 1.0 % of 10,000, no") {
		t.Error(s)
	}
	q.Holidays = []string{"2026-11-11"}
	if s := first(q); !strings.HasPrefix(s, "1,060 of 10,960 calls failed") ||
		!strings.HasSuffix(s, "; without the holidays and their weekdays: 1.0 % of 8,572; the week before: 1.0 % of 8,572, no significant change of the week as a whole.") {
		t.Error(s)
	}
}
