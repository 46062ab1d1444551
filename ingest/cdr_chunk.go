package ingest

import (
	"bytes"
	"fmt"
	"io"
)

// maxChunk bounds a record that spans lines, such as a JSON document; FreeSWITCH's are 20 to 100 KiB.
const maxChunk = 1 << 20

// chunkReader hands out records that are no lines: documents inside a source.
type chunkReader struct {
	window
	offset int64 // of buf[pos]
	line   int   // of buf[pos]
}

// chunk is one record, valid until the next is read.
type chunk struct {
	Place
	text  []byte
	wrong string // why it is no record, or empty
}

// cutter finds the first record in text: it begins skip bytes on and is n bytes
// long; 0: there is none in the first skip bytes. A record that is none has
// wrong set. At least one of the numbers is not 0.
type cutter func(text []byte) (skip, n int, wrong string)

func newChunkReader(src io.Reader) *chunkReader {
	return &chunkReader{window: newWindow(src, 2*maxChunk), line: 1}
}

// chunksOf reads records that are in memory.
func chunksOf(text []byte) *chunkReader {
	return &chunkReader{window: windowOf(text), line: 1}
}

// next is the next record; ok is false at the end. Each cut sees at least
// maxChunk bytes, or all that is left.
func (c *chunkReader) next(cut cutter) (r chunk, ok bool) {
	for {
		if c.end-c.pos <= maxChunk {
			c.fill()
		}
		if c.pos == c.end {
			return r, false
		}
		skip, n, wrong := cut(c.buf[c.pos:c.end])
		c.take(skip)
		if n > 0 {
			r = chunk{Place: Place{Offset: c.offset, Length: n, Line: c.line}, text: c.buf[c.pos : c.pos+n], wrong: wrong}
			c.take(n)
			return r, true
		}
		if skip == 0 {
			c.take(c.end - c.pos)
		}
	}
}

func (c *chunkReader) take(n int) {
	c.line += bytes.Count(c.buf[c.pos:c.pos+n], []byte("\n"))
	c.pos += n
	c.offset += int64(n)
}

// sample is the beginning of a rejected record.
func (r *chunk) sample() []byte { return r.text[:min(len(r.text), maxSample)] }

// cutJSON finds an object by its braces. No string in JSON holds a line end, so
// a brace at the beginning of a line is the next document: an object that is
// still open there was cut off.
func cutJSON(text []byte) (skip, n int, wrong string) {
	open := bytes.IndexByte(text, '{')
	if open < 0 {
		return len(text), 0, ""
	}
	depth, quoted := 0, false
	body := text[open:]
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case i > maxChunk-2:
			return open, i, fmt.Sprintf("no end of the object within %d bytes", maxChunk)
		case b == '\n' && i+1 < len(body) && body[i+1] == '{':
			return open, i, "no end of the object before the next one"
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{':
			depth++
		case b == '}':
			if depth--; depth == 0 {
				return open, i + 1, ""
			}
		}
	}
	if open > 0 { // look again when more is there
		return open, 0, ""
	}
	return 0, len(body), "no end of the object before the end"
}

// cutElement cuts XML documents whose root has this name, which is in lower
// case; roots are found in either case.
func cutElement(root string) cutter {
	return func(text []byte) (skip, n int, wrong string) {
		for {
			i := indexFold(text[skip:], "<"+root)
			if i < 0 {
				return max(skip, len(text)-len(root)-1, 1), 0, ""
			}
			skip += i
			rest := text[skip+1+len(root):]
			if len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n>/"), rest[0]) >= 0 {
				break
			}
			skip++
		}
		if skip > 0 {
			return skip, 0, ""
		}
		n, wrong = elementLength(text[:min(len(text), maxChunk)], root)
		return 0, n, wrong
	}
}

// elementLength is how far the element at the front of text reaches. One that
// another follows before its end was cut off.
func elementLength(text []byte, root string) (n int, wrong string) {
	limit := len(text)
	if i := indexFold(text[1:], "<"+root+" "); i >= 0 {
		limit = i + 1
	}
	if i := bytes.Index(text[1:limit], []byte("<?xml")); i >= 0 {
		limit = i + 1
	}
	if i := indexFold(text[:limit], "</"+root+">"); i >= 0 {
		return i + len(root) + 3, ""
	}
	if limit == maxChunk {
		return limit, fmt.Sprintf("no </%s> within %d bytes", root, maxChunk)
	}
	return limit, fmt.Sprintf("no </%s> before the next record or the end", root)
}
