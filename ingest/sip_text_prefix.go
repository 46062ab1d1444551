package ingest

import (
	"bytes"

	"callsift/ingest/sip"
)

// maxPrefix bounds what a log may put before a SIP line; more is prose.
const maxPrefix = 512

// maxURI bounds how far before "SIP/2.0" the method of a request is looked for.
const maxURI = 4 << 10

var (
	sipVersion = []byte("SIP/2.0")
	sipMethods = []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK",
		"SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE"}
)

// findStart looks for a SIP start line anywhere in a line: at its beginning,
// behind a log prefix, or followed by an escaped line end. It returns where the
// start line begins and stops, at < 0 if there is none.
func findStart(text []byte) (at, stop int) {
	for from := 0; ; {
		i := bytes.Index(text[from:], sipVersion)
		if i < 0 {
			return -1, -1
		}
		i += from
		from = i + len(sipVersion)
		rest := text[from:]
		switch {
		case len(rest) > 0 && rest[0] == '/': // a Via
		case statusFollows(rest):
			if startBoundary(text, i) {
				return i, from + breakAt(rest)
			}
		case lineEnds(rest):
			if at := requestStart(text[:i]); at >= 0 && sip.IsStartLine(text[at:from]) {
				return at, from
			}
		}
	}
}

// statusFollows reports whether rest, which stands behind a version, goes on as
// a status line does: a blank, three digits and no more of them.
func statusFollows(rest []byte) bool {
	if len(rest) < 4 || rest[0] != ' ' || !digit(rest[1]) || !digit(rest[2]) || !digit(rest[3]) {
		return false
	}
	return len(rest) == 4 || rest[4] == ' ' || lineEnds(rest[4:])
}

// lineEnds reports whether the line has its end here, real or escaped.
func lineEnds(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r")
	return len(rest) == 0 || bytes.HasPrefix(rest, []byte("#01")) || rest[0] == '\\'
}

// requestStart finds the method in what stands before the version of a
// request: the upper-case word before the URI, -1 if there is none.
func requestStart(head []byte) int {
	if sp := bytes.IndexByte(head[:min(len(head), 16)], ' '); sp > 0 && knownMethod(head[:sp]) {
		return 0
	}
	floor := max(0, len(head)-maxURI)
	h := head[floor:]
	end := len(bytes.TrimRight(h, " "))
	if end == len(h) {
		return -1
	}
	// A URI may hold spaces (RFC 4475 §3.1.2.4), so a few words back are tried.
	for word := 0; word < 4; word++ {
		sp := bytes.LastIndexByte(h[:end], ' ')
		if sp <= 0 {
			return -1
		}
		uri := h[sp+1 : end]
		end = len(bytes.TrimRight(h[:sp], " "))
		if bytes.IndexByte(uri, ':') < 0 && !(word == 0 && string(uri) == "*") {
			continue
		}
		at := end
		for at > 0 && h[at-1] >= 'A' && h[at-1] <= 'Z' {
			at--
		}
		if end-at >= 3 && startBoundary(h, at) {
			return floor + at
		}
		if floor == 0 && end > 0 && bytes.IndexByte(h[:end], ' ') < 0 { // the line's first word: any token
			return 0
		}
	}
	return -1
}

func knownMethod(b []byte) bool {
	for _, m := range sipMethods {
		if string(b) == m {
			return true
		}
	}
	return false
}

// startBoundary reports whether a start line can begin at i: not within a word
// and not in quotes, as log messages about SIP put it.
func startBoundary(text []byte, i int) bool {
	if i == 0 {
		return true
	}
	c := text[i-1]
	if c == '2' && bytes.HasSuffix(text[:i], []byte("#012")) {
		return true
	}
	return !wordByte(c) && c != '"' && c != '\'' && c != '`' && c != '/' && c != '-'
}

