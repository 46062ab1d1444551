package analyze

import (
	"slices"
	"testing"
	"time"
)

// A holiday on Wednesday takes the Wednesday of both weeks out of the comparison:
// the calls that were not made are no change.
func TestCompareWithoutHolidays(t *testing.T) {
	now, before, q := twoWeeks(t, 50, 10_000, 50, 10_000)
	wednesday := week(t, "2026-W46", time.UTC).From.AddDate(0, 0, 2)
	now.Cells = slices.DeleteFunc(now.Cells, func(c Cell) bool {
		return c.Time >= wednesday.UnixMicro() && c.Time < wednesday.AddDate(0, 0, 1).UnixMicro()
	})
	c := compare(now.Data, before.Data, q, q.Period.before(), false, []string{"trunk", "hour"})
	if r := changeOf(t, c, "kpi", "calls"); r.NowValue >= 9000 || r.BeforeValue != 10_000 || len(c.LeftOut) > 0 {
		t.Errorf("with the holiday: %+v, left out %v", r, c.LeftOut)
	}
	q.Holidays = []string{"2026-11-11", "2026-12-25"}
	c = compare(now.Data, before.Data, q, q.Period.before(), false, []string{"trunk", "hour"})
	if want := []string{"2026-11-04", "2026-11-11"}; !slices.Equal(c.LeftOut, want) {
		t.Errorf("left out %v, want %v", c.LeftOut, want)
	}
	for _, key := range [][2]string{{"kpi", "calls"}, {"trunk", "carrier-a"}, {"hour", "10"}} {
		r := changeOf(t, c, key[0], key[1])
		n, m := r.NowValue, r.BeforeValue
		if key[0] != "kpi" {
			n, m = float64(r.Now.Den), float64(r.Before.Den)
		}
		if n > m*1.01 || n < m*.99 || n == 0 {
			t.Errorf("%v: %v now, %v before", key, n, m)
		}
	}
	if e := c.Effects; e.Volume > 2 || e.Volume < -2 {
		t.Errorf("effects %+v", e)
	}
}

// Of periods that are not weeks only the holidays themselves go.
func TestLeftOut(t *testing.T) {
	november, _ := ParsePeriod("2026-11-01", "2026-12-01", time.UTC)
	_, names := leftOut([]string{"2026-11-11"}, []Period{november, november.before()})
	if want := []string{"2026-11-11"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	berlin := zoneNamed(t, "Europe/Berlin")
	without, names := leftOut([]string{"2026-10-25"}, []Period{week(t, "2026-W43", berlin), week(t, "2026-W42", berlin)})
	if want := []string{"2026-10-18", "2026-10-25"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if h := without[0].To.Sub(without[0].From).Hours(); h != 25 {
		t.Errorf("the day on which clocks are set back has %v hours", h)
	}
	if _, err := ParseHolidays("--holidays", []string{"2026-12-25", "Christmas"}); err == nil || err.Error() != `--holidays: "Christmas", want days such as 2026-12-25` {
		t.Error(err)
	}
}

// A holiday is no anomaly, and no measure for one.
func TestAnomaliesWithoutHolidays(t *testing.T) {
	current, q := newSite(t), Query{Period: week(t, "2026-W46", time.UTC)}
	fill := func(s *site, from time.Time, skip int) {
		for h := range 168 {
			if h/24 != skip {
				s.add(from.Add(time.Duration(h)*time.Hour).Format("2006-01-02 15:04"), answered(), 50)
			}
		}
		s.source(from.Format("2006-01-02 15:04"), from.AddDate(0, 0, 7).Add(-time.Minute).Format("2006-01-02 15:04"))
	}
	fill(current, q.Period.From, 2)
	p := q.Period
	for i := range 4 {
		p = p.before()
		s := newSite(t)
		fill(s, p.From, 3-7*min(i, 1)) // Thursday of the last week was a holiday too
		current.Past = append(current.Past, Past{p, s.Data})
	}
	if list := anomalies(current.Data, q); len(list) != 1 || list[0].From.Weekday() != time.Wednesday {
		t.Errorf("%+v", list)
	}
	q.Holidays = []string{"2026-11-11", "2026-11-05"}
	if list := anomalies(current.Data, q); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	// A quiet Thursday is an anomaly if the holiday of the week before is no measure.
	thursday := q.Period.From.AddDate(0, 0, 3)
	current.Cells = slices.DeleteFunc(current.Cells, func(c Cell) bool {
		return c.Time >= thursday.UnixMicro() && c.Time < thursday.AddDate(0, 0, 1).UnixMicro()
	})
	if list := anomalies(current.Data, q); len(list) != 1 || !list[0].From.Equal(thursday) || list[0].Weeks != 3 {
		t.Errorf("%+v", list)
	}
}
