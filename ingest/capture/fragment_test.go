package capture

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// fragmented are the three fragments of one INVITE, in both families.
func fragmented(t testing.TB) map[string][][]byte {
	sip := message("INVITE", 1, 1000)
	return map[string][][]byte{
		"IPv4": fragments4(udp4(t, sip), 504),
		"IPv6": fragments6(pack(t, ether(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), udpHead(), gopacket.Payload(sip)), 504),
	}
}

func TestFragments(t *testing.T) {
	whole := message("INVITE", 1, 1000)
	for family, f := range fragmented(t) {
		if len(f) != 3 {
			t.Fatalf("%d fragments, want 3", len(f))
		}
		for name, c := range map[string]struct {
			packets [][]byte
			packet  int // that completes it
			cut     bool
		}{
			"in order":       {[][]byte{f[0], f[1], f[2]}, 3, false},
			"backwards":      {[][]byte{f[2], f[1], f[0]}, 3, false},
			"middle last":    {[][]byte{f[0], f[2], f[1]}, 3, false},
			"repeated":       {[][]byte{f[0], f[0], f[1], f[1], f[2], f[2]}, 5, false},
			"first only":     {[][]byte{f[0]}, 1, true},
			"without middle": {[][]byte{f[0], f[2]}, 2, true},
		} {
			w := newWriter(binary.LittleEndian, 1e6)
			w.step = time.Millisecond
			w.pcapHeader(1)
			for _, p := range c.packets {
				w.pcapPacket(p, len(p))
			}
			all, sum := readAll(t, w.Bytes())
			want := whole
			if c.cut {
				want = whole[:504-8]
			}
			if len(all) != 1 || all[0].Data != want || all[0].Packet != c.packet || all[0].Cut != c.cut {
				t.Errorf("%s, %s: %+v\n%+v", family, name, all, sum)
			}
			if sum.Fragments != len(c.packets) || (sum.Incomplete == 1) != c.cut {
				t.Errorf("%s, %s: %+v", family, name, sum)
			}
		}
	}
}

func TestFragmentsLate(t *testing.T) {
	for family, f := range fragmented(t) {
		w := newWriter(binary.LittleEndian, 1e6)
		w.pcapHeader(1)
		w.pcapPacket(f[0], len(f[0]))
		w.now = w.now.Add(time.Minute)
		w.pcapPacket(f[1], len(f[1]))
		w.pcapPacket(f[2], len(f[2]))
		all, sum := readAll(t, w.Bytes())
		if len(all) != 1 || !all[0].Cut || all[0].Packet != 1 || sum.Incomplete != 2 {
			t.Errorf("%s: %+v\n%+v", family, all, sum)
		}
	}
}

// Where fragments overlap, the bytes that came first stand.
func TestFragmentsOverlap(t *testing.T) {
	whole := message("INVITE", 1, 1000)
	for family, f := range fragmented(t) {
		other := slices.Concat(f[1][:len(f[1])-504], bytes.Repeat([]byte("x"), 504))
		field, field6 := other[20:], other[56:]
		if family == "IPv4" {
			binary.BigEndian.PutUint16(field, 0x2000|(504+256)/8) // over the second half of f[1] and the first of f[2]
		} else {
			binary.BigEndian.PutUint16(field6, 504+256|1)
		}
		all, sum := readAll(t, pcapFile(1, f[0], f[1], other, f[2]))
		want := []byte(whole)
		for i := 1008 - 8; i < 504+256+504-8 && i < len(want); i++ {
			want[i] = 'x'
		}
		if len(all) != 1 || all[0].Data != string(want) || all[0].Cut {
			t.Errorf("%s: %s\n%+v", family, cmp.Diff([]string{string(want)}, texts(all)), sum)
		}
	}
}

// Fragments that never complete do not fill the memory, whatever their clock says.
func TestFragmentsBounded(t *testing.T) {
	f := fragments4(udp4(t, message("INVITE", 1, 1400)), 1480)[0]
	binary.BigEndian.PutUint16(f[20:], 0x2000)
	c := newScan(Options{}, func(*Payload) error { return nil })
	for i := range 70_000 {
		binary.BigEndian.PutUint16(f[18:], uint16(i))
		f[29] = byte(i >> 16)
		c.sum.Packets++
		c.packet(&record{data: f, wire: len(f), link: 1, time: 1})
		if n := len(c.frags.open); n > maxDatagrams || n != c.frags.order.Len() || c.frags.bytes > maxFragBytes {
			t.Fatalf("%d packets waiting with %d bytes", n, c.frags.bytes)
		}
	}
	c.drain()
	if c.frags.bytes != 0 || len(c.frags.open) != 0 || c.sum.Messages != 70_000 {
		t.Errorf("%d bytes held at the end; %+v", c.frags.bytes, c.sum)
	}
}
