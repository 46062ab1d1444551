package ingest

import (
	"net/netip"

	"callsift/store"
	"callsift/store/codes"
)

// Where only one direction between two hosts was captured, a missing response
// means nothing (transactions.md §5). Such a pair shows in its attempts: hardly
// one has a response, and yet ACKs, BYEs and PRACKs prove that there were some. A
// dead trunk has no responses either, but nothing proves any.
//
// The verdict is a function of the attempts that the database holds, and of
// these only of what the verdict itself does not change. So after an import all
// bundles stand as the verdict of the whole wants them: those of a pair for which
// it turned are assembled anew.

// oneWayPairs are the pairs, sender first, from which requests were captured
// without the responses to them.
type oneWayPairs map[[2]string]bool

// holds is the form in which dialog asks.
func (o oneWayPairs) holds(from, to netip.Addr) bool {
	return len(o) > 0 && o[[2]string{from.Unmap().String(), to.Unmap().String()}]
}

// hasNoResponse: nothing was heard from the other side.
func hasNoResponse(p *store.Profile) bool {
	return p.Code == codes.None || p.Flags&codes.FlagOneWay != 0
}

// hasProof: a later request shows that there was a response.
func hasProof(p *store.Profile) bool {
	const proof = codes.FlagOneWay | codes.FlagInferred
	return p.Flags&proof == proof
}

// oneWayOf judges all pairs by how many attempts of which profile there are.
func oneWayOf(profiles []store.Profile, n []int64) oneWayPairs {
	type tally struct{ all, silent, silentCalls, proven int64 }
	pairs := map[[2]string]tally{}
	for i := range profiles {
		p := &profiles[i]
		if p.Scope&store.ScopeLeg == 0 || p.FromAddr == "" || p.ToAddr == "" {
			continue
		}
		key := [2]string{p.FromAddr, p.ToAddr}
		t := pairs[key]
		t.all += n[i]
		if hasNoResponse(p) {
			t.silent += n[i]
			if p.Method == "INVITE" {
				t.silentCalls += n[i]
			}
		}
		if hasProof(p) {
			t.proven += n[i]
		}
		pairs[key] = t
	}
	var found oneWayPairs
	for key, t := range pairs {
		// Every final response to an INVITE is acknowledged, so on a one-way link
		// nearly every INVITE has its proof. Half of them must: a lost response on
		// the way from a dead trunk must not hide its time-outs.
		if t.proven > 0 && t.silent*100 > t.all*95 && t.proven*2 >= t.silentCalls {
			if found == nil {
				found = oneWayPairs{}
			}
			found[key] = true
		}
	}
	return found
}

// judgeOneWay is the verdict over what the database holds now.
func (a *assembler) judgeOneWay() oneWayPairs {
	if !a.im.HasFlag(codes.FlagOneWay) {
		return nil
	}
	return oneWayOf(a.im.Counts())
}

// settleOneWay assembles anew what a changed verdict changes.
func (a *assembler) settleOneWay() {
	was := a.oneWay
	a.oneWay = a.judgeOneWay()
	turned := func(p *store.Profile) bool {
		key := [2]string{p.FromAddr, p.ToAddr}
		return a.oneWay[key] != was[key] && p.Scope&store.ScopeLeg != 0 && hasNoResponse(p)
	}
	if len(was) == 0 && len(a.oneWay) == 0 {
		return
	}
	for _, id := range a.im.BundlesOf(turned) {
		a.again(id)
	}
}
