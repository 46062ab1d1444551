package dialog

import (
	"cmp"
	"slices"

	"callsift/store/codes"
)

// group is a call being put together: its legs and, of an orphan, its
// transactions.
type group struct {
	fromTag string
	legs    []int32 // in the order of legs
	invite  bool
	orphan  bool
	first   int32 // first leg; of an orphan: first transaction
	toTag   string
	over    int64 // when its last leg ended, or its last start
	hungUp  int64 // when it ended after an answer, 0: not
	msgs    []int
	start   int64
}

// group puts the legs of one wish together.
func (a *assembly) group() {
	for i := range a.legs { // in order of their start
		if l := &a.legs[i]; l.parent < 0 {
			a.join(int32(i))
		}
	}
	for _, i := range a.order {
		if l := &a.legs[i]; l.group < 0 {
			l.group = a.legs[l.parent].group
		}
	}
	for _, i := range a.order {
		a.deepen(i)
	}
	// From now on the legs that join found parents for come after these too.
	slices.SortStableFunc(a.order, func(i, j int32) int { return a.legs[i].out.Depth - a.legs[j].out.Depth })
	a.shareLegs()
	for i := range a.txs {
		if t := &a.txs[i]; t.kind == orphan {
			a.adopt(int32(i))
		}
	}
	a.countAll()
}

// shareLegs gives every leg to its call.
func (a *assembly) shareLegs() {
	a.numbers = sized(a.numbers, len(a.legs)+len(a.calls))
	sizes, backing := a.numbers[:len(a.calls)], a.numbers[len(a.calls):len(a.legs)+len(a.calls)]
	clear(sizes)
	for i := range a.legs {
		sizes[a.legs[i].group]++
	}
	for i, n := range sizes {
		a.calls[i].legs, backing = backing[:0:n], backing[n:]
	}
	for i := range a.legs {
		g := &a.calls[a.legs[i].group]
		g.legs = append(g.legs, int32(i))
	}
}

// deepen counts the hops before a leg.
func (a *assembly) deepen(i int32) {
	l := &a.legs[i]
	l.out.Depth = 0
	for p := l.parent; p >= 0; p = a.legs[p].parent {
		l.out.Depth++
	}
}

// join finds the call of a leg that no other hop caused, or begins one.
func (a *assembly) join(li int32) {
	l := &a.legs[li]
	isInvite := a.txs[l.first].kind == invite
	if l.elder != li && a.legs[l.elder].group >= 0 {
		l.group = a.legs[l.elder].group
	}
	if l.group < 0 && isInvite {
		a.behind(li)
	}
	for k := len(a.calls) - 1; l.group < 0 && isInvite && k >= 0 && k >= len(a.calls)-back; k-- {
		g := &a.calls[k]
		if !g.invite {
			continue
		}
		if g.fromTag == l.fromTag && l.out.Start-g.over <= a.timerB && (g.hungUp == 0 || l.out.Start < g.hungUp) {
			l.group = int32(k)
		}
	}
	if l.group < 0 {
		l.group = int32(len(a.calls))
		a.calls = append(a.calls, group{fromTag: l.fromTag, invite: isInvite, start: l.out.Start, first: li})
	}
	g := &a.calls[l.group]
	g.over = max(g.over, l.out.Start, l.finalAt)
	if l.bye >= 0 {
		g.over = max(g.over, a.txs[l.bye].start)
		if l.finalAt != 0 && l.out.Code < 300 || l.proof {
			g.hungUp = max(g.hungUp, a.txs[l.bye].start)
		}
	}
}

// behind makes l the next hop of the leg that it is the B-leg of, if there is one.
func (a *assembly) behind(li int32) {
	l := &a.legs[li]
	for k := min(int32(len(a.legs))-1, li+back); k >= max(0, li-back); k-- {
		if k == li || !a.isBLeg(&a.legs[k], l) {
			continue
		}
		root := k
		for a.legs[root].parent >= 0 {
			root = a.legs[root].parent
		}
		if root != li && a.legs[root].group >= 0 {
			l.group, l.parent = a.legs[root].group, k
			return
		}
	}
}

// isBLeg reports whether l is what a back-to-back agent that keeps the Call-ID
// made of leg up (R11), or a proxy that hides Vias (then with the same From-tag):
// it starts while up waits for its answer, at the place where up went to.
func (a *assembly) isBLeg(up, l *leg) bool {
	since := l.out.Start - up.out.Start
	if since < 0 || since > a.timerB || up.finalAt != 0 && l.out.Start > up.finalAt || a.txs[up.first].kind != invite || up.relayed {
		return false
	}
	x, y := up.out.To, l.out.From
	sameTag := up.fromTag == l.fromTag
	if !x.IsValid() || !y.IsValid() {
		return !sameTag
	}
	return x.Addr() == y.Addr() && (!sameTag || up.out.From.Addr() != y.Addr())
}

