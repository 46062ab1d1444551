package analyze

import (
	"cmp"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"callsift/store"
)

// callerTable counts the calls of each caller in each group. It is made for a
// million callers, of whom nearly all have few calls: a hash table with open addressing
// whose counts hold no pointers. Callers come in parts, and what a part has counted
// makes room for the next, so that all of it stays in the processor's cache: for the
// 2.5 M calls of a week, all parts in one table took two and a half times as long, and
// three times the memory. Making calls wait for one another's memory accesses, some at
// a time, gained nothing any more.
type callerTable struct {
	counts  []callerCount // as many as a power of two; free where group is 0
	used    int
	seed    [2]uint64
	tallies tallies
	long    map[string]uint32 // texts that are no numbers, by number
	longs   []string

	// Of the parts that are done:
	kept  []callerRow // all, or the largest, of which there may be some more
	least callerRow   // what a count must come before to be kept; n 0: each is
	rows  int         // how many counts there were
	total Tally
}

// longCaller marks a text that is no number: the rest is its place in longs. No number
// begins with four bits that are set.
const longCaller store.Caller = 15 << 60

// callerCount is a caller in a group.
type callerCount struct {
	caller store.Caller
	group  uint32 // its number, and 1
	tally  uint32 // in tallies
}

// callerRow is a count of a part that is done.
type callerRow struct {
	callerCount
	n int64 // calls, as the tally says: rows are sorted by it
}

// caller is the caller with a text, which may be a view.
func (t *callerTable) caller(text string) store.Caller {
	if c, ok := store.CallerOf(text); ok {
		return c
	}
	n, ok := t.long[text]
	if !ok {
		if t.long == nil {
			t.long = map[string]uint32{}
		}
		n = uint32(len(t.longs))
		text = strings.Clone(text)
		t.long[text] = n
		t.longs = append(t.longs, text)
	}
	return longCaller | store.Caller(n)
}

// text is the text of a caller.
func (t *callerTable) text(c store.Caller) string {
	if c >= longCaller {
		return t.longs[c&^longCaller]
	}
	var buf [16]byte
	return string(c.AppendText(buf[:0]))
}

// add counts n calls that became an outcome (place in codes.Outcomes, or after them) and
// of which each talked so long; -1: none did, or for an unknown time.
func (t *callerTable) add(caller store.Caller, group uint32, n, outcome int32, talk int64) {
	if 4*t.used >= 3*len(t.counts) {
		t.grow()
	}
	x := t.find(caller, group+1)
	x.tally = t.tallies.plus(x.tally, n, outcome, talk)
}

// find finds or adds the count of a caller in a group.
func (t *callerTable) find(caller store.Caller, group uint32) *callerCount {
	high, low := bits.Mul64(uint64(caller)^t.seed[0], uint64(group)^t.seed[1])
	mask := uint32(len(t.counts) - 1)
	for i := uint32(high^low) & mask; ; i = (i + 1) & mask {
		c := &t.counts[i]
		if c.caller == caller && c.group == group {
			return c
		}
		if c.group == 0 {
			c.caller, c.group = caller, group
			t.used++
			return c
		}
	}
}

func (t *callerTable) grow() {
	if t.counts == nil {
		t.seed = [2]uint64{rand.Uint64(), rand.Uint64()}
	}
	old := t.counts
	t.counts, t.used = make([]callerCount, max(1024, 2*len(old))), 0
	for _, c := range old {
		if c.group != 0 {
			*t.find(c.caller, c.group) = c
		}
	}
}

// compare compares the texts of callers.
func (t *callerTable) compare(x, y store.Caller) int {
	if x >= longCaller || y >= longCaller {
		return cmp.Compare(t.text(x), t.text(y))
	}
	return cmp.Compare(x, y)
}

// endPart keeps what was counted, or the first top of all in an order, and makes room
// for other callers. top 0 keeps all.
func (t *callerTable) endPart(top int, compare func(x, y callerRow) int) {
	var few []int64 // how often each of the shared tallies is there
	for i := range t.counts {
		c := t.counts[i]
		if c.group == 0 {
			continue
		}
		tally := t.tallies.at(c.tally)
		if tally.Count == 0 { // as many were taken back
			continue
		}
		t.rows++
		if c.tally&ownTally != 0 {
			t.total = t.total.Plus(*tally)
		} else {
			for int(c.tally) >= len(few) {
				few = append(few, make([]int64, len(t.tallies.few)-len(few))...)
			}
			few[c.tally]++
		}
		r := callerRow{c, tally.Count}
		if t.least.n != 0 && compare(r, t.least) >= 0 {
			continue
		}
		t.kept = append(t.kept, r)
		if top > 0 && len(t.kept)/4 >= top {
			t.keepTop(top, compare)
		}
	}
	for tally, n := range few {
		if n > 0 {
			t.total = t.total.Plus(t.tallies.few[tally].times(n))
		}
	}
	clear(t.counts)
	t.used = 0
}

// keepTop keeps the first of the counts.
func (t *callerTable) keepTop(top int, compare func(x, y callerRow) int) {
	slices.SortFunc(t.kept, compare)
	t.kept = t.kept[:min(top, len(t.kept))]
	if len(t.kept) == top {
		t.least = t.kept[top-1]
	}
}

// merge takes in what another table has kept of other callers, whose groups have these
// numbers here.
func (t *callerTable) merge(o *callerTable, groups []uint32) {
	tallies := map[uint32]uint32{} // of those that many share
	t.kept = slices.Grow(t.kept, len(o.kept))
	for _, c := range o.kept {
		if c.caller >= longCaller {
			c.caller = t.caller(o.text(c.caller))
		}
		c.group = groups[c.group-1] + 1
		n, ok := tallies[c.tally]
		if !ok {
			n = ownTally | t.tallies.own.add(*o.tallies.at(c.tally))
			if c.tally&ownTally == 0 {
				tallies[c.tally] = n
			}
		}
		c.tally = n
		t.kept = append(t.kept, c)
	}
	t.rows += o.rows
	t.total = t.total.Plus(o.total)
	t.least = callerRow{}
}

// sorted are the counts of all parts in an order, the first top of them, or all. Two
// halves are sorted at the same time: those before and after a count from the middle
// of a sample.
func (t *callerTable) sorted(top int, compare func(x, y callerRow) int) []callerRow {
	if top > 0 {
		t.keepTop(top, compare)
		return t.kept
	}
	if len(t.kept) == 0 {
		return nil
	}
	var sample []callerRow
	for i := 0; i < len(t.kept); i += 1 + len(t.kept)/1000 {
		sample = append(sample, t.kept[i])
	}
	slices.SortFunc(sample, compare)
	middle := sample[len(sample)/2]

	list := make([]callerRow, len(t.kept))
	low, high := 0, len(list)
	for i := range t.kept {
		if c := t.kept[i]; compare(c, middle) < 0 {
			list[low] = c
			low++
		} else {
			high--
			list[high] = c
		}
	}
	var other sync.WaitGroup
	other.Go(func() { slices.SortFunc(list[:low], compare) })
	slices.SortFunc(list[high:], compare)
	other.Wait()
	return list
}
