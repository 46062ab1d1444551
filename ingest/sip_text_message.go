package ingest

import (
	"bytes"

	"callsift/ingest/sip"
)

// maxTextBody bounds a body read from text; SDP stays far below it.
const maxTextBody = 64 << 10

// minChunk is the least that a logger puts into one datagram before it cuts a
// message: RFC 3164 allows 1,024 bytes, the smallest IPv4 packet 480.
const minChunk = 480

// prefixMode says what stands before the lines of a message.
type prefixMode uint8

const (
	prefixOpen prefixMode = iota // the line below the start line will tell
	prefixNone                   // nothing, or only blanks
	prefixEach                   // every line has one of the start line's shape
)

// Bits for the headers that every SIP message has (RFC 3261 §8.1.1). Two of
// them make a start line a message.
const (
	coreVia = 1 << iota
	coreFrom
	coreTo
	coreCallID
	coreCSeq
)

// Where in a message the reader is.
const (
	inHead = iota
	inBody
	done
)

// textMessage is a message being read from text.
type textMessage struct {
	obs    Observation
	family string // of the banner; empty without one
	repeat bool

	prefix  []byte // what stood before the start line
	stamped bool   // a time was in it
	mode    prefixMode
	anyID   bool // the ids in the prefix vary from line to line
	indent  int  // blanks before every line
	escaped bool // line ends are written as text
	tail    []byte

	state   int
	raw     []byte
	end     int64 // behind the last byte taken, in the source
	lines   int   // header lines
	core    int
	length  int  // Content-Length, -1: none
	content bool // there is a Content-Type
	nested  bool // the body may hold SIP
	crlf    bool // the start line ended in CRLF
	viaAt   int  // place of the top Via's value in raw
	viaEnd  int

	bodyAt   int  // where the body begins in raw
	body     int  // bytes of it so far, every line end counted as CRLF
	asLogged bool // Content-Length counts line ends as they stand in the log
	idle     int  // lines passed over since the last one taken, weighted
	junk     int  // length of a line at the end of raw that is no header
	lastAt   int  // where the last line taken begins in raw
	lastEOL  int
	chunkOff int64 // where the last prefix stood

	sid  []byte // AudioCodes: the session and the number of the last record
	seq  int64
	hold bool // the line that tells the time is still to come
}

// reset makes m an empty message that keeps its buffers.
func (m *textMessage) reset() {
	*m = textMessage{raw: m.raw[:0], prefix: m.prefix[:0], tail: m.tail[:0], length: -1}
}

// strip takes m's log prefix off a line; false if the line is not m's by its prefix.
func (m *textMessage) strip(text []byte) (skip int, ok bool) {
	switch m.mode {
	case prefixNone:
		return min(m.indent, run(text, 0, blankByte)), true
	case prefixEach:
		n, same, ok := alignPrefix(m.prefix, text)
		return n, ok && (same || m.anyID)
	}
	if n, same, ok := alignPrefix(m.prefix, text); ok && (m.escaped || m.fits(text[n:])) {
		m.mode, m.anyID = prefixEach, !same
		return n, true
	}
	if name, _ := headerName(text); name == nil || m.escaped {
		return 0, false
	}
	m.mode = prefixNone
	return 0, true
}

// fits reports whether a line may stand in a header section.
func (m *textMessage) fits(text []byte) bool {
	if name, _ := headerName(text); name != nil {
		return true
	}
	return isBlank(text) || m.lines > 0 && blankByte(text[0])
}

// take adds a line without its prefix to m. It returns how much of text is
// used; took is false if the line is not part of m.
func (m *textMessage) take(text []byte, eol int) (used int, took bool) {
	if m.escaped {
		return m.takeEscaped(text)
	}
	if m.state == inBody {
		return m.takeBody(text, eol)
	}
	return m.takeHead(text, eol)
}

func (m *textMessage) takeHead(text []byte, eol int) (used int, took bool) {
	if name, value := headerName(text); name != nil {
		m.add(text, eol)
		m.header(name, text[value:], value)
		return len(text), true
	}
	switch {
	case isBlank(text):
		m.add(nil, eol) // AudioCodes writes a blank there, which would be a folded line
		m.endHead()
	case blankByte(text[0]) && m.lines > 0 && !asteriskVerbose(text):
		m.add(text, eol)
	case m.lines > 0 && m.length > 0 && bytes.HasPrefix(text, []byte("v=0")): // the log lost the empty line
		m.addEOL(eol)
		m.endHead()
		return m.takeBody(text, eol)
	default:
		return 0, false
	}
	if len(m.raw) > sip.MaxHead {
		m.close()
	}
	return len(text), true
}

