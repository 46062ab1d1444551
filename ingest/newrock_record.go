package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// omReader turns records into CDRs and events.
type omReader struct {
	out      Sink
	clock    localClock // Input.Zone
	modified time.Time

	offset  int64 // of the device's clock from UTC, by the last record that told
	known   bool
	from    string // how that was known
	doubted int64  // an offset that the last telling record alone suggested
	lastAt  int64  // civil time of the last CDR's end, 0: none yet

	seen          offsetsSeen
	zoned, guided bool // some time was read in Input.Zone, by evidence
	plain         bool // ... in UTC for want of anything else
}

// omClockSlack is how many seconds a push may come after TimeEnd, with the two
// clocks' difference; more tells nothing of the zone.
const omClockSlack = 120

// survey looks for the device's offset in the first records, the one that most
// of them show, so that those before the first that tells are read like the ones after it.
func (r *omReader) survey(head []byte) {
	s := omScanner{window: windowOf(head), line: 1}
	probe := omReader{out: discard{}, clock: localClock{zone: r.clock.zone}}
	votes, best := map[int64]int{}, 0
	for records := 0; records < 100; records++ {
		region, ok := s.next()
		if !ok {
			break
		}
		if region.event {
			continue
		}
		probe.known = false
		probe.record(&region)
		if r.lastAt == 0 {
			r.lastAt = probe.lastAt
		}
		if !probe.known {
			continue
		}
		votes[probe.offset]++
		if n := votes[probe.offset]; n > best {
			best = n
			r.offset, r.known, r.from = probe.offset, true, probe.from
		}
	}
}

func (r *omReader) record(g *omRegion) {
	switch {
	case g.wrong != "":
		r.reject(g, g.wrong)
	case g.event:
		r.event(g)
	default:
		r.cdr(g)
	}
}

func (r *omReader) reject(g *omRegion, reason string) {
	r.out.Reject(g.Place, reason, g.raw[:min(len(g.raw), maxSample)])
}

// cdr reads a Cdr record.
func (r *omReader) cdr(g *omRegion) {
	d := parseOM(g.text)
	c := CDR{Place: g.Place, ID: d.attrs["id"], Code: codes.Unknown, CauseQ850: -1}
	c.Caller, c.Callee, c.Trunk = d.values["cpn"], d.values["cdpn"], d.values["trunknumber"]
	kind, way := strings.ToUpper(d.values["type"]), strings.ToUpper(d.values["route"])
	if wrong := r.setOMTimes(&c, &d, g.clock); wrong != "" {
		r.reject(g, wrong)
		return
	}
	c.Direction = omDirection(kind, way)
	c.Outcome, c.Reason = codes.NotConnected, "not connected"
	if c.Talk > 0 {
		c.Outcome, c.Reason = codes.Answered, "connected"
	}
	c.Link, c.Role = omLink(&d, kind, way)
	c.Recorded = omRecorded(&d)
	if kind == "" || way == "" {
		r.out.Warn(g.Place, "a Cdr without Type or Route: its direction is uncertain")
	}
	r.out.CDR(&c)
}

// omRecorded is the record without what the receiver's log did to it: the same
// push saved twice gives the same text.
func omRecorded(d *omDocument) string {
	var b strings.Builder
	b.WriteString(d.attrs["id"])
	for _, name := range [...]string{"callid", "timestart", "type", "route", "cpn", "cdpn", "timeend", "duration", "trunknumber"} {
		b.WriteByte('|')
		b.WriteString(d.values[name])
	}
	return b.String()
}

// omDirection is seen from the site. A call that the attendant puts through
// is recorded as outgoing but came from outside.
func omDirection(kind, way string) codes.Direction {
	switch {
	case way == "IC" || kind == "LO":
		return codes.Internal
	case kind == "IN" || kind == "FI" || kind == "OU" && way == "OP":
		return codes.In
	case kind == "OU" || kind == "FW" || kind == "CB":
		return codes.Out
	}
	return ""
}

