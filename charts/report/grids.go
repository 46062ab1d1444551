package report

import (
	"fmt"
	"slices"
	"strings"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
)

// kpiCalls are the calls that a key figure is about, as keys and values; a figure
// that is not listed is about all.
var kpiCalls = map[string][]string{
	"answered": {"outcome", "answered"}, "asr": {"outcome", "answered"}, "failure_rate": {"outcome", "failed"}, "ner": {"outcome", "failed"},
	"isa": {"code", "408", "code", "500", "code", "503", "code", "504", "code", "0"}, "aloc": {"outcome", "answered"}, "short_calls": {"talk", "short"},
	"drops": {"flag", "dropped"}, "no_ack": {"flag", "no_ack"}, "abandon_early": {"outcome", "abandoned", "rang", "no"}, "abandon_slow": {"outcome", "abandoned", "rang", "no"},
	"abandon_ringing": {"outcome", "abandoned", "rang", "yes"}, "recovered": {"flag", "recovered"},
}

func (b builder) previousName() string {
	if strings.Contains(b.r.Period.Label, "-W") {
		return "week before"
	}
	return "period before"
}

func (b builder) kpiGrid() grid {
	g := grid{ID: "t-kpis", Label: "Key figures",
		Caption: "Each with its Wilson 95 % interval where it is a ratio, and with what it was computed over. The name leads to its definition.",
		Cols:    b.kpiCols()}
	for _, m := range b.r.KPIs {
		g.Rows = append(g.Rows, b.kpiRow(m))
	}
	return g
}

// kpiCols has columns for what there is: a comparison and targets may be absent.
func (b builder) kpiCols() []col {
	cols := []col{{Name: "Figure"}, {Name: periodName(b.r), Num: true}, {Name: b.previousName(), Num: true}}
	if b.kpiChanges() != nil {
		cols = append(cols, col{Name: "Difference", Num: true}, col{Name: "Four-week median", Num: true})
	}
	if len(b.r.Targets) > 0 {
		cols = append(cols, col{Name: "Target", Num: true}, col{Name: "Status"})
	}
	return cols
}

func (b builder) kpiChanges() *analyze.ChangeTable { return b.r.Changes.Table("kpi") }

func (b builder) kpiRow(m analyze.Metric) gridRow {
	before := b.r.Previous[m.Name]
	name := cell{Text: m.Label, Href: "#def-" + m.Name, Title: m.Definition}.under(m.Note)
	now := cell{Text: valueOf(m), Raw: rawOf(m), Bold: true}.under(detailOf(m))
	if m.OK && m.Name != "ira" {
		now.Where = where(kpiCalls[m.Name]...)
		now.All = now.Where == ""
	}
	then := cell{Text: valueOf(before), Raw: rawOf(before)}
	if before.OK && before.Kind == "ratio" {
		then = then.under(show.Interval(before.Ratio.Low, before.Ratio.High))
	}
	return gridRow{Cells: append(append([]cell{name, now, then}, b.kpiChange(m)...), b.kpiTarget(m)...)}
}

func (b builder) kpiChange(m analyze.Metric) []cell {
	t := b.kpiChanges()
	if t == nil {
		return nil
	}
	for i := range t.Rows {
		if c := &t.Rows[i]; c.Key == m.Name {
			median := plain(show.None)
			if c.MedianOK {
				median = changeValue(c, analyze.Ratio{}, c.Median, true)
				median.Small = nil
			}
			return []cell{difference(c), median}
		}
	}
	return []cell{plain(show.None), plain(show.None)}
}

func (b builder) kpiTarget(m analyze.Metric) []cell {
	if len(b.r.Targets) == 0 {
		return nil
	}
	for _, t := range b.r.Targets {
		if t.Metric != m.Name {
			continue
		}
		var parts []string
		if t.AtLeast != nil {
			parts = append(parts, "≥ "+quantity(*t.AtLeast, m.Unit))
		}
		if t.AtMost != nil {
			parts = append(parts, "≤ "+quantity(*t.AtMost, m.Unit))
		}
		status := "missed"
		switch {
		case !t.OK:
			status = "unknown"
		case t.Met:
			status = "met"
		}
		return []cell{plain(strings.Join(parts, ", ")), plain(status)}
	}
	return []cell{plain(show.None), plain(show.None)}
}

