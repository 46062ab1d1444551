package sip

import (
	"bytes"
	"strings"
)

// maxValues bounds the lists that are built from one message.
const maxValues = 64

// Reason is one value of a Reason header (RFC 3326, 6432). A message may hold
// several of one protocol (RFC 9366).
type Reason struct {
	Protocol string // "SIP", "Q.850", or as written; empty if there is none
	Cause    int    // -1: none, or not a number up to 9999
	Text     string
	Location string // RFC 8606, Q.850 only: U, LPN, LN, TN, RLN, RPN, INTL, BI, LOC-n
}

// Reasons returns the Reason values in their order, at most 64. It reads what
// peers write: space around the semicolon, a quoted cause, text without
// quotes, the protocol in any case.
//
//	Reason: Q.850;cause=16;text="Normal call clearing", SIP;cause=200;text="Call completed elsewhere"
func (m *Message) Reasons() []Reason {
	var list []Reason
	for row := range m.rows("reason") {
		s := splitter{rest: row, sep: ','}
		for v, ok := s.next(); ok && len(list) < maxValues; v, ok = s.next() {
			switch n := len(list); {
			case len(v) == 0:
			case n > 0 && list[n-1].Text != "" && !bytes.ContainsAny(v, ";="):
				list[n-1].Text = continued(list[n-1].Text, v)
			default:
				list = append(list, readReason(v))
			}
		}
	}
	return list
}

func readReason(value []byte) Reason {
	r := Reason{Cause: -1}
	protocol, params := value, []byte(nil)
	if semi := bytes.IndexByte(value, ';'); semi >= 0 {
		protocol, params = trim(value[:semi]), value[semi+1:]
	}
	if bytes.IndexByte(protocol, '=') >= 0 { // no protocol at all
		protocol, params = nil, value
	}
	r.Protocol = string(protocol)
	for _, known := range []string{"SIP", "Q.850"} {
		if strings.EqualFold(r.Protocol, known) {
			r.Protocol = known
		}
	}
	if v, ok := Param(params, "cause"); ok {
		if n, ok := number(trim(v), 9999); ok {
			r.Cause = n
		}
	}
	if v, ok := Param(params, "text"); ok {
		r.Text = unescape(v)
	}
	if v, ok := Param(params, "location"); ok {
		r.Location = string(v)
	}
	return r
}

// Warning is one value of a Warning header (RFC 3261 §20.43).
type Warning struct {
	Code  int    // three digits; 0 if it is anything else
	Agent string // host or pseudonym that added it
	Text  string
}

// Warnings returns the Warning values in their order, at most 64. The agent
// and the quotes may be missing.
//
//	Warning: 304 192.0.2.9:5060 "Media type not available"
func (m *Message) Warnings() []Warning {
	var list []Warning
	for row := range m.rows("warning") {
		s := splitter{rest: row, sep: ','}
		for v, ok := s.next(); ok && len(list) < maxValues; v, ok = s.next() {
			switch n := len(list); {
			case len(v) == 0:
			case n > 0 && !digit(v[0]):
				list[n-1].Text = continued(list[n-1].Text, v)
			default:
				list = append(list, readWarning(v))
			}
		}
	}
	return list
}

func readWarning(value []byte) Warning {
	var w Warning
	code, rest := word(value)
	if n, ok := number(code, 999); ok && len(code) == 3 {
		w.Code = n
	} else if !ok && !digit(value[0]) {
		rest = value
	}
	if len(rest) > 0 && rest[0] != '"' {
		agent, text := word(rest)
		w.Agent, rest = string(agent), text
	}
	w.Text = unquote(rest)
	return w
}

// continued is a text without quotes that had a comma in it. It stays short:
// a row of commas must not cost more than its length.
func continued(text string, more []byte) string {
	if len(text)+len(more) > 1000 {
		return text
	}
	return text + ", " + string(more)
}

// unescape resolves the backslashes of a value whose quotes are already off.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		out = append(out, b[i])
	}
	return string(out)
}