// omLink says which records may be halves of one call: LO and IN of an internal
// one, IN and OU/OP of one through the attendant. Both halves have the same
// numbers, end and duration.
func omLink(d *omDocument, kind, way string) (link, role string) {
	switch {
	case kind == "IN":
		role = "called"
	case kind == "LO" || kind == "OU" && way == "OP":
		role = "calling"
	default:
		return "", ""
	}
	end := d.values["timeend"]
	if end == "" || d.values["cpn"] == "" && d.values["cdpn"] == "" {
		return "", ""
	}
	return strings.Join([]string{"om", d.values["cpn"], d.values["cdpn"], end, d.values["duration"]}, "|"), role
}

// setOMTimes sets start, answer, end and talk; the result is what makes the
// record useless, or empty.
func (r *omReader) setOMTimes(c *CDR, d *omDocument, clock omClock) (wrong string) {
	talk, wrong := omDuration(d.values["duration"])
	if wrong != "" {
		return wrong
	}
	start, wrong := omTime(d, "TimeStart")
	if wrong != "" {
		return wrong
	}
	end, wrong := omTime(d, "TimeEnd")
	if wrong != "" {
		return wrong
	}
	if start == 0 && end == 0 {
		return "neither TimeStart nor TimeEnd"
	}
	if end == 0 {
		r.out.Warn(c.Place, "a Cdr without TimeEnd")
		sec, ambiguous := r.utc(start)
		c.Start, c.Talk = sec*1e6, talk*1000
		r.mark(c, ambiguous)
		return ""
	}
	r.learn(end, clock)
	r.lastAt = end
	endUTC, ambiguous := r.utc(end)
	r.mark(c, ambiguous)
	if start == 0 {
		r.out.Warn(c.Place, "a Cdr without TimeStart: taken from TimeEnd and Duration")
		start = end - talk
	}
	startUTC := r.startBefore(start, endUTC, end)
	if startUTC > endUTC {
		return fmt.Sprintf("TimeEnd %s before TimeStart %s", clip(d.values["timeend"]), clip(d.values["timestart"]))
	}
	if talk > endUTC-startUTC+1 {
		r.out.Warn(c.Place, fmt.Sprintf("Duration %d s in a call of %d s", talk, endUTC-startUTC))
	}
	r.clock.passed(endUTC)
	c.Start, c.End, c.Talk = startUTC*1e6, endUTC*1e6, talk*1000
	if talk > 0 {
		c.Answer = max(startUTC, endUTC-talk) * 1e6
	}
	return ""
}

func (r *omReader) mark(c *CDR, ambiguous bool) {
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
}

// omDuration reads seconds of talk.
func omDuration(s string) (sec int64, wrong string) {
	n := digits(s)
	if n < 0 {
		return 0, fmt.Sprintf("Duration %q, want seconds", clip(s))
	}
	return int64(n), ""
}

// omTime is the civil time of an element, yyyyMMddHHmmss; 0 if it is missing or empty.
func omTime(d *omDocument, name string) (civil int64, wrong string) {
	s := d.values[strings.ToLower(name)]
	if s == "" {
		return 0, ""
	}
	if len(s) == 14 {
		civil, ok := civilSeconds(digits(s[:4]), digits(s[4:6]), digits(s[6:8]), digits(s[8:10]), digits(s[10:12]), digits(s[12:]))
		if ok && civil > 0 {
			return civil, ""
		}
	}
	return 0, fmt.Sprintf("%s %q, want yyyyMMddHHmmss", name, clip(s))
}

// learn takes the device's offset from the receiver's clock. A push that came
// late may agree by accident: an offset that is no step of a clock change is
// believed when two records in a row show it.
func (r *omReader) learn(end int64, clock omClock) {
	if clock.from == "" || !clock.stamp.zoned {
		return
	}
	offset, ok := zoneOffset(end, clock.stamp.civil, omClockSlack)
	if !ok {
		return
	}
	step := abs64(offset - r.offset)
	if r.known && step != 0 && step != 3600 && step != 1800 && r.doubted != offset {
		r.doubted = offset
		return
	}
	r.offset, r.known, r.from, r.doubted = offset, true, clock.from, noOffset
}

// noOffset is no offset from UTC.
const noOffset = 1 << 40

