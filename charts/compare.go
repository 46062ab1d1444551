package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// compareFigure sets the period beside the one before, by response code: how
// often each was seen, and the difference with its interval. A difference that
// is significant and large enough to matter is in colour.
func compareFigure(r *analyze.Report) Figure {
	fig := Figure{
		Title:    "This period against the one before, by response code",
		Subtitle: line(r.Title, period(r)),
		Footer: line("share of all "+show.Scope(r.Scope), "difference in percentage points with its 95 % interval, widened where failures come in bursts",
			"in colour: significant (Benjamini-Hochberg 5 %) and large enough to matter, or new"),
	}
	t := r.Changes.Table("code")
	var rows []analyze.Change
	if t != nil {
		for _, c := range t.Rows {
			if c.Kind == analyze.KindRatio && c.NowOK && c.BeforeOK {
				rows = append(rows, c)
			}
		}
	}
	if r.Changes.Before.Label != "" {
		fig.Subtitle = line(r.Title, period(r)+" against "+r.Changes.Before.Label)
	}
	if len(rows) == 0 {
		fig.Empty = nothing(r, "earlier period to compare with")
		return fig
	}
	slices.SortStableFunc(rows, func(a, b analyze.Change) int {
		return cmp.Or(cmp.Compare(marked(b), marked(a)), cmp.Compare(math.Abs(b.Diff), math.Abs(a.Diff)))
	})
	var parts []string
	for _, c := range rows[:min(4, len(rows))] {
		parts = append(parts, fmt.Sprintf("%s %s, before %s", changeName(c), show.Percent(c.NowValue), show.Percent(c.BeforeValue)))
	}
	fig.Alt = "Share of each response code: " + strings.Join(parts, "; ") + "."
	fig.draw = func(p *paper, b box) { drawCompare(p, b, rows) }
	return fig
}

func marked(c analyze.Change) int {
	if changeInk(c) != inkMuted {
		return 1
	}
	return 0
}

// NewFrom is how many calls make a code that the earlier period did not have worth
// a colour: as many as a test needs.
const NewFrom = 5

// changeInk is the colour of a difference: what is new has nothing to be tested
// against, and matters where it is more than a handful.
func changeInk(c analyze.Change) ink {
	switch {
	case c.Arrow == analyze.Up, c.New && c.Now.Num >= NewFrom:
		return "failed"
	case c.Arrow == analyze.Down, c.Gone && c.Before.Num >= NewFrom:
		return "answered"
	}
	return inkMuted
}

func changeName(c analyze.Change) string { return cmp.Or(c.Label, c.Key, "(none)") }

func drawCompare(p *paper, b box, rows []analyze.Change) {
	b = p.legendAbove(b, []key{
		{label: "before", mark: func(p *paper, k box) { p.ring(k.x+6, k.y+6, 5, inkMuted) }},
		{label: "now", mark: func(p *paper, k box) { p.disc(k.x+6, k.y+6, 5, inkText) }},
		{ink: "failed", label: "more, and it matters"}, {ink: "answered", label: "less, and it matters"},
	})
	rows = rows[:min(len(rows), topRows(b, 34))]
	name := style{size: sizeText, anchor: end}
	left := 0.0
	for _, c := range rows {
		left = max(left, p.width(changeName(c), name)+12)
	}
	left = min(left, b.w*0.32)
	plot := box{b.x + left, b.y + 22, b.w - left, b.h - 46}
	shares, diffs := box{plot.x, plot.y, plot.w*0.46 - 14, plot.h}, box{plot.x + plot.w*0.5, plot.y, plot.w*0.5 - 64, plot.h}
	if p.narrow() {
		shares, diffs = box{}, box{plot.x, plot.y, plot.w - 46, plot.h}
	}
	pitch := min(56, plot.h/float64(len(rows)))
	bottom := plot.y + pitch*float64(len(rows))
	low, high := 0.0, 0.0
	for _, c := range rows {
		low, high = min(low, c.Diff, c.Low), max(high, c.Diff, c.High)
	}
	x := p.shareAxis(shares, bottom)
	d := p.pointAxis(diffs, bottom, low, high)
	for i, c := range rows {
		y := plot.y + (float64(i)+0.5)*pitch
		fill := changeInk(c)
		p.behind(fmt.Sprintf("%s: %s now (%s of %s), %s before (%s of %s), %s pp, 95 %% interval %s to %s. %s", changeName(c), show.Percent(c.NowValue), show.Count(c.Now.Num), show.Count(c.Now.Den),
			show.Percent(c.BeforeValue), show.Count(c.Before.Num), show.Count(c.Before.Den), show.Points(c.Diff), show.Points(c.Low), show.Points(c.High), c.Note), "code", c.Key)
		p.text(plot.x-10, y+5, p.fit(changeName(c), left-12, name), name)
		if shares.w > 0 {
			now := inkText
			if fill != inkMuted {
				now = fill
			}
			p.path([]point{{x(c.BeforeValue), y}, {x(c.NowValue), y}}, fill, 3, 0)
			p.ring(x(c.BeforeValue), y, 5, inkMuted)
			p.disc(x(c.NowValue), y, 5, now)
		}
		if c.Tested {
			p.path([]point{{d.at(c.Low), y}, {d.at(c.High), y}}, fill, 2, 0)
			p.line(d.at(c.Low), y-5, d.at(c.Low), y+5, fill, 2)
			p.line(d.at(c.High), y-5, d.at(c.High), y+5, fill, 2)
		}
		p.disc(d.at(c.Diff), y, 4.5, fill)
		p.behind("")
		st := style{size: 13, bold: fill != inkMuted, ink: inkText}
		if fill == inkMuted {
			st.ink = inkMuted
		}
		p.text(diffs.right()+8, y+5, show.Points(c.Diff)+" pp", st)
		if c.Note != "" && !c.Tested && !p.narrow() {
			st := style{size: 11, ink: inkMuted}
			at := d.at(c.Diff) + 9
			if w := p.width(c.Note, st); at+w > diffs.right() {
				at = d.at(c.Diff) - 9 - w
			}
			p.text(at, y+4, c.Note, st)
		}
	}
}

