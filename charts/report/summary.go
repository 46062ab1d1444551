package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// summaryWidth is the longest line of a summary in characters.
const summaryWidth = 100

// Summary writes the report for a terminal or a mail: at most 25 lines, plain
// text, nothing in it that could steer the terminal.
func Summary(w io.Writer, r *analyze.Report) error {
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, strings.TrimRight(show.Cut(show.Clean(strings.ReplaceAll(fmt.Sprintf(format, args...), "\u00a0", " ")), summaryWidth), " "))
	}
	add("%s  %s  %s – %s %s", r.Title, periodName(r), show.Moment(r.Period.From), show.Moment(r.Period.To), r.Zone)
	add("coverage %s of %s, scope %s", show.Hours(r.Covered), show.Hours(r.Hours), r.Scope)
	add("")
	for _, v := range verdictLines(r.Verdict) {
		add("%s", v)
	}
	if len(r.Verdict) == 0 {
		add("No %s in %s.", show.Scope(r.Scope), periodName(r))
	}
	summaryKPIs(r, add)
	summaryCodes(r, add)
	if len(r.Findings) > 0 {
		add("")
		for _, f := range r.Findings[:min(2, len(r.Findings))] {
			title, _, _ := strings.Cut(f.Title, "; ") // what was to be expected stands on the page
			for i, l := range verdictLines([]string{title}) {
				add("%s%s", [...]string{"! ", "  "}[min(i, 1)], l)
			}
		}
	} else if len(r.Incidents) > 0 {
		add("")
		for _, in := range r.Incidents[:min(2, len(r.Incidents))] {
			add("! %s: %s", show.Span(in.From, in.To), incidentTitle(r, in))
		}
	}
	if len(lines) < 23 {
		add("")
	}
	add("%s", equation(r))
	var rejected int64
	for _, s := range r.Sources {
		rejected += s.Rejected
	}
	add("sources %d, rejected records %s, warnings %d", len(r.Sources), show.Count(rejected), len(r.Warnings))
	b := bufio.NewWriter(w)
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return b.Flush()
}

// verdictLines breaks the first sentences into at most five lines; a sentence
// that does not fit is left out whole.
func verdictLines(sentences []string) []string {
	var lines []string
	for _, s := range sentences {
		more := lines[:len(lines):len(lines)]
		for i, word := range strings.Fields(show.Clean(s)) {
			if last := len(more) - 1; i > 0 && utf8.RuneCountInString(more[last]+" "+word) <= summaryWidth-2 {
				more[last] += " " + word
				continue
			}
			more = append(more, word)
		}
		if len(more) <= 5 {
			lines = more
		}
	}
	return lines
}

func summaryKPIs(r *analyze.Report, add func(string, ...any)) {
	rows := 0
	for _, name := range []string{"calls", "failure_rate", "asr", "ner", "pdd_p95"} {
		for _, m := range r.KPIs {
			if m.Name != name {
				continue
			}
			if rows == 0 {
				add("")
				add("%s %12s %12s", pad("", 44), periodName(r), "before")
			}
			rows++
			add("%s %12s %12s", pad(m.Label, 44), valueOf(m), valueOf(r.Previous[name]))
		}
	}
}

// summaryCodes lists what failed most.
func summaryCodes(r *analyze.Report, add func(string, ...any)) {
	rows := 0
	worst := slices.Clone(r.Codes)
	slices.SortStableFunc(worst, func(a, b analyze.CodeRow) int { return cmp.Compare(b.Failed, a.Failed) })
	for _, c := range worst {
		if c.Failed == 0 || rows == 4 {
			continue
		}
		if rows == 0 {
			add("")
			add("%s %12s %12s", pad("failed with", 44), show.Scope(r.Scope), "of failures")
		}
		rows++
		add("%s %12s %12s", pad(c.Label, 44), show.Count(c.Failed), shareOf(c.OfFailures))
	}
}

// pad fills or cuts s to n characters.
func pad(s string, n int) string {
	s = show.Cut(show.Clean(s), n)
	return s + strings.Repeat(" ", n-utf8.RuneCountInString(s))
}
