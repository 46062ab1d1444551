package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"clean": show.Clean, "cut": func(s string, n int) string { return show.Cut(s, n) },
		"count": show.Count, "part": show.Part, "hours": show.Hours, "moment": show.Moment, "span": show.Span,
		"share": shareOf, "interval": intervalOf, "title": capital, "class": knownClass,
		"sign": func(s string) string { return map[string]string{"-": "− ", "=": "= "}[s] },
	}).Parse(pageText))
})

// view is what the page's template sees.
type view struct {
	R                      *analyze.Report
	Period, Span, Previous string
	Unit, Tool, Equation   string
	Style                  template.CSS
	Nav                    [][2]string
	Tiles                  []tile
	KPIs                   []kpiView
	Classes                []classView
	Sum                    analyze.Tally
	Findings               []findingView
	figures                map[string]template.HTML
}

// Chart is the figure of that name, drawn wide and for a phone.
func (v view) Chart(name string) template.HTML { return v.figures[name] }

type tile struct{ Label, Value, Before string }

type kpiView struct {
	M                    analyze.Metric
	Value, Detail, Raw   string
	Before, DetailBefore string
	RawBefore            string
}

type classView struct {
	Class, Label  string
	Count, Failed int64
}

type findingView struct {
	finding
	Span, Expected, Share string
}

func page(r *analyze.Report, opt Options) ([]byte, error) {
	v := view{
		R: r, Period: periodName(r), Span: show.Moment(r.Period.From) + " – " + show.Moment(r.Period.To) + " " + show.Clean(r.Zone),
		Previous: "period before", Unit: show.Scope(r.Scope), Tool: opt.Tool, Equation: equation(r),
		Nav: [][2]string{{"verdict", "Verdict"}, {"kpis", "Key figures"}, {"codes", "Codes"}, {"trunks", "Trunks"}, {"when", "When"},
			{"days", "Days"}, {"pdd", "Delay"}, {"ledger", "Ledger"}, {"sources", "Sources"}, {"definitions", "Definitions"}},
		Style: style(), Classes: classViews(r), Sum: outcomes(r),
	}
	if strings.Contains(r.Period.Label, "-W") {
		v.Previous = "week before"
	}
	for _, m := range r.KPIs {
		v.KPIs = append(v.KPIs, newKPIView(m, r.Previous[m.Name]))
	}
	v.Tiles = tiles(r)
	for i, in := range r.Incidents {
		v.Findings = append(v.Findings, newFindingView(r, i+1, in))
	}
	var err error
	if v.figures, err = figures(r); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, v); err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	return b.Bytes(), nil
}

// style is the palette of the charts for screen, dark screen and paper, then the
// page's own rules.
func style() template.CSS {
	return template.CSS(":root{" + charts.CSS(false) + "}\n@media screen and (prefers-color-scheme:dark){:root{" +
		charts.CSS(true) + "}}\n" + pageStyle)
}

// figures draws every chart twice: wide, and narrow for a phone, where a wide
// one's letters would be too small to read.
func figures(r *analyze.Report) (map[string]template.HTML, error) {
	out := map[string]template.HTML{}
	for _, name := range charts.Names() {
		fig, err := charts.New(name, r)
		if err != nil {
			return nil, err
		}
		if fig.Empty != "" {
			out[name] = template.HTML("<p>" + template.HTMLEscapeString(show.Clean(fig.Title+": "+fig.Empty)) + ".</p>")
			continue
		}
		wide, err := drawing(r, name, "svg", charts.Options{Width: 940, Height: 430, Variables: true, ID: "wide-" + name})
		if err != nil {
			return nil, err
		}
		phone, err := drawing(r, name, "svg", charts.Options{Width: 360, Height: 420, Variables: true, ID: "phone-" + name})
		if err != nil {
			return nil, err
		}
		// The charts package has escaped all text of the drawing.
		out[name] = template.HTML(`<figure id="chart-` + name + `"><div class="wide">` + string(wide) +
			`</div><div class="phone">` + string(phone) + "</div></figure>")
	}
	return out, nil
}

func periodName(r *analyze.Report) string {
	if r.Period.Label != "" {
		return show.Clean(r.Period.Label)
	}
	return r.Period.From.Format("2006-01-02") + " – " + r.Period.To.Format("2006-01-02")
}

