package charts

import (
	"fmt"
	"math"
	"strconv"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// pddFigure is the distribution of the post-dial delay with its percentiles. The
// last bar holds all that is longer than the axis.
func pddFigure(r *analyze.Report) Figure {
	h := r.PDD
	fig := Figure{
		Title:    "Post-dial delay",
		Subtitle: line(r.Title, period(r), show.Counted(h.N, r.Scope)+" with a delay", percentiles(h)),
		Footer: line(scopeNote(r), "first INVITE to the first response that tells the caller something (RFC 6076 §4.3)",
			fmt.Sprintf("measured to ±%s", show.Percent(h.ErrorBound)), "percentiles, never a mean"),
	}
	if h.ErrorBound == 0 {
		fig.Footer = line(scopeNote(r), "first INVITE to the first response that tells the caller something (RFC 6076 §4.3)", "percentiles, never a mean")
	}
	if h.N == 0 || len(h.Bins) == 0 {
		fig.Empty = nothing(r, "post-dial delays")
		return fig
	}
	fig.Alt = fmt.Sprintf("Post-dial delay of %s: half under %s (p50), 95 %% under %s (p95), 99 %% under %s (p99).",
		show.Counted(h.N, r.Scope), show.Millis(h.P50), show.Millis(h.P95), show.Millis(h.P99))
	fig.draw = func(p *paper, b box) { drawDelays(p, b, h) }
	return fig
}

func percentiles(h analyze.Histogram) string {
	if h.N == 0 {
		return ""
	}
	return fmt.Sprintf("p50 %s, p90 %s, p95 %s, p99 %s", show.Millis(h.P50), show.Millis(h.P90), show.Millis(h.P95), show.Millis(h.P99))
}

// delayBars spreads the bins over bars of equal width and gives what is longer
// than the last one. A bin that lies in two bars is shared out by overlap; bins
// are never wider than 1/16 of their delay.
func delayBars(bins []analyze.Bin, width float64, n int) (bars []float64, over float64) {
	bars = make([]float64, n)
	end := width * float64(n)
	for _, b := range bins {
		low, high := float64(b.LowMS), float64(b.HighMS)
		if !(high > low) {
			high = low + 1
		}
		per := float64(b.N) / (high - low)
		if high > end {
			over += per * (high - max(low, end))
			high = min(high, end)
		}
		for i := max(0, int(low/width)); i < n && float64(i)*width < high; i++ {
			part := min(high, float64(i+1)*width) - max(low, float64(i)*width)
			bars[i] += per * max(0, part)
		}
	}
	return bars, over
}

// delaySpan picks the axis: a round length over p99 in about n bars. The largest
// value decides only where it is near, so that one call of a minute does not
// press all others to the left edge.
func delaySpan(h analyze.Histogram, n int) (width float64, bars int) {
	last := float64(h.Bins[0].HighMS)
	for _, b := range h.Bins {
		last = max(last, float64(b.HighMS))
	}
	top := min(last, max(float64(h.P99)*1.25, float64(h.P95)*1.5, 20))
	unit := math.Pow(10, math.Floor(math.Log10(top/float64(n))))
	width = 10 * unit
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*unit >= top/float64(n) {
			width = m * unit
			break
		}
	}
	width = max(1, width)
	return width, max(1, int(math.Ceil(top/width)))
}

func drawDelays(p *paper, b box, h analyze.Histogram) {
	fine := 56
	if p.narrow() {
		fine = 32
	}
	width, n := delaySpan(h, fine)
	bars, over := delayBars(h.Bins, width, n)
	most := over
	for _, v := range bars {
		most = max(most, v)
	}
	ticks := countSteps(most*1.04, 5)
	left := p.labelRoom(ticks, countLabel)
	b.y, b.h = b.y+44, b.h-44 // marks
	plot := box{b.x + left, b.y, b.w - left, b.h - 46}
	y := p.valueAxis(plot, ticks, countLabel)
	slots := float64(n)
	if over > 0 {
		slots += 2.5
	}
	slot := plot.w / slots
	for i, v := range bars {
		p.delayBar(box{plot.x + float64(i)*slot, plot.y, slot, plot.h}, y, v,
			fmt.Sprintf("%s–%s", seconds(float64(i)*width), seconds(float64(i+1)*width)))
	}
	if over > 0 {
		p.delayBar(box{plot.x + (float64(n)+1)*slot, plot.y, slot * 1.5, plot.h}, y, over, "over "+seconds(float64(n)*width))
	}
	p.line(plot.x, plot.bottom(), plot.right(), plot.bottom(), inkAxis, 1)
	p.delayAxis(plot, slot, width, n, over > 0)
	p.delayMarks(plot, slot, width, n, h)
}

func (p *paper) delayBar(b box, y scale, v float64, name string) {
	if v <= 0 {
		return
	}
	p.tip = fmt.Sprintf("%s s: %s calls", name, show.Count(max(1, int64(v+0.5))))
	top := min(y.at(v), b.bottom()-1)
	p.rect(box{b.x + 0.5, top, max(1, b.w-1), b.bottom() - top}, inkDelay)
	p.tip = ""
}

// seconds writes milliseconds as seconds with as many decimals as needed.
func seconds(ms float64) string { return strconv.FormatFloat(ms/1000, 'f', -1, 64) }

func (p *paper) delayAxis(plot box, slot, width float64, n int, over bool) {
	st := style{size: sizeSmall, ink: inkMuted, anchor: middle}
	wanted := max(2, int(plot.w/90))
	all := steps(width*float64(n), wanted)
	for _, ms := range all {
		x := plot.x + ms/width*slot
		if ms > width*float64(n)+0.5 || over && x > plot.x+float64(n)*slot-14 {
			continue
		}
		p.line(x, plot.bottom(), x, plot.bottom()+4, inkAxis, 1)
		p.text(x, plot.bottom()+18, seconds(ms), st)
	}
	if over {
		st.anchor = end
		p.text(plot.right(), plot.bottom()+18, "> "+seconds(width*float64(n)), st)
	}
	p.text(plot.x+plot.w/2, plot.bottom()+36, "seconds", style{size: sizeSmall, ink: inkMuted, anchor: middle})
}

// delayMarks draws the percentiles as lines with their names above the bars, on
// two heights, turned to the side where there is room.
func (p *paper) delayMarks(plot box, slot, width float64, n int, h analyze.Histogram) {
	marks := []struct {
		name string
		ms   int64
	}{{"p50", h.P50}, {"p95", h.P95}}
	for i, m := range marks {
		if m.ms < 0 {
			continue
		}
		x := plot.x + min(float64(m.ms)/width, float64(n))*slot
		top := plot.y - 32 + float64(i)*18
		p.path([]point{{x, top - 8}, {x, plot.bottom()}}, inkMark, 1.5, 4)
		label := m.name + " " + show.Millis(m.ms)
		st := style{size: 13, bold: true}
		if x+8+p.width(label, st) > plot.right() {
			st.anchor = end
			x -= 12
		}
		p.text(x+6, top+2, label, st)
	}
}
