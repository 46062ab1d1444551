package ingest

import (
	"fmt"

	"callsift/ingest/dialog"
)

// What a source brings of a Call-ID, or of a link of records, is collected while it is
// read, and assembled when the bundle is closed: at the source's end, or before it where
// all open bundles together take too much. One that is closed too early costs time but
// changes nothing: when more of it comes it is assembled again.

// maxOpen bounds the bytes that open bundles take. Over it those are closed that have
// been idle for long; most of them are complete by then. (Leaving them all for the end,
// to be read back from the store, took half the time of an import of 480,000 messages.
// Of 150 calls a second none is closed too early here, one in 700 with two thirds of it.)
var maxOpen = 6 << 20

// overFactor is how much longer a bundle that looks complete counts as idle than it is.
// So calls that last for minutes are assembled once, and not again when they end, also
// on a box with many calls a second. (Without it, and with every bundle closed after
// four minutes, a capture of calls of ten minutes took four times as long.)
const overFactor = 4

// bundleSize is what an open bundle takes beside its pack: its texts' places,
// its key, its place in the map.
const bundleSize = 2000

// maxBundle bounds what a source brings of one Call-ID, or link, packed: some
// 5,000 messages. What comes after it is a bundle of its own, and that is told:
// a call is assembled from all its messages at once. Half of it is enough where there is
// no dialog and the Call-ID was quiet for so long that no transaction is under way: that of
// a phone which registers for weeks is cut in parts, and nothing shows of it.
const (
	maxBundle = 512 << 10
	quiet     = 64 * 500_000 // microseconds: 64*T1, after which a transaction is given up (RFC 3261 §17.1)
)

// largePack is from where on a pack may be on its way to maxBundle.
const largePack = 64 << 10

// held is how much the source has brought of a bundle.
func (c *collector) held(b *openBundle) int { return c.large[b.key] + len(b.pack.buf) }

// part ends a bundle: what comes of its Call-ID or link is another one.
func (c *collector) part(b *openBundle) {
	if c.parts == nil {
		c.parts = map[string]int{}
	}
	c.parts[b.whole]++
	c.close(b)
}

// full ends a bundle that has become too large.
func (c *collector) full(b *openBundle, line int, what string) {
	if c.held(b) < maxBundle {
		return
	}
	c.im.Warn(line, fmt.Sprintf("over %d KiB of %s, %.100q: those after line %d count as of another one", maxBundle>>10, what, b.whole, line))
	c.part(b)
}

type openBundle struct {
	kind, key  string
	whole      string // the key without the number of a part
	pack       packer
	last       int64 // the collector's time when something was added
	dialog     bool  // there may be one: not all requests are of those that make none
	answered   bool  // an INVITE was
	failed     bool  // the last final response to an INVITE refused it, and none was answered
	over       bool  // it looks complete
	in         *idleList
	prev, next *openBundle
}

// idleList is open bundles, the longest idle first: the collector's time never goes back.
type idleList struct{ first, end *openBundle }

func (l *idleList) add(b *openBundle) {
	b.in, b.prev, b.next = l, l.end, nil
	if l.end != nil {
		l.end.next = b
	} else {
		l.first = b
	}
	l.end = b
}

func (b *openBundle) unlink() {
	if b.prev != nil {
		b.prev.next = b.next
	} else {
		b.in.first = b.next
	}
	if b.next != nil {
		b.next.prev = b.prev
	} else {
		b.in.end = b.prev
	}
}

// see notes whether the bundle looks complete after a message: a BYE or an OPTIONS
// was answered, or a refused INVITE acknowledged. Registrations never do, since most
// phones keep the Call-ID; nor do subscriptions and what else may go on.
func (b *openBundle) see(m *dialog.Message) {
	switch m.Method {
	case "REGISTER", "OPTIONS", "MESSAGE", "PUBLISH":
	default:
		b.dialog = true
	}
	switch {
	case m.Status == 0 && m.Method == "ACK":
		b.over = b.over || b.failed
	case m.Status == 0:
		b.over = false
	case m.Status >= 200 && m.Method == "INVITE":
		b.answered = b.answered || m.Status < 300
		b.failed = !b.answered
	case m.Status >= 200:
		b.over = b.over || m.Method == "BYE" || m.Method == "OPTIONS"
	}
}

// bundle finds or opens a bundle.
func (c *collector) bundle(kind string, key []byte, time int64) *openBundle {
	key = clipKey(key)
	whole := key
	if n := c.parts[string(key)]; n > 0 {
		key = fmt.Appendf(nil, "%s (part %d)", whole, n+1)
	}
	b := c.busy.end // a proxy sends on what has just come in: every second message is of the same call
	if b == nil || b.kind != kind || b.key != string(key) {
		b = c.open[string(key)]
	}
	switch {
	case b == nil:
	case b.kind != kind: // a Call-ID that reads like a link
		c.close(b)
		b = nil
	case kind == "sip" && !b.dialog && time >= b.last+quiet && c.held(b) >= maxBundle/2:
		c.part(b)
		return c.bundle(kind, whole, time)
	}
	if b == nil {
		b = c.newBundle()
		b.kind, b.key = kind, string(key)
		if b.whole = b.key; len(whole) < len(key) {
			b.whole = string(whole)
		}
		c.open[b.key] = b
		c.size += bundleSize + cap(b.pack.buf)
	}
	c.now = max(c.now, time)
	b.last = c.now
	return b
}

// touched makes a bundle the least idle one, after something was added to it.
func (c *collector) touched(b *openBundle) {
	list := &c.busy
	if b.over {
		list = &c.over
	}
	if b == list.end {
		return
	}
	if b.in != nil {
		b.unlink()
	}
	list.add(b)
}

// sweep closes what does not fit.
func (c *collector) sweep() {
	for c.size > maxOpen {
		c.close(c.idlest())
	}
}

// idlest is the bundle to be closed next; nil: there is none.
func (c *collector) idlest() *openBundle {
	b, over := c.busy.first, c.over.first
	if b == nil || over != nil && c.now-over.last >= (c.now-b.last)/overFactor {
		return over
	}
	return b
}

// close writes a bundle's records and assembles it.
func (c *collector) close(b *openBundle) {
	b.unlink()
	delete(c.open, b.key)
	c.size -= bundleSize + cap(b.pack.buf)
	if len(b.pack.buf) > largePack {
		if c.large == nil {
			c.large = map[string]int{}
		}
		c.large[b.key] += len(b.pack.buf)
	}
	c.asm.take(b.kind, b.key, b.pack.buf)
	if len(c.spare) < cap(c.spare) && cap(b.pack.buf) <= 16<<10 {
		c.spare = append(c.spare, b)
	}
}

// newBundle is an empty bundle, in the memory of a closed one if there is one.
func (c *collector) newBundle() *openBundle {
	n := len(c.spare)
	if n == 0 {
		return &openBundle{}
	}
	b := c.spare[n-1]
	c.spare = c.spare[:n-1]
	*b = openBundle{pack: packer{buf: b.pack.buf[:0], refs: b.pack.refs[:0]}}
	return b
}
