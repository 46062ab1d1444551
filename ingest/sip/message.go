package sip

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits of one message; what is above them is flagged and not read. No real
// message comes near them.
const (
	MaxHeaders = 512 // header rows
	MaxVias    = 70  // Via values
)

// Message is one SIP message. All slices point into the parsed input, folded
// lines and odd spacing included; a nil slice means that it is not there.
type Message struct {
	Method []byte // of a request, as written (methods are case-sensitive, RFC 3261 §7.1); nil in a response
	URI    []byte // Request-URI, without brackets around it; nil in a response
	User   []byte // ParseURI(URI).User
	Status int    // 100 to 699; 0 in a request
	Phrase []byte // reason phrase, may be empty

	CallID     []byte
	From, To   []byte // the whole value
	FromURI    []byte // as AddrSpec gives it
	ToURI      []byte
	FromUser   []byte // ParseURI(FromURI).User
	ToUser     []byte
	FromTag    []byte
	ToTag      []byte
	CSeq       []byte // the number as text, without leading zeros: it may be out of range
	CSeqMethod []byte
	Via        []byte // the top value
	Branch     []byte // of the top Via
	SentBy     []byte // of the top Via, "host" or "host:port", as written
	Hops       []Hop  // the Via values from the top, at most [MaxVias], without empty ones; the array is used again by the next Parse

	Head  []byte // the header section after the start line, without the empty line
	Body  []byte // as long as Content-Length says, or what is there
	Flags Flags  // which rules it broke

	end   byte   // what ends a line
	led   bool   // white space goes before the start line
	stars bool   // there is a * in the header section
	raw   []byte // what was parsed
	index []row  // the header rows; the array is used again by the next Parse
	whole int    // the lines before it end in one CRLF each
}

// Kind says why a message is rejected.
type Kind string

// The kinds of rejection. There are no others: any other message did happen
// and is kept, with flags.
const (
	BadStartLine Kind = "bad_start_line" // neither a request nor a status line
	BadVersion   Kind = "bad_version"    // another version than SIP/2.0
	BadStatus    Kind = "bad_status"     // a status code that is not three digits from 100 to 699
	Insufficient Kind = "insufficient"   // lacks Call-ID, CSeq, From, or, in a request, Via
)

// Error is why a message is rejected.
type Error struct {
	Kind   Kind
	Offset int    // byte of the input where it was noticed
	Msg    string // what it was, with got and want
}

// Error returns the reason without the offset, which means nothing to the reader of a whole file.
func (e *Error) Error() string { return string(e.Kind) + ": " + e.Msg }

// Parse reads the message in b, one datagram or framed stream message, and
// overwrites m with it. Line ends before the start line are skipped (RFC 3261
// §7.5). Everything of m points into b, but Hops that are folded; nothing else is allocated,
// once m has seen as many headers, unless an error is returned, which is always an *Error. With Insufficient, what was found
// stays set.
func (m *Message) Parse(b []byte) error {
	hops, index := m.Hops[:0], m.index[:0]
	*m = Message{} // and filled in place: a literal would be made and then copied
	m.Hops, m.index, m.raw = hops, index, b
	at, err := m.startLine(b)
	if err != nil {
		return err
	}
	h := head{m: m, length: -1}
	h.read(b, at)
	return m.sufficient(at)
}

// IsRequest reports whether m is a request.
func (m *Message) IsRequest() bool { return m.Status == 0 }

// Countable reports whether figures may use the message: RFC 3261 has a
// response with a CSeq out of range discarded (RFC 4475 §3.1.2.5, scalarlg).
func (m *Message) Countable() bool { return m.Status == 0 || m.Flags&CSeqRange == 0 }

// startLine reads the start line and returns the offset of the headers.
func (m *Message) startLine(b []byte) (int, error) {
	start := 0
	for start < len(b) && blank(b[start]) {
		if b[start] == ' ' || b[start] == '\t' {
			m.Flags |= StartLineSpace
		}
		start++
	}
	m.led = start > 0
	eol, next := m.firstLine(b, start)
	line := b[start:eol]
	if n := len(line); n > 0 && blank(line[n-1]) && !startsWithVersion(line) {
		m.Flags |= StartLineSpace
		line = trim(line)
	}
	if startsWithVersion(line) {
		return next, m.statusLine(line, start)
	}
	return next, m.requestLine(line, start)
}

// firstLine finds the end of the start line and with it what ends lines here:
// bare CRs only count where the start line itself ends with one.
func (m *Message) firstLine(b []byte, start int) (eol, next int) {
	m.end = '\n'
	r := rows{b: b[:min(len(b), start+MaxHead)], end: '\n'}
	eol, next = r.line(start)
	if !m.led && !r.odd {
		m.whole = next
	}
	if cr := bytes.IndexByte(b[start:eol], '\r'); cr >= 0 {
		m.end = '\r'
		return start + cr, start + cr + 1
	}
	return eol, next
}

// startsWithVersion tells a status line, of whatever version, from a request
// line, and a version from another word.
func startsWithVersion(line []byte) bool {
	return len(line) >= 4 && (string(line[:4]) == "SIP/" || fold(line[:4], "sip/"))
}

