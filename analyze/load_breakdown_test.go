package analyze

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
	"callsift/store/codes"
)

// TestBreakdownByCaller: what is counted while the rows are read, some hundred
// thousand at a time, is what was imported, bounds and conditions kept.
func TestBreakdownByCaller(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im, err := db.Begin(ctx, store.Source{Path: "x", State: store.Imported})
	if err != nil {
		t.Fatal(err)
	}
	const rows = 230_000 // more than are read at once, many of them in the same second
	begin := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	outcomes := []codes.Outcome{codes.Answered, codes.Failed, codes.User}
	type line struct {
		caller, hour string
	}
	want := map[line]Tally{}
	from, to := begin.Add(7*time.Minute), begin.Add(20*time.Hour+1*time.Second)
	for i := range rows {
		at := begin.Add(time.Duration(i/9000) * time.Hour)
		caller, o, talk := fmt.Sprint(i*7919%1000), outcomes[i%3], int64(i%20)*1000
		im.Add(&store.Attempt{Start: at.UnixMicro(), Caller: caller, Setup: 1, Talk: talk, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: 1,
			Profile: store.Profile{Scope: store.ScopeBoth, Method: "INVITE", Outcome: o, Code: codes.Unknown, PrefixHint: "44"}})
		if at.Before(from) || !at.Before(to) || caller == "500" {
			continue
		}
		k := line{caller, at.Format("15")}
		w := want[k]
		w.Count++
		switch o {
		case codes.Answered:
			w.Answered++
			w.Talked++
			w.TalkMS += talk
			if talk < 6000 {
				w.Short++
			}
		case codes.Failed:
			w.Failed++
		default:
			w.User++
		}
		want[k] = w
	}
	im.Settle(func([]*store.Profile, map[int64]int64) {})
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	q := Query{By: []string{"source", "hour"}, Period: Period{From: from, To: to}, Where: []Condition{{Key: "source", Not: true, Values: []string{"500"}}}}
	b, err := ReadBreakdown(ctx, db, q)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != len(want) {
		t.Fatalf("%d rows, want %d", b.Len(), len(want))
	}
	q.CountsOnly = true
	counts, err := ReadBreakdown(ctx, db, q)
	if err != nil || counts.Len() != b.Len() {
		t.Fatalf("%d rows without what was talked, want %d: %v", counts.Len(), b.Len(), err)
	}
	for _, x := range []Breakdown{b, counts} {
		for _, r := range x.Rows() {
			w := want[line{r.Keys[0], r.Keys[1]}]
			if x.counted == counts.counted {
				w.TalkMS, w.Talked, w.Short = 0, 0, 0
			}
			if r.Tally != w {
				t.Errorf("%v: %+v, want %+v", r.Keys, r.Tally, w)
			}
		}
	}
}

