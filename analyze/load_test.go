package analyze

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"

	"github.com/google/go-cmp/cmp"
)

// stored writes attempts into a database of their own. A negative call is
// the row that the ones after it are legs of.
func stored(t *testing.T, attempts ...store.Attempt) *store.DB {
	t.Helper()
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	im, err := db.Begin(context.Background(), store.Source{Path: "a.log", SHA256: "aa", Format: "test", State: store.Imported})
	if err != nil {
		t.Fatal(err)
	}
	var call int64
	for _, a := range attempts {
		if a.Call != 0 {
			a.Call = call
		}
		id := im.Add(&a)
		if a.Call == 0 {
			call = id
		}
		im.Seen(a.Start)
	}
	im.Reject(7, 100, "12 fields, want 16 to 21", []byte("x,y"))
	im.Reject(9, 120, "12 fields, want 16 to 21", []byte("x,z"))
	im.Warn(3, "time steps back")
	im.Settle(func(profiles []*store.Profile, _ map[int64]int64) {
		for _, p := range profiles {
			p.Class, p.Trunk = codes.ClassOf(p.Code), p.TrunkHint
		}
	})
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	return db
}

func attempt(at time.Time, scope store.Scope, o codes.Outcome, code int, trunk, caller string) store.Attempt {
	return store.Attempt{
		Profile: store.Profile{Scope: scope, Method: "INVITE", Outcome: o, Code: code, CauseQ850: -1, TrunkHint: trunk},
		Start:   at.UnixMicro(), Caller: caller, NativeID: caller + at.Format("150405"), Legs: 1,
		PDD: 800, Alert: -1, Media: -1, Setup: 1500, Talk: -1, Bye: -1,
	}
}

func sampleDB(t *testing.T) *store.DB {
	at := func(s string) time.Time { return utc(t, s) }
	talk := attempt(at("2026-11-10 14:07"), store.ScopeBoth, codes.Answered, 200, "carrier-a", "101")
	talk.Talk = 4000
	early := attempt(at("2026-11-08 23:50"), store.ScopeBoth, codes.Answered, 200, "carrier-a", "101")
	early.Talk = 3600_000
	call := attempt(at("2026-11-10 14:20"), store.ScopeCall, codes.Failed, 500, "carrier-a", "102")
	call.Legs = 2
	first, second := call, call
	first.Profile.Scope, first.Profile.Code, first.Call = store.ScopeLeg, 503, 1
	second.Profile.Scope, second.Profile.Code, second.Call = store.ScopeLeg, 408, 1
	second.Profile.TrunkHint = "carrier-b"
	untimed := attempt(time.UnixMicro(0), store.ScopeBoth, codes.NotConnected, codes.Unknown, "", "103")
	return stored(t, talk, early, call, first, second, untimed)
}

