package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// linkCases are one packet for every link type and tag.
func linkCases(t testing.TB) map[string]struct {
	link uint32
	data []byte
} {
	sip := gopacket.Payload(message("OPTIONS", 1, 3))
	raw4 := pack(t, ip4(layers.IPProtocolUDP), udpHead(), sip)
	raw6 := pack(t, ip6(layers.IPProtocolUDP), udpHead(), sip)
	vlan := func(t layers.EthernetType) *layers.Dot1Q { return &layers.Dot1Q{VLANIdentifier: 7, Type: t} }
	with := func(head string, data []byte) gopacket.Payload { return append([]byte(head), data...) }
	pppoe := func(head string, data []byte) gopacket.Payload {
		return with("\x11\x00\x00\x01"+string(binary.BigEndian.AppendUint16(nil, uint16(len(head)+len(data))))+head, data)
	}
	type c = struct {
		link uint32
		data []byte
	}
	hop := &layers.IPv6HopByHop{}
	hop.NextHeader = layers.IPProtocolUDP
	hop.Options = []*layers.IPv6HopByHopOption{{OptionType: 5, OptionLength: 2, OptionData: []byte{0, 0}}, {OptionType: 1, OptionLength: 0}}
	return map[string]c{
		"Ethernet":            {1, udp4(t, string(sip))},
		"Ethernet trailer":    {1, append(udp4(t, string(sip)), "trailer"...)},
		"Ethernet checksum":   {1 | 0x14000000, udp4(t, string(sip))},
		"Ethernet IPv6":       {1, pack(t, ether(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udpHead(), sip)},
		"IPv6 hop by hop":     {229, pack(t, ip6(layers.IPProtocolIPv6HopByHop), hop, udpHead(), sip)},
		"VLAN":                {1, pack(t, ether(layers.EthernetTypeDot1Q), vlan(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udpHead(), sip)},
		"QinQ":                {1, pack(t, ether(layers.EthernetTypeQinQ), vlan(layers.EthernetTypeDot1Q), vlan(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udpHead(), sip)},
		"SLL":                 {113, with("\x00\x00\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x08\x00", raw4)},
		"SLL loopback":        {113, with("\x00\x00\x03\x04\x00\x06\x00\x00\x00\x00\x00\x00\x00\x00\x86\xdd", raw6)},
		"SLL VLAN":            {113, with("\x00\x00\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x81\x00\x00\x07\x08\x00", raw4)},
		"SLL2":                {276, with("\x08\x00\x00\x00\x00\x00\x00\x02\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00", raw4)},
		"raw 101":             {101, raw4},
		"raw 101 IPv6":        {101, raw6},
		"raw 12":              {12, raw4},
		"raw 14":              {14, raw6},
		"raw 228":             {228, raw4},
		"raw 229":             {229, raw6},
		"null little endian":  {0, with("\x02\x00\x00\x00", raw4)},
		"null big endian":     {0, with("\x00\x00\x00\x02", raw4)},
		"null FreeBSD IPv6":   {0, with("\x1c\x00\x00\x00", raw6)},
		"null macOS IPv6":     {0, with("\x1e\x00\x00\x00", raw6)},
		"loop OpenBSD":        {108, with("\x00\x00\x00\x18", raw6)},
		"IP in IP":            {101, pack(t, ip4(layers.IPProtocolIPv4), gopacket.Payload(raw4))},
		"GRE":                 {101, pack(t, ip4(layers.IPProtocolGRE), with("\x00\x00\x08\x00", raw4))},
		"GRE all fields":      {101, pack(t, ip4(layers.IPProtocolGRE), with("\xb0\x00\x86\xddsum.key.seq.", raw6))},
		"GRE Ethernet":        {101, pack(t, ip6(layers.IPProtocolGRE), with("\x20\x00\x65\x58key.", udp4(t, string(sip))))},
		"GRE PPTP":            {101, pack(t, ip4(layers.IPProtocolGRE), with("\x30\x81\x88\x0bleidseq.ack.\xff\x03\x00\x21", raw4))},
		"GRE MPLS":            {101, pack(t, ip4(layers.IPProtocolGRE), with("\x00\x00\x88\x47\x00\x01\x01\x40", raw4))},
		"ERSPAN I":            {101, pack(t, ip4(layers.IPProtocolGRE), with("\x00\x00\x88\xbe", udp4(t, string(sip))))},
		"ERSPAN II":           {101, pack(t, ip4(layers.IPProtocolGRE), with("\x10\x00\x88\xbeseq.\x10\x01\x00\x01\x00\x00\x00\x00", udp4(t, string(sip))))},
		"ERSPAN III":          {101, pack(t, ip4(layers.IPProtocolGRE), with("\x10\x00\x22\xebseq.\x20\x01\x00\x01time\x00\x00\x00\x01subhead.", udp4(t, string(sip))))},
		"VXLAN":               {1, pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 40000, DstPort: 4789}, with("\x08\x00\x00\x00\x00\x00\x07\x00", udp4(t, string(sip))))},
		"VXLAN before":        {101, pack(t, ip6(layers.IPProtocolUDP), &layers.UDP{SrcPort: 40000, DstPort: 8472}, with("\x08\x00\x00\x00\x00\x00\x07\x00", udp4(t, string(sip))))},
		"MPLS":                {1, pack(t, ether(layers.EthernetTypeMPLSUnicast), with("\x00\x01\x00\x40\x00\x02\x01\x40", raw6))},
		"MPLS Ethernet":       {1, pack(t, ether(layers.EthernetTypeMPLSUnicast), with("\x00\x01\x01\x40\x00\x00\x00\x00", udp4(t, string(sip))))},
		"PPPoE":               {1, pack(t, ether(layers.EthernetTypePPPoESession), pppoe("\x00\x21", raw4))},
		"PPPoE VLAN IPv6":     {1, pack(t, ether(layers.EthernetTypeDot1Q), vlan(layers.EthernetTypePPPoESession), pppoe("\x57", raw6))},
		"SLL MPLS":            {113, with("\x00\x00\x00\x01\x00\x06\x02\x00\x00\x00\x00\x01\x00\x00\x88\x47\x00\x01\x01\x40", raw4)},
		"IPv4 with no length": {101, append([]byte{raw4[0], raw4[1], 0, 0}, raw4[4:]...)},
	}
}

func TestLinkTypes(t *testing.T) {
	for name, c := range linkCases(t) {
		t.Run(name, func(t *testing.T) {
			all, sum := readAll(t, pcapFile(c.link, c.data))
			src, dst := "192.0.2.10:5070", "198.51.100.20:15060"
			if len(all) == 1 && strings.HasPrefix(all[0].Src, "[") {
				src, dst = "[2001:db8::a]:5070", "[2001:db8::b]:15060"
			}
			want := []found{{1, 24, "08:00:00.123456", src, dst, UDP, false, message("OPTIONS", 1, 3)}}
			if diff := cmp.Diff(want, all); diff != "" {
				t.Errorf("payloads (-want +got):\n%s%+v", diff, sum)
			}
		})
	}
}

func TestPcapVariants(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, units := range []uint64{1e6, 1e9} {
			w := newWriter(order, units)
			w.pcapHeader(1)
			frame := udp4(t, message("INVITE", 1, 0))
			w.pcapPacket(frame, len(frame))
			w.pcapPacket(frame, len(frame))
			all, _ := readAll(t, w.Bytes())
			if len(all) != 2 || all[0].Time != "08:00:00.123456" || all[1].Time != "08:00:01.123456" || all[1].Offset != int64(24+16+len(frame)) {
				t.Errorf("%v, %d units: %+v", order, units, all)
			}
		}
	}
}

