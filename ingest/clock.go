package ingest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"callsift/ingest/dialog"
	"callsift/store"
)

// Clocks of boxes differ, and what belongs together is found by time: the same
// message in two logs, the legs of a call by their numbers, a CDR and its SIP. So
// of two sources that hold the same messages it is measured how far their clocks
// are apart, and a source whose clock differs is put to the others' before
// anything is compared. Of the sources that agree with one another most are taken
// to be right. What a CDR says stays as it is: its clock counts for joining only
// (clock_record.go). `callsift sources` shows what was measured, and
// `import --skew off` leaves the clocks alone.
//
// What a pair's clocks differ by is measured from the messages that each of both
// has exactly once, of the calls with the lowest hashes: a sample that does not
// depend on the order of imports.

const (
	skewSetting   = "skew" // of the database: off, or anything else
	clockCalls    = 64     // of a pair of sources that are looked at
	clockSources  = 8      // of a call that are compared
	leastMessages = 6      // that tell anything
	clockSpread   = 500_000
	fineSkew      = 200_000   // less is the network's delay, or does no harm
	coarseSkew    = 1_500_000 // where one log has whole seconds
)

// How a clock was measured.
const (
	byMessages = "messages"
	byRecords  = "records"
)

// clockSample is what a pair of sources has in common.
type clockSample struct {
	calls  []clockCall
	cutoff uint64 // calls from this hash on are not needed; 0: all are
}

// clockCall are the differences that one call shows.
type clockCall struct {
	hash   uint64
	ahead  [2][]int64 // of requests, of responses
	coarse bool
}

// observe compares the sources of a call's messages, if one of them is new.
func (a *assembler) observe(msgs []dialog.Message) {
	hash := ^uint64(0)
	var sources []int64
	for i := range msgs {
		m := &msgs[i]
		hash = min(hash, m.Hash)
		if !slices.Contains(sources, m.Source) {
			sources = append(sources, m.Source)
		}
	}
	if len(sources) < 2 || len(sources) > clockSources || !slices.ContainsFunc(sources, a.isNew) {
		return
	}
	slices.Sort(sources)
	for i, x := range sources {
		for _, y := range sources[i+1:] {
			if !a.isNew(x) && !a.isNew(y) {
				continue
			}
			s := a.samples[[2]int64{x, y}]
			if s == nil {
				s = &clockSample{}
				if a.samples == nil {
					a.samples = map[[2]int64]*clockSample{}
				}
				a.samples[[2]int64{x, y}] = s
			}
			if s.cutoff == 0 || hash < s.cutoff {
				s.add(compareClocks(msgs, x, y, hash))
			}
		}
	}
}

func (a *assembler) isNew(source int64) bool {
	return slices.ContainsFunc(a.sources, func(s store.Source) bool { return s.ID == source })
}

func (s *clockSample) add(c clockCall) {
	if len(c.ahead[0])+len(c.ahead[1]) == 0 {
		return
	}
	s.calls = append(s.calls, c)
	if len(s.calls) >= 2*clockCalls {
		s.trim()
		s.cutoff = s.calls[clockCalls-1].hash
	}
}

func (s *clockSample) trim() {
	slices.SortFunc(s.calls, func(x, y clockCall) int { return cmp.Compare(x.hash, y.hash) })
	s.calls = s.calls[:min(len(s.calls), clockCalls)]
}

// compareClocks lists how far source y is ahead of x by the messages that each
// has once.
func compareClocks(msgs []dialog.Message, x, y int64, hash uint64) clockCall {
	type seen struct {
		at     [2]int64
		n      [2]int
		way    int
		coarse bool
	}
	of := map[uint64]*seen{}
	for i := range msgs {
		m := &msgs[i]
		if m.Source != x && m.Source != y || m.Time == 0 || m.Flags&dialog.Undelivered != 0 {
			continue
		}
		s := of[m.Hash]
		if s == nil {
			s = &seen{way: b2i(m.Status != 0)}
			of[m.Hash] = s
		}
		k := b2i(m.Source == y)
		s.at[k] = m.Time
		s.n[k]++
		s.coarse = s.coarse || m.Flags&dialog.CoarseTime != 0
	}
	c := clockCall{hash: hash}
	for _, s := range of {
		if s.n == [2]int{1, 1} {
			c.ahead[s.way] = append(c.ahead[s.way], s.at[1]-s.at[0])
			c.coarse = c.coarse || s.coarse
		}
	}
	return c
}

// skew is what a sample says: by how much the second source is ahead, and from
// how many messages that is known; 0 messages: it says nothing.
func (s *clockSample) skew() (ahead, n int64) {
	s.trim()
	var ways [2][]int64
	coarse := false
	for _, c := range s.calls {
		ways[0], ways[1] = append(ways[0], c.ahead[0]...), append(ways[1], c.ahead[1]...)
		coarse = coarse || c.coarse
	}
	all := slices.Concat(ways[0], ways[1])
	least, spread := int64(fineSkew), int64(clockSpread)
	if coarse {
		least, spread = coarseSkew, 1_000_000
	}
	ahead, n = middle(all, spread)
	if n < leastMessages || n*5 < int64(len(all))*4 {
		return 0, 0
	}
	if len(ways[0]) > 0 && len(ways[1]) > 0 { // what the network delays in one direction it delays in the other
		out, _ := middle(ways[0], spread)
		back, _ := middle(ways[1], spread)
		ahead = (out + back) / 2
	}
	if abs64(ahead) < least {
		ahead = 0
	}
	return ahead, n
}

