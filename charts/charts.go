// Package charts draws the figures of callsift from the numbers of package
// analyze, as PNG, SVG or PDF. Its one rule: what is not known is never drawn as
// zero. Missing data is hatched or blank and says so.
//
// A figure is laid out in CSS pixels for the size asked for and then written by
// the format's writer. The same data, options and version give the same bytes.
package charts

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// Figure is one chart of one period, ready to render at any size.
type Figure struct {
	Name     string // "classes", see Names
	Title    string
	Subtitle string // what, period, n
	Footer   string // scope, definition, zone
	Alt      string // the key numbers as a sentence, for people who do not see the chart
	Empty    string // why there is nothing to draw; "" if there is

	height int // of the drawing where the format asks for none; 0: 600
	draw   func(*paper, box)
}

// Height is how high the figure is by itself, in CSS pixels; 0: it takes any
// height.
func (f Figure) Height() int { return f.height }

// Options of a rendering. The zero value is 1200×600 at twice the pixels, light,
// in Liberation Sans.
type Options struct {
	Width, Height int     // CSS pixels, 320 to 4000 and 200 to 4000; 0: 1200 and 600
	Scale         float64 // PNG pixels per CSS pixel, 1 to 4; 0: 2
	Dark          bool
	Lang          string // "en", "zh"; "": en
	Font          string // path of a TTF, OTF or TTC file; "": Liberation Sans
	Variables     bool   // SVG for inlining in a page: colours are var(--cs-…), see CSS
	Links         bool   // SVG for inlining: what is drawn links to #calls, with the keys of its calls in data-where
	ID            string // prefix of the ids of an inlined SVG; "": the figure's name
}

// figures in the order in which they are listed.
var figures = []struct {
	name, about string
	make        func(*analyze.Report) Figure
}{
	{"classes", "calls by response class, stacked by day", classesFigure},
	{"codes", "top response codes of what was not answered", codesFigure},
	{"trunks", "per trunk: answered, user and abandoned, failed", trunksFigure},
	{"heatmap", "failure rate by hour and weekday", heatmapFigure},
	{"trend", "ASR and NER by day with 95 % intervals", trendFigure},
	{"pdd", "distribution of the post-dial delay", pddFigure},
	{"pareto", "causes of failures with their running sum", paretoFigure},
	{"compare", "this period against the one before, by code, with intervals", compareFigure},
	{"drivers", "what explains the failures", driversFigure},
	{"availability", "trunks over the week: calls, registrations, OPTIONS, events", availabilityFigure},
	{"concurrency", "conversations at once by quarter hour", concurrencyFigure},
}

// Names lists the charts.
func Names() []string {
	names := make([]string, len(figures))
	for i, f := range figures {
		names[i] = f.name
	}
	return names
}

// About says in a few words what a chart shows; "" for an unknown name.
func About(name string) string {
	for _, f := range figures {
		if f.name == name {
			return f.about
		}
	}
	return ""
}

// New makes the chart of that name from a report.
func New(name string, r *analyze.Report) (Figure, error) {
	for _, f := range figures {
		if f.name == name {
			fig := f.make(r)
			fig.Name = name
			if fig.Empty != "" {
				fig.Subtitle, fig.Alt = line(r.Title, period(r)), fig.Empty+"."
			}
			return fig, nil
		}
	}
	return Figure{}, fmt.Errorf("no chart %q; charts are %s", name, strings.Join(Names(), ", "))
}

// Formats lists what Render writes.
func Formats() []string { return []string{"png", "svg", "pdf"} }

// Render writes a figure as png, svg or pdf. Nothing is written when an option
// or the font is not usable.
func Render(w io.Writer, fig Figure, format string, opt Options) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("no chart format %q; formats are %s", format, strings.Join(Formats(), ", "))
	}
	opt, err := opt.filled(fig)
	if err != nil {
		return err
	}
	p, err := layout(fig, opt)
	if err != nil {
		return err
	}
	switch format {
	case "svg":
		return p.writeSVG(w, fig, opt)
	case "pdf":
		return p.writePDF(w, fig, opt)
	}
	return p.writePNG(w, opt)
}

