package ingest

import (
	"bytes"
	"net/netip"
)

// fieldBanner is a banner over several lines: fields with names, and the
// message behind the last of them. Kamailio's sipdump and JAIN-SIP write such.
type fieldBanner struct {
	hop              hop
	srcPort, dstPort uint16
	src, dst         netip.Addr
}

var (
	sipdumpBegin = []byte("====================")
	sipdumpRule  = []byte("~~~~~~~~~~~~~~~~~~~~")
	sipdumpEnd   = []byte("||||||||||||||||||||")
	jainBegin    = []byte("<message")
)

// take takes a line outside of messages; false if it is no part of such a banner.
func (b *fieldBanner) take(text []byte) bool {
	switch {
	case bytes.Equal(text, sipdumpBegin):
		*b = fieldBanner{hop: hop{family: familySIPDump}}
		return true
	case bytes.HasPrefix(text, jainBegin) && (len(text) == len(jainBegin) || blankByte(text[len(jainBegin)])):
		*b = fieldBanner{hop: hop{family: familyJAIN}}
		b.attributes(text[len(jainBegin):])
		return true
	case b.hop.family == familySIPDump:
		return b.sipdump(text)
	case b.hop.family == familyJAIN:
		return b.attributes(text) || string(bytes.TrimSpace(text)) == ">"
	}
	return false
}

// sipdump reads "srcip: 192.0.2.10".
func (b *fieldBanner) sipdump(text []byte) bool {
	if bytes.Equal(text, sipdumpRule) {
		b.hop.src, b.hop.dst = join(b.src, b.srcPort), join(b.dst, b.dstPort)
		return true
	}
	name, value, ok := bytes.Cut(text, []byte(": "))
	if !ok || len(name) > 16 {
		return false
	}
	switch string(name) {
	case "tag":
		switch string(value) {
		case "rcv":
			b.hop.heading = Received
		case "snd":
			b.hop.heading = Sent
		}
	case "time":
		b.hop.time = epoch(value)
	case "proto":
		word, _, _ := bytes.Cut(value, []byte(" "))
		b.hop.transport = transportOf(word)
	case "srcip":
		b.src, _ = netip.ParseAddr(string(value[:min(len(value), 64)]))
	case "dstip":
		b.dst, _ = netip.ParseAddr(string(value[:min(len(value), 64)]))
	case "srcport":
		b.srcPort = port(value)
	case "dstport":
		b.dstPort = port(value)
	case "pid", "process", "date":
	default:
		return false
	}
	return true
}

// attributes reads name="value" pairs; false if there is none in the line.
func (b *fieldBanner) attributes(text []byte) bool {
	any := false
	for {
		name, rest, ok := bytes.Cut(text, []byte(`="`))
		value, rest, ok2 := bytes.Cut(rest, []byte(`"`))
		if !ok || !ok2 {
			return any
		}
		any, text = true, rest
		switch string(bytes.TrimSpace(name)) {
		case "from":
			b.hop.src, _ = address(value)
		case "to":
			b.hop.dst, _ = address(value)
		case "time":
			// Older versions count from the program's start: no time is better.
			if ms, ok := bigNumber(value); ok && ms > 1e11 {
				b.hop.time = ms * 1000
			}
		case "isSender":
			b.hop.heading = Received
			if string(value) == "true" {
				b.hop.heading = Sent
			}
		}
	}
}

func join(ip netip.Addr, port uint16) netip.AddrPort {
	if !ip.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), port)
}

func port(value []byte) uint16 {
	n, ok := number(value)
	if !ok || n >= 1<<16 {
		return 0
	}
	return uint16(n)
}

// epoch reads seconds and a fraction as microseconds, 0 for anything else.
func epoch(value []byte) int64 {
	whole, fraction, _ := bytes.Cut(value, []byte("."))
	sec, ok := bigNumber(whole)
	if !ok || sec > 1<<40 {
		return 0
	}
	micro := int64(0)
	for i, unit := 0, int64(100_000); i < len(fraction) && unit > 0 && digit(fraction[i]); i, unit = i+1, unit/10 {
		micro += int64(fraction[i]-'0') * unit
	}
	return sec*1e6 + micro
}

// bigNumber reads a decimal of up to 15 digits.
func bigNumber(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	for _, c := range b {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// announce takes what a banner says. A second line of it adds to the first; a
// time of day counts where the line has no time of its own.
func (r *textReader) announce(h hop, stamped bool) {
	if h.family == r.hop.family && h.heading == HeadingUnknown {
		h.heading = r.hop.heading
	}
	if h.clocked && !stamped {
		st, ok := stamp{}, false
		if h.dated {
			st, ok = r.clock.at(h.clock)
		} else {
			st, ok = r.clock.today(h.clock)
		}
		if ok {
			st.host = r.last.host
			r.last = st
		}
	}
	if h.family == familyAudioCodes && r.record.ok {
		h.record = r.record
		h.record.sid = bytes.Clone(h.record.sid)
	}
	r.hop, r.hopAge = h, 0
}

// bannerBefore looks for a banner in what stands before a start line.
func (r *textReader) bannerBefore(before []byte) (hop, bool) {
	if isBlank(before) {
		return hop{}, false
	}
	if r.fields.hop.family == "" && bytes.HasPrefix(before, jainBegin) {
		r.fields.take(before)
		return r.fields.hop, true
	}
	return findBanner(before)
}
