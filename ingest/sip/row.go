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
