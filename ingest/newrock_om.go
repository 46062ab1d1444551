package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"callsift/store"
)

// NewRockOM reads what New Rock OM IP-PBXs (OM20 to OM500) push to an
// application server over HTTP: one <Cdr> for each leg that is released, one
// <Event> for each change of an extension, trunk or call. The vendor documents
// the elements; files are what somebody's receiver saved: documents back to
// back, with or without prologs, HTTP headers, dash lines between them, a
// logger's prefix on any line. So records are looked for anywhere in the text.
//
//	<Cdr id="5720261110090012-0">         record id, unique on its device
//	  <callid>32858</callid>              16 bits, wraps
//	  <TimeStart>20261110090000</TimeStart>   device's local time: call request
//	  <Type>OU</Type>      IN, OU(t), FI, FW forwarded in, out, LO(cal), CB call-back
//	  <Route>IP</Route>    IP trunk, XO analog trunk, IC internal, OP attendant
//	  <CPN>201</CPN> <CDPN>03312345</CDPN>    calling and called number
//	  <TimeEnd>20261110090012</TimeEnd>   hang-up
//	  <Duration>0</Duration>              seconds of talk, 0: not connected
//	  <TrunkNumber>carrier-a</TrunkNumber>
//	</Cdr>
//
// The record has no SIP code and no cause: an outcome is answered or not
// connected. An internal call leaves two records (LO and IN), one through the
// attendant as well (IN and OU with route OP): same numbers, TimeEnd and
// Duration. They carry the same Link and different Roles.
//
// Times have no zone: Input.Zone, else what the receiver's own clock says (a
// push comes within seconds of TimeEnd; HTTP Date, a log prefix with offset,
// the signed push's Unix time), else UTC. Events have no time of their own at
// all: theirs is the receiver's.
var NewRockOM = Format{
	Name:        "newrock-om",
	Description: "New Rock OM API records (Cdr and Event) as saved from HTTP pushes",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     `<Cdr id="5720261110090012-0"><TimeStart>20261110090000</TimeStart><Type>OU</Type><Route>IP</Route><CPN>201</CPN><CDPN>03312345</CDPN><TimeEnd>20261110090012</TimeEnd><Duration>0</Duration></Cdr>`,
	Sniff:       sniffNewRockOM,
	Read:        readNewRockOM,
}

const (
	omMaxRecord = 64 << 10  // a longer <Cdr> or <Event> is rejected
	omWindow    = 256 << 10 // what is looked at together; more than two records
	omMaxGap    = 512       // how far behind a record its push's signature may stand
)

// sniffNewRockOM wants one record with what only the OM API has: a Cdr with an
// id and two of its elements, or an Event whose attribute is a known one.
func sniffNewRockOM(head []byte) bool {
	s := omScanner{window: windowOf(head), line: 1}
	for {
		r, ok := s.next()
		if !ok {
			return false
		}
		if r.wrong != "" {
			continue
		}
		d := parseOM(r.text)
		known := 0
		for _, name := range [...]string{"callid", "timestart", "type", "route", "cpn", "cdpn", "timeend", "duration"} {
			if _, ok := d.values[name]; ok {
				known++
			}
		}
		if r.event && omEvents[strings.ToUpper(d.attrs["attribute"])] || !r.event && d.attrs["id"] != "" && known >= 2 {
			return true
		}
	}
}

// omEvents are the values of an Event's attribute, in upper case.
var omEvents = map[string]bool{
	"BOOTUP": true, "CONFIG_CHANGE": true, "BUSY": true, "IDLE": true, "ONLINE": true, "OFFLINE": true, "RING": true,
	"ALERT": true, "ANSWER": true, "ANSWERED": true, "BYE": true, "DIVERT": true, "TRANSIENT": true, "FAILED": true,
	"INVITE": true, "INCOMING": true, "DTMF": true, "ENDOFANN": true, "QUEUE": true,
}

// omRegion is one record's text with its place and the receiver's clock at it.
type omRegion struct {
	Place
	text  []byte // without the logger's prefixes
	raw   []byte
	event bool
	wrong string // why it is no record, or empty
	clock omClock
}

// omClock is when the receiver got a record, as far as it wrote that down.
type omClock struct {
	stamp logStamp
	from  string // "http date", "log prefix", "push signature"; empty: unknown
}

// omScanner finds records in a stream.
type omScanner struct {
	window
	offset  int64   // of buf[pos]
	line    int     // of buf[pos]
	partial []byte  // the beginning of the line that buf[pos] is on, at most omMaxGap
	clock   omClock // the last one seen since the last record
	tail    bool    // the end of a record that was too long is still to come
	answer  bool    // in the receiver's HTTP response to the last push: its Date is not the next one's
}

