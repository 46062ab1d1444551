package charts

import (
	"fmt"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// paretoFigure ranks the causes of failures, with the running sum as a line.
func paretoFigure(r *analyze.Report) Figure {
	var total int64
	for _, c := range r.Pareto {
		total += c.Failed
	}
	fig := Figure{
		Title:    "Causes of failures and what they add up to",
		Subtitle: line(r.Title, period(r), show.Counted(total, r.Scope)+" failed"),
		Footer: line(scopeNote(r)+" that failed", "cause: code with the most telling of Q.850, Warning and phrase",
			"causes are listed up to 80 % of all failures, ten at most"),
	}
	if total == 0 {
		fig.Empty = fmt.Sprintf("No failed %s in %s", show.Scope(r.Scope), period(r))
		if r.Covered == 0 {
			fig.Empty = nothing(r, show.Scope(r.Scope))
		}
		return fig
	}
	var parts []string
	for _, c := range r.Pareto[:min(4, len(r.Pareto))] {
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", paretoName(c), show.Count(c.Failed), show.Part(c.Failed, total)))
	}
	fig.Alt = fmt.Sprintf("%s failed %s by cause: %s.", show.Count(total), show.Scope(r.Scope), strings.Join(parts, "; "))
	fig.height = 170 + 54*max(2, len(r.Pareto))
	fig.draw = func(p *paper, b box) { drawPareto(p, b, r.Pareto, total) }
	return fig
}

func paretoName(c analyze.ParetoRow) string {
	if c.Other {
		if c.Causes == 0 {
			return "other"
		}
		return fmt.Sprintf("other (%d)", c.Causes)
	}
	return c.Label
}

// paretoDetail is the cause behind the code, where it says more.
func paretoDetail(c analyze.ParetoRow) string {
	if strings.HasSuffix(c.Label, c.Cause) {
		return ""
	}
	return c.Cause
}

func drawPareto(p *paper, b box, rows []analyze.ParetoRow, total int64) {
	name, small := style{size: sizeText, anchor: end}, style{size: sizeSmall, ink: inkMuted, anchor: end}
	left := 0.0
	for _, c := range rows {
		left = max(left, p.width(paretoName(c), name), p.width(paretoDetail(c), small))
	}
	left = min(left+14, b.w*0.42)
	plot := box{b.x + left, b.y + 18, b.w - left - 64, b.h - 26}
	pitch := min(72, plot.h/float64(len(rows)))
	bottom := plot.y + pitch*float64(len(rows))
	x := scale{0, 1, plot.x, plot.right()}
	marks := []float64{0, .25, .5, .75, 1}
	if p.narrow() {
		marks = []float64{0, .5, 1}
	}
	for _, v := range marks {
		p.line(x.at(v), plot.y-4, x.at(v), bottom, inkGrid, 1)
		p.text(x.at(v), plot.y-9, axisPercent(v), style{size: sizeSmall, ink: inkMuted, anchor: middle})
	}
	var sums []point
	for i, c := range rows {
		row := box{plot.x, plot.y + float64(i)*pitch, plot.w, pitch}
		value, _ := c.Sum.Value()
		p.paretoRow(c, row, x, left, total)
		sums = append(sums, point{x.at(value), row.y + pitch/2})
	}
	p.path(sums, inkMark, 1.5, 4)
	for i, c := range rows {
		value, _ := c.Sum.Value()
		p.behind(fmt.Sprintf("sum down to here: %s", show.Percent(value)))
		p.disc(sums[i].x, sums[i].y, 4, inkMark)
		free := sums[i].x + 9
		if i > 0 {
			st := style{size: sizeSmall, ink: inkMuted}
			p.text(free, sums[i].y-5, show.Percent(value), st)
			free += p.width(show.Percent(value), st) + 10
		}
		p.behind("")
		p.paretoValue(c, x, sums[i], free, total)
	}
	if !p.narrow() {
		p.text(plot.right()+10, sums[0].y+5, "sum", style{size: sizeSmall, ink: inkMuted})
	}
	p.line(plot.x, plot.y-4, plot.x, bottom, inkAxis, 1)
}

// paretoRow draws the name and the bar of one cause.
func (p *paper) paretoRow(c analyze.ParetoRow, b box, x scale, left float64, total int64) {
	name, small := style{size: sizeText, anchor: end}, style{size: sizeSmall, ink: inkMuted, anchor: end}
	mid := b.y + b.h/2
	share := float64(c.Failed) / float64(total)
	value, _ := c.Sum.Value()
	tip := fmt.Sprintf("%s: %s of %s failures (%s), with those above %s", line(paretoName(c), paretoDetail(c)), show.Count(c.Failed), show.Count(total), show.Percent(share), show.Percent(value))
	fill := ink("failed")
	if c.Other {
		fill = inkOther
		p.behind(tip)
	} else {
		p.behind(tip, "code", fmt.Sprint(c.Code), "cause", c.Cause, "outcome", "failed")
	}
	if detail := paretoDetail(c); detail != "" && b.h >= 34 {
		p.text(b.x-10, mid-2, p.fit(paretoName(c), left-14, name), name)
		p.text(b.x-10, mid+13, p.fit(detail, left-14, small), small)
	} else {
		p.text(b.x-10, mid+5, p.fit(paretoName(c), left-14, name), name)
	}
	if c.Failed > 0 {
		p.rect(box{b.x, b.y + b.h*0.2, max(2, x.at(share)-b.x), b.h * 0.6}, fill)
	}
	p.behind("")
}

// paretoValue writes a cause's number: in its bar if it fits, else right of it and
// of the sum's point where that is in the way.
func (p *paper) paretoValue(c analyze.ParetoRow, x scale, sum point, free float64, total int64) {
	share := float64(c.Failed) / float64(total)
	label := show.Count(c.Failed)
	if !p.narrow() {
		label += " · " + show.Percent(share)
	}
	st := style{size: sizeText, bold: !c.Other}
	w := p.width(label, st)
	tip := x.at(share)
	if tip-x.from > w+20 {
		if !c.Other {
			st.ink = inkOnHeat
		}
		st.anchor = end
		p.text(tip-10, sum.y+5, label, st)
		return
	}
	at := tip + 8
	if at+w+6 > sum.x-6 && at < free {
		at = free
	}
	p.rect(box{at - 2, sum.y - 9, w + 4, 18}, inkPaper) // over the grid
	p.text(at, sum.y+5, label, st)
}
