package analyze

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseWeek reads 2026-W46, this or last: the ISO 8601 week, Monday to Monday by
// the clocks of the zone, so that a week may have 167 or 169 hours.
func ParseWeek(s string, now time.Time, zone *time.Location) (Period, error) {
	switch strings.ToLower(s) {
	case "this":
		return weekOf(now.In(zone)), nil
	case "last":
		return weekOf(now.In(zone)).before(), nil
	}
	y, w, ok := strings.Cut(strings.ToUpper(s), "-W")
	year, err1 := strconv.Atoi(y)
	week, err2 := strconv.Atoi(w)
	if !ok || err1 != nil || err2 != nil || len(y) != 4 || len(w) != 2 {
		return Period{}, fmt.Errorf("--week: %q; want 2026-W46, this or last", s)
	}
	if last := weeksIn(year); week < 1 || week > last {
		return Period{}, fmt.Errorf("--week: %q; the weeks of %d are W01 to W%d", s, year, last)
	}
	// 4 January is always in week 1.
	return weekOf(time.Date(year, 1, 4+7*(week-1), 12, 0, 0, 0, zone)), nil
}

// ParseWeekFrom is ParseWeek for weeks that begin on another day. Their name is
// the day they begin on, never an ISO number: the week is given as this, last or a
// date that lies in it.
func ParseWeekFrom(s string, now time.Time, zone *time.Location, first time.Weekday) (Period, error) {
	if first == time.Monday {
		return ParseWeek(s, now, zone)
	}
	switch strings.ToLower(s) {
	case "this":
		return weekFrom(now.In(zone), first), nil
	case "last":
		return weekFrom(now.In(zone), first).before(), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Period{}, fmt.Errorf("--week: %q; want a date such as 2026-11-15, this or last: only weeks from Monday have numbers", s)
	}
	return weekFrom(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, zone), first), nil
}

const weekPrefix = "week of "

func weekFrom(t time.Time, first time.Weekday) Period {
	day := t.Day() - (int(t.Weekday())-int(first)+7)%7
	from := dayStart(t.Year(), t.Month(), day, t.Location())
	return Period{From: from, To: dayStart(t.Year(), t.Month(), day+7, t.Location()), Label: weekPrefix + from.Format(time.DateOnly)}
}

// ParseWeekStart reads --week-start: mon, sun or sat.
func ParseWeekStart(s string) (time.Weekday, error) {
	switch strings.ToLower(s) {
	case "", "mon":
		return time.Monday, nil
	case "sun":
		return time.Sunday, nil
	case "sat":
		return time.Saturday, nil
	}
	return 0, fmt.Errorf("--week-start: %q, want mon, sun or sat", s)
}

func weekOf(t time.Time) Period {
	monday := t.Day() - (int(t.Weekday())+6)%7
	from := dayStart(t.Year(), t.Month(), monday, t.Location())
	return Period{From: from, To: dayStart(t.Year(), t.Month(), monday+7, t.Location()), Label: weekLabel(from)}
}

// weeksIn is 52 or 53: 28 December is always in the last week.
func weeksIn(year int) int {
	_, week := time.Date(year, 12, 28, 12, 0, 0, 0, time.UTC).ISOWeek()
	return week
}

// dayStart is the first instant of a local day: midnight, or where the clock
// skips midnight the instant after, or where it has two the first.
func dayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if t.Day() != noon.Day() || t.Hour() != 0 {
		if start, _ := noon.ZoneBounds(); start.Day() == noon.Day() {
			return start
		}
		return t
	}
	for _, step := range []time.Duration{time.Hour, 30 * time.Minute} {
		if earlier := t.Add(-step); earlier.Day() == t.Day() {
			return earlier
		}
	}
	return t
}

// before is the period of the same length in days that ends where p begins; of
// the same length in time where p is not whole days.
func (p Period) before() Period {
	if p.From.IsZero() || p.To.IsZero() {
		return Period{}
	}
	days := daysOf(p)
	if n := len(days); n > 0 && days[0].Equal(p.From) && isDayStart(p.To) {
		y, m, d := p.From.Date()
		prev := Period{From: dayStart(y, m, d-n, p.From.Location()), To: p.From}
		prev.Label = labelOf(prev)
		if n == 7 && prev.From.Weekday() == time.Monday {
			prev.Label = weekLabel(prev.From)
		}
		if strings.HasPrefix(p.Label, weekPrefix) {
			prev.Label = weekPrefix + prev.From.Format(time.DateOnly)
		}
		return prev
	}
	prev := Period{From: p.From.Add(-p.To.Sub(p.From)), To: p.From}
	prev.Label = labelOf(prev)
	return prev
}

func isDayStart(t time.Time) bool {
	y, m, d := t.Date()
	return dayStart(y, m, d, t.Location()).Equal(t)
}

// daysOf are the first instants of the local days that the period touches.
func daysOf(p Period) []time.Time {
	var days []time.Time
	if p.From.IsZero() || p.To.IsZero() {
		return nil
	}
	y, m, d := p.From.Date()
	for i := 0; ; i++ {
		t := dayStart(y, m, d+i, p.From.Location())
		if !t.Before(p.To) {
			return days
		}
		if len(days) == 0 || t.After(days[len(days)-1]) {
			days = append(days, t)
		}
	}
}

// layouts of --from and --to without a zone.
var layouts = []string{
	time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
}

// ParsePeriod reads --from and --to: a date (its first instant in the zone), a
// date with a time, or RFC 3339; "" leaves that side open. The end is not part
// of the period.
func ParsePeriod(from, to string, zone *time.Location) (Period, error) {
	var p Period
	var err error
	if p.From, err = parseInstant("--from", from, zone); err != nil {
		return Period{}, err
	}
	if p.To, err = parseInstant("--to", to, zone); err != nil {
		return Period{}, err
	}
	if !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) {
		return Period{}, fmt.Errorf("--to: %q is not after --from %q", to, from)
	}
	p.Label = labelOf(p)
	return p, nil
}

func parseInstant(flag, s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(zone), nil
	}
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			continue
		}
		if layout == time.DateOnly {
			date, _ := time.Parse(layout, s) // in UTC no day begins late
			t = dayStart(date.Year(), date.Month(), date.Day(), zone)
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%s: %q; want 2026-11-09, 2026-11-09T14:00 or 2026-11-09T14:00:00+01:00", flag, s)
}

// labelOf names a period by its first and last day, or by its bounds where they
// are not whole days.
func labelOf(p Period) string {
	switch {
	case p.From.IsZero() && p.To.IsZero():
		return "all"
	case p.From.IsZero():
		return "until " + boundLabel(p.To)
	case p.To.IsZero():
		return "from " + boundLabel(p.From)
	case isDayStart(p.From) && isDayStart(p.To):
		first, last := p.From.Format(time.DateOnly), p.To.Add(-time.Second).Format(time.DateOnly)
		if first == last {
			return first
		}
		return first + " – " + last
	}
	return boundLabel(p.From) + " – " + boundLabel(p.To)
}

func boundLabel(t time.Time) string {
	if isDayStart(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}
