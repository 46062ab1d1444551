package analyze

import (
	"fmt"
	"strconv"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// thousands writes 1204 as "1,204".
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func percent(fraction float64) string { return fmt.Sprintf("%.1f %%", 100*fraction) }

// instant writes "Tue 10 Nov 14:00", with seconds where they matter.
func instant(t time.Time, seconds bool) string {
	if seconds {
		return t.Format("Mon 2 Jan 15:04:05")
	}
	return t.Format("Mon 2 Jan 15:04")
}

// stretch writes "Tue 10 Nov 14:00–17:15", with both days where they differ.
func stretch(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return instant(from, false) + "–" + to.Format("15:04")
	}
	return instant(from, false) + " – " + instant(to, false)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}