// asteriskVerbose knows Asterisk's verbose lines, which begin as a folded header would.
func asteriskVerbose(text []byte) bool {
	text = bytes.TrimLeft(text, " ")
	return bytes.HasPrefix(text, []byte("-- ")) || bytes.HasPrefix(text, []byte("== ")) || bytes.HasPrefix(text, []byte("> "))
}

// header notes what the reader itself needs of a header.
func (m *textMessage) header(name, value []byte, at int) {
	m.lines++
	short := byte(0)
	if len(name) == 1 {
		short = name[0] | 0x20
	}
	switch {
	case short == 'v' || is(name, "Via"):
		if m.core&coreVia == 0 {
			m.viaAt, m.viaEnd = m.lastAt+at, m.lastAt+at+len(value)
		}
		m.core |= coreVia
	case short == 'f' || is(name, "From"):
		m.core |= coreFrom
	case short == 't' || is(name, "To"):
		m.core |= coreTo
	case short == 'i' || is(name, "Call-ID"):
		m.core |= coreCallID
	case is(name, "CSeq"):
		m.core |= coreCSeq
	case short == 'l' || is(name, "Content-Length"):
		if n, ok := number(bytes.TrimSpace(value)); ok && m.length < 0 {
			m.length = n
		}
	case short == 'c' || is(name, "Content-Type"):
		m.content = true
		m.nested = bytes.Contains(value, []byte("sip")) || bytes.Contains(value, []byte("multipart"))
	}
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}

func (m *textMessage) endHead() {
	m.state, m.bodyAt = inBody, len(m.raw)
	if m.length == 0 || m.length < 0 && !m.content {
		m.state = done
	}
}

// takeBody adds a line to a body. Logs turn CRLF into LF, so every line end
// counts as two bytes; where that does not come out, line ends count as they are.
func (m *textMessage) takeBody(text []byte, eol int) (used int, took bool) {
	sdp := len(text) > 1 && text[1] == '=' && letter(text[0])
	if !sdp && (endMark(text) || m.foreign(text)) {
		return 0, false
	}
	if m.length < 0 { // no length: SDP up to the first line that is not
		if !sdp {
			m.state = done
			return 0, false
		}
		m.add(text, eol)
		return len(text), true
	}
	weight := 2
	if m.asLogged {
		weight = eol
	}
	left := m.length - m.body
	if len(text) > left && !m.asLogged {
		if startsOther(text[left:]) {
			m.add(text[:left], 0)
			m.state = done
			return left, true
		}
		m.asLogged, weight = true, eol
		m.body = len(m.raw) - m.bodyAt
		left = m.length - m.body
	}
	if len(text) >= left {
		m.add(text, 0)
		m.state = done
		return len(text), true
	}
	m.add(text, eol)
	m.body += len(text) + weight
	if m.body >= m.length || len(m.raw) > sip.MaxHead+maxTextBody {
		m.obs.Cut = m.body < m.length
		m.state = done
	}
	return len(text), true
}

// foreign reports whether a line that stands where a body goes on is none of it.
func (m *textMessage) foreign(text []byte) bool {
	if !m.nested {
		if at, _ := findStart(text); at == 0 {
			return true
		}
	}
	if _, _, _, ok := scanStamp(text); ok {
		return true
	}
	_, ok := findBanner(text)
	return ok
}

// startsOther reports whether text, which follows the last byte of a body in
// the same line, begins something else: a banner, a rule, a log line, a message.
func startsOther(text []byte) bool {
	if endMark(text) {
		return true
	}
	if at, _ := findStart(text); at == 0 {
		return true
	}
	if _, _, _, ok := scanStamp(text); ok {
		return true
	}
	_, ok := findBanner(text)
	return ok
}

