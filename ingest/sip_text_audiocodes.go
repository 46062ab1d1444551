package ingest

import (
	"bytes"
	"fmt"
)

// acTags is what the tags of an AudioCodes syslog record say, the line at hand.
type acTags struct {
	ok     bool
	seq    int64
	sid    []byte
	at     int  // where the record's text begins in the line
	banner bool // it announces a message
	timed  bool // the record's own time stands at the end of the line
}

// audioCodes reads the tags of a line and the time at its end, which it takes off.
func (r *textReader) audioCodes(ln *textLine) {
	r.record = acTags{}
	if n := len(ln.text); n > 0 && ln.text[n-1] == ']' {
		r.audioCodesTime(ln)
	} else {
		r.release(ln.text)
	}
	head := ln.text[:min(len(ln.text), maxPrefix)]
	bracket := bytes.IndexByte(head, '[') // most lines have none, and one byte is found fastest
	if bracket < 0 {
		return
	}
	at := bytes.Index(head[bracket:], []byte("[S="))
	if at < 0 {
		return
	}
	at += bracket
	rec := acTags{timed: r.record.timed}
	number, rest, _ := bytes.Cut(ln.text[at+3:], []byte("]"))
	var ok bool
	if rec.seq, ok = bigNumber(number); !ok {
		return
	}
	rest = bytes.TrimLeft(rest, " ")
	if sid, ok := bytes.CutPrefix(rest, []byte("[SID=")); ok {
		if rec.sid, rest, ok = bytes.Cut(sid, []byte("]")); !ok || len(rec.sid) > 128 {
			return
		}
	}
	rec.ok, rec.at = true, len(ln.text)-len(rest)
	rec.banner = bytes.Contains(rest[:min(len(rest), maxPrefix)], []byte(" SIP Message "))
	r.record = rec
	_, from, to, _ := scanStamp(ln.text[:at])
	r.lost.count(rec.seq, string(stampHost(ln.text[:at], from, to)), ln)
}

// audioCodesTime takes "[Time:16-11@14:47:14.279]" off the end of a line. It is
// the time of the record that ends here: of the line's own, or of the message
// above it.
func (r *textReader) audioCodesTime(ln *textLine) {
	at := bytes.LastIndex(ln.text, []byte("[Time:"))
	if at < 0 || len(ln.text)-at > 40 {
		r.release(ln.text)
		return
	}
	text := ln.text[at+6 : len(ln.text)-1]
	var f clockFields
	if len(text) < 14 || text[2] != '-' || text[5] != '@' || timeOfDay(text[6:], &f) == 0 {
		r.release(ln.text)
		return
	}
	f.day, _ = number(text[:2])
	f.month, _ = number(text[3:5])
	t, ok := r.clock.instant(f)
	if !ok {
		return
	}
	r.clock.prev = t
	ln.cut += len(ln.text) - at
	ln.text = bytes.TrimRight(ln.text[:at], " ")
	ln.cut += at - len(ln.text)
	r.record.timed = true
	r.last = stamp{time: t.UnixMicro(), coarse: f.coarse, host: r.last.host}
	for _, m := range r.open {
		if m.family == familyAudioCodes && m.hold {
			m.obs.Time, m.obs.Coarse, m.hold = t.UnixMicro(), f.coarse, false
		}
	}
	r.settle()
}

// release lets messages go that waited for a line with their time, when another
// one comes.
func (r *textReader) release(text []byte) {
	held := false
	for _, m := range r.open {
		held = held || m.hold && m.state == done
	}
	if !held || isBlank(text) {
		return
	}
	for _, m := range r.open {
		if m.state == done {
			m.hold = false
		}
	}
	r.settle()
}

// tag marks a message as begun in a record, or below the banner that was one.
func (m *textMessage) tag(rec, banner *acTags) {
	if m.family != familyAudioCodes {
		return
	}
	m.hold = !rec.timed && !banner.timed
	if !rec.ok {
		rec = banner
	}
	if rec.ok {
		m.sid, m.seq = append([]byte{}, rec.sid...), rec.seq
	}
}

// continues adds the record that follows a message's last one; any other record
// is not the message's.
func (m *textMessage) continues(rec *acTags, ln textLine) (used int, took bool) {
	if rec.banner || rec.seq != m.seq+1 || !bytes.Equal(rec.sid, m.sid) {
		return 0, false
	}
	text := bytes.TrimPrefix(ln.text[rec.at:], []byte(" "))
	skip := len(ln.text) - len(text)
	m.seq = rec.seq
	if m.escaped {
		used = m.unescape(text)
	} else {
		used, took = m.glue(text, ln.eol)
		if !took {
			return 0, false
		}
	}
	m.end = ln.end()
	m.idle = 0
	return max(used+skip, len(ln.text)), true
}

// acLosses finds records that never arrived: UDP, or a log that was filtered.
type acLosses struct {
	last    map[string]int64 // by host
	gaps    int
	records int64
	listed  []acGap
}

type acGap struct {
	at   Place
	from int64
	to   int64
}

// Bounds: hosts followed, gaps listed one by one.
const (
	maxACHosts = 64
	maxACGaps  = 20
)

// count notes the number of a record. A lower one than before is a device that
// was started anew, or a datagram that came late.
func (l *acLosses) count(seq int64, host string, ln *textLine) {
	if l.last == nil {
		l.last = map[string]int64{}
	}
	last, known := l.last[host]
	if !known && len(l.last) >= maxACHosts {
		return
	}
	l.last[host] = seq
	if !known || seq <= last+1 {
		return
	}
	l.gaps++
	l.records += seq - last - 1
	if len(l.listed) < maxACGaps {
		l.listed = append(l.listed, acGap{Place{Offset: ln.off, Line: ln.no}, last, seq})
	}
}

func (l *acLosses) report(out Sink) {
	for _, g := range l.listed {
		out.Warn(g.at, fmt.Sprintf("%d AudioCodes records missing between S=%d and S=%d", g.to-g.from-1, g.from, g.to))
	}
	if more := l.gaps - len(l.listed); more > 0 {
		out.Warn(Place{}, fmt.Sprintf("%d more gaps in the numbers of AudioCodes records; %d records missing in all", more, l.records))
	}
}
