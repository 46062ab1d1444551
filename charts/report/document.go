package report

import (
	"encoding/json"
	"math"
	"time"

	"callsift/analyze"
)

func newDocument(r *analyze.Report) document {
	d := document{
		Schema: schemaName, Title: r.Title, Scope: r.Scope, Rules: r.Rules, Checksum: r.Checksum,
		Period:   period{r.Period.Label, moment(r.Period.From), moment(r.Period.To), r.Zone},
		Coverage: coverage{Hours: rounded(r.Hours), Covered: rounded(r.Covered), Gaps: []period{}},
		Verdict:  append([]string{}, r.Verdict...), Warnings: append([]string{}, r.Warnings...),
		KPIs: []kpi{}, Codes: []codeRow{}, Trunks: []trunkRow{}, Days: []dayRow{}, Trend: []trendRow{},
		Ledger: []ledgerRow{}, Excluded: []excluded{}, Sources: []sourceRow{}, Rejects: []rejectRow{},
		Outcomes: outcomes(r), Heatmap: newHeatmap(r.Heat), PDD: newDelays(r.PDD),
	}
	for _, g := range r.Gaps {
		d.Coverage.Gaps = append(d.Coverage.Gaps, period{From: moment(g.From), To: moment(g.To)})
	}
	for _, m := range r.KPIs {
		k := newKPI(m)
		if p, ok := r.Previous[m.Name]; ok {
			before := newKPI(p)
			k.Previous = &before
		}
		d.KPIs = append(d.KPIs, k)
	}
	for _, c := range r.Codes {
		d.Codes = append(d.Codes, codeRow{c.Class, c.Code, c.Label, c.Meaning, c.FirstCheck, c.Tally,
			newRatio(c.OfFinals), newRatio(c.OfFailures), c.TopCause, append([]string{}, c.Examples...)})
	}
	for _, g := range r.Trunks {
		d.Trunks = append(d.Trunks, trunkRow{g.Name, g.Tally, newRatio(g.ASR), newRatio(g.NER), newRatio(g.Failure),
			g.TopCode, moment(g.First), moment(g.Last)})
	}
	for _, x := range r.Days {
		counts := map[string]int64{}
		for c, n := range x.Counts {
			counts[c] = n
		}
		d.Days = append(d.Days, dayRow{x.Day.Format(time.DateOnly), x.Data, counts})
	}
	for _, x := range r.Trend {
		d.Trend = append(d.Trend, trendRow{x.Day.Format(time.DateOnly), x.Data, newRatio(x.ASR), newRatio(x.NER)})
	}
	d.why(r)
	d.input(r)
	return d
}

// input adds the tables about what was read.
func (d *document) input(r *analyze.Report) {
	for _, l := range r.Ledger {
		d.Ledger = append(d.Ledger, ledgerRow{l.Label, l.Sign, l.N, l.Note})
	}
	for _, e := range r.Excluded {
		d.Excluded = append(d.Excluded, excluded{e.Name, e.Count})
	}
	for _, s := range r.Sources {
		d.Sources = append(d.Sources, sourceRow{s.Path, s.Format, s.SHA256, s.Records, s.Rejected,
			moment(s.First), moment(s.Last), s.TZ, s.TZFrom, s.State, s.Note})
	}
	for _, x := range r.Rejects {
		d.Rejects = append(d.Rejects, rejectRow{x.Path, x.Line, x.Reason, x.Count, x.Sample})
	}
}

func newKPI(m analyze.Metric) kpi {
	k := kpi{Name: m.Name, Label: m.Label, Definition: m.Definition, Unit: m.Unit, Kind: m.Kind, N: m.N, Note: m.Note}
	if m.Kind == "ratio" {
		k.ratio = newRatio(m.Ratio)
	} else if m.OK {
		k.Value = finite(m.Value)
	}
	if !m.OK {
		k.Value = nil
	}
	return k
}

func newRatio(q analyze.Ratio) ratio {
	out := ratio{Numerator: q.Num, Denominator: q.Den}
	if v, ok := q.Value(); ok {
		out.Value, out.Low, out.High = finite(v), finite(q.Low), finite(q.High)
	}
	return out
}

func newHeatmap(h analyze.Heat) heatmap {
	out := heatmap{MinCount: h.MinCount}
	for d, day := range h.Cells {
		for hour, c := range day {
			out.Cells = append(out.Cells, heatCell{d + 1, hour, cellState(c), c.Count, c.Rated, c.Failed})
		}
	}
	return out
}

func cellState(c analyze.HeatCell) string {
	switch {
	case c.Missing:
		return "skipped"
	case !c.Data:
		return "no_data"
	}
	return "data"
}

