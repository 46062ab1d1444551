package ingest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"callsift/ingest/sip"
)

// SIP CLF, the common log format of RFC 6873 (information model: RFC 6872;
// WebSocket: RFC 7355). A record is two lines: an index of a letter, six hex
// digits of length, a comma and 52 hex digits of pointers; and the fields, parted
// by TABs:
//
//	time flags CSeq status R-URI destination source To-URI To-tag From-URI From-tag Call-ID server-transaction client-transaction [optional ...]
//
// Time is seconds of the epoch with milliseconds. Flags are five letters: R or r
// (request, response); O, D or S (original, duplicate, stateless); S or R (sent,
// received, small letters too); U, T, S or W (UDP, TCP, SCTP, WebSocket); E or U
// (encrypted, unencrypted). "-" is a field that is not there, "?" one that could
// not be parsed.
//
// The index is not used: its pointers are one too high in the RFC's own example
// and Length of optional fields counts otherwise than the text (so TABs part the
// fields, whatever the numbers say); files without index lines, with empty lines
// between records and with BEB of one digit are read as well.
//
// A record has no Via, so each is made into a message with what a witness of it
// would need: Via branches made of the transaction ids. A request received or a
// response sent belongs to the server transaction, a request sent or a response
// received to the client transaction, whose second Via is the server
// transaction: so a fork is several clients below one server. The ids mean
// something in one server's log only; beside a capture of the same calls the
// hops do not merge. Headers, bodies and whole messages in optional fields
// (vendor 00000000) are taken into the message. No real file was seen.
//
//	A000100,0053005C005E006D007D008F009E00A000BA00C700EB00F70100
//	1794823605.010	RORUU	1 INVITE	-	sip:192.0.2.10	192.0.2.10:5060	192.0.2.200:56485	sip:192.0.2.10	-	sip:1001@example.net:5060	f1	c1@example.net	S1-88	C6-11
var sipCLF = Format{
	Name:        "sip-clf",
	Description: "SIP common log format (RFC 6873)",
	Kind:        "sip",
	Proof:       "documentation",
	Example:     "A000100,0053005C005E006D007D008F009E00A000BA00C700EB00F70100\n1794823605.010\tRORUU\t1 INVITE\t-\tsip:192.0.2.10\t192.0.2.10:5060\t192.0.2.200:56485\tsip:192.0.2.10\t-\tsip:1001@example.net:5060\tf1\tc1@example.net\tS1-88\tC6-11\n",
	Sniff:       sniffCLF,
	Read:        readCLF,
}

// Fields of a record, by position.
const (
	clfTime = iota
	clfFlags
	clfCSeq
	clfStatus
	clfURI
	clfDst
	clfSrc
	clfTo
	clfToTag
	clfFrom
	clfFromTag
	clfCallID
	clfServer
	clfClient
	clfFields
)

// clfHost stands in the Vias made here: which address a transaction came from
// is only known on one of its hops.
const clfHost = "clf.invalid"

func sniffCLF(head []byte) bool {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		line, head = bytes.TrimSuffix(line, []byte("\r")), rest
		switch {
		case len(line) == 0 || isCLFIndex(line):
		case isCLFFields(line):
			return true
		default:
			return false
		}
	}
	return false
}