// ngFile has two sections of different byte order, interfaces of different link
// types and resolutions, and blocks that are not read.
func ngFile(t testing.TB) []byte {
	frame := udp4(t, message("INVITE", 1, 5))
	w := newWriter(binary.BigEndian, 0)
	w.section()
	w.iface(1, 0, 0)
	w.iface(101, 9, 0)
	w.iface(1, 0x80|10, 100)
	w.iface(195, 0, 0)
	us := uint64(firstTime.UnixMicro())
	w.enhanced(0, us, frame)
	w.block(4, []byte("names, which nobody reads..."))
	w.enhanced(1, us*1000+999, frame[14:])
	w.enhanced(2, uint64(firstTime.Unix()-100)<<10|512, frame)
	w.enhanced(3, us, []byte("802.15.4"))
	w.enhanced(9, us, frame)
	w.order = binary.LittleEndian
	w.section()
	w.iface(1, 6, 0)
	simple := newWriter(w.order, 0)
	simple.put(uint32(len(frame)), frame)
	w.block(blockSimple, simple.Bytes())
	old := newWriter(w.order, 0)
	old.put(uint16(0), uint16(3), uint32(us>>32), uint32(us), uint32(len(frame)), uint32(len(frame)), frame)
	w.block(blockPacketOld, old.Bytes())
	return w.Bytes()
}

