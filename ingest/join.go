package ingest

import (
	"cmp"
	"slices"

	"callsift/ingest/dialog"
	"callsift/store"
	"callsift/store/codes"
)

// Calls of different Call-IDs that a back-to-back agent made of one another, and
// CDRs of calls that were also seen as SIP, are joined into one call
// (transactions.md §7, R11). Whether two belong together depends on their
// neighbours in time only, so after an import the stretches of time that it
// touched are judged again: the result is the same in whatever order sources come.

// A message that comes or goes changes joints of legs that begin up to legReach
// away: links reach over the 180 s that an INVITE may stay open (dialog.Join), and
// the next candidates of what a link frees begin a few seconds further on. To
// judge those legs takes the parties as far again around them. Trees of legs are
// looked for from rootReach before that, since they are named by their first leg.
// A record has SIP candidates within recordWithin, these have records, and so on:
// what comes or goes changes matches twice as far away.
const (
	legReach  = 190_000_000
	rootReach = 600_000_000

	recordReach = 2 * recordWithin
)

// recordWithin is how far a CDR's start may be from the INVITE's: CDRs have
// whole seconds, and boxes start their clock on the call at different moments.
const recordWithin = 2_000_000

// stretch is a stretch of time to judge, [from, to).
type stretch struct{ from, to int64 }

// touched notes a call start outside the source's own time.
func (a *assembler) touched(t int64) {
	if t != 0 {
		a.stretches = append(a.stretches, stretch{t, t + 1})
	}
}

// join judges the stretches that the import touched: first which legs make one
// call, where it brought SIP, then which CDRs are of these calls, where SIP and
// records cover the same time. Joining legs takes calls apart and so may touch
// more stretches for the CDRs.
func (a *assembler) join() {
	sip, cdr := a.im.HasKinds()
	if cdr {
		a.findCopies()
	}
	if !sip {
		return
	}
	legs := slices.Clip(a.stretches)
	for i := range a.sources {
		if s := &a.sources[i]; s.Messages > 0 && s.First > 0 {
			legs = append(legs, a.byCommonClock(s))
		}
	}
	a.judge(widened(legs, legReach), legReach, a.joinLegs, a.leaveLegs)
	if !cdr {
		return
	}
	records := append(slices.Clip(a.stretches), a.settleRecordClocks()...)
	for i := range a.sources {
		s := &a.sources[i]
		if whole := a.byCommonClock(s); s.First > 0 {
			if s.Messages > 0 {
				records = append(records, overlaps(whole, a.im.OtherRanges(false, s))...)
			}
			if s.CDRs > 0 {
				records = append(records, overlaps(whole, a.im.OtherRanges(true, s))...)
			}
			if s.Messages > 0 && s.CDRs > 0 { // a log of several formats
				records = append(records, whole)
			}
		}
	}
	for _, s := range merged(widened(records, recordIDReach)) {
		a.joinByCallID(s)
	}
	a.judge(widened(records, recordReach), recordReach, a.joinRecords, a.leaveRecords)
}

// overlaps lists the parts of a stretch that other sources cover as well.
func overlaps(s stretch, others [][2]int64) []stretch {
	var list []stretch
	for _, o := range others {
		if x := (stretch{max(s.from, o[0]-recordWithin), min(s.to, o[1]+recordWithin)}); x.from < x.to {
			list = append(list, x)
		}
	}
	return list
}

// legParty is a call of one Call-ID that joining looks at.
type legParty struct {
	*dialog.Party
	bundle int64
	was    *store.Joint // how it is joined now; nil: it is not
}

// old is how the party is joined now; Root 0: it is not.
func (p *legParty) old() store.Joint {
	if p.was == nil {
		return store.Joint{}
	}
	return *p.was
}

