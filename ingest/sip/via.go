package sip

import (
	"bytes"
	"iter"
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
			if len(s.sentBy) == 0 && len(s.branch) == 0 {
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
	transport, sentBy, params, branch []byte
	odd                               bool // not in the grammar of RFC 3261 §25.1
}

// splitVia reads "SIP/2.0/UDP host:port;params" with LWS around each part. Of
// a corrupted protocol it takes the text behind the last slash as transport.
func splitVia(value []byte) viaParts {
	var v viaParts
	if n := v.plain(value); n > 0 && n == len(value) {
		return v
	}
	return anyVia(value)
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
		v.transport, v.sentBy = word(head[slash+1:])
	} else if first, rest := word(head); len(rest) > 0 {
		v.sentBy = rest
	} else {
		v.sentBy = first
	}
	v.odd = !isProtocol(proto) || len(v.sentBy) == 0 || len(v.transport) == 0
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
		if v.branch == nil && len(p) > 6 && equalFold(p[:6], "branch") {
			if p = trim(p[6:]); len(p) > 1 && p[0] == '=' {
				v.branch = bareQuotes(trim(p[1:]))
			}
		}
	}
}

// plain is splitVia for the value that list begins with, if that is as nearly every peer
// writes it: one space, no quotes, nothing empty. Two of them are read of every message. n
// is where it ends, at a comma or with list; 0: it is not so, and v is of no use.
func (v *viaParts) plain(list []byte) (n int) {
	if len(list) < 12 || string(list[:8]) != "SIP/2.0/" {
		return 0
	}
	n = 8
	for n < len(list) && tokens[list[n]] {
		n++
	}
	if n == 8 || n+1 >= len(list) || list[n] != ' ' {
		return 0
	}
	v.transport = list[8:n]
	at := n + 1
	for n = at; n < len(list) && viaBytes[list[n]]&inSentBy != 0; n++ {
	}
	if n == at {
		return 0
	}
	v.sentBy, v.params, v.branch, v.odd = list[at:n], nil, nil, false
	params := n + 1
	for n < len(list) && list[n] == ';' {
		at = n + 1
		for n = at; n < len(list) && viaBytes[list[n]]&inViaParam != 0; n++ {
		}
		if n == at {
			return 0
		}
		if p := list[at:n]; v.branch == nil && len(p) > 6 && equalFold(p[:6], "branch") {
			if len(p) == 7 || p[6] != '=' {
				return 0
			}
			v.branch = p[7:]
		}
	}
	if n < len(list) && list[n] != ',' {
		return 0
	}
	if n >= params {
		v.params = list[params:n]
	}
	return n
}

// What a byte of a Via may stand in.
const (
	inSentBy   = 1 << iota // a token, or [::1]:5060
	inViaParam             // likewise, and =
)

var viaBytes = func() (t [256]uint8) {
	for c := range t {
		if tokenByte(byte(c)) {
			t[c] = inSentBy | inViaParam
		}
	}
	for _, c := range ":[]" {
		t[c] = inSentBy | inViaParam
	}
	for _, c := range "=@/&?$()" {
		t[c] = inViaParam
	}
	return t
}()

// isProtocol reports whether b is SIP/2.0, white space around the slash allowed.
func isProtocol(b []byte) bool {
	slash := bytes.IndexByte(b, '/')
	return slash > 0 && equalName(trim(b[:slash]), "sip") && string(trim(b[slash+1:])) == "2.0"
}

func (v viaParts) read() Via {
	out := Via{Transport: v.transport, SentBy: v.sentBy, Branch: v.branch}
	out.Host, out.Port = hostPort(v.sentBy)
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
