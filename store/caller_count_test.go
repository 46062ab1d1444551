package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// callerCounted is what table caller_count sums up to.
func callerCounted(t testing.TB, db *DB, from, to int64) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	parts := map[string]int{}
	n := 0
	err := db.CallerParts(context.Background(), from, to, func() *CallerPart { return new(CallerPart) }, func(p *CallerPart) {
		n++
		if err := p.Each(func(e *CallerEntry) {
			text := string(e.Text)
			if e.Caller != 0 {
				text = string(e.Caller.AppendText(nil))
			}
			if parts[text] != 0 && parts[text] != n {
				t.Errorf("caller %q is in parts %d and %d", text, parts[text], n)
			}
			parts[text] = n
			k := fmt.Sprint(text, " ", e.Quarter, " ", e.Profile)
			if got[k] += e.N; got[k] == 0 {
				delete(got, k)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil || n != callerParts {
		t.Fatalf("%d parts: %v", n, err)
	}
	return got
}

// callersOf is the same from the rows.
func callersOf(t testing.TB, db *DB, from, to int64) map[string]int64 {
	t.Helper()
	want := map[string]int64{}
	err := db.EachCaller(context.Background(), CallerQuery{From: from, To: to, Start: true}, func(r *CallerRow) {
		want[fmt.Sprint(r.Caller, " ", r.Start/Quarter, " ", r.Profile)]++
	})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func sameCounts(t testing.TB, db *DB, from, to int64) {
	t.Helper()
	want, got := callersOf(t, db, from, to), callerCounted(t, db, from, to)
	if len(want) != len(got) {
		t.Fatalf("%d counts, want %d", len(got), len(want))
	}
	for k, n := range want {
		if got[k] != n {
			t.Fatalf("%s: %d, want %d", k, got[k], n)
		}
	}
}

func TestCallerParts(t *testing.T) {
	db, rows := callersDB(t)
	last := rows[len(rows)-1].Start / Quarter * Quarter
	for _, p := range [][2]int64{{0, 0}, {0, last}, {last, 0}, {last, last + Quarter}, {last + Quarter, 0}} {
		sameCounts(t, db, p[0], p[1])
	}
	if len(callerCounted(t, db, 0, 0)) == 0 {
		t.Error("nothing was counted")
	}
}

// TestMigrateCallers: a database of schema 6 has its callers counted when it is opened
// for writing.
func TestMigrateCallers(t *testing.T) {
	db, _ := callersDB(t)
	path := db.Path()
	for _, s := range []string{"DROP TABLE caller_count", "PRAGMA user_version = 6"} {
		if _, err := db.sql.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sameCounts(t, db, 0, 0)
	check, err := db.Check(context.Background(), true)
	for _, f := range check.Findings { // the ledger is not filled
		if f.Check == "rollup" {
			t.Error(f)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// TestCallerPartsCancelled: reading that is given up at any moment ends with an error or
// whole, and reads nothing of a connection that is closed (which a crash would tell).
func TestCallerPartsCancelled(t *testing.T) {
	db, _ := callersDB(t)
	path := db.Path()
	db.Close()
	reader, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	given := 0
	for i := range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
		n := 0
		err := reader.CallerParts(ctx, 0, 0, func() *CallerPart { return new(CallerPart) }, func(p *CallerPart) {
			if n++; p.Each(func(*CallerEntry) {}) != nil {
				t.Error("a part is damaged")
			}
		})
		stop.Stop()
		cancel()
		if err == nil && n != callerParts {
			t.Fatalf("%d parts and no error", n)
		}
		if err != nil {
			given++
		}
	}
	if given == 0 {
		t.Error("nothing was given up")
	}
	sameCounts(t, reader, 0, 0)
}

// TestCallersStaySmall: dialogs that every import assembles again do not make the counts grow.
func TestCallersStaySmall(t *testing.T) {
	db := newDB(t)
	const open = 12_000
	for round := range 5 {
		im := begun(t, db, fmt.Sprint(round, ".log"))
		for i := range open {
			bundle, known := im.Bundle("sip", fmt.Sprint("call-", i))
			if !known {
				im.AddEvidence(bundle, []byte{1})
			}
			im.Replace(bundle, !known, [][]Attempt{{{Start: 1_790_000_000_000_000 + int64(i)*1e6, Caller: fmt.Sprint("+49301234", i), Setup: -1, Talk: -1, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: im.Source.ID,
				Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: "in_progress", Code: 0}}}}, Steps{}, false)
		}
		im.Settle(func([]*Profile, map[int64]int64) {})
		committed(t, im)
		sameCounts(t, db, 0, 0)
		if n := count(t, db, `SELECT sum(fewer) FROM caller_count`); n > fewerAllowed+open/2 {
			t.Fatalf("%d entries take back others after import %d", n, round)
		}
	}
	if n := count(t, db, `SELECT sum(length(data)) FROM caller_count`); n > 3*15*open {
		t.Errorf("%d bytes for %d calls", n, open)
	}
}

// TestErasedCallers: where what is deleted is erased, no caller stays in the counts.
func TestErasedCallers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im := begun(t, db, "a.log")
	for i := range 300 {
		bundle, fresh := im.Bundle("sip", fmt.Sprint("call-", i))
		im.AddEvidence(bundle, []byte{1})
		im.Replace(bundle, !fresh, [][]Attempt{{{Start: 1_790_000_000_000_000, Caller: fmt.Sprint("+49301234", i), Setup: -1, Talk: -1, PDD: -1, Alert: -1, Media: -1, Bye: -1, Legs: 1, Source: im.Source.ID,
			Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: "failed", Code: 500}}}}, Steps{}, true)
	}
	im.Settle(func([]*Profile, map[int64]int64) {})
	committed(t, im)
	if err := db.EraseDeleted(context.Background()); err != nil {
		t.Fatal(err)
	}
	edit, err := db.Edit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for id := int64(1); id < 300; id++ {
		edit.DropBundle(id)
	}
	edit.Settle(func([]*Profile, map[int64]int64) {})
	if err := edit.Commit(); err != nil {
		t.Fatal(err)
	}
	sameCounts(t, db, 0, 0)
	entries := 0
	db.CallerParts(context.Background(), 0, 0, func() *CallerPart { return new(CallerPart) }, func(p *CallerPart) {
		p.Each(func(*CallerEntry) { entries++ })
	})
	if entries != 1 {
		t.Errorf("%d entries for the one call that is left", entries)
	}
}
