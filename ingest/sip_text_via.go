package ingest

import (
	"bytes"
	"net/netip"
)

// fillHop takes from the message what the log did not say: a request came from
// where its top Via points, a response goes there (RFC 3261 §18.2.2); received
// and rport (RFC 3581) come before what the sender wrote.
func fillHop(o *Observation, via []byte) {
	if len(via) == 0 {
		return
	}
	addr, transport := viaAddress(via)
	if o.Transport == TransportUnknown {
		o.Transport = transport
	}
	if bytes.HasPrefix(o.Raw, sipVersion) {
		if !o.Dst.IsValid() {
			o.Dst = addr
		}
	} else if !o.Src.IsValid() {
		o.Src = addr
	}
}

// viaAddress reads the first value of a Via header: "SIP/2.0/UDP host:port;params".
// A host name without received gives the zero AddrPort.
func viaAddress(via []byte) (netip.AddrPort, Transport) {
	if i := bytes.IndexByte(via, ','); i >= 0 {
		via = via[:i]
	}
	sentBy, params, _ := bytes.Cut(via, []byte(";"))
	sentBy = bytes.TrimSpace(sentBy)
	sp := bytes.LastIndexAny(sentBy, " \t")
	if sp < 0 {
		return netip.AddrPort{}, TransportUnknown
	}
	proto := bytes.TrimSpace(sentBy[:sp])
	transport := transportOf(proto[bytes.LastIndexByte(proto, '/')+1:])
	addr, _ := address(sentBy[sp+1:])
	ip, port := addr.Addr(), viaPort(sentBy[sp+1:], transport)
	for len(params) > 0 {
		var param []byte
		param, params, _ = bytes.Cut(params, []byte(";"))
		name, value, _ := bytes.Cut(param, []byte("="))
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		if bytes.EqualFold(name, []byte("received")) {
			if got, _ := address(value); got.IsValid() {
				ip = got.Addr()
			}
		} else if bytes.EqualFold(name, []byte("rport")) {
			if n, ok := number(value); ok && n > 0 && n < 1<<16 {
				port = uint16(n)
			}
		}
	}
	if !ip.IsValid() {
		return netip.AddrPort{}, transport
	}
	return netip.AddrPortFrom(ip, port), transport
}

// viaPort is the port of a sent-by, or its transport's default (RFC 3261 §18.2.2).
func viaPort(sentBy []byte, transport Transport) uint16 {
	colon := bytes.LastIndexByte(sentBy, ':')
	if colon > bytes.LastIndexByte(sentBy, ']') {
		n, ok := number(sentBy[colon+1:])
		bareIPv6 := sentBy[0] != '[' && bytes.IndexByte(sentBy, ':') != colon
		if ok && n > 0 && n < 1<<16 && !bareIPv6 {
			return uint16(n)
		}
	}
	if transport == TLS || transport == WSS {
		return 5061
	}
	return 5060
}
