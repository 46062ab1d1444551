package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// callersDB has rows at many times, and more at one time than are read at once.
func callersDB(t *testing.T) (*DB, []CallerRow) {
	db, err := Open(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	im, err := db.Begin(context.Background(), Source{Path: "x", State: Imported})
	if err != nil {
		t.Fatal(err)
	}
	const many = 2*callersAtOnce + 7
	var rows []CallerRow
	for i := range many + 2*callersAtOnce {
		r := CallerRow{Start: 0, Talk: int64(i%50) - 1, Caller: fmt.Sprint(i, strings.Repeat("x", i%3*10))}
		if i >= many {
			r.Start = 1_790_000_000_000_000 + int64(i/2)
		}
		im.Add(&Attempt{Start: r.Start, Caller: r.Caller, Talk: r.Talk, Setup: -1, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: 1,
			Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: "failed", Code: 500 + i%2}})
		rows = append(rows, r)
	}
	im.Settle(func([]*Profile, map[int64]int64) {})
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	return db, rows
}

// TestEachCaller: every row of the period is handed out once with what was asked for,
// also where more begin at one time than are read at once.
func TestEachCaller(t *testing.T) {
	db, rows := callersDB(t)
	last := rows[len(rows)-1].Start
	for _, q := range []CallerQuery{{}, {Start: true}, {Talk: true}, {Start: true, Talk: true}, {From: 1, Start: true}, {To: 1, Talk: true}, {From: last - 9, To: last}, {From: last, To: last}, {To: last + 1}} {
		to := q.To
		if to == 0 {
			to = last + 1
		}
		want := map[CallerRow]int{}
		for _, r := range rows {
			if r.Start < q.From || r.Start >= to {
				continue
			}
			if !q.Start {
				r.Start = 0
			}
			if !q.Talk {
				r.Talk = -1
			}
			want[r]++
		}
		profiles := map[int64]bool{}
		err := db.EachCaller(context.Background(), q, func(r *CallerRow) {
			got := *r
			got.Caller = strings.Clone(r.Caller)
			profiles[got.Profile] = true
			got.Profile = 0
			if want[got]--; want[got] < 0 {
				t.Fatalf("%+v: row %+v was not asked for", q, got)
			}
			if want[got] == 0 {
				delete(want, got)
			}
		})
		if err != nil || len(want) > 0 || len(profiles) > 2 {
			t.Errorf("%+v: %d rows are missing, %d profiles: %v", q, len(want), len(profiles), err)
		}
	}
}

// TestEachCallerEnds: reading ends where a value is none of ours and where it is
// cancelled, with the reason, and leaves the connection free.
func TestEachCallerEnds(t *testing.T) {
	db, rows := callersDB(t)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := db.EachCaller(ctx, CallerQuery{}, func(*CallerRow) {
		if n++; n == 10 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || n == len(rows) {
		t.Errorf("%d rows, error %v, want one of the context", n, err)
	}
	if _, err := db.sql.Exec(`UPDATE attempt SET profile = 'x' WHERE id = 5`); err != nil {
		t.Fatal(err)
	}
	n = 0
	err = db.EachCaller(context.Background(), CallerQuery{Talk: true}, func(*CallerRow) { n++ })
	if err == nil || !strings.Contains(err.Error(), "damaged") || n > callersAtOnce {
		t.Errorf("%d rows, error %v, want that the database is damaged", n, err)
	}
	if err := db.EachCaller(context.Background(), CallerQuery{From: 1}, func(*CallerRow) {}); err != nil {
		t.Error(err)
	}
}
