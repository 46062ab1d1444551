package analyze

import (
	"testing"
	"time"
)

func TestWeekLabels(t *testing.T) {
	for day, want := range map[string]string{
		"2025-12-29": "2026-W01", "2026-12-31": "2026-W53", "2027-01-03": "2026-W53", "2027-01-04": "2027-W01",
	} {
		at, _ := time.Parse(time.DateOnly, day)
		if got := weekOf(at).Label; got != want {
			t.Errorf("%s is in %s, want %s", day, got, want)
		}
	}
}

func TestWeekLengths(t *testing.T) {
	for _, x := range []struct {
		zone, monday string
		hours        float64
	}{
		{"UTC", "2026-11-09", 168},
		{"Europe/Berlin", "2026-03-23", 167}, {"Europe/Berlin", "2026-10-19", 169},
		{"America/New_York", "2026-03-02", 167}, {"America/New_York", "2026-10-26", 169},
		{"Australia/Lord_Howe", "2026-03-30", 168.5},
	} {
		zone := zoneNamed(t, x.zone)
		monday, _ := time.ParseInLocation(time.DateOnly, x.monday, zone)
		p := week(t, weekLabel(monday), zone)
		if got := p.To.Sub(p.From).Hours(); got != x.hours || p.From.Format(time.DateOnly) != x.monday {
			t.Errorf("%s %s: %v hours from %s, want %v", x.zone, p.Label, got, p.From, x.hours)
		}
		if n := len(daysOf(p)); n != 7 {
			t.Errorf("%s %s has %d days", x.zone, p.Label, n)
		}
		before := p.before()
		if want := weekLabel(monday.AddDate(0, 0, -7)); before.Label != want || !before.To.Equal(p.From) || before.From.Hour() != 0 {
			t.Errorf("before %s: %+v, want %s", p.Label, before, want)
		}
	}
}

func TestWeekWords(t *testing.T) {
	now := utc(t, "2027-01-06 12:00")
	for word, want := range map[string]string{"this": "2027-W01", "last": "2026-W53", "2026-w46": "2026-W46", "2026-W53": "2026-W53"} {
		p, err := ParseWeek(word, now, time.UTC)
		if err != nil || p.Label != want {
			t.Errorf("--week %s: %s, %v, want %s", word, p.Label, err, want)
		}
	}
	for word, want := range map[string]string{
		"46":       `--week: "46"; want 2026-W46, this or last`,
		"2026-W1":  `--week: "2026-W1"; want 2026-W46, this or last`,
		"2025-W53": `--week: "2025-W53"; the weeks of 2025 are W01 to W52`,
		"2026-W00": `--week: "2026-W00"; the weeks of 2026 are W01 to W53`,
	} {
		if _, err := ParseWeek(word, now, time.UTC); err == nil || err.Error() != want {
			t.Errorf("--week %s: %v, want %s", word, err, want)
		}
	}
}

