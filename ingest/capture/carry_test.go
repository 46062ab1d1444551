package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// hepChunk is one chunk of a HEP3 packet; vendor 0.
func hepChunk(typ uint16, value string) string {
	b := []byte{0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], typ)
	binary.BigEndian.PutUint16(b[4:], uint16(6+len(value)))
	return string(b) + value
}

// hepPacket is a HEP3 packet with the inner addresses 203.0.113.1:5060 and
// 203.0.113.2:5080 and the inner time 07:59:59.000250.
func hepPacket(more ...string) string {
	seconds := binary.BigEndian.AppendUint32(nil, uint32(firstTime.Unix()-1))
	chunks := hepChunk(1, "\x02") + hepChunk(2, "\x11") + hepChunk(3, "\xcb\x00\x71\x01") + hepChunk(4, "\xcb\x00\x71\x02") +
		hepChunk(7, "\x13\xc4") + hepChunk(8, "\x13\xd8") + hepChunk(9, string(seconds)) + hepChunk(10, "\x00\x00\x00\xfa") +
		hepChunk(12, "\x00\x00\x07\xd1") + strings.Join(more, "")
	return "HEP3" + string(binary.BigEndian.AppendUint16(nil, uint16(6+len(chunks)))) + chunks
}

func squeeze(t testing.TB, data string) (gz, zl string) {
	var a, b bytes.Buffer
	w, z := gzip.NewWriter(&a), zlib.NewWriter(&b)
	w.Write([]byte(data))
	z.Write([]byte(data))
	if w.Close() != nil || z.Close() != nil {
		t.Fatal("compressing")
	}
	return a.String(), b.String()
}

// hep2Packet is a packet of version 1 or 2 with the same addresses and time.
func hep2Packet(version byte, order binary.AppendByteOrder, data string) string {
	b := []byte{version, 16, 2, 6, 0x13, 0xc4, 0x13, 0xd8, 203, 0, 113, 1, 203, 0, 113, 2}
	if version == 2 {
		b = order.AppendUint32(b, uint32(firstTime.Unix()-1))
		b = append(order.AppendUint32(b, 250), 0, 7, 0, 0)
	}
	return string(b) + data
}

func TestHEP(t *testing.T) {
	msg := message("INVITE", 1, 20)
	gz, zl := squeeze(t, msg)
	bomb, _ := squeeze(t, msg+strings.Repeat("x", 4*maxMessage))
	const inner, outer = "07:59:59.000250", "08:00:00.123456"
	for name, c := range map[string]struct {
		data, time string
		transport  Transport
		cut        bool
		want       string
	}{
		"SIP":            {hepPacket(hepChunk(11, "\x01"), hepChunk(15, msg)), inner, UDP, false, msg},
		"no kind":        {hepPacket(hepChunk(15, msg)), inner, UDP, false, msg},
		"gzip":           {hepPacket(hepChunk(11, "\x01"), hepChunk(16, gz)), inner, UDP, false, msg},
		"zlib":           {hepPacket(hepChunk(11, "\x01"), hepChunk(16, zl)), inner, UDP, false, msg},
		"bounded":        {hepPacket(hepChunk(16, bomb)), inner, UDP, false, (msg + strings.Repeat("x", maxMessage))[:maxMessage]},
		"over TLS":       {hepPacket(hepChunk(2, "\x16"), hepChunk(15, msg)), inner, TLS, false, msg},
		"over WebSocket": {hepPacket(hepChunk(2, "\x32"), hepChunk(15, msg)), inner, WS, false, msg},
		"vendor's chunk": {hepPacket("\x00\x01\x00\x0f\x00\x0aname", hepChunk(15, msg)), inner, UDP, false, msg},
		"cut":            {hepPacket(hepChunk(15, msg))[:len(hepPacket(""))+6+40], inner, UDP, true, msg[:40]},
		"version 1":      {hep2Packet(1, nil, msg), outer, TCP, false, msg},
		"version 2":      {hep2Packet(2, binary.LittleEndian, msg), inner, TCP, false, msg},
		"version 2 big":  {hep2Packet(2, binary.BigEndian, msg), inner, TCP, false, msg},
		"RTCP":           {hepPacket(hepChunk(11, "\x05"), hepChunk(15, msg)), "", 0, false, ""},
		"no payload":     {hepPacket(), "", 0, false, ""},
		"length under 6": {hepPacket("\x00\x00\x00\x0f\x00\x05", hepChunk(15, msg)), "", 0, false, ""},
	} {
		all, sum := readAll(t, pcapFile(1, udp4(t, c.data)))
		var want []found
		if c.want != "" {
			want = []found{{1, 24, c.time, "203.0.113.1:5060", "203.0.113.2:5080", c.transport, c.cut, c.want}}
		}
		if diff := cmp.Diff(want, all); diff != "" || sum.HEP != len(want) {
			t.Errorf("%s: %d HEP\n%s", name, sum.HEP, diff)
		}
	}
}