func newOMScanner(src io.Reader) *omScanner {
	s := &omScanner{window: newWindow(src, omWindow), line: 1}
	s.fill()
	return s
}

// next is the next record, whole or not; ok is false at the end.
func (s *omScanner) next() (r omRegion, ok bool) {
	for {
		if s.end-s.pos < omMaxRecord+omMaxGap {
			s.fill()
		}
		text := s.buf[s.pos:s.end]
		at, root, closing := findTag(text)
		switch {
		case at < 0 && s.eof:
			return r, false
		case at < 0: // a tag may begin in the last bytes
			s.gap(max(0, len(text)-len("</event")))
		case closing:
			s.gap(at)
			r = s.stray(len("</")+len(root), root)
			if !s.tail {
				return r, true
			}
			s.tail = false
		default:
			s.gap(at)
			if s.end-s.pos < omMaxRecord+omMaxGap {
				s.fill()
			}
			return s.region(root), true
		}
	}
}

// stray is the end of a record whose beginning is missing, as after a rotation.
func (s *omScanner) stray(n int, root string) omRegion {
	r := omRegion{Place: Place{Offset: s.offset, Length: n, Line: s.line}, raw: s.buf[s.pos : s.pos+n]}
	r.wrong = fmt.Sprintf("</%s> without its beginning", root)
	s.gap(n)
	return r
}

// gap goes over n bytes between records and keeps the clocks in them.
func (s *omScanner) gap(n int) {
	text := s.buf[s.pos : s.pos+n]
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\n')
		part := text
		if i >= 0 {
			part = text[:i]
		}
		if room := omMaxGap - len(s.partial); room > 0 {
			s.partial = append(s.partial, part[:min(room, len(part))]...)
		}
		if i < 0 {
			break
		}
		s.readClock(s.partial)
		s.partial = s.partial[:0]
		s.line++
		text = text[i+1:]
	}
	s.pos += n
	s.offset += int64(n)
}

// readClock keeps the time that a line between records begins with or, as an
// HTTP header, is.
func (s *omScanner) readClock(line []byte) {
	if len(line) < 15 {
		return
	}
	switch i := indexFold(line, "http/1."); {
	case i >= 0 && i+9 < len(line) && line[i+8] == ' ' && digits(string(line[i+9:min(i+12, len(line))])) >= 100:
		s.answer = true
	case i >= 0:
		s.answer = false
	}
	if i := indexFold(line, "date: "); i >= 0 && !s.answer {
		text := strings.TrimSpace(string(line[i+len("date: "):]))
		if t, err := time.Parse(time.RFC1123, text); err == nil {
			s.clock = omClock{logStamp{civil: t.Unix(), zoned: true}, "http date"}
			return
		}
	}
	if stamp, ok := findStamp(line); ok && (stamp.zoned || s.clock.from != "http date") {
		s.clock = omClock{stamp, "log prefix"}
	}
}

// region takes the record that begins at buf[pos].
func (s *omScanner) region(root string) omRegion {
	text := s.buf[s.pos:min(s.end, s.pos+omMaxRecord)]
	r := omRegion{Place: Place{Offset: s.offset, Line: s.line}, event: root == "event"}
	if i := bytes.IndexByte(s.partial, '<'); i < 0 {
		s.readClock(s.partial)
	} else {
		s.readClock(s.partial[:i])
	}
	n, wrong := recordLength(text, root)
	if wrong != "" && n == omMaxRecord {
		wrong = fmt.Sprintf("no </%s> within %d bytes", root, omMaxRecord)
	}
	s.tail = n == omMaxRecord && wrong != ""
	r.Length, r.wrong, r.raw = n, wrong, text[:n]
	r.text = stripPrefixes(r.raw, s.partial)
	r.clock = s.clock
	if t, ok := signatureTime(s.buf[min(s.end, s.pos+n):min(s.end, s.pos+n+omMaxGap)]); ok {
		r.clock = omClock{logStamp{civil: t, zoned: true}, "push signature"}
	}
	s.line += bytes.Count(r.raw, []byte("\n"))
	if i := bytes.LastIndexByte(r.raw, '\n'); i >= 0 {
		s.partial = append(s.partial[:0], r.raw[i+1:min(n, i+1+omMaxGap)]...)
	}
	s.pos += n
	s.offset += int64(n)
	s.clock, s.answer = omClock{}, false
	return r
}

