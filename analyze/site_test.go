package analyze

import (
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// site builds Data by hand: add says how many attempts of a profile began at a
// time.
type site struct {
	Data
	t *testing.T
}

func newSite(t *testing.T) *site {
	return &site{Data: Data{Profiles: map[int64]*store.Profile{}}, t: t}
}

// utc reads "2026-11-10 14:00".
func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zoneNamed(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no zone %s on this machine: %v", name, err)
	}
	return z
}

// profile fills in what most tests do not care about.
func (s *site) profile(p store.Profile) *store.Profile {
	if p.Scope == 0 {
		p.Scope = store.ScopeBoth
	}
	if p.Method == "" {
		p.Method = "INVITE"
	}
	for id, old := range s.Profiles {
		p.ID = id
		if *old == p {
			return old
		}
	}
	p.ID = int64(len(s.Profiles) + 1)
	s.Profiles[p.ID] = &p
	return &p
}

func (s *site) add(at string, p store.Profile, n int64) *Cell {
	s.t.Helper()
	prof := s.profile(p)
	s.Cells = append(s.Cells, Cell{Cell: store.Cell{Time: utc(s.t, at).UnixMicro(), Profile: prof.ID, N: n}})
	return &s.Cells[len(s.Cells)-1]
}

// call adds one call with its durations in milliseconds.
func (s *site) call(at time.Time, p store.Profile, setup, talk int64) *Call {
	prof := s.profile(p)
	id := int64(len(s.Calls) + 1)
	s.Calls = append(s.Calls, Call{ID: id, Call: id, Profile: prof.ID, Start: at.UnixMicro(), PDD: -1, Alert: -1, Media: -1, Bye: -1, Setup: setup, Talk: talk})
	return &s.Calls[id-1]
}

func (s *site) source(first, last string) {
	s.Sources = append(s.Sources, SourceRow{Path: "a.log", SHA256: "aa", First: utc(s.t, first), Last: utc(s.t, last)})
}

// Profiles of the usual kinds.
func answered() store.Profile {
	return store.Profile{Outcome: codes.Answered, Code: 200, CauseQ850: -1}
}

func failed(code int, trunk string) store.Profile {
	return store.Profile{Outcome: codes.Failed, Code: code, Trunk: trunk, CauseQ850: -1}
}

func user(code int) store.Profile {
	return store.Profile{Outcome: codes.User, Code: code, CauseQ850: -1}
}

func abandoned(rang bool) store.Profile {
	return store.Profile{Outcome: codes.Abandoned, Code: 487, Rang: rang, CauseQ850: -1}
}

func withFlags(p store.Profile, f codes.Flags) store.Profile { p.Flags = f; return p }

func metricsByName(t *testing.T, d Data, q Query) map[string]Metric {
	t.Helper()
	ms, err := MetricsOf(d, q)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Metric{}
	for _, m := range ms {
		byName[m.Name] = m
	}
	return byName
}

func week(t *testing.T, s string, zone *time.Location) Period {
	t.Helper()
	p, err := ParseWeek(s, time.Time{}, zone)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
