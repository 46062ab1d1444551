package analyze

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"

	"github.com/google/go-cmp/cmp"
)

// outage is a week with 1 % of 404 all the time and carrier-a answering 503 on
// Tuesday from 14:00 to 17:15.
func outage(t *testing.T) *site {
	s := newSite(t)
	monday := utc(t, "2026-11-09 00:00")
	a := answered()
	a.Trunk = "carrier-a"
	for i := range 7 * 96 {
		at := monday.Add(time.Duration(i) * 15 * time.Minute)
		if at.Hour() < 8 || at.Hour() >= 18 {
			continue
		}
		stamp := at.Format("2006-01-02 15:04")
		down := i >= 96+14*4 && i < 96+17*4+1
		if down {
			s.add(stamp, failed(503, "carrier-a"), 2)
			s.call(at, failed(503, "carrier-a"), 40, -1).Name = "call-" + at.Format("1504")
		} else {
			s.add(stamp, a, 4)
		}
		if i%25 == 0 {
			s.add(stamp, failed(404, "carrier-a"), 1)
		}
	}
	s.source("2026-11-09 00:10", "2026-11-15 23:50")
	return s
}

func TestIncidentIsFound(t *testing.T) {
	s := outage(t)
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	got := incidents(s.Data, q)
	if len(got) != 1 {
		t.Fatalf("incidents: %+v", got)
	}
	in := got[0]
	if in.Trunk != "carrier-a" || in.Code != 503 || in.Failed != 26 || in.Count != 26 || in.Expected != 0 ||
		stretch(in.From, in.To) != "Tue 10 Nov 14:00–17:15" {
		t.Errorf("incident: %+v", in)
	}
	if want := []string{"call-1400", "call-1415", "call-1430"}; !slices.Equal(in.Calls, want) {
		t.Errorf("examples %v, want %v", in.Calls, want)
	}
}

// A steady rate, however high, is no incident, and neither is a handful.
func TestNoIncidentInSteadyFailures(t *testing.T) {
	s := newSite(t)
	for i := range 7 * 96 {
		stamp := utc(t, "2026-11-09 00:00").Add(time.Duration(i) * 15 * time.Minute).Format("2006-01-02 15:04")
		s.add(stamp, answered(), 5)
		s.add(stamp, failed(503, ""), int64(i*7%3))
	}
	s.add("2026-11-10 14:00", failed(500, ""), 4)
	if got := incidents(s.Data, Query{Period: week(t, "2026-W46", time.UTC)}); len(got) != 0 {
		t.Errorf("incidents: %+v", got)
	}
}

// The same calls on two legs are one incident, told by the leg that failed first.
func TestRelayedIncidentIsToldOnce(t *testing.T) {
	s := newSite(t)
	for i := range 7 * 96 {
		at := utc(t, "2026-11-09 00:00").Add(time.Duration(i) * 15 * time.Minute)
		stamp := at.Format("2006-01-02 15:04")
		for _, trunk := range []string{"pbx", "carrier-a"} {
			ok := answered()
			ok.Trunk, ok.Scope = trunk, store.ScopeLeg
			s.add(stamp, ok, 3)
		}
		if i >= 200 && i < 210 {
			near, far := failed(503, "carrier-a"), failed(500, "pbx")
			near.Scope, far.Scope, far.CauseCode = store.ScopeLeg, store.ScopeLeg, 503
			s.add(stamp, near, 3)
			s.add(stamp, far, 3)
			for _, p := range []store.Profile{near, far} {
				s.call(at, p, 10, -1).Call = int64(i)
			}
		}
	}
	got := incidents(s.Data, Query{Period: week(t, "2026-W46", time.UTC)})
	if len(got) != 1 || got[0].Trunk != "carrier-a" || got[0].Code != 503 {
		t.Errorf("incidents: %+v", got)
	}
}