// joinLegs joins the SIP calls of different Call-IDs that begin in a stretch.
func (a *assembler) joinLegs(s stretch) {
	decided := func(t int64) bool { return t >= s.from && t < s.to }
	bare, list := a.parties(s.from-legReach, s.to+legReach)
	if len(list) < 2 {
		return
	}
	want := map[int64]store.Joint{}
	for i := range list {
		p := &list[i]
		if p.was != nil && !decided(p.Start) {
			want[p.bundle] = *p.was // too near the edge to be judged from here
		}
	}
	joints := dialog.Join(bare)
	for _, j := range joints {
		if b := &list[j.B]; decided(b.Start) {
			want[b.bundle] = store.Joint{Bundle: b.bundle, Parent: list[j.A].bundle, Rule: j.Rule, Confidence: j.Confidence}
		}
	}
	a.applyJoints(list, want)
	unjoined := map[int64]bool{}
	for _, i := range dialog.Unjoined(bare, joints) {
		unjoined[list[i].bundle] = true
	}
	marked := a.im.Flagged(codes.FlagUnjoined, s.from, s.to)
	for i := range list {
		if p := &list[i]; decided(p.Start) && (marked[p.bundle] || unjoined[p.bundle]) {
			a.flagUnjoined(p.bundle, unjoined[p.bundle])
		}
	}
}

// flagUnjoined marks a call that looks like a leg of another one, or takes the
// mark away.
func (a *assembler) flagUnjoined(bundle int64, yes bool) {
	for _, row := range a.im.RowsOf(bundle, 0) {
		p := row.Profile
		if row.Call != 0 || p.Method != "INVITE" || p.Flags&codes.FlagOrphan != 0 || yes == (p.Flags&codes.FlagUnjoined != 0) {
			continue
		}
		p.Flags ^= codes.FlagUnjoined
		a.im.Recast(&row, p, 0)
	}
}

// parties lists the SIP calls that begin in [from, to), those that are joined
// already one by one; bare is what dialog.Join wants of them. Calls for which it finds no
// other leg may be missing.
func (a *assembler) parties(from, to int64) (bare []dialog.Party, list []legParty) {
	hasLinks, joined := a.im.HasLinks(), a.im.HasJoints()
	first := from
	if joined {
		first -= rootReach
	}
	add := func(p dialog.Party, bundle int64, was *store.Joint) {
		bare = append(bare, p)
		list = append(list, legParty{bundle: bundle, was: was})
	}
	defer func() {
		for i := range list {
			list[i].Party = &bare[i]
		}
	}()
	if !joined && !a.legs.lost {
		bare, bundles := a.legs.within(from, to)
		list = make([]legParty, len(bare))
		for i, bundle := range bundles {
			list[i].bundle = bundle
		}
		return bare, list
	}
	if !joined && !hasLinks {
		// Row by row takes a third of the memory.
		if n := a.im.CallCount(first, to); n <= maxTogether {
			bare, list = make([]dialog.Party, 0, n), make([]legParty, 0, n)
		}
		a.im.EachCall(first, to, true, func(row *store.CallRow) {
			if row.Calls == 1 {
				add(a.partyOfRow(row, false), row.Bundle, nil)
			}
		})
		return
	}
	for _, row := range a.im.CallRows(first, to, true) {
		// A Call-ID that was used for several calls names none of them.
		if row.Calls != 1 {
			continue
		}
		var members []store.Joint
		if joined {
			members = slices.DeleteFunc(a.im.Joints(row.Bundle), func(j store.Joint) bool { return isRecordRule(j.Rule) })
		}
		if len(members) == 0 {
			if row.Start >= from {
				add(a.partyOfRow(&row, hasLinks), row.Bundle, nil)
			}
			continue
		}
		add(a.partyOfBundle(row.Bundle), row.Bundle, nil)
		for _, j := range members {
			add(a.partyOfBundle(j.Bundle), j.Bundle, &j)
		}
	}
	return
}