// statusLine reads "SIP/2.0 200 OK"; the phrase, and the space before it, may be missing.
func (m *Message) statusLine(line []byte, offset int) error {
	if n := len(line); n > 12 && string(line[:8]) == "SIP/2.0 " && line[11] == ' ' && !blank(line[8]) && !blank(line[12]) && !blank(line[n-1]) {
		if code, ok := number(line[8:11], 699); ok && code >= 100 { // as nearly every peer writes it
			m.Status, m.Phrase = code, line[12:]
			return nil
		}
	}
	version, rest := line, []byte(nil)
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		version, rest = line[:i], line[i+1:]
	}
	if !fold(version, "sip/2.0") {
		return reject(BadVersion, offset, "version %q, want SIP/2.0", version)
	}
	code := bytes.TrimLeft(rest, " \t")
	if len(code) != len(rest) {
		m.Flags |= StartLineSpace
	}
	phrase := []byte{}
	if i := bytes.IndexAny(code, " \t"); i >= 0 {
		code, phrase = code[:i], code[i+1:]
	}
	n, ok := number(code, 699)
	if !ok || len(code) != 3 || n < 100 {
		return reject(BadStatus, offset, "status %q, want 100 to 699", code)
	}
	m.Status, m.Phrase = n, trim(phrase)
	return nil
}

// requestLine reads "METHOD uri SIP/2.0": the method is the first word, the
// version the last one, the URI what is between them.
func (m *Message) requestLine(line []byte, offset int) error {
	n := 0
	for n < len(line) && tokens[line[n]] {
		n++
	}
	v := len(line)
	if plain := v - len("SIP/2.0"); plain > 0 && string(line[plain-1:]) == " SIP/2.0" {
		v = plain
	} else {
		for v > 0 && !blank(line[v-1]) {
			v--
		}
	}
	method, version := line[:n], line[v:]
	switch {
	case n == 0 || n >= v || !blank(line[n]) || !startsWithVersion(version):
		return reject(BadStartLine, offset, "%q, want \"METHOD uri SIP/2.0\" or \"SIP/2.0 code phrase\"", line)
	case string(version) != "SIP/2.0" && !fold(version, "sip/2.0"):
		return reject(BadVersion, offset+v, "version %q, want SIP/2.0", version)
	}
	uri := trim(line[n:v])
	if len(uri) != v-n-2 {
		m.Flags |= StartLineSpace
	}
	if len(uri) > 0 && uri[0] == '<' && maskLen(uri) == 0 && uri[len(uri)-1] == '>' {
		m.Flags |= URIBrackets
		uri = trim(uri[1 : len(uri)-1])
	}
	if len(uri) == 0 {
		return reject(BadStartLine, offset, "%q, want a URI after the method", line)
	}
	m.Method, m.URI = method, uri
	if user, n := plainURI(uri); n == len(uri) {
		m.User = user
		return nil
	}
	m.User = ParseURI(uri).User
	m.Flags |= uriFlags(uri)
	return nil
}

// uriFlags checks a Request-URI for what RFC 4475 and RFC 5118 found in the wild.
func uriFlags(uri []byte) Flags {
	var f Flags
	if bytes.IndexByte(uri, ' ') >= 0 || bytes.IndexByte(uri, '\t') >= 0 {
		f |= URISpace
	}
	scheme := bytes.IndexByte(uri, ':')
	if scheme < 0 || !fold(uri[:scheme], "sip") && !fold(uri[:scheme], "sips") {
		return f
	}
	host := uri[scheme+1:]
	if at := bytes.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if q := bytes.IndexByte(host, '?'); q >= 0 {
		f |= URIHeaders
		host = host[:q]
	}
	if semi := bytes.IndexByte(host, ';'); semi >= 0 {
		host = host[:semi]
	}
	if bytes.IndexByte(host, '[') < 0 && bytes.Count(host, []byte(":")) > 1 {
		f |= URIHost
	}
	return f
}

// sufficient checks for what correlation cannot do without.
func (m *Message) sufficient(offset int) error {
	if len(m.CallID) > 0 && len(m.CSeq) > 0 && len(m.CSeqMethod) > 0 && len(m.From) > 0 && (len(m.Via) > 0 || !m.IsRequest()) {
		return nil
	}
	var missing []string
	for _, need := range [...]struct {
		value []byte
		name  string
	}{
		{m.CallID, "Call-ID"}, {m.CSeq, "CSeq"}, {m.CSeqMethod, "CSeq method"}, {m.From, "From"}, {m.Via, "Via"},
	} {
		if len(need.value) == 0 && (m.IsRequest() || need.name != "Via") {
			missing = append(missing, need.name)
		}
	}
	return reject(Insufficient, offset, "no %s", strings.Join(missing, ", "))
}

// reject builds the error; quoted input is shortened.
func reject(kind Kind, offset int, format string, args ...any) *Error {
	for i, a := range args {
		if b, ok := a.([]byte); ok && len(b) > 80 {
			args[i] = append(b[:77:77], "..."...)
		}
	}
	return &Error{Kind: kind, Offset: offset, Msg: fmt.Sprintf(format, args...)}
}