// someKPIs is the part of the key figures that a section is about.
func (b builder) someKPIs(id, label string, names ...string) grid {
	g := grid{ID: "t-" + id, Label: label, Narrow: true, Caption: "Key figures of this section again.",
		Cols: b.kpiCols()}
	for _, m := range b.r.KPIs {
		if slices.Contains(names, m.Name) {
			g.Rows = append(g.Rows, b.kpiRow(m))
		}
	}
	return g
}

func (b builder) classGrid() grid {
	g := grid{ID: "t-classes", Label: "Response classes", Narrow: true,
		Caption: fmt.Sprintf("By class of the final response as the caller saw it. The rows add up to all %s.", b.unit),
		Cols:    []col{{Name: "Class"}, {Name: capital(b.unit), Num: true}, {Name: "Failed", Num: true}}}
	sum := outcomes(b.r)
	for _, c := range classViews(b.r) {
		g.Rows = append(g.Rows, gridRow{Cells: []cell{{Text: c.Label, Class: c.Class},
			counted(c.Count, "class", c.Class).under(show.Part(c.Count, sum.Count)), counted(c.Failed, "class", c.Class, "outcome", "failed")}})
	}
	all := number(sum.Count)
	all.All = sum.Count > 0
	g.Rows = append(g.Rows, gridRow{Sum: true, Cells: []cell{plain("all"), all, counted(sum.Failed, "outcome", "failed")}})
	return g
}

func (b builder) codeGrid() grid {
	g := grid{ID: "t-codes", Label: "Response codes", Caption: "With meaning, what to check first and calls to look at.",
		Cols: []col{{Name: "Code"}, {Name: capital(b.unit), Small: "of all", Num: true}, {Name: "Failed", Small: "of failures", Num: true}}}
	for _, c := range b.r.Codes {
		code := fmt.Sprint(c.Code)
		name := cell{Text: c.Label, Class: knownClass(c.Class)}.noted("", c.Meaning).noted("Check first:", c.FirstCheck).
			noted("Most frequent cause:", c.TopCause).noted("", "", c.Examples...)
		failed := counted(c.Failed, "code", code, "outcome", "failed")
		if c.Failed > 0 {
			failed = failed.bold().under(shareOf(c.OfFailures))
		}
		g.Rows = append(g.Rows, gridRow{Fails: c.Failed > 0, Cells: []cell{name, counted(c.Count, "code", code).bold().under(shareOf(c.OfFinals)), failed}})
	}
	return g
}

func (b builder) paretoGrid() grid {
	g := grid{ID: "t-pareto", Label: "Causes of failures", Caption: "Code with the most telling of Q.850, Warning and phrase, up to 80 % of the failures or ten rows.",
		Cols: []col{{Name: "Cause"}, {Name: "Failed", Num: true}, {Name: "Of failures", Num: true}, {Name: "Sum", Num: true}}}
	var total int64
	for _, p := range b.r.Pareto {
		total += p.Failed
	}
	for _, p := range b.r.Pareto {
		name, failed := plain(p.Label), counted(p.Failed, "code", fmt.Sprint(p.Code), "cause", p.Cause, "outcome", "failed")
		if p.Other {
			name = name.under(fmt.Sprintf("%s more", plural(p.Causes, "cause", "causes")))
			failed = number(p.Failed)
		} else if !strings.HasSuffix(p.Label, p.Cause) {
			name = name.under(p.Cause)
		}
		share := analyze.Ratio{Num: p.Failed, Den: total}
		g.Rows = append(g.Rows, gridRow{Cells: []cell{name, failed, ratioCell(share), ratioCell(p.Sum)}})
	}
	return g
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return show.Count(int64(n)) + " " + many
}