func TestPcapng(t *testing.T) {
	file := ngFile(t)
	all, sum := readAll(t, file)
	var got []string
	for _, f := range all {
		if typ := binary.LittleEndian.Uint32(file[f.Offset:]); typ > 6 && typ != 6<<24 {
			t.Errorf("packet %d: offset %d is no packet block", f.Packet, f.Offset)
		}
		got = append(got, f.Time)
	}
	want := []string{"08:00:00.123456", "08:00:00.123456", "08:00:00.500000", "00:00:00.000000", "08:00:00.123456"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	skipped := map[string]int{"link type 195": 1, "interface without a description": 1}
	if diff := cmp.Diff(skipped, sum.Skipped); diff != "" || sum.Packets != 7 {
		t.Errorf("%d packets, want 7; skipped:\n%s", sum.Packets, diff)
	}
}

func TestNotCaptures(t *testing.T) {
	damaged := pcapFile(1, udp4(t, message("INVITE", 1, 0)))
	damaged = append(damaged, "12345678\xff\xff\xff\xff\xff\xff\xff\xff"...)
	for name, c := range map[string]struct{ data, err string }{
		"empty":   {"", "file begins , want the magic number of pcap or pcapng"},
		"text":    {"INVITE sip:x SIP/2.0", "file begins 49 4e 56 49, want the magic number of pcap or pcapng"},
		"header":  {string(damaged[:20]), "file header of 20 bytes, want 24"},
		"damaged": {string(damaged), "record after packet 1, byte 286: packet of 4294967295 bytes, want at most 262144"},
	} {
		all, _, err := read([]byte(c.data))
		if err == nil || err.Error() != c.err {
			t.Errorf("%s: error %v, want %s", name, err, c.err)
		}
		if name == "damaged" && len(all) != 1 {
			t.Errorf("%d messages before the damage, want 1", len(all))
		}
	}
	broken := errors.New("disk on fire")
	_, err := Read(io.MultiReader(bytes.NewReader(damaged[:50]), errReader{broken}), Options{}, nil)
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestVisitError(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	frame := udp4(t, message("INVITE", 1, 0))
	_, err := Read(bytes.NewReader(pcapFile(1, frame, frame)), Options{}, func(*Payload) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("error %v after %d calls, want %v after 1", err, n, stop)
	}
}

func TestDatagrams(t *testing.T) {
	invite := message("INVITE", 1, 0)
	for name, c := range map[string]struct {
		data string
		want string // "" for none
	}{
		"request":                 {invite, invite},
		"response":                {"SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n", "SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n"},
		"unusual method":          {"!m-0_*+`.%i'~ sip:x SIP/2.0\r\n\r\n", "!m-0_*+`.%i'~ sip:x SIP/2.0\r\n\r\n"},
		"empty lines first":       {"\r\n\r\n" + invite, invite},
		"line feeds":              {"OPTIONS sip:x SIP/2.0\nCall-ID: 1\n\n", "OPTIONS sip:x SIP/2.0\nCall-ID: 1\n\n"},
		"two requests":            {invite + message("INVITE", 2, 0), invite + message("INVITE", 2, 0)},
		"junk line first":         {"\x01\x02junk\r\n" + invite, invite},
		"far too much junk":       {strings.Repeat("junk\r\n", 100) + invite, ""},
		"syslog with a trace":     {"<134>Nov  9 08:00:00 gw sip: sent\n" + invite, ""},
		"HTTP":                    {"GET / HTTP/1.1\r\nX: SIP/2.0\r\n\r\n", ""},
		"version only":            {"SIP/2.0", ""},
		"other version":           {"INVITE sip:x SIP/7.0\r\nVia: SIP/2.0/UDP x\r\n\r\n", ""},
		"keep-alive CRLFCRLF":     {"\r\n\r\n", ""},
		"keep-alive NUL":          {"\x00", ""},
		"RTP":                     {"\x80\x00" + strings.Repeat("\xd5", 170), ""},
		"STUN":                    {"\x00\x01\x00\x00\x21\x12\xa4\x42", ""},
		"start line without end":  {"SIP/2.0 100 Trying", "SIP/2.0 100 Trying"},
		"start line at the limit": {"INVITE sip:" + strings.Repeat("a", 8100) + " SIP/2.0\r\n\r\n", "INVITE sip:" + strings.Repeat("a", 8100) + " SIP/2.0\r\n\r\n"},
	} {
		all, sum := readAll(t, pcapFile(1, udp4(t, c.data)))
		want := []string{}
		if c.want != "" {
			want = append(want, c.want)
		}
		if diff := cmp.Diff(want, texts(all)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if wantAlive := strings.HasPrefix(name, "keep-alive"); (sum.KeepAlives == 1) != wantAlive {
			t.Errorf("%s: %d keep-alives", name, sum.KeepAlives)
		}
	}
}

func TestSnapLength(t *testing.T) {
	w := newWriter(binary.LittleEndian, 1e6)
	w.pcapHeader(1)
	frame := udp4(t, message("INVITE", 1, 200))
	w.pcapPacket(frame[:200], len(frame))
	w.pcapPacket(frame[:30], len(frame))
	seg := tcp4(t, 100, "", message("INVITE", 1, 200))
	w.pcapPacket(seg[:300], len(seg))
	next := tcp4(t, 100+uint32(len(seg)-54), "", message("BYE", 2, 0))
	w.pcapPacket(next, len(next))
	all, sum := readAll(t, w.Bytes())
	want := []string{message("INVITE", 1, 200)[:200-42], message("INVITE", 1, 200)[:300-54], message("BYE", 2, 0)}
	if diff := cmp.Diff(want, texts(all)); diff != "" {
		t.Error(diff)
	}
	if sum.Cut != 2 || !all[0].Cut || !all[1].Cut || all[2].Cut || sum.Gaps != 1 || sum.Skipped["damaged or cut header"] != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestQuoted(t *testing.T) {
	sip := gopacket.Payload(message("INVITE", 1, 0))
	inner4 := pack(t, ip4(layers.IPProtocolUDP), udpHead(), sip)
	inner6 := pack(t, ip6(layers.IPProtocolUDP), udpHead(), sip)
	unreachable := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 3)}
	back4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolICMPv4, SrcIP: addrB, DstIP: addrA}
	back6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolICMPv6, SrcIP: addr6B, DstIP: addr6A}
	file := pcapFile(101,
		pack(t, back4, unreachable, gopacket.Payload(inner4[:200])),
		pack(t, back6, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(1, 4)}, gopacket.Payload("\x00\x00\x00\x00"+string(inner6))),
		pack(t, back4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, sip), // an echo with SIP in it
		pack(t, back4, unreachable, gopacket.Payload(inner4[:28])),                       // ports and no more
	)
	var got []Quoted
	sum, err := Read(bytes.NewReader(file), Options{Quoted: func(q *Quoted) {
		c := *q
		c.Data = bytes.Clone(q.Data)
		got = append(got, c)
	}}, func(p *Payload) error { t.Errorf("message %q", p.Data); return nil })
	if err != nil || sum.Quoted != 2 || sum.ICMP != 4 || len(got) != 2 {
		t.Fatalf("%v %+v", err, sum)
	}
	if q := got[0]; q.Type != 3 || q.Code != 3 || q.From.String() != "198.51.100.20" || q.Dst.String() != "198.51.100.20:15060" || q.Packet != 1 || string(q.Data) != string(sip[:200-28]) {
		t.Errorf("%+v", q)
	}
	if q := got[1]; !q.V6 || q.Type != 1 || q.Src.String() != "[2001:db8::a]:5070" || string(q.Data) != string(sip) {
		t.Errorf("%+v", q)
	}
	checkLedger(t, &sum)
}