func TestReportOfOutage(t *testing.T) {
	s := outage(t)
	before := newSite(t)
	before.add("2026-11-03 10:00", answered(), 990)
	before.add("2026-11-03 10:00", failed(404, "carrier-a"), 10)
	before.source("2026-11-02 00:10", "2026-11-08 23:50")
	r := BuildReport(s.Data, before.Data, Query{Period: week(t, "2026-W46", time.UTC)}, "hotel")
	// 280 quarter hours of 10 h a day; 13 of them down; 11 with a 404.
	want := []string{
		"37 of 1,105 calls failed (3.3 %, 95 % interval 2.4–4.6 %); the week before: 1.0 % of 1,000, no significant change of the week as a whole.",
		"1,068 of 1,105 answered (ASR 96.7 %); the network did its part for 1,068 of 1,105 (NER 96.7 %).",
		"70 % of the failures (26 of 37) are 503 Service Unavailable from trunk carrier-a, all Tue 10 Nov 14:00–17:15.",
	}
	if diff := cmp.Diff(want, r.Verdict); diff != "" {
		t.Error(diff)
	}
	if r.Hours != 168 || r.Covered != 168 || len(r.Gaps) != 0 || r.Checksum == "" || r.Zone != "UTC" {
		t.Errorf("title: %v h, covered %v, gaps %v, checksum %q, zone %s", r.Hours, r.Covered, r.Gaps, r.Checksum, r.Zone)
	}
	if m := r.Previous["asr"]; m.Ratio.Num != 990 || m.Ratio.Den != 1000 {
		t.Errorf("ASR of the week before: %+v", m)
	}
	again := BuildReport(s.Data, before.Data, Query{Period: week(t, "2026-W46", time.UTC)}, "hotel")
	one, _ := json.Marshal(r)
	two, _ := json.Marshal(again)
	if string(one) != string(two) {
		t.Error("the same data gave two reports")
	}
}

func TestReportWithoutData(t *testing.T) {
	r := BuildReport(Data{}, Data{}, Query{Period: week(t, "2026-W46", time.UTC)}, "nothing")
	if want := []string{"No source covers 2026-W46: nothing is known about its calls."}; !slices.Equal(r.Verdict, want) {
		t.Errorf("verdict %q", r.Verdict)
	}
	if len(r.Days) != 7 || r.Days[0].Data || len(r.Gaps) != 1 || len(r.Previous) != 0 {
		t.Errorf("days %+v, gaps %v", r.Days[0], r.Gaps)
	}
	s := newSite(t)
	s.source("2026-11-09 00:00", "2026-11-15 23:00")
	r = BuildReport(s.Data, Data{}, Query{Period: week(t, "2026-W46", time.UTC)}, "quiet")
	if want := []string{"No calls in 2026-W46; sources cover 168 of its 168 hours."}; !slices.Equal(r.Verdict, want) {
		t.Errorf("verdict %q", r.Verdict)
	}
	if !r.Days[3].Data {
		t.Error("a covered day without calls is shown as unknown")
	}
	if all := BuildReport(Data{}, Data{}, Query{}, "nothing at all"); len(all.Verdict) != 1 {
		t.Errorf("verdict %q", all.Verdict)
	}
}

func TestCoverage(t *testing.T) {
	s := newSite(t)
	s.source("2026-11-09 08:10", "2026-11-09 23:58")
	s.source("2026-11-10 00:02", "2026-11-10 11:15") // no gap at midnight
	s.source("2026-11-10 10:00", "2026-11-10 10:30") // inside the one before
	s.source("2026-11-11 06:00", "2026-11-12 00:00")
	p, _ := ParsePeriod("2026-11-09", "2026-11-12", time.UTC)
	c := coverageOf(s.Data, p)
	if c.hours() != 28+18 {
		t.Errorf("%v hours covered, want 46", c.hours())
	}
	var gaps []string
	for _, g := range c.gaps() {
		gaps = append(gaps, g.Label)
	}
	if diff := cmp.Diff([]string{"Mon 9 Nov 00:00–08:00", "Tue 10 Nov 12:00 – Wed 11 Nov 06:00"}, gaps); diff != "" {
		t.Error(diff)
	}
	q := bounded(s.Data, Query{})
	if q.Period.Label != "2026-11-09 – 2026-11-12" {
		t.Errorf("open period closes at %s", q.Period.Label)
	}
}

func TestDays(t *testing.T) {
	s := newSite(t)
	berlin := zoneNamed(t, "Europe/Berlin")
	s.add("2026-11-09 22:45", answered(), 5) // Monday 23:45 in Berlin
	s.add("2026-11-09 23:00", failed(503, "a"), 2)
	s.source("2026-11-09 00:00", "2026-11-11 12:00")
	q := Query{Zone: berlin, Period: week(t, "2026-W46", berlin)}
	days, trend := dayClasses(s.Data, q), dayRatios(s.Data, q)
	var got []string
	for i, d := range days {
		got = append(got, fmt.Sprint(d.Day.Format("Mon"), d.Data, d.Counts, trend[i].Data, trend[i].ASR.Num, trend[i].ASR.Den))
	}
	want := []string{"Montrue map[2xx:5] true 5 5", "Tuetrue map[5xx:2] true 0 2", "Wedtrue map[] true 0 0", "Thufalse map[] false 0 0"}
	if diff := cmp.Diff(want, got[:4]); diff != "" {
		t.Error(diff)
	}
}

