package ingest

import "bytes"

// Banners of programs that name the peer in words: FreeSWITCH, PJSIP clients,
// AudioCodes, Blink. The shapes are documented at their Format values.

func freeSWITCHReceived(before, after []byte) (hop, bool) {
	return freeSWITCHHop(before, after, "recv ", Received)
}

func freeSWITCHSent(before, after []byte) (hop, bool) {
	return freeSWITCHHop(before, after, "send ", Sent)
}

// freeSWITCHHop reads "recv 282", "udp/[192.0.2.10]:5060 at 15:46:48.570890:".
func freeSWITCHHop(before, after []byte, verb string, heading Heading) (hop, bool) {
	word := bytes.LastIndex(before, []byte(verb))
	if word < 0 || word > 0 && !blankByte(before[word-1]) {
		return hop{}, false
	}
	if _, ok := number(before[word+len(verb):]); !ok {
		return hop{}, false
	}
	transport, rest, ok := bytes.Cut(after, []byte("/["))
	host, rest, ok2 := bytes.Cut(rest, []byte("]"))
	portText, clock, ok3 := bytes.Cut(rest, []byte(" at "))
	if !ok || !ok2 || !ok3 || len(host) > 64 {
		return hop{}, false
	}
	h := hop{heading: heading, transport: transportOf(transport)}
	peer, _ := address(host)
	if peer.IsValid() && len(portText) > 1 {
		peer = join(peer.Addr(), port(portText[1:]))
	}
	if heading == Sent {
		h.dst = peer
	} else {
		h.src = peer
	}
	h.clock, h.clocked = timeOfDayAt(bytes.TrimRight(clock, ": "))
	return h, h.clocked
}

// pjsuaHop reads "15:25:54.229 pjsua_core.c .TX 1056", "INVITE/cseq=1 (tdta0x55)
// to UDP 192.0.2.1:5060:".
func pjsuaHop(before, after []byte) (hop, bool) {
	count := bytes.LastIndexByte(before, ' ')
	if count < 3 {
		return hop{}, false
	}
	if _, ok := number(before[count+1:]); !ok {
		return hop{}, false
	}
	var h hop
	mark := ") to "
	switch string(before[count-2 : count]) {
	case "TX":
		h.heading = Sent
	case "RX":
		h.heading, mark = Received, ") from "
	default:
		return hop{}, false
	}
	_, rest, ok := bytes.Cut(after, []byte(mark))
	transport, peer, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 {
		return hop{}, false
	}
	h.transport = transportOf(transport)
	if h.heading == Sent {
		h.dst, _ = address(peer)
	} else {
		h.src, _ = address(peer)
	}
	h.clock, h.clocked = timeOfDayAt(bytes.TrimLeft(before, " "))
	return h, true
}

func audioCodesIn(before, after []byte) (hop, bool) {
	h, ok := audioCodesHop(before, after, "Incoming")
	h.heading = Received
	h.src, _ = address(after)
	return h, ok
}

func audioCodesOut(before, after []byte) (hop, bool) {
	h, ok := audioCodesHop(before, after, "Outgoing")
	h.heading = Sent
	h.dst, _ = address(after)
	return h, ok
}

// audioCodesHop reads "SIPInterface #1 (TRUNK) TLS TO(#553)" for the transport.
func audioCodesHop(before, after []byte, way string) (hop, bool) {
	if !bytes.HasSuffix(before, []byte("---- "+way)) {
		return hop{}, false
	}
	_, rest, ok := bytes.Cut(after, []byte("SIPInterface #"))
	_, rest, _ = bytes.Cut(rest, []byte(") "))
	word, _, _ := bytes.Cut(rest, []byte(" "))
	return hop{transport: transportOf(word)}, ok
}

func blinkReceived(_, after []byte) (hop, bool) {
	return hop{heading: Received}, len(after) > 0 && digit(after[0])
}

func blinkSent(_, after []byte) (hop, bool) {
	return hop{heading: Sent}, len(after) > 0 && digit(after[0])
}

// blinkHop reads "192.0.2.10:443", "TLS)-> 198.51.100.7:43685".
func blinkHop(before, after []byte) (hop, bool) {
	transport, dst, ok := bytes.Cut(after, []byte(")-> "))
	h := hop{transport: transportOf(transport)}
	h.src, _ = address(before)
	h.dst, _ = address(dst)
	return h, ok && h.src.IsValid()
}