// mixed is a small capture with something of everything.
func mixed(t testing.TB) [][]byte {
	long := message("INVITE", 7, 900)
	two := message("INVITE", 3, 10) + message("ACK", 3, 0)
	packets := [][]byte{
		udp4(t, message("INVITE", 1, 0)),
		tcp4(t, 1000, "S", ""),
		tcp4(t, 1001, "", two[:100]),
		tcp4(t, 1101, "", two[100:]+"\r\n\r\n"),
		udp4(t, "\x80rtp"),
	}
	packets = append(packets, fragments4(udp4(t, long), 504)...)
	return append(packets, tcp4(t, 1101+uint32(len(two)-100+4), "F", message("BYE", 4, 0)))
}

// TestCutAnywhere: a capture that ends anywhere gives the beginning of what the
// whole one gives; what is cut says so.
func TestCutAnywhere(t *testing.T) {
	ng := newWriter(binary.LittleEndian, 0)
	ng.section()
	ng.iface(1, 0, 0)
	for i, p := range mixed(t) {
		ng.enhanced(0, uint64(firstTime.UnixMicro())+uint64(i), p)
	}
	for name, file := range map[string][]byte{"pcap": pcapFile(1, mixed(t)...), "pcapng": ng.Bytes()} {
		whole, _ := readAll(t, file)
		if len(whole) != 5 {
			t.Fatalf("%s: %d messages, want 5", name, len(whole))
		}
		for n := 24; n < len(file); n++ {
			part, sum, err := read(file[:n])
			if err != nil {
				t.Fatalf("%s cut at %d: %v", name, n, err)
			}
			checkLedger(t, &sum)
			for len(part) > 0 && part[len(part)-1].Cut {
				part = part[:len(part)-1]
			}
			if diff := cmp.Diff(whole[:min(len(part), len(whole))], part, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s cut at %d:\n%s", name, n, diff)
			}
		}
	}
}

