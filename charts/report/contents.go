package report

import (
	"cmp"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// section is one part of the report. The page, the Markdown and the PDF are
// written from the same sections, so they cannot say different things.
type section struct {
	ID, Title, Nav string // Nav: the title in one word or two, "" the title itself
	Parts          []part
}

// Short is the title for a list of sections.
func (s section) Short() string { return cmp.Or(s.Nav, s.Title) }

// part is one thing in a section: one of its fields is set.
type part struct {
	Prose   *prose
	Heading *heading
	Chart   string // name of the chart
	Grid    *grid
	Finding *findingView
	Terms   []term
	Calls   *callsView
}

type prose struct {
	Text  string
	Class string // "lead", "note", "gap", "equation" or ""
}

type heading struct{ ID, Text string }

// term is a definition.
type term struct{ ID, Name, Text string }

// grid is a table for people; the CSV files have the same numbers raw.
type grid struct {
	ID, Label, Caption string
	Cols               []col
	Rows               []gridRow
	Narrow             bool   // few columns: not as wide as the page
	SQL                string // a query that gives the numbers; "": none
}

type col struct {
	Name, Small string
	Num         bool
}

type gridRow struct {
	ID    string
	Fails bool // has failures
	Sum   bool // the sum of others
	Cells []cell
}

// cell is what stands in one place: a text, what stands under it, and what it is
// made of.
type cell struct {
	Text  string
	Raw   string // the value as report.json has it, for sorting; "" none
	Small []string
	Notes []note
	Bold  bool
	Class string // response class, for its colour
	Where string // the calls behind it, as url.Values; "" none
	All   bool   // all calls are behind it
	Href  string // anchor instead
	Title string
}

// note is a line under a cell with a bold beginning; IDs are calls.
type note struct {
	Lead, Text string
	IDs        []string
}

// Linked tells that the cell leads to its calls.
func (c cell) Linked() bool { return c.Where != "" || c.All }

func plain(s string) cell { return cell{Text: s} }

func number(n int64) cell { return cell{Text: show.Count(n), Raw: integer(n)} }

// counted is a number that leads to its calls: keys and values by turns.
func counted(n int64, keys ...string) cell {
	c := number(n)
	if n > 0 {
		c.Where = where(keys...)
	}
	return c
}

func where(keys ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(keys); i += 2 {
		v.Add(keys[i], keys[i+1])
	}
	return v.Encode()
}

func ratioCell(q analyze.Ratio) cell {
	c := cell{Text: shareOf(q)}
	if v, ok := q.Value(); ok {
		c.Raw = float(v)
	}
	return c
}

func (c cell) under(lines ...string) cell {
	for _, l := range lines {
		if l != "" {
			c.Small = append(c.Small, l)
		}
	}
	return c
}

func (c cell) bold() cell { c.Bold = true; return c }

func (c cell) noted(lead, text string, ids ...string) cell {
	if text != "" || len(ids) > 0 {
		c.Notes = append(c.Notes, note{lead, text, ids})
	}
	return c
}

func text(s string) part     { return part{Prose: &prose{Text: s}} }
func small(s string) part    { return part{Prose: &prose{Text: s, Class: "note"}} }
func head(id, s string) part { return part{Heading: &heading{id, s}} }
func chart(name string) part { return part{Chart: name} }
func tabled(g grid, sql ...string) part {
	g.SQL = strings.Join(sql, "")
	return part{Grid: &g}
}

// contents are the sections of the report in the order of weekly_report.md §2,
// which a reader of the last one knows.
func contents(r *analyze.Report, opt Options, list *callsView) []section {
	b := builder{r: r, opt: opt, unit: show.Scope(r.Scope), sql: newQueries(r, opt), list: list}
	sections := []section{b.verdict(), b.kpis(), b.codes(), b.pareto(), b.trunks(), b.when(), b.changes(), b.failover(), b.midcall(), b.actions(), b.calls(), b.appendix()}
	return spoken(slices.DeleteFunc(sections, func(s section) bool { return len(s.Parts) == 0 }), opt.lang())
}

// builder makes the sections of one report.
type builder struct {
	r    *analyze.Report
	opt  Options
	unit string
	sql  queries
	list *callsView
}

func (b builder) verdict() section {
	s := section{ID: "verdict", Title: "Verdict"}
	for i, v := range b.r.Verdict {
		p := prose{Text: v}
		if i == 0 {
			p.Class = "lead"
		}
		s.Parts = append(s.Parts, part{Prose: &p})
	}
	if len(b.r.Verdict) == 0 {
		s.Parts = append(s.Parts, text(fmt.Sprintf("No %s in %s.", b.unit, periodName(b.r))))
	}
	if len(b.r.Findings) > 0 {
		s.Parts = append(s.Parts, head("findings", "Findings"))
	}
	for i := range b.r.Findings {
		f := newFindingView(&b.r.Findings[i])
		s.Parts = append(s.Parts, part{Finding: &f})
	}
	if len(b.r.Findings) > 1 {
		s.Parts = append(s.Parts, chart("drivers"))
	}
	return s
}

// changes is what is not as it was: against the period before and the last four.
func (b builder) changes() section {
	s := section{ID: "changes", Title: "What changed", Nav: "Changes"}
	c := &b.r.Changes
	if c.Baseline || len(c.Tables) == 0 && len(b.r.Anomalies) == 0 {
		if c.Baseline {
			s.Parts = append(s.Parts, text("Baseline: there is no earlier period to compare with."))
		}
		return s
	}
	s.Parts = append(s.Parts, chart("compare"))
	if e := c.Effects; e.Total != 0 || e.Rate != 0 {
		s.Parts = append(s.Parts, text(fmt.Sprintf("The number of failures changed by %s: %s by the rates themselves, %s by the mix of the traffic, %s by its volume.",
			signed(e.Total), signed(e.Rate), signed(e.Mix), signed(e.Volume))))
	}
	for i := range c.Tables {
		if t := &c.Tables[i]; t.By != "kpi" && len(t.Rows) > 0 {
			s.Parts = append(s.Parts, head("", "By "+strings.ReplaceAll(t.By, "_", " ")), tabled(b.changeGrid(t)))
		}
	}
	if len(b.r.Anomalies) > 0 {
		s.Parts = append(s.Parts, head("anomalies", "Unusual hours"), tabled(b.anomalyGrid()))
	}
	for _, w := range c.Warnings {
		s.Parts = append(s.Parts, small(w))
	}
	return s
}

// actions is the list of what to do.
func (b builder) actions() section {
	s := section{ID: "actions", Title: "Action list", Nav: "Actions"}
	if len(b.r.Actions) > 0 {
		s.Parts = append(s.Parts, tabled(b.actionGrid()))
	}
	return s
}

// calls are those behind the figures.
func (b builder) calls() section {
	s := section{ID: "calls", Title: "The calls behind the figures", Nav: "Calls"}
	if b.list != nil {
		s.Parts = []part{{Calls: b.list}}
		return s
	}
	s.Parts = []part{text("No calls are in this file.")}
	if b.opt.CallsCommand != "" {
		s.Parts = append(s.Parts, small("They are listed by "+b.opt.CallsCommand))
	}
	return s
}

func (b builder) kpis() section {
	s := section{ID: "kpis", Title: "Key figures"}
	if len(b.r.KPIs) == 0 {
		s.Parts = []part{text("No figures: nothing was counted.")}
		return s
	}
	s.Parts = []part{tabled(b.kpiGrid(), b.sql.kpis())}
	return s
}

func (b builder) codes() section {
	s := section{ID: "codes", Title: "Response classes and codes", Nav: "Codes", Parts: []part{chart("codes")}}
	if len(b.r.Codes) > 0 {
		s.Parts = append(s.Parts, tabled(b.classGrid(), b.sql.classes()), head("", "Codes"), tabled(b.codeGrid(), b.sql.codes()))
	}
	return s
}

func (b builder) pareto() section {
	s := section{ID: "pareto", Title: "Causes of failures", Nav: "Causes", Parts: []part{chart("pareto")}}
	if len(b.r.Pareto) > 0 {
		s.Parts = append(s.Parts, tabled(b.paretoGrid(), b.sql.pareto()))
	}
	return s
}

func (b builder) trunks() section {
	s := section{ID: "trunks", Title: "Trunks, destinations, sources and devices", Nav: "Trunks", Parts: []part{chart("trunks")}}
	if len(b.r.Trunks) > 0 {
		s.Parts = append(s.Parts, tabled(b.groupGrid("trunks", "Trunks", b.r.TrunkNote, "trunk", "(no trunk)", "attempts", b.r.Trunks), b.sql.trunks()))
	}
	add := func(id, title, key, none string, rows []analyze.GroupRow, caption string) {
		if len(rows) > 0 {
			s.Parts = append(s.Parts, head("", title), tabled(b.groupGrid(id, title, caption, key, none, b.unit, rows), b.sql.groups(key)))
		}
	}
	add("prefixes", "By destination prefix", "prefix", "(none)", b.r.Prefixes, "The called number's longest known prefix; the twenty largest.")
	add("sources-calling", "By source", "source", "(unknown)", b.r.Callers, "The calling number; the twenty with most failures.")
	add("agents", "By user agent", "user_agent", "(not named)", b.r.Agents, "What the side that sent the request calls itself: one bad firmware shows here. The twenty largest.")
	return s
}

func (b builder) when() section {
	s := section{ID: "when", Title: "When", Parts: []part{chart("heatmap")}}
	if len(b.r.Trunking) > 0 {
		s.Parts = append(s.Parts, head("availability", "Availability of the trunks"), chart("availability"), tabled(b.availabilityGrid()))
	}
	if len(b.r.Worst) > 0 {
		s.Parts = append(s.Parts, head("", "Worst hours"), tabled(b.worstGrid(), b.sql.hours()))
	}
	if b.r.Findings == nil {
		s.Parts = append(s.Parts, head("incidents", "Incidents"))
	}
	switch {
	case b.r.Findings != nil: // they stand with the verdict
	case len(b.r.Incidents) > 0:
		s.Parts = append(s.Parts, small("Stretches in which a trunk failed with one code far more often than in the rest of the period."))
		for i, in := range b.r.Incidents {
			f := newIncidentView(b.r, i+1, in)
			s.Parts = append(s.Parts, part{Finding: &f})
		}
	case b.r.Covered == 0:
		s.Parts = append(s.Parts, text("Unknown: no source covers the period."))
	default:
		s.Parts = append(s.Parts, text("None: no trunk failed far more often for a while than in the rest of the period."))
	}
	s.Parts = append(s.Parts, head("days", "Days"), chart("classes"), chart("trend"), chart("concurrency"))
	return s
}

func (b builder) failover() section {
	s := section{ID: "failover", Title: "Failover, retries and waiting", Nav: "Failover", Parts: []part{}}
	if g := b.someKPIs("failover", "Failover, retries and waiting", "recovered", "abandon_early", "abandon_slow", "abandon_ringing", "pdd_p50", "pdd_p95"); len(g.Rows) > 0 {
		s.Parts = append(s.Parts, tabled(g))
	}
	if g := b.markGrid("marks-failover", "Retries and refusals", "recovered", "challenge_unanswered", "auth_rejected", "timeout", "provisional_only", "transport_error", "scanner"); len(g.Rows) > 0 {
		s.Parts = append(s.Parts, tabled(g, b.sql.marks()))
	}
	s.Parts = append(s.Parts, chart("pdd"))
	return s
}

func (b builder) midcall() section {
	s := section{ID: "midcall", Title: "In the call", Parts: []part{}}
	if g := b.someKPIs("midcall", "In the call", "drops", "no_ack", "short_calls", "aloc"); len(g.Rows) > 0 {
		s.Parts = append(s.Parts, tabled(g))
	}
	if g := b.markGrid("marks-midcall", "Trouble after the answer", "dropped", "no_ack", "midcall_problem", "reinvite_rejected", "bye_unanswered", "one_way"); len(g.Rows) > 0 {
		s.Parts = append(s.Parts, tabled(g, b.sql.marks()))
	} else {
		s.Parts = append(s.Parts, text("No call was marked: none dropped, none without its ACK, no request inside a call that failed."))
	}
	return s
}

func (b builder) appendix() section {
	s := section{ID: "appendix", Title: "Appendix: how this was counted", Nav: "Appendix", Parts: []part{
		head("ledger", "Counting ledger"), text(fmt.Sprintf("How the messages and records became %s, and what became of those.", b.unit)),
	}}
	if len(b.r.Ledger) > 0 {
		s.Parts = append(s.Parts, tabled(b.ledgerGrid()))
	}
	s.Parts = append(s.Parts, part{Prose: &prose{equation(b.r), "equation"}}, head("excluded", "Left out of the headline"))
	if len(b.r.Excluded) > 0 {
		s.Parts = append(s.Parts, tabled(b.excludedGrid()))
	} else {
		s.Parts = append(s.Parts, text("Nothing."))
	}
	s.Parts = append(s.Parts, head("sources", "Sources"))
	if len(b.r.Sources) > 0 {
		s.Parts = append(s.Parts, tabled(b.sourceGrid(), b.sql.sources()))
	} else {
		s.Parts = append(s.Parts, text("None."))
	}
	s.Parts = append(s.Parts, head("rejects", "Rejected input"))
	if len(b.r.Rejects) > 0 {
		s.Parts = append(s.Parts, tabled(b.rejectGrid(), b.sql.rejects()))
	} else {
		s.Parts = append(s.Parts, text("None: every record was read."))
	}
	if len(b.r.Warnings) > 0 {
		s.Parts = append(s.Parts, head("warnings", "Warnings"))
		for _, w := range b.r.Warnings {
			s.Parts = append(s.Parts, small(w))
		}
	}
	s.Parts = append(s.Parts, head("definitions", "Definitions used"), part{Terms: b.terms()})
	return s
}

func (b builder) terms() []term {
	var list []term
	for _, m := range b.r.KPIs {
		list = append(list, term{"def-" + m.Name, m.Label, m.Definition})
	}
	return append(list,
		term{"", "Rated", b.unit + " − redirected − in progress − completed elsewhere: what had a chance to be answered and is known to have ended."},
		term{"", "User, abandoned, failed", "user: busy, declined, no answer; abandoned: the caller hung up before an answer; failed: the network, the configuration or a device did not deliver. Only failed counts as a failure."},
		term{"", "Interval", "Wilson 95 % interval of a proportion."},
		term{"", "–", "A ratio over 0, or no data. Hours and days without data are unknown, not zero."})
}

// phoneTop is how much more a chart of rows needs on a phone: its title, legend and
// footer take more lines there.
const phoneTop = 110

// figure is a chart of the page, drawn wide and for a phone, or the sentence that
// says why there is none.
func figure(r *analyze.Report, name string, opt charts.Options) (template.HTML, error) {
	fig, err := charts.New(name, r)
	if err != nil {
		return "", err
	}
	if fig.Empty != "" {
		return template.HTML("<p>" + template.HTMLEscapeString(show.Clean(words.Lang(opt.Lang).Say(fig.Title)+": "+words.Lang(opt.Lang).Say(fig.Empty))) + ".</p>"), nil
	}
	opt.Variables, opt.Dark = true, false
	opt.Width, opt.Height, opt.ID, opt.Links = 940, cmp.Or(fig.Height(), 430), "wide-"+name, true
	wide, err := drawing(r, name, "svg", opt)
	if err != nil {
		return "", err
	}
	opt.Width, opt.Height, opt.ID = 360, 420, "phone-"+name
	if h := fig.Height(); h > 0 {
		opt.Height = h + phoneTop
	}
	phone, err := drawing(r, name, "svg", opt)
	if err != nil {
		return "", err
	}
	// The charts package has escaped all text of the drawing.
	return template.HTML(`<figure id="chart-` + name + `"><div class="wide">` + string(wide) +
		`</div><div class="phone">` + string(phone) + "</div></figure>"), nil
}
