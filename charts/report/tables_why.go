package report

import (
	"strconv"
	"strings"
	"time"

	"callsift/analyze"
)

// whyTables are the tables that say why, where and when calls failed.
func whyTables(r *analyze.Report) []table {
	return []table{findingTable(r), actionTable(r), paretoTable(r), groupTable("prefixes", r.Prefixes), groupTable("callers", r.Callers),
		groupTable("user_agents", r.Agents), worstTable(r), changeTable(r), markTable(r), availabilityTable(r), anomalyTable(r),
		targetTable(r), laneTable(r), eventTable(r), loadTable(r)}
}

func findingTable(r *analyze.Report) table {
	t := table{name: "findings", head: []string{"rank", "title", "keys", "from", "to", "count", "failed", "expected", "excess", "share", "confidence",
		"owner", "cause", "why", "first_check", "setting", "evidence", "refute", "calls"}}
	for i := range r.Findings {
		f := &r.Findings[i]
		t.rows = append(t.rows, []string{strconv.Itoa(f.Rank), guard(f.Title), guard(keysText(f)), when(f.From), when(f.To), integer(f.Count), integer(f.Failed),
			float(f.Expected), float(f.Excess), float(f.Share), float(f.Confidence), guard(string(f.Owner)), guard(f.Cause), guard(f.Why), guard(f.FirstCheck),
			guard(f.Setting), guard(strings.Join(f.Evidence, " ")), guard(strings.Join(f.Refute, " ")), guard(strings.Join(f.Calls, " "))})
	}
	return t
}

func actionTable(r *analyze.Report) table {
	t := table{name: "actions", head: []string{"finding", "what", "evidence", "owner", "verify"}}
	for _, a := range r.Actions {
		t.rows = append(t.rows, []string{strconv.Itoa(a.Finding), guard(a.What), guard(a.Evidence), guard(string(a.Owner)), guard(a.Verify)})
	}
	return t
}

func paretoTable(r *analyze.Report) table {
	t := table{name: "pareto", head: []string{"code", "cause_code", "label", "cause", "failed", "of_failures_so_far", "other"}}
	for _, p := range r.Pareto {
		t.rows = append(t.rows, []string{strconv.Itoa(p.Code), strconv.Itoa(p.CauseCode), guard(p.Label), guard(p.Cause), integer(p.Failed),
			fraction(p.Sum)[0], strconv.FormatBool(p.Other)})
	}
	return t
}

func groupTable(name string, rows []analyze.GroupRow) table {
	t := table{name: name, head: join([]string{"name"}, outcomeHead,
		[]string{"asr", "asr_low", "asr_high", "ner", "ner_low", "ner_high", "failure", "failure_low", "failure_high", "top_code", "first", "last"})}
	for _, g := range rows {
		t.rows = append(t.rows, join([]string{guard(g.Name)}, outcomeCells(g.Tally), fraction(g.ASR), fraction(g.NER), fraction(g.Failure),
			[]string{guard(g.TopCode), when(g.First), when(g.Last)}))
	}
	return t
}

func worstTable(r *analyze.Report) table {
	t := table{name: "worst_hours", head: []string{"from", "to", "count", "rated", "failed", "expected", "trunk", "top_code", "cause"}}
	for _, h := range r.Worst {
		t.rows = append(t.rows, []string{when(h.From), when(h.To), integer(h.Count), integer(h.Rated), integer(h.Failed), float(rounded(h.Expected)),
			guard(h.TopTrunk), guard(h.TopCode), guard(h.TopCause)})
	}
	return t
}

