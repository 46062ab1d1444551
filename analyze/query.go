package analyze

import (
	"iter"
	"slices"
	"strings"
	"time"

	"callsift/store"
)

// The scopes of a query.
const (
	ScopeCall = "call"
	ScopeLeg  = "leg"
)

// AnyMethod selects all methods.
const AnyMethod = "ANY"

// Query selects what is counted. The zero value is all INVITE calls of all time,
// in UTC.
type Query struct {
	Scope  string // ScopeCall ("" too) or ScopeLeg
	Method string // INVITE ("" too), REGISTER ..., AnyMethod
	Period Period
	Zone   *time.Location // nil: UTC
	Where  []Condition    // all of them hold
	By     []string

	CountsOnly bool // a breakdown need not know TalkMS, Talked and Short
	Top        int  // how many rows of a breakdown are wanted, the largest; 0: all

	Witness Witness  // reads messages for the findings; nil: they are told without
	Targets []Target // the user's, for the report

	Holidays []string // days such as 2026-12-25 that comparisons leave out
	without  []Period // what is left out, of any period
}

func (q Query) scope() string {
	if q.Scope == ScopeLeg {
		return ScopeLeg
	}
	return ScopeCall
}

func (q Query) method() string {
	if q.Method == "" {
		return "INVITE"
	}
	return strings.ToUpper(q.Method)
}

func (q Query) zone() *time.Location {
	if q.Zone == nil {
		return time.UTC
	}
	return q.Zone
}

// NeedsCalls tells whether counts per quarter hour cannot answer the query: it
// asks for the caller's number, or a bound is not on a quarter hour.
func (q Query) NeedsCalls() bool {
	return q.asksCaller() || !onQuarter(q.Period.From) || !onQuarter(q.Period.To)
}

// asksCaller tells whether a key or condition is about the calling number.
func (q Query) asksCaller() bool {
	return slices.Contains(q.By, "source") || slices.ContainsFunc(q.Where, func(c Condition) bool { return c.Key == "source" })
}

func onQuarter(t time.Time) bool { return t.IsZero() || t.UnixMicro()%quarter == 0 }

// asksFlag tells whether the user chose by flag, so that nothing may be left out
// behind his back.
func (q Query) asksFlag() bool {
	return slices.ContainsFunc(q.Where, func(c Condition) bool { return c.Key == "flag" })
}

// wants tells whether the query selects a profile, as far as the profile tells.
func (q Query) wants(p *store.Profile) bool {
	scope := store.ScopeCall
	if q.scope() == ScopeLeg {
		scope = store.ScopeLeg
	}
	if p.Scope&scope == 0 {
		return false
	}
	if m := q.method(); m != p.Method && m != AnyMethod && !strings.EqualFold(p.Method, m) {
		return false
	}
	for _, c := range q.Where {
		k, err := keyNamed("--where", c.Key)
		switch {
		case err != nil:
			return false
		case c.Key == "flag":
			if !c.holdsFlags(flagsOf(p)) {
				return false
			}
		case k.of != nil && !c.holds(k.of(p)):
			return false
		}
	}
	return true
}

// selection is a query made ready to run over many rows.
type selection struct {
	q       Query
	byID    []*store.Profile // nil: not wanted; ids are dense, and a map took a tenth of a report's time
	from    int64            // the period, see micro
	to      int64
	times   []Condition
	timeOK  map[int64]bool
	callers []Condition
}

// profiles are those that the query selects.
func (s *selection) profiles() iter.Seq2[int64, *store.Profile] {
	return func(yield func(int64, *store.Profile) bool) {
		for id, p := range s.byID {
			if p != nil && !yield(int64(id), p) {
				return
			}
		}
	}
}

func selectFrom(d Data, q Query, keep func(*store.Profile) bool) *selection {
	s := &selection{q: q, timeOK: map[int64]bool{}}
	s.from, s.to = q.Period.micro()
	most := int64(-1)
	for id := range d.Profiles {
		most = max(most, id)
	}
	s.byID = make([]*store.Profile, most+1)
	for id, p := range d.Profiles {
		if q.wants(p) && (keep == nil || keep(p)) {
			s.byID[id] = p
		}
	}
	for _, c := range q.Where {
		k, err := keyNamed("--where", c.Key)
		switch {
		case err != nil:
		case k.at != nil:
			s.times = append(s.times, c)
		case c.Key == "source":
			s.callers = append(s.callers, c)
		}
	}
	return s
}

// profile is the profile of a row that the query selects, else nil.
func (s *selection) profile(id, at int64, caller string) *store.Profile {
	if !s.callerWanted(caller) {
		return nil
	}
	return s.profileAt(id, at)
}

func (s *selection) profileAt(id, at int64) *store.Profile {
	if id < 0 || id >= int64(len(s.byID)) || at < s.from || at >= s.to {
		return nil
	}
	p := s.byID[id]
	if p == nil || leaves(s.q.without, at) || !s.timeWanted(at) {
		return nil
	}
	return p
}

func (s *selection) callerWanted(caller string) bool {
	for _, c := range s.callers {
		if !c.holds(caller) {
			return false
		}
	}
	return true
}

func (s *selection) timeWanted(at int64) bool {
	if len(s.times) == 0 {
		return true
	}
	ok, known := s.timeOK[at]
	if !known {
		ok = true
		for _, c := range s.times {
			ok = ok && c.holds(timeKey(c.Key, at, s.q.zone()))
		}
		s.timeOK[at] = ok
	}
	return ok
}

// timeKey is the value of a time key; empty where the record had no time.
func timeKey(name string, at int64, zone *time.Location) string {
	k, err := keyNamed("", name)
	t, ok := local(at, zone)
	if err != nil || !ok || k.at == nil {
		return ""
	}
	return k.at(t)
}

// cells calls f for each selected cell.
func (s *selection) cells(d Data, f func(Cell, *store.Profile)) {
	// A report runs over its cells thirty times: what most of them fail by comes first.
	for i := range d.Cells {
		c := &d.Cells[i]
		if c.Time < s.from || c.Time >= s.to || c.Profile < 0 || c.Profile >= int64(len(s.byID)) {
			continue
		}
		if p := s.byID[c.Profile]; p != nil && s.callerWanted(c.Caller) && !leaves(s.q.without, c.Time) && s.timeWanted(c.Time) {
			f(*c, p)
		}
	}
}

// delays calls f for each selected delay of a kind. A delay knows no caller:
// where the query does, only those of its callers were loaded.
func (s *selection) delays(d Data, kind store.DelayKind, f func(store.Delay, *store.Profile)) {
	for _, x := range d.Delays {
		if x.Kind != kind {
			continue
		}
		if p := s.profileAt(x.Profile, x.Time); p != nil {
			f(x, p)
		}
	}
}

// calls calls f for each selected call that begins in the period.
func (s *selection) calls(d Data, f func(Call, *store.Profile)) {
	for _, c := range d.Calls {
		if p := s.profile(c.Profile, c.Start, c.Caller); p != nil {
			f(c, p)
		}
	}
}
