package capture

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// icmp4 looks for SIP in an ICMP error: destination unreachable, source quench,
// redirect, time exceeded, parameter problem (RFC 792).
func (c *scan) icmp4(at *place) {
	t := c.decoder.icmp4.TypeCode
	switch t.Type() {
	case 3, 4, 5, 11, 12:
		q := Quoted{From: c.decoder.src, Type: t.Type(), Code: t.Code()}
		c.quote(layers.LayerTypeIPv4, c.decoder.icmp4.Payload, q, at)
	}
}

// icmp6 does the same for ICMPv6 errors, types 1 to 4; four bytes of each are
// unused or a number (RFC 4443 §3).
func (c *scan) icmp6(at *place) {
	t := c.decoder.icmp6.TypeCode
	if body := c.decoder.icmp6.Payload; t.Type() >= 1 && t.Type() <= 4 && len(body) > 4 {
		q := Quoted{From: c.decoder.src, V6: true, Type: t.Type(), Code: t.Code()}
		c.quote(layers.LayerTypeIPv6, body[4:], q, at)
	}
}

// quote decodes the packet that an error quotes, which is cut as a rule.
func (c *scan) quote(first gopacket.LayerType, data []byte, q Quoted, at *place) {
	d := c.decoder
	d.parse(first, data)
	if len(d.path) == 0 {
		return
	}
	var src, dst uint16
	switch d.last() {
	case layers.LayerTypeUDP:
		q.Transport, q.Data = UDP, d.udp.Payload
		src, dst = uint16(d.udp.SrcPort), uint16(d.udp.DstPort)
	case layers.LayerTypeTCP:
		q.Transport, q.Data = TCP, d.tcp.Payload
		src, dst = uint16(d.tcp.SrcPort), uint16(d.tcp.DstPort)
	default:
		return
	}
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
	q.Src, q.Dst = netip.AddrPortFrom(d.src, src), netip.AddrPortFrom(d.dst, dst)
	c.opt.Quoted(&q)
}
