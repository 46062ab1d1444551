package charts

import (
	"fmt"
	"math"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// trendFigure draws ASR and NER by day, each with its Wilson band. A day without
// data, or without a rated call, breaks the line.
func trendFigure(r *analyze.Report) Figure {
	var asr, ner analyze.Ratio
	for _, d := range r.Trend {
		if d.Data {
			asr.Num, asr.Den = asr.Num+d.ASR.Num, asr.Den+d.ASR.Den
			ner.Num, ner.Den = ner.Num+d.NER.Num, ner.Den+d.NER.Den
		}
	}
	fig := Figure{
		Title:    "Answered (ASR) and network effectiveness (NER) by day",
		Subtitle: line(r.Title, period(r), show.Counted(asr.Den, r.Scope)),
	}
	low := trendLow(r.Trend)
	fig.Footer = line(scopeNote(r), "ASR: answered", "NER: answered, busy, no answer and the like: what the network delivered (ITU-T E.425)",
		"bands: Wilson 95 %", axisNote(low), r.Zone)
	if asr.Den == 0 && ner.Den == 0 {
		fig.Empty = nothing(r, show.Scope(r.Scope))
		return fig
	}
	fig.Alt = trendAlt(r, asr, ner)
	fig.draw = func(p *paper, b box) { drawTrend(p, b, r.Trend, low, asr, ner) }
	return fig
}

func axisNote(low float64) string {
	if low == 0 {
		return ""
	}
	return "the axis starts at " + axisPercent(low)
}

// trendLow is the ten per cent under the lowest band.
func trendLow(days []analyze.DayRatios) float64 {
	low := 1.0
	for _, d := range days {
		for _, q := range []analyze.Ratio{d.ASR, d.NER} {
			if d.Data && q.Den > 0 {
				low = min(low, q.Low)
			}
		}
	}
	return max(0, min(0.9, math.Floor(low*10)/10))
}

func trendAlt(r *analyze.Report, asr, ner analyze.Ratio) string {
	alt := fmt.Sprintf("In %s ASR was %s and NER %s.", period(r), show.Part(asr.Num, asr.Den), show.Part(ner.Num, ner.Den))
	var worst analyze.DayRatios
	lowest := 2.0
	for _, d := range r.Trend {
		if v, ok := d.NER.Value(); ok && d.Data && v < lowest {
			lowest, worst = v, d
		}
	}
	if lowest < 2 && len(r.Trend) > 1 {
		alt += fmt.Sprintf(" The lowest NER was %s on %s.", show.Percent(lowest), worst.Day.Format("Mon Jan 2"))
	}
	return alt
}

func drawTrend(p *paper, b box, days []analyze.DayRatios, low float64, asr, ner analyze.Ratio) {
	lines := []trendLine{
		{"NER", inkNER, true, func(d analyze.DayRatios) analyze.Ratio { return d.NER }},
		{"ASR", inkASR, false, func(d analyze.DayRatios) analyze.Ratio { return d.ASR }},
	}
	b = p.legend(b, []key{
		{label: "NER", detail: show.Part(ner.Num, ner.Den) + " in all", mark: lines[0].key},
		{label: "ASR", detail: show.Part(asr.Num, asr.Den) + " in all", mark: lines[1].key},
	})
	var ticks []float64
	step := 0.1
	if low < 0.5 {
		step = 0.2
		low = math.Floor(low*5) / 5
	} else if low == 0.9 {
		step = 0.02
	}
	for i := 0; low+float64(i)*step <= 1.0001; i++ {
		ticks = append(ticks, low+float64(i)*step)
	}
	left := p.labelRoom(ticks, axisPercent)
	plot := box{b.x + left, b.y + 8, b.w - left, b.h - 50}
	y := p.valueAxis(plot, ticks, axisPercent)
	slot := plot.w / float64(len(days))
	dates := make([]time.Time, len(days))
	for i, d := range days {
		dates[i] = d.Day
		if !d.Data {
			p.noData(box{plot.x + float64(i)*slot, plot.y, slot, plot.h})
		}
	}
	p.dayAxis(plot, dates)
	at := func(i int) float64 { return plot.x + (float64(i)+0.5)*slot }
	for _, l := range lines {
		p.trendBand(l, days, at, y)
	}
	for _, l := range lines {
		p.trendLine(l, days, at, y, slot)
	}
}

// trendLine is one series: round marks, or square ones so that it stays apart in
// a grey print.
type trendLine struct {
	name   string
	ink    ink
	square bool
	of     func(analyze.DayRatios) analyze.Ratio
}

func (l trendLine) key(p *paper, b box) {
	p.line(b.x-3, b.y+b.h/2, b.right()+3, b.y+b.h/2, l.ink, 2.5)
	l.mark(p, b.x+b.w/2, b.y+b.h/2)
}

func (l trendLine) mark(p *paper, x, y float64) {
	if l.square {
		p.rect(box{x - 4, y - 4, 8, 8}, l.ink)
		return
	}
	p.disc(x, y, 4.5, l.ink)
}

// runs gives the stretches of days that have the ratio.
func (l trendLine) runs(days []analyze.DayRatios) [][]int {
	var runs [][]int
	open := false
	for i, d := range days {
		if !d.Data || l.of(d).Den == 0 {
			open = false
			continue
		}
		if !open {
			runs, open = append(runs, nil), true
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], i)
	}
	return runs
}

