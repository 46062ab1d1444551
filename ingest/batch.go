package ingest

import (
	"callsift/ingest/dialog"
	"callsift/ingest/sip"
)

// The messages of a source go through each stage of their way into a bundle some
// dozens at a time. The code of all stages is several times what a processor's first
// cache holds: with one message after the other it was read anew for every one of them,
// a twentieth of the CPU time of importing a capture. (16 and 64 do as well, 128 not.
// Assembling closed bundles in the same way gains nothing: a bundle has a dozen messages.)
const batchSize = 32

// batchBytes bounds the texts of a batch. A longer message is one of its own.
const batchBytes = 128 << 10

// batch is messages that wait, and the memory in which they go through the stages.
type batch struct {
	n      int
	raw    []byte // of all of them; readers use their own memory again
	at     [batchSize]Observation
	parsed [batchSize]sip.Message
	errs   [batchSize]error
	msgs   [batchSize]dialog.Message
	seen   observer
}

func (b *batch) clear() { b.n, b.raw = 0, b.raw[:0] }

// Message adds a SIP message to the bundle of its Call-ID, once there are enough to
// do it with.
func (c *collector) Message(o *Observation) {
	c.ends.add(o.Place)
	b := c.batch
	if b.n == batchSize || len(b.raw)+len(o.Raw) > batchBytes {
		c.flush()
	}
	own := o.Raw
	if len(own) <= batchBytes {
		at := len(b.raw)
		b.raw = append(b.raw, own...)
		own = b.raw[at:]
	}
	b.at[b.n] = *o
	b.at[b.n].Raw = own[:len(own):len(own)]
	if b.n++; len(own) > batchBytes {
		c.flush()
	}
}

// flush adds what waits to its bundles.
func (c *collector) flush() {
	b := c.batch
	if b.n == 0 {
		return
	}
	for i := range b.n {
		b.errs[i] = b.parsed[i].Parse(b.at[i].Raw)
	}
	var kept [batchSize]*dialog.Message
	b.seen.begin()
	for i := range b.n {
		if c.count(&b.at[i], &b.parsed[i], b.errs[i]) {
			kept[i] = &b.msgs[i]
			b.seen.fill(kept[i], &b.parsed[i], &b.at[i])
		}
	}
	for i := range b.n {
		if m := kept[i]; m != nil {
			c.bundleMessage(m, b.parsed[i].CallID)
		}
	}
	b.clear()
	c.sweep()
}

// count counts a message as seen. It returns false for one that is rejected, and for a
// report of one that was not delivered and cannot be read.
func (c *collector) count(o *Observation, p *sip.Message, err error) bool {
	if o.Undelivered != "" {
		return err == nil && p.IsRequest()
	}
	method := ""
	if p.IsRequest() {
		method = c.batch.seen.method(p.Method)
	}
	if err != nil {
		// A message that lacks what correlation needs was on the wire all the
		// same: it is counted as seen, by method and status, and rejected.
		if method != "" || p.Status != 0 {
			c.im.CountSeen(method, p.Status)
		}
		c.im.Reject(o.Line, o.Offset, err.Error(), o.Raw)
		return false
	}
	c.im.Source.Messages++
	if !o.Guessed { // else the time says nothing of what the source covers
		c.im.Seen(o.Time)
		c.times.see(o.Time, o.Time, backMessage, o.Line)
	}
	c.im.CountSeen(method, p.Status)
	return true
}

// bundleMessage packs a message into the bundle of its Call-ID.
func (c *collector) bundleMessage(m *dialog.Message, callID []byte) {
	b := c.bundle("sip", callID, m.Time)
	before := cap(b.pack.buf)
	b.pack.add(m)
	c.size += cap(b.pack.buf) - before
	b.see(m)
	c.touched(b)
	if len(b.pack.buf) > largePack {
		c.full(b, int(m.Line), "messages of one Call-ID")
	}
}