// changeTable has all comparisons under each other, the key first.
func changeTable(r *analyze.Report) table {
	t := table{name: "changes", head: []string{"by", "key", "label", "unit", "now", "now_numerator", "now_denominator", "before", "before_numerator", "before_denominator",
		"difference", "low", "high", "p", "phi", "significant", "material", "arrow", "median", "weeks", "new", "gone", "note"}}
	optional := func(f float64, ok bool) string {
		if !ok {
			return ""
		}
		return float(f)
	}
	counts := func(c *analyze.Change, q analyze.Ratio, ok bool) []string {
		if c.Kind != analyze.KindRatio || !ok {
			return []string{"", ""}
		}
		return []string{integer(q.Num), integer(q.Den)}
	}
	for i := range r.Changes.Tables {
		x := &r.Changes.Tables[i]
		for k := range x.Rows {
			c := &x.Rows[k]
			both := c.NowOK && c.BeforeOK
			t.rows = append(t.rows, join([]string{guard(x.By), guard(c.Key), guard(c.Label), guard(c.Unit), optional(c.NowValue, c.NowOK)}, counts(c, c.Now, c.NowOK),
				[]string{optional(c.BeforeValue, c.BeforeOK)}, counts(c, c.Before, c.BeforeOK),
				[]string{optional(c.Diff, both), optional(c.Low, c.Tested), optional(c.High, c.Tested), optional(c.P, c.Tested), optional(c.Phi, c.Tested),
					strconv.FormatBool(c.Significant), strconv.FormatBool(c.Material), string(c.Arrow), optional(c.Median, c.MedianOK), strconv.Itoa(c.Weeks),
					strconv.FormatBool(c.New), strconv.FormatBool(c.Gone), guard(c.Note)}))
		}
	}
	return t
}

func markTable(r *analyze.Report) table {
	t := table{name: "marks", head: []string{"name", "count", "failed"}}
	for _, m := range r.Marks {
		t.rows = append(t.rows, []string{guard(m.Name), integer(m.Count), integer(m.Failed)})
	}
	return t
}

func availabilityTable(r *analyze.Report) table {
	t := table{name: "availability", head: []string{"trunk", "minutes", "unavailable", "available", "first", "last", "note"}}
	for _, a := range r.Trunking {
		var first, last string
		if n := len(a.Spans); n > 0 {
			first, last = when(a.Spans[0].From), when(a.Spans[n-1].To)
		}
		t.rows = append(t.rows, []string{guard(a.Trunk), integer(a.Covered), integer(a.Unavailable), fraction(a.Ratio)[0], first, last, guard(a.Note)})
	}
	return t
}

func anomalyTable(r *analyze.Report) table {
	t := table{name: "anomalies", head: []string{"name", "from", "to", "value", "low", "high", "weeks"}}
	for _, a := range r.Anomalies {
		t.rows = append(t.rows, []string{guard(a.Metric), when(a.From), when(a.To), float(a.Value), float(a.Low), float(a.High), strconv.Itoa(a.Weeks)})
	}
	return t
}

func targetTable(r *analyze.Report) table {
	t := table{name: "targets", head: []string{"name", "at_least", "at_most", "value", "met"}}
	bound := func(f *float64) string {
		if f == nil {
			return ""
		}
		return float(*f)
	}
	for _, x := range r.Targets {
		value, met := "", ""
		if x.OK {
			value, met = float(x.Value), strconv.FormatBool(x.Met)
		}
		t.rows = append(t.rows, []string{guard(x.Metric), bound(x.AtLeast), bound(x.AtMost), value, met})
	}
	return t
}

// laneTable has the trunks hour by hour, without the hours in which nothing was
// tried.
func laneTable(r *analyze.Report) table {
	t := table{name: "lanes", head: []string{"name", "method", "from", "rated", "failed"}}
	for _, l := range r.Lanes {
		for i, b := range l.Bins {
			if b.Rated > 0 {
				from := r.Period.From.Add(l.Step * time.Duration(i))
				t.rows = append(t.rows, []string{guard(l.Name), l.Method, when(from), integer(b.Rated), integer(b.Failed)})
			}
		}
	}
	return t
}

func eventTable(r *analyze.Report) table {
	t := table{name: "events", head: []string{"time", "kind", "device", "subject", "text"}}
	for _, h := range r.Happened {
		t.rows = append(t.rows, []string{when(h.Time), guard(h.Kind), guard(h.Device), guard(h.Subject), guard(h.Text)})
	}
	return t
}

func loadTable(r *analyze.Report) table {
	t := table{name: "load", head: []string{"time", "data", "peak", "begun"}}
	for _, x := range r.Load {
		row := []string{when(x.Time), strconv.FormatBool(x.Data), "", ""}
		if x.Data {
			row[2], row[3] = integer(x.Peak), integer(x.Begun)
		}
		t.rows = append(t.rows, row)
	}
	return t
}
