package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filled has rows of several profiles in several quarter hours, some without a time.
func filled(t *testing.T) *DB {
	t.Helper()
	db := newDB(t)
	im := begun(t, db, "a.log")
	for i := range int64(2000) {
		a := failedAt(i*37%100_000, fmt.Sprint(i))
		a.Profile.TrunkHint = fmt.Sprint("trunk-", i%7)
		if i%100 == 0 {
			a.Start = 0
		}
		a.PDD, a.Setup = i%5*100, 500+i%3
		im.Add(a)
	}
	committed(t, im)
	return db
}

// TestCells: sums of any step, of all time and of a part, as SQL groups them.
func TestCells(t *testing.T) {
	db := filled(t)
	first := count(t, db, `SELECT min(quarter) FROM rollup WHERE quarter > 0`) * Quarter
	for _, step := range []int64{Quarter, 4 * Quarter, 96 * Quarter, math.MaxInt64 / Quarter * Quarter} {
		for _, p := range [][2]int64{{0, 0}, {first, first + 20*Quarter}, {first + 8*Quarter, 0}, {first - 50*Quarter, first + 110*Quarter}, {first + 1, first + 5000*Quarter}, {0, first + 100*Quarter}} {
			var want []Cell
			err := db.each(context.Background(), `SELECT quarter - quarter % ? AS step, profile, sum(n), sum(talked), sum(talk_ms), sum(short) FROM rollup
				WHERE quarter >= ? AND quarter < ? GROUP BY step, profile ORDER BY step, profile`, []any{step / Quarter, p[0] / Quarter, quarterEnd(p[1])}, func(r *sql.Rows) error {
				var c Cell
				err := r.Scan(&c.Time, &c.Profile, &c.N, &c.Talked, &c.TalkMS, &c.Short)
				c.Time *= Quarter
				want = append(want, c)
				return err
			})
			got, err2 := db.Cells(context.Background(), p[0], p[1], step)
			if d := cmp.Diff(want, got); d != "" || err != nil || err2 != nil || len(got) == 0 {
				t.Errorf("step %d, %v: %v %v\n%s", step, p, err, err2, d)
			}
		}
	}
}

// TestDelays: the kinds asked for, summed over time.
func TestDelays(t *testing.T) {
	db := filled(t)
	list, err := db.Delays(context.Background(), 0, 0, DelayPDD, DelayFail)
	if err != nil {
		t.Fatal(err)
	}
	n := map[DelayKind]int64{}
	for i, d := range list {
		n[d.Kind] += d.N
		if i > 0 && (list[i-1].Kind > d.Kind || list[i-1].Kind == d.Kind && list[i-1].Profile > d.Profile) {
			t.Errorf("%+v after %+v", d, list[i-1])
		}
	}
	if d := cmp.Diff(map[DelayKind]int64{DelayPDD: 2000, DelayFail: 2000}, n); d != "" {
		t.Error(d)
	}
	if only, err := db.Delays(context.Background(), 0, 0, DelayPDD); err != nil || len(only) == 0 || len(only) == len(list) {
		t.Errorf("%d of PDD alone, %v; both are %d", len(only), err, len(list))
	}
}

// TestProfileTotals: sums of the roll-up that follow it when rows come and go, and
// the ledger's counts.
func TestProfileTotals(t *testing.T) {
	db := filled(t)
	agree := func() {
		t.Helper()
		if n := count(t, db, `SELECT count(*) FROM profile_total t WHERE n <> (SELECT sum(n) FROM rollup r WHERE r.profile = t.profile)`); n != 0 {
			t.Errorf("%d totals differ from the roll-up", n)
		}
		if n := count(t, db, `SELECT (SELECT count(*) FROM profile_total) - (SELECT count(DISTINCT profile) FROM rollup)`); n != 0 {
			t.Errorf("%d totals more than profiles of the roll-up", n)
		}
	}
	agree()
	im := begun(t, db, "b.log")
	bundle, _ := im.Bundle("sip", "call-1")
	im.Replace(bundle, true, [][]Attempt{{*failedAt(1, "")}}, Steps{}, false)
	committed(t, im)
	agree()
	im = begun(t, db, "c.log")
	other := failedAt(2, "")
	other.Profile.Reason = "another"
	im.Replace(bundle, false, [][]Attempt{{*other}}, Steps{}, true)
	committed(t, im)
	agree()
	if l, err := db.Ledger(context.Background()); err != nil || l.Calls != 2001 {
		t.Errorf("%d calls, %v; want 2001", l.Calls, err)
	}
}