func TestHeatAtClockChanges(t *testing.T) {
	berlin := zoneNamed(t, "Europe/Berlin")
	s := newSite(t)
	s.add("2026-10-25 00:30", answered(), 10) // 02:30 before and after the clock goes back
	s.add("2026-10-25 01:30", failed(503, "a"), 10)
	s.source("2026-10-19 00:00", "2026-10-25 12:00")
	h := heat(s.Data, Query{Zone: berlin, Period: week(t, "2026-W43", berlin)})
	if c := h.Cells[6][2]; c.Hours != 2 || c.Count != 20 || c.Failed != 10 || !c.Data {
		t.Errorf("Sunday 02:00 in autumn: %+v", c)
	}
	if c := h.Cells[6][20]; c.Data || c.Missing || c.Hours != 1 {
		t.Errorf("after the last record: %+v", c)
	}
	h = heat(Data{}, Query{Zone: berlin, Period: week(t, "2026-W13", berlin)})
	if c := h.Cells[6][2]; !c.Missing || c.Hours != 0 {
		t.Errorf("Sunday 02:00 in spring: %+v", c)
	}
	if c := h.Cells[5][2]; c.Missing {
		t.Errorf("Saturday 02:00 in spring: %+v", c)
	}
	if h.MinCount != 20 {
		t.Errorf("cells under %d are hatched", h.MinCount)
	}
}

func TestCodeAndGroupRows(t *testing.T) {
	s := smallSite(t)
	p := failed(503, "carrier-a")
	p.Cause = "Q.850 34 no circuit"
	s.add("2026-11-12 09:30", p, 3)
	s.call(utc(t, "2026-11-12 09:31"), p, 10, -1).Name = "b"
	s.call(utc(t, "2026-11-12 09:30"), p, 10, -1).Name = "a"
	var row CodeRow
	for _, r := range codeRows(s.Data, Query{}) {
		if r.Code == 503 {
			row = r
		}
	}
	if row.Label != "503 Service Unavailable" || row.Class != "5xx" || row.Meaning == "" || row.FirstCheck == "" || row.TopCause != "Q.850 34 no circuit" ||
		!slices.Equal(row.Examples, []string{"a", "b"}) || row.OfFailures.Num != 10 || row.OfFailures.Den != 13 || row.OfFinals.Den != 108 {
		t.Errorf("503: %+v", row)
	}
	rows := groupRows(s.Data, Query{Scope: ScopeLeg}, func(p *store.Profile) string { return p.Trunk })
	if rows[0].Name != "" || rows[1].Name != "carrier-a" || rows[1].Count != 10 || rows[1].TopCode != "503 Service Unavailable" ||
		rows[1].First.Format("15:04") != "23:45" || rows[1].Last.Format(time.DateOnly) != "2026-11-12" || rows[1].Failure.Num != 10 {
		t.Errorf("trunks: %+v", rows)
	}
}

func TestLedgerLines(t *testing.T) {
	s := smallSite(t)
	steps := &s.Ledger.Steps
	steps[store.StepMessages], steps[store.StepDuplicates], steps[store.StepRetransmissions] = 4032, 12, 20
	steps[store.StepTransactions], steps[store.StepInDialog], steps[store.StepAttempts] = 500, 390, 108
	s.Ledger.Attempts, s.Ledger.Calls = 108, 105
	var got []string
	for _, l := range ledgerLines(s.Data, Query{}) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d %s  %s", l.Sign, l.N, l.Label, l.Note)))
	}
	want := []string{
		"4032 SIP messages read", "- 12 duplicates: the same message seen twice", "- 20 retransmissions: sent again", "= 4000 messages used",
		"500 transactions that they make up", "- 390 inside a dialog: ACK, BYE, re-INVITE and others",
		"= 108 call attempts in SIP messages  the lines above give 110",
		"108 attempts in the database", "- 3 further attempts of the same calls", "= 105 calls in the database",
		"105 calls of the period", "+ 60 answered", "+ 30 user", "+ 10 failed", "+ 5 not_connected", "= 105 calls of the period",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExcludedCountsUntimed(t *testing.T) {
	d := hundred(t).Data
	d.Untimed = 4
	if got := excludedSentence(excluded(d, Query{})); got != "Not in these figures: 4 of unknown time." {
		t.Error(got)
	}
	if got := nouns(Query{Method: "OPTIONS"}); got[1] != "requests" {
		t.Error(got)
	}
	if codes.FlagNamed("scanner") == 0 {
		t.Error("no flag scanner")
	}
}
