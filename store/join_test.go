package store

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestCallPages: the calls of a period come once each, by start and row, however many
// begin at the same time and whatever other rows stand between them.
func TestCallPages(t *testing.T) {
	defer func(n int) { callPage = n }(callPage)
	db, err := OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im, err := db.Begin(context.Background(), Source{Path: "x", State: Imported})
	if err != nil {
		t.Fatal(err)
	}
	type call struct {
		Start        int64
		Bundle       int64
		Key, From    string
		Caller       string
		Calls, Setup int64
	}
	r := rand.New(rand.NewPCG(3, 1))
	var all []call
	for i := range int64(300) {
		start := int64(1_790_000_000_000_000) + max(0, r.Int64N(60)-30)*1_000_000 // half of them at one time
		key := fmt.Sprint("call-", i)
		id, _ := im.Bundle("sip", key)
		method := "INVITE"
		if r.IntN(3) == 0 {
			method = "OPTIONS"
		}
		a := Attempt{Start: start, Caller: fmt.Sprint("+4930", i), Setup: i, Talk: -1, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: im.Source.ID,
			Profile: Profile{Scope: ScopeBoth, Method: method, Outcome: "answered", FromAddr: "192.0.2.1"}}
		im.Replace(id, true, [][]Attempt{{a}}, Steps{StepCalls: 1}, true)
		if method == "INVITE" {
			all = append(all, call{start, id, key, "192.0.2.1", a.Caller, 1, i})
		}
	}
	slices.SortFunc(all, func(x, y call) int { return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.Bundle, y.Bundle)) })
	const first = 1_790_000_000_000_000
	for _, period := range [][2]int64{{0, 1 << 62}, {first, first + 1}, {first + 1, first + 20_000_000}, {first + 5_000_000, first + 5_000_000}, {first + 9, first}} {
		want := []call{}
		for _, c := range all {
			if c.Start >= period[0] && c.Start < period[1] {
				want = append(want, c)
			}
		}
		for _, callPage = range []int{1, 7, 150, 1000} {
			got := map[string][]call{"pages": {}, "each": {}, "rows": {}}
			add := func(how string, r *CallRow) {
				got[how] = append(got[how], call{r.Start, r.Bundle, r.Key, r.From, r.Caller, r.Calls, r.Setup})
			}
			im.CallPages(period[0], period[1], true, func(r *CallRow) { add("pages", r) })
			im.EachCall(period[0], period[1], true, func(r *CallRow) { add("each", r) })
			for _, r := range im.CallRows(period[0], period[1], true) {
				add("rows", &r)
			}
			for how, list := range got {
				if diff := gocmp.Diff(want, list); diff != "" {
					t.Fatalf("%s of %d rows from %d to %d:\n%s", how, callPage, period[0]-first, period[1]-first, diff)
				}
			}
		}
	}
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
}
