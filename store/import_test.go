package store

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store/codes"
)

// count runs a query that gives one number.
func count(t testing.TB, db *DB, query string) (n int64) {
	t.Helper()
	if err := db.sql.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestRejectsAreBounded: of one reason 200 are listed and the rest summed up;
// past a thousand reasons they share one. All are counted.
func TestRejectsAreBounded(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.log")
	for i := range 1000 {
		im.Reject(i+1, int64(i)*10, "12 fields, want 16 to 21", []byte(strings.Repeat("é", 300)))
	}
	for i := range 5000 {
		im.Reject(i+1, int64(i)*10, fmt.Sprintf("field %d, want 7", i), []byte("\xff\xfe"))
	}
	committed(t, im)
	if im.Source.Rejected != 6000 {
		t.Errorf("%d rejected, want 6000", im.Source.Rejected)
	}
	rejects, err := db.Rejects(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	byReason := map[string]int{}
	for _, r := range rejects {
		sum += r.Records
		byReason[r.Reason]++
		if len(r.Sample) > 210 || strings.ToValidUTF8(r.Sample, "") != r.Sample {
			t.Fatalf("sample %q", r.Sample)
		}
	}
	if sum != 6000 || byReason["12 fields, want 16 to 21"] != listedRejects+1 || byReason["other reasons"] != listedRejects+1 || len(byReason) > 1001 {
		t.Errorf("%d rejects in %d reasons; %d and %d rows of the two large ones", sum, len(byReason), byReason["12 fields, want 16 to 21"], byReason["other reasons"])
	}
	if l, err := db.Ledger(context.Background()); err != nil || l.Rejected != 6000 {
		t.Errorf("ledger: %d, %v", l.Rejected, err)
	}
}

// TestMethodsAreBounded: the first methods of a source are counted in a list, more in a
// map, and past a bound they share one. All are counted, each where it belongs.
func TestMethodsAreBounded(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.log")
	for range 3 {
		for i := range maxMethods + 2*maxKinds {
			im.CountSeen(fmt.Sprintf("M%d", i), 0)
		}
		im.CountSeen("", 200)
	}
	committed(t, im)
	if n := count(t, db, `SELECT sum(n) FROM message_count`); n != 3*int64(maxMethods+2*maxKinds+1) {
		t.Errorf("%d messages, want %d", n, 3*(maxMethods+2*maxKinds+1))
	}
	if n := count(t, db, `SELECT count(*) FROM message_count WHERE n = 3`); n != int64(maxMethods+maxKinds+1) {
		t.Errorf("%d kinds that were seen three times, want %d", n, maxMethods+maxKinds+1)
	}
	if n := count(t, db, `SELECT n FROM message_count WHERE method = '`+otherText+`'`); n != int64(3*maxKinds) {
		t.Errorf("%d others, want %d", n, 3*maxKinds)
	}
}

// TestRollback: an import that is given up leaves the file as it was, in a
// temporary database too, and however much it had written.
func TestRollback(t *testing.T) {
	temporary, err := OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer temporary.Close()
	for name, db := range map[string]*DB{"file": newDB(t), "temporary": temporary} {
		fill := func(im *Import, from, to int64) {
			for i := from; i < to; i++ {
				a := failedAt(i, fmt.Sprint(i))
				a.Profile.TrunkHint = fmt.Sprint("trunk-", i%300)
				im.Add(a)
				b, _ := im.Bundle("sip", fmt.Sprint("call-", i))
				im.AddEvidence(b, make([]byte, 500))
				im.Event(&Event{Time: a.Start, Kind: "BUSY"})
			}
			im.Reject(1, 0, "nothing", nil)
			im.Warn(1, "something")
			im.Settle(func(list []*Profile, n map[int64]int64) {
				for _, p := range list {
					p.Trunk = fmt.Sprint(len(list))
				}
			})
		}
		im := begun(t, db, "a.log")
		fill(im, 0, 500)
		committed(t, im)
		before := everything(t, db)
		im = begun(t, db, "b.log")
		fill(im, 400, 30_000)
		im.Rollback()
		if d := cmp.Diff(before, everything(t, db)); d != "" {
			t.Errorf("%s: (-before +after)\n%.2000s", name, d)
		}
		var result string
		if err := db.sql.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil || result != "ok" {
			t.Errorf("%s: %s, %v", name, result, err)
		}
	}
}

// everything is the content of all tables that an import fills.
func everything(t testing.TB, db *DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range []string{"source", "reject", "warning", "message_count", "bundle", "evidence", "profile", "attempt", "rollup", "profile_total", "delay", "event", "ledger"} {
		err := db.Query(context.Background(), `SELECT * FROM `+table, func([]string) error { return nil }, func(row []any) error {
			all[table] = append(all[table], fmt.Sprint(row...))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestSame: what other sources have of a row, not the source itself.
func TestSame(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.csv")
	for range 2 {
		a := failedAt(0, "7")
		a.Source = im.Source.ID
		im.Add(a)
	}
	if n := im.Same(failedAt(0, "7")); n != 0 {
		t.Errorf("in its own source: %d, want 0", n)
	}
	im.Seen(failedAt(0, "").Start)
	im.Seen(failedAt(60, "").Start)
	committed(t, im)
	im = begun(t, db, "b.csv")
	other := failedAt(0, "7")
	other.Profile.Code = 486
	for want, a := range map[int64]*Attempt{2: failedAt(0, "7"), 0: other} {
		if n := im.Same(a); n != want {
			t.Errorf("code %d: %d, want %d", a.Profile.Code, n, want)
		}
	}
	if n := im.Same(failedAt(1, "7")); n != 0 {
		t.Errorf("a second later: %d, want 0", n)
	}
	want := [][2]int64{{failedAt(0, "").Start, failedAt(60, "").Start}}
	if d := cmp.Diff(want, im.Ranges("test")); d != "" {
		t.Errorf("ranges (-want +got)\n%s", d)
	}
	if got := im.Ranges("other"); len(got) != 0 {
		t.Errorf("ranges of another format: %v", got)
	}
	im.Rollback()
}

// TestSettleDropsEmptyProfiles: a profile that counts nothing any more is gone,
// with its cells.
func TestSettleDropsEmptyProfiles(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.log")
	bundle, known := im.Bundle("sip", "call-1")
	if known {
		t.Error("a new bundle is known")
	}
	settled := func(list []*Profile, n map[int64]int64) {
		for _, p := range list {
			if n[p.ID] == 0 {
				t.Errorf("settled a profile that counts nothing: %+v", p)
			}
			p.Class, p.Trunk = codes.ClassOf(p.Code), "carrier-a"
		}
	}
	var steps Steps
	steps[StepCalls] = 1
	im.Replace(bundle, true, [][]Attempt{{*failedAt(0, "")}}, steps, false)
	im.Settle(settled)
	committed(t, im)

	im = begun(t, db, "b.log")
	if again, known := im.Bundle("sip", "call-1"); again != bundle || !known {
		t.Errorf("bundle %d, known %v; want %d", again, known, bundle)
	}
	if other, known := im.Bundle("cdr", "call-1"); other == bundle || known {
		t.Error("another kind is the same bundle")
	}
	var unsettled []int64
	im.EachUnsettled(func(r *Records) { unsettled = append(unsettled, r.Bundle) })
	if d := cmp.Diff([]int64{bundle}, unsettled[:1]); d != "" {
		t.Error(d)
	}
	answered := failedAt(0, "")
	answered.Profile.Outcome, answered.Profile.Code, answered.Talk = codes.Answered, 200, 5000
	im.Replace(bundle, false, [][]Attempt{{*answered}}, steps, true)
	im.Settle(settled)
	committed(t, im)

	profiles, err := db.Profiles(context.Background())
	if err != nil || len(profiles) != 1 {
		t.Fatalf("%d profiles, %v", len(profiles), err)
	}
	cells, err := db.Cells(context.Background(), 0, 0, Quarter)
	if err != nil || len(cells) != 1 || cells[0].N != 1 || cells[0].Talked != 1 || cells[0].TalkMS != 5000 || cells[0].Short != 1 {
		t.Errorf("cells %+v, %v", cells, err)
	}
	l, err := db.Ledger(context.Background())
	if err != nil || l.Steps[StepCalls] != 1 || l.Calls != 1 || l.Outcomes[codes.Answered] != 1 {
		t.Errorf("ledger %+v, %v", l, err)
	}
	if n := count(t, db, `SELECT count(*) FROM delay WHERE n <= 0`); n != 0 {
		t.Errorf("%d empty delays", n)
	}
	if n := count(t, db, `SELECT count(*) FROM delay WHERE kind = 4`); n != 0 {
		t.Errorf("%d failure delays of an answered call", n)
	}
}

// TestFind: by callsift's own id, by the record's, and not by others'.
func TestFind(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.log")
	bundle, _ := im.Bundle("sip", "20261110T090000-not-a-name@192.0.2.1")
	leg := func(second int64, scope Scope) Attempt {
		a := *failedAt(second, "")
		a.Profile.Scope = scope
		return a
	}
	im.Replace(bundle, true, [][]Attempt{{leg(0, ScopeCall), leg(0, ScopeLeg), leg(1, ScopeLeg)}, {leg(9, ScopeBoth)}}, Steps{}, true)
	im.Add(failedAt(0, "1794297600.42"))
	im.Add(failedAt(0, "1794297600.43"))
	committed(t, im)

	for id, want := range map[string]int{"20261110T090000-not-a-name@192.0.2.1": 2, "1794297600.42": 1, "nobody": 0, "": 0, "20261110T090000-zzzz": 0} {
		found, err := db.Find(context.Background(), id)
		if id == "" {
			continue // no restriction at all: only that it does not fail
		}
		if err != nil || len(found) != want {
			t.Errorf("%q: %d calls, want %d; %v", id, len(found), want, err)
		}
		for i := range found {
			name := found[i].CallID()
			again, err := db.Find(context.Background(), name)
			if d := cmp.Diff(found[i:i+1], again); err != nil || d != "" {
				t.Errorf("%s: %v\n%s", name, err, d)
			}
			legs, err := db.Legs(context.Background(), &found[i])
			if want := max(1, int(count(t, db, fmt.Sprintf(`SELECT count(*) FROM attempt WHERE call = %d`, found[i].ID)))); err != nil || len(legs) != want {
				t.Errorf("%s: %d legs, want %d; %v", name, len(legs), want, err)
			}
		}
	}
}

// TestEventsOverlap: events of overlapping sources are listed once, and as
// often as one source has them.
func TestEventsOverlap(t *testing.T) {
	db := newDB(t)
	event := func(second int64, subject string) *Event {
		return &Event{Time: failedAt(second, "").Start, Kind: "BUSY", Subject: subject}
	}
	for path, list := range map[string][]*Event{
		"a.xml": {event(0, "201"), event(0, "201"), event(1, "202"), {Kind: "IDLE"}},
		"b.xml": {event(0, "201"), event(0, "202"), event(1, "202"), {Kind: "IDLE"}},
	} {
		im := begun(t, db, path)
		for _, e := range list {
			im.Event(e)
		}
		committed(t, im)
	}
	list, err := db.Events(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Time%60_000_000/1_000_000, " ", e.Subject))
	}
	want := []string{"IDLE 0 ", "IDLE 0 ", "BUSY 0 201", "BUSY 0 201", "BUSY 0 202", "BUSY 1 202"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
