package ingest

import (
	"bytes"
	"net/netip"
)

// hop is what a banner says of the message below it.
type hop struct {
	family    string // format whose banner it is
	heading   Heading
	transport Transport
	src, dst  netip.AddrPort
	repeat    bool        // the message was logged before, a few lines up
	time      int64       // microseconds UTC, where the banner has a time of its own
	clock     clockFields // ... or only a time of day
	clocked   bool
	dated     bool   // clock has a date, too
	record    acTags // of a banner in AudioCodes' syslog
}

// bannerRow is one banner: a line of a log that announces a message. A line has
// it if mark stands in it and parse takes what stands before and after mark.
type bannerRow struct {
	family string
	mark   string
	parse  func(before, after []byte) (hop, bool)
}

// banners are all banners known, tried in this order. A format's banners are
// documented at its Format value.
var banners = []bannerRow{
	{familySIPp, " message sent (", sippSent},
	{familySIPp, " message received [", sippReceived},
	{familySIPp, "Dead call ", sippDead},
	{familyPJSIP, "<--- Received SIP ", pjsipReceived},
	{familyPJSIP, "<--- Transmitting SIP ", pjsipSent},
	{familyChanSIP, "<--- SIP read from ", chanSIPReceived},
	{familyChanSIP, "ransmitting ", chanSIPSent},
	{familyFreeSWITCH, " bytes from ", freeSWITCHReceived},
	{familyFreeSWITCH, " bytes to ", freeSWITCHSent},
	{familyPJSUA, " bytes Request msg ", pjsuaHop},
	{familyPJSUA, " bytes Response msg ", pjsuaHop},
	{familyAudioCodes, " SIP Message from ", audioCodesIn},
	{familyAudioCodes, " SIP Message to ", audioCodesOut},
	{familyBlink, ": RECEIVED: Packet ", blinkReceived},
	{familyBlink, ": SENDING: Packet ", blinkSent},
	{familyBlink, " -(SIP over ", blinkHop},
	{familyCisco, "eceived: SIP ", ciscoReceivedFrom},
	{familyCisco, "Sent: SIP ", ciscoSentTo},
	{familyCisco, "Received:", ciscoReceived},
	{familyCisco, "Sent:", ciscoSent},
	{familyOracle, " received from ", oracleReceived},
	{familyOracle, " sent to ", oracleSent},
	{familySngrep, " -> ", sngrepHop},
	{familyHOMER, " ---> ", homerHop},
}

// findBanner returns what a banner in the line says; false if there is none.
func findBanner(text []byte) (hop, bool) {
	for i := range banners {
		row := &banners[i]
		at := bytes.Index(text, []byte(row.mark))
		if at < 0 {
			continue
		}
		if h, ok := row.parse(text[:at], text[at+len(row.mark):]); ok {
			h.family = row.family
			return h, true
		}
	}
	return hop{}, false
}

// bannerAround is findBanner for a line whose time ends at end. A line that is
// only a time, as SIPp writes before each message, needs no look at all banners.
func bannerAround(text []byte, end int) (hop, bool) {
	if end > 0 && end == len(text) {
		return hop{}, false
	}
	return findBanner(text)
}

// endMark reports whether a line is one that logs put behind a message, never
// part of one: dashes alone, or dashes before ">" or a blank.
func endMark(text []byte) bool {
	text = bytes.TrimLeft(text, " ")
	if len(text) == 0 {
		return false
	}
	switch text[0] {
	case '<':
		return bytes.HasPrefix(text, []byte("<---"))
	case ']':
		return bytes.HasPrefix(text, []byte("]]>"))
	case '|':
		return bytes.HasPrefix(text, sipdumpEnd)
	case '-':
		if bytes.HasPrefix(text, []byte("--end msg--")) {
			return true
		}
	default:
		return false
	}
	n := run(text, 0, func(c byte) bool { return c == '-' })
	return n >= 3 && (n == len(text) || text[n] == ' ' || text[n] == '\r' || text[n] == '>')
}

func sippSent(before, after []byte) (hop, bool) {
	return hop{heading: Sent, transport: transportOf(before)}, sizeThen(after, " bytes):")
}

func sippReceived(before, after []byte) (hop, bool) {
	return hop{heading: Received, transport: transportOf(before)}, sizeThen(after, "] bytes :")
}

// sizeThen reports whether text is digits and then tail.
func sizeThen(text []byte, tail string) bool {
	n := run(text, 0, digit)
	return n > 0 && bytes.HasPrefix(text[n:], []byte(tail))
}

// sippDead: SIPp prints a message for a call it has closed a second time, right
// below the first.
func sippDead(before, after []byte) (hop, bool) {
	return hop{repeat: true}, len(before) == 0 && bytes.Contains(after, []byte(" received a "))
}

func pjsipReceived(_, after []byte) (hop, bool) {
	_, peer, ok := bytes.Cut(after, []byte(" bytes) from "))
	return received(peer), ok
}

func pjsipSent(_, after []byte) (hop, bool) {
	_, peer, ok := bytes.Cut(after, []byte(" bytes) to "))
	return sent(peer), ok
}

func chanSIPReceived(_, after []byte) (hop, bool) {
	return received(after), true
}

// chanSIPSent takes Transmitting, Reliably Transmitting and Retransmitting #n,
// all with "(NAT) to" or "(no NAT) to" behind.
func chanSIPSent(before, after []byte) (hop, bool) {
	if len(before) == 0 || before[len(before)-1] != 'T' && !bytes.HasSuffix(before, []byte("Ret")) {
		return hop{}, false
	}
	mode, peer, ok := bytes.Cut(after, []byte("NAT) to "))
	if !ok || len(mode) > 24 {
		return hop{}, false
	}
	return sent(peer), true
}

