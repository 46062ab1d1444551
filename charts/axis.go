package charts

import (
	"math"
	"time"

	"callsift/charts/internal/show"
)

// scale maps values to pixels.
type scale struct{ min, max, from, to float64 }

func (s scale) at(v float64) float64 {
	return s.from + (v-s.min)/(s.max-s.min)*(s.to-s.from)
}

// steps gives the round values from 0 to at least max, about n of them.
func steps(max float64, n int) []float64 {
	if !(max > 0) {
		max = 1
	}
	raw := max / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= raw*0.999 {
			step = m * unit
			break
		}
	}
	var out []float64
	for i := 0; ; i++ {
		v := step * float64(i)
		out = append(out, v)
		if v >= max {
			return out
		}
	}
}

// countSteps is steps without fractions: there is no half call.
func countSteps(max float64, n int) []float64 {
	var whole []float64
	for _, v := range steps(math.Max(max, 1), n) {
		if v == math.Trunc(v) {
			whole = append(whole, v)
		}
	}
	return whole
}

// valueAxis draws the grid and the labels of a vertical axis left of b.
func (p *paper) valueAxis(b box, ticks []float64, label func(float64) string) scale {
	s := scale{ticks[0], ticks[len(ticks)-1], b.bottom(), b.y}
	for _, v := range ticks {
		y := s.at(v)
		p.line(b.x, y, b.right(), y, inkGrid, 1)
		p.text(b.x-8, y+4, label(v), style{size: sizeSmall, ink: inkMuted, anchor: end})
	}
	return s
}

// labelRoom is the width of the widest label.
func (p *paper) labelRoom(ticks []float64, label func(float64) string) float64 {
	w := 0.0
	for _, v := range ticks {
		w = math.Max(w, p.width(label(v), style{size: sizeSmall}))
	}
	return w + 10
}

func countLabel(v float64) string { return show.Short(v) }

// dayAxis labels days under b: up to two weeks each day by weekday and date, then
// Mondays by date and ISO week, thinned until they do not touch.
func (p *paper) dayAxis(b box, days []time.Time) {
	slot := b.w / float64(len(days))
	st, small := style{size: sizeSmall, anchor: middle}, style{size: sizeSmall, ink: inkMuted, anchor: middle}
	short := slot < 44
	weekly := slot < 26
	const room = 52 // of a weekly label
	free := math.Inf(-1)
	for i, d := range days {
		x := b.x + (float64(i)+0.5)*slot
		if weekly && d.Weekday() != time.Monday && len(days) > 6 {
			continue
		}
		if weekly && (x < free || x+room/2 > p.w) {
			continue
		}
		p.line(x, b.bottom(), x, b.bottom()+4, inkAxis, 1)
		switch {
		case weekly:
			_, week := d.ISOWeek()
			p.text(x, b.bottom()+18, d.Format("Jan 2"), st)
			p.text(x, b.bottom()+33, weekName(week), small)
			free = x + room
		case short:
			p.text(x, b.bottom()+18, d.Format("Mon")[:2], st)
			p.text(x, b.bottom()+33, d.Format("2"), small)
		default:
			p.text(x, b.bottom()+18, d.Format("Mon"), st)
			p.text(x, b.bottom()+33, d.Format("Jan 2"), small)
		}
	}
	p.line(b.x, b.bottom(), b.right(), b.bottom(), inkAxis, 1)
}

func weekName(week int) string {
	return string([]byte{'W', byte('0' + week/10), byte('0' + week%10)})
}

// noData marks a slot of the time axis that no source covers.
func (p *paper) noData(b box) {
	p.tip = "no data: no source covers this day"
	p.rect(b, inkEmpty)
	p.hatch(b, inkHatch)
	st := style{size: sizeSmall, ink: inkMuted, anchor: middle}
	if w := p.width("no data", st) + 10; b.w > w {
		p.rect(box{b.x + b.w/2 - w/2, b.y + b.h/2 - 12, w, 22}, inkEmpty)
		p.text(b.x+b.w/2, b.y+b.h/2+3, "no data", st)
	}
	p.tip = ""
}

// key is one entry of a legend.
type key struct {
	ink    ink
	label  string
	detail string
	mark   func(p *paper, b box) // in place of a filled square
}

// legend draws the entries right of the data, or above it on narrow figures, and
// gives the room that is left.
func (p *paper) legend(b box, keys []key) box {
	if p.narrow() {
		return p.legendAbove(b, keys)
	}
	w := 0.0
	for _, k := range keys {
		w = math.Max(w, math.Max(p.width(k.label, style{size: 13}), p.width(k.detail, style{size: sizeSmall})))
	}
	w += 22
	x, y := b.right()-w, b.y+14
	for _, k := range keys {
		p.keyMark(k, box{x, y - 10, 12, 12})
		p.text(x+22, y, k.label, style{size: 13})
		y += 17
		if k.detail != "" {
			p.text(x+22, y, k.detail, style{size: sizeSmall, ink: inkMuted})
			y += 17
		}
		y += 7
	}
	return box{b.x, b.y, b.w - w - 28, b.h}
}

func (p *paper) legendAbove(b box, keys []key) box {
	st := style{size: sizeSmall}
	x, y := b.x, b.y+12
	for _, k := range keys {
		w := p.width(k.label, st) + 32
		if x > b.x && x+w-14 > b.right() {
			x, y = b.x, y+18
		}
		p.keyMark(k, box{x, y - 10, 11, 11})
		p.text(x+17, y, k.label, st)
		x += w
	}
	used := y + 12 - b.y
	return box{b.x, b.y + used, b.w, b.h - used}
}

func (p *paper) keyMark(k key, b box) {
	if k.mark != nil {
		k.mark(p, b)
		return
	}
	p.rect(b, k.ink)
}
