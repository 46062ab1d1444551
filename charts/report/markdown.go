package report

import (
	"bytes"
	"fmt"
	"strings"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// markdown writes the report's sections as report.md, with the charts beside it.
func markdown(r *analyze.Report, opt Options) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	l := opt.lang()
	p("# %s: %s, %s\n", inline(r.Title), l.Say("call failures"), inline(periodName(r)))
	p("%s – %s %s  ", l.Say(show.Moment(r.Period.From)), l.Say(show.Moment(r.Period.To)), inline(r.Zone))
	p("%s", inline(l.Say(covered(r))))
	for _, g := range r.Gaps {
		p("\n%s", l.Say(noData(g)))
	}
	for _, s := range contents(r, opt, nil) {
		p("\n## %s", inline(s.Title))
		for _, part := range s.Parts {
			mdPart(p, r, part, l)
		}
	}
	if opt.Tool != "" {
		p("\n%s, %s %s. %s", inline(opt.Tool), l.Say("counting rules"), inline(l.Say(r.Rules)), l.Say("The same input gives the same file."))
	}
	return b.Bytes()
}

// covered says what the report is made of, in a line.
func covered(r *analyze.Report) string {
	return fmt.Sprintf("Coverage %s of %s · counted: %s · sources %d · rules %s · input %s", show.Hours(r.Covered), show.Hours(r.Hours), show.Scope(r.Scope), len(r.Sources), show.Clean(r.Rules), show.Clean(r.Checksum))
}

func mdPart(p func(string, ...any), r *analyze.Report, part part, l words.Lang) {
	switch {
	case part.Prose != nil:
		p("\n%s", inline(part.Prose.Text))
	case part.Heading != nil:
		p("\n### %s", inline(part.Heading.Text))
	case part.Chart != "":
		fig, err := charts.New(part.Chart, r)
		if err != nil {
			return
		}
		if fig.Empty != "" {
			p("\n%s: %s.", inline(l.Say(fig.Title)), inline(l.Say(fig.Empty)))
			return
		}
		p("\n![%s](charts/%s.png)", inline(l.Say(fig.Alt)), part.Chart)
	case part.Grid != nil:
		mdGrid(p, part.Grid)
	case part.Finding != nil:
		f := part.Finding
		p("\n%s. **%s**  \n   %s %s", f.Rank, inline(f.Title), f.Failed.Text, inline(strings.TrimSpace(f.Numbers+" "+f.Span)))
		for _, l := range f.Lines {
			p("   - %s %s", l.Lead, inline(l.Text))
		}
		if len(f.Calls) > 0 {
			p("   - %s %s", l.Say("Calls:"), inline(strings.Join(f.Calls, ", ")))
		}
	case part.Terms != nil:
		p("")
		for _, t := range part.Terms {
			p("- **%s**: %s", inline(t.Name), inline(t.Text))
		}
	}
}

func mdGrid(p func(string, ...any), g *grid) {
	p("\n%s\n", inline(g.Caption))
	var head, rule []string
	for _, c := range g.Cols {
		head = append(head, inline(strings.TrimSpace(c.Name+" "+c.Small)))
		if c.Num {
			rule = append(rule, "--:")
		} else {
			rule = append(rule, "---")
		}
	}
	p("| %s |", strings.Join(head, " | "))
	p("| %s |", strings.Join(rule, " | "))
	for _, row := range g.Rows {
		var cells []string
		for _, c := range row.Cells {
			s := inline(c.Text)
			if (c.Bold || row.Sum) && s != "" {
				s = "**" + s + "**"
			}
			for _, under := range c.Small {
				s += " (" + inline(under) + ")"
			}
			for _, n := range c.Notes {
				s += " · " + inline(strings.TrimSpace(n.Lead+" "+n.Text+" "+strings.Join(n.IDs, ", ")))
			}
			cells = append(cells, s)
		}
		p("| %s |", strings.Join(cells, " | "))
	}
	if g.SQL != "" {
		p("\n```sql\n%s\n```", strings.ReplaceAll(cleanLines(g.SQL), "```", "'''"))
	}
}

// marks are the characters that Markdown and the HTML inside it go by.
var mdMarks = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "#", `\#`)

// inline is foreign text for one line of Markdown.
func inline(s string) string { return mdMarks.Replace(show.Clean(s)) }
