package sip

import "bytes"

// row is where one header row stands in the message. Places and not slices: a
// message has a dozen rows, and storing their slices took a tenth of parsing.
type row struct {
	name, nameEnd, value, end uint32
	id                        Header
	folded                    bool // its value has line ends in it
}

// rows walks the rows of a header section: a header line with the lines folded
// into it (RFC 3261 §7.3.1). It reads every byte once,
// those of odd rows twice, and allocates nothing.
type rows struct {
	b   []byte
	at  int
	end byte // what ends a line: '\n' (with '\r's before it), or '\r' in messages that have no other
	odd bool // not all lines so far ended in one CRLF; true from the start where end is '\r'

	empty bool // stopped at the empty line; at is behind it
	sdp   bool // stopped at "v=0": the empty line is missing; at is before it
	cut   bool // the last line had no end
}

// line returns where the line at at ends and where the next one begins.
func (r *rows) line(at int) (eol, next int) {
	line := r.b[at:]
	n := bytes.IndexByte(line, r.end)
	if n < 0 {
		r.cut, r.odd = true, true // it may go on where nobody looks here
		return at + len(withoutCRs(line)), len(r.b)
	}
	line = withoutCRs(line[:n])
	r.odd = r.odd || len(line) != n-1
	return at + len(line), at + n + 1
}

// withoutCRs takes the CRs off the end of a line.
func withoutCRs(line []byte) []byte {
	for n := len(line); n > 0 && line[n-1] == '\r'; n-- {
		line = line[:n-1]
	}
	return line
}

// next reads the next row into p; one without a name is a line that is no header.
// It is false at the end of the header section. (Copying a row that was just
// written, field by field, waits for the memory: 15 % of parsing.)
func (r *rows) next(p *row) bool {
	b, start := r.b, r.at
	if start >= len(b) {
		return false
	}
	eol, next := r.line(start)
	if eol == start {
		r.at, r.empty = next, true
		return false
	}
	if b[start] == 'v' && isVersionLine(b[start:eol]) {
		r.sdp = true
		return false
	}
	name := start
	n, id := identify(b, start)
	nameEnd := start + n
	colon := nameEnd
	if n == 0 {
		name, nameEnd, colon = anyName(b[:eol], start)
		id = headerOf(b[name:nameEnd])
	}
	p.folded = false
	for next < len(b) && b[next] <= ' ' && (b[next] == ' ' || b[next] == '\t') {
		p.folded = true
		eol, next = r.line(next)
	}
	r.at = next
	if colon < 0 {
		p.name, p.nameEnd, p.value, p.end, p.id = 0, 0, uint32(start), uint32(eol), noHeader
		return true
	}
	value := b[:eol]
	at := colon + 1
	for at < len(value) && value[at] <= ' ' && blank(value[at]) {
		at++
	}
	for n := len(value); n > at && value[n-1] <= ' ' && blank(value[n-1]); n-- {
		value = value[:n-1]
	}
	p.name, p.nameEnd, p.value, p.end, p.id = uint32(name), uint32(nameEnd), uint32(at), uint32(len(value)), id
	return true
}

// plain is next for a row as nearly all are: a name that identify knows, one line, at most
// one space before the value and none behind it. It is false where next must look: at the
// end, and where something is odd. A message took a sixth longer without it.
func (r *rows) plain(p *row) bool {
	b, start := r.b, r.at
	n, id := identify(b, start)
	if n == 0 || r.end != '\n' {
		return false
	}
	value := start + n + 1
	eol := bytes.IndexByte(b[value:], '\n')
	if eol < 2 {
		return false
	}
	eol += value
	next := eol + 1
	if b[eol-1] == '\r' {
		eol--
	} else {
		r.odd = true
	}
	if b[value] == ' ' {
		value++
	}
	// Else there are more spaces, or the value is empty or goes on in the next line, or the
	// row is the last one.
	if b[value] <= ' ' || b[eol-1] <= ' ' || next >= len(b) || b[next] == ' ' || b[next] == '\t' {
		return false
	}
	r.at = next
	p.name, p.nameEnd, p.value, p.end, p.id, p.folded = uint32(start), uint32(start+n), uint32(value), uint32(eol), id, false
	return true
}

