package ingest

import (
	"context"
	"slices"
	"time"

	"callsift/ingest/dialog"
	"callsift/store"
)

// Pruned says what pruning took out.
type Pruned struct {
	Calls    int64 // calls, requests of other methods among them
	Messages int64 // SIP messages
	CDRs     int64
	Events   int64
	Rejects  int64
	Sources  int64 // that reach before the time; their rows stay
	Untimed  int64 // calls without a time, which stay
}

// pruneBatch is how many calls are looked at together.
const pruneBatch = 5000

// Prune takes out all calls that began before a time, with their records,
// events and rejects, in one transaction. A call goes as a whole: what of it
// happened later goes with it. Of a source its row in the ledger stays, with a
// note, so that reading the same bytes again brings nothing back. With dry set
// it only counts.
func Prune(ctx context.Context, db *store.DB, before time.Time, dry bool) (Pruned, error) {
	var p pruner
	if err := db.EraseDeleted(ctx); err != nil {
		return p.Pruned, err
	}
	im, err := db.Edit(ctx)
	if err != nil {
		return p.Pruned, err
	}
	defer im.Rollback() // after Commit it does nothing
	p.im, p.t, p.gone = im, before.UnixMicro(), map[int64]*store.Gone{}
	p.asm = newAssembler(im)
	if err := p.all(ctx); err != nil {
		return p.Pruned, err
	}
	p.callless()
	p.Events, p.Rejects, p.Sources = im.PruneLedger(p.t, "pruned before "+before.UTC().Format(time.RFC3339))
	p.Untimed = im.Untimed()
	im.Settle(p.asm.names.settle)
	if err := im.Err(); err != nil || dry {
		return p.Pruned, err
	}
	return p.Pruned, im.Commit()
}

type pruner struct {
	Pruned
	im   *store.Import
	asm  *assembler
	t    int64
	gone map[int64]*store.Gone // by source
}

func (p *pruner) all(ctx context.Context) error {
	for {
		list := p.im.CallsBefore(p.t, pruneBatch)
		if err := p.im.Err(); err != nil || len(list) == 0 {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		done := map[int64]bool{} // bundles of this batch
		for i := range list {
			p.Calls++
			if b := list[i].Bundle; b == 0 || !done[b] {
				done[b] = true
				p.call(&list[i])
			}
		}
		p.im.Forget(p.gone)
		clear(p.gone)
	}
}

// callless takes out the messages before t that no call came of.
func (p *pruner) callless() {
	for _, id := range p.im.Callless() {
		kind, _, evidence := p.im.Evidence(id)
		var last int64
		for _, e := range evidence {
			if kind == "cdr" {
				for _, r := range unpackCDRs(nil, e.Source, e.Data) {
					last = max(last, r.Start)
				}
				continue
			}
			msgs, _ := unpack(nil, e.Source, e.Data)
			for i := range msgs {
				last = max(last, msgs[i].Time)
			}
		}
		if last > 0 && last < p.t {
			p.bundle(id, p.t)
		}
	}
	p.im.Forget(p.gone)
	clear(p.gone)
}

// call takes a call out with all that is joined to it.
func (p *pruner) call(c *store.CallRoot) {
	for _, r := range p.im.LegsOf(c.ID) {
		p.of(r.Source).CDRs++
		p.CDRs++
		p.im.DropRecord(&r)
	}
	if c.Bundle == 0 {
		return
	}
	joints := p.im.Joints(c.Bundle)
	if len(joints) > 0 {
		p.im.RemoveJoints(joints[0].Root)
	}
	for _, j := range joints {
		if j.Bundle != 0 {
			// A leg that was made by this call goes with it, even if it began later.
			p.bundle(j.Bundle, p.t+2*legReach)
		}
	}
	p.bundle(c.Bundle, p.t)
}

// bundle takes the calls of a bundle out that begin before t.
func (p *pruner) bundle(id, t int64) {
	kind, _, evidence := p.im.Evidence(id)
	if !p.im.BeginsAfter(id, p.t) {
		for _, e := range evidence {
			p.count(kind, e, nil)
		}
		p.im.DropBundle(id)
		return
	}
	if kind == "cdr" {
		p.trimCDRs(evidence, t)
	} else {
		p.trimMessages(evidence, t)
	}
	p.im.SetEvidence(id, evidence)
	p.asm.alone(id)
}

// count notes the records of a pack as gone, all but those that keep says.
func (p *pruner) count(kind string, e store.Evidence, keep func(i int) bool) {
	g := p.of(e.Source)
	if kind == "cdr" {
		for i := range unpackCDRs(nil, e.Source, e.Data) {
			if keep == nil || !keep(i) {
				g.CDRs++
				p.CDRs++
			}
		}
		return
	}
	msgs, _ := unpack(nil, e.Source, e.Data)
	for i := range msgs {
		if msgs[i].Flags&dialog.Undelivered != 0 { // a report, never counted as a message
			continue
		}
		if keep == nil || !keep(i) {
			k := store.MessageCount{Method: msgs[i].Method, Status: msgs[i].Status}
			if k.Status != 0 {
				k.Method = ""
			}
			g.Messages[k]++
			p.Messages++
		}
	}
}

func (p *pruner) of(source int64) *store.Gone {
	g := p.gone[source]
	if g == nil {
		g = &store.Gone{Messages: map[store.MessageCount]int64{}}
		p.gone[source] = g
	}
	return g
}

// trimMessages leaves of a Call-ID that was used again and again (a phone
// registers with the same one for months) what belongs to later calls.
func (p *pruner) trimMessages(evidence []store.Evidence, t int64) {
	var all []dialog.Message
	for _, e := range evidence {
		all, _ = unpack(all, e.Source, e.Data)
	}
	drop := make([]bool, len(all))
	hashes := map[uint64]bool{} // a duplicate is in no call's list
	result := dialog.Assemble(all, dialog.Context{})
	for i := range result.Calls {
		c := &result.Calls[i]
		if c.Start >= t {
			continue
		}
		for _, l := range c.Legs {
			for _, m := range l.Messages {
				drop[m], hashes[all[m].Hash] = true, true
			}
		}
		for _, m := range c.Messages {
			drop[m], hashes[all[m].Hash] = true, true
		}
	}
	first := int64(1 << 62) // message of what stays
	for i := range result.Calls {
		if c := &result.Calls[i]; c.Start >= t {
			first = min(first, c.Start)
		}
	}
	at := 0
	for i, e := range evidence {
		msgs, _ := unpack(nil, e.Source, e.Data)
		from := at
		at += len(msgs)
		keep := func(k int) bool { return !drop[from+k] && !hashes[msgs[k].Hash] && msgs[k].Time >= first }
		p.count("sip", e, keep)
		var pack packer
		for k := range msgs {
			if keep(k) {
				pack.add(&msgs[k])
			}
		}
		evidence[i].Data = pack.buf
	}
}

// trimCDRs leaves of a link that was used again what begins later.
func (p *pruner) trimCDRs(evidence []store.Evidence, t int64) {
	for i, e := range evidence {
		records := unpackCDRs(nil, e.Source, e.Data)
		keep := func(k int) bool { return records[k].Start >= t }
		p.count("cdr", e, keep)
		var pack packer
		for k := range records {
			if keep(k) {
				pack.addLinked(&records[k])
			}
		}
		evidence[i].Data = pack.buf
	}
	slices.SortStableFunc(evidence, func(a, b store.Evidence) int { return int(a.Source - b.Source) })
}