// groupGrid is the table of a key's values.
func (b builder) groupGrid(id, label, caption, key, none, unit string, rows []analyze.GroupRow) grid {
	g := grid{ID: "t-" + id, Label: label, Caption: strings.TrimSpace(caption + " Failure rate with its 95 % interval."),
		Cols: []col{{Name: label}, {Name: capital(unit), Num: true}, {Name: "ASR", Num: true}, {Name: "NER", Num: true}, {Name: "Failed", Num: true}, {Name: "Failure rate", Num: true}}}
	if key == "trunk" {
		g.Cols[0].Name = "Trunk"
	} else {
		g.Cols[0].Name = map[string]string{"prefix": "Prefix", "source": "Source", "user_agent": "User agent"}[key]
	}
	for _, x := range rows {
		name := x.Name
		if name == "" {
			name = none
		}
		c := plain(name)
		if x.TopCode != "" {
			c = c.under("most failures: " + x.TopCode)
		}
		rate := ratioCell(x.Failure).bold().under(intervalOf(x.Failure))
		if x.Failed > 0 {
			rate.Where = where(key, x.Name, "outcome", "failed")
		}
		g.Rows = append(g.Rows, gridRow{Cells: []cell{c, counted(x.Count, key, x.Name), ratioCell(x.ASR), ratioCell(x.NER),
			counted(x.Failed, key, x.Name, "outcome", "failed"), rate}})
	}
	return g
}

func (b builder) worstGrid() grid {
	g := grid{ID: "t-worst", Label: "Worst hours", Caption: "The hours with most failures above what the period's rate gives for them.",
		Cols: []col{{Name: "Hour"}, {Name: capital(b.unit), Num: true}, {Name: "Failed", Num: true}, {Name: "Expected", Num: true}, {Name: "Mostly"}}}
	for _, h := range b.r.Worst {
		keys := []string{"day", h.From.Format("2006-01-02"), "hour", h.From.Format("15")}
		trunk := h.TopTrunk
		if trunk == "" {
			trunk = charts.NoTrunk
		}
		g.Rows = append(g.Rows, gridRow{Cells: []cell{{Text: show.Span(h.From, h.To)}, counted(h.Count, keys...),
			counted(h.Failed, append(keys, "outcome", "failed")...).bold().under(show.Part(h.Failed, h.Rated)),
			{Text: fmt.Sprintf("%.1f", h.Expected), Raw: float(rounded(h.Expected))}, plain(h.TopCode).under(trunk)}})
	}
	return g
}

func (b builder) markGrid(id, label string, names ...string) grid {
	g := grid{ID: "t-" + id, Label: label, Narrow: true, Caption: "Calls with a mark, whatever became of them.",
		Cols: []col{{Name: "Mark"}, {Name: capital(b.unit), Num: true}, {Name: "Failed", Num: true}}}
	for _, m := range b.r.Marks {
		if slices.Contains(names, m.Name) {
			g.Rows = append(g.Rows, gridRow{Cells: []cell{plain(strings.ReplaceAll(m.Name, "_", " ")), counted(m.Count, "flag", m.Name), counted(m.Failed, "flag", m.Name, "outcome", "failed")}})
		}
	}
	return g
}

func (b builder) ledgerGrid() grid {
	g := grid{ID: "t-ledger", Label: "Counting ledger", Narrow: true, Caption: "Each step; = is what remains.", Cols: []col{{Name: "Step"}, {Name: "Number", Num: true}}}
	signs := map[string]string{"-": "− ", "=": "= ", "+": "+ "}
	for _, l := range b.r.Ledger {
		n := number(l.N)
		if l.Sign == "+" {
			n = counted(l.N, "outcome", l.Label)
		}
		g.Rows = append(g.Rows, gridRow{Sum: l.Sign == "=", Cells: []cell{plain(signs[l.Sign] + strings.ReplaceAll(l.Label, "_", " ")).under(l.Note), n}})
	}
	return g
}

func (b builder) excludedGrid() grid {
	g := grid{ID: "t-excluded", Label: "Left out of the headline", Narrow: true, Caption: "Counted, and shown here only.", Cols: []col{{Name: "What"}, {Name: "Number", Num: true}}}
	for _, x := range b.r.Excluded {
		g.Rows = append(g.Rows, gridRow{Cells: []cell{plain(strings.ReplaceAll(x.Name, "_", " ")), counted(x.Count, "flag", x.Name)}})
	}
	return g
}

