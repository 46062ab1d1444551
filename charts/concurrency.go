package charts

import (
	"fmt"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// concurrencyFigure is the most conversations at once in each quarter hour: a
// flat top is a limit. Stretches without data are hatched.
func concurrencyFigure(r *analyze.Report) Figure {
	var peak int64
	var at time.Time
	known := false
	for _, l := range r.Load {
		known = known || l.Data
		if l.Peak > peak {
			peak, at = l.Peak, l.Time
		}
	}
	fig := Figure{
		Title:    "Conversations at once",
		Subtitle: line(r.Title, period(r), fmt.Sprintf("at most %s, %s", show.Count(peak), show.Moment(at))),
		Footer:   line("answered calls from answer to end", "the most at once in each "+stepName(r.Load), "a flat top is a limit of channels or licences", "hatched: no data", r.Zone),
	}
	if !known || peak == 0 {
		fig.Empty = nothing(r, "conversations")
		return fig
	}
	fig.Alt = fmt.Sprintf("At most %s conversations at once, on %s.", show.Count(peak), show.Moment(at))
	fig.draw = func(p *paper, b box) { drawLoad(p, b, r.Load, peak) }
	return fig
}

func stepName(points []analyze.LoadPoint) string {
	if len(points) > 1 {
		if d := points[1].Time.Sub(points[0].Time); d != 15*time.Minute {
			return show.Hours(d.Hours())
		}
	}
	return "quarter hour"
}

func drawLoad(p *paper, b box, points []analyze.LoadPoint, peak int64) {
	ticks := countSteps(float64(peak)*1.04, 5)
	left := p.labelRoom(ticks, countLabel)
	plot := box{b.x + left, b.y + 8, b.w - left, b.h - 50}
	y := p.valueAxis(plot, ticks, countLabel)
	slot := plot.w / float64(len(points))
	at := func(i int) float64 { return plot.x + float64(i)*slot }
	for i := 0; i < len(points); {
		j := i
		for j < len(points) && points[j].Data == points[i].Data {
			j++
		}
		if !points[i].Data {
			p.noData(box{at(i), plot.y, at(j) - at(i), plot.h})
		} else {
			area := []point{{at(i), plot.bottom()}}
			for k := i; k < j; k++ {
				h := y.at(float64(points[k].Peak))
				area = append(area, point{at(k), h}, point{at(k + 1), h})
			}
			p.area(append(area, point{at(j), plot.bottom()}), inkDelay, 1)
		}
		i = j
	}
	p.loadTips(plot, y, points, slot)
	p.timeAxis(plot, points[0].Time, points[len(points)-1].Time.Add(step(points)))
}

func step(points []analyze.LoadPoint) time.Duration {
	if len(points) < 2 {
		return 15 * time.Minute
	}
	return points[1].Time.Sub(points[0].Time)
}

// loadTips lays an unseen field over every hour or so, for the pointer.
func (p *paper) loadTips(plot box, y scale, points []analyze.LoadPoint, slot float64) {
	per := max(1, len(points)/168)
	for i := 0; i < len(points); i += per {
		group := points[i:min(i+per, len(points))]
		var most, begun int64
		for _, l := range group {
			most, begun = max(most, l.Peak), begun+l.Begun
		}
		if begun == 0 && most == 0 {
			continue
		}
		p.behind(fmt.Sprintf("%s: at most %s at once, %s begun", show.Moment(group[0].Time), show.Count(most), show.Count(begun)),
			"day", group[0].Time.Format(time.DateOnly), "hour", group[0].Time.Format("15"))
		top := min(y.at(float64(most)), plot.bottom()-3)
		p.area([]point{{plot.x + float64(i)*slot, top}, {plot.x + float64(i+len(group))*slot, top},
			{plot.x + float64(i+len(group))*slot, plot.bottom()}, {plot.x + float64(i)*slot, plot.bottom()}}, inkDelay, 0.01)
		p.behind("")
	}
}

// timeAxis labels the days of a stretch that is drawn to scale.
func (p *paper) timeAxis(plot box, from, to time.Time) {
	x := scale{0, to.Sub(from).Seconds(), plot.x, plot.right()}
	var days []time.Time
	y, m, d := from.Date()
	for day := time.Date(y, m, d, 0, 0, 0, 0, from.Location()); day.Before(to); day = time.Date(y, m, d+len(days), 0, 0, 0, 0, from.Location()) {
		days = append(days, day)
	}
	st, small := style{size: sizeSmall, anchor: middle}, style{size: sizeSmall, ink: inkMuted, anchor: middle}
	slot := plot.w / float64(max(1, len(days)))
	every := max(1, int(44/slot+0.99))
	for i, day := range days {
		end := to
		if i+1 < len(days) {
			end = days[i+1]
		}
		left := max(plot.x, x.at(day.Sub(from).Seconds()))
		if i > 0 {
			p.line(left, plot.y, left, plot.bottom()+4, inkGrid, 1)
		}
		if i%every != 0 {
			continue
		}
		mid := (left + x.at(end.Sub(from).Seconds())) / 2
		name, date := day.Format("Mon"), day.Format("Jan 2")
		if slot < 44 {
			name, date = name[:2], day.Format("2")
		}
		p.text(mid, plot.bottom()+18, name, st)
		p.text(mid, plot.bottom()+33, date, small)
	}
	p.line(plot.x, plot.bottom(), plot.right(), plot.bottom(), inkAxis, 1)
}
