package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"unsafe"

	"callsift/ingest/dialog"
)

// The messages of one Call-ID are kept packed, while a source is read and in
// the store: what assembly needs of a message, with every text that came before
// in the same pack given by its number. A proxied call of twenty messages takes
// about two kilobytes, a tenth of its bytes on the wire, so memory is bounded by
// the open calls and a late file can be joined without the old sources at hand.
//
// Layout of a message: time and place as differences to the message before
// (varints), hash (8 bytes), flags, status, the addresses, a set of bits, the
// Vias, and what the bits announce: each text that differs from that of the last
// request, or response, in fixed order, and what few messages have. Most texts of
// a call's messages are the same, so this halves the pack, and the time to read
// it. Version 1 is the first byte of a pack.
const packVersion = 1

// maxText bounds every text that is kept; longer ones are cut and end in a hash,
// so that different long tags stay different.
const maxText = 512

// packer appends messages to a pack.
type packer struct {
	buf    []byte
	refs   []textRef              // texts in buf, by number
	place  [2 * maxRefs]uint8     // number of the text with a hash, 0: none
	last   [2][messageTexts]uint8 // numbers of those of the last request and response
	addrs  [4]numberedAddr
	addrAt int // where the next new address goes
	time   int64
	offset int64
	line   int64
	n      int
}

type textRef struct{ at, n uint32 }

// numberedAddr is an IPv4 address and port, as one number, that is a text with a
// number; 0: none.
type numberedAddr struct {
	v4     uint64
	number uint8
}

const (
	maxRefs    = 128 // texts with a number; packs of ordinary calls have 20 to 60
	maxProbes  = 16  // places looked at for an earlier text
	unnumbered = 255 // in place of a number: a text without one
)

// messageTexts is how many texts a message has, in the order of their bits:
// those first that differ most often. Few messages have those from fewHave on.
const (
	messageTexts = 17
	fewHave      = 12
)

func textPointers(m *dialog.Message) [messageTexts]*string {
	return [...]*string{&m.Method, &m.ToTag, &m.Phrase, &m.CSeq, &m.RequestURI, &m.Agent, &m.RequestUser, &m.FromTag, &m.FromURI, &m.ToURI, &m.FromUser, &m.ToUser, &m.Device, &m.Realm, &m.Warning, &m.RAck, &m.RSeq}
}

// usersOf are the texts that follow from another one, by their places in textPointers: the
// user parts of URIs.
var usersOf = [...]struct{ uri, user int }{{4, requestUser}, {8, fromUser}, {9, toUser}}

const (
	requestUser, fromUser, toUser = 6, 10, 11
	users                         = 1<<requestUser | 1<<fromUser | 1<<toUser
)

// hasRare is the bit for what few messages have; the texts' bits come after it.
const hasRare = 1

func rare(m *dialog.Message) bool {
	return m.RetryAfter != -1 || m.Expires != -1 || len(m.Contacts) > 0 || len(m.Reasons) > 0 || len(m.Links) > 0
}

// class tells requests from responses.
func class(status int64) int {
	if status != 0 {
		return 1
	}
	return 0
}