func (a *assembler) partyOfRow(row *store.CallRow, links bool) dialog.Party {
	p := dialog.Party{CallID: row.Key, Start: row.Start, FromUser: row.Caller, ToUser: row.Callee}
	ends := partyAddrs(row.From, row.To)
	p.From, p.To, p.End = ends[0], ends[1], partyEnd(row.Start, row.Setup)
	if links {
		for _, v := range a.im.Links(row.Bundle) {
			p.Links = append(p.Links, dialog.Link{Kind: v[0], Value: v[1]})
		}
	}
	return p
}

// partyOfBundle makes the party of a call that is part of a joined one, from
// its evidence. It must come out as partyOfRow gave it before.
func (a *assembler) partyOfBundle(bundle int64) dialog.Party {
	m := a.member(bundle)
	rows := rowsOf(&dialog.Result{Calls: []dialog.Call{m.call}}, m.msgs, m.format)
	first := &rows[0][0]
	row := store.CallRow{
		Bundle: bundle, Kind: "sip", Key: m.key, Calls: 1, Start: first.Start, Setup: first.Setup,
		Caller: first.Caller, Callee: first.Callee, From: first.Profile.FromAddr, To: first.Profile.ToAddr,
	}
	return a.partyOfRow(&row, true)
}

// member is one Call-ID of a joined call, assembled for itself.
type member struct {
	bundle  int64
	key     string
	format  string
	call    dialog.Call // its one INVITE call
	rest    []dialog.Call
	msgs    []dialog.Message
	steps   store.Steps
	settled bool
}

func (a *assembler) member(bundle int64) member {
	_, _, evidence := a.im.Evidence(bundle)
	m := member{bundle: bundle, key: a.im.BundleKey(bundle)}
	var again int64
	m.msgs, evidence, again = a.unpackAll(new(unpacker), nil, evidence)
	m.msgs = onCommonClock(m.msgs, a.clocks)
	m.format = a.formatOf(bundle, "sip", evidence)
	a.msgs = m.msgs
	result := dialog.Assemble(m.msgs, a.context())
	m.steps, m.settled = stepsOf(&result, again), result.Settled
	for _, c := range result.Calls {
		if c.Method == "INVITE" && m.call.Legs == nil {
			m.call = c
		} else {
			m.rest = append(m.rest, c)
		}
	}
	a.msgs = nil // belongs to the member now
	return m
}

// applyJoints changes the store from how the parties are joined to want.
func (a *assembler) applyJoints(list []legParty, want map[int64]store.Joint) {
	parent := map[int64]int64{} // of the union of old and new edges, to find what hangs together
	var find func(int64) int64
	find = func(b int64) int64 {
		if p, ok := parent[b]; ok && p != b {
			parent[b] = find(p)
			return parent[b]
		}
		return b
	}
	changed := map[int64]bool{}
	for _, p := range list {
		w := want[p.bundle]
		if w.Parent != 0 {
			parent[find(p.bundle)] = find(w.Parent)
		}
		if p.was != nil && p.was.Parent != 0 {
			parent[find(p.bundle)] = find(p.was.Parent)
		}
	}
	for _, p := range list {
		if w, old := want[p.bundle], p.old(); w.Parent != old.Parent || w.Rule != old.Rule {
			changed[find(p.bundle)] = true
		}
	}
	groups := map[int64][]legParty{}
	var order []int64
	for _, p := range list {
		if g := find(p.bundle); changed[g] {
			if groups[g] == nil {
				order = append(order, g)
			}
			groups[g] = append(groups[g], p)
		}
	}
	for _, g := range order {
		for _, p := range groups[g] {
			a.dissolve(p.bundle)
		}
		a.combine(groups[g], want)
	}
}

// combine writes the joined calls that a group of parties makes up.
func (a *assembler) combine(group []legParty, want map[int64]store.Joint) {
	byBundle := map[int64]legParty{}
	for _, p := range group {
		byBundle[p.bundle] = p
	}
	rootOf := func(b int64) int64 {
		for range group { // as many steps as there are parties: no loop can be longer
			w, ok := want[b]
			if !ok || w.Parent == 0 {
				return b
			}
			b = w.Parent
		}
		return b
	}
	trees := map[int64][]legParty{}
	var roots []int64
	for _, p := range group {
		r := rootOf(p.bundle)
		if trees[r] == nil {
			roots = append(roots, r)
		}
		trees[r] = append(trees[r], p)
	}
	for _, r := range roots {
		if len(trees[r]) > 1 {
			a.writeJoined(r, trees[r], want)
		}
	}
}

