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
		parts = append(parts, fmt.Sprintf("%s %s (%s)", paretoName(c), show.Count(c.Failed), show.Part(c.Failed, total)))
	}
	fig.Alt = fmt.Sprintf("%s failed %s by cause: %s.", show.Count(total), show.Scope(r.Scope), strings.Join(parts, ", "))
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
	left, room := 0.0, 0.0
	for _, c := range rows {
		left = max(left, p.width(paretoName(c), name), p.width(paretoDetail(c), small))
		room = max(room, p.width(show.Count(c.Failed)+" · "+show.Part(c.Failed, total), style{size: sizeText, bold: true}))
	}
	left = min(left+14, b.w*0.42)
	plot := box{b.x + left, b.y + 18, b.w - left - 64, b.h - 26}
	pitch := min(58, plot.h/float64(len(rows)))
	bottom := plot.y + pitch*float64(len(rows))
	x := scale{0, 1, plot.x, plot.right()}
	for _, v := range []float64{0, .25, .5, .75, 1} {
		p.line(x.at(v), plot.y-4, x.at(v), bottom, inkGrid, 1)
		p.text(x.at(v), plot.y-9, axisPercent(v), style{size: sizeSmall, ink: inkMuted, anchor: middle})
	}
	var sums []point
	for i, c := range rows {
		y := plot.y + float64(i)*pitch
		mid := y + pitch/2
		share := float64(c.Failed) / float64(total)
		value, _ := c.Sum.Value()
		tip := fmt.Sprintf("%s: %s of %s failures (%s), with those above %s", line(paretoName(c), paretoDetail(c)), show.Count(c.Failed), show.Count(total), show.Percent(share), show.Percent(value))
		if c.Other {
			p.behind(tip)
		} else {
			p.behind(tip, "code", fmt.Sprint(c.Code), "cause", c.Cause, "outcome", "failed")
		}
		fill := ink("failed")
		if c.Other {
			fill = inkOther
		}
		if detail := paretoDetail(c); detail != "" && pitch >= 34 {
			p.text(plot.x-10, mid-2, p.fit(paretoName(c), left-14, name), name)
			p.text(plot.x-10, mid+13, p.fit(detail, left-14, small), small)
		} else {
			p.text(plot.x-10, mid+5, p.fit(paretoName(c), left-14, name), name)
		}
		w := max(2, x.at(share)-plot.x)
		if c.Failed == 0 {
			w = 0
		}
		p.rect(box{plot.x, y + pitch*0.2, w, pitch * 0.6}, fill)
		p.behind("")
		label := show.Count(c.Failed) + " · " + show.Percent(share)
		st := style{size: sizeText, bold: !c.Other}
		tx := plot.x + w + 8
		if tx+room > plot.right()-4 && w > room+16 {
			tx, st.ink, st.anchor = plot.x+w-8, inkOnHeat, end
		} else {
			p.rect(box{tx - 2, mid - 9, p.width(label, st) + 4, 18}, inkPaper) // over the grid
		}
		p.text(tx, mid+5, label, st)
		sums = append(sums, point{x.at(value), mid})
	}
	p.path(sums, inkMark, 1.5, 4)
	for i, s := range sums {
		p.behind(fmt.Sprintf("sum down to here: %s", show.Percent(float64(rows[i].Sum.Num)/float64(max(1, rows[i].Sum.Den)))))
		p.disc(s.x, s.y, 4, inkMark)
		p.behind("")
	}
	p.text(plot.right()+10, sums[0].y+5, "sum", style{size: sizeSmall, ink: inkMuted})
	p.line(plot.x, plot.y-4, plot.x, bottom, inkAxis, 1)
}