func (p *packer) add(m *dialog.Message) {
	if len(p.buf) == 0 {
		p.buf = append(p.buf, packVersion)
	}
	p.n++
	b := appendNum(p.buf, m.Time-p.time)
	b = appendNum(b, m.Offset-p.offset)
	b = appendNum(b, int64(m.Line)-p.line)
	b = appendNum(b, int64(m.Length))
	b = binary.LittleEndian.AppendUint64(b, m.Hash)
	b = appendNum(b, int64(m.Flags))
	p.buf = appendNum(b, int64(m.Status))
	p.time, p.offset, p.line = m.Time, m.Offset, int64(m.Line)
	p.addr(m.Src)
	p.addr(m.Dst)
	// Pointers: copying the texts waited for the memory that was just written.
	last, texts := &p.last[class(int64(m.Status))], textPointers(m)
	var set uint32
	if rare(m) {
		set = hasRare
	}
	n := messageTexts
	if m.Device == "" && m.Realm == "" && m.Warning == "" && m.RAck == "" && m.RSeq == "" && [messageTexts - fewHave]uint8(last[fewHave:]) == [messageTexts - fewHave]uint8{} {
		n = fewHave
	}
	for i, s := range texts[:n] {
		if users>>i&1 == 0 && p.differs(last[i], *s) {
			set |= hasRare << (i + 1)
		}
	}
	for _, u := range usersOf { // the same URI has the same user, if it is not one that was cut
		if (set>>(u.uri+1)&1 != 0 || len(*texts[u.uri]) >= maxText) && p.differs(last[u.user], *texts[u.user]) {
			set |= hasRare << (u.user + 1)
		}
	}
	p.num(int64(set))
	p.texts(m.Vias)
	for left := set >> 1; left != 0; left &= left - 1 {
		i := bits.TrailingZeros32(left)
		last[i] = p.text(*texts[i])
	}
	if set&hasRare != 0 {
		p.rare(m)
	}
}

func (p *packer) rare(m *dialog.Message) {
	p.num(int64(m.RetryAfter))
	p.num(int64(m.Expires))
	p.texts(m.Contacts)
	p.num(int64(len(m.Reasons)))
	for _, r := range m.Reasons {
		p.text(r.Protocol)
		p.num(int64(r.Cause))
		p.text(r.Text)
		p.text(r.Location)
	}
	p.num(int64(len(m.Links)))
	for _, l := range m.Links {
		p.text(l.Kind)
		p.text(l.Value)
	}
}

func (p *packer) num(n int64) { p.buf = appendNum(p.buf, n) }

func appendNum(b []byte, n int64) []byte {
	switch u := uint64(n<<1 ^ n>>63); { // most are of texts and lists, then times and places
	case u < 1<<7:
		return append(b, byte(u))
	case u < 1<<14:
		return append(b, byte(u)|0x80, byte(u>>7))
	case u < 1<<21:
		return append(b, byte(u)|0x80, byte(u>>7)|0x80, byte(u>>14))
	default:
		return binary.AppendUvarint(b, u)
	}
}

func (p *packer) texts(list []string) {
	p.num(int64(len(list)))
	for _, s := range list {
		p.text(s)
	}
}

// differs reports whether s is another text than that with a number.
func (p *packer) differs(number uint8, s string) bool {
	if number == 0 && s == "" { // as most of them
		return false
	}
	return !p.is(number, s)
}

// is reports whether s is the text with a number, 0: the empty one.
func (p *packer) is(number uint8, s string) bool {
	if number == 0 || number == unnumbered {
		return number == 0 && s == ""
	}
	r := p.refs[number-1]
	return int(r.n) == len(s) && string(p.buf[r.at:r.at+r.n]) == s
}

// text writes 0 for "", the number of an earlier equal text, or -length and
// bytes. It returns the text's number.
func (p *packer) text(s string) uint8 {
	if s == "" {
		p.num(0)
		return 0
	}
	at := textPlace(s)
	var free *uint8
	for range maxProbes {
		place := &p.place[at%uint32(len(p.place))]
		if *place == 0 {
			free = place
			break
		}
		if p.is(*place, s) {
			p.num(int64(*place))
			return *place
		}
		at++
	}
	p.num(-int64(len(s)))
	number := uint8(unnumbered)
	if len(p.refs) < maxRefs { // unpacker.text gives numbers by the same rule
		p.refs = append(p.refs, textRef{uint32(len(p.buf)), uint32(len(s))})
		number = uint8(len(p.refs))
		if free != nil {
			*free = number
		}
	}
	p.buf = append(p.buf, s...)
	return number
}

// textPlace is a hash of a text's length and end, where tags and branches differ.
func textPlace(s string) uint32 {
	var last uint64
	if n := len(s); n >= 8 { // one load: copying the bytes into an array was a call
		b := s[n-8:]
		last = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	} else {
		for i := range len(s) {
			last = last<<8 | uint64(s[i])
		}
	}
	h := (last ^ uint64(len(s))<<56) * 0x9E3779B97F4A7C15
	return uint32(h>>32) % (2 * maxRefs)
}

