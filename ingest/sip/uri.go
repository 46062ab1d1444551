package sip

import (
	"bytes"
	"net/netip"
)

// URI is a URI taken apart (RFC 3261 §19.1, RFC 3966 for tel). The slices point
// into the input, except Host where it had to be normalised.
type URI struct {
	Scheme   []byte // as written; nil if there is none
	User     []byte // user part with its parameters, still escaped; the number of a tel URI; what any other URI names
	Password []byte
	Host     []byte // without brackets; an IPv4-mapped IPv6 address as IPv4
	Port     int    // 0: none
	Params   []byte // from the first semicolon on; read them with [Param]
	Headers  []byte // behind the question mark
}

// ParseURI takes a URI apart and never complains: what does not fit the
// grammar ends up in User or Host as it is. Brackets and white space around it
// are taken off.
func ParseURI(b []byte) URI {
	b = trim(b)
	if n := len(b); n > 1 && b[0] == '<' && b[n-1] == '>' && maskLen(b) == 0 {
		b = trim(b[1 : n-1])
	}
	var u URI
	u.Scheme, b = splitScheme(b)
	sip := u.Scheme == nil || equalName(u.Scheme, "sip") || equalName(u.Scheme, "sips")
	slashes := bytes.HasPrefix(b, []byte("//"))
	if slashes {
		b = b[2:]
	}
	host := b
	if at := userEnd(b); at >= 0 {
		u.User, host = b[:at], b[at+1:]
		if colon := bytes.IndexByte(u.User, ':'); colon >= 0 && sip {
			u.User, u.Password = u.User[:colon], u.User[colon+1:]
		}
	}
	if q := bytes.IndexByte(host, '?'); q >= 0 {
		host, u.Headers = host[:q], host[q+1:]
	}
	if semi := bytes.IndexByte(host, ';'); semi >= 0 {
		host, u.Params = host[:semi], host[semi:]
	}
	host = trim(host)
	if !sip && !slashes && u.User == nil { // tel:, urn:, isbn: ... name something, not a host
		u.User = host
		return u
	}
	if slashes {
		if slash := bytes.IndexByte(host, '/'); slash >= 0 {
			host = host[:slash]
		}
	}
	u.Host, u.Port = hostPort(host)
	return u
}

// plainURI reads the URI that b begins with, if it is as nearly all are: sip:user@host
// or sip:host, with a port and parameters or without, where each byte means nothing but
// itself. n is where it ends; 0: it is none of these. Three are read of each request.
func plainURI(b []byte) (user []byte, n int) {
	if len(b) < 6 || b[0]|0x20 != 's' || b[1]|0x20 != 'i' || b[2]|0x20 != 'p' {
		return nil, 0
	}
	start := 4
	if b[3] != ':' {
		if start++; b[3]|0x20 != 's' || b[4] != ':' {
			return nil, 0
		}
	}
	n = start
	for n < len(b) && uriBytes[b[n]]&inUser != 0 {
		n++
	}
	if n > start && n < len(b) && b[n] == '@' {
		user = b[start:n]
		n++
	} else {
		n = start
	}
	for n < len(b) && uriBytes[b[n]]&inHost != 0 {
		n++
	}
	if n < len(b) && b[n] == ':' {
		n++
		for n < len(b) && digit(b[n]) {
			n++
		}
	}
	if n < len(b) && b[n] == ';' {
		for n < len(b) && uriBytes[b[n]]&inParams != 0 {
			n++
		}
	}
	return user, n
}

// What a byte may stand in and mean nothing but itself.
const (
	inUser = 1 << iota
	inHost
	inParams // and those that divide them
)

var uriBytes = func() (t [256]uint8) {
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_." {
		t[c] = inUser | inHost | inParams
	}
	for _, c := range "!~*'()&=+$%#" {
		t[c] |= inUser
	}
	for _, c := range "!~'()&=+$%/:;" {
		t[c] |= inParams
	}
	return t
}()

// splitScheme splits "sip" from the rest. "host:5060" has no scheme.
func splitScheme(b []byte) (scheme, rest []byte) {
	colon := bytes.IndexByte(b, ':')
	if colon <= 0 || lower(b[0]) < 'a' || lower(b[0]) > 'z' {
		return nil, b
	}
	for _, c := range b[:colon] {
		if !digit(c) && (lower(c) < 'a' || lower(c) > 'z') && c != '+' && c != '-' && c != '.' {
			return nil, b
		}
	}
	scheme, rest = b[:colon], b[colon+1:]
	for _, known := range []string{"sip", "sips", "tel"} {
		if equalName(scheme, known) {
			return scheme, rest
		}
	}
	port := rest
	if i := bytes.IndexAny(port, ";?"); i >= 0 {
		port = port[:i]
	}
	if _, ok := number(port, 65535); ok {
		return nil, b
	}
	return scheme, rest
}

// userEnd finds the @ that ends the user part, -1 if there is none. It is the
// last one, because the user part may hold ; and ? (RFC 4475 semiuri), unless
// what stands behind an earlier one is a complete host followed by parameters.
func userEnd(b []byte) int {
	last := bytes.LastIndexByte(b, '@')
	first := bytes.IndexByte(b, '@')
	if first == last || bytes.ContainsAny(b[:first], ";?") {
		return last
	}
	host := b[first+1:]
	if end := bytes.IndexAny(host, ";?"); end >= 0 && bytes.IndexByte(host[:end], '@') < 0 {
		return first
	}
	return last
}

// hostPort splits "host", "host:port", "[v6]" and "[v6]:port". An IPv6 address
// without brackets is all host.
func hostPort(b []byte) (host []byte, port int) {
	b = trim(b)
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return normalHost(b[1:]), 0
		}
		rest := trim(b[end+1:])
		if len(rest) > 0 && rest[0] == ':' {
			port, _ = number(trim(rest[1:]), 65535)
		}
		return normalHost(b[1:end]), port
	}
	colon := bytes.IndexByte(b, ':')
	if colon < 0 {
		return b, 0
	}
	if bytes.IndexByte(b[colon+1:], ':') >= 0 {
		return normalHost(b), 0
	}
	port, ok := number(trim(b[colon+1:]), 65535)
	if !ok && colon+1 < len(b) { // a port that is none: keep the text
		return b, 0
	}
	return trim(b[:colon]), port
}

// normalHost makes one form of what peers write in several: an IPv4-mapped
// IPv6 address is the IPv4 address, and the ::: of the first IPv6 grammar
// (RFC 5118 §4.10) is ::.
func normalHost(b []byte) []byte {
	if i := bytes.Index(b, []byte(":::")); i >= 0 {
		b = append(b[:i:i], b[i+1:]...)
	}
	if len(b) > 7 && len(b) <= 45 && (b[0] == ':' || b[0] == '0') {
		if a, err := netip.ParseAddr(string(b)); err == nil && a.Is4In6() {
			return []byte(a.Unmap().String())
		}
	}
	return b
}

// Unescape resolves %-escapes for showing (RFC 3261 §19.1.4). Escapes of
// control characters stay: %00 is shown as %00.
func Unescape(b []byte) string {
	if bytes.IndexByte(b, '%') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			hi, lo := hexDigit(b[i+1]), hexDigit(b[i+2])
			if c := hi<<4 | lo; hi >= 0 && lo >= 0 && c >= 0x20 && c != 0x7f {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return string(out)
}

func hexDigit(c byte) int {
	switch c = lower(c); {
	case digit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// equalName compares a name without case.
func equalName(b []byte, name string) bool { return len(b) == len(name) && equalFold(b, name) }
