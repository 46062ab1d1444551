package ingest

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/bits"
	"time"

	"callsift/store"
)

// maxOpenText bounds how many messages may be unfinished at a time: as many
// threads may write into each other's messages.
const maxOpenText = 8

// maxIdle is how many lines of others an unfinished message waits for its next line.
const maxIdle = 128

// textReader finds SIP messages in text of any kind. It knows no format: it
// looks for a start line anywhere in a line, learns from it what stands before
// the message's lines, and reads headers to the empty line and the body by
// Content-Length. The banners table adds what a log says about a message; times
// come from the line with the start line or the last one before it that has one.
type textReader struct {
	out   Sink
	clock stampClock

	last   stamp
	hop    hop // of a banner whose message has not begun
	hopAge int // lines since; over 2 it is too old
	fields fieldBanner
	record acTags // AudioCodes' tags on the line at hand
	lost   acLosses
	plain  []byte // the line at hand without colours

	spare     time.Time // for messages before the first time of the source; zero: none
	spareFile bool      // it is the source's own time
	untimed   int       // messages that took it

	open []*textMessage // by place; finished ones wait for those before them
	free []*textMessage

	events []store.Event // of log lines between messages, waiting for those before them

	family string // of the first message with a banner, else of the first message
	banner bool   // family is a banner's
}

// readSIPText is the Read of all formats that are SIP inside text.
func readSIPText(in *Input, out Sink) error {
	r := textReader{out: out, clock: stampClock{zone: in.Zone, modTime: in.ModTime}}
	lines := newLineReader(in)
	head := lines.prime(headSize)
	r.clock.near = nearDate(head, &r.clock)
	r.spare, r.spareFile = spareTime(head, &r.clock)
	var first Place
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		if long > 0 {
			out.Reject(Place{Offset: ln.off, Length: int(long), Line: ln.no},
				fmt.Sprintf("line of %d bytes, want at most %d", long, maxTextLine), ln.text)
			continue
		}
		if ln.no == 1 {
			first = Place{Length: len(ln.text) + ln.eol, Line: 1}
		}
		r.line(ln)
	}
	r.end()
	r.lost.report(out)
	if r.clock.local {
		in.TZ, in.TZFrom = "UTC", "default"
		if in.Zone != nil {
			in.TZ, in.TZFrom = in.Zone.String(), "flag"
		}
	}
	if r.clock.noYear {
		out.Warn(first, fmt.Sprintf("times without a year and no file time to tell it: %d taken", unknownYear))
	}
	if y := r.clock.byFile; y != 0 {
		out.Warn(first, yearNote(y))
	}
	if text := r.untimedNote(); text != "" {
		out.Warn(first, text)
	}
	if text := r.clock.dateNote(); text != "" {
		out.Warn(first, text)
	}
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}

// line takes one line of the source; what follows a message's last byte in it
// is taken as a line of its own.
func (r *textReader) line(ln textLine) {
	r.uncolour(&ln)
	r.audioCodes(&ln)
	for {
		used := r.step(ln)
		r.settle()
		if used <= 0 || used >= len(ln.text) {
			return
		}
		ln.text, ln.off = ln.text[used:], ln.off+int64(used)
	}
}

// step offers a line to the open messages, the newest first, and returns how
// much of it is used.
func (r *textReader) step(ln textLine) int {
	for i := len(r.open) - 1; i >= 0; i-- {
		m := r.open[i]
		if m.state == done {
			continue
		}
		if m.sid != nil && r.record.ok {
			if used, took := m.continues(&r.record, ln); took {
				return used
			}
			continue
		}
		skip, ok := m.strip(ln.text)
		if !ok {
			continue
		}
		used, took := 0, false
		if n, again := m.nextChunk(ln); again {
			skip = n
			used, took = m.glue(ln.text[skip:], ln.eol)
			m.chunkOff = ln.off
		} else if n == 0 {
			used, took = m.take(ln.text[skip:], ln.eol)
		}
		if !took {
			continue
		}
		used += skip
		m.end = ln.off + int64(used)
		if used == len(ln.text) && m.lastEOL > 0 || m.state != done {
			m.end = ln.end()
		}
		m.idle = 0
		r.passOver(m, ln)
		return used
	}
	return r.outside(ln)
}

