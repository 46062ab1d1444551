package ingest

import (
	"bytes"
	"io"
)

// maxTextLine bounds one line of a text source. The longest real ones are whole
// SIP messages that rsyslog escaped into a line, some 8 KiB; a longer line than
// this is cut and rejected, whatever is in it.
const maxTextLine = 256 << 10

// textBuffer is the size of a line reader's buffer: it must hold a line of
// maxTextLine; more saves moving bytes about.
const textBuffer = 4 * maxTextLine

// textLine is one line of a text source. Its text is valid until the next line is read.
type textLine struct {
	text []byte // without its line end
	off  int64  // of the text's first byte in the source
	no   int    // 1-based
	eol  int    // bytes of the line end: 2 CRLF, 1 LF, 0 end of input
	cut  int    // bytes of the line that are not in text: colours, a time at its end
}

// end is the offset behind the line and its end.
func (ln *textLine) end() int64 { return ln.off + int64(len(ln.text)+ln.eol+ln.cut) }

// lineReader cuts a source into lines; no input makes it hold more than its buffer.
type lineReader struct {
	src    io.Reader
	buf    []byte
	lo, hi int
	off    int64 // of buf[lo] in the source
	no     int
	err    error // what ended the source; io.EOF is its proper end
}

func newLineReader(src io.Reader) *lineReader {
	return &lineReader{src: src, buf: make([]byte, firstWindow)}
}

// next returns the next line; ok is false at the end of the source. A line over
// maxTextLine comes with its first bytes as text and its whole length in long,
// which is 0 for all others.
func (s *lineReader) next() (ln textLine, long int64, ok bool) {
	seen := 0
	for {
		i := bytes.IndexByte(s.buf[s.lo+seen:s.hi], '\n')
		if i >= 0 {
			i += seen
		} else {
			seen = s.hi - s.lo
		}
		switch {
		case i > maxTextLine || i < 0 && seen > maxTextLine:
			ln, long = s.skipLong()
			return ln, long, true
		case i >= 0:
			return s.cut(i, 1), 0, true
		case s.err != nil:
			if seen == 0 {
				return ln, 0, false
			}
			return s.cut(seen, 0), 0, true
		}
		s.fill()
	}
}

// cut takes a line of n bytes and its line end out of the buffer.
func (s *lineReader) cut(n, eol int) textLine {
	s.no++
	ln := textLine{text: s.buf[s.lo : s.lo+n], off: s.off, no: s.no, eol: eol}
	if eol == 1 && n > 0 && ln.text[n-1] == '\r' {
		ln.text, ln.eol = ln.text[:n-1], 2
	}
	s.lo += n + eol
	s.off += int64(n + eol)
	return ln
}

// skipLong passes over a line longer than maxTextLine and keeps its beginning.
func (s *lineReader) skipLong() (textLine, int64) {
	s.no++
	ln := textLine{text: bytes.Clone(s.buf[s.lo : s.lo+120]), off: s.off, no: s.no}
	for {
		if i := bytes.IndexByte(s.buf[s.lo:s.hi], '\n'); i >= 0 {
			s.drop(i + 1)
			break
		}
		s.drop(s.hi - s.lo)
		if s.err != nil {
			break
		}
		s.fill()
	}
	return ln, s.off - ln.off
}

func (s *lineReader) drop(n int) {
	s.lo += n
	s.off += int64(n)
}

// fill reads more behind what the buffer holds.
func (s *lineReader) fill() {
	if s.hi == len(s.buf) && len(s.buf) < textBuffer { // as a window
		larger := make([]byte, nextWindow(len(s.buf), textBuffer))
		s.hi = copy(larger, s.buf[s.lo:s.hi])
		s.buf, s.lo = larger, 0
	}
	if s.lo > 0 && (s.lo == s.hi || s.hi == len(s.buf)) {
		s.hi = copy(s.buf, s.buf[s.lo:s.hi])
		s.lo = 0
	}
	for empty := 0; empty < 100; empty++ {
		n, err := s.src.Read(s.buf[s.hi:])
		s.hi += n
		s.err = err
		if n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}
