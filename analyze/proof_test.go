package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// troubled is a week in which carrier-a works in business hours, but for Tuesday
// 14:00 to 17:00, when it does what bad says: a profile, how long it took, and
// whether the calls are to one number. usual and meanwhile add what else happens
// in the quarter hours outside and inside of that time.
type troubled struct {
	name      string
	bad       store.Profile
	setup     int64
	talk      int64
	callee    string
	usual     func(s *site, at time.Time)
	meanwhile func(s *site, at time.Time)
	witness   Testimony

	text string // of a proof that must be there
	not  string // that must not be there
	rule string
}

func (s *site) count(at time.Time, p store.Profile, n int64) {
	s.add(at.Format("2006-01-02 15:04"), p, n)
}

func (x troubled) findings(t *testing.T) []Finding {
	s := newSite(t)
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	if x.witness.Offered != nil || x.witness.RetryAfter != "" || x.witness.Authorized || x.witness.Trying || x.witness.Nonces < 0 {
		q.Witness = func(string) (Testimony, error) { return x.witness, nil }
	}
	ok, other := answered(), answered()
	ok.Trunk, other.Trunk = "carrier-a", "carrier-b"
	n := 0
	put := func(at time.Time, p store.Profile, setup, talk int64, callee string) {
		n++
		c := s.call(at.Add(time.Duration(n%15)*time.Minute), p, setup, talk)
		c.Caller, c.Callee, c.Name = itoa(100+n%17), callee, fmt.Sprint("call-", n)
		s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
	}
	for i := range 7 * 96 {
		at := q.Period.From.Add(time.Duration(i) * 15 * time.Minute)
		if at.Hour() < 8 || at.Hour() >= 18 {
			continue
		}
		during := i >= 96+14*4 && i < 96+17*4
		for range 3 {
			put(at, ok, 5000, 60_000, "0301"+itoa(n%90))
			put(at, other, 5000, 60_000, "0301"+itoa(n%90))
		}
		switch {
		case during:
			for range 4 {
				callee := x.callee
				if callee == "" {
					callee = "0302" + itoa(n%90)
				}
				put(at, x.bad, x.setup, x.talk, callee)
			}
			if x.meanwhile != nil {
				x.meanwhile(s, at)
			}
		case x.usual != nil:
			x.usual(s, at)
		}
	}
	s.source("2026-11-09 00:01", "2026-11-15 23:59")
	return Findings(s.Data, q)
}

func request(method string, o codes.Outcome, code int) store.Profile {
	return store.Profile{Method: method, Outcome: o, Code: code, CauseQ850: -1}
}

