package charts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// classesFigure stacks each day's calls by response class. A day that no source
// covers is a hatched band.
func classesFigure(r *analyze.Report) Figure {
	sums := map[string]int64{}
	var total int64
	for _, d := range r.Days {
		for c, n := range d.Counts {
			sums[string(classInk(c))] += n
			total += n
		}
	}
	fig := Figure{
		Title:    title(r.Scope) + " by response class and day",
		Subtitle: line(r.Title, period(r), show.Counted(total, r.Scope)),
		Footer:   line(scopeNote(r)+" by final response as the caller saw it", "hatched: no data", r.Zone),
	}
	if total == 0 {
		fig.Empty = nothing(r, show.Scope(r.Scope))
		return fig
	}
	fig.Alt = classesAlt(r, sums, total)
	fig.draw = func(p *paper, b box) { drawClasses(p, b, r.Days, sums, total) }
	return fig
}

func title(scope string) string {
	s := show.Scope(scope)
	return strings.ToUpper(s[:1]) + s[1:]
}

func classesAlt(r *analyze.Report, sums map[string]int64, total int64) string {
	var parts, missing []string
	for _, c := range Classes {
		if sums[c] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s (%s)", ClassLabel(c), show.Count(sums[c]), show.Part(sums[c], total)))
		}
	}
	for _, d := range r.Days {
		if !d.Data {
			missing = append(missing, d.Day.Format("Mon Jan 2"))
		}
	}
	alt := fmt.Sprintf("%s in %s: %s.", show.Counted(total, r.Scope), period(r), strings.Join(parts, "; "))
	if n := len(missing); n > 7 {
		alt += fmt.Sprintf(" No data on %d days.", n)
	} else if n > 0 {
		alt += " No data on " + strings.Join(missing, ", ") + "."
	}
	return alt
}

func drawClasses(p *paper, b box, days []analyze.DayClasses, sums map[string]int64, total int64) {
	var keys []key
	for _, c := range slices.Backward(Classes) { // in stack order from the top
		if sums[c] > 0 {
			keys = append(keys, key{ink: ink(c), label: ClassLabel(c), detail: show.Count(sums[c]) + " · " + show.Part(sums[c], total)})
		}
	}
	b = p.legend(b, keys)

	var most int64
	for _, d := range days {
		most = max(most, dayTotal(d))
	}
	ticks := countSteps(float64(most)*1.04, 5)
	left := p.labelRoom(ticks, countLabel)
	plot := box{b.x + left, b.y + 6, b.w - left, b.h - 48}
	y := p.valueAxis(plot, ticks, countLabel)
	slot := plot.w / float64(len(days))
	dates := make([]time.Time, len(days))
	for i, d := range days {
		dates[i] = d.Day
		x := plot.x + float64(i)*slot
		if !d.Data {
			p.noData(box{x + slot*0.04, plot.y, slot * 0.92, plot.h})
			continue
		}
		w := min(slot*0.68, 96)
		p.stack(d, box{x + (slot-w)/2, plot.y, w, plot.h}, y, slot)
	}
	p.dayAxis(plot, dates)
}

func dayTotal(d analyze.DayClasses) (n int64) {
	for _, c := range d.Counts {
		n += c
	}
	return n
}

// stack draws one day's bar with hairs of the background between its parts.
func (p *paper) stack(d analyze.DayClasses, b box, y scale, slot float64) {
	counts := map[ink]int64{}
	for c, n := range d.Counts {
		counts[classInk(c)] += n
	}
	var sum int64
	for _, c := range Classes {
		n := counts[ink(c)]
		if n == 0 {
			continue
		}
		bottom, top := y.at(float64(sum)), y.at(float64(sum+n))
		if sum > 0 && bottom-top > 3 {
			bottom--
		}
		p.behind(fmt.Sprintf("%s, %s: %s of %s (%s)", d.Day.Format("Mon Jan 2"), ClassLabel(c),
			show.Count(n), show.Count(dayTotal(d)), show.Part(n, dayTotal(d))), "day", d.Day.Format(time.DateOnly), "class", c)
		p.rect(box{b.x, top, b.w, bottom - top}, ink(c))
		p.behind("")
		sum += n
	}
	label := show.Count(sum)
	st := style{size: sizeSmall, anchor: middle}
	if p.width(label, st) > slot-4 {
		label = show.Short(float64(sum))
	}
	if p.width(label, st) <= slot-2 {
		p.text(b.x+b.w/2, y.at(float64(sum))-6, label, st)
	}
}
