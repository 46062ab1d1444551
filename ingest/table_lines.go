package ingest

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// charset is how a text source writes its characters.
type charset uint8

// The charsets of exports: GB18030 holds GBK and GB2312, Windows-1252 Latin-1.
const (
	charsetUTF8 charset = iota
	charsetUTF16LE
	charsetUTF16BE
	charsetGB18030
	charsetLatin1
)

// charsetOf finds the charset by the first bytes: a byte order mark, else the
// zero bytes of UTF-16, else valid UTF-8, else a guess between the two others.
func charsetOf(head []byte) charset {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return charsetUTF16LE
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return charsetUTF16BE
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return charsetUTF8
	}
	if len(head) >= 16 && bytes.IndexByte(head, 0) >= 0 {
		var zeros [2]int
		for i, c := range head {
			if c == 0 {
				zeros[i&1]++
			}
		}
		switch few := len(head) / 8; {
		case zeros[1] > few && zeros[0] < few/8+1:
			return charsetUTF16LE
		case zeros[0] > few && zeros[1] < few/8+1:
			return charsetUTF16BE
		}
	}
	for cut := 0; cut < utf8.UTFMax && cut <= len(head); cut++ { // head may end inside a character
		if utf8.Valid(head[:len(head)-cut]) {
			return charsetUTF8
		}
	}
	return legacyCharset(head)
}

// legacyCharset guesses between GB18030 and Latin-1: Chinese comes in pairs of
// high bytes, a letter with an accent mostly stands among plain ones.
func legacyCharset(text []byte) charset {
	pairs, single := 0, 0
	for i := 0; i < len(text); i++ {
		if text[i] < 0x80 {
			continue
		}
		if i+1 < len(text) && text[i] >= 0xa1 && text[i+1] >= 0xa1 {
			pairs++
			i++
		} else {
			single++
		}
	}
	if pairs > single {
		return charsetGB18030
	}
	return charsetLatin1
}

// decoder reads a line's characters; nil where they are UTF-8. A line of a UTF-8
// source that is none is read in the charset it looks like: exports of databases
// mix them.
func (c charset) decoder(line []byte) *encoding.Decoder {
	if c == charsetUTF8 {
		if utf8.Valid(line) {
			return nil
		}
		c = legacyCharset(line)
	}
	if c == charsetGB18030 {
		return simplifiedchinese.GB18030.NewDecoder()
	}
	return charmap.Windows1252.NewDecoder()
}

// decode is a line as UTF-8.
func (c charset) decode(line []byte) string {
	d := c.decoder(line)
	if d == nil {
		return string(line)
	}
	out, err := d.Bytes(line)
	if err != nil {
		return string(bytes.ToValidUTF8(line, []byte("\ufffd")))
	}
	return string(out)
}

// wide reports whether characters are units of two bytes.
func (c charset) wide() bool { return c == charsetUTF16LE || c == charsetUTF16BE }

// tableLines are the lines of a source in any charset. Their places are those
// in the source, whatever it is written in.
type tableLines struct {
	*csvLines
	set    charset
	offset int64          // of the unread bytes in the source, for UTF-16
	raw    *countedReader // for UTF-16
}

// countedReader counts what was read.
type countedReader struct {
	r io.Reader
	n int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func newTableLines(src io.Reader) *tableLines {
	raw := &countedReader{r: src}
	buffered := bufio.NewReaderSize(raw, headSize)
	head, _ := buffered.Peek(headSize) // an error comes again with the first read
	l := &tableLines{set: charsetOf(head), raw: raw}
	src = buffered
	if l.set.wide() {
		src = wideReader(buffered, l.set)
		l.offset = wideMark(head)
	}
	l.csvLines = newCSVLines(src)
	return l
}

// tableLinesOf reads lines that are in memory.
func tableLinesOf(head []byte) *tableLines {
	l := &tableLines{set: charsetOf(head), raw: &countedReader{n: int64(len(head))}}
	if l.set.wide() {
		l.offset = wideMark(head)
		head, _ = io.ReadAll(wideReader(bytes.NewReader(head), l.set))
	}
	l.csvLines = csvLinesOf(head)
	return l
}

func wideReader(src io.Reader, set charset) io.Reader {
	order := unicode.LittleEndian
	if set == charsetUTF16BE {
		order = unicode.BigEndian
	}
	return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(src)
}

// wideMark is the length of the byte order mark, which the decoder takes off.
func wideMark(head []byte) int64 {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return 2
	}
	return 0
}

// place is where the first end unread bytes stand in the source.
func (l *tableLines) place(end int) Place {
	if !l.set.wide() {
		return Place{Offset: l.csvLines.offset, Length: end, Line: l.number}
	}
	n := wideSize(l.head()[:end])
	if l.eof { // the source may end inside a character
		n = min(n, l.raw.n-l.offset)
	}
	return Place{Offset: l.offset, Length: int(n), Line: l.number}
}

// take gives the first n unread bytes away, as csvLines does.
func (l *tableLines) take(n, lines int) {
	if l.set.wide() {
		l.offset += wideSize(l.head()[:n])
	}
	l.csvLines.take(n, lines)
}

// text is the first end unread bytes as UTF-8.
func (l *tableLines) text(end int) string {
	if l.set.wide() {
		return string(l.head()[:end])
	}
	return l.set.decode(l.head()[:end])
}

// lineSource finds parts of a line's text in the source.
type lineSource struct {
	at   Place             // of the line
	rest []byte            // of the line, as far as it was not yet passed
	dec  *encoding.Decoder // nil: rest is UTF-8
	wide bool              // ... and the source is UTF-16
}

// sourceOf is for the first end unread bytes, which stand at at.
func (l *tableLines) sourceOf(at Place, end int) lineSource {
	s := lineSource{at: at, rest: l.head()[:end], wide: l.set.wide()}
	if !s.wide {
		s.dec = l.set.decoder(s.rest)
	}
	return s
}

// pass goes n bytes of text on and returns how many bytes of the source they are.
func (s *lineSource) pass(n int) (size int) {
	switch {
	case s.dec != nil:
		_, size, _ = s.dec.Transform(make([]byte, n), s.rest, true) // it ends where n bytes are full
		n = size
	case s.wide:
		size = int(wideSize(s.rest[:n]))
	default:
		size = n
	}
	s.rest = s.rest[n:]
	size = min(size, s.at.Length) // the source may end inside a character
	s.at.Offset += int64(size)
	s.at.Length -= size
	return size
}

// part is the place of the next n bytes of text behind skip of them.
func (s *lineSource) part(skip, n int) Place {
	s.pass(skip)
	at := s.at
	at.Length = s.pass(n)
	return at
}

// wideSize is how many bytes UTF-8 text takes in UTF-16.
func wideSize(text []byte) (n int64) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		n += 2 * int64(max(1, utf16.RuneLen(r)))
		text = text[size:]
	}
	return n
}

// skipLine drops the rest of a line that is too long.
func (l *tableLines) skipLine() {
	for {
		_, next, whole, ok := l.peek(0)
		if !ok {
			return
		}
		if whole {
			l.take(next, 1)
			return
		}
		l.take(next, 0)
	}
}
