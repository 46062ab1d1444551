package charts

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// NoTrunk stands for calls that went over no trunk, or over one that the records
// do not name.
const NoTrunk = "(no trunk)"

// legs is the scope of the trunks' rows: a call that tries two trunks counts on both.
const legs = "leg"

// trunksFigure compares trunks by what became of their calls, as shares, so that
// a small trunk is as readable as a large one; the counts stand beside.
func trunksFigure(r *analyze.Report) Figure {
	var rows []analyze.GroupRow
	for _, g := range r.Trunks {
		if g.Name == "" {
			g.Name = NoTrunk
		}
		if g.Count > 0 {
			rows = append(rows, g)
		}
	}
	// What was on no trunk (internal calls) comes last, however much it is.
	sort.SliceStable(rows, func(i, j int) bool {
		if x, y := rows[i].Name == NoTrunk, rows[j].Name == NoTrunk; x != y {
			return y
		}
		return rows[i].Count > rows[j].Count
	})
	var total analyze.Tally
	for _, g := range rows {
		total = sum(total, g.Tally)
	}
	fig := Figure{
		Title:    "What became of the " + show.Scope(legs) + " on each trunk",
		Subtitle: line(r.Title, period(r), show.Counted(total.Count, legs)+" on "+trunkCount(rows)),
		Footer: line("Counted: "+show.Scope(legs)+" on each trunk", "failure rate = failed / ("+show.Scope(legs)+" − redirected − in progress − completed elsewhere), with Wilson 95 % interval",
			"user: busy, declined, no answer"),
	}
	if total.Count == 0 {
		fig.Empty = nothing(r, show.Scope(legs)+" on a trunk")
		return fig
	}
	fig.Alt = trunksAlt(rows, total)
	fig.draw = func(p *paper, b box) { drawTrunks(p, b, rows, show.Scope(legs)) }
	return fig
}

func trunkCount(rows []analyze.GroupRow) string {
	n := len(rows)
	if n > 0 && rows[n-1].Name == NoTrunk {
		n--
	}
	if n == 1 {
		return "1 trunk"
	}
	return fmt.Sprintf("%d trunks", n)
}

func trunksAlt(rows []analyze.GroupRow, total analyze.Tally) string {
	var parts []string
	for _, g := range rows[:min(5, len(rows))] {
		parts = append(parts, fmt.Sprintf("%s: %s of %s failed (%s)", g.Name, show.Count(g.Failed), show.Count(g.Rated()), failureRate(g)))
	}
	return fmt.Sprintf("%s, %s failed in all. %s.", trunkCount(rows), show.Count(total.Failed), strings.Join(parts, "; "))
}

func failureRate(g analyze.GroupRow) string {
	if v, ok := g.Failure.Value(); ok {
		return show.Percent(v)
	}
	return show.None
}

// wilson is the 95 % interval of x of n: only for rows that are summed here.
func wilson(x, n int64) analyze.Ratio {
	r := analyze.Ratio{Num: x, Den: n}
	if n <= 0 {
		return r
	}
	const z = 1.96
	p, m := float64(x)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	r.Low, r.High = max(0, centre-half), min(1, centre+half)
	return r
}

