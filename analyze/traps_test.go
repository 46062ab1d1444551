package analyze

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
	"callsift/store/codes"
)

// TestTraps: where other programs calculate wrongly, each a case of its own. The
// traps of single messages and calls are in ingest/dialog/testdata/traps.txtar.
func TestTraps(t *testing.T) {
	t.Run("averages of ratios never averaged", averagesOfRatios)
	t.Run("never over 100 %", neverOver100)
	t.Run("a day without calls is shown as 0, a day without data as unknown", daysWithout)
	t.Run("400 is a failure", func(t *testing.T) { countsAs(t, failed(400, "a"), "failure_rate") })
	t.Run("408 and 480 are what they are", func(t *testing.T) {
		countsAs(t, failed(408, "a"), "failure_rate")
		countsAs(t, user(480), "ner")
	})
	t.Run("401, 401, give up", func(t *testing.T) { countsAs(t, withFlags(failed(401, "a"), codes.FlagAuthRejected), "failure_rate") })
	t.Run("487 after CANCEL", func(t *testing.T) { countsAs(t, abandoned(true), "abandon_ringing") })
	t.Run("same message at two hops", twoHops)
}

// countsAs: ten calls of a profile beside ten answered ones are half of a ratio
// (NER: all of it).
func countsAs(t *testing.T, p store.Profile, metric string) {
	s := newSite(t)
	s.add("2026-11-10 14:00", p, 10)
	s.add("2026-11-10 14:00", answered(), 10)
	want := map[string]string{metric: "10/20", "asr": "10/20"}
	if metric == "ner" {
		want["ner"], want["failure_rate"] = "20/20", "0/20"
	}
	wantRatios(t, metricsByName(t, s.Data, Query{}), want)
}

// 1 of 2 in one hour and 90 of 100 in the next are 91 of 102, not the mean of
// 50 % and 90 %; percentiles come from the merged distributions.
func averagesOfRatios(t *testing.T) {
	s := newSite(t)
	s.add("2026-11-10 14:00", answered(), 1)
	s.add("2026-11-10 14:00", failed(503, "a"), 1)
	s.add("2026-11-10 15:00", answered(), 90)
	s.add("2026-11-10 15:00", failed(503, "b"), 10)
	p := s.profile(answered())
	for _, d := range []struct{ at, ms, n int64 }{{14, 5000, 1}, {15, 100, 99}} {
		s.Delays = append(s.Delays, store.Delay{Time: utc(t, fmt.Sprintf("2026-11-10 %d:00", d.at)).UnixMicro(), Profile: p.ID, Kind: store.DelayPDD, Bucket: store.DelayBucket(d.ms), N: d.n})
	}
	m := metricsByName(t, s.Data, Query{})
	wantRatios(t, m, map[string]string{"asr": "91/102", "failure_rate": "11/102"})
	if v := m["pdd_p95"].Value; math.Abs(v-100) > 100*store.DelayErrorOf {
		t.Errorf("p95 %v, want 100: the one slow call is the slowest hundredth", v)
	}
	b, err := breakdownOf(s.Data, Query{By: []string{"hour"}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Total.Count != 102 || b.Total.Answered != 91 {
		t.Errorf("total %+v", b.Total)
	}
}

// Whatever the mix: no ratio leaves 0 to 1, ASR never exceeds NER, nor SER SEER.
func neverOver100(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := randomData(t, random)
		for _, scope := range []string{ScopeCall, ScopeLeg} {
			m := metricsByName(t, s.Data, Query{Scope: scope})
			for name, x := range m {
				if x.Kind != KindRatio {
					continue
				}
				if v, ok := x.Ratio.Value(); x.Ratio.Num > x.Ratio.Den || x.Ratio.Num < 0 || ok && (v < 0 || v > 1 || x.Ratio.Low > v || x.Ratio.High < v) {
					t.Fatalf("%s at %s scope: %+v", name, scope, x.Ratio)
				}
			}
			for _, pair := range [][2]string{{"ser", "seer"}, {"asr", "ner"}} {
				low, ok1 := m[pair[0]].Ratio.Value()
				high, ok2 := m[pair[1]].Ratio.Value()
				if ok1 && ok2 && low > high {
					t.Fatalf("%s %v > %s %v at %s scope", pair[0], low, pair[1], high, scope)
				}
			}
		}
	}
}

// Covered and nothing happened is 0 calls; not covered is not known.
func daysWithout(t *testing.T) {
	s := newSite(t)
	s.add("2026-11-09 10:00", answered(), 5)
	s.source("2026-11-09 00:00", "2026-11-10 23:59")
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	var got []string
	for _, d := range dayClasses(s.Data, q)[:3] {
		got = append(got, fmt.Sprint(d.Day.Format("Mon "), d.Data, len(d.Counts)))
	}
	for _, d := range dayRatios(s.Data, q)[1:3] {
		_, ok := d.ASR.Value()
		got = append(got, fmt.Sprint("ASR ", d.Day.Format("Mon "), d.Data, ok))
	}
	want := []string{"Mon true 1", "Tue true 0", "Wed false 0", "ASR Tue true false", "ASR Wed false false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A call over two hops is one call, and an attempt on each hop.
func twoHops(t *testing.T) {
	s := newSite(t)
	call, leg := failed(503, "a"), failed(503, "a")
	call.Scope, leg.Scope = store.ScopeCall, store.ScopeLeg
	s.add("2026-11-10 14:00", call, 1)
	s.add("2026-11-10 14:00", leg, 2)
	for scope, want := range map[string]int64{ScopeCall: 1, ScopeLeg: 2} {
		b, err := breakdownOf(s.Data, Query{Scope: scope, By: []string{"code"}})
		if err != nil || b.Total.Count != want {
			t.Errorf("%s: %d, want %d, %v", scope, b.Total.Count, want, err)
		}
	}
}

// TestPercentileError: a percentile of merged buckets is off by at most the bound
// that is printed with it.
func TestPercentileError(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 50 {
		s := newSite(t)
		p := s.profile(answered())
		var all []int64
		for range 1 + random.IntN(400) {
			ms := int64(math.Exp(random.Float64() * 12)) // 1 ms to 160 s
			all = append(all, ms)
			s.Delays = append(s.Delays, store.Delay{Time: 1, Profile: p.ID, Kind: store.DelayPDD, Bucket: store.DelayBucket(ms), N: 1})
		}
		m := metricsByName(t, s.Data, Query{})
		for _, pc := range []int{50, 90, 95, 99} {
			want := nearestRank(all, pc)
			got := m[fmt.Sprint("pdd_p", pc)].Value
			if math.Abs(got-float64(want)) > float64(want)*store.DelayErrorOf {
				t.Fatalf("p%d of %d delays: %v, want %d within 1/32", pc, len(all), got, want)
			}
		}
	}
}

// nearestRank sorts and counts.
func nearestRank(all []int64, percent int) int64 {
	slices.Sort(all)
	return all[max(1, (percent*len(all)+99)/100)-1]
}