// TestBreakdownTop: the counts by caller give the same rows as the calls one by one, and
// with a bound the first of them; bounds, conditions and what was taken back are kept.
func TestBreakdownTop(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	begin := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	outcomes := []codes.Outcome{codes.Answered, codes.Failed, codes.User}
	r := rand.New(rand.NewPCG(5, 6))
	callers := []string{"", "anonymous", "+4930123456", "0012345678901234567890", "ünknown"}
	for range 2000 {
		callers = append(callers, fmt.Sprint(r.IntN(1_000_000)))
	}
	bundle := int64(0)
	for range 3 { // imports, each of which replaces some of what was there
		im, err := db.Begin(ctx, store.Source{Path: fmt.Sprint(bundle), State: store.Imported})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20_000 {
			at := begin.Add(time.Duration(r.IntN(48*3600)) * time.Second)
			row := []store.Attempt{{Start: at.UnixMicro(), Caller: callers[int(r.ExpFloat64()*300)%len(callers)], Setup: 1, Talk: -1, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: 1,
				Profile: store.Profile{Scope: store.ScopeBoth, Method: "INVITE", Outcome: outcomes[i%3], Code: 200 + i%3, PrefixHint: fmt.Sprint(r.IntN(5))}}}
			if i%4 == 0 && bundle > 0 {
				im.Replace(1+r.Int64N(bundle), false, [][]store.Attempt{row}, store.Steps{}, true)
				continue
			}
			id, known := im.Bundle("sip", fmt.Sprint(bundle))
			bundle++
			im.AddEvidence(id, []byte{1})
			im.Replace(id, !known, [][]store.Attempt{row}, store.Steps{}, true)
		}
		im.Settle(func([]*store.Profile, map[int64]int64) {})
		if err := im.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	from := begin.Add(3 * time.Hour)
	for _, q := range []Query{
		{By: []string{"source"}},
		{By: []string{"source", "prefix"}},
		{By: []string{"prefix", "source", "code"}, Period: Period{From: from, To: from.Add(20 * time.Hour)}},
		{By: []string{"source", "hour"}, Period: Period{From: from}, Where: mustWhere(t, "source!=+4930123456", "hour!=5")},
		{By: []string{"day", "source"}, Where: mustWhere(t, "outcome=failed")},
		{By: []string{"source"}, Where: mustWhere(t, "source=anonymous,0012345678901234567890")},
	} {
		one, err := ReadBreakdown(ctx, db, q) // call by call, for what was talked
		if err != nil {
			t.Fatal(err)
		}
		q.CountsOnly = true
		all, err := ReadBreakdown(ctx, db, q)
		if err != nil {
			t.Fatal(err)
		}
		want := rowsIn(one)
		if diff := cmp.Diff(want, rowsIn(all)); diff != "" || all.Total != one.Total || all.More != 0 || len(want) == 0 {
			t.Fatalf("by %v: %d more; %s", q.By, all.More, diff)
		}
		for _, q.Top = range []int{1, 7, 100, len(want), len(want) + 1} {
			top, err := ReadBreakdown(ctx, db, q)
			if err != nil {
				t.Fatal(err)
			}
			first := want[:min(q.Top, len(want))]
			if diff := cmp.Diff(first, rowsIn(top)); diff != "" || top.Total != one.Total || top.Len()+top.More != len(want) {
				t.Fatalf("by %v, first %d: %d and %d more of %d; %s", q.By, q.Top, top.Len(), top.More, len(want), diff)
			}
		}
	}
}

// TestSameWarnings: what is said about the calls of a period does not depend on the
// keys that they are counted by, though by caller they are read one by one.
func TestSameWarnings(t *testing.T) {
	at := utc(t, "2026-11-10 14:07")
	in := attempt(at, store.ScopeBoth, codes.Answered, 200, "", "101")
	in.Profile.FromAddr = "192.0.2.50"
	out := in
	out.Profile.FromAddr, out.Profile.Flags = "192.0.2.1", codes.FlagUnjoined
	joined, legIn, legOut := in, in, in
	joined.Profile.Scope, legIn.Profile.Scope, legOut.Profile.Scope = store.ScopeCall, store.ScopeLeg, store.ScopeLeg
	legIn.Call, legOut.Call, legOut.Profile.FromAddr = 1, 1, "192.0.2.1"
	var list []store.Attempt
	for range 60 {
		list = append(list, in, out)
	}
	for range 40 {
		list = append(list, joined, legIn, legOut)
	}
	db := stored(t, list...)
	for _, by := range []string{"code", "source"} {
		b, err := ReadBreakdown(context.Background(), db, Query{By: []string{by}})
		if err != nil {
			t.Errorf("by %s: %v", by, err)
		}
		if want := "60 of 160 calls look like second legs of other calls (through 192.0.2.1)"; !strings.HasPrefix(b.Warning, want) {
			t.Errorf("by %s: warning %q, want %q", by, b.Warning, want)
		}
	}
	var uncountable UncountableError
	db = stored(t, list[:120]...)
	for _, by := range []string{"code", "source"} {
		if _, err := ReadBreakdown(context.Background(), db, Query{By: []string{by}}); !errors.As(err, &uncountable) {
			t.Errorf("by %s: %v, want that nothing joins the legs", by, err)
		}
	}
}
