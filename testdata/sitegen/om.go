package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// omPush is one document that the OM50 pushed: a Cdr or an Event.
type omPush struct {
	at   int64 // the receiver's clock
	text string
}

// om makes the pushes of the hotel's PBX.
type om struct {
	r       random
	truth   *truth
	pushes  []omPush
	counter int64
	callID  int64
}

const (
	reception = "100"
	sipTrunk  = "9001"
	lineTrunk = "8001"
)

// omLog is the receiver's file: each push with the receiver's time, the headers
// that it kept and a line of dashes behind.
func omLog(t *truth) []byte {
	o := &om{r: random{state: 50}, truth: t, counter: 310, callID: 64_900} // the call number is about to wrap
	for _, at := range guests.arrivals(&o.r, 400) {
		at -= at % second
		switch o.r.pick([]int64{50, 11, 20, 19}) {
		case 0:
			o.internal(at)
		case 1:
			o.attendant(at)
		case 2:
			o.outgoing(at)
		case 3:
			o.incoming(at)
		}
	}
	o.events()
	slices.SortStableFunc(o.pushes, func(a, b omPush) int { return cmp.Compare(a.at, b.at) })
	var b bytes.Buffer
	for _, p := range o.pushes {
		fmt.Fprintf(&b, "%s omrecv: POST /om HTTP/1.0\nDate: %s\n\n<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n%s----------------------------------------\n",
			local(p.at).Format("2006-01-02T15:04:05-07:00"), local(p.at).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), p.text)
	}
	return b.Bytes()
}

// omRecord is one leg.
type omRecord struct {
	start, end, talk int64 // end: microseconds; talk: seconds
	kind, route      string
	from, to, trunk  string
	outer, visitor   int64
}

// cdr pushes a leg's record when the leg ends.
func (o *om) cdr(rec omRecord) {
	o.counter++
	o.callID = o.callID%65_535 + 1
	o.truth.Records.OMCdrs++
	var b bytes.Buffer
	stamp := func(at int64) string { return local(at).Format("20060102150405") }
	fmt.Fprintf(&b, "<Cdr id=\"%d%s-0\">\n  <callid>%d</callid>\n", o.counter, stamp(rec.end), o.callID)
	if rec.outer > 0 {
		fmt.Fprintf(&b, "  <outer id=\"%d\" />\n", rec.outer)
	}
	if rec.visitor > 0 {
		fmt.Fprintf(&b, "  <visitor id=\"%d\" />\n", rec.visitor)
	}
	fmt.Fprintf(&b, "  <TimeStart>%s</TimeStart>\n  <Type>%s</Type>\n  <Route>%s</Route>\n  <CPN>%s</CPN>\n  <CDPN>%s</CDPN>\n  <TimeEnd>%s</TimeEnd>\n  <Duration>%d</Duration>\n  <TrunkNumber>%s</TrunkNumber>\n",
		stamp(rec.start), rec.kind, rec.route, rec.from, rec.to, stamp(rec.end), rec.talk, rec.trunk)
	b.WriteString("</Cdr>\n")
	o.pushes = append(o.pushes, omPush{rec.end + o.r.between(150, 900)*1000, b.String()})
}

func (o *om) count(at, talk int64) {
	outcome := "answered"
	if talk == 0 {
		outcome = "not_connected"
	}
	o.truth.call(at, "newrock-om", outcome, -1)
}

func (o *om) room() string { return strconv.FormatInt(o.r.between(101, 148), 10) }

// lengths are seconds to the answer, or to giving up, and of talk.
func (o *om) lengths(answered int64) (setup, talk int64) {
	if o.r.chance(answered) {
		return 1 + o.r.draw(ringSeconds), o.r.draw(talkSeconds)
	}
	return o.r.between(4, 45), 0
}

