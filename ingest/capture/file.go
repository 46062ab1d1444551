package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// The file formats: pcap (draft-ietf-opsawg-pcap) and pcapng
// (draft-ietf-opsawg-pcapng). Both are read here and not by pcapgo, which does
// not tell where a record stands in the file, keeps every interface, name and
// secret block of a pcapng file in memory, and ends at the first packet block
// that it does not like. Records are handed out without copying.

// maxRecord is the longest packet taken, libpcap's MAXIMUM_SNAPLEN.
const maxRecord = 256 << 10

// maxInterfaces bounds the interfaces of a pcapng section; packets of further
// ones are skipped and counted.
const maxInterfaces = 4096

// errCut says that the file ends inside a record.
var errCut = errors.New("end of file inside a record")

// skipError is why one packet record is skipped; reading goes on after it.
type skipError string

func (e skipError) Error() string { return string(e) }

// record is one captured packet; data is valid until the next one is read.
type record struct {
	data   []byte
	wire   int   // length on the wire, at least len(data)
	time   int64 // microseconds UTC
	offset int64 // of the record in the file
	link   uint16
}

// file reads records from a capture of either format.
type file struct {
	in    view
	pos   int64 // of the next unread byte, after hold is passed
	hold  int   // bytes of the record handed out last, still in front of in
	at    int64 // where the record or block being read begins
	order binary.ByteOrder

	// pcap
	nano   bool
	header int // bytes before the data of a packet
	link   uint16

	// pcapng
	ng     bool
	ifaces []iface
	skips  bool // in a section of an unknown version
}

// iface is one interface of a pcapng section.
type iface struct {
	link    uint16
	snaplen uint32
	units   uint64 // timestamp units a second
	offset  int64  // seconds to add
}

// isPCAP and isPCAPNG tell the formats by their magic numbers.
func isPCAP(head []byte) bool { _, ok := pcapKind(head); return ok }

func isPCAPNG(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "\n\r\r\n" && ngOrder(head[8:12]) != nil
}

// Sniff reports the format of a file that begins with head: "pcap", "pcapng" or "".
func Sniff(head []byte) string {
	switch {
	case isPCAP(head):
		return "pcap"
	case isPCAPNG(head):
		return "pcapng"
	}
	return ""
}

// kind is what a pcap magic number says.
type kind struct {
	order  binary.ByteOrder
	nano   bool
	header int
}

// pcapKind knows the magic numbers of microseconds, nanoseconds and of the
// "modified" format with its longer packet headers, in both byte orders.
func pcapKind(head []byte) (kind, bool) {
	if len(head) < 4 {
		return kind{}, false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case 0xa1b2c3d4:
			return kind{order, false, 16}, true
		case 0xa1b23c4d:
			return kind{order, true, 16}, true
		case 0xa1b2cd34:
			return kind{order, false, 24}, true
		}
	}
	return kind{}, false
}

func ngOrder(magic []byte) binary.ByteOrder {
	switch {
	case bytes.Equal(magic, []byte{0x1a, 0x2b, 0x3c, 0x4d}):
		return binary.BigEndian
	case bytes.Equal(magic, []byte{0x4d, 0x3c, 0x2b, 0x1a}):
		return binary.LittleEndian
	}
	return nil
}

// close gives memory back; what was read of the file is not valid any more.
func (f *file) close() { f.in.close() }

// newFile reads the file header.
func newFile(r io.Reader) (*file, error) {
	f := &file{in: newView(r)}
	head, err := f.in.peek(24)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if isPCAPNG(head) {
		f.ng = true
		return f, nil
	}
	k, ok := pcapKind(head)
	if !ok {
		return nil, fmt.Errorf("file begins % x, want the magic number of pcap or pcapng", head[:min(4, len(head))])
	}
	if len(head) < 24 {
		return nil, fmt.Errorf("file header of %d bytes, want 24", len(head))
	}
	f.order, f.nano, f.header = k.order, k.nano, k.header
	f.link = uint16(f.order.Uint32(head[20:])) // the upper half says whether a checksum follows
	f.hold = 24
	return f, nil
}

// next reads the next packet. Its error is io.EOF at the end, errCut, a
// skipError for a record that was passed over, or what ends the reading.
func (f *file) next(rec *record) error {
	if f.ng {
		return f.nextNG(rec)
	}
	head, err := f.peek(f.header)
	if err != nil {
		return err
	}
	sec, frac := int64(f.order.Uint32(head)), int64(f.order.Uint32(head[4:]))
	size, wire := f.order.Uint32(head[8:]), f.order.Uint32(head[12:])
	if size > maxRecord {
		return fmt.Errorf("packet of %d bytes, want at most %d", size, maxRecord)
	}
	if f.nano {
		frac /= 1000
	}
	all, err := f.need(f.header + int(size))
	if err != nil {
		return err
	}
	*rec = record{
		data: all[f.header:], wire: max(int(wire), int(size)),
		time: sec*1e6 + frac, offset: f.at, link: f.link,
	}
	return nil
}

// peek lets go of the record before and shows the first n bytes of the next.
func (f *file) peek(n int) ([]byte, error) {
	f.in.pass(f.hold)
	f.pos += int64(f.hold)
	f.hold = 0
	f.at = f.pos
	b, err := f.in.peek(n)
	if len(b) == 0 && err == io.EOF {
		return nil, io.EOF
	}
	return b, cutError(err)
}