func TestProofs(t *testing.T) {
	bad := failed(503, "carrier-a")
	none := withFlags(failed(codes.None, "carrier-a"), codes.FlagTimeout)
	short := answered()
	short.Trunk, short.Released = "carrier-a", "caller"
	recovered := withFlags(answered(), codes.FlagRecovered)
	recovered.Trunk, recovered.Scope = "carrier-b", store.ScopeCall
	event := func(kind, subject, device string, early time.Duration) func(*site, time.Time) {
		return func(s *site, at time.Time) {
			s.Events = append(s.Events, store.Event{Time: at.Add(-early).UnixMicro(), Kind: kind, Subject: subject, Device: device})
		}
	}
	adding := func(p store.Profile, n int64) func(*site, time.Time) {
		return func(s *site, at time.Time) { s.count(at, p, n) }
	}
	options := request("OPTIONS", codes.Answered, 200)
	away := user(480)
	away.Trunk = "carrier-a"
	for _, x := range []troubled{
		{name: "options fail", bad: bad, usual: adding(options, 2), meanwhile: adding(request("OPTIONS", codes.Failed, 408), 2), text: "24 of 24 OPTIONS requests failed in that time; 0 of 536 in the rest of the period."},
		{name: "options stop", bad: bad, usual: adding(options, 5), text: "0 OPTIONS requests came in that time"},
		{name: "options as usual", bad: bad, usual: adding(options, 2), meanwhile: adding(options, 2), not: "OPTIONS"},
		{name: "registrations fail", bad: bad, usual: adding(request("REGISTER", codes.Answered, 200), 2), meanwhile: adding(request("REGISTER", codes.Failed, 503), 2), text: "24 of 24 REGISTER requests failed in that time"},
		{name: "a challenge is no lost registration", bad: bad, meanwhile: adding(request("REGISTER", codes.Failed, 401), 2), not: "REGISTER"},
		{name: "restart", bad: bad, meanwhile: event("BOOTUP", "", "mx60", 2*time.Minute), text: "Device mx60 restarted at Tue 10 Nov 13:58:00."},
		{name: "restart long before", bad: bad, meanwhile: event("BOOTUP", "", "mx60", 4*time.Hour), not: "restarted"},
		{name: "extensions gone by a restart", bad: away, setup: 60, meanwhile: event("BOOTUP", "", "mx60", 2*time.Minute), text: "Device mx60 restarted at Tue 10 Nov 13:58:00.", rule: "device restarted"},
		{name: "extensions gone with the registrar", bad: away, setup: 60, usual: adding(request("REGISTER", codes.Answered, 200), 2), meanwhile: adding(request("REGISTER", codes.Failed, 503), 2), text: "24 of 24 REGISTER requests failed in that time", rule: "registrar lost"},
		{name: "extensions offline", bad: bad, meanwhile: event("OFFLINE", "212", "om50", 0), text: "12 extensions lost their registration by the PBX's own events, first 212."},
		{name: "no 100", bad: none, setup: 32_000, text: "Not even a 100 came back for 48 of 48.", rule: "trunk silent"},
		{name: "nothing after a 100", bad: withFlags(none, codes.FlagTimeout|codes.FlagProvisionalOnly), setup: 180_000, text: "A 100 came back for 48 of 48 and nothing after it", rule: "trunk gets no further"},
		{name: "challenge not answered", bad: withFlags(failed(407, "carrier-a"), codes.FlagChallengeUnanswered), text: "48 of 48 never answered the challenge."},
		{name: "credentials refused", bad: withFlags(failed(403, "carrier-a"), codes.FlagAuthRejected), text: "48 of 48 were refused after their credentials had been sent.", rule: "credentials refused"},
		{name: "failover", bad: bad, meanwhile: adding(recovered, 4), text: "48 calls in that time were answered all the same after a failed attempt", rule: "dead trunk behind failover"},
		{name: "no failover", bad: bad, not: "answered all the same", rule: "trunk refuses, no resources"},
		{name: "one number", bad: failed(404, "carrier-a"), callee: "0309999", text: "100 % of them are calls to one number, 0309999."},
		{name: "refused at once", bad: bad, setup: 60, text: "48 of 48 were refused within 300 ms"},
		{name: "refused slowly", bad: bad, setup: 900, not: "were refused within"},
		{name: "short calls", bad: short, setup: 3000, talk: 2000, text: "In 48 of 48 it was the caller who hung up", rule: "short calls"},
		{name: "short calls beside failures", bad: bad, meanwhile: func(s *site, at time.Time) {
			s.count(at, short, 3)
			c := &s.Cells[len(s.Cells)-1]
			c.Talked, c.Short, c.TalkMS = 3, 3, 6000
		}, text: "answered calls were over within 6 s"},
		{name: "dropped by a re-INVITE", bad: withFlags(short, codes.FlagDropped|codes.FlagReinviteRejected), setup: 3000, talk: 20_000, text: "A request inside the dialog (re-INVITE) failed in 48 of 48.", rule: "dropped by a re-INVITE"},
		{name: "dropped", bad: withFlags(short, codes.FlagDropped), setup: 3000, talk: 20_000, not: "re-INVITE", rule: "dropped"},

		{name: "codecs", bad: failed(488, "carrier-a"), witness: Testimony{Offered: []string{"G729", "iLBC"}, Answered: []string{"PCMA"}, Warning: "304 Media type not available"},
			text: "Offered were G729, iLBC; the refusal named PCMA (Warning: 304 Media type not available).", rule: "media refused"},
		{name: "codecs, none named", bad: failed(488, "carrier-a"), witness: Testimony{Offered: []string{"G729"}}, text: "Offered were G729; the refusal named no codec.", rule: "media refused"},
		{name: "retry after", bad: bad, witness: Testimony{RetryAfter: "30 s"}, text: "The refusals say Retry-After: 30 s.", rule: "trunk overloaded"},
		{name: "no retry after", bad: bad, witness: Testimony{Trying: true}, text: "The refusals carry no Retry-After.", rule: "trunk refuses, no resources"},
		{name: "same nonce", bad: failed(403, "carrier-a"), witness: Testimony{Authorized: true, OwnNonce: true, Nonces: 1}, text: "credentials for the challenge's own nonce"},
		{name: "stale nonce", bad: failed(403, "carrier-a"), witness: Testimony{Authorized: true, Nonces: 1}, text: "they were stale", not: "own nonce"},
		{name: "many nonces", bad: failed(407, "carrier-a"), witness: Testimony{Authorized: true, Nonces: 3}, text: "3 different nonces"},
		{name: "408 after a 100", bad: failed(408, "carrier-a"), witness: Testimony{Trying: true}, text: "A 100 came before the 408.", rule: "trunk gets no further"},
		{name: "408 without a 100", bad: failed(408, "carrier-a"), witness: Testimony{Nonces: -1}, text: "No 100 came before the 408.", rule: "trunk silent"},
	} {
		t.Run(strings.ReplaceAll(x.name, " ", "-"), func(t *testing.T) {
			list := x.findings(t)
			if len(list) == 0 {
				t.Fatal("no finding")
			}
			f := list[0]
			if f.Value("trunk") != "carrier-a" || stretch(f.From, f.To) != "Tue 10 Nov 14:00–17:00" {
				t.Errorf("%s", f.Title)
			}
			has := func(text string) bool {
				return slices.ContainsFunc(f.Evidence, func(e string) bool { return strings.Contains(e, text) })
			}
			if x.text != "" && !has(x.text) || x.not != "" && has(x.not) {
				t.Errorf("evidence %q, want %q, not %q", f.Evidence, x.text, x.not)
			}
			if x.rule != "" && f.rule != x.rule {
				t.Errorf("rule %q, want %q", f.rule, x.rule)
			}
		})
	}
}

