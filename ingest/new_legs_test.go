package ingest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callsift/ingest/dialog"
	"callsift/store"
)

// newLegsOf are as many calls between few hosts and numbers, with Call-IDs made from one
// another and links, and the same as parties, in order of time.
func newLegsOf(r *rand.Rand, n int) (*newLegs, []dialog.Party) {
	hosts := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "", "no address"}
	numbers := []string{"", "201", "301234201", "+49301234201", "0442071234567", "anonymous"}
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	l := &newLegs{}
	var parties []dialog.Party
	var ids []string
	bundle := int64(0)
	for i := range n {
		id := fmt.Sprintf("%d-call%05d@192.0.2.9", i, r.IntN(1e5))
		if len(ids) > 0 && r.IntN(4) == 0 {
			id = pick([]string{"b2b_" + pick(ids), pick(ids) + "-1", "x" + pick(ids)}) + fmt.Sprintf("%.*s", r.IntN(2), "z")
		}
		if slices.Contains(ids, id) {
			continue
		}
		ids = append(ids, id)
		var links [][2]string
		for range max(0, r.IntN(8)-5) {
			links = append(links, [2]string{pick([]string{"session-id", "x-call-id"}), pick([]string{pick(ids), "12345678", "abcdefgh"})})
		}
		a := store.Attempt{Start: 1e15 + r.Int64N(20e6), Setup: max(-1, r.Int64N(4000)-1000), Caller: pick(numbers), Callee: pick(numbers)}
		a.Profile = store.Profile{Method: "INVITE", Scope: store.ScopeCall, FromAddr: pick(hosts), ToAddr: pick(hosts)}
		bundle += 1 + r.Int64N(3)
		l.add(bundle, id, [][]store.Attempt{{a}}, &store.Steps{store.StepCalls: 1}, links)
		p := dialog.Party{CallID: id, Start: a.Start, FromUser: a.Caller, ToUser: a.Callee}
		p.From, _ = netip.ParseAddr(a.Profile.FromAddr)
		p.To, _ = netip.ParseAddr(a.Profile.ToAddr)
		if a.Setup >= 0 {
			p.End = a.Start + a.Setup*1000 + 999
		}
		for _, x := range links {
			p.Links = append(p.Links, dialog.Link{Kind: x[0], Value: x[1]})
		}
		parties = append(parties, p)
	}
	slices.SortStableFunc(parties, func(x, y dialog.Party) int { return int(x.Start - y.Start) })
	return l, parties
}

// joinedAs says what joining makes of parties, by Call-ID.
func joinedAs(parties []dialog.Party) (list []string) {
	joints := dialog.Join(parties)
	for _, j := range joints {
		list = append(list, fmt.Sprintf("%s made %s: %s %.2f", parties[j.A].CallID, parties[j.B].CallID, j.Rule, j.Confidence))
	}
	for _, i := range dialog.Unjoined(parties, joints) {
		list = append(list, parties[i].CallID+" stays a leg")
	}
	slices.Sort(list)
	return list
}

// TestNewLegs: of the parties that joining looks at none is lost that makes a
// difference, and what there is of them is as it was.
func TestNewLegs(t *testing.T) {
	joined, left := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, all := newLegsOf(r, r.IntN(120))
		if l.lost {
			t.Fatal("lost")
		}
		from, to := int64(1e15)+r.Int64N(5e6), int64(1e15)+15e6+r.Int64N(6e6)
		all = slices.DeleteFunc(all, func(p dialog.Party) bool { return p.Start < from || p.Start >= to })
		l.within(0, from) // that only parts are asked for makes no difference
		some, bundles := l.within(from, to)
		if len(bundles) != len(some) {
			t.Fatalf("%d bundles of %d parties", len(bundles), len(some))
		}
		want := joinedAs(all)
		if diff := cmp.Diff(want, joinedAs(some)); diff != "" {
			t.Fatalf("seed %d (-all +some)\n%s", seed, diff)
		}
		i := 0
		for _, p := range some {
			for i < len(all) && all[i].CallID != p.CallID {
				i++
			}
			if i == len(all) || !cmp.Equal(all[i], p, cmpopts.EquateComparable(netip.Addr{})) {
				t.Fatalf("seed %d: %+v is not among the parties, or not in order of time", seed, p)
			}
		}
		joined += len(want)
		left += len(all) - len(some)
	}
	if joined < 1000 || left < 100 {
		t.Errorf("%d joined, %d left out", joined, left)
	}
}