func wordByte(c byte) bool {
	return letter(c) || digit(c) || c == '_' || c >= 0x80
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// breakAt is the offset of the first escaped line end in text, else its length.
func breakAt(text []byte) int {
	at, _, _ := nextBreak(text)
	if at < 0 {
		return len(text)
	}
	return at
}

// nextBreak finds a line end that a logger wrote as text: #012 and #015#012
// (rsyslog's octal escapes), \n and \r\n. It returns the escape's place and
// length, and the length of the line end it stands for; at < 0: none.
func nextBreak(text []byte) (at, n, eol int) {
	for from := 0; ; {
		i := bytes.IndexAny(text[from:], `#\`)
		if i < 0 {
			return -1, 0, 0
		}
		i += from
		rest := text[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("#015#012")):
			return i, 8, 2
		case bytes.HasPrefix(rest, []byte("#012")):
			return i, 4, 1
		case bytes.HasPrefix(rest, []byte(`\r\n`)):
			return i, 4, 2
		case bytes.HasPrefix(rest, []byte(`\n`)):
			return i, 2, 1
		}
		from = i + 1
	}
}

// alignPrefix reports whether line begins with a log prefix of the shape of
// prefix: the same words and marks, any digits for digits, any month for a
// month. n is the prefix's length in line. sameIDs says that numbers in brackets
// right behind a word or a mark, process and thread ids, are equal too.
func alignPrefix(prefix, line []byte) (n int, sameIDs, ok bool) {
	sameIDs = true
	i, j := 0, 0
	for i < len(prefix) {
		c := prefix[i]
		switch {
		case c == ' ' || c == '\t':
			pi, lj := run(prefix, i, blankByte), run(line, j, blankByte)
			if pi == len(prefix) { // behind the prefix every blank may be the message's own
				return j + min(pi-i, lj-j), sameIDs, lj > j || j == len(line)
			}
			if lj == j {
				return 0, false, false
			}
			i, j = pi, lj
		case digit(c):
			pi, lj := run(prefix, i, digit), run(line, j, digit)
			if lj == j {
				return 0, false, false
			}
			if isID(prefix, i, pi) && !bytes.Equal(prefix[i:pi], line[j:lj]) {
				sameIDs = false
			}
			i, j = pi, lj
		case letter(c):
			pi, lj := run(prefix, i, letter), run(line, j, letter)
			if !bytes.Equal(prefix[i:pi], line[j:lj]) && (monthOf(prefix[i:pi]) == 0 || monthOf(line[j:lj]) == 0) &&
				(!weekday(prefix[i:pi]) || !weekday(line[j:lj])) {
				return 0, false, false
			}
			i, j = pi, lj
		default:
			if j >= len(line) || line[j] != c {
				return 0, false, false
			}
			i, j = i+1, j+1
		}
	}
	return j, sameIDs, true
}

// isID reports whether the digits prefix[i:j] are an id: [123] or (123).
func isID(prefix []byte, i, j int) bool {
	return i > 0 && j < len(prefix) && (prefix[i-1] == '[' && prefix[j] == ']' || prefix[i-1] == '(' && prefix[j] == ')')
}

func blankByte(c byte) bool { return c == ' ' || c == '\t' }

// run is the end of the run of bytes of one class that begins at i.
func run(b []byte, i int, class func(byte) bool) int {
	for i < len(b) && class(b[i]) {
		i++
	}
	return i
}

func isBlank(b []byte) bool {
	return len(b) == 0 || b[0] <= ' ' && len(bytes.TrimRight(b, " \t\r")) == 0
}

// headerName returns the name of a header line and where its value begins, nil
// if the line is not one. Names begin with a letter, so that no clock time is
// taken for one; a blank before the colon is allowed (RFC 3261 §7.3.1).
func headerName(line []byte) (name []byte, value int) {
	if len(line) == 0 || !letter(line[0]) {
		return nil, 0
	}
	i := 1
	for i < len(line) && (letter(line[i]) || digit(line[i]) || line[i] == '-' || bytes.IndexByte(tokenMarks, line[i]) >= 0) {
		i++
	}
	end := i
	for i < len(line) && blankByte(line[i]) {
		i++
	}
	if i >= len(line) || line[i] != ':' {
		return nil, 0
	}
	return line[:end], i + 1
}

var tokenMarks = []byte(".!%*_+`'~")
