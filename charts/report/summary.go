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
	"callsift/charts/internal/words"
)

// The longest line of a summary in characters, and how many there are at most.
const (
	summaryWidth = 100
	summaryLines = 25
)

// Summary writes the report for a terminal, in the language of the options: at most
// 25 lines, plain text, nothing in it that could steer the terminal.
func Summary(w io.Writer, r *analyze.Report, opt Options) error {
	l := opt.lang()
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, strings.TrimRight(cutTo(show.Clean(plainSpaces(fmt.Sprintf(format, args...))), summaryWidth), " "))
	}
	add("%s  %s  %s – %s %s", r.Title, periodName(r), l.Say(show.Moment(r.Period.From)), l.Say(show.Moment(r.Period.To)), r.Zone)
	add("%s", l.Say(fmt.Sprintf("coverage %s of %s, scope %s", show.Hours(r.Covered), show.Hours(r.Hours), r.Scope)))
	add("")
	for _, v := range verdictLines(saidAll(r.Verdict, l)) {
		add("%s", v)
	}
	if len(r.Verdict) == 0 {
		add("%s", l.Say(fmt.Sprintf("No %s in %s.", show.Scope(r.Scope), periodName(r))))
	}
	summaryFindings(r, l, add)
	kpis := []string{"calls", "failure_rate", "asr", "ner", "pdd_p95"}
	if len(r.Findings) > 0 {
		kpis = []string{"calls", "failure_rate", "pdd_p95"} // the sentences have the others
	}
	summaryKPIs(r, l, kpis, add)
	summaryCodes(r, l, min(4, summaryLines-2-2-len(lines)), add)
	if len(lines) < summaryLines-2 {
		add("")
	}
	add("%s", l.Say(equation(r)))
	var rejected int64
	for _, s := range r.Sources {
		rejected += s.Rejected
	}
	add("%s", l.Say(fmt.Sprintf("sources %d, rejected records %s, warnings %d", len(r.Sources), show.Count(rejected), len(r.Warnings))))
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
		for i, word := range fields(show.Clean(s)) {
			if last := len(more) - 1; i > 0 && columns(more[last]+word) <= summaryWidth-2 {
				more[last] += word
				continue
			}
			more = append(more, strings.TrimPrefix(word, " "))
		}
		if len(more) <= 5 {
			lines = more
		}
	}
	return lines
}

// summaryFindings tells the first two findings, and of the first whose it is and
// what to do; without findings, the incidents.
func summaryFindings(r *analyze.Report, l words.Lang, add func(string, ...any)) {
	if len(r.Findings)+len(r.Incidents) > 0 {
		add("")
	}
	for i, f := range r.Findings[:min(2, len(r.Findings))] {
		title := f.Title
		if i == 0 && f.Cause != "" && !strings.Contains(title, f.Cause) {
			title = l.Say(title) + " (" + l.Say(f.Cause) + ")"
		}
		indented("! ", l.Say(title), add)
		if i == 0 && f.FirstCheck != "" {
			indented("  ", l.Say(ownerText(f.Owner))+l.Say("check first: "+f.FirstCheck), add)
		}
	}
	if len(r.Findings) > 0 {
		return
	}
	for _, in := range r.Incidents[:min(2, len(r.Incidents))] {
		add("! %s: %s", l.Say(show.Span(in.From, in.To)), l.Say(incidentTitle(r, in)))
	}
}

// saidAll says each of some texts.
func saidAll(list []string, l words.Lang) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = l.Say(s)
	}
	return out
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

func summaryKPIs(r *analyze.Report, l words.Lang, names []string, add func(string, ...any)) {
	rows := 0
	for _, name := range names {
		for _, m := range r.KPIs {
			if m.Name != name {
				continue
			}
			if rows == 0 {
				add("")
				add("%s %s %s", pad("", 44), right(periodName(r), 12), right(l.Say("before"), 12))
			}
			rows++
			add("%s %s %s", pad(l.Say(m.Label), 44), right(l.Say(valueOf(m)), 12), right(l.Say(valueOf(r.Previous[name])), 12))
		}
	}
}

// summaryCodes lists what failed most, in so many rows.
func summaryCodes(r *analyze.Report, l words.Lang, most int, add func(string, ...any)) {
	rows := 0
	worst := slices.Clone(r.Codes)
	slices.SortStableFunc(worst, func(a, b analyze.CodeRow) int { return cmp.Compare(b.Failed, a.Failed) })
	for _, c := range worst {
		if c.Failed == 0 || rows >= most {
			continue
		}
		if rows == 0 {
			add("")
			add("%s %s %s", pad(l.Say("failed with"), 44), right(l.Say(show.Scope(r.Scope)), 12), right(l.Say("of failures"), 12))
		}
		rows++
		add("%s %12s %12s", pad(l.Say(c.Label), 44), show.Count(c.Failed), shareOf(c.OfFailures))
	}
}

// pad fills or cuts s to n columns.
func pad(s string, n int) string {
	s = cutTo(show.Clean(s), n)
	return s + strings.Repeat(" ", n-columns(s))
}

// right fills s with spaces before it.
func right(s string, n int) string { return strings.Repeat(" ", max(0, n-columns(s))) + s }

// wide are the characters that take two columns of a terminal: Chinese ones and
// their punctuation.
func wide(r rune) bool {
	return r >= 0x2E80 && r < 0xD7A4 || r >= 0xF900 && r < 0xFB00 || r >= 0xFE30 && r < 0xFFE7
}

// columns is how wide a text is on a terminal.
func columns(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if wide(r) {
			n++
		}
	}
	return n
}

// cutTo cuts a text to n columns.
func cutTo(s string, n int) string {
	for room := n; columns(s) > n; room-- {
		s = show.Cut(s, room)
	}
	return s
}

// fields are the pieces of a text between which a line may break, each but the first
// with the space before it; between Chinese characters it may break anywhere.
func fields(s string) []string {
	var list []string
	for i, word := range strings.Fields(s) {
		if i > 0 {
			word = " " + word
		}
		from := 0
		for at, r := range word {
			if wide(r) && at > from && !strings.ContainsRune(",。;:、)%月日年次时分秒个", r) {
				list, from = append(list, word[from:at]), at
			}
		}
		list = append(list, word[from:])
	}
	return list
}
