package report

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts"
)

// table is one CSV file: a header and rows of cells that are already text.
type table struct {
	name string
	head []string
	rows [][]string
}

// csv writes RFC 4180 with a header row and CRLF, in UTF-8.
func (t table) csv() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	w.Write(t.head)
	for _, r := range t.rows {
		w.Write(r)
	}
	w.Flush() // a bytes.Buffer does not fail
	return b.Bytes()
}

// guard makes a cell that a spreadsheet would take for a formula into text:
// whatever begins with = + - @ TAB or CR gets an apostrophe in front, unless it
// is a plain number (OWASP, CSV injection).
func guard(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if plainNumber(s) {
		return s
	}
	return "'" + s
}

// plainNumber accepts -12 and -0.5; not +49…, which is a telephone number.
func plainNumber(s string) bool {
	digits, ok := strings.CutPrefix(s, "-")
	if !ok {
		return false
	}
	whole, fraction, dot := strings.Cut(digits, ".")
	return allDigits(whole) && (!dot || allDigits(fraction))
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func integer(n int64) string { return strconv.FormatInt(n, 10) }

func float(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// fraction is a ratio's value and interval; empty cells where it has none.
func fraction(q analyze.Ratio) []string {
	v, ok := q.Value()
	if !ok {
		return []string{"", "", ""}
	}
	return []string{float(v), float(q.Low), float(q.High)}
}

var outcomeHead = []string{"count", "answered", "user", "abandoned", "failed", "redirected", "in_progress", "completed_elsewhere", "not_connected"}

func outcomeCells(t analyze.Tally) []string {
	var cells []string
	for _, n := range []int64{t.Count, t.Answered, t.User, t.Abandoned, t.Failed, t.Redirected, t.InProgress, t.CompletedElsewhere, t.NotConnected} {
		cells = append(cells, integer(n))
	}
	return cells
}

func join(parts ...[]string) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// tables are all CSV files of the pack.
func tables(r *analyze.Report) []table {
	list := []table{kpiTable(r), codeTable(r), trunkTable(r), dayTable(r), trendTable(r), hourTable(r), delayTable(r), incidentTable(r)}
	list = append(list, whyTables(r)...)
	return append(list, ledgerTable(r), excludedTable(r), sourceTable(r), rejectTable(r))
}

func kpiTable(r *analyze.Report) table {
	t := table{name: "kpis", head: []string{"name", "label", "unit", "value", "low", "high", "numerator", "denominator", "n", "previous", "note", "definition"}}
	value := func(m analyze.Metric) []string {
		switch {
		case !m.OK:
			return []string{"", "", ""}
		case m.Kind == "ratio":
			return fraction(m.Ratio)
		}
		return []string{float(m.Value), "", ""}
	}
	for _, m := range r.KPIs {
		var num, den string
		if m.Kind == "ratio" {
			num, den = integer(m.Ratio.Num), integer(m.Ratio.Den)
		}
		t.rows = append(t.rows, join([]string{guard(m.Name), guard(m.Label), guard(m.Unit)}, value(m),
			[]string{num, den, integer(m.N), value(r.Previous[m.Name])[0], guard(m.Note), guard(m.Definition)}))
	}
	return t
}

func codeTable(r *analyze.Report) table {
	t := table{name: "codes", head: join([]string{"class", "code", "label"}, outcomeHead,
		[]string{"of_finals", "of_failures", "top_cause", "meaning", "first_check", "calls"})}
	for _, c := range r.Codes {
		t.rows = append(t.rows, join([]string{guard(c.Class), strconv.Itoa(c.Code), guard(c.Label)}, outcomeCells(c.Tally),
			[]string{fraction(c.OfFinals)[0], fraction(c.OfFailures)[0], guard(c.TopCause), guard(c.Meaning), guard(c.FirstCheck), guard(strings.Join(c.Examples, " "))}))
	}
	return t
}

func trunkTable(r *analyze.Report) table {
	t := groupTable("trunks", r.Trunks)
	t.head[0] = "trunk"
	return t
}

func dayTable(r *analyze.Report) table {
	t := table{name: "days", head: join([]string{"day", "data"}, charts.Classes)}
	for _, d := range r.Days {
		row := []string{d.Day.Format(time.DateOnly), strconv.FormatBool(d.Data)}
		for _, c := range charts.Classes {
			cell := ""
			if d.Data {
				cell = integer(d.Counts[c])
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func trendTable(r *analyze.Report) table {
	t := table{name: "trend", head: []string{"day", "data", "asr", "asr_low", "asr_high", "ner", "ner_low", "ner_high", "rated"}}
	for _, d := range r.Trend {
		t.rows = append(t.rows, join([]string{d.Day.Format(time.DateOnly), strconv.FormatBool(d.Data)}, fraction(d.ASR), fraction(d.NER), []string{integer(d.ASR.Den)}))
	}
	return t
}

func hourTable(r *analyze.Report) table {
	t := table{name: "heatmap", head: []string{"weekday", "hour", "state", "count", "rated", "failed"}}
	for _, c := range newHeatmap(r.Heat).Cells {
		t.rows = append(t.rows, []string{strconv.Itoa(c.Weekday), strconv.Itoa(c.Hour), c.State, integer(c.Count), integer(c.Rated), integer(c.Failed)})
	}
	return t
}

func delayTable(r *analyze.Report) table {
	t := table{name: "pdd", head: []string{"low_ms", "high_ms", "n"}}
	for _, b := range r.PDD.Bins {
		t.rows = append(t.rows, []string{integer(b.LowMS), integer(b.HighMS), integer(b.N)})
	}
	return t
}

func incidentTable(r *analyze.Report) table {
	t := table{name: "incidents", head: []string{"from", "to", "trunk", "code", "cause", "failed", "expected", "calls"}}
	for _, in := range r.Incidents {
		t.rows = append(t.rows, []string{when(in.From), when(in.To), guard(in.Trunk), strconv.Itoa(in.Code), guard(in.Cause),
			integer(in.Failed), float(in.Expected), guard(strings.Join(in.Calls, " "))})
	}
	return t
}

func ledgerTable(r *analyze.Report) table {
	t := table{name: "ledger", head: []string{"step", "label", "n", "note"}}
	steps := map[string]string{"": "count", "-": "minus", "=": "sum"}
	for _, l := range r.Ledger {
		t.rows = append(t.rows, []string{steps[l.Sign], guard(l.Label), integer(l.N), guard(l.Note)})
	}
	return t
}

func excludedTable(r *analyze.Report) table {
	t := table{name: "excluded", head: []string{"name", "count"}}
	for _, e := range r.Excluded {
		t.rows = append(t.rows, []string{guard(e.Name), integer(e.Count)})
	}
	return t
}

func sourceTable(r *analyze.Report) table {
	t := table{name: "sources", head: []string{"path", "format", "sha256", "records", "rejected", "first", "last", "tz", "tz_from", "state", "note"}}
	for _, s := range r.Sources {
		t.rows = append(t.rows, []string{guard(s.Path), guard(s.Format), guard(s.SHA256), integer(s.Records), integer(s.Rejected),
			when(s.First), when(s.Last), guard(s.TZ), guard(s.TZFrom), guard(s.State), guard(s.Note)})
	}
	return t
}

func rejectTable(r *analyze.Report) table {
	t := table{name: "rejects", head: []string{"path", "line", "reason", "count", "sample"}}
	for _, x := range r.Rejects {
		t.rows = append(t.rows, []string{guard(x.Path), integer(x.Line), guard(x.Reason), integer(x.Count), guard(x.Sample)})
	}
	return t
}
