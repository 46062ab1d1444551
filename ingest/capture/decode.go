package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Headers are decoded here and not by gopacket's layers, with which a test
// compares them: its tables are five megabytes of globals, which every run of the
// garbage collector looked through (with decoding, 3 % of an import's CPU time),
// and most of what it reads of a header is not wanted here. All that SIP needs is which header is the innermost, the addresses
// and ports, and what follows.

// layer is a protocol header that is decoded here.
type layer uint8

const (
	noLayer layer = iota
	ethernet
	vlan // also 802.1ad
	sll
	sll2
	loopback
	ipv4
	ipv6
	extension // of IPv6, but for fragment6
	fragment6
	udp
	tcp
	icmp4
	icmp6
)

// Numbers of protocols in IP (iana.org/assignments/protocol-numbers).
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoICMPv6      = 58
	protoDestination = 60
	protoIPIP        = 94
	protoSCTP        = 132
)

// decoder holds what the headers of the last packet said.
type decoder struct {
	last    layer  // the innermost header that was read whole, noLayer: none
	ip      bool   // one of them was IP
	next    uint16 // what the innermost one says that follows: Ethernet type, protocol in IP, address family
	payload []byte // what follows

	src, dst         netip.Addr // of the innermost IP header
	srcPort, dstPort uint16
	lacks            bool // udp: the datagram was longer than what is there
	seq              uint32
	syn, fin, rst    bool
	typ, code        uint8 // of ICMP
	piece            ipPiece
}

// ipPiece is what an IP header says of fragments.
type ipPiece struct {
	is       bool // the packet is a fragment
	id       uint32
	start    int
	more     bool
	protocol uint8 // of the whole
}

// parse decodes data from the header first on, up to one that is not known; ok is
// false where a header is damaged or cut, and short tells that bytes announced are
// not there.
func (d *decoder) parse(first layer, data []byte) (short, ok bool) {
	*d = decoder{src: d.src, dst: d.dst}
	for l := first; l != noLayer && (len(data) > 0 || d.last == noLayer); {
		cut, good := d.header(l, data)
		short = short || cut
		if !good {
			return short, false
		}
		d.last, data = l, d.payload
		l = d.following()
	}
	return short, d.last != noLayer
}

// header reads one header.
func (d *decoder) header(l layer, b []byte) (short, ok bool) {
	switch l {
	case ethernet:
		return d.typed(b, 14, 12)
	case vlan:
		return d.typed(b, 4, 2)
	case sll:
		if len(b) >= 16 && binary.BigEndian.Uint16(b[4:]) <= 8 {
			return d.follow(b, 16, binary.BigEndian.Uint16(b[14:]))
		}
	case sll2:
		if len(b) >= 20 && b[11] <= 8 {
			return d.follow(b, 20, binary.BigEndian.Uint16(b))
		}
	case loopback:
		return d.family(b)
	case ipv4:
		return d.ip4(b)
	case ipv6:
		return d.ip6(b)
	case extension:
		if len(b) < 2 {
			return true, false
		}
		if n := int(b[1])*8 + 8; len(b) >= n {
			return d.follow(b, n, uint16(b[0]))
		}
	case fragment6:
		if len(b) < 8 {
			return true, false
		}
		start := binary.BigEndian.Uint16(b[2:])
		d.piece = ipPiece{id: binary.BigEndian.Uint32(b[4:]), start: int(start &^ 7), more: start&1 != 0, protocol: b[0]}
		d.piece.is = d.piece.start != 0 || d.piece.more
		return d.follow(b, 8, uint16(b[0]))
	case udp:
		return d.udp(b)
	case tcp:
		return d.tcp(b)
	case icmp4:
		return d.icmp(b, 8)
	case icmp6:
		return d.icmp(b, 4)
	}
	return false, false
}

// follow notes what comes after a header of size bytes.
func (d *decoder) follow(b []byte, size int, next uint16) (short, ok bool) {
	d.payload, d.next = b[size:], next
	return false, true
}

