package ingest

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"callsift/ingest/dialog"
)

// What is packed while a source is read is nearly always assembled as soon as its bundle is
// closed. For that the packer notes of each message which texts of the pack it has: making
// messages of these notes takes a quarter of reading the pack, which was 4 % of the time of
// importing a capture.

// noted is a message in notes. Its texts are numbers of those of the pack, 0: "".
type noted struct {
	time, offset int64
	hash         uint64
	status       int
	line, length int32
	flags        dialog.MessageFlags
	rareAt       uint32 // where in the pack its rare part is; 0: there is none
	viasAt       uint32 // its Vias among notes.vias
	vias         uint8
	src, dst     uint8
	texts        [messageTexts]uint8
}

// notes are those of a pack.
type notes struct {
	list []noted
	vias []uint8
	none bool // there are none: too many messages, or one with a text that has no number
}

// maxNoted bounds the messages of a pack that are noted, and their Vias.
const maxNoted = 64

func (n *notes) size() int { return cap(n.list)*int(unsafe.Sizeof(noted{})) + cap(n.vias) }

// drop does without notes from now on.
func (n *notes) drop() { *n = notes{none: true} }

// reused are empty notes in the same memory.
func (n *notes) reused() notes { return notes{list: n.list[:0], vias: n.vias[:0]} }

// add makes room for the note of one more message; nil: there are to be none.
func (n *notes) add(m *dialog.Message) *noted {
	if n.none {
		return nil
	}
	if len(n.list) == maxNoted || len(n.vias)+len(m.Vias) > 4*maxNoted {
		n.drop()
		return nil
	}
	if len(n.list) == cap(n.list) {
		n.list = slices.Grow(n.list, max(8, len(n.list)))
	}
	n.list = n.list[:len(n.list)+1]
	t := &n.list[len(n.list)-1]
	t.time, t.offset, t.hash, t.status = m.Time, m.Offset, m.Hash, m.Status
	t.line, t.length, t.flags = m.Line, m.Length, m.Flags
	t.rareAt, t.viasAt, t.vias = 0, uint32(len(n.vias)), uint8(len(m.Vias))
	return t
}

// numbered reports whether all texts of the message have a number.
func (t *noted) numbered(vias []uint8) bool {
	return t.src != unnumbered && t.dst != unnumbered && !slices.Contains(t.texts[:], unnumbered) && !slices.Contains(vias, unnumbered)
}

// unnoted is what the first message of a pack differs from.
var unnoted noted

// unnote appends the messages of a pack, of which there are notes, to list: those that
// unpack reads.
func (u *unpacker) unnote(list []dialog.Message, source int64, p *packer) []dialog.Message {
	u.begin(p.buf)
	for _, r := range p.refs {
		u.texts = append(u.texts, u.buf[r.at:r.at+r.n])
	}
	last := [2]*noted{&unnoted, &unnoted} // request and response
	at := [2]int{-1, -1}                  // where in list they are
	for i := range p.notes.list {
		t := &p.notes.list[i]
		of := class(int64(t.status))
		if len(list) == cap(list) {
			list = slices.Grow(list, 1)
		}
		list = list[:len(list)+1]
		m := &list[len(list)-1]
		if at[of] >= 0 { // most texts are the same
			*m = list[at[of]]
			m.Contacts, m.Reasons, m.Links = nil, nil, nil
		} else {
			*m = dialog.Message{}
		}
		u.texted(m, &last[of].texts, &t.texts)
		last[of], at[of] = t, len(list)-1
		m.Source, m.Time, m.Offset, m.Line, m.Length = source, t.time, t.offset, t.line, t.length
		m.Hash, m.Flags, m.Status = t.hash, t.flags, t.status
		m.RetryAfter, m.Expires = -1, -1
		m.Src, m.Dst = u.addrOf(t.src), u.addrOf(t.dst)
		m.Vias = cut(&u.lists, int(t.vias))
		for k := range m.Vias {
			m.Vias[k] = u.numbered(p.notes.vias[int(t.viasAt)+k])
		}
		if t.rareAt != 0 {
			u.at = int(t.rareAt)
			u.rare(m)
		}
	}
	return list
}

// texted sets the texts of m that differ from those before.
func (u *unpacker) texted(m *dialog.Message, before, now *[messageTexts]uint8) {
	to := textPointers(m)
	word := func(t *[messageTexts]uint8, at int) uint64 { return binary.LittleEndian.Uint64(t[at:]) }
	for _, at := range [...]int{0, 8, messageTexts - 8} { // the last one looks at some again
		for differ := word(before, at) ^ word(now, at); differ != 0; {
			i := bits.TrailingZeros64(differ) / 8
			*to[at+i] = u.numbered(now[at+i])
			differ &^= 0xff << (8 * i)
		}
	}
}

// numbered is the text with a number.
func (u *unpacker) numbered(number uint8) string {
	if number == 0 {
		return ""
	}
	return u.texts[number-1]
}
