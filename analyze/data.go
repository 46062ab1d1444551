package analyze

import (
	"math"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Cell counts the attempts of one profile in one quarter hour or hour, or is one
// attempt at its very start: whatever the query needed. Caller is set only where
// a key asks for the calling number.
type Cell struct {
	store.Cell
	Caller string
}

// Call is the part of an attempt or call that counts cannot hold: when it began
// and how long it lasted. Load and examples are worked out from these.
type Call struct {
	ID      int64
	Call    int64 // id of the call that it belongs to, its own for a call
	Profile int64
	Start   int64 // microseconds UTC
	Caller  string
	Callee  string
	Name    string // of the call, as the command call takes it; empty where no example will need it

	// Milliseconds, -1: unknown; as store.Attempt has them.
	PDD, Alert, Media, Setup, Talk, Bye int64
}

// Data is what every analysis is a function of. Nothing here is filtered but by
// time; Calls may begin a day before the period, for calls that reach into it.
type Data struct {
	Profiles map[int64]*store.Profile
	Step     int64 // length of a cell, microseconds; 0: a quarter hour
	Cells    []Cell
	Delays   []store.Delay
	Calls    []Call // nil: not asked for, or too many to be read one by one
	Minutes  []store.Minute
	Active   int64 // conversations at the beginning of the first minute
	Untimed  int64 // calls without a time, which are in no period
	Sources  []SourceRow
	Rejects  []RejectRow
	Ledger   store.Ledger
	Warnings []string
	Events   []store.Event // what devices reported in the period
	Past     []Past        // earlier periods of the same length, the latest first

	// few reads some calls where Calls is nil: the first ones of the profiles
	// that begin in [from, to).
	few func(profiles map[int64]bool, from, to int64, limit int) []Call
	// delaysIn reads the delays of one kind that begin in [from, to).
	delaysIn   func(from, to int64, kind store.DelayKind) []store.Delay
	minutesIn  func(from, to int64) []store.Cell                                                 // by minute and profile
	delayHours func(from, to int64, kind store.DelayKind, profiles map[int64]bool) []store.Delay // by hour, profiles summed
}

// Past is an earlier period: its counts by quarter hour or hour, and where its
// sources reach.
type Past struct {
	Period Period
	Data
}

const (
	second  = int64(1e6) // microseconds, as are the next two
	quarter = store.Quarter
	hour    = 4 * quarter
	shortMS = 6000 // short calls, metrics.md §1
)

func (d Data) step() int64 {
	if d.Step > 0 {
		return d.Step
	}
	return quarter
}

// cellOf is a call as a cell of its own, at its exact time.
func cellOf(c Call, p *store.Profile) Cell {
	cell := Cell{Cell: store.Cell{Time: c.Start, Profile: c.Profile, N: 1}, Caller: c.Caller}
	if p.Outcome == codes.Answered && c.Talk >= 0 {
		cell.Talked, cell.TalkMS = 1, c.Talk
		if c.Talk < shortMS {
			cell.Short = 1
		}
	}
	return cell
}

// delaysOf are the delays that a call itself carries, as the store counts them.
func delaysOf(c Call, p *store.Profile) []store.Delay {
	var ds []store.Delay
	add := func(kind store.DelayKind, ms int64) {
		if ms >= 0 {
			ds = append(ds, store.Delay{Time: c.Start, Profile: c.Profile, Kind: kind, Bucket: store.DelayBucket(ms), N: 1})
		}
	}
	add(store.DelayPDD, c.PDD)
	add(store.DelayAlert, c.Alert)
	add(store.DelayMedia, c.Media)
	add(store.DelayBye, c.Bye)
	switch {
	case p.Method == "REGISTER" && p.Outcome == codes.Answered:
		add(store.DelayReg, c.Setup)
	case p.Outcome == codes.Failed && p.Code > 0:
		add(store.DelayFail, c.Setup)
	}
	return ds
}

// contains tells whether an instant lies in the period; a zero bound is open.
func (p Period) contains(us int64) bool {
	return (p.From.IsZero() || us >= p.From.UnixMicro()) && (p.To.IsZero() || us < p.To.UnixMicro())
}

// micro is the period's bounds in microseconds, as far away as can be where they
// are open.
func (p Period) micro() (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !p.From.IsZero() {
		from = p.From.UnixMicro()
	}
	if !p.To.IsZero() {
		to = p.To.UnixMicro()
	}
	return from, to
}

// local is the instant in the zone, and false where the record had no time.
func local(us int64, zone *time.Location) (time.Time, bool) {
	if us == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(us).In(zone), true
}

// add counts n attempts of one outcome.
func (t *Tally) add(c store.Cell, o codes.Outcome) {
	t.count(c.N, o)
	t.TalkMS += c.TalkMS
	t.Talked += c.Talked
	t.Short += c.Short
}

func (t *Tally) count(n int64, o codes.Outcome) {
	t.Count += n
	if f := t.field(o); f != nil {
		*f += n
	}
}

func (t *Tally) field(o codes.Outcome) *int64 {
	switch o {
	case codes.Answered:
		return &t.Answered
	case codes.User:
		return &t.User
	case codes.Abandoned:
		return &t.Abandoned
	case codes.Failed:
		return &t.Failed
	case codes.Redirected:
		return &t.Redirected
	case codes.InProgress:
		return &t.InProgress
	case codes.CompletedElsewhere:
		return &t.CompletedElsewhere
	case codes.NotConnected:
		return &t.NotConnected
	}
	return nil
}

// Of is the count of one outcome.
func (t Tally) Of(o codes.Outcome) int64 {
	if f := t.field(o); f != nil {
		return *f
	}
	return 0
}

// times is the tally of n groups that have the same one.
func (t Tally) times(n int64) Tally {
	return Tally{
		n * t.Count, n * t.Answered, n * t.User, n * t.Abandoned, n * t.Failed, n * t.Redirected, n * t.InProgress,
		n * t.CompletedElsewhere, n * t.NotConnected, n * t.TalkMS, n * t.Talked, n * t.Short,
	}
}

// Minus is what is left of a tally without another.
func (t Tally) Minus(u Tally) Tally { return t.Plus(u.times(-1)) }

// Plus is the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	return Tally{
		t.Count + u.Count, t.Answered + u.Answered, t.User + u.User, t.Abandoned + u.Abandoned,
		t.Failed + u.Failed, t.Redirected + u.Redirected, t.InProgress + u.InProgress,
		t.CompletedElsewhere + u.CompletedElsewhere, t.NotConnected + u.NotConnected,
		t.TalkMS + u.TalkMS, t.Talked + u.Talked, t.Short + u.Short,
	}
}
