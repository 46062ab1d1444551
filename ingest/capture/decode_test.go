package capture

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// peer decodes with gopacket, whose reading of the same bytes must be ours.
type peer struct {
	eth      layers.Ethernet
	vlan     layers.Dot1Q
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
	path     []gopacket.LayerType
	src, dst netip.Addr
}

// peerLayers are gopacket's names of the headers.
var peerLayers = map[layer]gopacket.LayerType{
	ethernet: layers.LayerTypeEthernet, sll: layers.LayerTypeLinuxSLL, sll2: layers.LayerTypeLinuxSLL2, loopback: layers.LayerTypeLoopback,
	ipv4: layers.LayerTypeIPv4, ipv6: layers.LayerTypeIPv6, udp: layers.LayerTypeUDP, tcp: layers.LayerTypeTCP,
	icmp4: layers.LayerTypeICMPv4, icmp6: layers.LayerTypeICMPv6,
}

func (p *peer) parse(first layer, data []byte) (short, ok bool) {
	var all gopacket.DecodingLayerContainer = gopacket.DecodingLayerSparse(nil)
	for _, l := range []gopacket.DecodingLayer{
		&p.eth, &p.vlan, &p.sll, &p.sll2, &p.loop, &p.ip4, &p.ip6,
		&p.ext6, &p.frag6, // in this order: the skipper would take fragments too
		&p.udp, &p.tcp, &p.icmp4, &p.icmp6,
	} {
		all = all.Put(l)
	}
	d := gopacket.NewDecodingLayerParser(peerLayers[first])
	d.SetDecodingLayerContainer(all)
	d.IgnoreUnsupported = true
	err := d.DecodeLayers(data, &p.path)
	for _, l := range p.path {
		switch l {
		case layers.LayerTypeIPv4:
			p.src, p.dst = netip.AddrFrom4([4]byte(p.ip4.SrcIP)), netip.AddrFrom4([4]byte(p.ip4.DstIP))
		case layers.LayerTypeIPv6:
			p.src, p.dst = netip.AddrFrom16([16]byte(p.ip6.SrcIP)), netip.AddrFrom16([16]byte(p.ip6.DstIP))
		}
	}
	return d.Truncated, err == nil && len(p.path) > 0
}

// jumbo reports what is not read here: IPv6 packets without a length.
func (p *peer) jumbo() bool {
	for _, l := range p.path {
		if l == layers.LayerTypeIPv6 && p.ip6.Length == 0 {
			return true
		}
	}
	return false
}

// FuzzDecode compares with gopacket whatever the bytes are. What it refuses over
// options, of TCP or of IPv6's hop by hop header, is none of our business.
func FuzzDecode(f *testing.F) {
	for _, c := range linkCases(f) {
		f.Add(uint16(c.link), c.data)
		f.Add(uint16(c.link), c.data[:len(c.data)/3])
	}
	f.Add(uint16(1), tcp4(f, 1, "S", ""))
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		first := firstLayer(link, data)
		if first == noLayer {
			return
		}
		var d decoder
		var p peer
		short, ok := d.parse(first, data)
		wantShort, wantOK := p.parse(first, data)
		if ok != wantOK {
			if ok && !wantOK || p.jumbo() {
				return
			}
			t.Fatalf("ok %v, gopacket %v (%v)", ok, wantOK, p.path)
		}
		if !ok || d.next == 0xffff && (d.last == ethernet || d.last == vlan || d.last == sll || d.last == sll2) { // gopacket takes that type, of no protocol, for IPv4
			return
		}
		if short != wantShort {
			t.Errorf("short %v, gopacket %v (%v)", short, wantShort, p.path)
		}
		last := p.path[len(p.path)-1]
		if want, known := peerLayers[d.last]; known && want != last && !(d.last == ipv6 && last == layers.LayerTypeIPv6Destination) {
			t.Fatalf("innermost header %v, gopacket %v", want, last)
		}
		if d.ip && (d.src != p.src || d.dst != p.dst) {
			t.Errorf("%v > %v, gopacket %v > %v", d.src, d.dst, p.src, p.dst)
		}
		var payload []byte
		switch d.last {
		case udp:
			payload = p.udp.Payload
			if d.srcPort != uint16(p.udp.SrcPort) || d.dstPort != uint16(p.udp.DstPort) || d.lacks != (int(p.udp.Length) > 8+len(payload)) {
				t.Errorf("UDP %d > %d %v, gopacket %+v", d.srcPort, d.dstPort, d.lacks, p.udp)
			}
		case tcp:
			payload = p.tcp.Payload
			if d.seq != p.tcp.Seq || d.syn != p.tcp.SYN || d.fin != p.tcp.FIN || d.rst != p.tcp.RST || d.dstPort != uint16(p.tcp.DstPort) {
				t.Errorf("TCP %d %v %v %v, gopacket %+v", d.seq, d.syn, d.fin, d.rst, p.tcp)
			}
		case ipv4:
			payload = p.ip4.Payload
			if d.piece.is != (p.ip4.FragOffset != 0 || p.ip4.Flags&layers.IPv4MoreFragments != 0) || d.piece.is && (d.piece.start != int(p.ip4.FragOffset)*8 || d.piece.id != uint32(p.ip4.Id)) {
				t.Errorf("fragment %+v, gopacket %+v", d.piece, p.ip4)
			}
		case fragment6:
			payload = p.frag6.Payload
			if d.piece.start != int(p.frag6.FragmentOffset)*8 || d.piece.more != p.frag6.MoreFragments || d.piece.id != p.frag6.Identification {
				t.Errorf("fragment %+v, gopacket %+v", d.piece, p.frag6)
			}
		case icmp4:
			payload = p.icmp4.Payload
		default:
			return
		}
		if !bytes.Equal(d.payload, payload) {
			t.Errorf("payload of %d bytes, gopacket %d", len(d.payload), len(payload))
		}
	})
}