// nextChunk reports whether a line with a prefix goes on with m, whose lines
// have none: the prefix has the start line's shape, and a logger's datagram has
// passed since the last one. n > 0 without again: the prefix begins another log line.
func (m *textMessage) nextChunk(ln textLine) (n int, again bool) {
	if m.mode != prefixNone || len(m.prefix) == 0 {
		return 0, false
	}
	n, same, ok := alignPrefix(m.prefix, ln.text)
	if !ok {
		return 0, false
	}
	return n, same && m.stamped && ln.off-m.chunkOff >= minChunk
}

// outside takes a line that is part of no open message.
func (r *textReader) outside(ln textLine) int {
	if at, stop := findStart(ln.text); at >= 0 {
		return r.begin(ln, at, stop)
	}
	if isBlank(ln.text) {
		return len(ln.text)
	}
	stamped, end := r.stamp(ln.text)
	if r.fields.take(ln.text) {
		r.endKin(ln.text)
		r.hop, r.hopAge = r.fields.hop, 0
		return len(ln.text)
	}
	if h, ok := bannerAround(ln.text, end); ok {
		r.endKin(ln.text)
		r.announce(h, stamped)
		return len(ln.text)
	}
	if e, ok := asteriskLogLine(ln.text); ok {
		e.Time, e.Offset, e.Line = r.last.time, ln.off, int64(ln.no)
		r.events = append(r.events, e)
	}
	rule := endMark(ln.text)
	if rule {
		r.endKin(ln.text)
	} else if r.hopAge++; r.hopAge > 2 {
		r.hop = hop{}
	}
	for _, m := range r.open {
		if m.state != done && m.mode == prefixNone && !stamped && !rule {
			if !m.addJunk(ln.text, ln.eol) {
				m.close()
			}
		}
	}
	r.passOver(nil, ln)
	return len(ln.text)
}

// stamp reads the time that a line begins with. A time that AudioCodes put at
// the line's end is the better one: it has milliseconds. end is where the time ends.
func (r *textReader) stamp(text []byte) (ok bool, end int) {
	st, ok := r.clock.parse(text)
	if ok && r.record.timed {
		r.last.host = st.host
	} else if ok {
		r.last = st
	}
	return ok, st.end
}

// passOver lets the open messages but taker grow older by a line and ends
// those that waited too long: sooner where the line has their prefix and is not theirs.
func (r *textReader) passOver(taker *textMessage, ln textLine) {
	if len(r.open) == 0 || len(r.open) == 1 && r.open[0] == taker {
		return
	}
	for _, m := range r.open {
		if m == taker || m.state == done {
			continue
		}
		m.idle++
		if taker == nil && m.mode == prefixNone {
			m.idle += maxIdle / 16
		} else if taker == nil && m.mine(ln.text) {
			m.idle += maxIdle / 4
		}
		if m.idle > maxIdle {
			m.close()
		}
	}
}

// mine reports whether a line comes from the same place in the log as m.
func (m *textMessage) mine(text []byte) bool {
	if m.mode == prefixNone || len(m.prefix) == 0 {
		return true
	}
	_, same, ok := alignPrefix(m.prefix, text)
	return ok && (same || m.anyID)
}

// endKin ends the open messages that a line, which begins something new, would belong to.
func (r *textReader) endKin(text []byte) {
	for _, m := range r.open {
		if m.state != done && m.mine(text) {
			m.close()
		}
	}
}

// begin opens a message at its start line and returns how much of the line is used.
func (r *textReader) begin(ln textLine, at, stop int) int {
	before := ln.text[:at]
	stamped, _ := r.stamp(before)
	r.endKin(ln.text)
	if h, ok := r.bannerBefore(before); ok {
		r.announce(h, stamped)
	}
	if r.hop.time != 0 {
		r.last.time, r.last.coarse = r.hop.time, false
	}
	m := r.newMessage()
	m.obs = Observation{
		Place: Place{Offset: ln.off, Line: ln.no},
		Time:  r.last.time, Coarse: r.last.coarse, Device: r.last.host,
		Src: r.hop.src, Dst: r.hop.dst, Transport: r.hop.transport, Heading: r.hop.heading,
	}
	m.family, m.repeat, m.stamped, m.chunkOff = r.hop.family, r.hop.repeat, stamped, ln.off
	m.tag(&r.record, &r.hop.record)
	r.hop, r.fields = hop{}, fieldBanner{}
	switch {
	case isBlank(before):
		m.mode, m.indent = prefixNone, at
	case at > maxPrefix:
		m.mode = prefixNone
		m.prefix = append(m.prefix, '?')
	default:
		m.prefix = append(m.prefix, before...)
	}
	used := len(ln.text)
	if i, n, eol := nextBreak(ln.text[stop:]); i >= 0 {
		m.escaped, m.mode = true, prefixOpen
		m.add(ln.text[at:stop+i], eol)
		used = stop + i + n
		used += m.unescape(ln.text[used:])
	} else {
		m.add(ln.text[at:], ln.eol)
		m.crlf = ln.eol == 2
	}
	m.end = ln.off + int64(used)
	if used == len(ln.text) {
		m.end = ln.end()
	}
	r.passOver(m, ln)
	return used
}

