package dialog

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"strings"
)

// Party is a call of one Call-ID as joining needs it: what a back-to-back agent
// may have made of another Call-ID's call, or made another one of.
type Party struct {
	CallID           string
	Start, End       int64 // microseconds UTC; End: final response, 0: none
	From, To         netip.Addr
	FromUser, ToUser string
	Links            []Link
}

// Party is the call as joining needs it.
func (c *Call) Party(callID string) Party {
	p := Party{CallID: callID, Start: c.Start, From: c.From.Addr(), To: c.To.Addr(), FromUser: c.FromUser, ToUser: c.ToUser, Links: c.Links}
	if c.Setup >= 0 {
		p.End = c.Start + c.Setup
	}
	return p
}

// Joint says that two parties are legs of one call, and how that is known.
type Joint struct {
	A, B       int // A's INVITE made B's
	Rule       string
	Confidence float64
}

// evidence is the ladder of transactions.md §7 by kind of link, strongest first.
// Kinds that are not listed count like the X headers that users name.
var evidence = map[string]float64{
	"linkedid": 1, "channel": 1, "other-leg-unique-id": 1, "globalcallid": 1, // the PBX's own word
	"session-id": 0.98, // RFC 7989
	"icid":       0.97, // RFC 7315 §4.6
}

const (
	namedHeader = 0.95 // X-Call-ID, X-CID, Cisco-Guid ...: equal, or the other's Call-ID
	derivedID   = 0.9  // one Call-ID made from the other
	likeness    = 0.6  // same numbers, same place, same moment, and only one candidate
	joinWithin  = 180e6
	likeWithin  = 2e6
	manyShare   = 64 // a value that so many calls carry names no call
)

// Join finds which calls of different Call-IDs are legs of one call. Every party
// is made by one other at most, by the strongest evidence. It is linear in the
// number of parties, apart from sorting.
func Join(parties []Party) []Joint {
	j := joiner{parties: parties, parent: map[int]Joint{}}
	j.byLinks()
	j.byCallID()
	j.ids = nil // not needed any more
	j.byLikeness()
	var out []Joint
	for _, p := range j.parent {
		out = append(out, p)
	}
	slices.SortFunc(out, func(x, y Joint) int { return cmp.Or(cmp.Compare(x.B, y.B), cmp.Compare(x.A, y.A)) })
	return out
}

type joiner struct {
	parties []Party
	parent  map[int]Joint  // by B
	ids     map[string]int // parties by Call-ID, once they are asked for
}

// link notes evidence that x and y belong together: the earlier one made the other.
func (j *joiner) link(x, y int, rule string, confidence float64) {
	a, b := x, y
	if j.later(a, b) {
		a, b = b, a
	}
	p, q := &j.parties[a], &j.parties[b]
	if q.Start-p.Start > joinWithin || p.End != 0 && q.Start > p.End {
		return
	}
	old := j.parent[b]
	better := confidence > old.Confidence
	if confidence == old.Confidence {
		better = j.closer(a, old.A, b) || a == old.A && rule < old.Rule
	}
	if better {
		j.parent[b] = Joint{A: a, B: b, Rule: rule, Confidence: confidence}
	}
}

// later orders parties by start; equal starts by what does not depend on the input's order.
func (j *joiner) later(a, b int) bool {
	p, q := &j.parties[a], &j.parties[b]
	return cmp.Or(cmp.Compare(p.Start, q.Start), strings.Compare(p.CallID, q.CallID), cmp.Compare(a, b)) > 0
}

// closer reports whether a fits better than old as what made b: it went to where
// b came from, else it is the later one.
func (j *joiner) closer(a, old, b int) bool {
	came := j.parties[b].From
	x, y := came.IsValid() && j.parties[a].To == came, came.IsValid() && j.parties[old].To == came
	if x != y {
		return x
	}
	return j.later(a, old)
}

