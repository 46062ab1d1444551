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

// The longest line of a summary in characters, and how many there are at most.
const (
	summaryWidth = 100
	summaryLines = 25
)

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
	summaryFindings(r, add)
	kpis := []string{"calls", "failure_rate", "asr", "ner", "pdd_p95"}
	if len(r.Findings) > 0 {
		kpis = []string{"calls", "failure_rate", "pdd_p95"} // the sentences have the others
	}
	summaryKPIs(r, kpis, add)
	summaryCodes(r, min(4, summaryLines-2-2-len(lines)), add)
	if len(lines) < summaryLines-2 {
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

// summaryFindings tells the first two findings, and of the first whose it is and
// what to do; without findings, the incidents.
func summaryFindings(r *analyze.Report, add func(string, ...any)) {
	if len(r.Findings)+len(r.Incidents) > 0 {
		add("")
	}
	for i, f := range r.Findings[:min(2, len(r.Findings))] {
		title := f.Title
		if i == 0 && f.Cause != "" && !strings.Contains(title, f.Cause) {
			title += " (" + f.Cause + ")"
		}
		indented("! ", title, add)
		if i == 0 && f.FirstCheck != "" {
			indented("  ", ownerText(f.Owner)+"check first: "+f.FirstCheck, add)
		}
	}
	if len(r.Findings) > 0 {
		return
	}
	for _, in := range r.Incidents[:min(2, len(r.Incidents))] {
		add("! %s: %s", show.Span(in.From, in.To), incidentTitle(r, in))
	}
}

// indented adds a text of at most three lines; the first begins with mark.
func indented(mark, text string, add func(string, ...any)) {
	lines := verdictLines([]string{text})
	for i, l := range lines[:min(3, len(lines))] {
		add("%s%s", [...]string{mark, "  "}[min(i, 1)], l)
	}
}

func ownerText(o analyze.Owner) string {
	return map[analyze.Owner]string{analyze.Ours: "Ours; ", analyze.Carrier: "The carrier's; ", analyze.Customer: "The customer's; "}[o]
}

func summaryKPIs(r *analyze.Report, names []string, add func(string, ...any)) {
	rows := 0
	for _, name := range names {
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

// summaryCodes lists what failed most, in so many rows.
func summaryCodes(r *analyze.Report, most int, add func(string, ...any)) {
	rows := 0
	worst := slices.Clone(r.Codes)
	slices.SortStableFunc(worst, func(a, b analyze.CodeRow) int { return cmp.Compare(b.Failed, a.Failed) })
	for _, c := range worst {
		if c.Failed == 0 || rows >= most {
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