// A ceiling of the whole site, read off the minutes where calls are too many.
func TestCeilingOfMinutes(t *testing.T) {
	s, q := newSite(t), Query{Period: week(t, "2026-W46", time.UTC)}
	ok, other := answered(), answered()
	ok.Trunk, other.Trunk = "carrier-a", "carrier-b"
	level := int64(0)
	for i := range 7 * 96 {
		at := q.Period.From.Add(time.Duration(i) * 15 * time.Minute)
		want := int64(3)
		s.count(at, ok, 10)
		s.count(at, other, 10)
		if at.Hour() == 10 || at.Hour() == 11 {
			want = 20
			s.count(at, failed(503, "carrier-a"), 6)
		}
		s.Minutes = append(s.Minutes, store.Minute{Start: at.UnixMicro(), Begun: 10, Answered: max(0, want-level), Ended: max(0, level-want)})
		level = want
	}
	s.source("2026-11-09 00:01", "2026-11-15 23:59")
	list := Findings(s.Data, q)
	if len(list) == 0 || list[0].rule != "channel ceiling" || list[0].Daily != "10:00–12:00" {
		t.Fatalf("%+v", list)
	}
	if text := strings.Join(list[0].Evidence, " "); !strings.Contains(text, "Conversations at once stood at 19 to 20, the most of the whole period, in 83") {
		t.Error(text)
	}
}