// typed reads a header of size bytes with an Ethernet type at at; below 1536 that is
// the length of an IEEE 802.3 frame.
func (d *decoder) typed(b []byte, size, at int) (short, ok bool) {
	if len(b) < size {
		return size == 4, false
	}
	d.follow(b, size, binary.BigEndian.Uint16(b[at:]))
	if length := int(d.next); length < 0x600 {
		short = length > len(d.payload)
		d.payload = d.payload[:min(length, len(d.payload))]
	}
	return short, true
}

// family reads the address family of BSD loopback, in the order of bytes of the
// host that captured.
func (d *decoder) family(b []byte) (short, ok bool) {
	if len(b) < 4 {
		return false, false
	}
	family := binary.LittleEndian.Uint32(b)
	if b[0] == 0 && b[1] == 0 {
		family = binary.BigEndian.Uint32(b)
	}
	if family > 0xff {
		return false, false
	}
	return d.follow(b, 4, uint16(family))
}

// ip4 reads an IPv4 header (RFC 791). A length of 0 is that of a packet which the
// network card was to cut up.
func (d *decoder) ip4(b []byte) (short, ok bool) {
	if len(b) < 20 {
		return true, false
	}
	size, length := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if length == 0 {
		length = len(b)
	}
	if size < 20 || length < size {
		return false, false
	}
	if short = length > len(b); !short {
		b = b[:length]
	}
	if size > len(b) || size > 20 && !soundOptions(b[20:size]) {
		return short, false
	}
	flags := binary.BigEndian.Uint16(b[6:])
	d.piece = ipPiece{id: uint32(binary.BigEndian.Uint16(b[4:])), start: int(flags&0x1fff) * 8, more: flags&0x2000 != 0, protocol: b[9]}
	d.piece.is = d.piece.start != 0 || d.piece.more
	d.ip, d.src, d.dst = true, netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	d.follow(b, size, uint16(b[9]))
	return short, true
}

// soundOptions reports whether IPv4 options are as long as they say.
func soundOptions(b []byte) bool {
	for len(b) > 0 && b[0] != 0 {
		if b[0] == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return false
		}
		b = b[b[1]:]
	}
	return true
}

// ip6 reads an IPv6 header (RFC 8200). Jumbograms, whose length is 0, are not read.
func (d *decoder) ip6(b []byte) (short, ok bool) {
	if len(b) < 40 {
		return true, false
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 {
		return false, false
	}
	d.ip, d.src, d.dst, d.piece = true, netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:])), ipPiece{}
	d.follow(b, 40, uint16(b[6]))
	if short = length > len(d.payload); !short {
		d.payload = d.payload[:length]
	}
	return short, true
}

// udp reads a UDP header (RFC 768); a length of 0 is that of a packet which the
// network card was to cut up.
func (d *decoder) udp(b []byte) (short, ok bool) {
	if len(b) < 8 {
		return true, false
	}
	d.ports(b)
	length := int(binary.BigEndian.Uint16(b[4:]))
	switch {
	case length == 0:
		length = len(b)
	case length < 8:
		return false, false
	case length > len(b):
		d.lacks, length = true, len(b)
	}
	d.payload = b[8:length]
	return d.lacks, true
}

func (d *decoder) ports(b []byte) {
	d.srcPort, d.dstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
}

// tcp reads a TCP header (RFC 9293) without its options.
func (d *decoder) tcp(b []byte) (short, ok bool) {
	if len(b) < 20 {
		return true, false
	}
	d.ports(b)
	size := int(b[12]>>4) * 4
	if size < 20 || size > len(b) {
		return size > len(b), false
	}
	d.seq = binary.BigEndian.Uint32(b[4:])
	d.fin, d.syn, d.rst = b[13]&1 != 0, b[13]&2 != 0, b[13]&4 != 0
	d.payload = b[size:]
	return false, true
}

func (d *decoder) icmp(b []byte, size int) (short, ok bool) {
	if len(b) < size {
		return true, false
	}
	d.typ, d.code, d.payload = b[0], b[1], b[size:]
	return false, true
}

