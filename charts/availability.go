package charts

import (
	"fmt"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// availabilityFigure lays the trunks over the week as lanes: the failure rate of
// their attempts hour by hour, their unavailable minutes, their registrations and
// OPTIONS, and what devices reported, on one axis of time.
func availabilityFigure(r *analyze.Report) Figure {
	fig := Figure{
		Title:    "Trunks over the week: calls, registrations, OPTIONS, events",
		Subtitle: line(r.Title, period(r)),
		Footer: line("colour: failure rate of the hour, as in the heat map", "a quarter high: under 5 attempts", "dark line: minutes with at least 3 attempts of which half or more failed", "blank: nothing was tried, so nothing is known",
			"hatched: no data", r.Zone),
	}
	if len(r.Lanes) == 0 {
		fig.Empty = nothing(r, "attempts on a trunk")
		return fig
	}
	var parts []string
	for _, a := range r.Trunking[:min(4, len(r.Trunking))] {
		if v, ok := a.Ratio.Value(); ok {
			parts = append(parts, fmt.Sprintf("%s available %s of %s minutes (%s)", a.Trunk, show.Count(a.Ratio.Num), show.Count(a.Ratio.Den), show.Percent(v)))
		}
	}
	if parts == nil {
		for _, l := range r.Lanes[:min(4, len(r.Lanes))] {
			var failed int64
			for _, b := range l.Bins {
				failed += b.Failed
			}
			parts = append(parts, fmt.Sprintf("%s %s: %s of %s failed", l.Name, l.Method, show.Count(failed), show.Count(l.Count)))
		}
	}
	fig.Alt = strings.Join(parts, "; ") + "."
	fig.draw = func(p *paper, b box) { drawLanes(p, b, r) }
	return fig
}

// laneNames are what the methods of lanes are called.
var laneNames = map[string]string{"INVITE": "calls", "REGISTER": "registrations", "OPTIONS": "OPTIONS"}

// eventMarks are the events that are drawn, with their inks.
var eventMarks = []struct {
	kind, label string
	ink         ink
}{
	{"BOOTUP", "restart", inkText}, {"OFFLINE", "phone lost", "failed"}, {"ONLINE", "phone back", "answered"}, {"FAILED", "call refused", "4xx"},
}

func drawLanes(p *paper, b box, r *analyze.Report) {
	var keys []key
	for _, s := range heatSteps[:1] {
		keys = append(keys, key{ink: s.ink, label: "0 % failed"})
	}
	keys = append(keys, key{ink: "heat2", label: "under 5 %"}, key{ink: "heat3", label: "5–10 %"}, key{ink: "heat4", label: "10–20 %"}, key{ink: "heat5", label: "20–50 %"}, key{ink: "heat6", label: "50 % and more"})
	shown := map[string]bool{}
	for _, h := range r.Happened {
		shown[h.Kind] = true
	}
	for _, m := range eventMarks {
		if shown[m.kind] {
			keys = append(keys, key{label: m.label, mark: func(p *paper, k box) { p.disc(k.x+6, k.y+6, 4.5, m.ink) }})
		}
	}
	b = p.legendAbove(b, keys)
	list := r.Lanes
	rows := len(list)
	if len(shown) > 0 {
		rows++
	}
	name, small := style{size: 13, bold: true, anchor: end}, style{size: 11, ink: inkMuted, anchor: end}
	left := p.width("registrations", small)
	for _, l := range list {
		left = max(left, p.width(l.Name, name))
	}
	part := 0.28
	if p.narrow() {
		part, left = 0.42, b.w
	}
	left = min(left, b.w*part) + 14
	plot := box{b.x + left, b.y + 4, b.w - left, b.h - 46}
	pitch := min(58, plot.h/float64(rows))
	plot.h = pitch * float64(rows)
	from, to := r.Period.From, r.Period.To
	x := scale{0, to.Sub(from).Seconds(), plot.x, plot.right()}
	at := func(t time.Time) float64 {
		return min(plot.right(), max(plot.x, x.at(t.Sub(from).Seconds())))
	}
	for i, l := range list {
		lane := box{plot.x, plot.y + float64(i)*pitch + 3, plot.w, pitch - 6}
		if pitch >= 26 {
			p.text(plot.x-10, lane.y+lane.h/2+1, p.fit(l.Name, left-14, name), name)
			p.text(plot.x-10, lane.y+lane.h/2+13, laneNames[l.Method], small)
		} else {
			p.text(plot.x-10, lane.y+lane.h/2+5, p.fit(line(l.Name, laneNames[l.Method]), left-14, name), name)
		}
		p.rect(lane, inkEmpty)
		p.lane(l, lane, at, from)
		if l.Method == "INVITE" {
			p.unavailable(r, l.Name, lane, at)
		}
	}
	for _, g := range r.Gaps {
		gap := box{at(g.From), plot.y, at(g.To) - at(g.From), pitch * float64(len(list))}
		p.behind("no data: no source covers this time")
		p.rect(gap, inkPaper)
		p.hatch(gap, inkHatch)
		p.behind("")
	}
	if len(shown) > 0 {
		y := plot.y + float64(len(list))*pitch + pitch/2
		p.text(plot.x-10, y+5, "events", name)
		p.line(plot.x, y, plot.right(), y, inkGrid, 1)
		for _, h := range r.Happened {
			for _, m := range eventMarks {
				if m.kind == h.Kind {
					p.behind(line(show.Moment(h.Time)+": "+h.Kind, h.Device, h.Subject, h.Text))
					p.disc(at(h.Time), y, 4.5, m.ink)
					p.behind("")
				}
			}
		}
	}
	p.timeAxis(plot, from, to)
}

// fewAttempts is under how many an hour's rate says little: one of two that failed
// is no outage, and does not look like one.
const fewAttempts = 5

// lane draws the hours of one lane.
func (p *paper) lane(l analyze.Lane, b box, at func(time.Time) float64, from time.Time) {
	for i, bin := range l.Bins {
		if bin.Rated == 0 {
			continue
		}
		start := from.Add(time.Duration(i) * l.Step)
		left, right := at(start), at(start.Add(l.Step))
		rate := float64(bin.Failed) / float64(bin.Rated)
		keys := []string{"trunk", l.Name, "day", start.Format(time.DateOnly), "hour", start.Format("15")}
		if l.Method != "INVITE" {
			keys = nil // requests of other methods are not in the list of calls
		}
		p.behind(fmt.Sprintf("%s, %s: %s of %s %s failed (%s)", l.Name, show.Moment(start), show.Count(bin.Failed), show.Count(bin.Rated), laneNames[l.Method], show.Percent(rate)), keys...)
		if l.Method == "INVITE" && bin.Failed > 0 && bin.Rated < fewAttempts {
			p.rect(box{left, b.y, right - left, b.h}, "heat0")
			p.rect(box{left, b.bottom() - b.h/4, right - left, b.h / 4}, heatInk(rate))
		} else {
			p.rect(box{left, b.y, right - left, b.h}, heatInk(rate))
		}
		p.behind("")
	}
}

// unavailable underlines the unavailable minutes of a trunk.
func (p *paper) unavailable(r *analyze.Report, trunk string, b box, at func(time.Time) float64) {
	for _, a := range r.Trunking {
		if a.Trunk != trunk {
			continue
		}
		for _, s := range a.Spans {
			p.behind("unavailable: " + show.Span(s.From, s.To))
			p.rect(box{at(s.From), b.bottom() - 5, max(2, at(s.To)-at(s.From)), 5}, inkText)
			p.behind("")
		}
	}
}