func newDelays(h analyze.Histogram) delays {
	out := delays{N: h.N, P50: h.P50, P90: h.P90, P95: h.P95, P99: h.P99, ErrorBound: h.ErrorBound, Bins: []bin{}}
	for _, b := range h.Bins {
		out.Bins = append(out.Bins, bin{b.LowMS, b.HighMS, b.N})
	}
	return out
}

// finite is nil for what JSON has no number for.
func finite(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// rounded keeps one decimal of an expectation; 0 for what is no number.
func rounded(f float64) float64 {
	if finite(f) == nil {
		return 0
	}
	return math.Round(f*10) / 10
}

// moment is nil for the zero time, which JSON shows as null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// why adds what says why calls fail.
func (d *document) why(r *analyze.Report) {
	d.Pareto, d.Worst, d.Load, d.Marks, d.Lanes, d.Events = []paretoRow{}, []hourRow{}, []loadRow{}, []markRow{}, []laneRow{}, []eventRow{}
	d.Incidents, d.Actions, d.Anomalies, d.Availability, d.Targets = []incident{}, []actionRow{}, []anomalyRow{}, []availabilityRow{}, []targetRow{}
	for _, p := range r.Pareto {
		d.Pareto = append(d.Pareto, paretoRow{p.Code, p.CauseCode, p.Label, p.Cause, p.Failed, newRatio(p.Sum), p.Other})
	}
	d.Prefixes, d.Agents, d.Callers = newGroups(r.Prefixes), newGroups(r.Agents), newGroups(r.Callers)
	for _, h := range r.Worst {
		d.Worst = append(d.Worst, hourRow{moment(h.From), moment(h.To), h.Rated, h.Failed, rounded(h.Expected), h.TopTrunk, h.TopCode, h.TopCause})
	}
	for _, l := range r.Load {
		d.Load = append(d.Load, loadRow{moment(l.Time), l.Data, l.Peak, l.Begun})
	}
	for _, m := range r.Marks {
		d.Marks = append(d.Marks, markRow{m.Name, m.Count, m.Failed})
	}
	for _, l := range r.Lanes {
		row := laneRow{Name: l.Name, Method: l.Method, Step: l.Step.Seconds()}
		for _, b := range l.Bins {
			row.Rated, row.Failed = append(row.Rated, b.Rated), append(row.Failed, b.Failed)
		}
		d.Lanes = append(d.Lanes, row)
	}
	for _, h := range r.Happened {
		d.Events = append(d.Events, eventRow{moment(h.Time), h.Kind, h.Device, h.Subject, h.Text})
	}
	d.Changes, d.Findings = raw(r.Changes), []json.RawMessage{}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, raw(f))
	}
	for _, in := range r.Incidents {
		d.Incidents = append(d.Incidents, incident{moment(in.From), moment(in.To), in.Trunk, in.Code, in.Cause, in.Count, in.Failed, rounded(in.Expected), append([]string{}, in.Calls...)})
	}
	for _, a := range r.Actions {
		d.Actions = append(d.Actions, actionRow{a.What, a.Evidence, a.Owner, a.Verify, a.Finding})
	}
	for _, a := range r.Anomalies {
		d.Anomalies = append(d.Anomalies, anomalyRow{a.Metric, moment(a.From), moment(a.To), finite(a.Value), finite(a.Low), finite(a.High), a.Weeks})
	}
	for _, a := range r.Trunking {
		row := availabilityRow{Trunk: a.Trunk, Minutes: a.Covered, Unavailable: a.Unavailable, Ratio: newRatio(a.Ratio), Spans: []period{}, Note: a.Note}
		for _, s := range a.Spans {
			row.Spans = append(row.Spans, period{From: moment(s.From), To: moment(s.To)})
		}
		d.Availability = append(d.Availability, row)
	}
	for _, t := range r.Targets {
		row := targetRow{Metric: t.Metric, AtLeast: t.AtLeast, AtMost: t.AtMost, Met: t.Met}
		if t.OK {
			row.Value = finite(t.Value)
		}
		d.Targets = append(d.Targets, row)
	}
}

// raw is a value in its own stable form. The forms that package analyze writes
// have no error to give.
func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}

func newGroups(rows []analyze.GroupRow) []groupRow {
	list := []groupRow{}
	for _, g := range rows {
		list = append(list, groupRow{g.Name, g.Tally, newRatio(g.ASR), newRatio(g.NER), newRatio(g.Failure), g.TopCode, moment(g.First), moment(g.Last)})
	}
	return list
}