// isCLFIndex knows the first line of a record.
func isCLFIndex(line []byte) bool {
	if len(line) != 60 || line[0] < 'A' || line[0] > 'Z' || line[7] != ',' {
		return false
	}
	for i, c := range line[1:] {
		if i != 6 && !digit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// isCLFFields knows the beginning of the second line.
func isCLFFields(line []byte) bool {
	if len(line) < 21 || line[10] != '.' || line[14] != '\t' || line[20] != '\t' {
		return false
	}
	for i, c := range line[:14] {
		if i != 10 && !digit(c) {
			return false
		}
	}
	for i, letters := range []string{"Rr", "ODS", "SRsr", "UTSW", "EU"} {
		if bytes.IndexByte([]byte(letters), line[15+i]) < 0 {
			return false
		}
	}
	return true
}

func readCLF(in *Input, out Sink) error {
	lines := newLineReader(in)
	var index Place // of the line before, if it is an index
	var c clfMaker
	read := 0
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		at := Place{Offset: ln.off, Length: len(ln.text) + ln.eol, Line: ln.no}
		switch {
		case long > 0:
			at.Length = int(long)
			out.Reject(at, fmt.Sprintf("line of %d bytes, want at most %d", long, maxTextLine), ln.text)
		case isBlank(ln.text):
			continue
		case isCLFIndex(ln.text):
			if index.Line > 0 {
				out.Reject(index, "index line without a line of fields", nil)
			}
			index = at
			continue
		default:
			if index.Line > 0 {
				at.Offset, at.Line = index.Offset, index.Line
				at.Length = int(ln.end() - index.Offset)
			}
			if reason := c.record(ln.text, at); reason != "" {
				out.Reject(at, reason, sample(ln.text))
			} else {
				read++
				out.Message(&c.obs)
			}
		}
		index = Place{}
	}
	if index.Line > 0 {
		out.Reject(index, "index line without a line of fields", nil)
	}
	if read > 0 {
		out.Warn(Place{}, "messages are made from log records: Via and what else the log does not have is missing")
	}
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}

// clfMaker makes messages of records.
type clfMaker struct {
	obs   Observation
	f     [][]byte
	extra clfExtra
	raw   []byte
}

// clfExtra is what optional fields bring.
type clfExtra struct {
	headers []byte
	phrase  []byte
	via     bool
	kind    []byte // content type
	body    []byte
	whole   []byte // the message itself
}

// record reads a line of fields; reason says why it is none.
func (c *clfMaker) record(line []byte, at Place) (reason string) {
	if !isCLFFields(line) {
		return "line is neither an index nor fields with time and flags"
	}
	c.f = splitTabs(c.f[:0], line)
	if len(c.f) < clfFields {
		return fmt.Sprintf("%d fields, want %d or more", len(c.f), clfFields)
	}
	f := c.f
	number, method, ok := bytes.Cut(f[clfCSeq], []byte(" "))
	if _, isNumber := bigNumber(number); !ok || !isNumber || len(method) == 0 {
		return fmt.Sprintf("CSeq %q, want a number and a method", f[clfCSeq])
	}
	if clfMissing(f[clfCallID]) {
		return "record without a Call-ID"
	}
	flags := f[clfFlags]
	response := flags[0] == 'r'
	status, isStatus := bigNumber(f[clfStatus])
	if response && (!isStatus || status < 100 || status > 699) {
		return fmt.Sprintf("status %q of a response, want 100 to 699", f[clfStatus])
	}
	c.obs = Observation{Place: at, Transport: clfTransport(flags), Heading: Received}
	if flags[2]|0x20 == 's' {
		c.obs.Heading = Sent
	}
	c.obs.Time = epoch(f[clfTime])
	c.obs.Src, _ = address(f[clfSrc])
	c.obs.Dst, _ = address(f[clfDst])
	c.optional(f[clfFields:])
	if c.extra.whole != nil {
		c.obs.Raw = c.extra.whole
		return ""
	}
	c.make(response, method)
	c.obs.Raw = c.raw
	return ""
}

// splitTabs cuts a line at its TABs.
func splitTabs(list [][]byte, line []byte) [][]byte {
	for {
		i := bytes.IndexByte(line, '\t')
		if i < 0 || len(list) > 1000 {
			return append(list, line)
		}
		list = append(list, line[:i])
		line = line[i+1:]
	}
}

func clfTransport(flags []byte) Transport {
	secure := flags[4] == 'E'
	switch flags[3] {
	case 'U':
		return UDP
	case 'T':
		if secure {
			return TLS
		}
		return TCP
	case 'S':
		return SCTP
	}
	if secure {
		return WSS
	}
	return WS
}

// clfMissing reports whether a field is not there or could not be parsed.
func clfMissing(b []byte) bool { return len(b) == 0 || len(b) == 1 && (b[0] == '-' || b[0] == '?') }

// clfText undoes the one escape of a field: "-" and "?" written as such.
func clfText(b []byte) []byte {
	switch string(b) {
	case "%2D", "%2d":
		return []byte("-")
	case "%3F", "%3f":
		return []byte("?")
	}
	return b
}

// make writes the message.
func (c *clfMaker) make(response bool, method []byte) {
	f, b := c.f, c.raw[:0]
	if response {
		b = fmt.Appendf(b, "SIP/2.0 %s %s\r\n", f[clfStatus], c.extra.phrase)
	} else {
		uri := clfText(f[clfURI])
		if clfMissing(f[clfURI]) {
			uri = []byte("sip:" + clfHost)
		}
		b = fmt.Appendf(b, "%s %s SIP/2.0\r\n", method, uri)
	}
	if !c.extra.via {
		b = c.vias(b, response)
	}
	b = clfParty(b, "From", f[clfFrom], f[clfFromTag])
	b = clfParty(b, "To", f[clfTo], f[clfToTag])
	b = fmt.Appendf(b, "Call-ID: %s\r\nCSeq: %s\r\n", clfText(f[clfCallID]), f[clfCSeq])
	b = append(b, c.extra.headers...)
	if len(c.extra.body) > 0 {
		b = fmt.Appendf(b, "Content-Type: %s\r\n", c.extra.kind)
	}
	b = fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(c.extra.body))
	c.raw = append(b, c.extra.body...)
}

