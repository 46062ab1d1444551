package capture

import "net/netip"

// packet decodes one record of the file.
func (c *scan) packet(rec *record) {
	first := firstLayer(rec.link, rec.data)
	if first == noLayer {
		c.skip(linkName(rec.link))
		return
	}
	at := place{packet: c.sum.Packets, offset: rec.offset, time: rec.time}
	c.expireFragments(at.time)
	short, ok := c.decoder.parse(first, rec.data)
	if !ok {
		c.skip("damaged or cut header")
		return
	}
	c.absent, c.depth = max(0, rec.wire-len(rec.data)), 0
	missing := 0
	if short {
		missing = c.absent
	}
	if c.decoder.ip {
		c.sum.IP++
	}
	c.decoded(&at, missing)
}

// decoded takes up the packet in the decoder, a captured or a rebuilt one;
// missing bytes of its end are not in the capture.
func (c *scan) decoded(at *place, missing int) {
	d := &c.decoder
	switch d.last {
	case udp:
		c.sum.UDP++
		if inner := vxlan(d.dstPort, d.payload); inner != nil {
			c.sum.UDP--
			c.inside(ethernet, inner, at)
			return
		}
		c.datagram(d.payload, d.flow(), at, d.lacks)
	case tcp:
		c.sum.TCP++
		c.streams.segment(d.flow(), d, missing, at)
	case icmp4:
		c.sum.ICMP++
		c.icmp4(at)
	case icmp6:
		c.sum.ICMP++
		c.icmp6(at)
	case ipv4, fragment6:
		if d.last == ipv4 && !d.piece.is {
			c.beyond(at)
			return
		}
		c.sum.Fragments++
		key := fragKey{d.src, d.dst, d.piece.id, d.piece.protocol, d.last == fragment6}
		c.fragment(key, piece{d.piece.start, d.payload}, d.piece.more, missing, at)
	default:
		c.beyond(at)
	}
}

// flow is the conversation of the last packet, UDP or TCP.
func (d *decoder) flow() flow {
	return flow{netip.AddrPortFrom(d.src, d.srcPort), netip.AddrPortFrom(d.dst, d.dstPort)}
}
