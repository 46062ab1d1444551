package ingest

import (
	"fmt"
	"strings"
)

// rowReader reads a CSV source row by row: a row is a line. What is no row is
// rejected here; what it says is for the format to judge.
type rowReader struct {
	lines  *csvLines
	out    Sink
	fields []csvField
	mend   func(string) string // nil: rows are taken as they stand

	at   Place
	text string
	n    int
	cut  bool // the last line has no end: it may be half written
}

// newRowReader reads rows of up to columns fields.
func newRowReader(in *Input, out Sink, columns int) *rowReader {
	return &rowReader{lines: newCSVLines(in), out: out, fields: make([]csvField, columns+1)}
}

// rowsOfHead reads the rows of a file's beginning, for sniffing.
func rowsOfHead(head []byte, columns int) *rowReader {
	return &rowReader{lines: csvLinesOf(head), out: discard{}, fields: make([]csvField, columns+1)}
}

// next goes to the next row; false at the end.
func (r *rowReader) next() bool {
	for {
		end, next, whole, ok := r.lines.peek(0)
		if !ok {
			return false
		}
		r.at = Place{Offset: r.lines.offset, Length: end, Line: r.lines.number}
		if !whole && end >= maxCSVLine {
			r.out.Reject(r.at, fmt.Sprintf("a line over %d bytes", maxCSVLine), r.lines.head()[:maxSample])
			r.skipLine()
			continue
		}
		r.text, r.cut = string(r.lines.head()[:end]), !whole
		r.lines.take(next, 1)
		if strings.TrimSpace(r.text) == "" {
			continue
		}
		if r.mend != nil {
			r.text = r.mend(r.text)
		}
		var open bool
		if r.n, open = splitCSV(r.text, r.fields); open {
			r.reject(fmt.Sprintf("a quote that is not closed in field %d", r.n))
			continue
		}
		return true
	}
}

func (r *rowReader) skipLine() {
	for {
		_, next, whole, ok := r.lines.peek(0)
		if !ok {
			return
		}
		if whole {
			r.lines.take(next, 1)
			return
		}
		r.lines.take(next, 0)
	}
}

// reject gives the row away as one that cannot be used.
func (r *rowReader) reject(reason string) {
	r.out.Reject(r.at, reason, []byte(r.text[:min(len(r.text), maxSample)]))
}

// col is a field's text without space around it; empty where the row has no such field.
func (r *rowReader) col(i int) string {
	if i < 0 || i >= r.n || i >= len(r.fields) {
		return ""
	}
	s := r.fields[i].text(r.text)
	if s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ') {
		s = strings.TrimSpace(s)
		if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' { // a quoted field behind a blank
			s = s[1 : len(s)-1]
		}
	}
	return valid(s)
}

// header is where each named column stands, names in lower case.
func (r *rowReader) header() map[string]int {
	names := map[string]int{}
	for i := 0; i < r.n && i < len(r.fields); i++ {
		name := strings.ToLower(r.col(i))
		if _, have := names[name]; !have && name != "" {
			names[name] = i
		}
	}
	return names
}

// named is the column of the first of these names that the header has and
// whose field is not empty.
func (r *rowReader) named(header map[string]int, names ...string) string {
	for _, name := range names {
		if i, ok := header[name]; ok {
			if s := r.col(i); s != "" && s != "NULL" && s != `\N` {
				return s
			}
		}
	}
	return ""
}

// hasAll reports whether a header has these columns.
func hasAll(header map[string]int, names ...string) bool {
	for _, name := range names {
		if _, ok := header[name]; !ok {
			return false
		}
	}
	return true
}

// sniffHeader reports whether the first row of a file is a header with these columns.
func sniffHeader(head []byte, columns int, names ...string) bool {
	r := rowsOfHead(head, columns)
	return r.next() && hasAll(r.header(), names...)
}

// sniffRows reports whether at least half of the first five rows are sound.
func sniffRows(head []byte, columns int, sound func(*rowReader) bool) bool {
	r := rowsOfHead(head, columns)
	rows, good := 0, 0
	for rows < 5 && r.next() && (!r.cut || rows == 0) {
		rows++
		if sound(r) {
			good++
		}
	}
	return good > 0 && 2*good >= rows
}
