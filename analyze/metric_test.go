package analyze

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

func TestWilson(t *testing.T) {
	for _, x := range []struct {
		x, n      int64
		low, high float64 // percent, two decimals
	}{{8, 200, 2.04, 7.69}, {0, 10, 0, 27.75}, {10, 10, 72.25, 100}, {0, 0, 0, 0}} {
		low, high := Wilson(x.x, x.n)
		if math.Abs(100*low-x.low) > .005 || math.Abs(100*high-x.high) > .005 {
			t.Errorf("%d of %d: %.2f to %.2f %%, want %.2f to %.2f", x.x, x.n, 100*low, 100*high, x.low, x.high)
		}
	}
}

// metrics.md R3: 60 answered, 20 busy, 15 abandoned after ringing, 5 before.
func hundred(t *testing.T) *site {
	s := newSite(t)
	s.add("2026-11-10 14:00", answered(), 60)
	s.add("2026-11-10 14:00", user(486), 20)
	s.add("2026-11-10 14:15", abandoned(true), 15)
	s.add("2026-11-10 14:15", abandoned(false), 5)
	return s
}

// wantRatios checks "num/den" of metrics.
func wantRatios(t *testing.T, m map[string]Metric, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if got := fmt.Sprintf("%d/%d", m[name].Ratio.Num, m[name].Ratio.Den); got != w {
			t.Errorf("%s is %s, want %s", name, got, w)
		}
	}
}

func TestHundredAttempts(t *testing.T) {
	wantRatios(t, metricsByName(t, hundred(t).Data, Query{}), map[string]string{
		"asr": "60/100", "seer": "80/100", "ner": "95/100", "isa": "0/100", "ser": "60/100", "scr": "60/100",
		"failure_rate": "0/100", "abandon_ringing": "15/100", "abandon_early": "5/100",
	})
}

func TestFailuresByDefinition(t *testing.T) {
	s := newSite(t)
	s.add("2026-11-10 14:00", answered(), 50)
	s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagByeUnanswered|codes.FlagDropped), 2)
	s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagRecovered|codes.FlagNoACK), 3)
	s.add("2026-11-10 14:00", failed(503, "a"), 7)
	s.add("2026-11-10 14:00", failed(404, "a"), 5)
	s.add("2026-11-10 14:00", failed(codes.None, "a"), 4) // no response: a 408 to ISA
	rung := failed(408, "a")
	rung.Rang = true // nobody picked up: NER's numerator, ISA as well
	s.add("2026-11-10 14:00", rung, 2)
	relayed := failed(480, "a")
	relayed.CauseCode = 503 // the PBX told the caller 480 for a trunk's 503
	s.add("2026-11-10 14:00", relayed, 3)
	blocked := failed(603, "a")
	blocked.Reason = "Network Blocked"
	s.add("2026-11-10 14:00", blocked, 1)
	congested := failed(500, "a")
	congested.CauseQ850, congested.CauseFrom = 17, codes.Observed // Q.850 wins: user busy
	s.add("2026-11-10 14:00", congested, 1)
	s.add("2026-11-10 14:00", store.Profile{Outcome: codes.Redirected, Code: 302}, 10)
	s.add("2026-11-10 14:00", store.Profile{Outcome: codes.InProgress}, 6)
	s.add("2026-11-10 14:00", store.Profile{Outcome: codes.CompletedElsewhere, Code: 487}, 9)
	m := metricsByName(t, s.Data, Query{})
	// Rated: 55 answered + 23 failed.
	wantRatios(t, m, map[string]string{
		"asr": "55/78", "failure_rate": "23/78", "ner": "58/78",
		"ser": "55/78", "seer": "59/78", // 480 and 603 are on its list whatever caused them
		"isa": "14/88", "scr": "53/88", // the 10 redirects are requests too
		"drops": "2/55", "no_ack": "3/55", "recovered": "3/78",
	})
	if m["calls"].Value != 103 || m["answered"].Value != 55 {
		t.Errorf("%v calls, %v answered", m["calls"].Value, m["answered"].Value)
	}
}

func TestRecordsWithoutCodes(t *testing.T) {
	s := newSite(t)
	cdr := func(o codes.Outcome) store.Profile {
		return store.Profile{Outcome: o, Code: codes.Unknown, CauseQ850: -1, Format: "asterisk-csv"}
	}
	s.add("2026-11-10 14:00", cdr(codes.Answered), 40)
	s.add("2026-11-10 14:00", cdr(codes.User), 10)
	s.add("2026-11-10 14:00", cdr(codes.Failed), 5)
	s.add("2026-11-10 14:00", cdr(codes.NotConnected), 20)
	s.add("2026-11-10 14:00", user(486), 4)
	m := metricsByName(t, s.Data, Query{})
	wantRatios(t, m, map[string]string{"asr": "40/79", "ner": "54/59", "seer": "4/4", "isa": "0/4", "failure_rate": "5/79"})
	if n := m["ner"].Note; n != "20 left out: their records only say that nobody talked" {
		t.Errorf("note of NER: %s", n)
	}
	if n := m["seer"].Note; n != "n = 4, under 30; 75 left out: their records carry no SIP code" {
		t.Errorf("note of SEER: %s", n)
	}
}

