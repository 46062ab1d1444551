package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"clean": show.Clean, "cut": func(s string, n int) string { return show.Cut(s, n) },
		"gap": noData, "count": show.Count, "hours": show.Hours, "moment": show.Moment, "span": show.Span,
		"lines": cleanLines,
	}).Parse(pageText))
})

// view is what the page's template sees.
type view struct {
	R            *analyze.Report
	Period, Span string
	Unit, Tool   string
	Style        template.CSS
	Script       template.JS
	Policy, Lang string
	Tiles        []tile
	Sections     []section
	CallIDs      map[string]string // id of a call -> anchor of its ladder or row
	CallsCommand string
	figures      map[string]template.HTML
	l            words.Lang
}

// T is a text in the page's language.
func (v view) T(text string) string { return v.l.Say(text) }

// Chart is the figure of that name, drawn wide and for a phone.
func (v view) Chart(name string) template.HTML { return v.figures[name] }

// CallHref is the anchor of a call on the page; "" where it is not there.
func (v view) CallHref(id string) string { return v.CallIDs[id] }

type tile struct {
	Label, Value, Before string
	Where                string
	All                  bool
}

type classView struct {
	Class, Label  string
	Count, Failed int64
}

func page(r *analyze.Report, opt Options) ([]byte, error) {
	v := view{
		R: r, Period: periodName(r), Span: opt.lang().Say(show.Moment(r.Period.From)) + " – " + opt.lang().Say(show.Moment(r.Period.To)) + " " + show.Clean(r.Zone),
		Unit: show.Scope(r.Scope), Tool: opt.Tool, Style: style(), Script: template.JS(pageScript), Lang: cmp.Or(opt.Chart.Lang, "en"), l: opt.lang(),
		Policy: policy(pageScript), Tiles: tiles(r, opt.lang()), CallIDs: map[string]string{}, CallsCommand: opt.CallsCommand,
	}
	var list *callsView
	var err error
	if len(opt.Calls) > 0 {
		if list, err = newCallsView(opt.Calls, opt); err != nil {
			return nil, err
		}
		for i, row := range list.Rows {
			v.CallIDs[row.ID] = fmt.Sprintf("#row-%d", i+1)
			if row.Detail != "" {
				v.CallIDs[row.ID] = "#" + row.Detail
			}
		}
	}
	v.Sections = contents(r, opt, list)
	if v.figures, err = figures(r, opt); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, v); err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	return b.Bytes(), nil
}

// policy lets the page's own script run and nothing else, and nothing be loaded.
func policy(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// cleanLines is show.Clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = show.Clean(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// style is the palette of the charts for screen, dark screen and paper, then the
// page's own rules. The button of the page sets data-theme.
func style() template.CSS {
	dark := charts.CSS(true) + darkStyle
	return template.CSS(":root{" + charts.CSS(false) + lightStyle + "}\n@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){" + dark +
		"}}\n@media screen{:root[data-theme=dark]{" + dark + "}}\n" + pageStyle)
}

// Colours of the page that the charts have no use for.
const (
	lightStyle = "--bg:#F6F7F9;--card:var(--cs-paper);--line:var(--cs-grid);--text:var(--cs-text);--muted:var(--cs-muted);--link:#175E9C;--bad:#B02A14;--wash:#FBF1EE;--field:#FFFFFF;color-scheme:light;"
	darkStyle  = "--bg:#0D1014;--link:#7DBDF2;--bad:#FF8A73;--wash:#2A1A17;--field:#0D1014;color-scheme:dark;"
)

// figures draws every chart, side by side.
func figures(r *analyze.Report, opt Options) (map[string]template.HTML, error) {
	names := charts.Names()
	drawn, errs := make([]template.HTML, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { drawn[i], errs[i] = figure(r, name, opt.Chart) })
	}
	wg.Wait()
	out := map[string]template.HTML{}
	for i, name := range names {
		if errs[i] != nil {
			return nil, errs[i]
		}
		out[name] = drawn[i]
	}
	return out, nil
}

// noData says that nothing is known of a stretch of time.
func noData(g analyze.Period) string {
	return "No data " + show.Span(g.From, g.To) + ": unknown, not zero."
}

func periodName(r *analyze.Report) string {
	if r.Period.Label != "" {
		return show.Clean(r.Period.Label)
	}
	return r.Period.From.Format("2006-01-02") + " – " + r.Period.To.Format("2006-01-02")
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
func tiles(r *analyze.Report, l words.Lang) []tile {
	var out []tile
	for _, name := range []string{"calls", "failure_rate", "asr", "ner", "pdd_p95"} {
		for _, m := range r.KPIs {
			if m.Name != name || !m.OK {
				continue
			}
			t := tile{Label: l.Say(m.Label), Value: l.Say(valueOf(m)), Before: l.Say("nothing to compare with"), Where: where(kpiCalls[name]...)}
			t.All = t.Where == ""
			if p := r.Previous[name]; p.OK {
				t.Before = l.Say("before: " + valueOf(p))
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

func shareOf(q analyze.Ratio) string { return show.Part(q.Num, q.Den) }

func intervalOf(q analyze.Ratio) string {
	if q.Den == 0 {
		return ""
	}
	return show.Interval(q.Low, q.High)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// The template hands these to the ones that it calls.
type (
	withIDs struct {
		V   view
		IDs []string
	}
	withGrid struct {
		V view
		G *grid
	}
	withFinding struct {
		V view
		F *findingView
	}
	withCalls struct {
		V view
		C *callsView
	}
)

func (v view) With(ids []string) withIDs              { return withIDs{v, ids} }
func (v view) WithGrid(g *grid) withGrid              { return withGrid{v, g} }
func (v view) WithFinding(f *findingView) withFinding { return withFinding{v, f} }
func (v view) WithCalls(c *callsView) withCalls       { return withCalls{v, c} }

// Nr counts from 1.
func (v view) Nr(i int) int { return i + 1 }