// Midnight does not happen on 2018-11-04 in São Paulo, and twice on 2026-11-01
// in Havana.
func TestDayStart(t *testing.T) {
	for _, x := range []struct{ zone, day, want string }{
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"},
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00"},
		{"Asia/Beirut", "2026-03-29", "2026-03-29T01:00:00+03:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00"},
	} {
		p, err := ParsePeriod(x.day, "", zoneNamed(t, x.zone))
		if err != nil || p.From.Format(time.RFC3339) != x.want {
			t.Errorf("%s %s begins %s, %v, want %s", x.zone, x.day, p.From.Format(time.RFC3339), err, x.want)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	berlin := zoneNamed(t, "Europe/Berlin")
	for _, x := range []struct{ from, to, wantFrom, wantTo, label string }{
		{"2026-11-09", "2026-11-16", "2026-11-09T00:00:00+01:00", "2026-11-16T00:00:00+01:00", "2026-11-09 – 2026-11-15"},
		{"2026-11-10", "2026-11-11", "2026-11-10T00:00:00+01:00", "2026-11-11T00:00:00+01:00", "2026-11-10"},
		{"2026-11-10T14:00", "2026-11-10 17:15:00", "2026-11-10T14:00:00+01:00", "2026-11-10T17:15:00+01:00", "2026-11-10 14:00 – 2026-11-10 17:15"},
		{"2026-11-10T14:00:00Z", "", "2026-11-10T15:00:00+01:00", "", "from 2026-11-10 15:00"},
		{"", "", "", "", "all"},
	} {
		p, err := ParsePeriod(x.from, x.to, berlin)
		if err != nil || rfc3339(p.From) != x.wantFrom || rfc3339(p.To) != x.wantTo || p.Label != x.label {
			t.Errorf("%q to %q: %s to %s, %q, %v", x.from, x.to, rfc3339(p.From), rfc3339(p.To), p.Label, err)
		}
	}
	for _, x := range [][3]string{
		{"10.11.2026", "", `--from: "10.11.2026"; want 2026-11-09, 2026-11-09T14:00 or 2026-11-09T14:00:00+01:00`},
		{"2026-11-10", "2026-11-10", `--to: "2026-11-10" is not after --from "2026-11-10"`},
	} {
		if _, err := ParsePeriod(x[0], x[1], berlin); err == nil || err.Error() != x[2] {
			t.Errorf("%q to %q: %v, want %s", x[0], x[1], err, x[2])
		}
	}
}

func TestPeriodBefore(t *testing.T) {
	p, _ := ParsePeriod("2026-11-10T14:00", "2026-11-10T17:00", time.UTC)
	if b := p.before(); rfc3339(b.From) != "2026-11-10T11:00:00Z" || !b.To.Equal(p.From) {
		t.Errorf("three hours before 14:00: %+v", b)
	}
	p, _ = ParsePeriod("2026-11-10", "2026-11-12", time.UTC)
	if b := p.before(); b.Label != "2026-11-08 – 2026-11-09" {
		t.Errorf("two days before 10 November: %+v", b)
	}
	if b := (Period{}).before(); !b.From.IsZero() || !b.To.IsZero() {
		t.Errorf("before all time: %+v", b)
	}
}

func TestWeekStart(t *testing.T) {
	berlin, newYork := zoneNamed(t, "Europe/Berlin"), zoneNamed(t, "America/New_York")
	for _, x := range []struct {
		week  string
		zone  *time.Location
		first time.Weekday
		want  string
		hours float64
	}{
		{"2026-11-18", berlin, time.Sunday, "week of 2026-11-15", 168},
		{"2026-11-15", berlin, time.Sunday, "week of 2026-11-15", 168},
		{"2026-11-15", berlin, time.Saturday, "week of 2026-11-14", 168},
		{"2026-10-25", berlin, time.Sunday, "week of 2026-10-25", 169}, // the clock goes back on its first day
		{"2026-03-08", newYork, time.Sunday, "week of 2026-03-08", 167},
		{"2026-W53", berlin, time.Monday, "2026-W53", 168},
		{"2026-W43", berlin, time.Monday, "2026-W43", 169},
	} {
		p, err := ParseWeekFrom(x.week, time.Time{}, x.zone, x.first)
		if err != nil || p.Label != x.want || p.To.Sub(p.From).Hours() != x.hours {
			t.Errorf("%s from %s: %q, %v h, %v; want %q, %v h", x.week, x.first, p.Label, p.To.Sub(p.From).Hours(), err, x.want, x.hours)
		}
	}
	p, _ := ParseWeekFrom("2026-11-18", time.Time{}, berlin, time.Sunday)
	if b := p.before(); b.Label != "week of 2026-11-08" || !b.To.Equal(p.From) {
		t.Errorf("the week before: %+v", b)
	}
	if _, err := ParseWeekFrom("2026-W46", time.Time{}, berlin, time.Sunday); err == nil {
		t.Error("an ISO number for a week from Sunday")
	}
	if b := week(t, "2027-W01", berlin).before(); b.Label != "2026-W53" {
		t.Errorf("before 2027-W01: %s", b.Label)
	}
	if _, err := ParseWeekStart("tue"); err == nil {
		t.Error("a week from Tuesday")
	}
}
