package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chunky hands out its bytes in pieces and spoils each piece once the next is asked for, as
// memory that is used again does.
type chunky struct {
	io.Reader
	size func() int
	rest []byte
	last []byte
	end  error
}

func (c *chunky) Chunk() ([]byte, error) {
	for i := range c.last {
		c.last[i] = 0xee
	}
	n := min(c.size(), len(c.rest))
	c.last, c.rest = bytes.Clone(c.rest[:n]), c.rest[n:]
	if len(c.rest) == 0 {
		return c.last, c.end
	}
	return c.last, nil
}

func TestView(t *testing.T) {
	data := make([]byte, 5000)
	end := errors.New("the end")
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		var in io.Reader = iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(data)))
		want := io.EOF
		if seed%2 == 0 {
			in, want = &chunky{size: func() int { return r.IntN(50) }, rest: data, end: end}, end // empty ones too
		}
		v := newView(in)
		for at := 0; ; {
			n := r.IntN(200)
			b, err := v.peek(n)
			if left := data[at:]; n > len(left) {
				if !bytes.Equal(b, left) || err != want {
					t.Fatalf("seed %d: %d bytes at %d are %d, %v; want the last %d, %v", seed, n, at, len(b), err, len(left), want)
				}
			} else if !bytes.Equal(b, left[:n]) || err != nil {
				t.Fatalf("seed %d: %d bytes at %d are others, or %v", seed, n, at, err)
			}
			n = r.IntN(300)
			passed, err := v.pass(n)
			at += passed
			if passed != n {
				if at != len(data) || err != want {
					t.Fatalf("seed %d: passed %d of %d bytes, to %d, %v; want all, or to %d, %v", seed, passed, n, at, err, len(data), want)
				}
				break
			}
		}
		v.close()
	}
}

// TestViewTinyPieces: a record that comes byte by byte takes time in proportion to its length.
func TestViewTinyPieces(t *testing.T) {
	took := func(n int) time.Duration {
		v := newView(iotest.OneByteReader(bytes.NewReader(make([]byte, n))))
		defer v.close()
		begin := time.Now()
		if b, err := v.peek(n); len(b) != n || err != nil {
			t.Fatal(len(b), err)
		}
		return time.Since(begin)
	}
	var ratio float64
	for range 5 { // another program may take the machine meanwhile
		if ratio = float64(took(256<<10)) / float64(took(64<<10)); ratio < 10 {
			return
		}
	}
	t.Errorf("four times the bytes take %.1f times as long", ratio)
}

// TestChunks: a capture gives the same from chunks of any size, each of which is spoiled once
// the next is asked for, as from a reader.
func TestChunks(t *testing.T) {
	files := map[string][]byte{"pcap": pcapFile(1, mixed(t)...)}
	ng := newWriter(binary.LittleEndian, 0)
	ng.section()
	ng.iface(1, 0, 0)
	for i, p := range mixed(t) {
		ng.enhanced(0, uint64(firstTime.UnixMicro())+uint64(i), p)
	}
	files["pcapng"] = ng.Bytes()
	for name, packets := range fragmented(t) {
		files["fragments, "+name] = pcapFile(1, packets...)
		back := slices.Clone(packets)
		slices.Reverse(back)
		files["fragments from the last on, "+name] = pcapFile(1, back...)
	}
	hep := hepPacket(hepChunk(11, "\x01"), hepChunk(15, message("INVITE", 1, 500)))
	files["HEP"] = pcapFile(1, udp4(t, hep), udp4(t, hep))
	segments := split(t, 100, hep+hep+hep, 100)
	files["HEP over TCP"] = pcapFile(1, segments...)
	segments = slices.Clone(segments)
	for i := 1; i+1 < len(segments); i += 2 {
		segments[i], segments[i+1] = segments[i+1], segments[i]
	}
	files["HEP over TCP, out of order"] = pcapFile(1, segments...)
	bye := message("BYE", 2, 301)
	files["SCTP"] = pcapFile(101, sctpPacket(t, sctpData{11, "E", bye[200:]}), sctpPacket(t, sctpData{10, "", bye[100:200]}), sctpPacket(t, sctpData{9, "B", bye[:100]}))
	for name, c := range linkCases(t) {
		files["link type "+name] = pcapFile(c.link, c.data, c.data)
	}
	read := func(r io.Reader) (all []found, sum Summary, failed string) {
		sum, err := Read(r, Options{Quoted: func(q *Quoted) { all = append(all, found{Data: "quoted " + string(q.Data)}) }}, func(p *Payload) error {
			all = append(all, found{p.Packet, p.Offset, "", p.Src.String(), p.Dst.String(), p.Transport, p.Cut, string(p.Data)})
			return nil
		})
		return all, sum, fmt.Sprint(err)
	}
	for name, file := range files {
		for _, end := range []int{len(file), len(file) - 1, len(file) / 2, 30, 24, 23, 3, 0} {
			if end > len(file) {
				continue
			}
			want, wantSum, wantErr := read(bytes.NewReader(file[:end]))
			for _, size := range []int{1, 2, 3, 7, 15, 16, 17, 23, 24, 25, 40, 100, 333, 1000, 1 << 20} {
				got, sum, err := read(&chunky{size: func() int { return size }, rest: file[:end], end: io.EOF})
				if d := cmp.Diff(want, got) + cmp.Diff(wantSum, sum) + cmp.Diff(wantErr, err); d != "" {
					t.Fatalf("%s, %d bytes of it, in chunks of %d (-reader +chunks)\n%s", name, end, size, d)
				}
			}
		}
	}
}

func TestViewNoProgress(t *testing.T) {
	v := newView(readerFunc(func([]byte) (int, error) { return 0, nil }))
	if b, err := v.peek(1); len(b) != 0 || err != io.ErrNoProgress {
		t.Errorf("a reader that reads nothing gives %q, %v", b, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