func TestCutWarns(t *testing.T) {
	frame := udp4(t, message("INVITE", 1, 0))
	file := pcapFile(1, frame, frame)
	for _, n := range []int{1, len(frame), len(frame) + 15} {
		all, sum := readAll(t, file[:len(file)-n])
		want := []Warning{{2, int64(24 + 16 + len(frame)), "the file ends inside this record"}}
		if diff := cmp.Diff(want, sum.Warnings); diff != "" || len(all) != 1 {
			t.Errorf("cut by %d: %d messages, warnings\n%s", n, len(all), diff)
		}
	}
}

func TestAt(t *testing.T) {
	file := pcapFile(1, mixed(t)...)
	whole, _ := readAll(t, file)
	seen := map[int64]bool{}
	for _, f := range whole {
		if seen[f.Offset] {
			t.Errorf("offset %d twice", f.Offset)
		}
		seen[f.Offset] = true
		p, err := At(bytes.NewReader(file), f.Offset)
		if err != nil || string(p.Data) != f.Data || p.Packet != f.Packet {
			t.Errorf("at %d: %v, packet %d, want %d", f.Offset, err, p.Packet, f.Packet)
		}
	}
	if _, err := At(bytes.NewReader(file), 25); err != ErrNoMessage {
		t.Errorf("error %v, want %v", err, ErrNoMessage)
	}
}

func TestSkippedAreNamed(t *testing.T) {
	file := pcapFile(1,
		pack(t, ether(layers.EthernetTypeARP), gopacket.Payload("arp")),
		pack(t, ether(layers.EthernetTypeMPLSUnicast), gopacket.Payload("\x00\x01\x01\x40\x90...")),
		pack(t, ether(0x1234), gopacket.Payload("?")),
		pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolGRE), gopacket.Payload("tunnel")),
		pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolESP), gopacket.Payload("hidden")),
		[]byte("short"),
	)
	_, sum := readAll(t, file)
	want := map[string]int{
		"ARP": 1, "MPLS": 1, "Ethernet type 0x1234": 1, "IP protocol 47 (GRE)": 1,
		"IP protocol 50 (IPSecESP)": 1, "damaged or cut header": 1,
	}
	if diff := cmp.Diff(want, sum.Skipped); diff != "" {
		t.Error(diff)
	}
}
