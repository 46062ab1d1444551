package charts

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

var weekdays = [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// heatSteps are the upper bounds of the colours. They are fixed, so that the heat
// maps of two weeks can be laid side by side.
var heatSteps = []struct {
	below float64
	ink   ink
	label string
}{
	{0, "heat0", "0"}, {0.02, "heat1", "under 2"}, {0.05, "heat2", "2–5"}, {0.10, "heat3", "5–10"},
	{0.20, "heat4", "10–20"}, {0.50, "heat5", "20–50"}, {2, "heat6", "50 %–100"},
}

func heatInk(rate float64) ink {
	if rate == 0 {
		return "heat0"
	}
	for _, s := range heatSteps[1:] {
		if rate < s.below {
			return s.ink
		}
	}
	return "heat6"
}

// heatmapFigure shows the failure rate by weekday and hour. Hours of few calls are
// hatched, hours without data are blank with a mark, an hour that the clock
// skipped is marked so.
func heatmapFigure(r *analyze.Report) Figure {
	var rated, failed, count int64
	for _, day := range r.Heat.Cells {
		for _, c := range day {
			rated, failed, count = rated+c.Rated, failed+c.Failed, count+c.Count
		}
	}
	fig := Figure{
		Title: "Failure rate by weekday and hour",
		Subtitle: line(r.Title, period(r), fmt.Sprintf("%s of %s %s failed (%s)",
			show.Count(failed), show.Count(rated), show.Scope(r.Scope), show.Part(failed, rated))),
		Footer: line(scopeNote(r)+" by the hour in which they began", "failure rate = failed / ("+show.Scope(r.Scope)+" − redirected − in progress − completed elsewhere), in %", r.Zone),
	}
	if count == 0 {
		fig.Empty = nothing(r, show.Scope(r.Scope))
		return fig
	}
	fig.Alt = heatAlt(r, rated, failed)
	fig.draw = func(p *paper, b box) { drawHeat(p, b, r.Heat) }
	return fig
}

func heatAlt(r *analyze.Report, rated, failed int64) string {
	type hour struct {
		name          string
		failed, rated int64
		rate          float64
	}
	var worst []hour
	for d, day := range r.Heat.Cells {
		for h, c := range day {
			if c.Failed > 0 && c.Rated >= max(1, r.Heat.MinCount) {
				worst = append(worst, hour{fmt.Sprintf("%s %02d–%02d h", weekdays[d], h, h+1), c.Failed, c.Rated, float64(c.Failed) / float64(c.Rated)})
			}
		}
	}
	sort.SliceStable(worst, func(i, j int) bool { return worst[i].rate > worst[j].rate })
	alt := fmt.Sprintf("%s of %s %s failed (%s).", show.Count(failed), show.Count(rated), show.Scope(r.Scope), show.Part(failed, rated))
	var parts []string
	for _, w := range worst[:min(3, len(worst))] {
		parts = append(parts, fmt.Sprintf("%s %s (%d of %d)", w.name, show.Percent(w.rate), w.failed, w.rated))
	}
	if parts != nil {
		alt += " Worst hours: " + strings.Join(parts, "; ") + "."
	}
	return alt
}

func drawHeat(p *paper, b box, heat analyze.Heat) {
	var missing, none, quiet bool
	for _, day := range heat.Cells {
		for _, c := range day {
			missing = missing || c.Missing
			none = none || !c.Data && !c.Missing
			quiet = quiet || c.Data && c.Rated == 0
		}
	}
	b = p.heatLegend(b, heat.MinCount, missing, none, quiet)
	left := 42.0
	grid := box{b.x + left, b.y + 4, b.w - left, b.h - 26}
	w, h := grid.w/24, min(grid.h/7, 64)
	if p.narrow() {
		h = min(h, 44)
	}
	small := style{size: sizeSmall, ink: inkMuted, anchor: middle}
	for hour := 0; hour < 24; hour++ {
		if w < 26 && hour%3 != 0 {
			continue
		}
		p.text(grid.x+(float64(hour)+0.5)*w, grid.y+7*h+18, fmt.Sprintf("%02d", hour), small)
	}
	for d, day := range heat.Cells {
		y := grid.y + float64(d)*h
		p.text(grid.x-10, y+h/2+5, weekdays[d], style{size: 13, anchor: end})
		for hour, c := range day {
			p.behind(heatTip(d, hour, c, heat.MinCount), heatKeys(d, hour, c)...)
			p.heatCell(box{grid.x + float64(hour)*w + 1, y + 1, w - 2, h - 2}, c, heat.MinCount)
			p.behind("")
		}
	}
}

// heatKeys selects an hour's failures; an hour without any links to nothing.
func heatKeys(d, hour int, c analyze.HeatCell) []string {
	if c.Failed == 0 {
		return nil
	}
	return []string{"weekday", weekdays[d], "hour", fmt.Sprintf("%02d", hour), "outcome", "failed"}
}

func heatTip(d, hour int, c analyze.HeatCell, min int64) string {
	at := fmt.Sprintf("%s %02d–%02d h: ", weekdays[d], hour, hour+1)
	switch {
	case c.Missing:
		return at + "the clock skipped this hour"
	case !c.Data:
		return at + "no data"
	case c.Rated == 0:
		return at + "no calls"
	}
	s := fmt.Sprintf("%s%s of %s failed (%s)", at, show.Count(c.Failed), show.Count(c.Rated), show.Part(c.Failed, c.Rated))
	if c.Count < min {
		s += fmt.Sprintf(", fewer than %d", min)
	}
	return s
}

func (p *paper) heatCell(b box, c analyze.HeatCell, least int64) {
	mid := point{b.x + b.w/2, b.y + b.h/2}
	small := style{size: 11, ink: inkMuted, anchor: middle}
	switch {
	case c.Missing:
		p.frame(box{b.x + .5, b.y + .5, b.w - 1, b.h - 1}, inkHatch, 1, 2)
		label := "–dst"
		if p.width(label, small) > b.w-2 {
			label = "–"
		}
		p.text(mid.x, mid.y+4, label, small)
	case !c.Data:
		p.frame(box{b.x + .5, b.y + .5, b.w - 1, b.h - 1}, inkHatch, 1, 2)
		p.line(mid.x-3, mid.y-3, mid.x+3, mid.y+3, inkAxis, 1)
		p.line(mid.x-3, mid.y+3, mid.x+3, mid.y-3, inkAxis, 1)
	case c.Rated == 0 || c.Count < least:
		p.rect(b, inkEmpty)
		if c.Rated > 0 {
			p.hatch(b, inkHatch)
		}
	default:
		rate := float64(c.Failed) / float64(c.Rated)
		fill := heatInk(rate)
		p.rect(b, fill)
		label := strconv.FormatFloat(100*rate, 'f', 0, 64)
		st := style{size: 13, anchor: middle}
		switch fill {
		case "heat4", "heat5":
			st.ink, st.bold = inkOnHeat, true
		case "heat6":
			st.ink, st.bold = inkOnPeak, true
		}
		if rate < 0.005 {
			label = "<1"
		}
		if rate > 0 && b.w >= p.width("100", st) {
			p.text(mid.x, mid.y+5, label, st)
		}
	}
}

// heatLegend draws the colour bar: beside the map, or above it as a row.
func (p *paper) heatLegend(b box, least int64, missing, none, quiet bool) box {
	var keys []key
	for i := len(heatSteps) - 1; i >= 0; i-- {
		label := heatSteps[i].label + " %"
		if i == len(heatSteps)-1 {
			label = "50 % and more"
		}
		keys = append(keys, key{ink: heatSteps[i].ink, label: label})
	}
	frame := func(p *paper, b box) { p.frame(box{b.x + .5, b.y + .5, b.w - 1, b.h - 1}, inkHatch, 1, 2) }
	if least > 1 {
		keys = append(keys, key{label: fmt.Sprintf("under %d calls", least), mark: func(p *paper, b box) {
			p.rect(b, inkEmpty)
			p.hatch(b, inkHatch)
		}})
	}
	if quiet {
		keys = append(keys, key{ink: inkEmpty, label: "no calls"})
	}
	if none {
		keys = append(keys, key{label: "no data", mark: func(p *paper, b box) {
			frame(p, b)
			p.line(b.x+3, b.y+3, b.right()-3, b.bottom()-3, inkAxis, 1)
			p.line(b.x+3, b.bottom()-3, b.right()-3, b.y+3, inkAxis, 1)
		}})
	}
	if missing {
		keys = append(keys, key{label: "clock change", mark: frame})
	}
	if !p.narrow() {
		p.text(b.right()-p.heatLegendWidth(keys), b.y+10, "failure rate", style{size: sizeSmall, ink: inkMuted})
		rest := p.legend(box{b.x, b.y + 18, b.w, b.h - 18}, keys)
		return box{b.x, b.y, rest.w, b.h}
	}
	return p.legend(b, keys)
}

func (p *paper) heatLegendWidth(keys []key) float64 {
	w := 0.0
	for _, k := range keys {
		w = max(w, p.width(k.label, style{size: 13}))
	}
	return w + 22
}