func (p *paper) trendBand(l trendLine, days []analyze.DayRatios, at func(int) float64, y scale) {
	for _, run := range l.runs(days) {
		if len(run) == 1 { // a whisker: a band has no width here
			q := l.of(days[run[0]])
			x := at(run[0])
			p.path([]point{{x, y.at(max(y.min, q.Low))}, {x, y.at(q.High)}}, l.ink, 1.5, 0)
			continue
		}
		var pts []point
		for _, i := range run {
			pts = append(pts, point{at(i), y.at(l.of(days[i]).High)})
		}
		for k := len(run) - 1; k >= 0; k-- {
			pts = append(pts, point{at(run[k]), y.at(max(y.min, l.of(days[run[k]]).Low))})
		}
		p.area(pts, l.ink, 0.16)
	}
}

func (p *paper) trendLine(l trendLine, days []analyze.DayRatios, at func(int) float64, y scale, slot float64) {
	value := func(i int) float64 { v, _ := l.of(days[i]).Value(); return v }
	for _, run := range l.runs(days) {
		var pts []point
		for _, i := range run {
			pts = append(pts, point{at(i), y.at(max(y.min, value(i)))})
		}
		if len(pts) > 1 {
			p.path(pts, l.ink, 2.5, 0)
		}
		for k, i := range run {
			q := l.of(days[i])
			p.tip = fmt.Sprintf("%s, %s: %s (%s of %s, 95 %% interval %s)", days[i].Day.Format("Mon Jan 2"), l.name,
				show.Percent(value(i)), show.Count(q.Num), show.Count(q.Den), show.Interval(q.Low, q.High))
			if slot >= 12 {
				l.mark(p, pts[k].x, pts[k].y)
			}
			if slot >= 52 {
				label := strings.TrimSuffix(show.Percent(value(i)), "\u00a0%")
				st := style{size: sizeSmall, ink: l.ink, anchor: middle, bold: true}
				if len(pts) == 1 { // beside the whisker
					st.anchor = start
					p.text(pts[k].x+10, pts[k].y+4, label, st)
				} else {
					p.text(pts[k].x, labelY(pts, k), label, st)
				}
			}
			p.tip = ""
		}
	}
}

// labelY puts a label over a point that stands out upwards and else under it, out
// of the way of the line.
func labelY(pts []point, k int) float64 {
	around, n := 0.0, 0.0
	for _, i := range []int{k - 1, k + 1} {
		if i >= 0 && i < len(pts) {
			around, n = around+pts[i].y, n+1
		}
	}
	if n > 0 && around/n > pts[k].y+6 {
		return pts[k].y - 11
	}
	return pts[k].y + 20
}

func axisPercent(v float64) string { return fmt.Sprintf("%.0f\u00a0%%", 100*v) }