// byLinks joins parties that share a correlation value, or whose value is the
// other's Call-ID.
func (j *joiner) byLinks() {
	shared := map[Link][]int{}
	for i := range j.parties {
		p := &j.parties[i]
		for k, l := range p.Links {
			if l.Value != "" && strings.Trim(l.Value, "0") != "" && !slices.Contains(p.Links[:k], l) {
				shared[l] = append(shared[l], i)
			}
		}
	}
	for l, group := range shared {
		ids := j.byID()
		confidence, ok := evidence[l.Kind]
		if !ok {
			confidence = namedHeader
		}
		slices.SortFunc(group, func(x, y int) int { return b2i(j.later(x, y)) - b2i(j.later(y, x)) })
		if other, ok := ids[l.Value]; ok {
			near, _ := j.near(group, j.parties[other].Start)
			for _, i := range near {
				if i != other {
					j.link(i, other, l.Kind, confidence)
				}
			}
		}
		for _, b := range group {
			near, upTo := j.near(group, j.parties[b].Start)
			for _, a := range near[:upTo] {
				if a != b {
					j.link(a, b, l.Kind, confidence)
				}
			}
		}
	}
}

// near is the part of a group, sorted by start, that begins so near to t that it
// may be of one call, and how many of it begin until t. A value that too many
// calls of one time carry names no call: then it is empty. Only parties near t
// count, so that what is further away does not change what joins.
func (j *joiner) near(group []int, t int64) (part []int, upTo int) {
	at := func(t int64) int {
		i, _ := slices.BinarySearchFunc(group, t, func(i int, t int64) int { return cmp.Compare(j.parties[i].Start, t) })
		return i
	}
	from, now, to := at(t-joinWithin), at(t+1), at(t+joinWithin+1)
	if now-from > manyShare || to-now > manyShare {
		return nil, 0
	}
	return group[from:to], now - from
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// byID finds a party by its Call-ID; the first one where it was used again.
func (j *joiner) byID() map[string]int {
	if j.ids != nil {
		return j.ids
	}
	ids := make(map[string]int, len(j.parties))
	j.ids = ids
	for i := range j.parties {
		id := j.parties[i].CallID
		if old, ok := ids[id]; !ok || j.later(old, i) {
			ids[id] = i
		}
	}
	return ids
}

// byCallID joins parties of which one's Call-ID is the other's with something
// put before or after it: "abc_b2b-1", "B2B.12.abc", "abc-0".
func (j *joiner) byCallID() {
	ids := j.byID()
	for i := range j.parties {
		for part := range IDParts(j.parties[i].CallID) {
			if other, ok := ids[part]; ok && other != i {
				j.link(i, other, "call-id", derivedID)
				break
			}
		}
	}
}

// IDParts yields the parts of a Call-ID that may be the Call-ID which it was made from.
func IDParts(id string) iter.Seq[string] {
	const tooShort = 8
	return func(yield func(string) bool) {
		for k := 0; k < len(id) && k < 256; k++ {
			switch id[k] {
			case '_', '-', '.', ':', ';', ',', '/':
			default:
				continue
			}
			if len(id)-k-1 >= tooShort && !yield(id[k+1:]) || k >= tooShort && !yield(id[:k]) {
				return
			}
		}
	}
}

// byLikeness joins parties that nothing links, where the call that came in and
// the one that went out of a host a moment later have the same numbers and there
// is no other candidate on either side.
func (j *joiner) byLikeness() {
	type place struct {
		at     netip.Addr
		caller string
		callee string
	}
	arrived := map[place][]int{}
	order := j.unlinked()
	between := startsOf(j.parties)
	for _, i := range order {
		if p := &j.parties[i]; between[p.To] {
			key := place{p.To, Tail(p.FromUser), Tail(p.ToUser)}
			arrived[key] = append(arrived[key], i)
		}
	}
	children := map[int]int{}
	mother := map[int]int{}
	for _, b := range order {
		p := &j.parties[b]
		if !p.From.IsValid() {
			continue
		}
		var group []int
		if len(arrived) > 0 {
			group = arrived[place{p.From, Tail(p.FromUser), Tail(p.ToUser)}]
		}
		at, _ := slices.BinarySearchFunc(group, p.Start-likeWithin, func(i int, t int64) int { return cmp.Compare(j.parties[i].Start, t) })
		found, n := -1, 0
		for ; at < len(group) && n < 2 && j.parties[group[at]].Start <= p.Start; at++ {
			if a := group[at]; a != b && (j.parties[a].End == 0 || j.parties[a].End >= p.Start) {
				found = a
				n++
			}
		}
		if n == 1 {
			mother[b] = found
			children[found]++
		}
	}
	for b, a := range mother {
		if children[a] == 1 {
			j.link(a, b, "numbers", likeness)
		}
	}
}

// startsOf is the set of hosts that calls came out of. A party that went to none
// of them made no other one: in most networks that is nearly every party, and an
// index of all took as much memory as the parties themselves.
func startsOf(parties []Party) map[netip.Addr]bool {
	hosts := map[netip.Addr]bool{}
	for i := range parties {
		if a := parties[i].From; a.IsValid() && !hosts[a] {
			hosts[a] = true
		}
	}
	return hosts
}

// unlinked are the parties with numbers that no evidence joined yet, by start.
func (j *joiner) unlinked() []int {
	linked := make([]bool, len(j.parties))
	for _, p := range j.parent {
		linked[p.A], linked[p.B] = true, true
	}
	order := make([]int, 0, len(j.parties))
	for i := range j.parties {
		p := &j.parties[i]
		if !linked[i] && Tail(p.FromUser) != "" && Tail(p.ToUser) != "" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(j.parties[x].Start, j.parties[y].Start) })
	return order
}