// internal is a call from a room to the reception, back, or to another room:
// two records.
func (o *om) internal(at int64) {
	from, to := o.room(), reception
	switch o.r.pick([]int64{60, 25, 15}) {
	case 1:
		from, to = to, from
	case 2:
		for to = o.room(); to == from; to = o.room() {
		}
	}
	setup, talk := o.lengths(820)
	rec := omRecord{start: at, end: at + (setup+talk)*second, talk: talk, kind: "LO", route: "IC", from: from, to: to}
	o.cdr(rec)
	rec.kind = "IN"
	o.cdr(rec)
	o.count(at, talk)
}

// attendant is a call on the analog line that the announcement puts through:
// two records with the same end.
func (o *om) attendant(at int64) {
	setup, talk := o.lengths(780)
	menu := o.r.between(6, 19)
	finish := at + (menu+setup+talk)*second
	in := omRecord{start: at, end: finish, talk: talk, kind: "IN", route: "XO", from: outsideNumber(&o.r), to: o.room(), trunk: lineTrunk, visitor: o.r.between(1, 16)}
	o.cdr(in)
	through := in
	through.start, through.kind, through.route, through.visitor, through.outer = at+menu*second, "OU", "OP", 0, o.r.between(1, 16)
	o.cdr(through)
	o.count(at, talk)
}

func (o *om) outgoing(at int64) {
	from := o.room()
	if o.r.chance(400) {
		from = reception
	}
	setup, talk := o.lengths(760)
	o.cdr(omRecord{start: at, end: at + (setup+talk)*second, talk: talk, kind: "OU", route: "IP", from: from, to: outsideNumber(&o.r), trunk: sipTrunk, outer: o.r.between(1, 30)})
	o.count(at, talk)
}

func (o *om) incoming(at int64) {
	to := reception
	if o.r.chance(250) {
		to = o.room()
	}
	setup, talk := o.lengths(790)
	o.cdr(omRecord{start: at, end: at + (setup+talk)*second, talk: talk, kind: "IN", route: "IP", from: outsideNumber(&o.r), to: to, trunk: sipTrunk, visitor: o.r.between(1, 30)})
	o.count(at, talk)
}

// events: a restart at night, rooms that lose their registration, two evenings
// on which all channels of the trunk were taken.
func (o *om) events() {
	at := func(days, hours, minutes, seconds int64) int64 {
		return begin + days*day + hours*hour + minutes*minute + seconds*second
	}
	event := func(when int64, kind, inner string) {
		o.truth.Records.OMEvents++
		o.pushes = append(o.pushes, omPush{when, fmt.Sprintf("<Event attribute=%q>\n%s</Event>\n", kind, inner)})
	}
	extension := func(id string) string { return fmt.Sprintf("  <ext id=%q/>\n", id) }
	noTrunk := func(when int64, from, to string) {
		event(when, "FAILED", fmt.Sprintf("  <outer id=\"30\" from=%q to=%q trunk=%q callid=\"%d\"/>\n  <err>\n    <code>5</code>\n    <reason>no trunk free</reason>\n  </err>\n", from, to, sipTrunk, when/second%65_535))
	}
	event(at(2, 2, 14, 6), "BOOTUP", "")
	for i, room := range []string{"117", "131", "144"} {
		event(at(2, 2, 14, 38+int64(i)*3), "ONLINE", extension(room))
	}
	event(at(5, 9, 41, 12), "OFFLINE", extension("131"))
	event(at(5, 10, 3, 55), "ONLINE", extension("131"))
	noTrunk(at(5, 18, 22, 40), "112", "06990009418")
	noTrunk(at(5, 18, 23, 31), "112", "06990009418")
	event(at(8, 6, 12, 20), "OFFLINE", extension("106"))
	event(at(8, 6, 58, 2), "ONLINE", extension("106"))
	noTrunk(at(12, 17, 47, 5), reception, "03023125731")
	event(at(12, 20, 5, 44), "OFFLINE", extension("144"))
	event(at(13, 7, 30, 9), "ONLINE", extension("144"))
}
