package sip

import "bytes"

// addr is a From, To or Contact value taken apart; what it points to is in the value.
type addr struct {
	display, uri, params []byte
	flags                Flags
}

// AddrSpec takes a From, To, Contact, P-Asserted-Identity, Diversion or
// Refer-To value apart (RFC 3261 §20.10: name-addr or addr-spec, then
// parameters). It recovers what it can: an unclosed quote, commas or masks in
// the display name, white space inside the brackets, brackets that are never
// closed. display is without its quotes, uri without brackets, params begin at
// the first semicolon; read them with [Param].
func AddrSpec(value []byte) (display, uri, params []byte) {
	a := splitAddr(value)
	return a.display, a.uri, a.params
}

func splitAddr(value []byte) addr {
	value = trim(value)
	var a addr
	rest := value // where the URI is looked for: behind a quoted display name
	if len(value) > 0 && value[0] == '"' {
		if n := quoted(value); n > 0 {
			a.display, rest = value[1:n-1], trim(value[n:])
		} else {
			a.flags |= AddrQuote
			rest = lastBracket(value)
			a.display = trim(bareQuotes(value[:len(value)-len(rest)]))
		}
	}
	open := openBracket(rest)
	if open < 0 {
		a.uri, a.params = bareURI(rest)
		return a
	}
	if name := trim(rest[:open]); a.display == nil {
		a.display = name
		if bytes.IndexByte(name, ',') >= 0 && bytes.IndexByte(name, '"') < 0 {
			a.flags |= AddrComma
		}
	}
	inner := rest[open+1:]
	end := closeBracket(inner)
	if end < 0 {
		a.flags |= AddrQuote
		end = len(inner)
	} else {
		a.params = trim(inner[end+1:])
	}
	a.uri = trim(inner[:end])
	if len(a.uri) != end {
		a.flags |= AddrSpace
	}
	return a
}

// lastBracket is value from the < of its last <...> on; where there is none, nothing of it.
func lastBracket(value []byte) []byte {
	end := bytes.LastIndexByte(value, '>')
	if end < 0 {
		end = len(value)
	}
	if open := bytes.LastIndexByte(value[:end], '<'); open >= 0 {
		return value[open:]
	}
	return value[len(value):]
}

// openBracket finds the < that begins the URI, -1 if the URI stands without
// brackets. A mask, <***>, is one only if nothing else can be the URI.
func openBracket(b []byte) int {
	if len(b) > 1 && b[0] == '<' && b[1] != '*' {
		return 0
	}
	mask, colon := -1, false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ':':
			colon = true
		case '"':
			n := quoted(b[i:])
			if n == 0 {
				return bytes.IndexByte(b, '<')
			}
			i += n - 1
		case ';':
			// In a display name ; is not allowed; behind a URI it begins the parameters.
			if colon || mask == 0 {
				return mask
			}
		case '<':
			n := maskLen(b[i:])
			if n == 0 {
				if i > 0 && b[i-1] == ':' {
					return -1
				}
				return i
			}
			if mask < 0 {
				mask = i
				if colon { // sip:<***>@host
					return -1
				}
			}
			i += n - 1
		}
	}
	return mask
}

// closeBracket finds the > that ends a URI, past masks inside it; -1 if there is none.
func closeBracket(b []byte) int {
	if end := bytes.IndexByte(b, '>'); end < 0 || bytes.IndexByte(b[:end], '<') < 0 {
		return end
	}
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '<':
			if n := maskLen(b[i:]); n > 0 {
				i += n - 1
			}
		case '>':
			return i
		}
	}
	return -1
}

// maskLen is the length of the mask <***> that b begins with, 0 if there is none.
func maskLen(b []byte) int {
	if len(b) < 3 || b[0] != '<' || b[1] != '*' {
		return 0
	}
	for i := 2; i < len(b); i++ {
		if b[i] == '>' {
			return i + 1
		}
		if b[i] != '*' {
			return 0
		}
	}
	return 0
}

// bareURI splits an addr-spec without brackets from its parameters. All behind
// the first semicolon are parameters (RFC 3261 §20.10), unless an @ shows that
// the semicolon was in the user part.
func bareURI(b []byte) (uri, params []byte) {
	semi := bytes.IndexByte(b, ';')
	if semi < 0 {
		return trim(b), nil
	}
	if bytes.IndexByte(b[:semi], '@') < 0 {
		at := bytes.IndexByte(b[semi:], '@')
		if at >= 0 && bytes.IndexByte(b[semi:semi+at], '"') < 0 && !bytes.Contains(b[semi:semi+at], []byte("tag")) {
			next := bytes.IndexByte(b[semi+at:], ';')
			if next < 0 {
				return trim(b), nil
			}
			semi += at + next
		}
	}
	return trim(b[:semi]), b[semi:]
}

// Param returns the value of a parameter in a list separated by semicolons, a
// leading one included or not. Names are compared without case; the quotes of
// a value are taken off. A parameter without a value is there with value nil.
func Param(params []byte, name string) (value []byte, ok bool) {
	return param(params, ';', name)
}

func param(params []byte, sep byte, name string) ([]byte, bool) {
	s := splitter{rest: params, sep: sep}
	for {
		p, more := s.next()
		if !more {
			return nil, false
		}
		key, value, has := p, []byte(nil), false
		if eq := bytes.IndexByte(p, '='); eq >= 0 {
			key, value, has = trim(p[:eq]), trim(p[eq+1:]), true
		}
		if equalName(key, name) {
			if !has {
				return nil, true
			}
			return bareQuotes(value), true
		}
	}
}

// equalFold compares ASCII without case, both ways.
func equalFold(b []byte, name string) bool {
	for i, c := range b {
		if lower(c) != lower(name[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
