package analyze

import (
	"encoding/binary"
	"hash/maphash"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// callerTable counts the calls of each caller in each group. It is made for a
// million callers, of whom nearly all have few calls and numbers of at most 15 digits:
// counts hold the caller's text and no pointers, they are never moved, and they are
// found through a hash table with open addressing. For the 2.5 M calls of a week by
// caller, a map with the texts as keys and rows made of it took three times the time
// and five times the memory.
type callerTable struct {
	slots  []callerSlot // as many as a power of two
	blocks [][]callerCount
	n      int // counts in use
	seed   maphash.Seed
	long   map[string]uint32 // texts longer than their place, by number
	longs  []string
}

type callerSlot struct{ hash, at uint32 } // at: of the count, and 1

const (
	callerBlock = 1024    // counts that are made at once
	callerHead  = 16      // bytes of a caller's text in place
	longCaller  = 1 << 31 // flag in size of a text longer than that; the rest is its number
)

// callerCount is a Tally of calls that were read one by one.
type callerCount struct {
	head    [callerHead]byte
	size    uint32 // of the text
	group   uint32
	n       uint32
	talked  uint32
	short   uint32
	outcome [9]uint32 // as codes.Outcomes; the last is for what is none of them
	talkMS  int64
}

// count finds or adds the count of a caller in a group.
func (t *callerTable) count(group uint32, caller string) *callerCount {
	if 4*t.n >= 3*len(t.slots) {
		t.grow()
	}
	want := callerCount{group: group, size: uint32(len(caller))}
	copy(want.head[:], caller)
	if len(caller) > callerHead {
		want.size = t.longNumber(caller)
	}
	hash := uint32(maphash.String(t.seed, caller)>>32) ^ group*0x9E3779B1
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.at == 0 {
			*s = callerSlot{hash, t.add(&want)}
			return t.counted(s.at - 1)
		}
		if s.hash != hash {
			continue
		}
		if c := t.counted(s.at - 1); c.head == want.head && c.size == want.size && c.group == group {
			return c
		}
	}
}

func (t *callerTable) counted(at uint32) *callerCount {
	return &t.blocks[at/callerBlock][at%callerBlock]
}

// add stores a count and gives its place, and 1. (More than 32 bits can number would
// take 340 GB.)
func (t *callerTable) add(c *callerCount) uint32 {
	if t.n%callerBlock == 0 {
		t.blocks = append(t.blocks, make([]callerCount, callerBlock))
	}
	*t.counted(uint32(t.n)) = *c
	t.n++
	return uint32(t.n)
}

func (t *callerTable) grow() {
	old := t.slots
	if old == nil {
		t.seed = maphash.MakeSeed()
	}
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

// text is the caller of a count.
func (t *callerTable) text(c *callerCount) string {
	if c.size&longCaller != 0 {
		return t.longs[c.size&^longCaller]
	}
	return string(c.head[:c.size])
}

// heads are the beginning of the text as numbers that are ordered as it is.
func (c *callerCount) heads() (a, b uint64) {
	return binary.BigEndian.Uint64(c.head[:]), binary.BigEndian.Uint64(c.head[8:])
}

func (c *callerCount) add(x store.Cell, outcome int) {
	c.n += uint32(x.N)
	c.talked += uint32(x.Talked)
	c.short += uint32(x.Short)
	c.outcome[outcome] += uint32(x.N)
	c.talkMS += x.TalkMS
}

func (c *callerCount) tally() Tally {
	t := Tally{Count: int64(c.n), TalkMS: c.talkMS, Talked: int64(c.talked), Short: int64(c.short)}
	for i, o := range codes.Outcomes {
		*t.field(o) = int64(c.outcome[i])
	}
	return t
}
