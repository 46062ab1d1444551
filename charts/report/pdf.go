package report

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// Measures of report.pdf in points, on A4.
const (
	pdfMargin = 40.0
	pdfWidth  = 595.28 - 2*pdfMargin
	pdfLine   = 11.5
	pdfGap    = 12.0 // between two columns
)

// printer writes the sections of the report as PDF pages.
type printer struct {
	*fpdf.Fpdf
	r     *analyze.Report
	l     words.Lang
	chart charts.Options
}

// printed is report.pdf: the sections of the page in the same order, the charts
// as drawings. Without a font that holds the language it is in English.
func printed(r *analyze.Report, opt Options) ([]byte, error) {
	l, drawn := opt.lang(), charts.Options{Lang: opt.Chart.Lang, Font: opt.Chart.Font}
	doc := fpdf.New("P", "pt", "A4", "")
	ok, err := charts.Embed(doc, opt.Chart.Font)
	if err != nil {
		return nil, fmt.Errorf("report.pdf: %w", err)
	}
	if !ok {
		drawn.Font = ""
	}
	if missing, err := charts.Lacks(l.Say("call failures"), drawn.Font); err != nil || len(missing) > 0 {
		l, drawn.Lang, opt.Chart.Lang = "", "", "" // Warnings tells
	}
	p := printer{doc, r, l, drawn}
	p.SetCreationDate(packDate)
	p.SetModificationDate(packDate)
	p.SetCatalogSort(true)
	p.SetProducer("callsift", true)
	p.SetTitle(show.Clean(r.Title+": "+l.Say("call failures")+", "+periodName(r)), true)
	p.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(true, pdfMargin+12)
	p.SetFooterFunc(func() {
		p.SetY(-pdfMargin)
		p.SetFont("sans", "", 8)
		p.SetTextColor(89, 99, 110)
		p.CellFormat(pdfWidth, 10, fmt.Sprintf("%s · %d", show.Clean(r.Title+", "+periodName(r)), p.PageNo()), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	p.say(show.Clean(r.Title)+": "+l.Say("call failures")+", "+periodName(r), 18, true, false)
	p.say(l.Say(show.Moment(r.Period.From))+" – "+l.Say(show.Moment(r.Period.To))+" "+r.Zone, 9, false, true)
	p.say(l.Say(covered(r)), 9, false, true)
	for _, g := range r.Gaps {
		p.say(l.Say(noData(g)), 9, false, false)
	}
	for _, s := range contents(r, opt, nil) {
		p.keep(90 + p.room(s.Parts, 0)) // a heading stays with what follows
		p.Ln(10)
		p.say(s.Title, 13, true, false)
		for i, x := range s.Parts {
			if x.Heading != nil {
				p.keep(100 + p.room(s.Parts, i+1))
			}
			p.part(x)
		}
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("report.pdf: %w", err)
	}
	return b.Bytes(), nil
}

// room is how high the chart is that stands at a place of the parts, 0 where none
// does.
func (p printer) room(parts []part, at int) float64 {
	if at >= len(parts) || parts[at].Chart == "" {
		return 0
	}
	fig, err := charts.New(parts[at].Chart, p.r)
	if err != nil || fig.Empty != "" {
		return 0
	}
	return charts.PrintedHeight(fig, pdfWidth)
}

// keep begins a new page where fewer points are left.
func (p printer) keep(points float64) {
	if _, h := p.GetPageSize(); p.GetY()+points > h-pdfMargin-12 {
		p.AddPage()
	}
}

// say writes a paragraph.
func (p printer) say(text string, size float64, bold, muted bool) {
	style := ""
	if bold {
		style = "B"
	}
	p.SetFont("sans", style, size)
	p.SetTextColor(27, 34, 41)
	if muted {
		p.SetTextColor(89, 99, 110)
	}
	p.MultiCell(pdfWidth, size*1.3, pdfText(text), "", "L", false)
}

// noted writes a paragraph with a bold beginning.
func (p printer) noted(lead, text string) {
	const size = 8.5
	p.SetTextColor(27, 34, 41)
	p.SetFont("sans", "B", size)
	p.Write(size*1.35, pdfText(lead)+" ")
	p.SetFont("sans", "", size)
	p.SetTextColor(89, 99, 110)
	p.Write(size*1.35, pdfText(text))
	p.Ln(size * 1.35)
}

// pdfText is foreign text without what the fonts cannot hold: the library wants
// the basic plane.
func pdfText(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ReplaceAll(show.Clean(s), "\u00a0", " "))
}

func (p printer) part(x part) {
	switch {
	case x.Prose != nil:
		p.say(x.Prose.Text, 9.5, x.Prose.Class == "lead", x.Prose.Class == "note")
	case x.Heading != nil:
		p.keep(50)
		p.Ln(5)
		p.say(x.Heading.Text, 10.5, true, false)
	case x.Chart != "":
		p.figure(x.Chart)
	case x.Grid != nil:
		p.grid(x.Grid)
	case x.Finding != nil:
		f := x.Finding
		p.keep(70)
		p.Ln(4)
		p.say(f.Rank+"  "+f.Title, 10, true, false)
		p.say(strings.TrimSpace(f.Span+" "+f.Failed.Text+" "+f.Numbers), 9, false, false)
		for _, l := range f.Lines {
			p.noted(l.Lead, l.Text)
		}
		if len(f.Calls) > 0 {
			p.noted(p.l.Say("Calls:"), strings.Join(f.Calls, ", "))
		}
	case x.Terms != nil:
		for _, t := range x.Terms {
			p.say(t.Name+": "+t.Text, 8.5, false, false)
		}
	}
}

func (p printer) figure(name string) {
	fig, err := charts.New(name, p.r)
	if err != nil {
		return
	}
	if fig.Empty != "" {
		p.say(p.l.Say(fig.Title)+": "+p.l.Say(fig.Empty)+".", 9.5, false, false)
		return
	}
	p.keep(charts.PrintedHeight(fig, pdfWidth) + 6)
	top := p.GetY()
	h, err := charts.Print(p.Fpdf, fig, p.chart, pdfMargin, top, pdfWidth)
	if err != nil {
		p.SetError(err)
		return
	}
	p.SetXY(pdfMargin, top+h+4)
}

// widths are those of a table's columns: as wide as what stands in them, the texts
// less where the page is not wide enough for all. The first takes what is left.
func (p printer) widths(g *grid, head [][]string) []float64 {
	want := make([]float64, len(g.Cols))
	for i := range want {
		most := 130.0
		if !g.Cols[i].Num {
			most = pdfWidth * 0.45
		}
		measure := func(k int, text string, sum, head bool) {
			p.font(k, i, sum, head)
			want[i] = max(want[i], min(most, p.GetStringWidth(pdfText(text))+pdfGap+1))
		}
		measure(0, head[i][0], false, true)
		for _, row := range g.Rows {
			c := row.Cells[i]
			measure(0, c.Text, row.Sum, false)
			for _, s := range c.Small {
				measure(1, s, row.Sum, false)
			}
			if len(c.Notes) > 0 {
				want[i] = most
			}
		}
	}
	numbers, texts := 0.0, 0.0
	for i, w := range want {
		if g.Cols[i].Num {
			numbers += w
		} else {
			texts += w
		}
	}
	left := pdfWidth - numbers
	for i := range want {
		if !g.Cols[i].Num && texts > left {
			want[i] *= left / texts
		}
	}
	want[0] += max(0, left-texts)
	return want
}

// grid draws a table.
func (p printer) grid(g *grid) {
	n := len(g.Cols)
	head := make([][]string, n)
	for i, c := range g.Cols {
		head[i] = []string{strings.TrimSpace(c.Name + " " + c.Small)}
	}
	widths := p.widths(g, head)
	p.say(g.Caption, 8, false, true)
	p.keep(40)
	p.row(g, widths, head, false, true)
	for _, row := range g.Rows {
		cells := make([][]string, n)
		for i, c := range row.Cells {
			cells[i] = append([]string{c.Text}, c.Small...)
			for _, note := range c.Notes {
				cells[i] = append(cells[i], strings.TrimSpace(note.Lead+" "+note.Text+" "+strings.Join(note.IDs, ", ")))
			}
		}
		p.row(g, widths, cells, row.Sum, false)
	}
	p.Ln(5)
	if g.SQL != "" {
		p.say("SQL: "+strings.ReplaceAll(g.SQL, "\n", " "), 7, false, true)
	}
}

// row draws one row, every cell wrapped to its column.
func (p printer) row(g *grid, widths []float64, cells [][]string, sum, head bool) {
	lines := make([][]string, len(cells))
	high := 1
	for i, parts := range cells {
		for k, text := range parts {
			p.font(k, i, sum, head)
			for _, l := range p.SplitText(pdfText(text), widths[i]-pdfGap) {
				lines[i] = append(lines[i], string(rune('0'+min(k, 1)))+l)
			}
		}
		high = max(high, len(lines[i]))
	}
	p.keep(float64(min(high, 20))*pdfLine + 4)
	top := p.GetY() + 2
	x := pdfMargin
	for i := range cells {
		align := "L"
		if g.Cols[i].Num {
			align = "R"
		}
		for k, l := range lines[i][:min(len(lines[i]), 50)] {
			p.font(int(l[0]-'0'), i, sum, head)
			p.SetXY(x, top+float64(k)*pdfLine)
			p.CellFormat(widths[i]-pdfGap, pdfLine, l[1:], "", 0, align, false, 0, "")
		}
		x += widths[i]
	}
	bottom := top + float64(min(high, 50))*pdfLine + 2
	p.SetDrawColor(227, 231, 235)
	if head {
		p.SetDrawColor(169, 178, 188)
	}
	p.Line(pdfMargin, bottom, pdfMargin+pdfWidth, bottom)
	p.SetXY(pdfMargin, bottom)
}

// font is that of a line of a cell: what stands under a number is small.
func (p printer) font(under, column int, sum, head bool) {
	p.SetTextColor(27, 34, 41)
	switch {
	case head:
		p.SetFont("sans", "", 8)
		p.SetTextColor(89, 99, 110)
	case under > 0:
		p.SetFont("sans", "", 7.5)
		p.SetTextColor(89, 99, 110)
	case sum || column == 0:
		p.SetFont("sans", "B", 8.5)
	default:
		p.SetFont("sans", "", 8.5)
	}
}