// need shows the first n bytes of the record that peek began and takes them.
func (f *file) need(n int) ([]byte, error) {
	b, err := f.in.peek(n)
	if err == nil {
		f.hold = n
	}
	return b, cutError(err)
}

// pass goes over n bytes, which may be more than are in memory.
func (f *file) pass(n int64) error {
	for n > 0 {
		done, err := f.in.pass(int(min(n, 1<<30)))
		f.pos += int64(done)
		n -= int64(done)
		if err != nil {
			return cutError(err)
		}
	}
	return nil
}

// cutError is errCut where the input ended too early.
func cutError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}

// Block types of pcapng.
const (
	blockInterface = 1
	blockPacketOld = 2
	blockSimple    = 3
	blockPacket    = 6
	blockSection   = 0x0a0d0d0a
)

// nextNG reads blocks up to the next packet.
func (f *file) nextNG(rec *record) error {
	for {
		head, err := f.peek(12)
		if err != nil {
			return err
		}
		if string(head[:4]) == "\n\r\r\n" {
			if f.order = ngOrder(head[8:]); f.order == nil {
				return fmt.Errorf("section header with byte order % x, want 1a2b3c4d", head[8:12])
			}
			f.ifaces = f.ifaces[:0]
		}
		typ, size := f.order.Uint32(head), f.order.Uint32(head[4:])
		if size < 12 || size%4 != 0 {
			return fmt.Errorf("block of %d bytes, want a multiple of 4 from 12", size)
		}
		packet := typ == blockPacket || typ == blockPacketOld || typ == blockSimple
		known := packet || typ == blockInterface || typ == blockSection
		if !known || f.skips && typ != blockSection || size > maxRecord+4096 {
			if err := f.pass(int64(size)); err != nil {
				return err
			}
			if packet {
				return skipError("packet block longer than 256 KiB or of an unknown version")
			}
			continue
		}
		block, err := f.need(int(size))
		if err != nil {
			return err
		}
		if packet {
			return f.packet(typ, block, rec)
		}
		f.describe(typ, block)
	}
}

// describe takes in a section header or an interface description.
func (f *file) describe(typ uint32, block []byte) {
	if typ == blockSection {
		f.skips = len(block) < 28 || f.order.Uint16(block[12:]) != 1
		return
	}
	if len(block) < 20 || len(f.ifaces) == maxInterfaces {
		return
	}
	in := iface{link: f.order.Uint16(block[8:]), snaplen: f.order.Uint32(block[12:]), units: 1e6}
	for opts := block[16 : len(block)-4]; len(opts) >= 4; {
		code, n := f.order.Uint16(opts), int(f.order.Uint16(opts[2:]))
		if code == 0 || 4+n > len(opts) {
			break
		}
		value := opts[4 : 4+n]
		switch {
		case code == 9 && n == 1: // if_tsresol
			in.units = resolution(value[0])
		case code == 14 && n == 8: // if_tsoffset
			in.offset = int64(f.order.Uint64(value))
		}
		opts = opts[min(len(opts), 4+(n+3)&^3):]
	}
	f.ifaces = append(f.ifaces, in)
}

// resolution is the units a second of if_tsresol: a negative power of 10, or
// of 2 where the highest bit is set. What does not fit in 64 bits is taken as
// the default, microseconds.
func resolution(b byte) uint64 {
	if b&0x80 != 0 {
		if b&0x7f > 63 {
			return 1e6
		}
		return 1 << (b & 0x7f)
	}
	if b > 19 {
		return 1e6
	}
	units := uint64(1)
	for range b {
		units *= 10
	}
	return units
}

// packet reads a packet block of any of the three kinds.
func (f *file) packet(typ uint32, block []byte, rec *record) error {
	start, index, stamp := 12, 0, uint64(0)
	var size, wire uint32
	if typ == blockSimple {
		if len(block) < 16 {
			return skipError("packet block too short")
		}
		wire = f.order.Uint32(block[8:])
		size = min(wire, uint32(len(block)-16))
	} else {
		if len(block) < 32 {
			return skipError("packet block too short")
		}
		start = 28
		index = int(f.order.Uint32(block[8:]))
		if typ == blockPacketOld {
			index = int(f.order.Uint16(block[8:]))
		}
		stamp = uint64(f.order.Uint32(block[12:]))<<32 | uint64(f.order.Uint32(block[16:]))
		size, wire = f.order.Uint32(block[20:]), f.order.Uint32(block[24:])
		if uint64(size) > uint64(len(block)-32) {
			return skipError("packet longer than its block")
		}
	}
	if index < 0 || index >= len(f.ifaces) {
		return skipError("interface without a description")
	}
	in := &f.ifaces[index]
	if typ == blockSimple && in.snaplen > 0 {
		size = min(size, in.snaplen)
	}
	*rec = record{
		data: block[start : start+int(size)], wire: int(max(wire, size)),
		offset: f.at, link: in.link,
	}
	if typ != blockSimple {
		rec.time = in.micros(stamp)
	}
	return nil
}

// micros turns a timestamp into microseconds UTC.
func (in *iface) micros(stamp uint64) int64 {
	if in.units == 1e6 && in.offset == 0 {
		return int64(stamp)
	}
	sec := stamp / in.units
	hi, lo := bits.Mul64(stamp%in.units, 1e6)
	frac, _ := bits.Div64(hi, lo, in.units) // hi < units, as the first factor is
	return (int64(sec)+in.offset)*1e6 + int64(frac)
}