func TestHEPOverTCP(t *testing.T) {
	a, b, c := message("INVITE", 1, 20), message("ACK", 2, 0), message("BYE", 3, 300)
	packet := func(s string) string { return hepPacket(hepChunk(11, "\x01"), hepChunk(15, s)) }
	all := packet(a) + packet(b) + packet(c)
	for _, size := range []int{7, 100, 1400} {
		found, sum := readAll(t, pcapFile(1, split(t, 100, all, size)...))
		if diff := cmp.Diff([]string{a, b, c}, texts(found)); diff != "" || found[0].Src != "203.0.113.1:5060" || found[2].Time != "07:59:59.000250" || sum.StreamsHEP != 1 || sum.StreamsSIP != 1 {
			t.Errorf("segments of %d: %+v\n%s", size, sum, diff)
		}
	}
	segments := split(t, 100, all, 100)
	found, _ := readAll(t, pcapFile(1, append(segments[:3:3], segments[5:]...)...))
	if diff := cmp.Diff([]string{c}, texts(found)); diff != "" {
		t.Errorf("behind a gap:\n%s", diff)
	}
}

// TestHEPCorpus compares with what another decoder read from Kamailio's packets.
func TestHEPCorpus(t *testing.T) {
	const path = "../../../shared/corpus/hep/kamailio_siptrace_hep3.pcap"
	file, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no HEP capture: %v", err)
	}
	f, err := os.Open(path + ".hep.tsv")
	if err != nil {
		t.Skipf("no truth: %v", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range rows[1:] { // idx src sport dst dport ts proto_type cap_id method status cseq callid
		want = append(want, fmt.Sprint(row[1], ":", row[2], " ", row[3], ":", row[4], " ", row[5], " ", row[8]+row[9], " ", row[10], " ", row[11]))
	}
	var got []string
	sum, err := Read(bytes.NewReader(file), Options{}, func(p *Payload) error {
		first, _, _ := strings.Cut(string(p.Data), "\r\n")
		words := strings.Fields(first)
		kind := words[0]
		if kind == "SIP/2.0" {
			kind = words[1]
		}
		header := func(name string) string {
			_, rest, _ := strings.Cut(string(p.Data), "\r\n"+name+": ")
			value, _, _ := strings.Cut(rest, "\r\n")
			return value
		}
		at := time.UnixMicro(p.Time)
		got = append(got, fmt.Sprintf("%v %v %d.%06d %s %s %s", p.Src, p.Dst, at.Unix(), at.Nanosecond()/1000, kind, header("CSeq"), header("Call-ID")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, &sum)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 || sum.HEP != len(want) {
		t.Errorf("%d messages in HEP, want %d\n%s", sum.HEP, len(want), diff)
	}
}

// wsFrameOf is a WebSocket frame; head is its first byte.
func wsFrameOf(head byte, masked bool, payload string) string {
	b := []byte{head}
	bit := byte(0)
	if masked {
		bit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, bit|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, bit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, bit|127), uint64(n))
	}
	if !masked {
		return string(b) + payload
	}
	mask := []byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, mask...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i&3])
	}
	return string(b)
}

const (
	wsAsk    = "GET /ws HTTP/1.1\r\nHost: pbx.example.net\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
	wsAnswer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\r\n"
)

