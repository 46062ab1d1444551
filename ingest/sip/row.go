package sip

import (
	"bytes"
	"iter"
)

// Rows yields the header rows that assembly needs and that are not a field of m, in
// the order of the message, each value as one line. One pass over them is cheaper
// than a search for each header that is wanted.
func (m *Message) Rows() iter.Seq2[Header, []byte] {
	return func(yield func(id Header, value []byte) bool) {
		for i := range m.index {
			r := &m.index[i]
			if r.id <= hMaxForwards {
				continue
			}
			value := m.raw[r.value:r.end]
			if r.folded || bytes.IndexByte(value, '\r') >= 0 {
				value = unfold(value)
			}
			if !yield(r.id, value) {
				return
			}
		}
	}
}

// Hop is what tells the hops of a message apart: a Via without its parameters
// other than the branch.
type Hop struct {
	Transport []byte // UDP, TCP, ... as written
	SentBy    []byte // host and port as written
	Branch    []byte
}

// HostPort takes SentBy apart: host as in Via, port 0: none.
func (h *Hop) HostPort() (host []byte, port int) { return hostPort(h.SentBy) }

func (h *Hop) from(v *viaParts) {
	h.Transport, h.SentBy, h.Branch = v.transport, v.sentBy, v.branch
}

// HopsOf yields the Via values of one of m's header rows, each in the same place.
func (m *Message) HopsOf(row []byte) iter.Seq[*Hop] {
	return func(yield func(*Hop) bool) {
		if m.alone && len(row) == len(m.Via) && &row[0] == &m.Via[0] { // Parse has read it
			m.hop.from(&m.top)
			yield(&m.hop)
			return
		}
		var v viaParts
		if v.plain(row) {
			m.hop.from(&v)
			yield(&m.hop)
			return
		}
		values := splitter{rest: row, sep: ',', angles: true}
		for value, ok := values.next(); ok; value, ok = values.next() {
			if len(value) == 0 {
				continue
			}
			if v = splitVia(value); len(v.sentBy) > 0 || len(v.branch) > 0 {
				if m.hop.from(&v); !yield(&m.hop) {
					return
				}
			}
		}
	}
}