func newKPIView(m, before analyze.Metric) kpiView {
	v := kpiView{M: m, Value: valueOf(m), Detail: detailOf(m), Raw: rawOf(m), Before: valueOf(before), RawBefore: rawOf(before)}
	if before.OK && before.Kind == "ratio" {
		v.DetailBefore = show.Interval(before.Ratio.Low, before.Ratio.High)
	}
	return v
}

// valueOf is a metric for people.
func valueOf(m analyze.Metric) string {
	switch {
	case !m.OK:
		return show.None
	case m.Kind == "ratio":
		return show.Part(m.Ratio.Num, m.Ratio.Den)
	case m.Unit == "ms":
		return show.Millis(int64(m.Value + 0.5))
	case m.Unit == "calls" || m.Unit == "attempts" || m.Unit == "":
		return show.Count(int64(m.Value + 0.5))
	}
	return fmt.Sprintf("%.1f\u00a0%s", m.Value, show.Clean(m.Unit))
}

// rawOf is the value as report.json has it; "" where it has none.
func rawOf(m analyze.Metric) string {
	if !m.OK {
		return ""
	}
	if m.Kind != "ratio" {
		return float(m.Value)
	}
	if v, ok := m.Ratio.Value(); ok {
		return float(v)
	}
	return ""
}

// detailOf says what a metric was made of.
func detailOf(m analyze.Metric) string {
	switch {
	case !m.OK:
		return ""
	case m.Kind == "ratio":
		return fmt.Sprintf("%s, %s of %s", show.Interval(m.Ratio.Low, m.Ratio.High), show.Count(m.Ratio.Num), show.Count(m.Ratio.Den))
	case m.Unit == "calls" || m.Unit == "attempts":
		return ""
	}
	return "n = " + show.Count(m.N)
}

// tiles are the four figures that a reader looks for first.
func tiles(r *analyze.Report) []tile {
	var out []tile
	for _, name := range []string{"calls", "failure", "failure_rate", "asr", "ner", "pdd_p95"} {
		for _, m := range r.KPIs {
			if m.Name != name || !m.OK {
				continue
			}
			t := tile{Label: m.Label, Value: valueOf(m), Before: "nothing to compare with"}
			if p := r.Previous[name]; p.OK {
				t.Before = "before: " + valueOf(p)
			}
			out = append(out, t)
		}
	}
	return out
}

func classViews(r *analyze.Report) []classView {
	counts := map[string]classView{}
	for _, c := range r.Codes {
		v := counts[knownClass(c.Class)]
		v.Count += c.Count
		v.Failed += c.Failed
		counts[knownClass(c.Class)] = v
	}
	var out []classView
	for _, c := range charts.Classes {
		if v, ok := counts[c]; ok {
			v.Class, v.Label = c, charts.ClassLabel(c)
			out = append(out, v)
		}
	}
	return out
}

func knownClass(c string) string {
	for _, k := range charts.Classes {
		if k == c {
			return c
		}
	}
	return "unknown"
}

// equation is the promise that the ledger closes, with its numbers.
func equation(r *analyze.Report) string {
	t := outcomes(r)
	parts := []struct {
		name string
		n    int64
	}{{"answered", t.Answered}, {"user", t.User}, {"abandoned", t.Abandoned}, {"failed", t.Failed}, {"redirected", t.Redirected},
		{"in progress", t.InProgress}, {"completed elsewhere", t.CompletedElsewhere}, {"not connected", t.NotConnected}}
	var terms []string
	for _, p := range parts {
		if p.n != 0 {
			terms = append(terms, p.name+"\u00a0"+show.Count(p.n))
		}
	}
	if terms == nil {
		return show.Scope(r.Scope) + "\u00a00"
	}
	return show.Scope(r.Scope) + "\u00a0" + show.Count(t.Count) + " = " + strings.Join(terms, " + ")
}

func newFindingView(r *analyze.Report, rank int, in analyze.Incident) findingView {
	v := findingView{finding: newFinding(r, rank, in), Span: show.Span(in.From, in.To), Expected: fmt.Sprintf("%.1f", in.Expected)}
	if all := outcomes(r).Failed; all > 0 {
		v.Share = show.Part(in.Failed, all)
	}
	return v
}

func shareOf(q analyze.Ratio) string { return show.Part(q.Num, q.Den) }

func intervalOf(q analyze.Ratio) string {
	if q.Den == 0 {
		return ""
	}
	return show.Interval(q.Low, q.High)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