func TestWebSocket(t *testing.T) {
	a, b := message("INVITE", 1, 20), message("BYE", 2, 200)
	long := message("PUBLISH", 3, 70_000)
	two := wsFrameOf(0x81, true, a) + wsFrameOf(0x82, true, b)
	for name, c := range map[string]struct {
		data string
		size int
		want []string
	}{
		"client":            {wsAsk + two, 1400, []string{a, b}},
		"server":            {wsAnswer + wsFrameOf(0x81, false, a) + wsFrameOf(0x81, false, b), 1400, []string{a, b}},
		"small segments":    {wsAsk + two, 11, []string{a, b}},
		"long":              {wsAsk + wsFrameOf(0x81, true, long) + two, 1400, []string{long, a, b}},
		"in frames":         {wsAsk + wsFrameOf(0x01, true, a[:50]) + wsFrameOf(0x89, true, "ping") + wsFrameOf(0x00, true, a[50:60]) + wsFrameOf(0x80, true, a[60:]) + two, 1400, []string{a, a, b}},
		"no handshake":      {two, 1400, []string{a, b}},
		"keep-alive":        {wsAsk + wsFrameOf(0x81, true, "\r\n\r\n") + two + wsFrameOf(0x88, true, "\x03\xe8"), 1400, []string{a, b}},
		"too long":          {wsAsk + wsFrameOf(0x82, true, strings.Repeat("x", maxMessage+1)) + two, 1400, []string{a, b}},
		"other HTTP":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + a, 1400, []string{a}},
		"other application": {wsAsk + wsFrameOf(0x81, true, `{"hello":"world"}`), 1400, []string{}},
		"compressed":        {wsAsk + wsFrameOf(0xc1, true, a), 1400, []string{}},
		"end in a frame":    {wsAsk + wsFrameOf(0x81, true, a) + wsFrameOf(0x81, true, b)[:200], 1400, []string{a, b[:200-8]}},
		"no last frame":     {wsAsk + wsFrameOf(0x01, true, a) + wsFrameOf(0x81, true, b), 1400, []string{a, b}},
	} {
		found, sum := readAll(t, pcapFile(1, split(t, 100, c.data, c.size)...))
		if diff := cmp.Diff(c.want, texts(found)); diff != "" {
			t.Errorf("%s: %+v\n%s", name, sum, diff)
		}
		if len(found) > 0 && name != "other HTTP" && (found[0].Transport != WS || sum.StreamsWS != 1 || sum.OverWS != len(found)) {
			t.Errorf("%s: %+v", name, sum)
		}
	}
}

// A lost segment costs the messages in it; the next segment that begins with a
// frame is read again.
func TestWebSocketGap(t *testing.T) {
	data := wsAsk
	var packets [][]byte
	seq := uint32(100)
	put := func(s string) {
		packets = append(packets, tcp4(t, seq, "", s))
		seq += uint32(len(s))
	}
	put(data)
	var want []string
	for i := range 6 {
		put(wsFrameOf(0x81, true, message("INVITE", i, 50)))
		if i != 2 {
			want = append(want, message("INVITE", i, 50))
		}
	}
	packets = slices.Delete(packets, 3, 4)
	found, sum := readAll(t, pcapFile(1, packets...))
	if diff := cmp.Diff(want, texts(found)); diff != "" || sum.Gaps != 1 {
		t.Errorf("%d gaps\n%s", sum.Gaps, diff)
	}
}

