// Package show writes numbers, times and foreign text for people: the same in
// the charts, on the page and on the terminal.
package show

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// None stands where a figure has no value: a ratio over 0, no data.
const None = "–"

// Count is a whole number with thousands separated by commas.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Short is a count for a narrow axis: 950, 12k, 1.5M, 3G.
func Short(n float64) string {
	units := []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}
	for _, u := range units {
		if n >= u.of*10 || n >= u.of && u.of > 1e3 {
			return strconv.FormatFloat(n/u.of, 'g', 4, 64) + u.name
		}
	}
	return Count(int64(n))
}

// Percent is a fraction as a percentage with one decimal. What is neither none
// nor all never looks like it: "<0.1 %", ">99.9 %".
func Percent(f float64) string {
	switch {
	case f <= 0:
		return "0" + nbsp + "%"
	case f >= 1:
		return "100" + nbsp + "%"
	case f < 0.0005:
		return "<0.1" + nbsp + "%"
	case f > 0.9995:
		return ">99.9" + nbsp + "%"
	}
	return strconv.FormatFloat(100*f, 'f', 1, 64) + nbsp + "%"
}

// Part is num/den as a percentage, None where den is 0.
func Part(num, den int64) string {
	if den == 0 {
		return None
	}
	return Percent(float64(num) / float64(den))
}

// Interval is a pair of fractions as "4.9–7.8 %".
func Interval(low, high float64) string {
	return fmt.Sprintf("%.1f–%.1f%s%%", 100*low, 100*high, nbsp)
}

// Points is a difference of fractions in percentage points: "+0.8", "−12.4"; "0.0"
// has no sign.
func Points(f float64) string { return Signed(100*f, 1) }

// Signed is a number with its sign, to a number of decimals; a zero has none.
func Signed(f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	switch digits := strings.TrimPrefix(s, "-"); {
	case strings.Trim(digits, "0.") == "":
		return digits
	case digits != s:
		return "−" + digits
	}
	return "+" + s
}

// Millis is a delay: "740 ms" under a second, then "1.24 s".
func Millis(ms int64) string {
	if ms < 0 {
		return None
	}
	if ms < 1000 {
		return strconv.FormatInt(ms, 10) + nbsp + "ms"
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 2, 64) + nbsp + "s"
}

// Moment is a time to the minute with its weekday.
func Moment(t time.Time) string {
	if t.IsZero() {
		return None
	}
	return t.Format("Mon 2006-01-02 15:04")
}

// Span is a stretch of time; the day is said once where it is one day.
func Span(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format("Mon 2006-01-02 15:04–") + to.Format("15:04")
	}
	return Moment(from) + " – " + Moment(to)
}

// Hours is a number of hours without needless decimals: "168 h", "167.5 h".
func Hours(h float64) string {
	return strconv.FormatFloat(float64(int64(h*10+0.5))/10, 'f', -1, 64) + nbsp + "h"
}

// Scope is the plural of what a scope counts: "calls", "attempts".
func Scope(scope string) string {
	if scope == "leg" {
		return "attempts"
	}
	return "calls"
}

// Counted is a number of what a scope counts: "1 call", "4,032 attempts".
func Counted(n int64, scope string) string {
	if n == 1 {
		return "1 " + strings.TrimSuffix(Scope(scope), "s")
	}
	return Count(n) + " " + Scope(scope)
}

// Clean makes foreign text safe to print in one line: control characters (among
// them those of terminal escapes), line and paragraph separators and characters
// that turn the direction of writing become "·"; broken UTF-8 becomes U+FFFD.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == 0xFFFE || r == 0xFFFF {
			return '·'
		}
		return r
	}, s)
}

// Cut shortens text to max runes, the last one an ellipsis.
func Cut(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	return string(r[:max-1]) + "…"
}