// adopt makes one row of all requests of one unknown dialog.
func (a *assembly) adopt(ti int32) {
	p := a.lead(&a.txs[ti])
	for k := len(a.calls) - 1; k >= 0 && k >= len(a.calls)-back; k-- {
		g := &a.calls[k]
		if g.orphan && (g.fromTag == p.FromTag && g.toTag == p.ToTag || g.fromTag == p.ToTag && g.toTag == p.FromTag) {
			a.txs[ti].orphan = int32(k)
			if a.txs[g.first].method == "INVITE" && a.txs[ti].method != "INVITE" {
				g.first = ti
			}
			return
		}
	}
	a.txs[ti].orphan = int32(len(a.calls))
	a.calls = append(a.calls, group{fromTag: p.FromTag, toTag: p.ToTag, orphan: true, first: ti, start: a.txs[ti].start})
}

// result hands out what was found.
func (a *assembly) result() Result {
	a.results = sized(a.results, len(a.calls))
	a.attempts = sized(a.attempts, len(a.legs)+a.counts.Orphans)
	r := Result{Counts: a.counts, Settled: a.settled, Calls: a.results}
	legs := a.attempts
	a.share()
	for i := range a.calls {
		g := &a.calls[i]
		from := len(legs)
		if g.orphan {
			legs = append(legs, a.orphan(g))
		} else {
			legs = a.appendLegs(legs, g)
		}
		r.Calls = append(r.Calls, Call{Legs: legs[from:len(legs):len(legs)]})
		r.Calls[i].asSeen(g.msgs)
	}
	slices.SortStableFunc(r.Calls, func(x, y Call) int { return cmp.Compare(x.Start, y.Start) })
	return r
}

// share gives every message to its leg and to its call, in order of time.
func (a *assembly) share() {
	a.sizes = sized(a.sizes, len(a.legs)+len(a.calls))
	sizes := a.sizes[:len(a.legs)+len(a.calls)]
	clear(sizes)
	for i := range a.pkts {
		leg, call := a.owner(&a.pkts[i])
		if leg >= 0 {
			sizes[leg]++
		}
		if call >= 0 {
			sizes[len(a.legs)+call]++
		}
	}
	a.messages = sized(a.messages, 2*len(a.pkts))
	backing := a.messages[:2*len(a.pkts)]
	cut := func(slot int) []int {
		part := backing[:0:sizes[slot]]
		backing = backing[sizes[slot]:]
		return part
	}
	for i := range a.legs {
		a.legs[i].out.Messages = cut(i)
	}
	for i := range a.calls {
		a.calls[i].msgs = cut(len(a.legs) + i)
	}
	for i := range a.pkts {
		leg, call := a.owner(&a.pkts[i])
		if leg >= 0 {
			o := &a.legs[leg].out
			o.Messages = append(o.Messages, int(a.pkts[i].at))
		}
		if call >= 0 {
			g := &a.calls[call]
			g.msgs = append(g.msgs, int(a.pkts[i].at))
		}
	}
}

// owner is the leg and the call of a message, -1 each where there is none.
func (a *assembly) owner(p *packet) (leg, call int) {
	t := &a.txs[p.tx]
	switch {
	case t.kind == orphan:
		return -1, int(t.orphan)
	case t.legOf < 0:
		return -1, -1
	}
	return int(t.legOf), int(a.legs[t.legOf].group)
}

// orphan is the row of an unknown dialog: it began before the sources.
func (a *assembly) orphan(g *group) Attempt {
	t := &a.txs[g.first]
	p := a.lead(t)
	o := blank(p.Method, g.start)
	o.Outcome, o.Code, o.Flags = codes.InProgress, codes.Unknown, codes.FlagOrphan
	o.FromUser, o.ToUser, o.Device, o.Messages = p.FromUser, p.ToUser, p.device, g.msgs
	o.From, o.To = a.ends(t)
	if p.Status == 0 {
		o.Agent = p.Agent
	}
	if t.final >= 0 && t.method != "INVITE" { // a re-INVITE's 200 is no answered call
		f := &a.pkts[t.final]
		o.Code, o.Origin, o.Phrase, o.Server = f.Status, codes.Observed, f.Phrase, f.Agent
		o.Outcome = outcomeOf(f.Status, f.Phrase)
	}
	causeOf(&o, p)
	return o
}

// appendLegs adds a call's legs, parents before children, with their parents as
// indices into the call.
func (a *assembly) appendLegs(legs []Attempt, g *group) []Attempt {
	if len(g.legs) > 1 {
		slices.SortStableFunc(g.legs, func(i, j int32) int {
			return cmp.Compare(a.legs[i].out.Depth, a.legs[j].out.Depth)
		})
	}
	for k, i := range g.legs {
		l := &a.legs[i]
		l.place = k
		if l.parent >= 0 {
			l.out.Parent = a.legs[l.parent].place
		}
		legs = append(legs, l.out)
	}
	return legs
}
