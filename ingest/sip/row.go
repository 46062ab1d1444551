package sip

import "iter"

// Rows yields name and value of every header row in the order of the message,
// names as written, values unfolded. One pass over them is cheaper than a
// search for each header that is wanted.
func (m *Message) Rows() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		r := rows{b: m.Head, end: m.end}
		for r.next() {
			if r.name != nil && !yield(r.name, unfold(r.value)) {
				return
			}
		}
	}
}

// ViasOf yields the Via values of one header row, as Vias does for the message.
func ViasOf(row []byte) iter.Seq[Via] {
	return func(yield func(Via) bool) {
		values := splitter{rest: row, sep: ',', angles: true}
		for v, ok := values.next(); ok; v, ok = values.next() {
			if len(v) == 0 {
				continue
			}
			if parts := splitVia(v); len(parts.sentBy) > 0 || len(parts.branch) > 0 {
				if !yield(parts.read()) {
					return
				}
			}
		}
	}
}
