package capture

import "encoding/binary"

// Tunnels: GRE (RFC 2784, RFC 2890, with PPTP's version 1 of RFC 2637 and the
// port mirrors ERSPAN I to III), VXLAN (RFC 7348), MPLS (RFC 3032) with IP or
// Ethernet inside (RFC 4448), PPPoE (RFC 2516). What is inside
// begins anew, and its addresses are the ones that count. IP in IP needs
// nothing: there the layers follow each other in the decoder.

// maxDepth bounds tunnels in tunnels, maxLabels a stack of MPLS labels.
const (
	maxDepth  = 8
	maxLabels = 16
)

// Ethernet types and PPP protocols.
const (
	typeIPv4     = 0x0800
	typeIPv6     = 0x86dd
	typeVLAN     = 0x8100
	typeQinQ     = 0x88a8
	typePPPoE    = 0x8864
	typeMPLS     = 0x8847
	typeMPLSMany = 0x8848
	typeEthernet = 0x6558
	typePPP      = 0x880b
	typeERSPAN2  = 0x88be // also I, which has no header of its own
	typeERSPAN3  = 0x22eb

	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
)

// inside decodes what a tunnel carries. That it came through a tunnel does not
// make it another packet: it is counted once, as what it is.
func (c *scan) inside(first layer, data []byte, at *place) {
	if c.depth++; c.depth > maxDepth {
		c.skip("more than 8 tunnels in each other")
		return
	}
	short, ok := c.decoder.parse(first, data)
	if !ok {
		c.skip("damaged or cut header")
		return
	}
	missing := 0
	if short {
		missing = c.absent
	}
	c.decoded(at, missing)
}

// beyond takes up a packet at the end of what the decoder knows.
func (c *scan) beyond(at *place) {
	d := &c.decoder
	name := d.inner()
	switch d.last {
	case ethernet, vlan, sll, sll2:
		c.ethertype(d.next, d.payload, name, at)
	case ipv4, ipv6, extension:
		c.transport(uint8(d.next), d.payload, name, at)
	default:
		c.skip(name)
	}
}

// transport takes up what an IP packet carries and the decoder does not know.
func (c *scan) transport(protocol uint8, data []byte, name string, at *place) {
	switch protocol {
	case protoSCTP:
		c.sctp(data, at)
	case protoGRE:
		if typ, body, ok := gre(data); ok {
			c.ethertype(typ, body, name, at)
			return
		}
		c.skip(name)
	default:
		c.skip(name)
	}
}

// ethertype opens what an Ethernet type announces.
func (c *scan) ethertype(typ uint16, data []byte, name string, at *place) {
	first := noLayer
	switch typ {
	case typeIPv4:
		first = ipv4
	case typeIPv6:
		first = ipv6
	case typeEthernet:
		first = ethernet
	case typeERSPAN2, typeERSPAN3:
		first, data = ethernet, erspan(typ, data)
	case typeMPLS, typeMPLSMany:
		first, data = mpls(data)
	case typePPPoE:
		if len(data) >= 6 && data[0] == 0x11 && data[1] == 0 { // version and type 1, session data
			size := int(binary.BigEndian.Uint16(data[4:]))
			first, data = ppp(data[6:min(len(data), 6+size)])
		}
	case typePPP:
		first, data = ppp(data)
	}
	if first == noLayer {
		c.skip(name)
		return
	}
	c.inside(first, data, at)
}

// gre reads a GRE header and returns the Ethernet type of what follows.
func gre(b []byte) (typ uint16, body []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	size := 4
	for _, bit := range []uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number
		if flags&bit != 0 {
			size += 4
		}
	}
	if flags&7 == 1 && flags&0x0080 != 0 { // PPTP: acknowledgement
		size += 4
	}
	if flags&7 > 1 || flags&0x4000 != 0 || len(b) < size { // source routes: nobody sends them
		return 0, nil, false
	}
	if typ == typeERSPAN2 && flags&0x1000 == 0 { // ERSPAN I: Ethernet at once
		typ = typeEthernet
	}
	return typ, b[size:], true
}

// erspan takes the header of a mirrored Ethernet frame off.
func erspan(typ uint16, b []byte) []byte {
	size := 8
	if typ == typeERSPAN3 {
		size = 12
		if len(b) >= 12 && b[11]&1 != 0 { // platform-specific subheader
			size = 20
		}
	}
	return b[min(size, len(b)):]
}

// mpls takes the label stack off. Nothing says what is below it; IP tells
// itself by its version, and Ethernet may have a control word of zeros first.
func mpls(b []byte) (layer, []byte) {
	for labels := 0; labels < maxLabels && len(b) > 4; labels++ {
		bottom := b[2]&1 == 1
		b = b[4:]
		if !bottom {
			continue
		}
		switch b[0] >> 4 {
		case 4:
			return ipv4, b
		case 6:
			return ipv6, b
		case 0:
			if len(b) > 4 {
				return ethernet, b[4:]
			}
		}
		break
	}
	return noLayer, nil
}

// ppp reads a PPP protocol field, of one byte where compressed (RFC 1661 §6.5),
// behind the address and control of RFC 1662 where these stand.
func ppp(b []byte) (layer, []byte) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return noLayer, nil
	}
	protocol, size := uint16(b[0]), 1
	if b[0]&1 == 0 {
		protocol, size = binary.BigEndian.Uint16(b), 2
	}
	switch protocol {
	case pppIPv4:
		return ipv4, b[size:]
	case pppIPv6:
		return ipv6, b[size:]
	}
	return noLayer, nil
}

// vxlan is the Ethernet frame in a datagram to a VXLAN port, nil if it is none:
// 4789, or 8472 which Linux took before. The eight bytes of its header are zero
// but for the flag "this has a network number" and that number.
func vxlan(port uint16, data []byte) []byte {
	if port != 4789 && port != 8472 || len(data) < 8+14 {
		return nil
	}
	if data[0] != 0x08 || data[1] != 0 || data[2] != 0 || data[3] != 0 || data[7] != 0 {
		return nil
	}
	return data[8:]
}