func drawTrunks(p *paper, b box, rows []analyze.GroupRow, unit string) {
	b = p.legend(b, []key{{ink: "answered", label: "answered"}, {ink: inkPeople, label: "user & abandoned"},
		{ink: inkOther, label: "other"}, {ink: "failed", label: "failed"}})
	n := topRows(b, 30)
	if len(rows) > n {
		other := analyze.GroupRow{Name: fmt.Sprintf("other (%d trunks)", len(rows)-n+1)}
		for _, g := range rows[n-1:] {
			other.Tally = sum(other.Tally, g.Tally)
		}
		other.Failure = wilson(other.Failed, other.Rated())
		rows = append(rows[:n-1:n-1], other)
	}
	st, small := style{size: sizeText, anchor: end}, style{size: sizeSmall, ink: inkMuted, anchor: end}
	names, counts, rates := 0.0, p.width(show.None, st), 0.0
	for _, g := range rows {
		names = max(names, p.width(g.Name, st))
		counts = max(counts, p.width(p.count(g.Count), small))
		rates = max(rates, p.width(failureRate(g), style{size: sizeText, bold: true})+p.rateInterval(g, nil, 0, 0))
	}
	names = min(names, b.w*0.3)
	left := names + counts + 24
	plot := box{b.x + left, b.y + 22, b.w - left - rates - 12, b.h - 44}
	p.text(plot.x-10, b.y+12, unit, small)
	p.text(plot.right()+10, b.y+12, "failure rate", style{size: sizeSmall, ink: inkMuted})
	pitch := min(112, plot.h/float64(len(rows)))
	x := scale{0, 1, plot.x, plot.right()}
	bottom := plot.y + pitch*float64(len(rows))
	for _, v := range []float64{0, .25, .5, .75, 1} {
		p.line(x.at(v), plot.y, x.at(v), bottom+4, inkGrid, 1)
		p.text(x.at(v), bottom+18, axisPercent(v), style{size: sizeSmall, ink: inkMuted, anchor: middle})
	}
	for i, g := range rows {
		y := plot.y + float64(i)*pitch
		bar := box{plot.x, y + pitch*0.16, plot.w, pitch * 0.68}
		if pitch >= 56 {
			bar.h = min(46, pitch-28)
			bar.y = y + (pitch-bar.h-20)/2
			note := p.fit(p.trunkNote(g), plot.w-4, small)
			p.rect(box{plot.x + 1, bar.bottom() + 3, p.width(note, small) + 6, 18}, inkPaper) // over the grid
			p.text(plot.x+3, bar.bottom()+17, note, style{size: sizeSmall, ink: inkMuted})
		}
		mid := bar.y + bar.h/2 + 5
		p.text(b.x+names, mid, p.fit(g.Name, names, st), st)
		p.text(plot.x-10, mid, p.count(g.Count), small)
		p.shares(g, bar)
		rate := failureRate(g)
		bold := style{size: sizeText, bold: true}
		p.text(plot.right()+10, mid, rate, bold)
		p.rateInterval(g, &bold, plot.right()+10+p.width(rate, bold), mid)
	}
	p.line(plot.x, plot.y, plot.x, bottom, inkAxis, 1)
}

// trunkNote is the line under a bar, where there is room for one.
func (p *paper) trunkNote(g analyze.GroupRow) string {
	if p.narrow() {
		return g.TopCode
	}
	parts := []string{fmt.Sprintf("%s answered, %s user, %s abandoned, %s failed", show.Count(g.Answered), show.Count(g.User), show.Count(g.Abandoned), show.Count(g.Failed))}
	if g.Failed > 0 && g.TopCode != "" {
		parts = append(parts, "most failures: "+g.TopCode)
	}
	return line(parts...)
}

// count is short on narrow figures.
func (p *paper) count(n int64) string {
	if p.narrow() || n >= 1e7 {
		return show.Short(float64(n))
	}
	return show.Count(n)
}

// rateInterval writes the interval behind the rate, or measures it where st is
// nil; narrow figures have no room for it.
func (p *paper) rateInterval(g analyze.GroupRow, st *style, x, y float64) float64 {
	if p.narrow() || g.Failure.Den == 0 {
		return 10
	}
	s := "(" + show.Interval(g.Failure.Low, g.Failure.High) + ")"
	small := style{size: sizeSmall, ink: inkMuted}
	if st != nil {
		p.text(x+8, y, s, small)
	}
	return p.width(s, small) + 18
}

// trunkKeys selects the calls of a trunk with one of the outcomes.
func trunkKeys(g analyze.GroupRow, outcomes []string) []string {
	if strings.HasPrefix(g.Name, "other (") {
		return nil
	}
	name := g.Name
	if name == NoTrunk {
		name = ""
	}
	keys := []string{"trunk", name}
	for _, o := range outcomes {
		keys = append(keys, "outcome", o)
	}
	return keys
}

// shares draws one trunk's bar of 100 %.
func (p *paper) shares(g analyze.GroupRow, b box) {
	people := g.User + g.Abandoned
	parts := []struct {
		ink  ink
		name string
		n    int64

		outcomes []string
	}{{"answered", "answered", g.Answered, []string{"answered"}}, {inkPeople, "user & abandoned", people, []string{"user", "abandoned"}},
		{inkOther, "other", g.Count - g.Answered - people - g.Failed, []string{"redirected", "in_progress", "completed_elsewhere", "not_connected"}},
		{"failed", "failed", g.Failed, []string{"failed"}}}
	var done int64
	x := scale{0, float64(g.Count), b.x, b.right()}
	for _, q := range parts {
		if q.n <= 0 {
			continue
		}
		from, to := x.at(float64(done)), x.at(float64(done+q.n))
		if done > 0 && to-from > 3 {
			from++
		}
		p.behind(fmt.Sprintf("%s, %s: %s of %s (%s)", g.Name, q.name, show.Count(q.n), show.Count(g.Count), show.Part(q.n, g.Count)), trunkKeys(g, q.outcomes)...)
		p.rect(box{from, b.y, to - from, b.h}, q.ink)
		p.behind("")
		done += q.n
	}
}
