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
			if r.id <= hVia {
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
	Form      Form // what is known of SentBy
}

// Form says that a sent-by needs no work to be compared with others.
type Form uint8

// The forms: of any other than the plain ones nothing is known.
const (
	AnyForm       Form = iota
	PlainHost          // a host without capitals and brackets, no port
	PlainHostPort      // likewise, with a port of up to four digits that does not begin with 0
)

// HostPort takes SentBy apart: host as in Via, port 0: none.
func (h *Hop) HostPort() (host []byte, port int) { return hostPort(h.SentBy) }
