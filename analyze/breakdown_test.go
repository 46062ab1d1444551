package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"

	"github.com/google/go-cmp/cmp"
)

func smallSite(t *testing.T) *site {
	s := newSite(t)
	c := s.add("2026-11-10 14:00", answered(), 60)
	c.Talked, c.TalkMS, c.Short = 50, 3_000_000, 4
	s.add("2026-11-10 14:15", user(486), 30)
	s.add("2026-11-10 23:45", failed(503, "carrier-a"), 7)
	s.add("2026-11-11 00:00", failed(0, "carrier-b"), 2)
	s.add("2026-11-11 00:00", store.Profile{Outcome: codes.NotConnected, Code: codes.Unknown, CauseQ850: -1}, 5)
	s.add("2026-11-11 00:00", withFlags(failed(404, "x"), codes.FlagScanner), 1)
	s.add("2026-11-11 00:00", store.Profile{Method: "REGISTER", Outcome: codes.Answered, Code: 200}, 9)
	s.add("2026-11-11 00:00", store.Profile{Scope: store.ScopeLeg, Outcome: codes.Failed, Code: 500}, 3)
	return s
}

const goldenBreakdown = `{
 "scope": "call",
 "method": "INVITE",
 "by": [
  "class",
  "code"
 ],
 "from": "2026-11-10T00:00:00Z",
 "to": "",
 "rows": [
  {
   "class": "2xx",
   "code": 200,
   "count": 60,
   "answered": 60,
   "user": 0,
   "abandoned": 0,
   "failed": 0,
   "redirected": 0,
   "in_progress": 0,
   "completed_elsewhere": 0,
   "not_connected": 0,
   "talk_ms": 3000000,
   "talked": 50,
   "short": 4
  },
  {
   "class": "unknown",
   "code": -1,
   "count": 5,
   "answered": 0,
   "user": 0,
   "abandoned": 0,
   "failed": 0,
   "redirected": 0,
   "in_progress": 0,
   "completed_elsewhere": 0,
   "not_connected": 5,
   "talk_ms": 0,
   "talked": 0,
   "short": 0
  }
 ],
 "total": {
  "count": 65,
  "answered": 60,
  "user": 0,
  "abandoned": 0,
  "failed": 0,
  "redirected": 0,
  "in_progress": 0,
  "completed_elsewhere": 0,
  "not_connected": 5,
  "talk_ms": 3000000,
  "talked": 50,
  "short": 4
 }
}`

