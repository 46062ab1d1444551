package sip

import (
	"iter"
	"strings"
)

// Values yields every value of a header, from the top, its compact form
// included. Folded lines are unfolded. Where commas separate values (Via,
// Contact, Reason, ...) they are split, quotes and <> respected; in all other
// headers a row is a value.
func (m *Message) Values(name string) iter.Seq[[]byte] {
	name = strings.ToLower(name)
	list := listHeaders[name]
	return func(yield func([]byte) bool) {
		for row := range m.rows(name) {
			if !list {
				if !yield(row) {
					return
				}
				continue
			}
			s := splitter{rest: row, sep: ',', angles: true}
			for v, ok := s.next(); ok; v, ok = s.next() {
				if len(v) > 0 && !yield(v) {
					return
				}
			}
		}
	}
}

// Value returns the first row of a header, unfolded and not split; nil if there is none.
func (m *Message) Value(name string) []byte {
	for row := range m.rows(strings.ToLower(name)) {
		return row
	}
	return nil
}

// rows yields the rows of a header; name is in lower case and long form.
func (m *Message) rows(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		compact := compactForms[name]
		r := rows{b: m.Head, end: m.end}
		for r.next() {
			if len(r.name) == 1 && compact != 0 && lower(r.name[0]) == compact || fold(r.name, name) {
				if !yield(unfold(r.value)) {
					return
				}
			}
		}
	}
}
