package ingest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/ingest/capture"
	"callsift/store"
)

// pcapSink writes down what the capture formats hand out.
type pcapSink struct{ lines []string }

func (s *pcapSink) add(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *pcapSink) Message(o *Observation) {
	first, _, _ := strings.Cut(string(o.Raw), "\r\n")
	s.add("message line=%d offset=%d length=%d time=%d %v>%v transport=%d cut=%v %s",
		o.Line, o.Offset, o.Length, o.Time, o.Src, o.Dst, o.Transport, o.Cut, first)
}
func (s *pcapSink) CDR(*CDR)           { s.add("cdr") }
func (s *pcapSink) Event(*store.Event) { s.add("event") }
func (s *pcapSink) Reject(at Place, reason string, sample []byte) {
	s.add("reject line=%d %s", at.Line, reason)
}
func (s *pcapSink) Warn(at Place, text string) {
	s.add("warn line=%d offset=%d %s", at.Line, at.Offset, text)
}

// ipv4 is a raw IPv4 packet with the transport header and data given.
func ipv4(protocol byte, body []byte) []byte {
	p := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 10, 198, 51, 100, 20}
	binary.BigEndian.PutUint16(p[2:], uint16(20+len(body)))
	return append(p, body...)
}

// ports is the beginning of a UDP or TCP header: 5070 to 5060.
func ports() []byte { return []byte{0x13, 0xce, 0x13, 0xc4} }

func udpPacket(data string) []byte {
	head := binary.BigEndian.AppendUint16(ports(), uint16(8+len(data)))
	return ipv4(17, append(append(head, 0, 0), data...))
}

func tcpPacket(seq uint32, data string) []byte {
	head := binary.BigEndian.AppendUint32(ports(), seq)
	head = append(head, 0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0)
	return ipv4(6, append(head, data...))
}

// rawPcap is a pcap file of raw IP packets, one a second from 1,800,000,000 on.
func rawPcap(packets ...[]byte) []byte {
	le := binary.LittleEndian
	var f []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 101} {
		f = le.AppendUint32(f, v)
	}
	for i, p := range packets {
		for _, v := range []uint32{1_800_000_000 + uint32(i), 250_000, uint32(len(p)), uint32(len(p))} {
			f = le.AppendUint32(f, v)
		}
		f = append(f, p...)
	}
	return f
}

// sampleCapture has a message over UDP, two in one TCP segment, media, an
// unread protocol, and ends inside its last packet.
func sampleCapture() []byte {
	invite := "INVITE sip:1001@example.net SIP/2.0\r\nCall-ID: 1@example.net\r\nContent-Length: 0\r\n\r\n"
	ok := "SIP/2.0 200 OK\r\nCall-ID: 1@example.net\r\nl: 0\r\n\r\n"
	f := rawPcap(
		udpPacket(invite),
		tcpPacket(1, invite+ok),
		udpPacket("\x80\x08media"),
		ipv4(50, []byte("an ESP packet!")),
		udpPacket(ok),
	)
	return f[:len(f)-3]
}

func TestPcapRead(t *testing.T) {
	var sink pcapSink
	file := sampleCapture()
	in := &Input{Reader: bytes.NewReader(file)}
	if err := pcapFormat.Read(in, &sink); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"message line=1 offset=24 length=82 time=1800000000250000 192.0.2.10:5070>198.51.100.20:5060 transport=1 cut=false INVITE sip:1001@example.net SIP/2.0",
		"message line=2 offset=150 length=82 time=1800000001250000 192.0.2.10:5070>198.51.100.20:5060 transport=2 cut=false INVITE sip:1001@example.net SIP/2.0",
		"message line=2 offset=151 length=48 time=1800000001250000 192.0.2.10:5070>198.51.100.20:5060 transport=2 cut=false SIP/2.0 200 OK",
		"warn line=5 offset=437 the file ends inside this record",
		"warn line=0 offset=0 1 packets not looked into: IP protocol 50 (IPSecESP)",
	}
	if diff := cmp.Diff(want, sink.lines); diff != "" {
		t.Error(diff)
	}
	p, err := capture.At(bytes.NewReader(file), 151)
	if err != nil || !strings.HasPrefix(string(p.Data), "SIP/2.0 200") {
		t.Errorf("message at its Place: %q, %v", p.Data, err)
	}
}

func TestPcapWithoutSIP(t *testing.T) {
	var sink pcapSink
	if err := pcapFormat.Read(&Input{Reader: bytes.NewReader(rawPcap(udpPacket("\x80")))}, &sink); err != nil {
		t.Fatal(err)
	}
	want := []string{"warn line=0 offset=0 no SIP message in 1 packets (1 UDP, 0 TCP)"}
	if diff := cmp.Diff(want, sink.lines); diff != "" {
		t.Error(diff)
	}
}

func TestPcapSniff(t *testing.T) {
	for _, c := range []struct {
		head         string
		pcap, pcapng bool
	}{
		{"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", true, false},
		{"\xa1\xb2\xc3\xd4\x00\x02\x00\x04", true, false},
		{"\x4d\x3c\xb2\xa1\x02\x00\x04\x00", true, false},
		{"\xa1\xb2\x3c\x4d\x00\x02\x00\x04", true, false},
		{"\n\r\r\n\x1c\x00\x00\x00\x4d\x3c\x2b\x1a", false, true},
		{"\n\r\r\n\x00\x00\x00\x1c\x1a\x2b\x3c\x4d", false, true},
		{"\n\r\r\n\r\n\r\n\r\n\r\n", false, false},
		{"INVITE sip:x SIP/2.0\r\n", false, false},
		{"\xd4\xc3", false, false},
		{"", false, false},
	} {
		head := []byte(c.head)
		if p, ng := pcapFormat.Sniff(head), pcapngFormat.Sniff(head); p != c.pcap || ng != c.pcapng {
			t.Errorf("%q: pcap %v, pcapng %v; want %v, %v", c.head, p, ng, c.pcap, c.pcapng)
		}
	}
}

func TestPcapLab(t *testing.T) {
	f, err := os.Open("../../shared/corpus/lab-small/lab.pcap")
	if err != nil {
		t.Skipf("no lab capture: %v", err)
	}
	defer f.Close()
	var sink pcapSink
	if err := pcapFormat.Read(&Input{Reader: f}, &sink); err != nil {
		t.Fatal(err)
	}
	messages := 0
	for _, l := range sink.lines {
		if strings.HasPrefix(l, "message ") {
			messages++
		}
	}
	want := []string{"warn line=0 offset=0 23 ICMP errors quote SIP messages; these are not counted as messages"}
	if diff := cmp.Diff(want, sink.lines[messages:]); diff != "" || messages != 5810 {
		t.Errorf("%d messages, want 5810; then\n%s", messages, diff)
	}
}