// addr writes an address as a text of 0, 6 or 18 bytes. Those of a call are few.
func (p *packer) addr(a netip.AddrPort) {
	if !a.Addr().Is4() {
		p.longAddr(a)
		return
	}
	ip := a.Addr().As4()
	v4 := uint64(binary.BigEndian.Uint32(ip[:]))<<16 | uint64(a.Port())
	for i := range p.addrs {
		if p.addrs[i].v4 == v4 && p.addrs[i].number != 0 {
			p.num(int64(p.addrs[i].number))
			return
		}
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v4)
	if number := p.text(string(b[2:])); number != unnumbered {
		p.addrs[p.addrAt%len(p.addrs)] = numberedAddr{v4, number}
		p.addrAt++
	}
}

// longAddr writes an address of IPv6, or none.
func (p *packer) longAddr(a netip.AddrPort) {
	if !a.IsValid() {
		p.num(0)
		return
	}
	var b [18]byte
	ip := a.Addr().As16()
	copy(b[:], ip[:])
	binary.BigEndian.PutUint16(b[16:], a.Port())
	p.text(string(b[:]))
}

// unpacker reads packs; a pack that is damaged gives an error. Its texts are
// views of the pack, which must not change as long as they are used.
type unpacker struct {
	buf   string
	at    int // a place, and not the rest of buf: storing a pointer for every number costs more than reading it
	texts []string
	bad   bool

	lists   []string // room for short lists, here and below
	reasons []dialog.Reason
	links   []dialog.Link
}

// begin begins a pack.
func (u *unpacker) begin(pack []byte) {
	u.buf, u.at, u.texts, u.bad = unsafe.String(&pack[0], len(pack)), 1, u.texts[:0], false
}

// more reports whether there is something left to read.
func (u *unpacker) more() bool { return u.at < len(u.buf) && !u.bad }

// fail ends a damaged pack.
func (u *unpacker) fail() { u.bad, u.at = true, len(u.buf) }

// reset makes room for packs whose messages are wanted together; the lists of
// those before are lost.
func (u *unpacker) reset() {
	u.lists, u.reasons, u.links = emptied(u.lists), emptied(u.reasons), emptied(u.links)
}

func emptied[T any](list []T) []T {
	if cap(list) > maxKept {
		return nil
	}
	return list[:0]
}

// cut is a list of n from room, or from a new one.
func cut[T any](room *[]T, n int) []T {
	if n == 0 {
		return nil
	}
	if n > cap(*room)-len(*room) {
		*room = make([]T, 0, max(n, 8, min(256, 2*cap(*room))))
	}
	at := len(*room)
	*room = (*room)[:at+n]
	return (*room)[at : at+n : at+n]
}

// unpack appends the messages of one pack of a source to list.
func unpack(list []dialog.Message, source int64, data []byte) ([]dialog.Message, error) {
	return new(unpacker).unpack(list, source, data)
}

func (u *unpacker) unpack(list []dialog.Message, source int64, data []byte) ([]dialog.Message, error) {
	if len(data) == 0 || data[0] != packVersion {
		return list, fmt.Errorf("evidence of source %d: pack version unknown", source)
	}
	u.begin(data)
	var time, offset, line int64
	last := [2]int{-1, -1} // where in list the last request and response are
	for u.more() {
		time += u.num()
		offset += u.num()
		line += u.num()
		length, hash, flags, status := u.num(), u.hash(), u.num(), u.num()
		of := class(status)
		if len(list) == cap(list) {
			list = slices.Grow(list, 1)
		}
		list = list[:len(list)+1] // and filled in place: append makes a copy first
		m := &list[len(list)-1]
		if last[of] >= 0 { // most texts are the same
			*m = list[last[of]]
		} else {
			*m = dialog.Message{}
		}
		m.Contacts, m.Reasons, m.Links = nil, nil, nil
		m.Source, m.Time, m.Offset, m.Line, m.Length = source, time, offset, int32(line), int32(length)
		m.Hash, m.Flags, m.Status = hash, dialog.MessageFlags(flags), int(status)
		m.RetryAfter, m.Expires = -1, -1
		u.message(m)
		last[of] = len(list) - 1
	}
	if u.bad {
		return list, fmt.Errorf("evidence of source %d: pack ends early", source)
	}
	return list, nil
}

