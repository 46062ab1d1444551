package sip

import (
	"bytes"
	"iter"
)

// Rows yields name and value of the header rows in the order of the message, both
// as written: [Unfold] those that are used. Left out are those whose value is a
// field of m, half of a message. One pass over them is cheaper than a search for
// each header that is wanted.
func (m *Message) Rows() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range m.index {
			if r := &m.index[i]; !r.taken && !yield(r.name, r.value) {
				return
			}
		}
	}
}

// Unfold makes one line of a header row's value. Nearly all are one.
func Unfold(value []byte) []byte { return unfold(value) }

// Hop is what tells the hops of a message apart: a Via without its parameters
// other than the branch.
type Hop struct {
	Transport []byte // UDP, TCP, ... as written
	Host      []byte // as in Via
	Port      int    // 0: none
	Branch    []byte
}

// HopsOf yields the Via values of one of m's header rows.
func (m *Message) HopsOf(row []byte) iter.Seq[Hop] {
	return func(yield func(Hop) bool) {
		if m.top.sentBy != nil && len(row) == len(m.Via) && &row[0] == &m.Via[0] { // Parse has read it
			h := Hop{Transport: m.top.transport, Branch: m.top.branch}
			h.Host, h.Port = hostPort(m.top.sentBy)
			yield(h)
			return
		}
		if v, ok := plainVia(row); ok && bytes.IndexByte(row, ',') < 0 {
			h := Hop{Transport: v.transport, Branch: v.branch}
			h.Host, h.Port = hostPort(v.sentBy)
			yield(h)
			return
		}
		values := splitter{rest: row, sep: ',', angles: true}
		for v, ok := values.next(); ok; v, ok = values.next() {
			if len(v) == 0 {
				continue
			}
			if parts := splitVia(v); len(parts.sentBy) > 0 || len(parts.branch) > 0 {
				h := Hop{Transport: parts.transport, Branch: parts.branch}
				h.Host, h.Port = hostPort(parts.sentBy)
				if !yield(h) {
					return
				}
			}
		}
	}
}