// Unjoined lists the parties that look like the second leg of another one and
// were joined to none: the call came out of the host that the other had just come
// to, and at least one of its two numbers is the same. Which leg belongs to which
// cannot be told, but that both are one call can: whoever counts calls has to say so.
func Unjoined(parties []Party, joints []Joint) []int {
	type place struct {
		at     netip.Addr
		number string
		called bool
	}
	order := make([]int, len(parties))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(parties[x].Start, parties[y].Start) })
	arrived := map[place][]int{}
	between := startsOf(parties)
	for _, i := range order {
		if p := &parties[i]; between[p.To] {
			for k, number := range [...]string{p.FromUser, p.ToUser} {
				if tail := Tail(number); tail != "" {
					key := place{p.To, tail, k == 1}
					arrived[key] = append(arrived[key], i)
				}
			}
		}
	}
	child := make([]bool, len(parties))
	for _, j := range joints {
		child[j.B] = true
	}
	behind := func(b int, key place) bool {
		p, group := &parties[b], arrived[key]
		at, _ := slices.BinarySearchFunc(group, p.Start-likeWithin, func(i int, t int64) int { return cmp.Compare(parties[i].Start, t) })
		for n := 0; at < len(group) && n < manyShare && parties[group[at]].Start <= p.Start; at, n = at+1, n+1 {
			if a := &parties[group[at]]; group[at] != b && a.From != p.To && (a.End == 0 || a.End >= p.Start) {
				return true
			}
		}
		return false
	}
	var out []int
	for b := range parties {
		p := &parties[b]
		if child[b] || !p.From.IsValid() || len(arrived) == 0 {
			continue
		}
		from, to := Tail(p.FromUser), Tail(p.ToUser)
		if from != "" && behind(b, place{p.From, from, false}) || to != "" && behind(b, place{p.From, to, true}) {
			out = append(out, b)
		}
	}
	return out
}

// Tail is the last seven digits of a number; shorter numbers count whole from
// three digits on.
func Tail(user string) string {
	digits := make([]byte, 0, 16)
	for i := 0; i < len(user); i++ {
		if c := user[i]; c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	if len(digits) < 3 {
		return ""
	}
	return string(digits[max(0, len(digits)-7):])
}

// Combine makes one call of a call and the calls that were joined to it, each
// given with the index of the one that made it (-1: the first, which must come
// first; parents before children). The outcome is that of the caller's side, the
// cause that of the deepest leg that failed (R11). Legs keep their Messages,
// which index their own Call-ID's messages; the call itself has none.
func Combine(calls []Call, parents []int) Call {
	var c Call
	offset := make([]int, len(calls))
	for i := range calls {
		offset[i] = len(c.Legs)
		for _, l := range calls[i].Legs {
			if l.Parent >= 0 {
				l.Parent += offset[i]
			} else if p := parents[i]; p >= 0 {
				l.Parent = c.behind(offset[p], offset[p]+len(calls[p].Legs), &l)
			}
			if l.Parent >= 0 {
				l.Depth = c.Legs[l.Parent].Depth + 1
			}
			c.Legs = append(c.Legs, l)
		}
	}
	c.asSeen(nil)
	return c
}

// behind is the leg among legs from to end that brought l's INVITE to the host
// which made it, else the deepest.
func (c *Call) behind(from, end int, l *Attempt) int {
	best := from
	for i := from; i < end; i++ {
		x := &c.Legs[i]
		if l.From.IsValid() && x.To.Addr() == l.From.Addr() {
			return i
		}
		if x.Depth > c.Legs[best].Depth {
			best = i
		}
	}
	return best
}