// message reads what follows the status; m has the texts of the message before of
// its class.
func (u *unpacker) message(m *dialog.Message) {
	m.Src, m.Dst = u.addr(), u.addr()
	set := uint64(u.num())
	if set>>(messageTexts+1) != 0 {
		u.fail()
		return
	}
	m.Vias = u.list()
	if differ := set >> 1; differ != 0 {
		for to := textPointers(m); differ != 0; differ &= differ - 1 {
			*to[bits.TrailingZeros64(differ)] = u.text()
		}
	}
	if set&hasRare != 0 {
		u.rare(m)
	}
}

func (u *unpacker) rare(m *dialog.Message) {
	m.RetryAfter, m.Expires = int(u.num()), int(u.num())
	m.Contacts = u.list()
	m.Reasons = cut(&u.reasons, u.count())
	for i := range m.Reasons {
		m.Reasons[i] = dialog.Reason{Protocol: u.text(), Cause: int(u.num()), Text: u.text(), Location: u.text()}
	}
	m.Links = cut(&u.links, u.count())
	for i := range m.Links {
		m.Links[i] = dialog.Link{Kind: u.text(), Value: u.text()}
	}
}

func (u *unpacker) num() int64 {
	if u.at < len(u.buf) {
		if c := u.buf[u.at]; c < 128 {
			u.at++
			return int64(c>>1) ^ -int64(c&1)
		}
	}
	return u.longNum()
}

func (u *unpacker) longNum() int64 {
	if u.at+1 < len(u.buf) { // most have two bytes
		if a, b := u.buf[u.at], u.buf[u.at+1]; b < 128 {
			u.at += 2
			n := uint64(a&127) | uint64(b)<<7
			return int64(n>>1) ^ -int64(n&1)
		}
	}
	var n uint64
	for i := 0; u.at+i < len(u.buf) && i < binary.MaxVarintLen64; i++ {
		c := u.buf[u.at+i]
		n |= uint64(c&127) << (7 * i)
		if c < 128 {
			u.at += i + 1
			return int64(n>>1) ^ -int64(n&1)
		}
	}
	u.fail()
	return 0
}

func (u *unpacker) hash() uint64 {
	if len(u.buf)-u.at < 8 {
		u.fail()
		return 0
	}
	var b [8]byte
	copy(b[:], u.buf[u.at:])
	u.at += 8
	return binary.LittleEndian.Uint64(b[:])
}

// count reads the length of a list; more items than bytes is damage.
func (u *unpacker) count() int {
	n := u.num()
	if n < 0 || n > int64(len(u.buf)-u.at) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) list() []string {
	list := cut(&u.lists, u.count())
	for i := range list {
		list[i] = u.text()
	}
	return list
}

func (u *unpacker) text() string {
	n := u.num()
	switch {
	case n == 0:
		return ""
	case n > 0:
		if n > int64(len(u.texts)) {
			u.fail()
			return ""
		}
		return u.texts[n-1]
	case n == math.MinInt64 || -n > int64(len(u.buf)-u.at):
		u.fail()
		return ""
	}
	s := u.buf[u.at : u.at-int(n)]
	u.at -= int(n)
	if len(u.texts) < maxRefs {
		u.texts = append(u.texts, s)
	}
	return s
}

func (u *unpacker) addr() netip.AddrPort {
	s := u.text()
	if len(s) < 6 {
		return netip.AddrPort{}
	}
	ip, ok := netip.AddrFromSlice([]byte(s[:len(s)-2]))
	if !ok {
		u.bad = true
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16([]byte(s[len(s)-2:])))
}
