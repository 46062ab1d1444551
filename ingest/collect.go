package ingest

import (
	"fmt"
	"hash/fnv"
	"runtime/debug"

	"callsift/store"
)

// Where the CPU time of importing a capture of 480,000 messages goes, on one core: parsing
// 20 % (of which the hash of each message 4), the file's hash 9 to 13 %, SQLite 11 %, packing
// and finding the bundle 11 %, calls from messages 12 %, their rows and counts 8 %, reading
// the file and packets 7 %, what assembly needs of a message 5 %, bundles 5 %, joining,
// settling and committing 4 %, the garbage collector 2 %, starting 2 %. No function but
// the file's hash and packer.add has more than 4 %: what is left is spread over all that a
// message passes through: 23,500 instructions a message without the file's hash, as callgrind
// counts them. Parsing runs at nearly four a cycle, the rest at two to three. (Tried, and no
// gain: rows of the message before that come again are not read again; a bundle's messages
// from notes of its pack in place of reading it; bundles looked at before they are needed.)

// collector is the Sink of an import: it bundles records by Call-ID or link,
// hands finished bundles to the assembly, and passes the rest on to the store.
type collector struct {
	im     *store.Import
	format *Format
	asm    *assembler
	wait   bool // more sources follow in this transaction

	open  map[string]*openBundle // by key
	busy  idleList               // of them: those of which more is to come
	over  idleList               // those that look complete
	spare []*openBundle          // closed ones, to be used again
	size  int                    // bytes of all open bundles
	now   int64                  // latest event time

	batch   *batch // SIP messages that wait to be parsed
	ends    recordEnds
	times   timeline
	cdr     *cdrWriter
	writers map[*Format]*cdrWriter // of a source in several formats
	large   map[string]int         // bytes of large bundles that were closed early
	parts   map[string]int         // Call-IDs and links that fill more than one bundle, how many are full
	keyBuf  []byte
}

func newCollector(asm *assembler, f *Format, more bool) *collector {
	im := asm.im
	c := &collector{im: im, format: f, asm: asm, wait: more, open: map[string]*openBundle{}, spare: make([]*openBundle, 0, 256)}
	if asm.batch == nil {
		asm.batch = new(batch)
	}
	c.batch = asm.batch
	asm.begin(f, more && f.Kind == "sip" && f.Raw == nil)
	c.cdr = newCDRWriter(im, f.Name, c.asm.names)
	return c
}

// use says which of a source's formats the next records are in.
func (c *collector) use(f *Format) {
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
	c.touched(b)
	if len(b.pack.buf) > largePack {
		c.full(b, r.Line, "records of one link")
	}
	c.sweep()
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
	for b := c.idlest(); b != nil; b = c.idlest() {
		c.close(b)
	}
	c.open, c.spare = nil, nil
	if large && !c.wait {
		debug.FreeOSMemory() // some megabytes, before joining takes its own
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
