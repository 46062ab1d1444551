package capture

import "net/netip"

// icmp4 looks for SIP in an ICMP error: destination unreachable, source quench,
// redirect, time exceeded, parameter problem (RFC 792).
func (c *scan) icmp4(at *place) {
	switch d := &c.decoder; d.typ {
	case 3, 4, 5, 11, 12:
		c.quote(ipv4, d.payload, Quoted{From: d.src, Type: d.typ, Code: d.code}, at)
	}
}

// icmp6 does the same for ICMPv6 errors, types 1 to 4; four bytes of each are
// unused or a number (RFC 4443 §3).
func (c *scan) icmp6(at *place) {
	if d := &c.decoder; d.typ >= 1 && d.typ <= 4 && len(d.payload) > 4 {
		c.quote(ipv6, d.payload[4:], Quoted{From: d.src, V6: true, Type: d.typ, Code: d.code}, at)
	}
}

// quote decodes the packet that an error quotes, which is cut as a rule.
func (c *scan) quote(first layer, data []byte, q Quoted, at *place) {
	d := &c.decoder
	d.parse(first, data)
	switch d.last {
	case udp:
		q.Transport = UDP
	case tcp:
		q.Transport = TCP
	default:
		return
	}
	q.Data = d.payload
	start, _ := findSIP(q.Data)
	if start < 0 {
		return
	}
	c.sum.Quoted++
	if c.opt.Quoted == nil {
		return
	}
	q.Data = q.Data[start:]
	q.Time, q.Packet, q.Offset = at.time, at.packet, at.offset
	q.Src, q.Dst = netip.AddrPortFrom(d.src, d.srcPort), netip.AddrPortFrom(d.dst, d.dstPort)
	c.opt.Quoted(&q)
}
