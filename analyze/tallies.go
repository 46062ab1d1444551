package analyze

import "callsift/store/codes"

// tallies are kept by number. Those of few calls, as nearly all callers have, are kept
// once for all that have the same, with the numbers of what they become by one call
// more; others are each their own.
type tallies struct {
	few    []fewTally // first that of no calls
	number map[Tally]uint32
	own    blockList[Tally]
}

type fewTally struct {
	Tally
	plus [9]uint32 // by outcome, as codes.Outcomes; the last is for what is none of them. 0: not known yet
}

const (
	mostFew  = 8       // calls; with more, there were too many to keep
	ownTally = 1 << 31 // flag of a number: the rest is that of one of its own
)

// plus is the number of a tally with n calls added, see callerTable.add. The tally itself
// may be gone.
func (t *tallies) plus(number uint32, n, outcome int32, talk int64) uint32 {
	if number&ownTally != 0 {
		t.own.at(number&^ownTally).talked(n, outcome, talk)
		return number
	}
	if t.few == nil {
		t.few, t.number = make([]fewTally, 1), map[Tally]uint32{}
	}
	one := n == 1 && talk < 0
	if m := t.few[number].plus[outcome]; one && m != 0 {
		return m
	}
	sum := t.few[number].Tally
	sum.talked(n, outcome, talk)
	if !one || sum.Count > mostFew {
		return ownTally | t.own.add(sum)
	}
	m, ok := t.number[sum]
	if !ok {
		m = uint32(len(t.few))
		t.few = append(t.few, fewTally{Tally: sum})
		t.number[sum] = m
	}
	t.few[number].plus[outcome] = m
	return m
}

func (t *tallies) at(n uint32) *Tally {
	if n&ownTally != 0 {
		return t.own.at(n &^ ownTally)
	}
	return &t.few[n].Tally
}

// talked counts n calls that talked so long.
func (t *Tally) talked(n, outcome int32, talk int64) {
	t.count(int64(n), outcomeAt(outcome))
	if talk >= 0 {
		t.Talked += int64(n)
		t.TalkMS += int64(n) * talk
		if talk < shortMS {
			t.Short += int64(n)
		}
	}
}

func outcomeAt(i int32) codes.Outcome {
	if int(i) < len(codes.Outcomes) {
		return codes.Outcomes[i]
	}
	return ""
}

// blockList is a list whose elements are never moved.
type blockList[T any] struct {
	blocks [][]T
	n      int
}

const blockSize = 1024

func (l *blockList[T]) at(i uint32) *T { return &l.blocks[i/blockSize][i%blockSize] }

// add gives the place of v.
func (l *blockList[T]) add(v T) uint32 {
	if l.n%blockSize == 0 {
		l.blocks = append(l.blocks, make([]T, blockSize))
	}
	i := uint32(l.n)
	*l.at(i) = v
	l.n++
	return i
}
