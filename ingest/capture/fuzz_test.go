package capture

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// checkRead holds for any input: no panic, the ledger closes, every place lies
// in the file, and At finds the first message again.
func checkRead(t *testing.T, file []byte) {
	all, sum, err := read(file)
	checkLedger(t, &sum)
	if sum.Messages != len(all) {
		t.Errorf("%d messages counted, %d handed out", sum.Messages, len(all))
	}
	seen := map[int64]bool{}
	for _, f := range all {
		if f.Offset < 0 || f.Offset >= int64(len(file)) || f.Packet < 1 || f.Packet > sum.Packets || f.Data == "" || seen[f.Offset] {
			t.Errorf("%+v in %d bytes, %d packets", f, len(file), sum.Packets)
		}
		seen[f.Offset] = true
	}
	if len(all) > 0 {
		p, errAt := At(bytes.NewReader(file), all[0].Offset)
		if errAt != nil || string(p.Data) != all[0].Data {
			t.Errorf("At %d: %v (Read: %v)", all[0].Offset, errAt, err)
		}
	}
}

func FuzzPcap(f *testing.F) {
	for _, c := range linkCases(f) {
		f.Add(c.link, c.data, c.data)
	}
	packets := mixed(f)
	for i, p := range packets {
		f.Add(uint32(1), p, packets[(i+1)%len(packets)])
	}
	frags := fragmented(f)
	f.Add(uint32(1), frags["IPv4"][0], frags["IPv4"][1])
	f.Add(uint32(1), frags["IPv6"][0], frags["IPv6"][1])
	// Two packets, so that fragments and segments can meet; the second one twice.
	f.Fuzz(func(t *testing.T, link uint32, a, b []byte) {
		if len(a)+len(b) > 64<<10 {
			t.Skip("longer than needed")
		}
		checkRead(t, pcapFile(link, a, b, b))
	})
}

func FuzzFile(f *testing.F) {
	f.Add(ngFile(f))
	f.Add(pcapFile(1, mixed(f)...))
	w := newWriter(binary.BigEndian, 1e9)
	w.pcapHeader(101)
	w.pcapPacket([]byte("not a packet"), 99)
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 64<<10 {
			t.Skip("longer than needed")
		}
		checkRead(t, file)
	})
}
