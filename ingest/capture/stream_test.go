package capture

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// split is a stream's data as segments of size bytes.
func split(t testing.TB, seq uint32, data string, size int) [][]byte {
	var out [][]byte
	for at := 0; at < len(data); at += size {
		out = append(out, tcp4(t, seq+uint32(at), "", data[at:min(len(data), at+size)]))
	}
	return out
}

func TestStreams(t *testing.T) {
	a, b, c := message("INVITE", 1, 20), message("ACK", 2, 0), message("BYE", 3, 300)
	all := a + b + c
	na, nb := uint32(len(a)), uint32(len(b))
	syn := tcp4(t, 99, "S", "")
	wrap := uint32(0xffffffff - 200)
	big := message("PUBLISH", 1, 400_000)
	endless := "INVITE sip:x SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 20_000)
	for name, p := range map[string]struct {
		packets [][]byte
		want    []string
	}{
		"one segment each":       {[][]byte{syn, tcp4(t, 100, "", a), tcp4(t, 100+na, "", b), tcp4(t, 100+na+nb, "", c)}, []string{"2 " + a, "3 " + b, "4 " + c}},
		"three in a segment":     {[][]byte{syn, tcp4(t, 100, "", all)}, []string{"2 " + a, "2 " + b, "2 " + c}},
		"one over several":       {split(t, 100, c, 100), []string{fmt.Sprintf("%d %s", (len(c)+99)/100, c)}},
		"mid-stream":             {[][]byte{tcp4(t, 5000, "", "tag=1\r\nCall-ID: 9\r\n\r\n"+a)}, []string{"1 " + a}},
		"keep-alives between":    {[][]byte{tcp4(t, 100, "", a), tcp4(t, 100+na, "", "\r\n\r\n"), tcp4(t, 104+na, "", b)}, []string{"1 " + a, "3 " + b}},
		"out of order":           {[][]byte{syn, tcp4(t, 100+na+nb, "", c), tcp4(t, 100+na, "", b), tcp4(t, 100, "", a)}, []string{"4 " + a, "3 " + b, "2 " + c}},
		"sent again":             {[][]byte{syn, tcp4(t, 100, "", a), tcp4(t, 100, "", a), tcp4(t, 100+na, "", b), tcp4(t, 100, "", a)}, []string{"2 " + a, "4 " + b}},
		"sent again with more":   {[][]byte{syn, tcp4(t, 100, "", a[:50]), tcp4(t, 100, "", a+b)}, []string{"3 " + a, "3 " + b}},
		"waiting twice":          {[][]byte{syn, tcp4(t, 100+na, "", b), tcp4(t, 100+na, "", b), tcp4(t, 100, "", a)}, []string{"4 " + a, "2 " + b}},
		"numbers wrap":           {[][]byte{tcp4(t, wrap, "", a), tcp4(t, wrap+na, "", b), tcp4(t, wrap+na+nb, "", c)}, []string{"1 " + a, "2 " + b, "3 " + c}},
		"SYN with data":          {[][]byte{tcp4(t, 99, "S", a), tcp4(t, 100+na, "", b)}, []string{"1 " + a, "2 " + b}},
		"SYN again":              {[][]byte{syn, tcp4(t, 100, "", a), syn, tcp4(t, 100+na, "", b)}, []string{"2 " + a, "4 " + b}},
		"keep-alive probe":       {[][]byte{tcp4(t, 100, "", a), tcp4(t, 99+na, "", "\n"), tcp4(t, 100+na, "", b)}, []string{"1 " + a, "3 " + b}},
		"FIN in mid-message":     {[][]byte{tcp4(t, 100, "", a), tcp4(t, 100+na, "F", b[:100])}, []string{"1 " + a, "2 cut " + b[:100]}},
		"end of capture":         {[][]byte{tcp4(t, 100, "", a+b[:100])}, []string{"1 " + a, "1 cut " + b[:100]}},
		"end before a line ends": {[][]byte{tcp4(t, 100, "", a+b[:10])}, []string{"1 " + a}},
		"body longer than kept":  {split(t, 100, big+"\r\n"+b, 50_000), []string{"6 cut " + big[:300_000], "9 " + b}},
		"head without an end":    {split(t, 100, endless+a, 50_000), []string{"2 cut " + endless[:100_000], "3 " + a}},
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := readAll(t, pcapFile(1, p.packets...))
			got := []string{}
			for _, f := range found {
				cut := ""
				if f.Cut {
					cut = "cut "
				}
				got = append(got, fmt.Sprintf("%d %s%s", f.Packet, cut, f.Data))
			}
			if diff := cmp.Diff(p.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A segment that was not captured costs the message it belongs to, no more.
func TestStreamGaps(t *testing.T) {
	var all string
	for i := range 40 {
		all += message("INVITE", i, 50)
	}
	segments := split(t, 100, all, 333)
	for lost := 1; lost < len(segments); lost++ {
		packets := append(append([][]byte{}, segments[:lost]...), segments[lost+1:]...)
		found, sum := readAll(t, pcapFile(1, packets...))
		whole := 0
		for _, f := range found {
			if !f.Cut {
				if !strings.Contains(all, f.Data) {
					t.Fatalf("segment %d lost: %q was never sent", lost, f.Data)
				}
				whole++
			}
		}
		// 333 bytes touch two or three messages of this length.
		if lost < len(segments)-1 && sum.Gaps != 1 || whole < 40-3 || whole > 39 {
			t.Errorf("segment %d of %d lost: %d whole messages of 40, %d gaps", lost, len(segments), whole, sum.Gaps)
		}
	}
}

// A gap is waited for by the packets' clock; what comes after is not delayed
// further, and keeps the time and number of its own packet.
func TestStreamGapTime(t *testing.T) {
	w := newWriter(binary.LittleEndian, 1e6)
	w.pcapHeader(1)
	a, b := message("INVITE", 1, 0), message("ACK", 2, 0)
	seq := uint32(100)
	put := func(data string, lost uint32) {
		f := tcp4(t, seq+lost, "", data)
		w.pcapPacket(f, len(f))
		seq += lost + uint32(len(data))
	}
	put(a, 0)
	for range 8 {
		put(b, 0)
	}
	put(a, 1000)
	for range 8 {
		put(b, 0)
	}
	var last int
	seenAt := 0
	var order []int
	_, err := Read(strings.NewReader(w.String()), Options{}, func(p *Payload) error {
		order = append(order, p.Packet)
		last = p.Packet
		if p.Packet == 10 {
			seenAt = len(order)
		}
		return nil
	})
	if err != nil || last != 18 || seenAt != 10 || len(order) != 18 {
		t.Errorf("%v; order %v", err, order)
	}
}

// A device that always connects from port 5060: reset by one side, lost without
// an end, or with the SYN not captured, the next connection is read in full.
func TestStreamReconnect(t *testing.T) {
	a, b := message("REGISTER", 1, 0), message("INVITE", 2, 0)
	na := uint32(len(a))
	for name, packets := range map[string][][]byte{
		"after RST":           {tcp4(t, 99, "S", ""), tcp4(t, 100, "", a), tcp4(t, 100+na, "R", ""), tcp4(t, 9_000_000, "S", ""), tcp4(t, 9_000_001, "", b)},
		"after FIN":           {tcp4(t, 99, "S", ""), tcp4(t, 100, "", a), tcp4(t, 100+na, "F", ""), tcp4(t, 9_000_000, "S", ""), tcp4(t, 9_000_001, "", b)},
		"no end":              {tcp4(t, 99, "S", ""), tcp4(t, 100, "", a), tcp4(t, 50, "S", ""), tcp4(t, 51, "", b)},
		"lower, SYN lost":     {tcp4(t, 3_000_000, "", a), tcp4(t, 100, "", b)},
		"higher, SYN lost":    {tcp4(t, 100, "", a), tcp4(t, 3_000_000, "", b)},
		"was TLS before":      {tcp4(t, 100, "", "\x16\x03\x01\x00\x05hello"), tcp4(t, 500, "S", ""), tcp4(t, 501, "", a+b)},
		"was something else":  {tcp4(t, 100, "", strings.Repeat("GET /\r\n", 3000)), tcp4(t, 900_000, "S", ""), tcp4(t, 900_001, "", a+b)},
		"both at the one end": {tcp4(t, 100, "", a), tcp4(t, 7, "S", b)},
	} {
		found, _ := readAll(t, pcapFile(1, packets...))
		if diff := cmp.Diff([]string{a, b}, texts(found)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestStreamsNotSIP(t *testing.T) {
	tls := split(t, 100, "\x16\x03\x01\x02\x00"+strings.Repeat("\x00SIP/2.0 200 OK\n", 5000), 1400)
	http := split(t, 100, strings.Repeat("Date: today\r\n", 5000)+message("INVITE", 1, 0), 1400)
	noLines := split(t, 100, strings.Repeat("0123456789", 5000), 1400)
	for name, c := range map[string]struct {
		packets    [][]byte
		tls, other int
	}{"TLS": {tls, 1, 0}, "HTTP": {http, 0, 1}, "no lines": {noLines, 0, 1}} {
		found, sum := readAll(t, pcapFile(1, c.packets...))
		if len(found) != 0 || sum.Streams != 1 || sum.StreamsTLS != c.tls || sum.StreamsOther != c.other || sum.StreamsSIP != 0 {
			t.Errorf("%s: %d messages, %+v", name, len(found), sum)
		}
	}
}

// Streams that never close, each with the beginning of a message and a segment
// behind a gap.
func TestMemoryBounded(t *testing.T) {
	const streams = 100_000
	data := message("INVITE", 1, 1200)
	frame := tcp4(t, 100, "", data[:1000])
	c := newScan(Options{}, func(*Payload) error { return nil })
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 2 * streams {
		n := i / 2
		binary.BigEndian.PutUint16(frame[26:], uint16(n>>16))
		binary.BigEndian.PutUint16(frame[28:], uint16(n))
		binary.BigEndian.PutUint32(frame[38:], uint32(100+i%2*2000)) // the second one behind a gap
		c.sum.Packets++
		c.packet(&record{data: frame, wire: len(frame), link: 1, time: 1})
		if len(c.streams.byFlow) > maxStreams || c.streams.bytes > maxStreamBytes+maxMessage {
			t.Fatalf("%d streams with %d bytes", len(c.streams.byFlow), c.streams.bytes)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 80<<20 {
		t.Errorf("heap grew by %d MB, want at most 80", grown>>20)
	}
	c.drain()
	if c.streams.bytes != 0 || c.sum.Streams != streams || c.sum.Messages != 2*streams {
		t.Errorf("%d bytes held at the end; %+v", c.streams.bytes, c.sum)
	}
}

// Segments of one byte each, the dearest way to send a message, cost no more
// than maxTries looks at it.
func TestStreamTinySegments(t *testing.T) {
	c := newScan(Options{}, func(*Payload) error { return nil })
	text := "INVITE sip:x SIP/2.0\r\n" + strings.Repeat("X: y\n", 12_000)
	begin := time.Now()
	for i := range len(text) {
		frame := tcp4(t, uint32(i), "", text[i:i+1])
		c.packet(&record{data: frame, wire: len(frame), link: 1, time: 1})
	}
	c.drain()
	if c.sum.Messages == 0 || time.Since(begin) > 20*time.Second {
		t.Errorf("%d messages in %v", c.sum.Messages, time.Since(begin))
	}
}
