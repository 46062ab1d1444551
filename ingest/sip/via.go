package sip

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math/bits"
)

// Via is one Via value (RFC 3261 §20.42).
type Via struct {
	Transport []byte // UDP, TCP, ... as written; nil if not readable
	SentBy    []byte // host and port as written
	Host      []byte // without brackets; IPv4-mapped as IPv4
	Port      int    // 0: none
	Branch    []byte
	Received  []byte // address of the received parameter, without brackets
	RPort     int    // 0: none, or without a value (RFC 3581)
}

// Vias yields the Via values from the top, at most [MaxVias]. Empty ones are left out.
func (m *Message) Vias() iter.Seq[Via] {
	return func(yield func(Via) bool) {
		n := 0
		for value := range m.Values("Via") {
			if n++; n > MaxVias {
				return
			}
			s := splitVia(value)
			if len(s.SentBy) == 0 && len(s.Branch) == 0 {
				continue
			}
			if !yield(s.read()) {
				return
			}
		}
	}
}

// viaParts is a Via value with only the work done that every message needs.
type viaParts struct {
	Hop
	params []byte
	odd    bool // not in the grammar of RFC 3261 §25.1
}

// splitVia reads "SIP/2.0/UDP host:port;params" with LWS around each part. Of
// a corrupted protocol it takes the text behind the last slash as transport.
func splitVia(value []byte) viaParts {
	var v viaParts
	if n := v.plain(value); n == 0 || n < len(value) {
		return anyVia(value)
	}
	if semi := bytes.IndexByte(value, ';'); semi >= 0 {
		v.params = value[semi+1:]
	}
	return v
}

func anyVia(value []byte) viaParts {
	var v viaParts
	head := value
	if semi := bytes.IndexByte(value, ';'); semi >= 0 {
		head, v.params = value[:semi], value[semi+1:]
	}
	proto := []byte(nil)
	if slash := bytes.LastIndexByte(head, '/'); slash >= 0 {
		proto = trim(head[:slash])
		v.Transport, v.SentBy = word(head[slash+1:])
	} else if first, rest := word(head); len(rest) > 0 {
		v.SentBy = rest
	} else {
		v.SentBy = first
	}
	v.odd = !isProtocol(proto) || len(v.SentBy) == 0 || len(v.Transport) == 0
	if v.params == nil {
		return v
	}
	s := splitter{rest: v.params, sep: ';'}
	for {
		p, ok := s.next()
		if !ok {
			return v
		}
		if len(p) == 0 {
			v.odd = true
			continue
		}
		if v.Branch == nil && len(p) > 6 && equalFold(p[:6], "branch") {
			if p = trim(p[6:]); len(p) > 1 && p[0] == '=' {
				v.Branch = bareQuotes(trim(p[1:]))
			}
		}
	}
}

// plain sets v to the value that list begins with, if that is as nearly every peer
// writes it: one space, no quotes, nothing empty. Two of them are read of every message. n
// is where it ends, at a comma or with list; 0: it is not so, and v is of no use.
func (v *Hop) plain(list []byte) (n int) {
	if len(list) < 12 || string(list[:8]) != "SIP/2.0/" {
		return 0
	}
	for n = 8; n < len(list) && tokens[list[n]]; n++ {
	}
	at := n + 1
	if n == 8 || at >= len(list) || list[n] != ' ' {
		return 0
	}
	v.Transport = list[8:n]
	n, v.Form = sentBy(list, at)
	if n == at {
		return 0
	}
	v.SentBy, v.Branch = list[at:n], nil
	for n < len(list) && list[n] == ';' {
		at = n + 1
		if n = paramEnd(list, at); n == at {
			return 0
		}
		if n-at > 6 && v.Branch == nil && isBranch(list[at:]) {
			if n-at == 7 || list[at+6] != '=' {
				return 0
			}
			v.Branch = list[at+7 : n]
		}
	}
	if n < len(list) && list[n] != ',' {
		return 0
	}
	return n
}

// sentBy returns where the sent-by ends that list has at at, and its form.
func sentBy(list []byte, at int) (n int, f Form) {
	for n = at; n < len(list) && sentBys[list[n]]&plainHost != 0; n++ {
	}
	host := n
	if n > at {
		f = PlainHost
	}
	if n < len(list) && list[n] == ':' {
		f = AnyForm
		for n++; n < len(list) && digit(list[n]); n++ {
		}
		if digits := n - host - 1; host > at && digits > 0 && digits < 5 && list[host+1] != '0' {
			f = PlainHostPort
		}
	}
	if n < len(list) && sentBys[list[n]] != 0 {
		f = AnyForm
		for n < len(list) && sentBys[list[n]] != 0 {
			n++
		}
	}
	return n, f
}

// isBranch reports whether b, of six bytes or more, begins with "branch".
func isBranch(b []byte) bool {
	return string(b[:6]) == "branch" || equalFold(b[:6], "branch")
}

// paramEnd returns where a parameter ends in which each byte means nothing but itself: the
// first byte at or after at that is white space, a control, or one of ",;<". It looks at
// eight bytes at once: byte by byte, branches and tags took a twentieth of parsing.
func paramEnd(b []byte, at int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b)-at >= 8 {
		w := binary.LittleEndian.Uint64(b[at:])
		semicolon, bracket := w^ones*';', w^ones*'<'
		// The lowest high bit that is set is of the first byte up to ',' or equal to one of
		// the two; those above it may be wrong.
		found := ((w-ones*('-'))&^w | (semicolon-ones)&^semicolon | (bracket-ones)&^bracket) & highs
		if found == 0 {
			at += 8
			continue
		}
		at += bits.TrailingZeros64(found) / 8
		if endsParam(b[at]) {
			return at
		}
		at++
	}
	for at < len(b) && !endsParam(b[at]) {
		at++
	}
	return at
}

func endsParam(c byte) bool { return c <= ' ' || c == '"' || c == ',' || c == ';' || c == '<' }

// What a byte may be in a sent-by.
const (
	plainHost = 1 << iota // of a host without capitals and brackets
	anySentBy             // of a token, or of [::1]:5060
)

var sentBys = func() (t [256]uint8) {
	for c := range t {
		switch c := byte(c); {
		case digit(c) || c >= 'a' && c <= 'z' || c == '.' || c == '-':
			t[c] = plainHost | anySentBy
		case tokens[c] || c == ':' || c == '[' || c == ']':
			t[c] = anySentBy
		}
	}
	return t
}()

// isProtocol reports whether b is SIP/2.0, white space around the slash allowed.
func isProtocol(b []byte) bool {
	slash := bytes.IndexByte(b, '/')
	return slash > 0 && equalName(trim(b[:slash]), "sip") && string(trim(b[slash+1:])) == "2.0"
}

func (v viaParts) read() Via {
	out := Via{Transport: v.Transport, SentBy: v.SentBy, Branch: v.Branch}
	out.Host, out.Port = hostPort(v.SentBy)
	if r, ok := Param(v.params, "received"); ok {
		if n := len(r); n > 1 && r[0] == '[' && r[n-1] == ']' {
			r = r[1 : n-1]
		}
		out.Received = normalHost(r)
	}
	if p, ok := Param(v.params, "rport"); ok {
		out.RPort, _ = number(p, 65535)
	}
	return out
}