func ciscoReceivedFrom(_, after []byte) (hop, bool) {
	return ciscoHop(after, Received)
}

func ciscoSentTo(_, after []byte) (hop, bool) {
	return ciscoHop(after, Sent)
}

// ciscoHop reads "UDP message from 192.0.2.1:5060 to 192.0.2.2:5060".
func ciscoHop(after []byte, heading Heading) (hop, bool) {
	transport, rest, ok := bytes.Cut(after, []byte(" message from "))
	src, dst, ok2 := bytes.Cut(rest, []byte(" to "))
	h := hop{heading: heading, transport: transportOf(transport)}
	h.src, _ = address(src)
	h.dst, _ = address(dst)
	return h, ok && ok2
}

func ciscoReceived(before, after []byte) (hop, bool) {
	return hop{heading: Received}, alone(before, after)
}

func ciscoSent(before, after []byte) (hop, bool) {
	return hop{heading: Sent}, alone(before, after)
}

// alone reports whether a word has its line for itself, but for a syslog prefix.
func alone(before, after []byte) bool {
	return isBlank(after) && (len(before) == 0 || bytes.HasSuffix(before, []byte(": ")))
}

func oracleReceived(before, after []byte) (hop, bool) {
	local, ok := oracleLocal(before)
	h := received(after)
	h.dst = local
	return h, ok && h.src.IsValid()
}

func oracleSent(before, after []byte) (hop, bool) {
	local, ok := oracleLocal(before)
	h := sent(after)
	h.src = local
	return h, ok && h.dst.IsValid()
}

// oracleLocal reads "Jun 10 13:01:21.044 On [0:0]10.1.1.1:5060".
func oracleLocal(before []byte) (netip.AddrPort, bool) {
	_, rest, ok := bytes.Cut(before, []byte(" On ["))
	_, local, ok2 := bytes.Cut(rest, []byte("]"))
	addr, _ := address(local)
	return addr, ok && ok2 && addr.IsValid()
}

// sngrepHop takes "2026/03/16 16:05:41.123456 192.0.2.1:5060 -> 192.0.2.2:5060".
func sngrepHop(before, after []byte) (hop, bool) {
	return arrow(before, after)
}

// homerHop takes "proto:UDP 2026-03-16T16:05:41Z  192.0.2.1:5060 ---> 192.0.2.2:5060".
func homerHop(before, after []byte) (hop, bool) {
	h, ok := arrow(before, after)
	if proto, found := bytes.CutPrefix(before, []byte("proto:")); found {
		word, clock, _ := bytes.Cut(proto, []byte(" "))
		h.transport = transportOf(word)
		h.clock, _, _, h.clocked = scanStamp(clock)
		h.dated = true
	}
	return h, ok
}

// arrow reads the addresses on both sides of an arrow; nothing may follow them.
func arrow(before, after []byte) (h hop, ok bool) {
	before = bytes.TrimRight(before, " ")
	h.src, _ = address(before[bytes.LastIndexByte(before, ' ')+1:])
	h.dst, _ = address(after)
	return h, h.src.IsValid() && h.dst.IsValid() && bytes.IndexByte(bytes.TrimSpace(after), ' ') < 0
}

func received(peer []byte) hop {
	h := hop{heading: Received}
	h.src, h.transport = address(peer)
	return h
}

func sent(peer []byte) hop {
	h := hop{heading: Sent}
	h.dst, h.transport = address(peer)
	return h
}

// address reads the peer of a banner, "UDP:192.0.2.1:5060", "[2001:db8::1]:5060"
// or "192.0.2.1", up to a blank. A name in place of an address gives the zero AddrPort.
func address(text []byte) (netip.AddrPort, Transport) {
	text = bytes.TrimLeft(text, " ")
	if i := bytes.IndexByte(text, ' '); i >= 0 {
		text = text[:i]
	}
	text = bytes.TrimRight(text, ":;,\r")
	transport := TransportUnknown
	if len(text) > 0 && letter(text[0]) {
		if word, rest, ok := bytes.Cut(text, []byte(":")); ok {
			if transport = transportOf(word); transport != TransportUnknown {
				text = rest
			}
		}
	}
	if len(text) > 64 {
		return netip.AddrPort{}, transport
	}
	if ap, err := netip.ParseAddrPort(string(text)); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), transport
	}
	bare := bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("[")), []byte("]"))
	if ip, err := netip.ParseAddr(string(bare)); err == nil {
		port := uint16(5060)
		if transport == TLS || transport == WSS {
			port = 5061
		}
		return netip.AddrPortFrom(ip.Unmap(), port), transport
	}
	return netip.AddrPort{}, transport
}

// transportOf reads the last word of text as the name of a transport.
func transportOf(text []byte) Transport {
	text = bytes.TrimRight(text, " ")
	text = text[bytes.LastIndexByte(text, ' ')+1:]
	text = bytes.TrimSuffix(text, []byte("6")) // UDP6, as pjsip names it
	for t, name := range [...]string{UDP: "UDP", TCP: "TCP", TLS: "TLS", WS: "WS", WSS: "WSS", SCTP: "SCTP"} {
		if len(text) == len(name) && t > 0 && bytes.EqualFold(text, []byte(name)) {
			return Transport(t)
		}
	}
	return TransportUnknown
}