func TestReadBreakdown(t *testing.T) {
	db := sampleDB(t)
	w46 := week(t, "2026-W46", time.UTC)
	odd, _ := ParsePeriod("2026-11-10T14:10", "2026-11-10T14:25", time.UTC)
	kathmandu := time.FixedZone("+0545", 5*3600+45*60) // the clock's hours begin at quarter past
	for name, x := range map[string]struct {
		q    Query
		want []string
	}{
		"all time":         {Query{By: []string{"code"}}, []string{"[200] 2", "[-1] 1", "[500] 1"}},
		"a week":           {Query{By: []string{"code"}, Period: w46}, []string{"[200] 1", "[500] 1"}},
		"a week, by hour":  {Query{By: []string{"hour", "code"}, Period: w46}, []string{"[14 200] 1", "[14 500] 1"}},
		"clock of +05:45":  {Query{By: []string{"hour", "code"}, Period: w46, Zone: kathmandu}, []string{"[19 200] 1", "[20 500] 1"}},
		"legs":             {Query{By: []string{"trunk", "code"}, Scope: ScopeLeg, Period: w46}, []string{"[carrier-a 200] 1", "[carrier-a 503] 1", "[carrier-b 408] 1"}},
		"callers":          {Query{By: []string{"source"}}, []string{"[101] 2", "[102] 1", "[103] 1"}},
		"one caller":       {Query{By: []string{"day"}, Where: mustWhere(t, "source=101")}, []string{"[2026-11-08] 1", "[2026-11-10] 1"}},
		"between quarters": {Query{By: []string{"code"}, Period: odd}, []string{"[500] 1"}},
		"no time":          {Query{By: []string{"day"}, Where: mustWhere(t, "code=unknown")}, []string{"[] 1"}},
	} {
		b, err := ReadBreakdown(context.Background(), db, x.q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(x.want, linesOf(b)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		x.q.CountsOnly = true
		if b, err = ReadBreakdown(context.Background(), db, x.q); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(x.want, linesOf(b)); diff != "" || !x.q.NeedsCalls() && b.Total.Talked != 0 {
			t.Errorf("%s, counts only: %+v\n%s", name, b.Total, diff)
		}
	}
}

// What the roll-up says is what the calls say.
func TestLoadedMetricsAgree(t *testing.T) {
	db := sampleDB(t)
	var dumps []string
	for _, where := range []string{"", "source!=nobody", "hour!=5"} {
		q := Query{Period: week(t, "2026-W46", time.UTC)}
		if where != "" {
			q.Where = mustWhere(t, where)
		}
		d, err := Load(context.Background(), db, q)
		if err != nil {
			t.Fatal(err)
		}
		ms, err := MetricsOf(d, q)
		if err != nil {
			t.Fatal(err)
		}
		dump, _ := json.MarshalIndent(ms, "", " ")
		dumps = append(dumps, string(dump))
	}
	for _, dump := range dumps[1:] {
		if diff := cmp.Diff(dumps[0], dump); diff != "" {
			t.Error(diff)
		}
	}
	// The call of Sunday 23:50 talks into Monday.
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	d, _ := Load(context.Background(), db, q)
	m := metricsByName(t, d, q)
	if p := m["peak_calls"]; p.Value != 1 || p.Note[:16] != "Mon 9 Nov 00:00:" {
		t.Errorf("peak: %+v", p)
	}
	if m["srd_fail_p50"].N != 1 || m["pdd_p50"].N != 2 || m["short_calls"].Ratio.Num != 1 {
		t.Errorf("srd_fail %+v, pdd %+v, short %+v", m["srd_fail_p50"], m["pdd_p50"], m["short_calls"])
	}
}

func TestReportFrom(t *testing.T) {
	db := sampleDB(t)
	r, err := ReportFrom(context.Background(), db, Query{Period: week(t, "2026-W46", time.UTC)}, "hotel")
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := r.Previous["calls"]; !ok || m.Value != 1 {
		t.Errorf("calls of the week before: %+v", m)
	}
	if diff := cmp.Diff([]Excluded{{timeUnknown, 1}}, r.Excluded); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]RejectRow{{Path: "a.log", Reason: "12 fields, want 16 to 21", Sample: "x,y", Line: 7, Count: 2}}, r.Rejects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a.log:3: time steps back"}, r.Warnings); diff != "" {
		t.Error(diff)
	}
	if len(r.Trunks) != 2 || r.Trunks[0].Name != "carrier-a" || r.TrunkNote == "Rows count attempts on each trunk." {
		t.Errorf("trunks %+v, note %q", r.Trunks, r.TrunkNote)
	}
	if len(r.Sources) != 1 || r.Sources[0].First.Format(time.DateOnly) != "2026-11-08" {
		t.Errorf("sources %+v", r.Sources)
	}
	for _, row := range r.Codes {
		if row.Code == 500 && (len(row.Examples) != 1 || row.Examples[0][:16] != "20261110T142000-") {
			t.Errorf("examples of 500: %v", row.Examples)
		}
	}
	all, err := ReportFrom(context.Background(), db, Query{}, "hotel")
	if err != nil || all.Period.Label != "2026-11-08 – 2026-11-10" {
		t.Errorf("open period: %q, %v", all.Period.Label, err)
	}
}
