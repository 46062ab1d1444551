package analyze

import (
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// twoBoxes is a week in which a gateway's trunk answers 503 and, in the same
// hours or shift hours later, another box's records say CONGESTION and no code.
func twoBoxes(t *testing.T, other store.Profile, shift int) []Finding {
	s, q := newSite(t), Query{Period: week(t, "2026-W46", time.UTC)}
	bad, ok := failed(503, "203.0.113.10"), answered()
	bad.Device, ok.Device, ok.Trunk = "mx60", "mx60", "203.0.113.10"
	well := ok
	well.Trunk = "carrier-b"
	usual := other
	usual.Outcome, usual.Code, usual.Cause = codes.Answered, 200, ""
	for i := range 7 * 96 {
		at := q.Period.From.Add(time.Duration(i) * 15 * time.Minute)
		s.count(at, well, 9)
		if i >= 96+14*4 && i < 96+17*4 {
			s.count(at, bad, 9)
		} else {
			s.count(at, ok, 9)
		}
		if j := i - 4*shift; j >= 96+14*4 && j < 96+17*4 {
			s.count(at, other, 2)
		} else {
			s.count(at, usual, 2)
		}
	}
	s.source("2026-11-09 00:01", "2026-11-15 23:59")
	return Findings(s.Data, q)
}

// What another box's records without a code say of the same hours is
// corroboration; of other hours, with a code of its own, or of the same box it is
// a finding.
func TestRecordsWithoutACodeAreCorroboration(t *testing.T) {
	blind := store.Profile{Outcome: codes.Failed, Code: codes.Unknown, CauseQ850: -1, Cause: "CONGESTION", Trunk: "carrier-a", Format: "asterisk-csv"}
	list := twoBoxes(t, blind, 0)
	if len(list) != 1 || list[0].Value("code") != "503" {
		t.Fatalf("%+v", list)
	}
	want := "In the same hours 24 of 24 attempts on trunk carrier-a failed with CONGESTION, where 0.2 were to be expected, in records without a SIP code (asterisk-csv): most likely the same trouble, seen by another box."
	if last := list[0].Evidence[len(list[0].Evidence)-1]; last != want {
		t.Errorf("%q, want %q", last, want)
	}
	seeing, same := blind, blind
	seeing.Code, seeing.Cause = 500, ""
	same.Device = "mx60"
	for name, list := range map[string][]Finding{"later": twoBoxes(t, blind, 8), "a code of its own": twoBoxes(t, seeing, 0), "the same box": twoBoxes(t, same, 0)} {
		if len(list) != 2 {
			t.Errorf("%s: %d findings, want 2", name, len(list))
		}
	}
}

// Each number and time of a finding is said once: what was to be expected is not
// in the title, and a list's sentence has it once.
func TestFindingSaysEachThingOnce(t *testing.T) {
	f := troubled{bad: failed(503, "carrier-a"), setup: 900}.findings(t)[0]
	if want := "48 of 84 attempts on trunk carrier-a failed with 503 Service Unavailable, Tue 10 Nov 14:00–17:00"; f.Title != want {
		t.Errorf("title %q, want one such as %q", f.Title, want)
	}
	if s := f.Sentence(); strings.Count(s, "were to be expected") != 1 || !strings.HasPrefix(s, f.Title) {
		t.Errorf("sentence %q", s)
	}
}

// Two findings about the same calls are one; that they were cut off too is said.
func TestSameCallsAreOneFinding(t *testing.T) {
	dropped := withFlags(answered(), codes.FlagDropped)
	dropped.Trunk, dropped.Released = "carrier-a", "callee"
	list := troubled{bad: dropped, setup: 3000, talk: 2000}.findings(t)
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	if text := strings.Join(list[0].Evidence, " "); !strings.Contains(text, "The same calls in another view: 48 of") {
		t.Error(text)
	}
}
