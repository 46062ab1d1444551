package ingest

import (
	"fmt"
	"hash/fnv"
	"runtime/debug"

	"callsift/store"
)

// idleClose is how long, in event time, a bundle stays open after its last
// record: past it no timer of RFC 3261 can still be running for an attempt
// (Timer C and B, and the 180 s of rule R10). What comes later (the BYE of a
// long call) makes the bundle be assembled again.
const idleClose = 240 * 1_000_000

// maxOpen bounds the bytes that open bundles take. Over it the longest idle bundles are
// closed early: most of them are complete by then, and one that is not is
// assembled again when more of it comes. (Leaving them all for the end, to be
// read back from the store, took half the time of an import of 480,000 messages.
// Half of it costs 60 % more time, for calls of which the end is assembled again,
// and saves two megabytes.)
const maxOpen = 8 << 20

// bundleSize is what an open bundle takes beside its pack: its texts' places,
// its key, its place in the map.
const bundleSize = 2000

// maxBundle bounds what a source brings of one Call-ID, or link, packed: some
// 5,000 messages. What comes after it is a bundle of its own, and that is told:
// a call is assembled from all its messages at once.
const maxBundle = 512 << 10

// Where the time of importing a capture of 480,000 messages goes, of all threads:
// parsing 11 %, what assembly needs of a message 8 %, packing 7 %, finding its
// bundle 3 %, calls from messages 11 %, their rows and counts 6 %, SQLite 10 %,
// joining legs 4 %, the file's hash 7 %, reading it and packets 8 %, the garbage
// collector 5 %, waking threads and fresh memory 8 %. No function but the file's
// hash has more than 4 %: what is left is spread over all that a message passes through.

// collector is the Sink of an import: it bundles records by Call-ID or link,
// hands finished bundles to the assembly, and passes the rest on to the store.
type collector struct {
	im     *store.Import
	format *Format
	asm    *assembler
	wait   bool // more sources follow in this transaction

	open       map[string]*openBundle // by kind and key
	spare      []*openBundle          // closed ones, to be used again
	first, end *openBundle            // longest idle first
	size       int                    // bytes of all open bundles
	now        int64                  // latest event time

	batch   *batch // SIP messages that wait to be parsed
	ends    recordEnds
	times   timeline
	cdr     *cdrWriter
	writers map[*Format]*cdrWriter // of a source in several formats
	large   map[string]int         // bytes of large bundles that were closed early
	parts   map[string]int         // Call-IDs and links that fill more than one bundle, how many are full
	keyBuf  []byte
}

type openBundle struct {
	kind, key  string
	whole      string // the key without the number of a part
	pack       packer
	last       int64
	prev, next *openBundle
}

func newCollector(asm *assembler, f *Format, more bool) *collector {
	im := asm.im
	c := &collector{im: im, format: f, asm: asm, wait: more, open: map[string]*openBundle{}, spare: make([]*openBundle, 0, 256)}
	if asm.batch == nil {
		asm.batch = new(batch)
	}
	c.batch = asm.batch
	c.batch.clear() // of what a source that failed has left
	asm.begin(f, more && f.Kind == "sip" && f.Raw == nil)
	c.cdr = newCDRWriter(im, f.Name, c.asm.names)
	return c
}

// use says which of a source's formats the next records are in.
func (c *collector) use(f *Format) {
	c.flush()
	if c.writers == nil {
		c.writers = map[*Format]*cdrWriter{c.format: c.cdr}
	}
	c.format = f
	if c.cdr = c.writers[f]; c.cdr == nil {
		c.cdr = newCDRWriter(c.im, f.Name, c.asm.names)
		c.writers[f] = c.cdr
	}
}

// CDR stores a record that stands alone, or bundles it with its other legs.
func (c *collector) CDR(r *CDR) {
	c.flush()
	c.im.Source.CDRs++
	c.times.see(r.Start, r.End, backRecord, r.Line)
	c.im.Seen(r.Start)
	c.im.Seen(r.End)
	link := r.Link
	if link == "" {
		link = r.CallID // a bundle of its own, so that it is found by its Call-ID
	}
	if link == "" {
		c.cdr.single(r)
		return
	}
	c.keyBuf = append(append(c.keyBuf[:0], recordFamily(c.format.Name)+" "...), link...)
	b := c.bundle("cdr", c.keyBuf, max(r.End, r.Start))
	before := cap(b.pack.buf)
	b.pack.addCDR(r)
	c.size += cap(b.pack.buf) - before
	if len(b.pack.buf) > largePack {
		c.full(b, r.Line, "records of one link")
	}
	c.sweep()
}

