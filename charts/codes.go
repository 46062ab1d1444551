package charts

import (
	"fmt"
	"sort"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// codesFigure ranks the codes of what was not answered. The answered ones are
// said in the subtitle: their bar would leave no room for the others.
func codesFigure(r *analyze.Report) Figure {
	var rows []analyze.CodeRow
	var total, answered int64
	for _, c := range r.Codes {
		total += c.Count
		// Records without a code may be of answered calls.
		answered += c.Answered
		c.Count, c.Answered = c.Count-c.Answered, 0
		if c.Count > 0 {
			rows = append(rows, c)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].Count > rows[j].Count })
	what := show.Scope(r.Scope)
	fig := Figure{
		Title: title(r.Scope) + " without an answer, by response code",
		Subtitle: line(r.Title, period(r),
			fmt.Sprintf("%s of %s %s; %s answered", show.Count(total-answered), show.Count(total), what, show.Count(answered))),
		Footer: line(scopeNote(r)+", final response as the caller saw it", "% of all "+what, "colour: response class",
			"user: busy, declined, no answer", "abandoned: the caller hung up"),
	}
	switch {
	case total == 0:
		fig.Empty = nothing(r, what)
	case len(rows) == 0:
		fig.Empty = fmt.Sprintf("All %s %s in %s were answered", show.Count(total), what, period(r))
	}
	if fig.Empty != "" {
		return fig
	}
	fig.Alt = codesAlt(r, rows, total, answered)
	fig.height = max(260, 130+38*min(12, len(rows)))
	fig.draw = func(p *paper, b box) { drawCodes(p, b, rows, total) }
	return fig
}

func codesAlt(r *analyze.Report, rows []analyze.CodeRow, total, answered int64) string {
	var parts []string
	for _, c := range rows[:min(5, len(rows))] {
		parts = append(parts, fmt.Sprintf("%s: %s, %s, %s", c.Label, show.Count(c.Count), show.Part(c.Count, total), ended(c.Tally)))
	}
	return fmt.Sprintf("%s of %s %s in %s were not answered. Most frequent: %s.",
		show.Count(total-answered), show.Count(total), show.Scope(r.Scope), period(r), strings.Join(parts, "; "))
}

// ended says what a code's calls became: "user", "41 failed".
func ended(t analyze.Tally) string {
	parts := []struct {
		n    int64
		name string
	}{{t.Failed, "failed"}, {t.User, "user"}, {t.Abandoned, "abandoned"}, {t.Redirected, "redirected"},
		{t.InProgress, "in progress"}, {t.CompletedElsewhere, "completed elsewhere"}, {t.NotConnected, "not connected"}, {t.Answered, "answered"}}
	for _, o := range parts {
		if o.n == t.Count {
			return o.name
		}
	}
	if t.Failed > 0 {
		return show.Count(t.Failed) + " failed"
	}
	return "not failed"
}

// topRows is how many rows of height h fit, at most 14 and at least 3.
func topRows(b box, h float64) int { return min(14, max(3, int(b.h/h))) }

func drawCodes(p *paper, b box, rows []analyze.CodeRow, total int64) {
	n := topRows(b, 30)
	if len(rows) > n {
		other := analyze.CodeRow{Class: "other", Label: fmt.Sprintf("other (%d codes)", len(rows)-n+1)}
		for _, c := range rows[n-1:] {
			other.Tally = sum(other.Tally, c.Tally)
		}
		rows = append(rows[:n-1:n-1], other)
	}
	st := style{size: sizeText, anchor: end}
	left := 0.0
	for _, c := range rows {
		left = max(left, p.width(c.Label, st)+12)
	}
	part := 0.36
	if p.narrow() {
		part = 0.52 // a name says more than the length of its bar
	}
	left = min(left, b.w*part)
	var most int64
	room := 0.0
	for _, c := range rows {
		most = max(most, c.Count)
		room = max(room, p.width(p.codeValue(c, total), st)+p.width(ended(c.Tally), st)+26)
	}
	plot := box{b.x + left, b.y, b.w - left - room, b.h}
	pitch := min(64, b.h/float64(len(rows)))
	x := scale{0, float64(most), plot.x, plot.right()}
	for i, c := range rows {
		y := b.y + float64(i)*pitch
		mid := y + pitch/2 + 5
		tip := fmt.Sprintf("%s: %s, %s", c.Label, p.codeValue(c, total), ended(c.Tally))
		if c.Class == "other" {
			p.behind(tip)
		} else {
			p.behind(tip, "code", fmt.Sprint(c.Code))
		}
		p.text(plot.x-10, mid, p.fit(c.Label, left-12, st), st)
		fill := classInk(c.Class)
		if c.Class == "other" {
			fill = inkOther
		}
		w := max(2, x.at(float64(c.Count))-plot.x)
		p.rect(box{plot.x, y + pitch*0.16, w, pitch * 0.68}, fill)
		value := p.codeValue(c, total)
		p.text(plot.x+w+8, mid, value, style{size: sizeText, bold: c.Failed > 0})
		p.text(plot.x+w+16+p.width(value, style{size: sizeText, bold: c.Failed > 0}), mid, ended(c.Tally), style{size: 13, ink: inkMuted})
		p.behind("")
	}
	p.line(plot.x, b.y, plot.x, b.y+pitch*float64(len(rows)), inkAxis, 1)
}

func (p *paper) codeValue(c analyze.CodeRow, total int64) string {
	if p.narrow() {
		return show.Count(c.Count)
	}
	return show.Count(c.Count) + " · " + show.Part(c.Count, total)
}

// sum adds two tallies.
func sum(a, b analyze.Tally) analyze.Tally {
	a.Count += b.Count
	a.Answered += b.Answered
	a.User += b.User
	a.Abandoned += b.Abandoned
	a.Failed += b.Failed
	a.Redirected += b.Redirected
	a.InProgress += b.InProgress
	a.CompletedElsewhere += b.CompletedElsewhere
	a.NotConnected += b.NotConnected
	return a
}