// vias writes the Vias that the transactions stand for.
func (c *clfMaker) vias(b []byte, response bool) []byte {
	server, client := c.f[clfServer], c.f[clfClient]
	atServer := response == (c.obs.Heading == Sent)
	if atServer && !clfMissing(server) || clfMissing(client) {
		return clfVia(b, 's', server)
	}
	b = clfVia(b, 'c', client)
	if !clfMissing(server) {
		b = clfVia(b, 's', server)
	}
	return b
}

func clfVia(b []byte, side byte, id []byte) []byte {
	b = append(b, "Via: SIP/2.0/UDP "+clfHost+";branch=z9hG4bK-"...)
	b = append(b, side, '-')
	for _, x := range id {
		if letter(x) || digit(x) || bytes.IndexByte([]byte("-.!%*_+`'~"), x) >= 0 {
			b = append(b, x)
		} else {
			b = fmt.Appendf(b, "%%%02x", x)
		}
	}
	return append(b, "\r\n"...)
}

func clfParty(b []byte, name string, uri, tag []byte) []byte {
	if clfMissing(uri) {
		uri = []byte("sip:" + clfHost)
	}
	b = fmt.Appendf(b, "%s: <%s>", name, clfText(uri))
	if !clfMissing(tag) {
		b = fmt.Appendf(b, ";tag=%s", clfText(tag))
	}
	return append(b, "\r\n"...)
}

// optional reads the fields behind the fourteen: Tag@Vendor,Length,BEB,Value.
func (c *clfMaker) optional(fields [][]byte) {
	c.extra = clfExtra{headers: c.extra.headers[:0]}
	for _, field := range fields {
		parts := bytes.SplitN(field, []byte(","), 4)
		if len(parts) < 4 {
			continue
		}
		value := parts[3]
		if n, err := strconv.Atoi(string(parts[2])); err == nil && n == 1 {
			plain, err := base64.StdEncoding.DecodeString(string(value))
			if err != nil {
				continue
			}
			value = plain
		}
		switch string(parts[0]) {
		case "00@00000000":
			c.header(value)
		case "01@00000000":
			kind, body, _ := bytes.Cut(value, []byte(" "))
			c.extra.kind, c.extra.body = kind, unescapeCRLF(body)
		case "02@00000000":
			whole := unescapeCRLF(value)
			if line, _, _ := bytes.Cut(whole, []byte("\n")); sip.IsStartLine(line) {
				c.extra.whole = whole
			}
		}
	}
}

// header adds a logged header that the fields do not have.
func (c *clfMaker) header(value []byte) {
	value = bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, value)
	name, at := headerName(value)
	switch {
	case name == nil:
		return
	case is(name, "Reason-Phrase"):
		c.extra.phrase = bytes.TrimSpace(value[at:])
		return
	case is(name, "From"), is(name, "To"), is(name, "Call-ID"), is(name, "CSeq"), is(name, "Content-Length"), is(name, "Content-Type"),
		len(name) == 1 && bytes.IndexByte([]byte("ftilcFTILC"), name[0]) >= 0:
		return
	case is(name, "Via"), is(name, "v"):
		c.extra.via = true
	}
	c.extra.headers = append(append(c.extra.headers, value...), '\r', '\n')
}

// unescapeCRLF gives a body the line ends that the log wrote as text.
func unescapeCRLF(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte("%0D%0A"), []byte("\r\n"))
}