func TestHeadlineLeavesOutFlagged(t *testing.T) {
	s := hundred(t)
	s.add("2026-11-10 14:00", withFlags(failed(401, "x"), codes.FlagScanner), 500)
	settled := failed(407, "x")
	settled.Scanner = true
	s.add("2026-11-10 14:00", settled, 30)
	s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagTruncatedStart), 3)
	s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagOrphan), 2)
	wantRatios(t, metricsByName(t, s.Data, Query{}), map[string]string{"asr": "60/100", "failure_rate": "0/100"})
	// Who asks for a flag gets it.
	wantRatios(t, metricsByName(t, s.Data, Query{Where: mustWhere(t, "flag=scanner")}), map[string]string{"failure_rate": "530/530"})
	got := fmt.Sprint(excluded(s.Data, Query{}))
	if want := "[{scanner 530} {truncated_start 3} {orphan 2}]"; got != want {
		t.Errorf("excluded %s, want %s", got, want)
	}
}

func TestRegistrations(t *testing.T) {
	s := hundred(t)
	reg := func(o codes.Outcome, code int, n int64) {
		s.add("2026-11-10 14:00", store.Profile{Method: "REGISTER", Outcome: o, Code: code}, n)
	}
	reg(codes.Answered, 200, 50)
	reg(codes.Failed, 401, 4) // challenge not answered: not counted by RFC 6076
	reg(codes.Failed, 402, 1)
	reg(codes.Failed, 403, 2)
	reg(codes.Failed, 503, 3)
	reg(codes.Failed, codes.None, 5)
	reg(codes.InProgress, codes.None, 7)
	wantRatios(t, metricsByName(t, s.Data, Query{}), map[string]string{"ira": "11/65", "asr": "60/100"})
}

func TestTalk(t *testing.T) {
	s := newSite(t)
	c := s.add("2026-11-10 14:00", answered(), 50)
	c.Talked, c.TalkMS, c.Short = 40, 4_000_000, 10
	c = s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagByeUnanswered), 5)
	c.Talked, c.TalkMS = 5, 1_000_000
	m := metricsByName(t, s.Data, Query{})
	if a := m["aloc"]; math.Abs(a.Value-5000.0/45) > 1e-9 || a.N != 45 || a.Note != "10 left out: their end is not known" {
		t.Errorf("ALOC %+v", a)
	}
	if m["sdt"].Value != 100 || m["sdt_fail"].Value != 200 {
		t.Errorf("SDT %v, failed %v", m["sdt"].Value, m["sdt_fail"].Value)
	}
	c = s.add("2026-11-10 14:00", withFlags(answered(), codes.FlagCancelLostRace), 3)
	c.Talked, c.TalkMS, c.Short = 3, 300, 3 // answered while the caller hung up
	wantRatios(t, metricsByName(t, s.Data, Query{}), map[string]string{"short_calls": "10/45"})
}

func TestPercentiles(t *testing.T) {
	s := newSite(t)
	p := s.profile(answered())
	f := s.profile(failed(503, "a"))
	add := func(kind store.DelayKind, p *store.Profile, ms, n int64) {
		s.Delays = append(s.Delays, store.Delay{Time: 1, Profile: p.ID, Kind: kind, Bucket: store.DelayBucket(ms), N: n})
	}
	for ms := int64(1); ms <= 1000; ms++ {
		add(store.DelayPDD, p, ms, 1)
	}
	add(store.DelayPDD, f, 20000, 1000)
	add(store.DelayFail, f, 30, 1)
	m := metricsByName(t, s.Data, Query{})
	for name, want := range map[string]float64{"srd_ok_p50": 500, "srd_ok_p95": 950, "pdd_p50": 1000, "pdd_p90": 20000, "pdd_p99": 20000, "srd_fail_p50": 30} {
		if got := m[name]; !got.OK || math.Abs(got.Value-want) > want*store.DelayErrorOf {
			t.Errorf("%s = %v, want %v within 1/32", name, got.Value, want)
		}
	}
	if m["srd_fail_p50"].Note != "n = 1, under 30" || m["rrd_p50"].OK || m["rrd_p50"].Note == "" {
		t.Errorf("notes: %q, %+v", m["srd_fail_p50"].Note, m["rrd_p50"])
	}
	h := selectFrom(s.Data, Query{}, nil).delayBuckets(s.Data, store.DelayPDD, nil).histogram()
	var sum int64
	for i, b := range h.Bins {
		sum += b.N
		if i > 0 && h.Bins[i-1].HighMS != b.LowMS {
			t.Errorf("bin %d begins at %d, the one before ends at %d", i, b.LowMS, h.Bins[i-1].HighMS)
		}
	}
	if sum != 2000 || h.N != 2000 || h.P50 != int64(m["pdd_p50"].Value) {
		t.Errorf("histogram of %d, bins sum to %d, p50 %d", h.N, sum, h.P50)
	}
	if empty := (&buckets{}).histogram(); empty.P50 != -1 || len(empty.Bins) != 0 {
		t.Errorf("empty histogram: %+v", empty)
	}
}

