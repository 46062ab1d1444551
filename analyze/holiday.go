package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ParseHolidays reads days such as 2026-12-25, sorted and each once; flag is what
// the user wrote them after.
func ParseHolidays(flag string, list []string) ([]string, error) {
	var days []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return nil, fmt.Errorf("%s: %q, want days such as 2026-12-25", flag, s)
		}
		days = append(days, s)
	}
	slices.Sort(days)
	return slices.Compact(days), nil
}

func (q Query) holiday(t time.Time) bool {
	return len(q.Holidays) > 0 && slices.Contains(q.Holidays, t.In(q.zone()).Format(time.DateOnly))
}

// leftOut are the days that periods are compared without: holidays, and of weeks
// the same weekday of all, so that a week with a holiday is not held against one
// with a day more.
func leftOut(holidays []string, periods []Period) (without []Period, names []string) {
	if len(holidays) == 0 {
		return nil, nil
	}
	weeks := true
	weekdays := map[time.Weekday]bool{}
	for _, p := range periods {
		days := daysOf(p)
		weeks = weeks && (len(days) == 7 || p.From.IsZero())
		for _, d := range days {
			if slices.Contains(holidays, d.Format(time.DateOnly)) {
				weekdays[d.Weekday()] = true
			}
		}
	}
	for _, p := range periods {
		days := daysOf(p)
		for i, d := range days {
			name := d.Format(time.DateOnly)
			if slices.Contains(names, name) || !(weeks && weekdays[d.Weekday()] || slices.Contains(holidays, name)) {
				continue
			}
			without = append(without, Period{From: d, To: dayEnd(days, i)})
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return without, names
}

// leaves: the instant is in one of the periods.
func leaves(without []Period, at int64) bool {
	for i := range without {
		if without[i].contains(at) {
			return true
		}
	}
	return false
}