// largePack is from where on a pack may be on its way to maxBundle.
const largePack = 64 << 10

// full ends a bundle that has become too large.
func (c *collector) full(b *openBundle, line int, what string) {
	if c.large[b.key]+len(b.pack.buf) < maxBundle {
		return
	}
	if c.parts == nil {
		c.parts = map[string]int{}
	}
	c.parts[b.whole]++
	c.im.Warn(line, fmt.Sprintf("over %d KiB of %s, %.100q: those after line %d count as of another one", maxBundle>>10, what, b.whole, line))
	c.close(b, false)
}

// Event stores a device's event.
func (c *collector) Event(e *store.Event) {
	c.flush()
	c.im.Seen(e.Time)
	c.times.see(e.Time, e.Time, backMessage, int(e.Line))
	c.im.Event(e)
}

// Reject counts and lists a record that cannot be used.
func (c *collector) Reject(at Place, reason string, sample []byte) {
	c.flush()
	c.im.Reject(at.Line, at.Offset, reason, sample)
}

// Warn notes something about the source.
func (c *collector) Warn(at Place, text string) {
	c.flush()
	c.im.Warn(at.Line, text)
}

// bundle finds or opens a bundle and makes it the least idle one.
func (c *collector) bundle(kind string, key []byte, time int64) *openBundle {
	key = clipKey(key)
	whole := key
	if n := c.parts[string(key)]; n > 0 {
		key = fmt.Appendf(nil, "%s (part %d)", whole, n+1)
	}
	b := c.end // a proxy sends on what has just come in: every second message is of the same call
	if b != nil && b.kind == kind && b.key == string(key) {
		b.last = max(b.last, time)
		c.now = max(c.now, time)
		return b
	}
	if b = c.open[string(key)]; b == nil {
		b = c.newBundle()
		b.kind, b.key = kind, string(key)
		if b.whole = b.key; len(whole) < len(key) {
			b.whole = string(whole)
		}
		c.open[b.key] = b
		c.size += bundleSize + cap(b.pack.buf)
	} else {
		c.unlink(b)
	}
	b.prev, b.next = c.end, nil
	if c.end != nil {
		c.end.next = b
	} else {
		c.first = b
	}
	c.end = b
	b.last = max(b.last, time)
	c.now = max(c.now, time)
	return b
}

func (c *collector) unlink(b *openBundle) {
	if b.prev != nil {
		b.prev.next = b.next
	} else {
		c.first = b.next
	}
	if b.next != nil {
		b.next.prev = b.prev
	} else {
		c.end = b.prev
	}
}

// sweep closes what has been idle long enough, and what does not fit.
func (c *collector) sweep() {
	for c.first != nil {
		switch {
		case c.first.last < c.now-idleClose:
			c.close(c.first, true)
		case c.size > maxOpen:
			c.close(c.first, false)
		default:
			return
		}
	}
}

// close writes a bundle's records and assembles it.
func (c *collector) close(b *openBundle, finished bool) {
	c.unlink(b)
	delete(c.open, b.key)
	c.size -= bundleSize + cap(b.pack.buf)
	if len(b.pack.buf) > largePack {
		if c.large == nil {
			c.large = map[string]int{}
		}
		c.large[b.key] += len(b.pack.buf)
	}
	c.asm.take(b.kind, b.key, b.pack.buf, finished)
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

// finish closes all bundles.
func (c *collector) finish() {
	c.flush()
	for _, g := range c.times.notable() {
		c.im.AddGap(g)
	}
	if c.wait {
		c.asm.wait = true // for the sources that follow
	} else {
		c.asm.covered = map[int64]bool{}
	}
	large := c.size > maxOpen/2
	for c.first != nil {
		c.close(c.first, true)
	}
	c.open, c.spare = nil, nil
	if large && !c.wait {
		debug.FreeOSMemory() // eight megabytes, before joining takes its own
	}
	c.asm.end()
}

// clipKey bounds a Call-ID or link like any other text.
func clipKey(key []byte) []byte {
	if len(key) <= maxText {
		return key
	}
	return []byte(clipText(key))
}

// clipText cuts a long text and lets it end in a hash of the whole.
func clipText(b []byte) string {
	if len(b) <= maxText {
		return string(b)
	}
	h := fnv.New64a()
	h.Write(b)
	return fmt.Sprintf("%s#%016x", b[:maxText-17], h.Sum64())
}
