package report

import (
	"strings"

	"callsift/charts"
	"callsift/charts/internal/words"
)

// spoken puts the sections into a language. The calls behind the figures are foreign
// text, and stay as they are.
func spoken(sections []section, l words.Lang) []section {
	if l != words.Chinese {
		return sections
	}
	for i := range sections {
		s := &sections[i]
		s.Title, s.Nav = l.Say(s.Title), l.Say(s.Nav)
		for k := range s.Parts {
			s.Parts[k].speak(l)
		}
	}
	return sections
}

func (p *part) speak(l words.Lang) {
	switch {
	case p.Prose != nil:
		p.Prose.Text = l.Say(p.Prose.Text)
	case p.Heading != nil:
		p.Heading.Text = l.Say(p.Heading.Text)
	case p.Grid != nil:
		p.Grid.speak(l)
	case p.Finding != nil:
		f := p.Finding
		f.Title, f.Span, f.Numbers = l.Say(f.Title), l.Say(f.Span), l.Say(f.Numbers)
		for i := range f.Lines {
			f.Lines[i].speak(l)
		}
	}
	for i := range p.Terms {
		p.Terms[i].Name, p.Terms[i].Text = l.Say(p.Terms[i].Name), l.Say(p.Terms[i].Text)
	}
}

func (g *grid) speak(l words.Lang) {
	g.Label, g.Caption = l.Say(g.Label), l.Say(g.Caption)
	for i := range g.Cols {
		c := &g.Cols[i]
		c.Name, c.Small = l.Say(c.Name), l.Say(c.Small)
	}
	for i := range g.Rows {
		for k := range g.Rows[i].Cells {
			c := &g.Rows[i].Cells[k]
			c.Text, c.Title = l.Say(c.Text), l.Say(c.Title)
			for n := range c.Small {
				c.Small[n] = l.Say(c.Small[n])
			}
			for n := range c.Notes {
				c.Notes[n].speak(l)
			}
		}
	}
}

func (n *note) speak(l words.Lang) { n.Lead, n.Text = l.Say(n.Lead), l.Say(n.Text) }

// lang is the language of the options.
func (opt Options) lang() words.Lang { return words.Lang(opt.Chart.Lang) }

// drawings are the options of PNG and PDF charts: in the language only if the font
// has its characters. SVG and the page are drawn by whoever shows them, who has.
func (opt Options) drawings() charts.Options {
	o := opt.Chart
	if !opt.holds() {
		o.Lang = ""
	}
	return o
}

// holds tells that the font has the characters of the language.
func (opt Options) holds() bool {
	missing, err := charts.Lacks(opt.lang().Say("call failures"), opt.Chart.Font)
	return err == nil && len(missing) == 0
}

// sheetName is what a sheet of the workbook is called.
func sheetName(name string, l words.Lang) string {
	if l != words.Chinese {
		return name
	}
	return l.Say(strings.ReplaceAll(name, "_", " "))
}
