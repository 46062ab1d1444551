package charts

import (
	"fmt"
	"slices"
	"time"

	"callsift/charts/internal/show"
)

// Message is one message of a call, or one record that it was made from.
type Message struct {
	Time     time.Time // zero: unknown
	From, To string    // hosts; "" where the source does not name them
	Text     string    // "INVITE (SDP)", "180 Ringing", "CDR"
	Detail   string    // Reason, Warning, the disposition of a CDR
	Record   bool      // a CDR or event: no arrow
	Again    bool      // a retransmission
	Place    string    // file:line
	Raw      string    // the original lines; "" where they are not at hand
	Link     string    // anchor that the arrow leads to on a page, "#m-1-2"; "": none
}

// unknownHost stands for an end that the source does not name.
const unknownHost = "(?)"

const (
	ladderRow = 30
	ladderTop = 40
)

// Ladder draws the messages of one call as arrows between its hosts, a row each,
// with the time and the distance to the message before. Drawn without a height
// it is as high as it needs.
func Ladder(title, subtitle string, messages []Message) Figure {
	fig := Figure{Name: "ladder", Title: title, Subtitle: subtitle}
	if len(messages) == 0 {
		fig.Empty, fig.Alt = "No messages or records of this call", "No messages or records of this call."
		return fig
	}
	hosts := ladderHosts(messages)
	fig.Alt = fmt.Sprintf("%d messages between %d hosts, from %s to %s.", len(messages), len(hosts), messages[0].Text, messages[len(messages)-1].Text)
	fig.height = max(200, 120+ladderTop+ladderRow*min(len(messages), 120))
	fig.draw = func(p *paper, b box) { drawLadder(p, b, messages, hosts) }
	return fig
}

func hostName(s string) string {
	if s == "" {
		return unknownHost
	}
	return s
}

func ladderHosts(messages []Message) []string {
	var hosts []string
	for _, m := range messages {
		if m.Record {
			continue
		}
		for _, h := range []string{hostName(m.From), hostName(m.To)} {
			if !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}

func drawLadder(p *paper, b box, messages []Message, hosts []string) {
	small := style{size: sizeSmall, ink: inkMuted}
	left := p.width("00:00:00.000  +000.000", small) + 14
	plot := box{b.x + left, b.y + ladderTop, b.w - left, b.h - ladderTop}
	row := min(ladderRow, plot.h/float64(len(messages)))
	shown := messages
	if row < 16 { // no room: the first ones, and say so
		row = 16
		shown = messages[:max(1, int(plot.h/row)-1)]
	}
	lane := plot.w / float64(max(1, len(hosts)))
	at := func(h string) float64 { return plot.x + (float64(slices.Index(hosts, hostName(h)))+0.5)*lane }
	bottom := plot.y + row*float64(len(shown))
	for _, h := range hosts {
		st := style{size: 13, bold: true, anchor: middle}
		p.text(at(h), b.y+16, p.fit(h, lane-12, st), st)
		p.line(at(h), b.y+24, at(h), bottom, inkAxis, 1)
	}
	var before time.Time
	for i, m := range shown {
		y := plot.y + (float64(i)+0.6)*row
		p.tip, p.call = ladderTip(i, m), m.Link
		p.ladderTime(b.x, y+4, m, before)
		if m.Record || len(hosts) == 0 {
			st := style{size: 13}
			p.text(plot.x+4, y+4, p.fit(line(m.Text, m.Detail), plot.w-8, st), st)
		} else {
			p.arrow(at(m.From), at(m.To), y, lane, m)
		}
		p.behind("")
		if !m.Time.IsZero() {
			before = m.Time
		}
	}
	if n := len(messages) - len(shown); n > 0 {
		p.text(plot.x+4, bottom+16, fmt.Sprintf("… %d more", n), small)
	}
}

func ladderTip(i int, m Message) string {
	return fmt.Sprintf("%d: %s", i+1, line(m.Text, m.Detail, m.Place))
}

func (p *paper) ladderTime(x, y float64, m Message, before time.Time) {
	if m.Time.IsZero() {
		return
	}
	small := style{size: sizeSmall, ink: inkMuted}
	p.text(x, y, m.Time.Format("15:04:05.000"), small)
	if !before.IsZero() {
		st := small
		st.anchor = end
		p.text(x+p.width("00:00:00.000  +000.000", small), y, fmt.Sprintf("%+.3f", m.Time.Sub(before).Seconds()), st)
	}
}

// arrow draws one message: requests in the colour of text, responses in that of
// their class, so that the failure is found at a glance.
func (p *paper) arrow(from, to, y, lane float64, m Message) {
	colour, dash := inkText, 0.0
	if len(m.Text) > 3 && m.Text[0] >= '1' && m.Text[0] <= '6' && m.Text[3] == ' ' {
		if colour = classInk(m.Text[:1] + "xx"); colour == "1xx" {
			colour = inkAxis
		}
	}
	if m.Again {
		dash = 4
	}
	text := m.Text
	if m.Again {
		text += " again"
	}
	st := style{size: sizeSmall, anchor: middle}
	if from == to { // both ends are the same, or neither is known
		p.disc(from, y, 3, colour)
		st.anchor = start
		p.text(from+10, y+4, p.fit(text, lane/2, st), st)
		return
	}
	tip := to - 7
	if to < from {
		tip = to + 7
	}
	p.path([]point{{from, y}, {tip, y}}, colour, 1.5, dash)
	p.area([]point{{to, y}, {tip, y - 4}, {tip, y + 4}}, colour, 1)
	text = p.fit(text, max(from, to)-min(from, to)-24, st)
	w := p.width(text, st)
	mid := (from + to) / 2
	p.rect(box{mid - w/2 - 4, y - 9, w + 8, 17}, inkPaper)
	p.text(mid, y+4, text, st)
	if m.Detail != "" && max(from, to)+8+p.width(m.Detail, style{size: 11}) < p.w-8 {
		p.text(max(from, to)+8, y+4, m.Detail, style{size: 11, ink: inkMuted})
	}
}

// LadderTitle names a call for its ladder.
func LadderTitle(caller, callee string, at time.Time) string {
	name := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	s := "Call from " + name(caller) + " to " + name(callee)
	if !at.IsZero() {
		s += ", " + show.Moment(at)
	}
	return s
}
