package charts

import (
	"math"
	"net/url"
	"strings"
	"unicode/utf8"

	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// point is a place in CSS pixels from the top left corner.
type point struct{ x, y float64 }

// box is a rectangle in the same units.
type box struct{ x, y, w, h float64 }

func (b box) right() float64  { return b.x + b.w }
func (b box) bottom() float64 { return b.y + b.h }

type opKind int

const (
	opFill opKind = iota
	opStroke
	opLines // pairs of points, each a line
	opText
)

// op is one thing drawn. A figure is a list of them, which each format writes in
// its own way; so PNG, SVG and PDF cannot differ in what they show.
type op struct {
	kind   opKind
	pts    []point
	ink    ink
	alpha  float64
	width  float64
	dash   float64
	text   string
	size   float64
	bold   bool
	anchor anchor
	tip    string // what the pointer shows over it (SVG)
	where  string // which calls stand behind it, see Options.Links
}

type anchor int

const (
	start anchor = iota
	middle
	end
)

// style is how a text looks; the zero anchor is start.
type style struct {
	size   float64
	bold   bool
	ink    ink
	anchor anchor
}

// Sizes in CSS pixels.
const (
	sizeTitle = 20
	sizeText  = 14
	sizeSmall = 12
)

// paper collects the drawing of one figure.
type paper struct {
	w, h float64
	face *typeface
	lang words.Lang
	ops  []op
	tip  string
	call string // see op.where
}

// narrow tells that the figure is for a phone or a column: legends go above the
// data and labels get shorter.
func (p *paper) narrow() bool { return p.w < 760 }

func (p *paper) add(o op) {
	if o.alpha == 0 {
		o.alpha = 1
	}
	o.tip, o.where = p.lang.Say(p.tip), p.call
	p.ops = append(p.ops, o)
}

// behind marks what is drawn next with what the pointer shows over it and with the
// calls that it counts: keys and values as --where takes them. behind("") ends it.
func (p *paper) behind(tip string, keys ...string) {
	p.tip, p.call = tip, ""
	v := url.Values{}
	for i := 0; i+1 < len(keys); i += 2 {
		v.Add(keys[i], keys[i+1])
	}
	if len(v) > 0 {
		p.call = v.Encode()
	}
}

func (p *paper) rect(b box, k ink) {
	if b.w <= 0 || b.h <= 0 {
		return
	}
	p.add(op{kind: opFill, ink: k, pts: []point{{b.x, b.y}, {b.right(), b.y}, {b.right(), b.bottom()}, {b.x, b.bottom()}}})
}

func (p *paper) area(pts []point, k ink, alpha float64) {
	p.add(op{kind: opFill, ink: k, pts: pts, alpha: alpha})
}

func (p *paper) path(pts []point, k ink, width, dash float64) {
	p.add(op{kind: opStroke, ink: k, pts: pts, width: width, dash: dash})
}

func (p *paper) line(x1, y1, x2, y2 float64, k ink, width float64) {
	p.path([]point{{x1, y1}, {x2, y2}}, k, width, 0)
}

func (p *paper) frame(b box, k ink, width, dash float64) {
	p.path([]point{{b.x, b.y}, {b.right(), b.y}, {b.right(), b.bottom()}, {b.x, b.bottom()}, {b.x, b.y}}, k, width, dash)
}

// disc is a polygon of 24 corners: round at the sizes used here, in every format.
func (p *paper) disc(x, y, r float64, k ink) {
	pts := make([]point, 24)
	for i := range pts {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 24)
		pts[i] = point{x + r*cos, y + r*sin}
	}
	p.area(pts, k, 1)
}

// hatch fills a rectangle with lines rising to the right: "not known".
func (p *paper) hatch(b box, k ink) {
	const step = 7
	var pts []point
	for d := math.Ceil((b.x+b.y)/step) * step; d < b.right()+b.bottom(); d += step {
		// The line x+y = d inside the rectangle.
		x1, x2 := math.Max(b.x, d-b.bottom()), math.Min(b.right(), d-b.y)
		if x2-x1 > 0.5 {
			pts = append(pts, point{x1, d - x1}, point{x2, d - x2})
		}
	}
	p.add(op{kind: opLines, ink: k, pts: pts, width: 1})
}

// text writes one line; y is the base line.
func (p *paper) text(x, y float64, s string, st style) {
	s = p.said(s)
	if s == "" {
		return
	}
	if st.ink == "" {
		st.ink = inkText
	}
	p.add(op{kind: opText, ink: st.ink, pts: []point{{x, y}}, text: s, size: st.size, bold: st.bold, anchor: st.anchor})
}

func (p *paper) width(s string, st style) float64 { return p.wide(p.said(s), st) }

// wide is the width of a text that is said already.
func (p *paper) wide(s string, st style) float64 {
	return p.face.advances(s, st.size, st.bold, nil)
}

// fit shortens s with an ellipsis until it is at most max wide.
func (p *paper) fit(s string, max float64, st style) string { return p.cut(p.said(s), max, st) }

func (p *paper) cut(s string, max float64, st style) string {
	if p.wide(s, st) <= max {
		return s
	}
	runes := []rune(s)
	low, high := 0, min(len(runes), 400)
	for low < high {
		mid := (low + high + 1) / 2
		if p.wide(string(runes[:mid])+"…", st) <= max {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return ""
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// wrap breaks s at spaces, and between square characters, into at most lines lines of
// width max.
func (p *paper) wrap(s string, max float64, lines int, st style) []string {
	var out []string
	list := breaks(p.said(s))
	join := func(parts []string) string { return strings.TrimRight(strings.Join(parts, ""), " ") }
	for len(list) > 0 {
		if len(out) == lines-1 {
			return append(out, p.cut(join(list), max, st))
		}
		n := 1
		for n < len(list) && p.wide(join(list[:n+1]), st) <= max {
			n++
		}
		out = append(out, p.cut(join(list[:n]), max, st))
		list = list[n:]
	}
	return out
}

// breaks cuts a text where a line may end.
func breaks(s string) []string {
	var out []string
	from := 0
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		if r == ' ' || r >= firstWide && end < len(s) {
			out, from = append(out, s[from:end]), end
		}
	}
	return append(out, s[from:])
}

// said is a text in the language of the figure, fit to be drawn.
func (p *paper) said(s string) string { return cleaned(p.lang.Say(s)) }

// cleaned is foreign text without what would break the line, the terminal or XML.
func cleaned(s string) string { return show.Clean(s) }
