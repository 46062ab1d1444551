package analyze

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"callsift/store"
)

// callerTable counts the calls of each caller in each group. It is made for a
// million callers, of whom nearly all have few calls and numbers of at most 15 digits:
// counts hold the caller's text and no pointers, they are never moved, and they are
// found through a hash table with open addressing. For the 2.5 M calls of a week by
// caller, a map with the texts as keys and rows made of it took three times the time
// and five times the memory. What time is left is mostly waiting for memory, so counts
// are small: tallies are kept beside them.
type callerTable struct {
	slots   []callerSlot // as many as a power of two
	counts  blockList[callerCount]
	seed    maphash.Seed
	tallies tallies
	waiting []callerCall      // to be counted
	touched uint32            // keeps what only loads memory from being left out
	long    map[string]uint32 // texts longer than their place, by number
	longs   []string
}

type callerSlot struct{ hash, at uint32 } // at: of the count, and 1

const (
	callerHead = 16      // bytes of a caller's text in place
	longCaller = 1 << 31 // flag in size of a text longer than that; the rest is its number
)

// callerCount is a caller in a group.
type callerCount struct {
	head  [callerHead]byte
	size  uint32 // of the text
	group uint32
	n     uint32 // calls
	tally uint32 // of them, in tallies
}

// callerCall is a call to be counted.
type callerCall struct {
	count   callerCount // where it is the first
	hash    uint32
	outcome int // place in codes.Outcomes, or after them
	cell    store.Cell
}

// callersTogether is how many calls are counted together: looking for one waits for
// memory, and the processor waits for many places at the same time. One by one,
// counting took half as long again.
const callersTogether = 64

// add counts calls of a caller in a group, though not at once: see settle.
func (t *callerTable) add(group uint32, caller string, c store.Cell, outcome int) {
	if t.slots == nil {
		t.seed = maphash.MakeSeed()
		t.waiting = make([]callerCall, 0, callersTogether)
		t.grow()
	}
	if len(t.waiting) == callersTogether {
		t.settle()
	}
	t.waiting = t.waiting[:len(t.waiting)+1]
	w := &t.waiting[len(t.waiting)-1]
	w.count = callerCount{group: group, size: uint32(len(caller))}
	copy(w.count.head[:], caller)
	if len(caller) > callerHead {
		w.count.size = t.longNumber(caller)
	}
	w.hash = uint32(maphash.String(t.seed, caller)>>32) ^ group*0x9E3779B1
	w.cell, w.outcome = c, outcome
}

// settle counts what waits.
func (t *callerTable) settle() {
	for 4*(t.counts.n+len(t.waiting)) > 3*len(t.slots) {
		t.grow()
	}
	var at [callersTogether]uint32 // first where the hash points to, then the counts there: into the cache
	mask := uint32(len(t.slots) - 1)
	for i := range t.waiting {
		at[i] = t.slots[t.waiting[i].hash&mask].at
	}
	for _, a := range at[:len(t.waiting)] {
		if a != 0 {
			t.touched += t.counts.at(a - 1).n
		}
	}
	for i := range t.waiting {
		w := &t.waiting[i]
		x := t.find(w)
		x.n += uint32(w.cell.N)
		x.tally = t.tallies.plus(x.tally, w.cell, w.outcome)
	}
	t.waiting = t.waiting[:0]
}

// find finds or adds the count of a call.
func (t *callerTable) find(w *callerCall) *callerCount {
	mask := uint32(len(t.slots) - 1)
	for i := w.hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.at == 0 { // (more counts than 32 bits can number would take 140 GB)
			*s = callerSlot{w.hash, 1 + t.counts.add(w.count)}
			return t.counts.at(s.at - 1)
		}
		if s.hash != w.hash {
			continue
		}
		if c := t.counts.at(s.at - 1); c.head == w.count.head && c.size == w.count.size && c.group == w.count.group {
			return c
		}
	}
}

func (t *callerTable) grow() {
	old := t.slots
	t.slots = make([]callerSlot, max(1024, 2*len(old)))
	mask := uint32(len(t.slots) - 1)
	for _, s := range old {
		if s.at == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].at != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

func (t *callerTable) longNumber(caller string) uint32 {
	n, ok := t.long[caller]
	if !ok {
		if t.long == nil {
			t.long = map[string]uint32{}
		}
		n = longCaller | uint32(len(t.longs))
		caller = strings.Clone(caller)
		t.long[caller] = n
		t.longs = append(t.longs, caller)
	}
	return n
}

// text is the caller of a count. It is a view of it.
func (t *callerTable) text(c *callerCount) string {
	if c.size&longCaller != 0 {
		return t.longs[c.size&^longCaller]
	}
	return unsafe.String(&c.head[0], c.size)
}

// compare compares the texts of counts.
func (t *callerTable) compare(x, y *callerCount) int {
	for i := 0; i < callerHead; i += 8 {
		if a, b := binary.BigEndian.Uint64(x.head[i:]), binary.BigEndian.Uint64(y.head[i:]); a != b {
			return cmp.Compare(a, b)
		}
	}
	if x.size != y.size { // long, or with a NUL
		return cmp.Compare(t.text(x), t.text(y))
	}
	return 0
}

// sorted are the counts, without empty ones, in an order. Two halves are sorted at
// the same time: those before and after a count from the middle of a sample.
func (t *callerTable) sorted(compare func(x, y callerCount) int) []callerCount {
	t.settle()
	if t.counts.n == 0 {
		return nil
	}
	var sample []callerCount
	for i := 0; i < t.counts.n; i += 1 + t.counts.n/1000 {
		sample = append(sample, *t.counts.at(uint32(i)))
	}
	slices.SortFunc(sample, compare)
	middle := sample[len(sample)/2]

	list := make([]callerCount, t.counts.n)
	low, high := 0, len(list)
	for i := range t.counts.n {
		switch c := t.counts.at(uint32(i)); {
		case c.n == 0:
		case compare(*c, middle) < 0:
			list[low] = *c
			low++
		default:
			high--
			list[high] = *c
		}
	}
	var other sync.WaitGroup
	other.Go(func() { slices.SortFunc(list[:low], compare) })
	slices.SortFunc(list[high:], compare)
	other.Wait()
	return slices.Delete(list, low, high)
}
