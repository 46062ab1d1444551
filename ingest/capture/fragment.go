package capture

import (
	"cmp"
	"container/list"
	"net/netip"
	"slices"
)

// Fragments are put together here and not by ip4defrag and ip6defrag, which
// keep what they hold to themselves: captures taken with the filter "port 5060"
// contain the first fragment of every long INVITE and never the second (it has
// no ports), and that first fragment has all the headers that matter. It is
// handed out as a cut message. The bounds on memory are exact too.
const (
	fragWait     = 30e6 // microseconds that a packet's fragments may be apart (RFC 8200 §4.5 says 60 s, Linux 30)
	fragAgain    = 1e6  // ... that a fragment of a finished packet counts as seen twice
	maxDatagrams = 1024 // packets being put together
	maxFragBytes = 16 << 20
	maxPieces    = 256 // of one packet
	maxIPPayload = 65535
	fragOverhead = 64 // bytes of memory counted for each piece beside its data
)

// fragKey is what fragments of one packet have in common.
type fragKey struct {
	src, dst netip.Addr
	id       uint32
	protocol uint8 // for IPv6 the header behind the fragment header
	v6       bool
}

// piece is the data of one fragment.
type piece struct {
	start int
	data  []byte
}

// pending is a packet being put together, or one that was: done.
type pending struct {
	key    fragKey
	pieces []piece // in the order in which they came
	total  int     // length of the whole, -1 until the last piece is there
	bytes  int
	first  int64 // time of its first fragment
	at     place // of the last fragment
	done   bool
	elem   *list.Element
}

// fragments are the packets being put together, the oldest first.
type fragments struct {
	open  map[fragKey]*pending
	order *list.List
	bytes int
}

func newFragments() *fragments {
	return &fragments{open: map[fragKey]*pending{}, order: list.New()}
}

// fragment adds one fragment and takes up the packet if it is complete. Where
// fragments overlap, the bytes that came first stand.
func (c *scan) fragment(key fragKey, p piece, more bool, missing int, at *place) {
	f := c.frags
	if end := p.start + len(p.data); end > maxIPPayload || more && len(p.data) == 0 {
		c.warn(*at, "fragment beyond the end of an IP packet, or empty")
		return
	}
	d := f.open[key]
	if d != nil && d.done {
		if at.time-d.first < fragAgain {
			return
		}
		c.drop(d)
		d = nil
	}
	if d == nil {
		d = &pending{key: key, total: -1, first: at.time}
		d.elem = f.order.PushBack(d)
		f.open[key] = d
	}
	d.at = *at
	if len(d.pieces) < maxPieces {
		d.pieces = append(d.pieces, piece{p.start, slices.Clone(p.data)})
		d.bytes += len(p.data) + fragOverhead
		f.bytes += len(p.data) + fragOverhead
	}
	if !more && missing == 0 {
		d.total = p.start + len(p.data)
	}
	if d.total >= 0 && d.reach() >= d.total {
		whole := d.join(d.total)
		f.bytes -= d.bytes
		d.pieces, d.bytes, d.done, d.first = nil, 0, true, at.time
		c.rebuilt(d, whole)
	}
	for f.order.Len() > maxDatagrams || f.bytes > maxFragBytes {
		c.drop(f.order.Front().Value.(*pending))
	}
}

// reach is how many bytes there are from the beginning without a hole.
func (d *pending) reach() int {
	byStart := slices.SortedFunc(slices.Values(d.pieces), func(a, b piece) int { return cmp.Compare(a.start, b.start) })
	end := 0
	for _, p := range byStart {
		if p.start > end {
			break
		}
		end = max(end, p.start+len(p.data))
	}
	return end
}

// join copies the first size bytes together.
func (d *pending) join(size int) []byte {
	data := make([]byte, size)
	for _, p := range slices.Backward(d.pieces) { // so that the first to come is written last
		if p.start < size {
			copy(data[p.start:], p.data)
		}
	}
	return data
}

// rebuilt takes up the packet put together.
func (c *scan) rebuilt(d *pending, data []byte) {
	c.sum.Rebuilt++
	first := carried(d.key.protocol)
	if d.key.v6 && first == fragment6 {
		first = extension // of that length too
	}
	c.absent, c.depth = 0, 0
	if first == noLayer || !d.key.v6 && (first == extension || first == fragment6) {
		c.decoder.src, c.decoder.dst = d.key.src, d.key.dst
		c.transport(d.key.protocol, data, protocolName(d.key.protocol), &d.at)
		return
	}
	if _, ok := c.decoder.parse(first, data); !ok {
		c.skip("damaged or cut header")
		return
	}
	switch first {
	case ipv4, ipv6: // a tunnel: the inner addresses stand
	default:
		c.decoder.src, c.decoder.dst = d.key.src, d.key.dst
	}
	c.decoded(&d.at, 0)
}

// drop gives up waiting for the rest of a packet. If it is UDP and begins at
// its beginning, what is there is taken up.
func (c *scan) drop(d *pending) {
	f := c.frags
	f.order.Remove(d.elem)
	f.bytes -= d.bytes
	delete(f.open, d.key)
	if d.done {
		return
	}
	c.sum.Incomplete++
	if size := d.reach(); size > 8 && d.key.protocol == protoUDP {
		c.rebuilt(d, d.join(size))
	}
}

// expireFragments drops packets whose fragments came too long before now.
func (c *scan) expireFragments(now int64) {
	for e := c.frags.order.Front(); e != nil; e = c.frags.order.Front() {
		d := e.Value.(*pending)
		if now-d.first <= fragWait {
			return
		}
		c.drop(d)
	}
}