func TestBreakdownJSON(t *testing.T) {
	period, _ := ParsePeriod("2026-11-10", "", time.UTC)
	where, err := ParseCondition("class=2xx,unknown")
	if err != nil {
		t.Fatal(err)
	}
	b, err := breakdownOf(smallSite(t).Data, Query{By: []string{"class", "code"}, Period: period, Where: []Condition{where}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	json.Indent(&got, raw, "", " ")
	if diff := cmp.Diff(goldenBreakdown, got.String()); diff != "" {
		t.Error(diff)
	}
	empty, err := json.Marshal(Breakdown{Scope: "leg", Method: "INVITE"})
	if want := `{"scope":"leg","method":"INVITE","by":[],"from":"","to":"","rows":[],"total":{"count":0`; err != nil || !bytes.HasPrefix(empty, []byte(want)) {
		t.Errorf("empty breakdown: %s, %v", empty, err)
	}
}

// breakdownOf is ReadBreakdown of what was read.
func breakdownOf(d Data, q Query) (Breakdown, error) {
	b, err := countBy(d, q)
	if err != nil {
		return b, err
	}
	return settledBreakdown(b, d, q)
}

// rowsIn keeps the rows.
func rowsIn(b Breakdown) []Row {
	var rows []Row
	for _, r := range b.Rows() {
		kept := *r
		kept.Keys = slices.Clone(r.Keys)
		rows = append(rows, kept)
	}
	return rows
}

// rowsOf writes rows as "keys count" lines.
func rowsOf(t *testing.T, d Data, q Query) []string {
	t.Helper()
	b, err := breakdownOf(d, q)
	if err != nil {
		t.Fatal(err)
	}
	return linesOf(b)
}

func linesOf(b Breakdown) []string {
	var lines []string
	for _, r := range b.Rows() {
		lines = append(lines, fmt.Sprint(r.Keys, " ", r.Count))
	}
	return lines
}

func TestBreakdownKeys(t *testing.T) {
	d := smallSite(t).Data
	berlin := zoneNamed(t, "Europe/Berlin")
	for name, x := range map[string]struct {
		q    Query
		want []string
	}{
		"code, nothing left out": {Query{By: []string{"code"}}, []string{"[200] 60", "[486] 30", "[503] 7", "[-1] 5", "[0] 2", "[404] 1"}},
		"legs":                   {Query{By: []string{"code"}, Scope: ScopeLeg}, []string{"[200] 60", "[486] 30", "[503] 7", "[-1] 5", "[500] 3", "[0] 2", "[404] 1"}},
		"registrations":          {Query{By: []string{"class"}, Method: "register"}, []string{"[2xx] 9"}},
		"all methods":            {Query{By: []string{"method"}, Method: AnyMethod}, []string{"[INVITE] 105", "[REGISTER] 9"}},
		"local day":              {Query{By: []string{"day"}, Zone: berlin}, []string{"[2026-11-10] 90", "[2026-11-11] 15"}},
		"local hour and outcome": {Query{By: []string{"hour", "outcome"}, Zone: berlin, Where: mustWhere(t, "outcome=failed")}, []string{"[00 failed] 7", "[01 failed] 3"}},
		"weekday":                {Query{By: []string{"weekday"}}, []string{"[Tue] 97", "[Wed] 8"}},
		"week":                   {Query{By: []string{"week"}}, []string{"[2026-W46] 105"}},
		"flags":                  {Query{By: []string{"flag"}}, []string{"[] 104", "[scanner] 1"}},
		"only scanners":          {Query{By: []string{"trunk"}, Where: mustWhere(t, "flag=scanner")}, []string{"[x] 1"}},
		"no scanners":            {Query{By: []string{"class"}, Where: mustWhere(t, "flag!=scanner,orphan", "class=4xx")}, []string{"[4xx] 30"}},
		"two conditions":         {Query{By: []string{"trunk"}, Where: mustWhere(t, "class!=2xx", "hour=23,0")}, []string{"[] 5", "[carrier-a] 7", "[carrier-b] 2", "[x] 1"}},
		"no response":            {Query{By: []string{"trunk"}, Where: mustWhere(t, "code=none")}, []string{"[carrier-b] 2"}},
		"total only":             {Query{}, []string{"[] 105"}},
	} {
		got := rowsOf(t, d, x.q)
		if name == "two conditions" {
			slices.Sort(got)
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func mustWhere(t *testing.T, list ...string) []Condition {
	t.Helper()
	var cs []Condition
	for _, s := range list {
		c, err := ParseCondition(s)
		if err != nil {
			t.Fatal(err)
		}
		cs = append(cs, c)
	}
	return cs
}

func TestBreakdownBySource(t *testing.T) {
	s := newSite(t)
	for i, caller := range []string{"101", "102", "101"} {
		c := s.call(utc(t, "2026-11-10 14:07").Add(time.Duration(i)*time.Minute), answered(), 2000, 5000)
		c.Caller = caller
		s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
	}
	q := Query{By: []string{"source"}}
	if diff := cmp.Diff([]string{"[101] 2", "[102] 1"}, rowsOf(t, s.Data, q)); diff != "" {
		t.Error(diff)
	}
	// A bound between quarter hours cuts exactly, since cells are single calls.
	q.Period, _ = ParsePeriod("2026-11-10T14:08", "2026-11-10T14:09", time.UTC)
	q.Where = mustWhere(t, "source!=101")
	if diff := cmp.Diff([]string{"[102] 1"}, rowsOf(t, s.Data, q)); diff != "" {
		t.Error(diff)
	}
	if !q.NeedsCalls() || (Query{By: []string{"hour"}}).NeedsCalls() {
		t.Error("calls are needed for callers and odd bounds, and for nothing else")
	}
}

func TestShares(t *testing.T) {
	b, err := breakdownOf(smallSite(t).Data, Query{By: []string{"code"}})
	if err != nil {
		t.Fatal(err)
	}
	r := rowsIn(b)[2] // 503
	if s, f := b.Share(r), b.FailureShare(r); s.Num != 7 || s.Den != 105 || f.Num != 7 || f.Den != 10 {
		t.Errorf("503: %+v of all, %+v of failures", s, f)
	}
}

func TestKeyErrors(t *testing.T) {
	keys := "class, code, cause, reason, outcome, trunk, peer, direction, source, prefix, user_agent, device, site, hour, weekday, day, week, format, method, released, cause_code, cause_q850, flag"
	_, err := ParseKeys("class,moon")
	if want := `--by: no key "moon"; keys are ` + keys; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if _, err := breakdownOf(Data{}, Query{By: []string{"moon"}}); err == nil {
		t.Error("a breakdown by moon has no error")
	}
	if _, err := ParseKeys("code,code"); err == nil || err.Error() != `--by: key "code" twice` {
		t.Errorf("code twice: %v", err)
	}
	if by, err := ParseKeys("Class, code"); err != nil || !slices.Equal(by, []string{"class", "code"}) {
		t.Errorf("Class, code: %v, %v", by, err)
	}
	for s, want := range map[string]string{
		"trunk":        `--where: "trunk"; want key=value or key!=value`,
		"moon=full":    `--where: no key "moon"; keys are ` + keys,
		"outcome=lost": `--where: no outcome "lost"; want answered, user, abandoned, failed, redirected, in_progress, completed_elsewhere, not_connected`,
		"weekday=8":    `--where: no weekday "8"; want Mon, Tue, Wed, Thu, Fri, Sat, Sun`,
	} {
		if _, err := ParseCondition(s); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", s, err, want)
		}
	}
	for s, want := range map[string]string{
		"hour=9": "hour=09", "weekday!=monday,TUE": "weekday!=Mon,Tue", "code=unknown,503": "code=-1,503", "CLASS=5XX": "class=5xx", "trunk=": "trunk=",
	} {
		if c, err := ParseCondition(s); err != nil || c.String() != want {
			t.Errorf("%s reads as %s, %v, want %s", s, c, err, want)
		}
	}
}

// randomData has every outcome, code, flag and hour in it.
func randomData(t *testing.T, r *rand.Rand) *site {
	s := newSite(t)
	zeroOr := func(p store.Profile) store.Profile {
		p.Trunk, p.Prefix = "trunk-"+strconv.Itoa(r.IntN(4)), strconv.Itoa(r.IntN(3))
		p.Rang = r.IntN(2) == 0
		p.Flags = codes.Flags(1) << r.IntN(20)
		p.Scope = store.Scope(1 + r.IntN(3))
		return p
	}
	kinds := []store.Profile{answered(), user(480), user(486), user(603), abandoned(true), abandoned(false), failed(503, ""), failed(408, ""), failed(404, ""), failed(0, ""),
		{Outcome: codes.Answered, Code: codes.Unknown}, {Outcome: codes.User, Code: codes.Unknown}, {Outcome: codes.NotConnected, Code: codes.Unknown},
		{Outcome: codes.Failed, Code: codes.Unknown}, {Outcome: codes.Redirected, Code: 302}, {Outcome: codes.Failed, Code: 302},
		{Outcome: codes.InProgress}, {Outcome: codes.CompletedElsewhere, Code: 487}, {Outcome: codes.Failed, Code: 480, CauseCode: 503}, {Outcome: codes.Failed, Code: 603, Reason: "Network Blocked"}}
	for range 300 {
		at := utc(t, "2026-11-09 00:00").Add(time.Duration(r.IntN(7*96)) * 15 * time.Minute)
		s.add(at.Format("2006-01-02 15:04"), zeroOr(kinds[r.IntN(len(kinds))]), int64(1+r.IntN(20)))
	}
	return s
}

func TestSumsAlwaysClose(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := randomData(t, r).Data
		for _, scope := range []string{ScopeCall, ScopeLeg} {
			checkSums(t, d, Query{Scope: scope, By: []string{Keys()[r.IntN(len(Keys()))], "hour", "trunk"}})
			checkOrder(t, d, Query{Scope: scope})
		}
	}
}

func checkSums(t *testing.T, d Data, q Query) {
	t.Helper()
	b, err := breakdownOf(d, q)
	if err != nil {
		t.Fatal(err)
	}
	var sum Tally
	var last Row
	for i, r := range rowsIn(b) {
		sum = sum.Plus(r.Tally)
		var outcomes int64
		for _, o := range codes.Outcomes {
			outcomes += r.Of(o)
		}
		if outcomes != r.Count {
			t.Fatalf("by %v: outcomes of %v sum to %d of %d", q.By, r.Keys, outcomes, r.Count)
		}
		if i > 0 && (last.Count < r.Count || last.Count == r.Count && slices.Compare(last.Keys, r.Keys) >= 0) {
			t.Fatalf("by %v: row %d is out of order", q.By, i)
		}
		last = r
	}
	if sum != b.Total {
		t.Fatalf("by %v: rows sum to %+v, total is %+v", q.By, sum, b.Total)
	}
}

func checkOrder(t *testing.T, d Data, q Query) {
	t.Helper()
	m := metricsByName(t, d, q)
	for _, pair := range [][2]string{{"asr", "ner"}, {"ser", "seer"}} {
		low, ok1 := m[pair[0]].Ratio.Value()
		high, ok2 := m[pair[1]].Ratio.Value()
		if ok1 && ok2 && low > high {
			t.Fatalf("%s %v is over %s %v", pair[0], m[pair[0]].Ratio, pair[1], m[pair[1]].Ratio)
		}
	}
	for name, x := range m {
		if x.Kind == KindRatio && (x.Ratio.Num < 0 || x.Ratio.Num > x.Ratio.Den) {
			t.Fatalf("%s: %d of %d", name, x.Ratio.Num, x.Ratio.Den)
		}
	}
}