// TestNewLegsBounds: only calls of Call-IDs with one call count, and past the bound
// all are forgotten.
func TestNewLegsBounds(t *testing.T) {
	var l newLegs
	call := [][]store.Attempt{{{Start: 1, Setup: -1, Profile: store.Profile{Method: "INVITE", Scope: store.ScopeCall}}}}
	l.add(1, "used twice", call, &store.Steps{store.StepCalls: 2}, nil)
	l.add(2, "registration", [][]store.Attempt{{{Profile: store.Profile{Method: "REGISTER", Scope: store.ScopeCall}}}}, &store.Steps{store.StepCalls: 1}, nil)
	if l.n != 0 {
		t.Errorf("%d calls", l.n)
	}
	defer func(n int) { maxNewLegs = n }(maxNewLegs)
	maxNewLegs = 2000
	for i := range int64(5) {
		l.add(3+i, string(make([]byte, 500)), call, &store.Steps{store.StepCalls: 1}, nil)
		if over := i > 2; l.lost != over || over && l.chunks != nil {
			t.Fatalf("after %d calls lost is %v", i+1, l.lost)
		}
	}
}

// TestNewLegsAsStored: a source is joined in the same way from memory and from the
// store.
func TestNewLegsAsStored(t *testing.T) {
	w := &wire{}
	a, b := relay(w, 0, "a1@phone", uuid, "b1@pbx", uuid)
	fails(a, b, 3)
	a, b = numberedRelay(w, 5, "a2", "b2")
	fails(a, b, 8)
	a, b = relay(w, 300, "4711abcd@phone", "", "4711abcd@phone_b2b-1", "")
	fails(a, b, 303)
	a, b = numberedRelay(w, 600, "a4", "b4")
	a2, b2 := numberedRelay(w, 600.1, "a5", "b5")
	fails(a, b, 603)
	fails(a2, b2, 604)
	file := w.file(t, nil)
	kept := logicalDump(t, imported(t, file))
	defer func(n int) { maxNewLegs = n }(maxNewLegs)
	maxNewLegs = 0
	sameDump(t, "joined from the store", kept, logicalDump(t, imported(t, file)))
	if n := oneNumber(t, imported(t, file), `SELECT count(*) FROM joint`); n != 3 {
		t.Errorf("%d joints, want 3", n)
	}
}

// TestNewLegsInParts: calls are looked through once, however many parts of the time they
// cover are judged: a long capture of few calls has a part for each.
func TestNewLegsInParts(t *testing.T) {
	l, all := newLegsOf(rand.New(rand.NewPCG(3, 1)), 100)
	whole, _ := l.within(0, 1<<62)
	order := unsafe.SliceData(l.order)
	var parts []dialog.Party
	for from := all[0].Start; from <= all[len(all)-1].Start; from += 100_000 {
		part, _ := l.within(from, from+100_000)
		parts = append(parts, part...)
	}
	if diff := cmp.Diff(whole, parts, cmpopts.EquateComparable(netip.Addr{})); diff != "" || len(whole) == 0 {
		t.Errorf("%d calls (-whole +parts)\n%s", len(whole), diff)
	}
	if unsafe.SliceData(l.order) != order {
		t.Error("sorted again")
	}
}

// TestNewLegsFullProfiles: where the store leaves addresses out of rows, since there are
// too many, they are left out of joining as well.
func TestNewLegsFullProfiles(t *testing.T) {
	w := &wire{}
	for i := range 34_500 {
		k := &talk{w: w, id: fmt.Sprintf("ping%d", i), src: fmt.Sprintf("10.0.%d.%d", i>>8, i&255), dst: pbx}
		at := float64(i) * .001
		k.request(at, "OPTIONS", 1, "o", "", fmt.Sprintf("User-Agent: agent %d\r\n", i))
		w.say(at+.0005, pbx, k.src, k.message("SIP/2.0 200 OK", "OPTIONS", 1, "o", k.tag(), ""))
	}
	a, b := numberedRelay(w, 100, "a1", "b1")
	fails(a, b, 103)
	file := w.file(t, nil)
	joints := func() int64 { return oneNumber(t, imported(t, file), `SELECT count(*) FROM joint`) }
	kept := joints()
	defer func(n int) { maxNewLegs = n }(maxNewLegs)
	maxNewLegs = 0
	if stored := joints(); kept != stored {
		t.Errorf("%d joints from memory, %d from the store", kept, stored)
	}
}
