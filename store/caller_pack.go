package store

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"
)

// Caller is a calling number as a number: up to 16 of the signs that telephone
// numbers consist of, four bits each from the highest on, 0 behind the last. Callers
// have the order of their texts. Other texts have none.
type Caller uint64

// callerSigns in the order of their bytes; the first is number 1. 15 stays free: what
// begins with it is no Caller.
const callerSigns = "#*+-0123456789"

var signNumber = func() (n [256]uint8) {
	for i := range callerSigns {
		n[callerSigns[i]] = uint8(i + 1)
	}
	return n
}()

// CallerOf is the caller with a text; ok is false if it is empty or no number.
func CallerOf(text string) (c Caller, ok bool) {
	if len(text) == 0 || len(text) > 16 {
		return 0, false
	}
	for i := range len(text) {
		n := signNumber[text[i]]
		if n == 0 {
			return 0, false
		}
		c = c<<4 | Caller(n)
	}
	return c << (4 * (16 - len(text))), true
}

// AppendText appends the caller's text.
func (c Caller) AppendText(buf []byte) []byte {
	for ; c != 0; c <<= 4 {
		buf = append(buf, callerSigns[c>>60-1])
	}
	return buf
}

// CallerEntry says that the calls of a caller in a quarter hour and of a profile are
// N more, 1 or -1: a call that is taken out again is not looked for, but counted anew
// with -1.
type CallerEntry struct {
	Caller  Caller // 0: Text it is
	Text    []byte // a view
	Quarter int64  // start / Quarter
	Profile int64
	N       int64
}

// Callers are spread over parts, so that a breakdown that counts one part after the
// other finds its counts in the processor's cache: a week's million callers all together
// took two and a half times as long. Half or a quarter as many parts took little longer.
const (
	callerPartBits = 6
	callerParts    = 1 << callerPartBits
)

// sound tells whether c is one that CallerOf gives: no sign 15, and none behind the last.
func (c Caller) sound() bool {
	const ones = 0x1111111111111111
	signs := (c | c>>1 | c>>2 | c>>3) & ones // a bit for each sign
	last := bits.TrailingZeros64(uint64(c)) &^ 3
	return c&(c>>1)&(c>>2)&(c>>3)&ones == 0 && c != 0 && signs>>last == ones>>last
}

// part is the part that the entry's caller is in.
func (e *CallerEntry) part() int {
	h := uint64(e.Caller)
	if h == 0 {
		h = uint64(keyHash("caller", viewOfText(e.Text)))
	}
	return int(h * 0x9E3779B97F4A7C15 >> (64 - callerPartBits))
}

func viewOfText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// An entry is packed as a byte with the flags below and, in its lowest bits, how many
// of the caller's highest bytes follow (0: the text's length as a varint, and the
// text). Then come the quarter hour as a signed varint, less that of the entry before,
// and the profile as a varint, unless a flag says that they are as before. The first
// entry stands behind quarter 0 and profile 0. So one call takes about eight bytes:
//
//	65 55 99 cc ab 67         0044775612, quarter hour and profile as before
//	05 55 99 cc ab 67 02 07   a quarter hour later, profile 7
const (
	packedFewer       = 0x10 // N is -1
	packedSameQuarter = 0x20
	packedSameProfile = 0x40
	packedBytes       = 0x0F
)

// callerPack is what gathers of a part until it is stored.
type callerPack struct {
	data             []byte
	first, last      int64 // quarter hours
	fewer            int64 // entries that take back others
	quarter, profile int64 // of the last entry
}

func (p *callerPack) add(e *CallerEntry) {
	if len(p.data) == 0 {
		*p = callerPack{data: p.data, first: e.Quarter, last: e.Quarter}
	}
	p.first, p.last = min(p.first, e.Quarter), max(p.last, e.Quarter)
	size := (71 - bits.TrailingZeros64(uint64(e.Caller))) / 8 // 0 for caller 0
	head := byte(size)
	if e.N < 0 {
		head |= packedFewer
		p.fewer++
	}
	if e.Quarter == p.quarter {
		head |= packedSameQuarter
	}
	if e.Profile == p.profile {
		head |= packedSameProfile
	}
	b := append(p.data, head)
	if size == 0 {
		b = append(binary.AppendUvarint(b, uint64(len(e.Text))), e.Text...)
	} else {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Caller))
		b = b[:len(b)-8+size]
	}
	if head&packedSameQuarter == 0 {
		b = binary.AppendVarint(b, e.Quarter-p.quarter)
	}
	if head&packedSameProfile == 0 {
		b = binary.AppendUvarint(b, uint64(e.Profile))
	}
	p.data, p.quarter, p.profile = b, e.Quarter, e.Profile
}

var errCallerPack = fmt.Errorf("table caller_count: %w", errPacked)

// unpackCallers hands out the entries of a part's data with a quarter hour in
// [from, to).
func unpackCallers(data []byte, from, to int64, f func(*CallerEntry)) error {
	var e CallerEntry
	for len(data) > 0 {
		head := data[0]
		data = data[1:]
		if size := int(head & packedBytes); size == 0 {
			n, k := binary.Uvarint(data)
			if k <= 0 || n > uint64(len(data)-k) {
				return errCallerPack
			}
			e.Caller, e.Text, data = 0, data[k:k+int(n)], data[k+int(n):]
		} else {
			if size > 8 || size > len(data) {
				return errCallerPack
			}
			var high [8]byte
			if len(data) >= 8 { // nearly always: one load
				high = [8]byte(data)
			} else {
				copy(high[:], data)
			}
			unused := 64 - 8*size
			e.Caller, e.Text, data = Caller(binary.BigEndian.Uint64(high[:])>>unused<<unused), nil, data[size:]
			if !e.Caller.sound() {
				return errCallerPack
			}
		}
		if head&packedSameQuarter == 0 {
			n, k := binary.Varint(data)
			if k <= 0 {
				return errCallerPack
			}
			e.Quarter, data = e.Quarter+n, data[k:]
		}
		if head&packedSameProfile == 0 {
			n, k := binary.Uvarint(data)
			if k <= 0 {
				return errCallerPack
			}
			e.Profile, data = int64(n), data[k:]
		}
		e.N = 1
		if head&packedFewer != 0 {
			e.N = -1
		}
		if e.Quarter >= from && e.Quarter < to {
			f(&e)
		}
	}
	return nil
}