// anyName finds the name in a line in which white space may stand around it. colon is
// negative where there is none behind it, or no name.
func anyName(line []byte, at int) (name, end, colon int) {
	for at < len(line) && blank(line[at]) {
		at++
	}
	name = at
	for at < len(line) && tokens[line[at]] {
		at++
	}
	end = at
	for at < len(line) && blank(line[at]) {
		at++
	}
	if at == len(line) || line[at] != ':' || end == name {
		return name, end, -1
	}
	return name, end, at
}

// isVersionLine reports whether line is the first line of an SDP body.
func isVersionLine(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("v=0"))
	return ok && len(trim(rest)) == 0
}

// splitter cuts a value at sep, quote-aware and, with angles set, not inside
// <...>. A quote or bracket that is never closed is an ordinary character, and
// so are all after it: this keeps the work linear.
type splitter struct {
	rest   []byte
	sep    byte
	angles bool
	plain  bool // an unclosed quote was seen
	done   bool
}

// next returns the next piece, trimmed; false after the last one.
func (s *splitter) next() ([]byte, bool) {
	if s.done {
		return nil, false
	}
	b := s.rest
	piece := bytes.IndexByte(b, s.sep)
	if piece < 0 {
		piece = len(b)
	}
	// Nearly every piece has nothing in it that could hide the separator.
	if bytes.IndexByte(b[:piece], '"') < 0 && (!s.angles || bytes.IndexByte(b[:piece], '<') < 0) {
		if piece == len(b) {
			s.rest, s.done = nil, true
		} else {
			s.rest = b[piece+1:]
		}
		return trim(b[:piece]), true
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == s.sep:
			s.rest = b[i+1:]
			return trim(b[:i]), true
		case s.plain:
		case c == '"':
			if n := quoted(b[i:]); n > 0 {
				i += n - 1
			} else {
				s.plain = true
			}
		case c == '<' && s.angles:
			if n := bytes.IndexByte(b[i:], '>'); n > 0 {
				i += n
			} else {
				s.angles = false
			}
		}
	}
	s.rest, s.done = nil, true
	return trim(b), true
}

// quoted is the length of the quoted string that b begins with, 0 if it has no end.
func quoted(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// unquote takes the quotes off a value and resolves its backslashes.
func unquote(b []byte) string { return unescape(bareQuotes(b)) }

// bareQuotes takes the quotes off b, also where one of them is missing.
func bareQuotes(b []byte) []byte {
	if len(b) > 0 && b[0] == '"' {
		b = b[1:]
		if n := len(b); n > 0 && b[n-1] == '"' {
			b = b[:n-1]
		}
	}
	return b
}

// unfold replaces each line end within a row, with the white space around it, by one space.
// Rows without one, nearly all, come back as they are.
func unfold(b []byte) []byte {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\r' && b[i] != '\n' {
			out = append(out, b[i])
			continue
		}
		out = append(bytes.TrimRight(out, " \t"), ' ')
		for i+1 < len(b) && blank(b[i+1]) {
			i++
		}
	}
	return out
}

// trim takes white space, including line ends of folds, off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// word splits b after its first white-space delimited word.
func word(b []byte) (first, rest []byte) {
	b = trim(b)
	for i, c := range b {
		if blank(c) {
			return b[:i], trim(b[i:])
		}
	}
	return b, nil
}

// number reads a whole decimal number up to limit; false if b is anything else.
func number(b []byte, limit int) (int, bool) {
	if len(b) == 0 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if !digit(c) {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// fold reports whether b is name in any case; name is in lower case.
func fold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// blank reports whether c is white space, line ends of folds included. One
// comparison decides for nearly every byte.
func blank(c byte) bool { return c <= ' ' && uint64(1)<<c&(1<<' '|1<<'\t'|1<<'\r'|1<<'\n') != 0 }

// isToken reports whether all bytes of b may stand in a token.
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokens[c] {
			return false
		}
	}
	return true
}

// tokens is tokenByte as a table: header names are read byte by byte.
var tokens = func() (t [256]bool) {
	for c := range t {
		t[c] = tokenByte(byte(c))
	}
	return t
}()
