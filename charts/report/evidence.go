package report

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"time"

	"callsift/charts"
	"callsift/charts/internal/show"
)

// Call is a call behind the figures of the report, as the page shows it. What
// the caller of this package leaves out is not shown: Messages of some calls
// only, Raw lines of some messages only.
type Call struct {
	ID             string
	Start          time.Time // zero: unknown
	Caller, Callee string
	Result         string // "503 failed", "answered"
	Cause          string
	PDD, Talk      int64               // milliseconds, -1: unknown
	Keys           map[string][]string // what it counts under: code, class, outcome, trunk, day, hour ...
	Story          []string            // what happened, sentences
	Messages       []charts.Message
}

// evidenceLimit bounds the ladders and raw lines inside a page: it stays a file
// that a mail takes and a browser opens at once.
const evidenceLimit = 6 << 20

// callsView is the list of calls on the page.
type callsView struct {
	Rows    []callRow
	Details []callDetail
	Note    string
	Command string // lists all calls of the period
}

type callRow struct {
	Call
	Start, PDD, Talk string
	Sort             string // of the start, microseconds
	PDDRaw, TalkRaw  string
	Attr             template.HTMLAttr
	Detail           string // anchor of its ladder; "" none
}

type callDetail struct {
	Anchor, Title string
	ID            string
	Story         []string
	Ladder        template.HTML
	Messages      []messageView
	HasRaw        bool
}

type messageView struct {
	charts.Message
	Nr     int
	Anchor string // of its raw lines; "" none
	When   string
}

// newCallsView lays out the calls; from the first call that does not fit any more
// ladders are left out, which the note says.
func newCallsView(calls []Call, opt Options) (*callsView, error) {
	l := opt.lang()
	v := &callsView{Command: opt.CallsCommand}
	size, left := 0, 0
	for i, c := range calls {
		c.Result, c.Cause, c.Story = l.Say(c.Result), l.Say(c.Cause), saidAll(c.Story, l)
		row := callRow{Call: c, Start: show.None, PDD: l.Say(show.Millis(c.PDD)), Talk: talk(c.Talk), Attr: keyAttributes(c.Keys)}
		if !c.Start.IsZero() {
			row.Start, row.Sort = l.Say(c.Start.Format("Mon 2006-01-02 15:04:05")), integer(c.Start.UnixMicro())
		}
		if c.PDD >= 0 {
			row.PDDRaw = integer(c.PDD)
		}
		if c.Talk >= 0 {
			row.TalkRaw = integer(c.Talk)
		}
		if len(c.Messages) > 0 {
			d, n, err := newCallDetail(c, i+1, opt)
			if err != nil {
				return nil, err
			}
			if size+n > evidenceLimit {
				left++
			} else {
				size += n
				row.Detail = d.Anchor
				v.Details = append(v.Details, d)
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if left > 0 {
		v.Note = l.Say(fmt.Sprintf("The ladders of %s are left out, since the file would be too large.", plural(left, "call", "calls")))
	}
	return v, nil
}

func talk(ms int64) string {
	if ms < 0 {
		return show.None
	}
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}

func newCallDetail(c Call, nr int, opt Options) (callDetail, int, error) {
	d := callDetail{Anchor: fmt.Sprintf("call-%d", nr), ID: c.ID, Story: c.Story}
	d.Title = opt.lang().Say(charts.LadderTitle(c.Caller, c.Callee, c.Start)) + ": " + c.Result
	size := 0
	messages := append([]charts.Message(nil), c.Messages...)
	for k := range messages {
		m := &messages[k]
		v := messageView{Nr: k + 1, When: show.None}
		if !m.Time.IsZero() {
			v.When = m.Time.Format("15:04:05.000")
		}
		if m.Raw != "" {
			v.Anchor = fmt.Sprintf("m-%d-%d", nr, k+1)
			m.Link = "#" + v.Anchor
			d.HasRaw = true
			size += len(m.Raw)
		}
		v.Message = *m
		d.Messages = append(d.Messages, v)
	}
	fig := charts.Ladder(charts.LadderTitle(c.Caller, c.Callee, c.Start), c.Result, messages)
	o := opt.Chart
	o.Width, o.Height, o.Dark, o.Variables, o.Links, o.ID = 860, 0, false, true, true, "ladder-"+integer(int64(nr))
	var b bytes.Buffer
	if err := charts.Render(&b, fig, "svg", o); err != nil {
		return d, 0, err
	}
	d.Ladder = template.HTML(b.String()) // escaped by the charts package
	return d, size + b.Len() + 200*len(messages), nil
}

// keyAttributes writes what a call counts under as data attributes; several
// values of one key stand on lines of their own.
func keyAttributes(keys map[string][]string) template.HTMLAttr {
	var b strings.Builder
	for _, k := range callKeys {
		if values, ok := keys[k]; ok {
			clean := make([]string, len(values))
			for i, v := range values {
				clean[i] = show.Clean(v)
			}
			fmt.Fprintf(&b, ` data-%s="%s"`, k, template.HTMLEscapeString(strings.Join(clean, "\n")))
		}
	}
	return template.HTMLAttr(b.String())
}

// callKeys are the keys that figures lead by.
var callKeys = []string{"class", "code", "cause", "cause_code", "outcome", "trunk", "source", "prefix", "user_agent", "device", "day", "weekday", "hour", "at", "flag", "rang", "talk", "peer", "direction"}