// newMessage puts an empty message at the end of the open ones.
func (r *textReader) newMessage() *textMessage {
	if len(r.open) == maxOpenText {
		r.open[0].close()
		r.open[0].hold = false
		r.settle()
	}
	var m *textMessage
	if n := len(r.free); n > 0 {
		m, r.free = r.free[n-1], r.free[:n-1]
	} else {
		m = new(textMessage)
	}
	m.reset()
	r.open = append(r.open, m)
	return m
}

// settle hands out finished messages in the order of their start lines.
func (r *textReader) settle() {
	n := 0
	for n < len(r.open) && r.open[n].state == done && !r.open[n].hold {
		r.emitEvents(r.open[n].obs.Offset)
		r.emit(r.open[n])
		r.free = append(r.free, r.open[n])
		n++
	}
	if n > 0 {
		r.open = r.open[:copy(r.open, r.open[n:])]
	}
	if len(r.open) == 0 {
		r.emitEvents(math.MaxInt64)
	}
}

// emitEvents hands out the events of lines before a place in the source.
func (r *textReader) emitEvents(before int64) {
	n := 0
	for n < len(r.events) && r.events[n].Offset < before {
		r.out.Event(&r.events[n])
		n++
	}
	r.events = r.events[:copy(r.events, r.events[n:])]
}

// end ends the source.
func (r *textReader) end() {
	for _, m := range r.open {
		m.close()
		m.hold = false
	}
	r.settle()
}

// emit hands out one message, or says why it is none.
func (r *textReader) emit(m *textMessage) {
	if m.repeat {
		return
	}
	o := &m.obs
	o.Raw = m.raw
	o.Length = int(m.end - o.Offset)
	if n := bits.OnesCount(uint(m.core)); n < 2 {
		if m.lines == 0 && len(m.prefix) > 0 {
			return // a log line that tells of a message, not the message
		}
		r.out.Reject(o.Place, fmt.Sprintf("SIP start line with %d of Via, From, To, Call-ID, CSeq below it, want 2 or more", n), sample(m.raw))
		return
	}
	if m.viaEnd <= len(m.raw) {
		fillHop(o, m.raw[m.viaAt:m.viaEnd])
	}
	r.note(m)
	if o.Time == 0 && !r.spare.IsZero() && (m.family == familyPJSIP || m.family == familyChanSIP) {
		o.Time, o.Coarse, o.Guessed = r.spare.UnixMicro(), true, true
		r.untimed++
	}
	r.out.Message(o)
}

// note keeps which format the messages speak for.
func (r *textReader) note(m *textMessage) {
	switch {
	case m.family != "" && !r.banner:
		r.family, r.banner = m.family, true
	case r.banner:
	case m.stamped: // also after one without a time: a rotation may have cut the first line
		r.family = familySyslog
	case r.family == "":
		r.family = familyText
	}
}

func sample(raw []byte) []byte {
	return raw[:min(len(raw), 200)]
}

// sniffSIPText names the format that the beginning of a file is in, among all
// that are SIP inside text; empty if there is no message in it. A message is a
// start line with two of the headers that all have, so text about SIP is none.
func sniffSIPText(head []byte) string {
	if bytes.IndexByte(head, 0) >= 0 || !bytes.Contains(head, sipVersion) {
		return ""
	}
	r := textReader{out: discardSink{}}
	r.clock.near = nearDate(head, &r.clock)
	lines := lineReader{buf: head, hi: len(head), err: io.EOF}
	for !r.banner {
		ln, long, ok := lines.next()
		if !ok {
			r.end()
			break
		}
		if long == 0 {
			r.line(ln)
		}
	}
	return r.family
}
