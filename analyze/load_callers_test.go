package analyze

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

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
	data, err := LoadBreakdown(ctx, db, q)
	if err != nil {
		t.Fatal(err)
	}
	b, err := BreakdownOf(data, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(b.Rows), len(want))
	}
	for _, r := range b.Rows {
		if w := want[line{r.Keys[0], r.Keys[1]}]; r.Tally != w {
			t.Errorf("%v: %+v, want %+v", r.Keys, r.Tally, w)
		}
	}
}
