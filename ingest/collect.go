package ingest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"slices"
	"strings"

	"callsift/ingest/dialog"
	"callsift/ingest/sip"
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

// Where the time of importing a capture of 480,000 messages goes, of both threads:
// parsing 13 %, what assembly needs of a message 12 %, packing 9 %, finding its
// bundle 4 %, calls from messages 11 %, their rows and counts 9 %, SQLite 10 %,
// joining legs 6 %, the file's hash 3 %, reading it and packets 6 %, the garbage
// collector 4 %. What is left is spread over all that a message passes through.

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

	parsed  sip.Message
	msg     dialog.Message
	seen    observer
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

// Message parses a SIP message and adds it to the bundle of its Call-ID.
func (c *collector) Message(o *Observation) {
	c.ends.add(o.Place)
	if o.Undelivered != "" {
		c.undelivered(o)
		return
	}
	err := c.parsed.Parse(o.Raw)
	method := ""
	if c.parsed.IsRequest() {
		method = c.seen.method(c.parsed.Method)
	}
	if err != nil {
		// A message that lacks what correlation needs was on the wire all the
		// same: it is counted as seen, by method and status, and rejected.
		if method != "" || c.parsed.Status != 0 {
			c.im.CountSeen(method, c.parsed.Status)
		}
		c.im.Reject(o.Line, o.Offset, err.Error(), o.Raw)
		return
	}
	c.im.Source.Messages++
	if !o.Guessed { // else the time says nothing of what the source covers
		c.im.Seen(o.Time)
		c.times.see(o.Time, o.Time, backMessage, o.Line)
	}
	c.im.CountSeen(method, c.parsed.Status)
	c.seen.fill(&c.msg, &c.parsed, o)
	b := c.bundle("sip", c.parsed.CallID, o.Time)
	before := cap(b.pack.buf)
	b.pack.add(&c.msg)
	c.size += cap(b.pack.buf) - before
	if len(b.pack.buf) > largePack {
		c.full(b, o.Line, "messages of one Call-ID")
	}
	c.sweep()
}

// CDR stores a record that stands alone, or bundles it with its other legs.
func (c *collector) CDR(r *CDR) {
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
	c.im.Seen(e.Time)
	c.times.see(e.Time, e.Time, backMessage, int(e.Line))
	c.im.Event(e)
}

// Reject counts and lists a record that cannot be used.
func (c *collector) Reject(at Place, reason string, sample []byte) {
	c.im.Reject(at.Line, at.Offset, reason, sample)
}

// Warn notes something about the source.
func (c *collector) Warn(at Place, text string) { c.im.Warn(at.Line, text) }

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

// assembler turns the records of bundles into rows of the store.
type assembler struct {
	im      *store.Import
	format  string
	wait    bool       // what is closed now is assembled at the end, with what the sources that follow bring of it
	watched [][2]int64 // times that the sources cover, in order
	hidden  hidden
	covered map[int64]bool // unsettled bundles that were assembled when all of the last source was read
	// early: more of the source follows, and what is not settled is assembled again
	// at its end. It gets no rows until then, which would have to be taken out again:
	// that was half the time of a source of calls that stay open.
	early bool

	// The memory in which Call-IDs are assembled one after the other: what is in it
	// holds until the next one.
	msgs  []dialog.Message
	packs unpacker
	calls dialog.Assembler
	rows  rowMaker

	names     *namer
	oneWay    oneWayPairs
	clocks    map[int64]store.Clock // of sources whose clock differs
	samples   map[[2]int64]*clockSample
	skewOff   bool
	sources   []store.Source // of this transaction, those that are read
	stretches []stretch      // of time in which calls may have to be joined anew
}

// maxKept bounds the messages of a Call-ID whose memory is kept for the next one.
const maxKept = 32768

func newAssembler(im *store.Import) *assembler {
	a := &assembler{im: im, watched: im.Watched(), hidden: hiddenBy(im.Seams()), names: namesOf(im), clocks: im.Clocks()}
	a.skewOff = im.Setting(skewSetting) == "off"
	a.oneWay = a.judgeOneWay() // that of all sources before: as it was when these were assembled
	return a
}

// begin begins a source.
func (a *assembler) begin(f *Format, wait bool) {
	a.format, a.wait, a.watched = f.Name, wait, a.im.Watched()
}

// end ends a source.
func (a *assembler) end() { a.sources = append(a.sources, a.im.Source) }

// take stores the records of a bundle and assembles it. What a bundle had before
// may have more to come, and so may one that is closed early or waits for the
// sources that follow: these are assembled once, when all is read.
func (a *assembler) take(kind, key string, data []byte, finished bool) {
	id, known := a.im.Bundle(kind, key)
	a.im.AddEvidence(id, data)
	if known || a.wait {
		a.im.Unsettle(id)
		return
	}
	a.early = a.covered == nil
	a.assemble(id, kind, true, []store.Evidence{{Source: a.im.Source.ID, Format: formatIn(a.format, kind, key), Data: data}})
	a.early = false
}

// again assembles a bundle from all its evidence. A call that it is part of is
// taken apart first, and joined again at the end.
func (a *assembler) again(id int64) {
	a.dissolve(id)
	a.alone(id)
}

// finish settles what depends on the whole, once all sources are read: bundles
// that wait, which bundles make one call, the keys of profiles.
func (a *assembler) finish() error {
	a.settleBundles()
	a.join()
	a.im.Settle(a.names.settle)
	return a.im.Err()
}

