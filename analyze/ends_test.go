package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

// lineWith lays out attempts and cases by bin; one of 200 fails as a rule.
func lineWith(bins int, at map[int][2]float64) *line {
	l := &line{x: make([]float64, bins), n: make([]float64, bins), e: make([]float64, bins), phi: 1}
	for b, v := range at {
		l.x[b], l.n[b], l.e[b] = v[0], v[1], v[1]/200
	}
	return l
}

// Calls that succeed end a trouble, and a time without calls says nothing.
func TestEndsAreTheAttempts(t *testing.T) {
	g := &grid{bins: 100, q: Query{Zone: time.UTC}}
	busy := func(more map[int][2]float64) map[int][2]float64 {
		at := map[int][2]float64{0: {0, 9}, 3: {0, 9}, 7: {0, 9}}
		for b := 10; b < 30; b += 2 {
			at[b] = [2]float64{3, 5}
		}
		for b, v := range more {
			at[b] = v
		}
		return at
	}
	for _, x := range []struct {
		name        string
		at          map[int][2]float64
		first, last int
		ongoing     bool
	}{
		{"nobody called after it", busy(nil), 10, 28, true},
		{"two calls got through after it", busy(map[int][2]float64{60: {0, 2}}), 10, 28, true},
		{"ten calls got through after it", busy(map[int][2]float64{60: {0, 10}}), 10, 28, false},
		{"quiet, and it goes on", busy(map[int][2]float64{80: {3, 5}, 82: {2, 4}}), 10, 82, true},
		{"a stray case before, and many that got through between", busy(map[int][2]float64{1: {1, 9}}), 10, 28, true},
	} {
		s, ongoing := g.sharpen(lineWith(100, x.at), stay{first: 12, last: 26})
		if s.first != x.first || s.last != x.last || ongoing != x.ongoing {
			t.Errorf("%s: %d–%d, ongoing %v, want %d–%d, %v", x.name, s.first, s.last, ongoing, x.first, x.last, x.ongoing)
		}
	}
}

// A caller's twenty tries within minutes are one wish; another number, hour or
// failure is another.
func TestRedialledIsOneWish(t *testing.T) {
	s := newSite(t)
	q := Query{Period: week(t, "2026-W46", time.UTC), Scope: ScopeLeg}
	put := func(at string, p store.Profile, callee string) {
		c := s.call(utc(t, at), p, 10, -1)
		c.Caller, c.Callee = "101", callee
	}
	for i := range 12 {
		put(fmt.Sprintf("2026-11-10 10:%02d", i), failed(404, "a"), "0301")
	}
	put("2026-11-10 10:05", failed(404, "a"), "0302")
	put("2026-11-10 10:05", failed(503, "a"), "0301")
	put("2026-11-10 10:20", failed(404, "a"), "0301")
	put("2026-11-10 10:06", answered(), "0301")
	put("2026-11-10 10:07", answered(), "0301") // what succeeds is a call each
	if cells := wishesOf(s.Data, selectFrom(s.Data, q, nil), symptoms(ScopeCall)[0]); len(cells) != 6 {
		t.Errorf("%d wishes, want 6", len(cells))
	}
}

// ringing is two weeks in which a fifth of the calls go unanswered, and end after
// so many milliseconds: before, and from Wednesday of the second on.
func ringing(t *testing.T, before, after int64, more int) []Finding {
	q := Query{Period: week(t, "2026-W46", time.UTC)}
	away := user(480)
	away.Rang = true
	fill := func(p Period, late func(at time.Time) bool) *site {
		s := newSite(t)
		n := 0
		for at := p.From; at.Before(p.To); at = at.Add(15 * time.Minute) {
			if at.Hour() < 8 || at.Hour() >= 18 {
				continue
			}
			for i := range 10 {
				n++
				profile, setup, talk := answered(), int64(3000), int64(60_000)
				missed, ms := 2, before
				if late(at) {
					missed, ms = 2+more*(n%2), after
				}
				if i < missed {
					profile, setup, talk = away, ms+int64(n%40), -1
				}
				c := s.call(at.Add(time.Duration(i)*time.Minute), profile, setup, talk)
				c.Caller, c.Callee, c.Name = itoa(500+n%37), itoa(100+n%23), fmt.Sprint("call-", n)
				s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
			}
		}
		return s
	}
	never := func(time.Time) bool { return false }
	past := fill(q.Period.before(), never)
	now := fill(q.Period, func(at time.Time) bool { return !at.Before(q.Period.From.AddDate(0, 0, 2)) })
	now.source("2026-11-02 00:01", "2026-11-15 23:59")
	now.Past = []Past{{q.Period.before(), past.Data}}
	return Findings(now.Data, q)
}

// A shorter ring time is found by when calls end, where their number alone, a
// quarter more, says little; nothing is found where only people are away more, or
// where the time changed and nobody is reached less.
func TestRingTimeIsFoundByHowLongItRang(t *testing.T) {
	list := ringing(t, 30_000, 14_000, 1)
	if len(list) != 1 {
		t.Fatalf("findings: %+v", list)
	}
	f := list[0]
	if f.rule != "ring time changed" || !f.Ongoing || f.From.Format("Mon 15:04") != "Wed 08:00" || f.Value("code") != "480" || len(f.Keys) != 1 {
		t.Errorf("%s, %q, %v", f.Title, f.rule, f.Keys)
	}
	if text := strings.Join(f.Evidence, " "); !strings.Contains(text, "100 % of them ended after 14.0 s; before, 100 % after 30.0 s: a timer was changed.") {
		t.Error(text)
	}
	if list := ringing(t, 30_000, 30_000, 1); len(list) > 0 {
		t.Errorf("only people: %s", list[0].Title)
	}
	if list := ringing(t, 30_000, 14_000, 0); len(list) > 0 {
		t.Errorf("nobody is reached less: %s", list[0].Title)
	}
}

// A slow set-up lasts as long as the delays say, not from the first to the last
// caller who gave up.
func TestSlowSetUpLastsAsItsDelays(t *testing.T) {
	s, q := newSite(t), Query{Period: week(t, "2026-W46", time.UTC)}
	ok, gone := answered(), abandoned(false)
	ok.Trunk, gone.Trunk = "carrier-a", "carrier-a"
	n := 0
	for i := range 7 * 96 {
		at := q.Period.From.Add(time.Duration(i) * 15 * time.Minute)
		slow := i >= 96+9*4 && i < 96+21*4 // Tuesday 9:00 to 21:00
		for k := range 6 {
			n++
			p, pdd, talk := ok, int64(800+n%400), int64(60_000)
			if slow {
				pdd += 6000
			}
			if slow && k == 0 && i >= 96+11*4 && i < 96+19*4 || n%997 == 0 { // those who give up do so at work
				p, pdd, talk = gone, -1, -1
			}
			c := s.call(at.Add(time.Duration(k)*time.Minute), p, 9000, talk)
			c.PDD, c.Caller, c.Callee, c.Name = pdd, itoa(100+n%41), "030"+itoa(n%97), fmt.Sprint("call-", n)
			s.Cells = append(s.Cells, cellOf(*c, s.Profiles[c.Profile]))
		}
	}
	s.source("2026-11-09 00:01", "2026-11-15 23:59")
	list := Findings(s.Data, q)
	if len(list) != 1 || list[0].rule != "slow set-up" || stretch(list[0].From, list[0].To) != "Tue 10 Nov 09:00–21:00" {
		t.Fatalf("%+v", list)
	}
	if text := strings.Join(list[0].Evidence, " "); !strings.Contains(text, "The post-dial delay was 7.") {
		t.Error(text)
	}
}