// Missing lists the characters of a figure for which the font has no glyph, in
// order and each once: they would be boxes in the picture. Give Options.Font a
// font that holds them.
func Missing(fig Figure, opt Options) ([]rune, error) {
	opt, err := opt.filled(fig)
	if err != nil {
		return nil, err
	}
	p, err := layout(fig, opt)
	if err != nil {
		return nil, err
	}
	var missing []rune
	for _, o := range p.ops {
		missing = append(missing, p.face.lacks(o.text)...)
	}
	slices.Sort(missing)
	return slices.Compact(missing), nil
}

func (o Options) filled(fig Figure) (Options, error) {
	if o.Width == 0 {
		o.Width = 1200
	}
	if o.Height == 0 {
		o.Height = cmp.Or(fig.height, 600)
	}
	if o.Scale == 0 {
		o.Scale = 2
	}
	switch {
	case !words.Known(o.Lang):
		return o, fmt.Errorf("no language %q; languages are en, zh", o.Lang)
	case o.Width < 320 || o.Width > 4000:
		return o, fmt.Errorf("width %d, want 320 to 4000", o.Width)
	case o.Height < 200 || o.Height > 4000:
		return o, fmt.Errorf("height %d, want 200 to 4000", o.Height)
	case !(o.Scale >= 1 && o.Scale <= 4):
		return o, fmt.Errorf("scale %v, want 1 to 4", o.Scale)
	}
	return o, nil
}

// layout draws the figure's frame and what is in it.
func layout(fig Figure, opt Options) (*paper, error) {
	face, err := loadFont(opt.Font)
	if err != nil {
		return nil, err
	}
	p := &paper{w: float64(opt.Width), h: float64(opt.Height), face: face, lang: words.Lang(opt.Lang)}
	body := p.sheet(fig)
	if fig.Empty == "" {
		fig.draw(p, body)
		return p, nil
	}
	p.rect(body, inkEmpty)
	st := style{size: 18, ink: inkText, anchor: middle}
	p.text(body.x+body.w/2, body.y+body.h/2+6, p.fit(fig.Empty, body.w-24, st), st)
	return p, nil
}

// sheet draws the background, title, subtitle and footer and gives the room
// that is left.
func (p *paper) sheet(fig Figure) box {
	margin := 32.0
	if p.narrow() {
		margin = 14
	}
	p.rect(box{0, 0, p.w, p.h}, inkPaper)
	width := p.w - 2*margin
	title, sub, foot := style{size: sizeTitle, bold: true}, style{size: sizeText, ink: inkMuted}, style{size: sizeSmall, ink: inkMuted}
	if p.narrow() {
		title.size, sub.size, foot.size = 17, 13, 11
	}
	y := margin*0.6 + title.size
	for _, l := range p.wrap(fig.Title, width, 2, title) {
		p.text(margin, y, l, title)
		y += title.size + 4
	}
	for _, l := range p.wrap(fig.Subtitle, width, 3, sub) {
		p.text(margin, y, l, sub)
		y += sub.size + 4
	}
	lines := p.wrap(fig.Footer, width, 4, foot)
	bottom := p.h - margin*0.5 - float64(len(lines)-1)*(foot.size+3)
	for i, l := range lines {
		p.text(margin, bottom+float64(i)*(foot.size+3), l, foot)
	}
	return box{margin, y + 4, width, bottom - foot.size - 12 - (y + 4)}
}

// nothing is the sentence of a chart without data.
func nothing(r *analyze.Report, what string) string {
	s := fmt.Sprintf("No %s in %s", what, period(r))
	if r.Covered == 0 && r.Hours > 0 {
		s += ": no source covers it"
	}
	return s
}

// period names the report's period; two dates where it has no label.
func period(r *analyze.Report) string {
	if r.Period.Label != "" {
		return r.Period.Label
	}
	return r.Period.From.Format("2006-01-02") + " – " + r.Period.To.Format("2006-01-02")
}

// line joins the parts that are there.
func line(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

// scopeNote is the first part of every footer.
func scopeNote(r *analyze.Report) string {
	return "Counted: " + show.Scope(r.Scope)
}
