package charts

import (
	"fmt"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// driversFigure ranks what explains the failures: for each combination of keys
// the failures seen above the ones that were to be expected.
func driversFigure(r *analyze.Report) Figure {
	fig := Figure{
		Title:    "What explains the failures",
		Subtitle: line(r.Title, period(r), plural(len(r.Findings), "finding", "findings")),
		Footer: line("bar: calls that failed so, of which grey was to be expected", "lift: times as many as expected, with its 95 % interval",
			"combinations of at most three keys and a stretch of time"),
	}
	if len(r.Findings) == 0 {
		fig.Empty = nothing(r, "finding")
		return fig
	}
	var parts []string
	for i := range r.Findings[:min(3, len(r.Findings))] {
		f := &r.Findings[i]
		parts = append(parts, fmt.Sprintf("%s, %s: %s, %.1f expected", driverName(f), show.Span(f.From, f.To), show.Count(f.Failed), f.Expected))
	}
	fig.Alt = strings.Join(parts, "; ") + "."
	fig.height = max(200, 150+80*min(7, len(r.Findings)))
	fig.draw = func(p *paper, b box) { drawDrivers(p, b, r.Findings) }
	return fig
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func driverName(f *analyze.Finding) string {
	var parts []string
	for _, k := range f.Keys {
		parts = append(parts, strings.ReplaceAll(k.Key, "_", " ")+" "+k.Value)
	}
	if len(parts) == 0 {
		return "all calls"
	}
	return strings.Join(parts, ", ")
}

func drawDrivers(p *paper, b box, list []analyze.Finding) {
	b = p.legendAbove(b, []key{{ink: inkOther, label: "expected"}, {ink: "failed", label: "above expectation"}})
	name, small := style{size: sizeText, bold: true}, style{size: sizeSmall, ink: inkMuted}
	list = list[:min(len(list), 7)]
	pitch := min(96, b.h/float64(len(list)))
	var most int64
	room := 0.0
	for i := range list {
		most = max(most, list[i].Failed)
		room = max(room, p.width(liftText(&list[i]), small))
	}
	room += p.width(show.Count(most), name) + 24
	if p.narrow() {
		room = 70
	}
	x := scale{0, float64(most), b.x, b.right() - room}
	for i := range list {
		f := &list[i]
		y := b.y + float64(i)*pitch
		keys := []string{}
		for _, k := range f.Keys {
			keys = append(keys, k.Key, k.Value)
		}
		keys = append(keys, "from", fmt.Sprint(f.From.UnixMilli()), "to", fmt.Sprint(f.To.UnixMilli()))
		p.behind(fmt.Sprintf("%s, %s: %s seen, %.1f expected, %s", driverName(f), show.Span(f.From, f.To), show.Count(f.Failed), f.Expected, liftText(f)), keys...)
		title := fmt.Sprintf("%d  %s", f.Rank, driverName(f))
		p.text(b.x, y+14, p.fit(title, b.w, name), name)
		if w := p.width(title, name) + 14; w < b.w-120 {
			p.text(b.x+w, y+14, p.fit(show.Span(f.From, f.To), b.w-w, small), small)
		}
		bar := box{b.x, y + 20, max(2, x.at(float64(f.Failed))-b.x), max(8, min(30, pitch-36))}
		p.rect(bar, "failed")
		p.rect(box{b.x, bar.y, min(bar.w, x.at(f.Expected)-b.x), bar.h}, inkOther)
		p.behind("")
		p.line(b.x, bar.y-2, b.x, bar.bottom()+2, inkAxis, 1)
		p.text(bar.right()+8, bar.y+bar.h/2+5, show.Count(f.Failed), style{size: sizeText, bold: true})
		if !p.narrow() {
			p.text(bar.right()+16+p.width(show.Count(f.Failed), name), bar.y+bar.h/2+5, liftText(f), small)
		}
	}
}

// times is a factor with as many digits as mean something.
func times(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.1f", f)
	}
	return show.Count(int64(min(f, 1e9) + 0.5))
}

// liftText is the lift with its interval; nothing where nothing was expected.
func liftText(f *analyze.Finding) string {
	if f.Lift <= 0 {
		return fmt.Sprintf("%.1f expected", f.Expected)
	}
	return fmt.Sprintf("%.1f expected, lift %s (%s–%s)", f.Expected, times(f.Lift), times(f.LiftLow), times(f.LiftHigh))
}