// leastShare is the smallest share with a place of its own on the axis of shares.
const leastShare = 0.0003

// shareAxis draws the axis of shares over its rows: a step a power of ten, since one
// code is most of all and the others are what is looked for. 0 stands apart.
func (p *paper) shareAxis(b box, bottom float64) func(float64) float64 {
	if b.w == 0 {
		return func(float64) float64 { return 0 }
	}
	steps := scale{math.Log10(leastShare), 0, b.x + 30, b.right()}
	x := func(v float64) float64 {
		if v <= 0 {
			return b.x + 6
		}
		return steps.at(math.Log10(max(v, leastShare)))
	}
	p.text(b.x+6, b.y-6, "share of all, each step ten times", style{size: sizeSmall, ink: inkMuted})
	for _, v := range []float64{0, .001, .01, .1, 1} {
		label := show.Percent(v)
		if v > 0 && v < 1 {
			label = strings.Replace(label, ".0", "", 1)
		}
		p.line(x(v), b.y, x(v), bottom+4, inkGrid, 1)
		p.text(x(v), bottom+18, label, style{size: sizeSmall, ink: inkMuted, anchor: middle})
	}
	return x
}

// pointAxis draws the axis of differences; its zero is a strong line.
func (p *paper) pointAxis(b box, bottom, low, high float64) scale {
	reach := max(-low, high, 0.01) * 1.05
	lowest := -reach
	if low > -reach/4 {
		lowest = -reach / 4
	}
	if high < reach/4 {
		reach = reach / 4
	}
	x := scale{lowest, reach, b.x + 6, b.right()}
	p.text(b.x+6, b.y-6, "difference", style{size: sizeSmall, ink: inkMuted})
	wanted := steps(reach-lowest, max(2, int(b.w/90)))
	step := wanted[1]
	for v := math.Ceil(lowest/step) * step; v <= reach*1.0001; v += step {
		p.line(x.at(v), b.y, x.at(v), bottom+4, inkGrid, 1)
		label := "0"
		if math.Abs(v) > step/2 {
			label = strings.TrimSuffix(show.Points(v), ".0")
		}
		p.text(x.at(v), bottom+18, label, style{size: sizeSmall, ink: inkMuted, anchor: middle})
	}
	p.line(x.at(0), b.y, x.at(0), bottom+4, inkAxis, 1.5)
	return x
}

// ring is an open circle.
func (p *paper) ring(x, y, r float64, k ink) {
	p.disc(x, y, r, inkPaper)
	pts := make([]point, 25)
	for i := range pts {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 24)
		pts[i] = point{x + (r-0.75)*cos, y + (r-0.75)*sin}
	}
	p.path(pts, k, 1.5, 0)
}