// utc is the instant of a civil time of the device.
func (r *omReader) utc(civil int64) (sec int64, ambiguous bool) {
	switch {
	case r.clock.zone != nil:
		r.zoned = true
		return r.clock.utc(civil)
	case r.known:
		r.guided = true
		r.seen.add(r.offset)
		return civil - r.offset, false
	}
	r.plain = true
	return civil, false
}

// startBefore is the instant of TimeStart. If a clock change repeats its hour,
// the later reading that is not after the end is meant.
func (r *omReader) startBefore(start, endUTC, end int64) int64 {
	if r.clock.zone == nil {
		return endUTC - (end - start)
	}
	early, late := r.clock.offsets(start)
	if sec := start - late; sec <= endUTC {
		return sec
	}
	return start - early
}

// omFailures are the error codes of FAILED events, by the vendor's list.
var omFailures = map[int]string{
	1: "call failed", 2: "caller not permitted", 3: "called extension offline", 4: "called extension talking elsewhere",
	5: "no trunk free", 6: "called extension busy", 7: "no such extension", 8: "caller's extension offline",
}

// event reads an Event record.
func (r *omReader) event(g *omRegion) {
	d := parseOM(g.text)
	e := store.Event{Kind: d.attrs["attribute"], Offset: g.Offset, Line: int64(g.Line)}
	if e.Kind == "" || len(e.Kind) > 32 {
		r.reject(g, fmt.Sprintf("Event attribute %q, want a kind such as BUSY or FAILED", clip(e.Kind)))
		return
	}
	e.Time = r.eventTime(g.clock)
	e.Subject = d.subject()
	e.Text = d.parties()
	reason := d.values["reason"]
	if code := digits(d.values["code"]); code > 0 {
		e.Code = code
		if reason == "" {
			reason = omFailures[code]
		}
	}
	e.Text = joinText(reason, e.Text)
	for _, el := range d.elements {
		if el.name == "waiting" {
			e.Text = joinText(strings.TrimSpace("queue "+el.attrs["group"]), "waiting "+el.attrs["count"], el.attrs["reason"], e.Text)
		}
	}
	r.out.Event(&e)
}

// subject is the extensions the event is about, else the trunk, else the call's number.
func (d *omDocument) subject() string {
	for _, kind := range [...]string{"ext", "trunk", "outer", "visitor"} {
		var ids []string
		for _, e := range d.elements {
			if e.name == kind && e.attrs["id"] != "" {
				ids = append(ids, e.attrs["id"])
			}
		}
		if len(ids) > 0 {
			return strings.Join(ids, ",")
		}
	}
	return ""
}

// parties tells the call of an event: "201 to 03312345 via carrier-a".
func (d *omDocument) parties() string {
	for _, e := range d.elements {
		if e.name != "outer" && e.name != "visitor" {
			continue
		}
		text := e.attrs["from"]
		if to := e.attrs["to"]; to != "" {
			text = strings.TrimSpace(text + " to " + to)
		}
		if trunk := e.attrs["trunk"]; trunk != "" {
			text = strings.TrimSpace(text + " via " + trunk)
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// joinText joins what is not empty.
func joinText(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p)
	}
	return b.String()
}

// eventTime is the receiver's clock in microseconds UTC, 0 if it wrote none. A
// prefix without a zone is taken to be in the device's.
func (r *omReader) eventTime(c omClock) int64 {
	st := c.stamp
	if c.from == "" {
		return 0
	}
	if st.noYear {
		near := r.lastAt
		if near == 0 && !r.modified.IsZero() {
			near = r.modified.Unix()
		}
		if near == 0 {
			return 0
		}
		st.inYear(near)
	}
	sec := st.civil
	if !st.zoned {
		sec, _ = r.utc(sec)
	}
	return sec*1e6 + st.micros
}

// ledger is the zone of the device's times and how it was known.
func (r *omReader) ledger() (tz, from string) {
	switch {
	case r.zoned:
		return r.clock.zone.String(), "flag"
	case r.guided:
		return r.seen.String(), r.from
	case r.plain:
		return "UTC", "default"
	}
	return "", ""
}