// Ends come before starts at equal times; a call from before the period counts
// while it lasts; one of unknown end is flagged.
func TestTraffic(t *testing.T) {
	s := newSite(t)
	at := func(sec, ms int) time.Time {
		return utc(t, "2026-11-10 14:00").Add(time.Duration(sec)*time.Second + time.Duration(ms)*time.Millisecond)
	}
	s.call(at(-60, 0), answered(), 1000, 62_000)  // talks from -59 to 3
	s.call(at(0, 100), answered(), 1900, 10_000)  // 2.0 to 12.0
	s.call(at(10, 0), answered(), 2000, 5_000)    // 12.0 to 17.0: begins as the one before ends
	s.call(at(11, 500), answered(), 2500, -1)     // 14.0 to unknown
	s.call(at(11, 700), failed(503, "a"), 50, -1) // never talks
	s.call(at(4000, 0), user(486), 100, -1)
	s.source("2026-11-10 14:00", "2026-11-10 14:59")
	q := Query{}
	q.Period, _ = ParsePeriod("2026-11-10T14:00", "2026-11-10T15:00", time.UTC)
	m := metricsByName(t, s.Data, q)
	if p := m["peak_calls"]; p.Value != 2 || p.Note != "Tue 10 Nov 14:00:02" {
		t.Errorf("peak of calls: %+v", p)
	}
	if p := m["peak_sessions"]; p.Value != 4 || !strings.HasPrefix(p.Note, "Tue 10 Nov 14:00:11") || !strings.Contains(p.Note, "1 of unknown end, taken as 30 min") {
		t.Errorf("peak of sessions: %+v", p)
	}
	if p := m["cps_peak"]; p.Value != 2 || p.Note != "Tue 10 Nov 14:00:11" || p.N != 4 {
		t.Errorf("peak of calls per second: %+v", p)
	}
	if p := m["cps_minute"]; p.Value != 4.0/60 {
		t.Errorf("busiest minute: %+v", p)
	}
	if p := m["cps_mean"]; p.Value != 4.0/3600 {
		t.Errorf("mean: %+v", p)
	}
	if p := m["cps_p99"]; !p.OK || p.Value != 0 {
		t.Errorf("p99: %+v", p)
	}
}

// Calls of one second each for 100 of 3,600 seconds: the 99th percentile is 1.
func TestCallsPerSecondPercentile(t *testing.T) {
	s := newSite(t)
	for i := range 100 {
		s.call(utc(t, "2026-11-10 14:00").Add(time.Duration(i)*time.Second), answered(), 0, 1000)
	}
	s.source("2026-11-10 14:00", "2026-11-10 14:59")
	if p := metricsByName(t, s.Data, Query{})["cps_p99"]; p.Value != 1 {
		t.Errorf("p99: %+v", p)
	}
}

func TestSlowAbandons(t *testing.T) {
	s := newSite(t)
	for _, setup := range []int64{1000, 5000, 5001, 20000, -1} {
		s.call(utc(t, "2026-11-10 14:00"), abandoned(false), setup, -1)
	}
	s.call(utc(t, "2026-11-10 14:00"), abandoned(true), 9000, -1)
	wantRatios(t, metricsByName(t, s.Data, Query{}), map[string]string{"abandon_slow": "2/4"})
}

func TestUndefinedRatios(t *testing.T) {
	for name, m := range metricsByName(t, Data{}, Query{}) {
		if m.Kind == KindRatio && (m.OK || m.Value != 0) {
			t.Errorf("%s over nothing is %+v", name, m)
		}
	}
	if m := metricsByName(t, hundred(t).Data, Query{})["abr"]; m.OK || m.Note != "n/a (no local-refusal data)" {
		t.Errorf("ABR: %+v", m)
	}
	_, err := MetricsOf(Data{}, Query{}, "asr", "luck")
	if err == nil || !strings.HasPrefix(err.Error(), `--metrics: no metric "luck"; metrics are calls, answered, asr, `) {
		t.Errorf("luck: %v", err)
	}
}

func TestDefinitionsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, def := range Metrics() {
		if seen[def.Name] {
			t.Errorf("%s is defined twice", def.Name)
		}
		seen[def.Name] = true
		if def.Label == "" || def.Formula == "" || def.Source == "" || def.Unit == "" || def.Method == "" || (def.Kind == KindRatio) != (def.Unit == "%") {
			t.Errorf("%+v lacks something", def)
		}
	}
	for _, name := range kpis {
		if !seen[name] {
			t.Errorf("the report shows %s, which is not defined", name)
		}
	}
}