func (b builder) sourceGrid() grid {
	g := grid{ID: "t-sources", Label: "Sources", Caption: "Every input, with how its time zone was settled.",
		Cols: []col{{Name: "Path"}, {Name: "Format"}, {Name: "Records", Num: true}, {Name: "Rejected", Num: true}, {Name: "First and last"}, {Name: "Zone"}}}
	for _, s := range b.r.Sources {
		format, zone := s.Format, plain(s.TZ)
		if format == "" {
			format = show.None
		}
		if s.TZFrom != "" {
			zone = zone.under("by " + s.TZFrom)
		}
		g.Rows = append(g.Rows, gridRow{Cells: []cell{plain(s.Path).under(show.Cut(s.SHA256, 13), s.Note), plain(format).under(s.State), number(s.Records), number(s.Rejected),
			plain(show.Moment(s.First)).under(show.Moment(s.Last)), zone}})
	}
	return g
}

func (b builder) rejectGrid() grid {
	g := grid{ID: "t-rejects", Label: "Rejected input", Caption: "By reason, with the first place and a sample.",
		Cols: []col{{Name: "Reason"}, {Name: "Number", Num: true}, {Name: "First place and sample"}}}
	for _, x := range b.r.Rejects {
		g.Rows = append(g.Rows, gridRow{Cells: []cell{plain(x.Reason), number(x.Count), plain(fmt.Sprintf("%s:%d", x.Path, x.Line)).under(show.Cut(x.Sample, 200))}})
	}
	return g
}

func (b builder) actionGrid() grid {
	g := grid{ID: "t-actions", Label: "Action list", Caption: "What to do, on what evidence, whose it is, and how to see next week that it helped.",
		Cols: []col{{Name: "What"}, {Name: "Evidence"}, {Name: "Whose"}, {Name: "Check next week"}}}
	for _, a := range b.r.Actions {
		what := plain(a.What)
		if a.Finding > 0 {
			what.Href = fmt.Sprintf("#finding-%d", a.Finding)
		}
		g.Rows = append(g.Rows, gridRow{Cells: []cell{what, plain(a.Evidence), plain(ownerNames[a.Owner]), plain(a.Verify)}})
	}
	return g
}

func (b builder) anomalyGrid() grid {
	g := grid{ID: "t-anomalies", Label: "Unusual hours", Caption: "Stretches in which a figure left the band that the same hours of earlier weeks give.",
		Cols: []col{{Name: "When"}, {Name: "Figure"}, {Name: "Value", Num: true}, {Name: "Band", Num: true}, {Name: "Weeks", Num: true}}}
	for _, a := range b.r.Anomalies {
		g.Rows = append(g.Rows, gridRow{Cells: []cell{plain(show.Span(a.From, a.To)), plain(strings.ReplaceAll(a.Metric, "_", " ")),
			{Text: fmt.Sprintf("%.4g", a.Value), Raw: float(a.Value)}, plain(fmt.Sprintf("%.4g–%.4g", a.Low, a.High)), number(int64(a.Weeks))}})
	}
	return g
}

func (b builder) availabilityGrid() grid {
	g := grid{ID: "t-availability", Label: "Availability of the trunks", Narrow: true,
		Caption: "Unavailable: minutes with at least 3 attempts of which half or more failed by the network or for want of resources. Minutes without data are unknown.",
		Cols:    []col{{Name: "Trunk"}, {Name: "Availability", Num: true}, {Name: "Minutes unavailable", Num: true}, {Name: "Minutes known", Num: true}}}
	for _, a := range b.r.Trunking {
		name := a.Trunk
		if name == "" {
			name = charts.NoTrunk
		}
		g.Rows = append(g.Rows, gridRow{Fails: a.Unavailable > 0, Cells: []cell{plain(name).under(a.Note), ratioCell(a.Ratio), number(a.Unavailable), number(a.Covered)}})
	}
	return g
}
