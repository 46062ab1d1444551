package sip

import "bytes"

// MaxHead bounds the header section of one message (start line to empty line).
// A longer one is cut and flagged: no real SIP message comes near it.
const MaxHead = 64 << 10

// IsStartLine reports whether line (without its line end) is the start line of
// a SIP/2.0 message: "METHOD uri SIP/2.0" or "SIP/2.0 200 OK" (RFC 3261 §7.1,
// §7.2). It is meant for finding messages in text and streams, so it asks for
// what a false hit would not have: a token as method and the version at the end.
func IsStartLine(line []byte) bool {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) >= 8 && string(line[:8]) == "SIP/2.0 " { // compared as one number: CutPrefix is a call
		rest := bytes.TrimLeft(line[8:], " ")
		return len(rest) >= 3 && digit(rest[0]) && digit(rest[1]) && digit(rest[2]) && (len(rest) == 3 || rest[3] == ' ')
	}
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	n := len(line) - 8
	if n < 0 || string(line[n:]) != " SIP/2.0" {
		return false
	}
	head := line[:n]
	sp := bytes.IndexByte(head, ' ')
	if sp <= 0 || sp == len(head)-1 {
		return false
	}
	return isToken(head[:sp])
}

// Frame finds the first message at the beginning of stream data (RFC 3261
// §18.3: on streams Content-Length says where the body ends). It returns how
// many bytes to skip before the message (keep-alive line ends, junk), the
// message's length, and whether all of it is there. size 0 with complete false
// means that more data is needed to say anything; skip may then be dropped.
func Frame(data []byte) (skip, size int, complete bool) {
	skip = startOffset(data)
	rest := data[skip:]
	head := headLen(rest)
	if head == 0 {
		if len(rest) > MaxHead { // no end of the header section in sight: give up on this start line
			return skip, len(rest), true
		}
		return skip, 0, false
	}
	size = head + contentLength(rest[:head])
	return skip, min(size, len(rest)), size <= len(rest)
}

// startOffset is the offset of the first start line, or of the last, perhaps
// unfinished, line where there is none yet.
func startOffset(data []byte) int {
	at := 0
	for at < len(data) {
		nl := bytes.IndexByte(data[at:], '\n')
		if nl < 0 {
			return at
		}
		if IsStartLine(data[at : at+nl]) {
			return at
		}
		at += nl + 1
	}
	return at
}

// headLen is the length of the header section with its empty line, 0 if there
// is no empty line yet. CRLF and bare LF both end a line.
func headLen(b []byte) int {
	for at := 0; ; {
		nl := bytes.IndexByte(b[at:], '\n')
		if nl < 0 {
			return 0
		}
		at += nl + 1
		if at < len(b) && b[at] == '\n' {
			return at + 1
		}
		if at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n' {
			return at + 2
		}
	}
}

// contentLength reads the Content-Length of a header section. What is not a
// small number, or differs between two rows, counts as 0, as RFC 4475's ncl and
// mcl01 force: the next start line is then looked for.
func contentLength(head []byte) int {
	length, seen := 0, false
	var p row
	for r := (rows{b: head, end: '\n'}); r.next(&p); {
		if p.id != hContentLength {
			continue
		}
		n, ok := number(head[p.value:p.end], 1<<24)
		if !ok || seen && n != length {
			return 0
		}
		length, seen = n, true
	}
	return length
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// tokenByte reports whether c may stand in a token (RFC 3261 §25.1).
func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c) || c != 0 && bytes.IndexByte([]byte("-.!%*_+`'~"), c) >= 0
}
