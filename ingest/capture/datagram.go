package capture

import (
	"bytes"

	"callsift/ingest/sip"
)

// A datagram is searched for SIP on any port. maxStartLine bounds where its
// start line may end, maxBefore how much junk may stand before it.
const (
	maxStartLine = 8 << 10
	maxBefore    = 256
)

// datagram looks for a message in what a UDP packet carries.
func (c *scan) datagram(data []byte, way flow, at *place, cut bool) {
	if isHEP(data) {
		if !c.hep(data, UDP, at, cut) {
			c.sum.NotSIP++
		}
		return
	}
	start, junk := findSIP(data)
	switch {
	case start >= 0:
		if junk {
			c.sum.Junk++
			c.warn(*at, "other bytes before the SIP message of this datagram")
		}
		c.payload = Payload{Src: way.src, Dst: way.dst, Transport: UDP, Data: data[start:], Cut: cut}
		c.emit(UDP, at)
	case len(bytes.Trim(data, "\r\n\x00 ")) == 0:
		c.sum.KeepAlives++
	default:
		c.sum.NotSIP++
	}
}

var sipVersion = []byte("SIP/2.0")

// findSIP is the offset of the SIP message in a datagram, -1 if there is none:
// at the first line that is not empty (RFC 3261 §7.5), or, behind junk, at a
// later line near the beginning. One vectored search for the version turns
// media away: it is the only cost of an RTP packet.
func findSIP(data []byte) (start int, junk bool) {
	if len(data) > 0 && data[0] >= 'A' && data[0] <= 'Z' { // nearly every message, and hardly any media
		line := data[:min(len(data), maxStartLine)]
		if nl := bytes.IndexByte(line, '\n'); nl >= 0 && sip.IsStartLine(line[:nl]) {
			return 0, false
		}
	}
	if !bytes.Contains(data[:min(len(data), maxStartLine)], sipVersion) {
		return -1, false
	}
	for start < len(data) && (data[start] == '\r' || data[start] == '\n') {
		start++
	}
	// Syslog that carries a SIP trace: "<134>... INVITE". The message in it is
	// not one between these two hosts.
	syslog := start < len(data) && data[start] == '<'
	for first := true; start < len(data) && (first || start <= maxBefore && !syslog); first = false {
		line := data[start:min(len(data), start+maxStartLine)]
		nl := bytes.IndexByte(line, '\n')
		if nl >= 0 {
			line = line[:nl]
		}
		if sip.IsStartLine(line) {
			return start, !first
		}
		if nl < 0 {
			break
		}
		start += nl + 1
	}
	return -1, false
}
