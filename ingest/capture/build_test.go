package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Captures for the tests are made here: packets by gopacket, files by hand, so
// that every variant of the formats can be had.

var (
	addrA, addrB   = net.IP{192, 0, 2, 10}, net.IP{198, 51, 100, 20}
	addr6A, addr6B = net.ParseIP("2001:db8::a"), net.ParseIP("2001:db8::b")
	macA, macB     = net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// message is a request whose length is set by its body.
func message(method string, n, body int) string {
	return fmt.Sprintf("%s sip:1001@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK%d\r\n"+
		"From: <sip:a@example.net>;tag=%d\r\nTo: <sip:1001@example.net>\r\nCall-ID: %d@example.net\r\nCSeq: %d %s\r\nContent-Length: %d\r\n\r\n%s",
		method, n, n, n, n, method, body, strings.Repeat("v", body))
}

// pack serialises layers, with lengths and checksums.
func pack(t testing.TB, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	var ip gopacket.NetworkLayer
	for _, p := range parts {
		switch l := p.(type) {
		case *layers.IPv4:
			ip = l
		case *layers.IPv6:
			ip = l
		case *layers.UDP:
			l.SetNetworkLayerForChecksum(ip)
		case *layers.TCP:
			l.SetNetworkLayerForChecksum(ip)
		case *layers.ICMPv6:
			l.SetNetworkLayerForChecksum(ip)
		}
	}
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

func ip4(p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: p, SrcIP: addrA, DstIP: addrB}
}

func ip6(p layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: p, SrcIP: addr6A, DstIP: addr6B}
}

func udpHead() *layers.UDP { return &layers.UDP{SrcPort: 5070, DstPort: 15060} }

func ether(t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: t}
}

// udp4 is an Ethernet frame with a datagram.
func udp4(t testing.TB, data string) []byte {
	return pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udpHead(), gopacket.Payload(data))
}

// tcp4 is an Ethernet frame with a segment; flags are letters of S, F, R.
func tcp4(t testing.TB, seq uint32, flags, data string) []byte {
	return tcpFrom(t, 5060, seq, flags, data)
}

func tcpFrom(t testing.TB, port uint16, seq uint32, flags, data string) []byte {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(port), DstPort: 5060, Seq: seq, ACK: true, Window: 1000,
		SYN: strings.Contains(flags, "S"), FIN: strings.Contains(flags, "F"), RST: strings.Contains(flags, "R"),
	}
	return pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp, gopacket.Payload(data))
}

// fragments4 splits an IPv4 packet (with its Ethernet header) after every size
// bytes of its payload.
func fragments4(frame []byte, size int) [][]byte {
	var out [][]byte
	body := frame[34:]
	for at := 0; at < len(body); at += size {
		piece := body[at:min(len(body), at+size)]
		f := append(bytes.Clone(frame[:34]), piece...)
		field := uint16(at / 8)
		if at+len(piece) < len(body) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(f[16:], uint16(20+len(piece)))
		binary.BigEndian.PutUint16(f[18:], 77)
		binary.BigEndian.PutUint16(f[20:], field)
		out = append(out, f)
	}
	return out
}

// fragments6 does the same for an IPv6 packet without extension headers.
func fragments6(frame []byte, size int) [][]byte {
	var out [][]byte
	body := frame[54:]
	for at := 0; at < len(body); at += size {
		piece := body[at:min(len(body), at+size)]
		f := bytes.Clone(frame[:54])
		f[20] = 44
		binary.BigEndian.PutUint16(f[18:], uint16(8+len(piece)))
		head := []byte{frame[20], 0, 0, 0, 0, 0, 0, 77}
		field := uint16(at)
		if at+len(piece) < len(body) {
			field |= 1
		}
		binary.BigEndian.PutUint16(head[2:], field)
		out = append(out, append(append(f, head...), piece...))
	}
	return out
}

// writer makes capture files; packets are a second apart unless step says otherwise.
type writer struct {
	bytes.Buffer
	order binary.ByteOrder
	units uint64 // a second
	now   time.Time
	step  time.Duration
}

var firstTime = time.Date(2026, 11, 9, 8, 0, 0, 123456000, time.UTC)