// sctpPacket is an SCTP packet of DATA chunks; flags of each are letters of B and E.
func sctpPacket(t testing.TB, chunks ...sctpData) []byte {
	b := []byte("\x13\xc4\x13\xc4tag.sum.")
	for _, c := range chunks {
		flags := byte(strings.Count(c.flags, "B")*2 + strings.Count(c.flags, "E"))
		b = binary.BigEndian.AppendUint16(append(b, 0, flags), uint16(16+len(c.data)))
		b = binary.BigEndian.AppendUint32(b, c.tsn)
		b = append(b, 0, 1, 0, 1, 0, 0, 0, 0)
		b = append(b, c.data...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return pack(t, ip4(layers.IPProtocolSCTP), gopacket.Payload(b))
}

type sctpData struct {
	tsn   uint32
	flags string
	data  string
}

func TestSCTP(t *testing.T) {
	a, b := message("INVITE", 1, 20), message("BYE", 2, 301)
	first := sctpPacket(t, sctpData{9, "B", b[:100]})
	middle := sctpPacket(t, sctpData{10, "", b[100:200]}, sctpData{8, "BE", a})
	last := sctpPacket(t, sctpData{11, "E", b[200:]})
	for name, c := range map[string]struct {
		packets [][]byte
		want    []string
	}{
		"one chunk":    {[][]byte{sctpPacket(t, sctpData{1, "BE", a})}, []string{a}},
		"two chunks":   {[][]byte{sctpPacket(t, sctpData{1, "BE", a}, sctpData{2, "BE", b})}, []string{a, b}},
		"sent again":   {[][]byte{sctpPacket(t, sctpData{1, "BE", a}), sctpPacket(t, sctpData{1, "BE", a}, sctpData{2, "BE", b})}, []string{a, b}},
		"in pieces":    {[][]byte{first, middle, last}, []string{a, b}},
		"out of order": {[][]byte{last, middle, first}, []string{a, b}},
		"numbers wrap": {[][]byte{sctpPacket(t, sctpData{0xffffffff, "B", a[:9]}), sctpPacket(t, sctpData{0, "E", a[9:]})}, []string{a}},
		"piece lost":   {[][]byte{first, last, sctpPacket(t, sctpData{12, "BE", a})}, []string{a, b[:100]}},
		"ends lost":    {[][]byte{sctpPacket(t, sctpData{9, "B", a[:100]}, sctpData{11, "B", b[:100]}, sctpData{13, "BE", b})}, []string{b, a[:100], b[:100]}},
		"other":        {[][]byte{sctpPacket(t, sctpData{1, "BE", "diameter"})}, []string{}},
		"IPv4 pieces":  {fragments4(append(make([]byte, 14), sctpPacket(t, sctpData{1, "BE", b})...), 200), []string{b}},
	} {
		link := uint32(101)
		if name == "IPv4 pieces" {
			link = 1
			for _, p := range c.packets {
				copy(p[12:], "\x08\x00")
			}
		}
		found, sum := readAll(t, pcapFile(link, c.packets...))
		if diff := cmp.Diff(c.want, texts(found)); diff != "" || sum.OverSCTP != len(found) {
			t.Errorf("%s: %+v\n%s", name, sum, diff)
		}
		if len(found) > 0 && (found[0].Transport != SCTP || found[0].Src != "192.0.2.10:5060") {
			t.Errorf("%s: %+v", name, found[0])
		}
		places := map[int64]bool{}
		for _, f := range found {
			if places[f.Offset] {
				t.Errorf("%s: two messages at %d", name, f.Offset)
			}
			places[f.Offset] = true
		}
	}
}

func TestSCTPBounded(t *testing.T) {
	c := newScan(Options{}, func(*Payload) error { return nil })
	for i := range uint32(3 * maxChunks) {
		data := sctpPacket(t, sctpData{3 * i, "B", message("INVITE", int(i), 3000)[:3000]})
		c.packet(&record{data: data, wire: len(data), link: 101, time: 1})
		if c.chunks.order.Len() > maxChunks || c.chunks.bytes > maxChunkBytes {
			t.Fatalf("%d pieces with %d bytes", c.chunks.order.Len(), c.chunks.bytes)
		}
	}
	c.drain()
	if c.chunks.bytes != 0 || c.sum.Messages != 3*maxChunks || c.sum.Cut != 3*maxChunks {
		t.Errorf("%d bytes held, %+v", c.chunks.bytes, c.sum)
	}
}

// A tunnel in a tunnel in a tunnel ends.
func TestTunnelsBounded(t *testing.T) {
	data := udp4(t, message("INVITE", 1, 0))
	for range 12 {
		data = pack(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolGRE), gopacket.Payload(append([]byte("\x00\x00\x65\x58"), data...)))
	}
	found, sum := readAll(t, pcapFile(1, data))
	if len(found) != 0 || sum.Skipped["more than 8 tunnels in each other"] != 1 {
		t.Errorf("%+v", sum)
	}
}

func FuzzHEP(f *testing.F) {
	msg := message("INVITE", 1, 20)
	gz, _ := squeeze(f, msg)
	f.Add([]byte(hepPacket(hepChunk(11, "\x01"), hepChunk(15, msg))))
	f.Add([]byte(hepPacket(hepChunk(16, gz))))
	f.Add([]byte(hep2Packet(2, binary.LittleEndian, msg)))
	f.Add([]byte(hep2Packet(1, nil, msg)))
	// A packet means the same in a datagram and in a stream.
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 32<<10 {
			t.Skip("longer than needed")
		}
		checkRead(t, pcapFile(1, udp4(t, string(data)), tcp4(t, 100, "", string(data))))
	})
}

func FuzzWebSocket(f *testing.F) {
	a := message("INVITE", 1, 20)
	f.Add([]byte(wsAsk+wsFrameOf(0x81, true, a)+wsFrameOf(0x01, false, a[:50])+wsFrameOf(0x80, false, a[50:])), uint16(100))
	f.Add([]byte(wsAnswer+wsFrameOf(0x89, false, "x")+wsFrameOf(0x82, false, a)), uint16(1400))
	// How the stream is cut into segments does not matter, once it is recognised.
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		if len(data) > 16<<10 || size < 40 || len(data) < 40 {
			t.Skip("not needed")
		}
		parts := pcapFile(1, split(t, 100, string(data), int(size))...)
		checkRead(t, parts)
	})
}

func FuzzSCTP(f *testing.F) {
	a := message("INVITE", 1, 20)
	f.Add(sctpPacket(f, sctpData{9, "B", a[:100]})[20:], sctpPacket(f, sctpData{10, "E", a[100:]})[20:])
	f.Add([]byte("0"), sctpPacket(f, sctpData{9, "B", a[:100]}, sctpData{11, "B", a[:100]})[20:])
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)+len(b) > 32<<10 {
			t.Skip("longer than needed")
		}
		packet := func(data []byte) []byte { return pack(t, ip4(layers.IPProtocolSCTP), gopacket.Payload(data)) }
		checkRead(t, pcapFile(101, packet(a), packet(b), packet(a)))
	})
}