// takeEscaped takes the next chunk of a message with written line ends: text
// that has some, or the last piece of a body.
func (m *textMessage) takeEscaped(text []byte) (used int, took bool) {
	if at, _ := findStart(text); at == 0 && !m.nested {
		return 0, false
	}
	if breakAt(text) == len(text) && (m.state == inHead || len(text) > m.length-m.body) {
		return 0, false
	}
	return m.unescape(text), true
}

// unescape adds text with written line ends. What stands behind the last of
// them waits for the next chunk of the message.
func (m *textMessage) unescape(text []byte) (used int) {
	held := len(m.tail)
	m.tail = append(m.tail, text...)
	rest := m.tail
	for m.state != done {
		at, n, eol := nextBreak(rest)
		if at < 0 {
			break
		}
		if !m.takeLine(rest[:at], eol) {
			m.close()
			break
		}
		rest = rest[at+n:]
	}
	if m.state == inBody && m.length-m.body == len(rest) && len(rest) > 0 {
		m.takeLine(rest, 0)
		rest = rest[len(rest):]
	}
	used = len(text)
	if m.state == done {
		used = max(0, len(m.tail)-len(rest)-held)
	}
	m.tail = m.tail[:copy(m.tail, rest)]
	if len(m.tail) > sip.MaxHead {
		m.close()
	}
	return used
}

// takeLine adds one unescaped line; a line of a header section that is no
// header is kept, the sender wrote it so.
func (m *textMessage) takeLine(text []byte, eol int) bool {
	if bytes.Contains(text, []byte("#011")) {
		text = bytes.ReplaceAll(text, []byte("#011"), []byte("\t"))
	}
	if m.state == inBody {
		_, took := m.takeBody(text, eol)
		return took
	}
	if _, took := m.takeHead(text, eol); !took {
		m.add(text, eol)
	}
	return true
}

// add puts a line and a line end of eol bytes to raw.
func (m *textMessage) add(text []byte, eol int) {
	m.lastAt, m.lastEOL, m.junk = len(m.raw), eol, 0
	m.raw = append(m.raw, text...)
	m.addEOL(eol)
}

func (m *textMessage) addEOL(eol int) {
	switch eol {
	case 2:
		m.raw = append(m.raw, '\r', '\n')
	case 1:
		m.raw = append(m.raw, '\n')
	}
}

// addJunk keeps a line of a header section that is no header, if a header
// follows it; two such lines in a row end the message.
func (m *textMessage) addJunk(text []byte, eol int) bool {
	if m.state != inHead || m.junk > 0 || m.lines == 0 {
		return false
	}
	m.add(text, eol)
	m.junk = len(m.raw) - m.lastAt
	return true
}

// close ends a message whose end the log does not show.
func (m *textMessage) close() {
	if m.state == done {
		return
	}
	if len(m.tail) > 0 { // the end of a chunk, or of a message whose last line end was trimmed
		tail := bytes.Clone(m.tail)
		m.tail = m.tail[:0]
		m.takeLine(tail, 0)
		if m.state == done {
			return
		}
	}
	if m.junk > 0 {
		m.raw = m.raw[:len(m.raw)-m.junk]
	}
	if m.state == inHead {
		m.obs.Cut = m.length != 0
	} else {
		m.obs.Cut = m.length >= 0 && m.length-m.body > 2 // a last line end is easily lost
	}
	m.state = done
}

// glue continues m, whose lines have no prefix, behind a prefix: loggers cut a
// long message anywhere and put a new prefix before what is left.
func (m *textMessage) glue(text []byte, eol int) (used int, took bool) {
	if at, _ := findStart(text); at == 0 || endMark(text) {
		return 0, false
	}
	last := m.raw[m.lastAt : len(m.raw)-m.lastEOL]
	name, _ := headerName(text)
	sdp := len(text) > 1 && text[1] == '='
	whole := m.state == inHead && (name != nil || isBlank(text)) || m.state == inBody && sdp
	if cutHere := m.crlf && m.lastEOL == 1; !cutHere && whole {
		return m.take(text, eol)
	}
	joined := append(bytes.Clone(last), text...)
	if m.state == inBody {
		m.body -= len(last) + 2
		if m.asLogged {
			m.body += 2 - m.lastEOL
		}
	}
	m.raw, m.junk = m.raw[:m.lastAt], 0
	_, took = m.take(joined, eol)
	if !took {
		m.add(joined, eol)
	}
	return len(text), true
}