func newWriter(order binary.ByteOrder, units uint64) *writer {
	return &writer{order: order, units: units, now: firstTime, step: time.Second}
}

func (w *writer) put(values ...any) {
	for _, v := range values {
		binary.Write(w, w.order, v)
	}
}

// pcapFile is a pcap file of packets.
func pcapFile(link uint32, packets ...[]byte) []byte {
	w := newWriter(binary.LittleEndian, 1e6)
	w.pcapHeader(link)
	for _, p := range packets {
		w.pcapPacket(p, len(p))
	}
	return w.Bytes()
}

func (w *writer) pcapHeader(link uint32) {
	magic := uint32(0xa1b2c3d4)
	if w.units == 1e9 {
		magic = 0xa1b23c4d
	}
	w.put(magic, uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), link)
}

func (w *writer) pcapPacket(data []byte, wire int) {
	frac := uint64(w.now.Nanosecond()) * w.units / 1e9
	w.put(uint32(w.now.Unix()), uint32(frac), uint32(len(data)), uint32(wire), data)
	w.now = w.now.Add(w.step)
}

// block writes a pcapng block around body.
func (w *writer) block(typ uint32, body []byte) {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	size := uint32(len(body) + 12)
	w.put(typ, size, body, size)
}

// section begins a pcapng file.
func (w *writer) section() {
	b := newWriter(w.order, 0)
	b.put(uint32(0x1a2b3c4d), uint16(1), uint16(0), int64(-1))
	w.block(blockSection, b.Bytes())
}

// iface describes an interface; tsresol as the option has it, 0 for none.
func (w *writer) iface(link uint16, tsresol byte, tsoffset int64) {
	b := newWriter(w.order, 0)
	b.put(link, uint16(0), uint32(0))
	b.put(uint16(2), uint16(4), []byte("eth0"))
	if tsresol != 0 {
		b.put(uint16(9), uint16(1), []byte{tsresol, 0, 0, 0})
	}
	if tsoffset != 0 {
		b.put(uint16(14), uint16(8), tsoffset)
	}
	b.put(uint32(0))
	w.block(blockInterface, b.Bytes())
}

// enhanced writes an Enhanced Packet Block with a comment option.
func (w *writer) enhanced(index uint32, stamp uint64, data []byte) {
	b := newWriter(w.order, 0)
	b.put(index, uint32(stamp>>32), uint32(stamp), uint32(len(data)), uint32(len(data)), data)
	b.put(make([]byte, (4-len(data)%4)%4), uint16(1), uint16(4), []byte("note"), uint32(0))
	w.block(blockPacket, b.Bytes())
}

// found is a payload kept for comparison.
type found struct {
	Packet    int
	Offset    int64
	Time      string
	Src, Dst  string
	Transport Transport
	Cut       bool
	Data      string
}

// readAll reads a capture and fails on an error.
func readAll(t testing.TB, file []byte) ([]found, Summary) {
	t.Helper()
	all, sum, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, &sum)
	return all, sum
}

func read(file []byte) ([]found, Summary, error) {
	var all []found
	sum, err := Read(bytes.NewReader(file), Options{}, func(p *Payload) error {
		all = append(all, found{
			p.Packet, p.Offset, time.UnixMicro(p.Time).UTC().Format("15:04:05.000000"),
			p.Src.String(), p.Dst.String(), p.Transport, p.Cut, string(p.Data),
		})
		return nil
	})
	return all, sum, err
}

// checkLedger holds the equations that Summary promises.
func checkLedger(t testing.TB, s *Summary) {
	t.Helper()
	skipped := 0
	for _, n := range s.Skipped {
		skipped += n
	}
	if got, want := s.UDP+s.TCP+s.SCTP+s.ICMP+s.Fragments+skipped, s.Packets+s.Rebuilt; got != want {
		t.Errorf("kinds of packets sum to %d, want %d: %+v", got, want, s)
	}
	if got := s.Messages - s.OverTCP - s.OverSCTP + s.KeepAlives + s.NotSIP; got != s.UDP {
		t.Errorf("kinds of datagrams sum to %d, want %d", got, s.UDP)
	}
}

// texts are the messages alone.
func texts(all []found) []string {
	out := []string{}
	for _, f := range all {
		out = append(out, f.Data)
	}
	return out
}