// following is the header that comes after the innermost one, noLayer if it is
// none that is decoded here. A fragment has none.
func (d *decoder) following() layer {
	switch d.last {
	case ethernet, vlan, sll, sll2:
		switch d.next {
		case typeIPv4:
			return ipv4
		case typeIPv6:
			return ipv6
		case typeVLAN, typeQinQ:
			return vlan
		case typeEthernet:
			return ethernet
		}
	case loopback:
		switch d.next {
		case 2:
			return ipv4
		case 10, 24, 28, 30: // Linux, the BSDs, Darwin
			return ipv6
		}
	case ipv4:
		if l := carried(uint8(d.next)); !d.piece.is && l != extension && l != fragment6 {
			return l
		}
	case ipv6, extension, fragment6:
		if !d.piece.is {
			return carried(uint8(d.next))
		}
	}
	return noLayer
}

// carried is the header of a protocol in IP.
func carried(protocol uint8) layer {
	switch protocol {
	case protoUDP:
		return udp
	case protoTCP:
		return tcp
	case protoICMP:
		return icmp4
	case protoICMPv6:
		return icmp6
	case protoIPv4, protoIPIP:
		return ipv4
	case protoIPv6:
		return ipv6
	case protoFragment:
		return fragment6
	case protoHopByHop, protoRouting, protoDestination:
		return extension
	}
	return noLayer
}

// inner names what the packet goes on with where it was not decoded further.
func (d *decoder) inner() string {
	switch d.last {
	case ethernet, vlan, sll, sll2:
		return etherName(d.next)
	case loopback:
		return fmt.Sprintf("address family %d", d.next)
	}
	return protocolName(uint8(d.next))
}

// etherNames are the types (iana.org/assignments/ieee-802-numbers) that a capture
// beside phones holds.
var etherNames = map[uint16]string{
	0x0806: "ARP", typePPP: "PPP", 0x8863: "PPPoE", typePPPoE: "PPPoE", typeMPLS: "MPLS", typeMPLSMany: "MPLS",
	0x9000: "EthernetCTP", 0x2000: "CiscoDiscovery", 0x01a2: "NortelDiscovery", 0x88cc: "LinkLayerDiscovery",
	0x888e: "EAPOL", typeERSPAN2: "ERSPAN", typeERSPAN3: "ERSPAN", 4: "LLC",
}

func etherName(t uint16) string {
	if name, ok := etherNames[t]; ok {
		return name
	}
	if t < 0x600 {
		return "LLC"
	}
	return fmt.Sprintf("Ethernet type 0x%04x", t)
}

var protocolNames = map[uint8]string{
	protoHopByHop: "IPv6HopByHop", protoICMP: "ICMPv4", 2: "IGMP", protoIPv4: "IPv4", protoTCP: "TCP", protoUDP: "UDP", 27: "RUDP",
	protoIPv6: "IPv6", protoRouting: "IPv6Routing", protoFragment: "IPv6Fragment", protoGRE: "GRE", 50: "IPSecESP", 51: "IPSecAH",
	protoICMPv6: "ICMPv6", 59: "NoNextHeader", protoDestination: "IPv6Destination", 89: "OSPF", protoIPIP: "IPv4",
	97: "EtherIP", 112: "VRRP", protoSCTP: "SCTP", 136: "UDPLite", 137: "MPLS",
}

func protocolName(p uint8) string {
	if name, ok := protocolNames[p]; ok {
		return fmt.Sprintf("IP protocol %d (%s)", p, name)
	}
	return fmt.Sprintf("IP protocol %d", p)
}

// firstLayer is the header that a packet of this link type begins with, noLayer if
// it is none that is read. Numbers: tcpdump.org/linktypes.html; 12 and 14 are raw
// IP of BSD systems.
func firstLayer(link uint16, data []byte) layer {
	switch link {
	case 1:
		return ethernet
	case 113:
		return sll
	case 276:
		return sll2
	case 0, 108:
		return loopback
	case 228:
		return ipv4
	case 229:
		return ipv6
	case 12, 14, 101:
		if len(data) > 0 && data[0]>>4 == 6 {
			return ipv6
		}
		return ipv4
	}
	return noLayer
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
