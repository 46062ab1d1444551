package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"callsift/ingest/dialog"
	"callsift/store"
)

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

	batch *batch // of the source that is read
	legs  newLegs

	names     *namer
	oneWay    oneWayPairs
	clocks    map[int64]store.Clock // of sources whose clock differs
	samples   map[[2]int64]*clockSample
	skewOff   bool
	rehashed  int64          // sources up to this id have message hashes of another kind; 0: none
	told      bool           // of messages that such a source may hold too
	sources   []store.Source // of this transaction, those that are read
	stretches []stretch      // of time in which calls may have to be joined anew
}

// maxKept bounds the messages of a Call-ID whose memory is kept for the next one.
const maxKept = 32768

func newAssembler(im *store.Import) *assembler {
	a := &assembler{im: im, watched: im.Watched(), hidden: hiddenBy(im.Seams()), names: namesOf(im), clocks: im.Clocks()}
	a.skewOff = im.Setting(skewSetting) == "off"
	a.rehashed, _ = strconv.ParseInt(im.Setting(hashSetting), 10, 64)
	a.oneWay = a.judgeOneWay() // that of all sources before: as it was when these were assembled
	a.legs.lost = im.HasBundles()
	return a
}

// begin begins a source.
func (a *assembler) begin(f *Format, wait bool) {
	a.format, a.wait, a.watched = f.Name, wait, a.im.Watched()
	if id := a.im.Source.ID; id <= a.rehashed { // the last source was removed, and this one has its id
		a.rehashed = id - 1
		a.im.SetSetting(hashSetting, strconv.FormatInt(a.rehashed, 10))
	}
}

// end ends a source.
func (a *assembler) end() { a.sources = append(a.sources, a.im.Source) }

// take stores the records of a bundle and assembles it. What a bundle had before
// may have more to come, and so may one that is closed early or waits for the
// sources that follow: these are assembled once, when all is read.
func (a *assembler) take(kind, key string, data []byte) {
	id, known := a.im.Bundle(kind, key)
	a.im.AddEvidence(id, data)
	if known || a.wait {
		a.im.Unsettle(id)
		return
	}
	a.early = a.covered == nil
	a.assemble(id, kind, key, true, []store.Evidence{{Source: a.im.Source.ID, Format: formatIn(a.format, kind, key), Data: data}})
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
			a.assemble(r.Bundle, r.Kind, r.Key, r.Fresh, r.Evidence)
		}
	})
	a.settleClocks()
	a.settleOneWay()
}

// assemble makes the rows of a bundle; fresh: it has none yet. key may be left out of one
// that is not.
func (a *assembler) assemble(id int64, kind, key string, fresh bool, evidence []store.Evidence) {
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
		a.warnRehashed(key, evidence)
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
	steps, links := stepsOf(&result, again), linksOf(&result)
	a.im.Replace(id, fresh, rows, steps, result.Settled)
	a.im.SetLinks(id, fresh, links)
	if fresh && !a.im.ProfilesFull() { // else the store's rows may lack addresses
		a.legs.add(id, key, rows, &steps, links)
	} else {
		a.legs.lose()
	}
	a.touchedBy(rows, true)
}

// hashSetting is the last source of which the hashes of messages are of another kind, since
// an earlier callsift made them (schema 8).
const hashSetting = "hashed_otherwise"

// warnRehashed tells, once, of messages that such a source may hold too: they are not known
// to be the same.
func (a *assembler) warnRehashed(key string, evidence []store.Evidence) {
	old, newest := evidence[0].Source, evidence[len(evidence)-1].Source
	if a.told || old > a.rehashed || newest <= a.rehashed || a.im.Source.ID <= a.rehashed {
		return
	}
	a.told = true
	a.im.Warn(0, fmt.Sprintf("messages of Call-ID %.100q are also in source %d, which an earlier callsift read: what both hold counts as sent again, not as seen twice; `callsift sources remove %d` and a new import of it mend that", key, old, old))
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
	ctx := dialog.Context{CoverageEnd: a.coverageEnd()}
	if len(a.oneWay) > 0 {
		ctx.OneWay = a.oneWay.holds
	}
	return ctx
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
