package capture

import (
	"fmt"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// decoder holds the layers that packets are decoded into, again and again, so
// that a packet costs no allocation (NewPacket is 25 to 200 times slower).
// A new encapsulation is a layer here and, if it does not lead to a layer known
// already, a case in scan.decoded; or, where gopacket has no such layer, a
// function in tunnel.go.
type decoder struct {
	eth      layers.Ethernet
	vlan     layers.Dot1Q // also 802.1ad
	sll      layers.LinuxSLL
	sll2     layers.LinuxSLL2
	loop     layers.Loopback
	ip4      layers.IPv4
	ip6      layers.IPv6
	ext6     layers.IPv6ExtensionSkipper
	frag6    layers.IPv6Fragment
	udp      layers.UDP
	tcp      layers.TCP
	icmp4    layers.ICMPv4
	icmp6    layers.ICMPv6
	parsers  map[gopacket.LayerType]*gopacket.DecodingLayerParser
	path     []gopacket.LayerType // what the last packet consisted of
	src, dst netip.Addr           // of its innermost IP header
}

// newDecoder makes a parser for each layer that a packet can begin with.
func newDecoder() *decoder {
	d := &decoder{parsers: map[gopacket.LayerType]*gopacket.DecodingLayerParser{}}
	var all gopacket.DecodingLayerContainer = gopacket.DecodingLayerSparse(nil)
	for _, l := range []gopacket.DecodingLayer{
		&d.eth, &d.vlan, &d.sll, &d.sll2, &d.loop, &d.ip4, &d.ip6,
		&d.ext6, &d.frag6, // in this order: the skipper would take fragments too
		&d.udp, &d.tcp, &d.icmp4, &d.icmp6,
	} {
		all = all.Put(l)
	}
	for _, first := range []gopacket.LayerType{
		layers.LayerTypeEthernet, layers.LayerTypeLinuxSLL, layers.LayerTypeLinuxSLL2, layers.LayerTypeLoopback,
		layers.LayerTypeIPv4, layers.LayerTypeIPv6, layers.LayerTypeUDP, layers.LayerTypeTCP,
		layers.LayerTypeICMPv4, layers.LayerTypeICMPv6, layers.LayerTypeIPv6Destination,
	} {
		p := gopacket.NewDecodingLayerParser(first)
		p.SetDecodingLayerContainer(all)
		p.IgnoreUnsupported = true
		d.parsers[first] = p
	}
	return d
}

// parse decodes data from the layer first on; ok is false where a header is
// damaged or cut, and short tells that bytes announced are not there.
func (d *decoder) parse(first gopacket.LayerType, data []byte) (short, ok bool) {
	p := d.parsers[first]
	err := p.DecodeLayers(data, &d.path)
	for _, l := range d.path {
		switch l {
		case layers.LayerTypeIPv4:
			d.src = netip.AddrFrom4([4]byte(d.ip4.SrcIP))
			d.dst = netip.AddrFrom4([4]byte(d.ip4.DstIP))
		case layers.LayerTypeIPv6:
			d.src = netip.AddrFrom16([16]byte(d.ip6.SrcIP))
			d.dst = netip.AddrFrom16([16]byte(d.ip6.DstIP))
		}
	}
	return p.Truncated, err == nil && len(d.path) > 0
}

// last is the innermost layer of the packet decoded last.
func (d *decoder) last() gopacket.LayerType { return d.path[len(d.path)-1] }

// inner names what the packet goes on with where it was not decoded further.
func (d *decoder) inner() string {
	switch d.last() {
	case layers.LayerTypeEthernet:
		return etherName(d.eth.EthernetType, d.eth.NextLayerType())
	case layers.LayerTypeDot1Q:
		return etherName(d.vlan.Type, d.vlan.NextLayerType())
	case layers.LayerTypeLinuxSLL:
		return etherName(d.sll.EthernetType, d.sll.NextLayerType())
	case layers.LayerTypeLinuxSLL2:
		return etherName(layers.EthernetType(d.sll2.ProtocolType), d.sll2.NextLayerType())
	case layers.LayerTypeLoopback:
		return fmt.Sprintf("address family %d", d.loop.Family)
	case layers.LayerTypeIPv4:
		return protocolName(d.ip4.Protocol)
	case layers.LayerTypeIPv6:
		return protocolName(d.ip6.NextHeader)
	}
	return protocolName(d.ext6.NextHeader)
}

func etherName(t layers.EthernetType, next gopacket.LayerType) string {
	if next == gopacket.LayerTypeZero || next == gopacket.LayerTypeDecodeFailure {
		return fmt.Sprintf("Ethernet type 0x%04x", uint16(t))
	}
	return next.String()
}

func protocolName(p layers.IPProtocol) string {
	return fmt.Sprintf("IP protocol %d (%s)", uint8(p), p)
}

// firstLayer is the layer that a packet of this link type begins with,
// gopacket.LayerTypeZero if it is none that is read. Numbers: tcpdump.org/linktypes.html;
// 12 and 14 are raw IP of BSD systems.
func firstLayer(link uint16, data []byte) gopacket.LayerType {
	switch link {
	case 1:
		return layers.LayerTypeEthernet
	case 113:
		return layers.LayerTypeLinuxSLL
	case 276:
		return layers.LayerTypeLinuxSLL2
	case 0, 108:
		return layers.LayerTypeLoopback
	case 228:
		return layers.LayerTypeIPv4
	case 229:
		return layers.LayerTypeIPv6
	case 12, 14, 101:
		if len(data) > 0 && data[0]>>4 == 6 {
			return layers.LayerTypeIPv6
		}
		return layers.LayerTypeIPv4
	}
	return gopacket.LayerTypeZero
}

// linkName names a link type in the Summary.
func linkName(link uint16) string {
	switch link {
	case 0, 108:
		return "BSD loopback"
	case 1:
		return "Ethernet"
	case 12, 14, 101, 228, 229:
		return "raw IP"
	case 113:
		return "Linux SLL"
	case 276:
		return "Linux SLL2"
	}
	return fmt.Sprintf("link type %d", link)
}

// packet decodes one record of the file.
func (c *scan) packet(rec *record) {
	first := firstLayer(rec.link, rec.data)
	if first == gopacket.LayerTypeZero {
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
	for _, l := range c.decoder.path {
		if l == layers.LayerTypeIPv4 || l == layers.LayerTypeIPv6 {
			c.sum.IP++
			break
		}
	}
	c.decoded(&at, missing)
}

// decoded takes up the packet in the decoder, a captured or a rebuilt one;
// missing bytes of its end are not in the capture.
func (c *scan) decoded(at *place, missing int) {
	d := c.decoder
	switch d.last() {
	case layers.LayerTypeUDP:
		c.sum.UDP++
		way := flow{netip.AddrPortFrom(d.src, uint16(d.udp.SrcPort)), netip.AddrPortFrom(d.dst, uint16(d.udp.DstPort))}
		if inner := vxlan(d.udp.DstPort, d.udp.Payload); inner != nil {
			c.sum.UDP--
			c.inside(layers.LayerTypeEthernet, inner, at)
			return
		}
		c.datagram(d.udp.Payload, way, at, int(d.udp.Length) > 8+len(d.udp.Payload))
	case layers.LayerTypeTCP:
		c.sum.TCP++
		way := flow{netip.AddrPortFrom(d.src, uint16(d.tcp.SrcPort)), netip.AddrPortFrom(d.dst, uint16(d.tcp.DstPort))}
		c.streams.segment(way, &d.tcp, missing, at)
	case layers.LayerTypeICMPv4:
		c.sum.ICMP++
		c.icmp4(at)
	case layers.LayerTypeICMPv6:
		c.sum.ICMP++
		c.icmp6(at)
	case layers.LayerTypeIPv4:
		if d.ip4.FragOffset == 0 && d.ip4.Flags&layers.IPv4MoreFragments == 0 {
			c.beyond(at)
			return
		}
		c.sum.Fragments++
		key := fragKey{d.src, d.dst, uint32(d.ip4.Id), uint8(d.ip4.Protocol), false}
		c.fragment(key, piece{int(d.ip4.FragOffset) * 8, d.ip4.Payload}, d.ip4.Flags&layers.IPv4MoreFragments != 0, missing, at)
	case layers.LayerTypeIPv6Fragment:
		c.sum.Fragments++
		key := fragKey{d.src, d.dst, d.frag6.Identification, uint8(d.frag6.NextHeader), true}
		c.fragment(key, piece{int(d.frag6.FragmentOffset) * 8, d.frag6.Payload}, d.frag6.MoreFragments, missing, at)
	default:
		c.beyond(at)
	}
}