// settleBundles assembles what waits. Sources watch on after one another: what
// an earlier one, or an earlier part of this one, left open may be decided by the
// time that this one covers.
func (a *assembler) settleBundles() {
	a.watched = a.im.Watched()
	covered := a.covered // of those that wait none comes twice: they need no mark, and may be millions
	a.covered = nil
	a.im.EachUnsettled(func(r *store.Records) {
		switch {
		case covered[r.Bundle]:
		case len(r.Evidence) == 0:
			a.again(r.Bundle)
		default:
			if !r.Fresh {
				a.dissolve(r.Bundle)
			}
			a.assemble(r.Bundle, r.Kind, r.Fresh, r.Evidence)
		}
	})
	a.settleClocks()
	a.settleOneWay()
}

func (a *assembler) assemble(id int64, kind string, fresh bool, evidence []store.Evidence) {
	if a.im.Err() != nil {
		return
	}
	if kind == "cdr" {
		format := a.formatOf(id, kind, evidence)
		calls, steps, links := assembleCDRs(evidence, format)
		a.names.labelAll(calls)
		a.im.Replace(id, fresh, calls, steps, true)
		a.im.SetLinks(id, fresh, links)
		a.touchedBy(calls, false)
		return
	}
	if cap(a.msgs) > maxKept {
		a.msgs = nil
	}
	a.packs.reset()
	var again int64
	a.msgs, evidence, again = a.unpackAll(&a.packs, a.msgs[:0], evidence)
	if len(evidence) > 1 {
		a.observe(a.msgs)
	}
	a.msgs = onCommonClock(a.msgs, a.clocks)
	format := a.formatOf(id, kind, evidence)
	result := a.calls.Assemble(a.msgs, a.context())
	if !result.Settled {
		if a.early {
			a.im.Unsettle(id)
			return
		}
		if a.covered != nil {
			a.covered[id] = true
		}
	}
	rows := a.rows.rowsOf(&result, a.msgs, format)
	a.names.labelAll(rows)
	a.im.Replace(id, fresh, rows, stepsOf(&result, again), result.Settled)
	a.im.SetLinks(id, fresh, linksOf(&result))
	a.touchedBy(rows, true)
}

// unpackAll appends the messages of a bundle to msgs, without those that a seam has
// read anew. used is the evidence that messages are left of, in the place of all;
// again counts the others.
func (a *assembler) unpackAll(u *unpacker, msgs []dialog.Message, evidence []store.Evidence) (list []dialog.Message, used []store.Evidence, again int64) {
	used = evidence[:0]
	for _, e := range evidence {
		n := len(msgs)
		var err error
		if msgs, err = u.unpack(msgs, e.Source, e.Data); err != nil {
			a.im.Warn(0, err.Error())
		}
		kept, dropped := a.hidden.drop(msgs[n:])
		if msgs = msgs[:n+len(kept)]; len(kept) > 0 {
			used = append(used, e)
		}
		again += dropped
	}
	return msgs, used, again
}

// formatOf is the format that a bundle's rows carry: of several the first by
// name, so that the order of imports does not show.
func (a *assembler) formatOf(id int64, kind string, evidence []store.Evidence) string {
	format, key := "", ""
	for _, e := range evidence {
		if strings.Contains(e.Format, "+") {
			if key == "" {
				key = a.im.BundleKey(id)
			}
			e.Format = formatIn(e.Format, kind, key)
		}
		if format == "" || e.Format < format {
			format = e.Format
		}
	}
	return format
}

// touchedBy notes the calls that begin outside the own time of the sources that
// hold SIP, or records: joins near them are judged again.
func (a *assembler) touchedBy(calls [][]store.Attempt, sip bool) {
	for _, rows := range calls {
		t := rows[0].Start
		if !within(&a.im.Source, t, sip) && !slices.ContainsFunc(a.sources, func(s store.Source) bool { return within(&s, t, sip) }) {
			a.touched(t)
		}
	}
}

func within(s *store.Source, t int64, sip bool) bool {
	return (sip && s.Messages > 0 || !sip && s.CDRs > 0) && s.First <= t && t <= s.Last
}

// context is what the messages at hand do not tell.
func (a *assembler) context() dialog.Context {
	return dialog.Context{CoverageEnd: a.coverageEnd(), OneWay: a.oneWay.holds}
}

// linksOf lists the correlation values of a result's calls, each once.
func linksOf(r *dialog.Result) [][2]string {
	var list [][2]string
	for i := range r.Calls {
		for _, l := range r.Calls[i].Links {
			if v := [2]string{l.Kind, l.Value}; !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}

// coverageGap is how far apart two sources may be and still count as one
// stretch of watching.
const coverageGap = 60 * 1_000_000

// coverageEnd is until when the sources watched without a gap after the
// messages at hand.
func (a *assembler) coverageEnd() int64 {
	var end int64
	for i := range a.msgs {
		end = max(end, a.msgs[i].Time)
	}
	s := &a.im.Source
	for was := int64(-1); was < end; {
		was = end
		i, _ := slices.BinarySearchFunc(a.watched, end, func(r [2]int64, end int64) int { return cmp.Compare(r[1], end+1) })
		for ; i < len(a.watched) && a.watched[i][0] <= end+coverageGap; i++ {
			end = a.watched[i][1]
		}
		if s.Messages > 0 && s.First > 0 && s.First <= end+coverageGap {
			end = max(end, s.Last)
		}
	}
	return end
}
