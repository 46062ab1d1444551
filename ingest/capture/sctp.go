package capture

import (
	"container/list"
	"encoding/binary"
	"net/netip"
)

// SIP over SCTP (RFC 4168): one message is one SCTP user message, in one DATA
// chunk or in several with consecutive numbers (RFC 9260 §3.3.1, §6.9). Chunks
// are kept until their message is whole; those waiting longest go first when
// there are too many.
const (
	maxChunks     = 4096     // pieces of messages held
	maxChunkBytes = 16 << 20 // their bytes
	maxChunkRun   = 256      // pieces of one message
	chunksSeen    = 64       // numbers remembered of an association's direction, for chunks sent again
)

// chunkKey tells chunks apart: a number counts within one direction of an association.
type chunkKey struct {
	way flow
	tag uint32 // verification tag
	tsn uint32
}

// chunk is a piece of a message.
type chunk struct {
	key        chunkKey
	begin, end bool // the B and E bits
	data       []byte
	at         place
}

// chunks are the pieces that wait for others.
type chunks struct {
	open  map[chunkKey]*list.Element // of *chunk
	order *list.List                 // the oldest first
	bytes int
	done  map[flow]*doneChunks
}

// doneChunks are the numbers of the chunks taken last.
type doneChunks struct {
	tsn  [chunksSeen]uint32
	tag  uint32
	n    int
	next int
}

func newChunks() *chunks {
	return &chunks{open: map[chunkKey]*list.Element{}, order: list.New(), done: map[flow]*doneChunks{}}
}

// sctp reads the chunks of a packet.
func (c *scan) sctp(b []byte, at *place) {
	if len(b) < 12 {
		c.skip("damaged or cut header")
		return
	}
	c.sum.SCTP++
	way := flow{netip.AddrPortFrom(c.decoder.src, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(c.decoder.dst, binary.BigEndian.Uint16(b[2:]))}
	tag := binary.BigEndian.Uint32(b[4:])
	for b = b[12:]; len(b) >= 4; {
		typ, flags, size := b[0], b[1], int(binary.BigEndian.Uint16(b[2:]))
		if size < 4 {
			return
		}
		body := b[4:max(4, min(size, len(b)))]
		cut := size > len(b)
		b = b[min(len(b), (size+3)&^3):]
		if typ != 0 || len(body) < 12 { // DATA
			continue
		}
		key := chunkKey{way, tag, binary.BigEndian.Uint32(body)}
		if c.chunks.again(key) {
			continue
		}
		piece := &chunk{key: key, begin: flags&2 != 0, end: flags&1 != 0, data: body[12:], at: *at}
		if piece.begin && piece.end || cut {
			c.userMessage(piece.data, way, at, cut)
			continue
		}
		c.chunks.add(c, piece, at)
	}
}

// userMessage looks for SIP in a message.
func (c *scan) userMessage(data []byte, way flow, at *place, cut bool) {
	if start, _ := findSIP(data); start >= 0 {
		c.payload = Payload{Src: way.src, Dst: way.dst, Transport: SCTP, Data: data[start:], Cut: cut}
		c.emit(SCTP, at)
	}
}

// again reports whether a chunk was there before, and remembers it.
func (h *chunks) again(key chunkKey) bool {
	d := h.done[key.way]
	if d == nil || d.tag != key.tag {
		if len(h.done) >= maxStreams {
			clear(h.done)
		}
		d = &doneChunks{tag: key.tag}
		h.done[key.way] = d
	}
	for _, tsn := range d.tsn[:d.n] {
		if tsn == key.tsn {
			return true
		}
	}
	d.tsn[d.next] = key.tsn
	d.n, d.next = max(d.n, d.next+1), (d.next+1)%chunksSeen
	return false
}

// add keeps a piece and takes the message out that it completes.
func (h *chunks) add(c *scan, p *chunk, at *place) {
	if h.open[p.key] != nil {
		return
	}
	p.data = append([]byte(nil), p.data...)
	h.open[p.key] = h.order.PushBack(p)
	h.bytes += len(p.data) + fragOverhead
	if run, whole := h.run(p); whole {
		c.userMessage(h.take(run), p.key.way, at, false)
	} else { // it may be handed out as cut, and so has a place of its own in the packet
		p.at = *at
		at.n++
	}
	for h.order.Len() > maxChunks || h.bytes > maxChunkBytes {
		h.drop(c)
	}
}

// run lists the pieces before and behind one that belong to its message, as far
// as they are there without a hole; whole tells that none is missing.
func (h *chunks) run(p *chunk) (run []*chunk, whole bool) {
	first, key := p, p.key
	for n := 0; !first.begin && n < maxChunkRun; n++ {
		key.tsn = first.key.tsn - 1
		e := h.open[key]
		if e == nil || e.Value.(*chunk).end {
			break
		}
		first = e.Value.(*chunk)
	}
	for last := first; ; {
		run = append(run, last)
		if last.end || len(run) == maxChunkRun {
			return run, last.end && first.begin
		}
		key.tsn = last.key.tsn + 1
		e := h.open[key]
		if e == nil || e.Value.(*chunk).begin {
			return run, false
		}
		last = e.Value.(*chunk)
	}
}

// take removes pieces and joins their data.
func (h *chunks) take(run []*chunk) []byte {
	var data []byte
	for _, p := range run {
		data = append(data, p.data...)
		h.order.Remove(h.open[p.key])
		delete(h.open, p.key)
		h.bytes -= len(p.data) + fragOverhead
	}
	return data
}

// drop gives up the piece that waited longest, with its neighbours; if the
// message's beginning is among them, it is handed out as cut.
func (h *chunks) drop(c *scan) {
	run, _ := h.run(h.order.Front().Value.(*chunk))
	c.sum.Incomplete++
	begin, at, way := run[0].begin, run[len(run)-1].at, run[0].key.way
	if data := h.take(run); begin {
		c.userMessage(data, way, &at, true)
	}
}

// drain gives up all pieces.
func (h *chunks) drain(c *scan) {
	for h.order.Len() > 0 {
		h.drop(c)
	}
}