// middle is the median of some differences, to the millisecond, and how many
// are within spread of it.
func middle(all []int64, spread int64) (median, n int64) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	median = all[len(all)/2]
	if len(all)%2 == 0 {
		median = (all[len(all)/2-1] + median) / 2
	}
	for _, d := range all {
		if abs64(d-median) <= spread {
			n++
		}
	}
	return floorDiv(median+500, 1000) * 1000, n
}

// settleClocks measures the clocks of the sources that were read and assembles
// anew what a changed clock changes.
func (a *assembler) settleClocks() {
	compared := slices.SortedFunc(maps.Keys(a.samples), func(x, y [2]int64) int { return slices.Compare(x[:], y[:]) })
	for _, pair := range compared { // in order, so that the same import makes the same file
		if ahead, n := a.samples[pair].skew(); n > 0 {
			a.im.SetClockPair(store.ClockPair{A: pair[0], B: pair[1], Ahead: ahead, N: n})
		}
	}
	a.samples = nil
	pairs := a.im.ClockPairs()
	if len(pairs) == 0 && len(a.clocks) == 0 {
		return
	}
	sources := a.im.SourceRows(true)
	want := commonClock(sources, pairs)
	for i := range sources {
		a.setClock(sources[i].ID, want[sources[i].ID])
	}
}

// setClock notes a SIP source's clock; its calls are assembled anew if it changed.
func (a *assembler) setClock(source int64, c store.Clock) {
	was := a.clocks[source]
	c.Source = source
	if c.Applied = c.Ahead; a.skewOff {
		c.Applied = 0
	}
	if c == was || c.Ahead == 0 && was.Source == 0 {
		return
	}
	a.im.SetClock(c)
	a.clocks[source] = c
	if c.Applied != was.Applied {
		for _, id := range a.im.Bundles(source) {
			a.again(id)
		}
	}
}

// onCommonClock takes off messages what the clocks of their sources are ahead.
func onCommonClock(list []dialog.Message, clocks map[int64]store.Clock) []dialog.Message {
	if len(clocks) == 0 {
		return list
	}
	for i := range list {
		if m := &list[i]; m.Time != 0 {
			m.Time -= clocks[m.Source].Applied
		}
	}
	return list
}

// commonClock finds how far each source's clock is ahead of the one that the most
// sources go by.
func commonClock(sources []store.Source, pairs []store.ClockPair) map[int64]store.Clock {
	byID := map[int64]*store.Source{}
	for i := range sources {
		byID[sources[i].ID] = &sources[i]
	}
	near := map[int64][]store.ClockPair{} // as seen from A
	agree := map[int64]int{}
	for _, p := range pairs {
		if byID[p.A] == nil || byID[p.B] == nil {
			continue
		}
		near[p.A] = append(near[p.A], p)
		near[p.B] = append(near[p.B], store.ClockPair{A: p.B, B: p.A, Ahead: -p.Ahead, N: p.N})
		if p.Ahead == 0 {
			agree[p.A]++
			agree[p.B]++
		}
	}
	// The first is the best to go by: it agrees with most, is a capture or names its
	// zone, holds most. The rest of the order only makes it an order.
	order := slices.Clone(sources)
	slices.SortFunc(order, func(x, y store.Source) int {
		return cmp.Or(cmp.Compare(agree[y.ID], agree[x.ID]), cmp.Compare(guessed(&x), guessed(&y)),
			cmp.Compare(y.Messages, x.Messages), cmp.Compare(x.SHA256, y.SHA256))
	})
	clocks := map[int64]store.Clock{}
	for _, first := range order {
		if _, done := clocks[first.ID]; done {
			continue
		}
		clocks[first.ID] = store.Clock{}
		for queue := []int64{first.ID}; len(queue) > 0; queue = queue[1:] {
			list := near[queue[0]]
			slices.SortFunc(list, func(x, y store.ClockPair) int {
				return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(byID[x.B].SHA256, byID[y.B].SHA256))
			})
			for _, p := range list {
				if _, done := clocks[p.B]; done {
					continue
				}
				c := store.Clock{Ahead: clocks[p.A].Ahead + p.Ahead, Against: p.A, N: p.N, How: byMessages}
				if c.Ahead == 0 {
					c = store.Clock{}
				}
				clocks[p.B] = c
				queue = append(queue, p.B)
			}
		}
	}
	return clocks
}

// guessed is how much of a source's times is taken for granted: nothing, its
// zone by somebody's word, its zone.
func guessed(s *store.Source) int {
	switch s.TZFrom {
	case "flag", "config":
		return 1
	case "default":
		return 2
	}
	return 0
}

// setSkew decides whether clocks that differ are allowed for in a database.
func setSkew(ctx context.Context, db *store.DB, skew string) error {
	if skew == "" {
		return nil
	}
	was, err := db.Setting(ctx, skewSetting)
	if err != nil || (was == "off") == (skew == "off") {
		return err
	}
	im, err := db.Edit(ctx)
	if err != nil {
		return err
	}
	defer im.Rollback() // after Commit it does nothing
	im.SetSetting(skewSetting, skew)
	a := newAssembler(im)
	for _, sip := range [...]bool{true, false} { // all joins may change
		for _, s := range im.SourceRows(sip) {
			if s.First > 0 {
				a.stretches = append(a.stretches, stretch{s.First, s.Last + 1})
			}
		}
	}
	if err := a.finish(); err != nil {
		return err
	}
	return im.Commit()
}