// writeJoined makes one call of the Call-IDs of a tree.
func (a *assembler) writeJoined(root int64, tree []legParty, want map[int64]store.Joint) {
	slices.SortFunc(tree, func(x, y legParty) int {
		if x.bundle == root || y.bundle == root {
			return cmp.Compare(b2i(y.bundle == root), b2i(x.bundle == root))
		}
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.CallID, y.CallID))
	})
	at := map[int64]int{}
	var members []member
	var calls []dialog.Call
	var parents []int
	for _, p := range tree {
		parent := -1
		if w := want[p.bundle]; p.bundle != root {
			i, ok := at[w.Parent]
			if !ok {
				return // a child that starts before its parent: Join does not make these
			}
			parent = i
		}
		at[p.bundle] = len(members)
		members = append(members, a.member(p.bundle))
		calls, parents = append(calls, members[len(members)-1].call), append(parents, parent)
	}
	joined := dialog.Combine(calls, parents)
	for i := range members {
		m := &members[i]
		rows := rowsOf(&dialog.Result{Calls: m.rest}, m.msgs, m.format)
		steps := m.steps
		if i == 0 {
			rows = append([][]store.Attempt{a.joinedRows(&joined, members)}, rows...)
		} else {
			steps[store.StepCalls]--
			steps[store.StepJoined]++
		}
		a.names.labelAll(rows)
		a.im.Replace(m.bundle, false, rows, steps, m.settled)
	}
	for _, p := range tree {
		if w := want[p.bundle]; p.bundle != root {
			w.Root = root
			a.im.AddJoint(w)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// joinedRows is the call's row and one for each leg, whose messages are those
// of their own Call-ID.
func (a *assembler) joinedRows(c *dialog.Call, members []member) []store.Attempt {
	rows := make([]store.Attempt, 1, len(c.Legs)+1)
	i := 0
	for k := range members {
		m := &members[k]
		for range m.call.Legs {
			rows = append(rows, store.Attempt{})
			a.rows.fill(&rows[len(rows)-1], &c.Legs[i], m.msgs, m.format, store.ScopeLeg)
			i++
		}
	}
	call := &rows[0]
	a.rows.fill(call, &c.Attempt, nil, members[0].format, store.ScopeCall)
	call.Legs = len(c.Legs)
	first := &rows[1]
	for i, far := 0, farEnd(c); i < len(c.Legs); i++ {
		if &c.Legs[i] == far {
			call.Profile.ToAddr = rows[i+1].Profile.ToAddr
		}
	}
	call.Source, call.Offset, call.Length, call.Line = first.Source, first.Offset, first.Length, first.Line
	return rows
}

// dissolve takes the joined call that a bundle is part of apart again.
func (a *assembler) dissolve(bundle int64) {
	joints := a.im.Joints(bundle)
	if len(joints) == 0 {
		return
	}
	root := joints[0].Root
	a.im.RemoveJoints(root)
	for _, j := range joints {
		if j.Bundle == 0 {
			a.detach(j)
			continue
		}
		a.alone(j.Bundle)
	}
	a.alone(root)
}

// alone assembles a bundle for itself and notes when its calls begin. One that
// has lost all its records goes.
func (a *assembler) alone(bundle int64) {
	kind, fresh, evidence := a.im.Evidence(bundle)
	if len(evidence) == 0 {
		a.im.DropBundle(bundle)
		a.legs.lose()
		return
	}
	key := ""
	if fresh {
		key = a.im.BundleKey(bundle)
	}
	a.assemble(bundle, kind, key, fresh, evidence)
}