// recordLength is how far the record at the front of text reaches. A record
// that another follows before its end was cut off.
func recordLength(text []byte, root string) (n int, wrong string) {
	head := tagEnd(text)
	if head > 0 && text[head-1] == '>' && text[head-2] == '/' {
		return head, ""
	}
	limit := len(text)
	if i := findRoot(text[1:]); i >= 0 {
		limit = i + 1
	}
	if i := indexFold(text[1:limit], "<?xml"); i >= 0 {
		limit = i + 1
	}
	at := 1
	for {
		i := indexFold(text[at:limit], "</"+root)
		if i < 0 {
			return limit, fmt.Sprintf("no </%s> before the next record or the end", root)
		}
		at += i + len("</") + len(root)
		rest := bytes.TrimLeft(text[at:limit], " \t\r\n")
		if len(rest) > 0 && rest[0] == '>' {
			return limit - len(rest) + 1, ""
		}
	}
}

// findTag finds the next <Cdr, <Event, </Cdr or </Event, in either case.
func findTag(text []byte) (at int, root string, closing bool) {
	for {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			return -1, "", false
		}
		at += i + 1
		rest := text[at:]
		if closing = len(rest) > 0 && rest[0] == '/'; closing {
			rest = rest[1:]
		}
		for _, root = range [...]string{"cdr", "event"} {
			if len(rest) > len(root) && foldEqual(rest[:len(root)], root) && strings.IndexByte(" \t\r\n>/", rest[len(root)]) >= 0 {
				return at - 1, root, closing
			}
		}
	}
}

// findRoot is the place of the next <Cdr or <Event, -1 if there is none.
func findRoot(text []byte) int {
	for from := 0; ; {
		at, _, closing := findTag(text[from:])
		if at < 0 {
			return -1
		}
		if !closing {
			return from + at
		}
		from += at + 1
	}
}

// foldEqual compares with lower, which is in lower case.
func foldEqual(b []byte, lower string) bool {
	for i := 0; i < len(lower); i++ {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// indexFold finds lower, which is in lower case, in any case.
func indexFold(b []byte, lower string) int {
	first := lower[:1]
	if c := lower[0]; c >= 'a' && c <= 'z' {
		first += string(c - 'a' + 'A')
	}
	for at := 0; at+len(lower) <= len(b); at++ {
		i := bytes.IndexAny(b[at:], first)
		if i < 0 || at+i+len(lower) > len(b) {
			return -1
		}
		at += i
		if foldEqual(b[at:at+len(lower)], lower) {
			return at
		}
	}
	return -1
}

// stripPrefixes takes the logger's prefix off the lines of a record: what
// stands before the first tag of the record's first line, digits counting as
// equal, since times and process numbers change.
func stripPrefixes(raw, first []byte) []byte {
	if i := bytes.IndexByte(first, '<'); i >= 0 {
		first = first[:i]
	}
	prefix := bytes.TrimRight(first, " \t")
	if len(prefix) == 0 || bytes.IndexByte(raw, '\n') < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i, line := range bytes.SplitAfter(raw, []byte("\n")) {
		if i > 0 && samePrefix(line, prefix) {
			line = line[len(prefix):]
		}
		out = append(out, line...)
	}
	return out
}

func samePrefix(line, prefix []byte) bool {
	if len(line) < len(prefix) {
		return false
	}
	for i, want := range prefix {
		if have := line[i]; have != want && (have-'0' > 9 || want-'0' > 9) {
			return false
		}
	}
	return true
}

// signatureTime reads the Unix time of a signed push, which follows the record
// as <Auth><nonce>…</nonce><timestamp>1794297612</timestamp>….
func signatureTime(text []byte) (sec int64, ok bool) {
	if at := findRoot(text); at >= 0 {
		text = text[:at]
	}
	if i := indexFold(text, "<?xml"); i >= 0 {
		text = text[:i]
	}
	auth := indexFold(text, "<auth>")
	if auth < 0 {
		return 0, false
	}
	text = text[auth:]
	i := indexFold(text, "<timestamp>")
	if i < 0 || len(text) < i+21 {
		return 0, false
	}
	stamp := text[i+11 : i+21]
	high, low := digits(string(stamp[:5])), digits(string(stamp[5:]))
	return int64(high)*100000 + int64(low), high >= 10000 && low >= 0
}

func readNewRockOM(in *Input, out Sink) error {
	s := newOMScanner(in)
	r := omReader{out: out, clock: localClock{zone: in.Zone}, modified: in.ModTime}
	r.survey(s.buf[:s.end])
	for {
		region, ok := s.next()
		if !ok {
			break
		}
		r.record(&region)
	}
	in.TZ, in.TZFrom = r.ledger()
	return s.err
}

// discard is a Sink that nobody reads.
type discard struct{}

func (discard) Message(*Observation)         {}
func (discard) CDR(*CDR)                     {}
func (discard) Event(*store.Event)           {}
func (discard) Reject(Place, string, []byte) {}
func (discard) Warn(Place, string)           {}
