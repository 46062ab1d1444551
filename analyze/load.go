package analyze

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"callsift/store"
)

// leadIn is how long before the period calls are read, for those that reach
// into it (weekly_report.md §5).
const leadIn = 24 * hour

// Load reads all that metrics and reports are made of.
func Load(ctx context.Context, db *store.DB, q Query) (Data, error) {
	return load(ctx, db, q, math.MaxInt64)
}

// oneByOne is how many calls a report reads one by one. Above it the peaks come
// from the minutes and only the calls that are shown as examples are read: a
// week of millions is answered from the roll-ups in a part of a second.
const oneByOne = 100_000

func load(ctx context.Context, db *store.DB, q Query, most int64) (Data, error) {
	return loadBeside(ctx, db, q, most, nil)
}

// loadBeside is load with what does not depend on the period taken from other
// data of the same database.
func loadBeside(ctx context.Context, db *store.DB, q Query, most int64, other *Data) (Data, error) {
	l := &loader{ctx: ctx, db: db, q: q, other: other}
	steps := []func() error{l.profiles}
	rollup := !q.NeedsCalls()
	if rollup {
		steps = append(steps, func() error { return l.cells(quarter) })
	}
	steps = append(steps, func() error {
		if rollup && l.rows() > most {
			return nil
		}
		return l.calls(leadIn)
	}, l.minutes, l.events, l.untimed, l.ledger)
	if rollup {
		if !q.asksTimeIn(q.Where) {
			steps = append(steps, l.delays)
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Data{}, err
		}
	}
	return l.data, nil
}

// ReportFrom loads the query's period and the one before, and builds the report.
func ReportFrom(ctx context.Context, db *store.DB, q Query, title string) (Report, error) {
	current, err := load(ctx, db, q, oneByOne)
	if err != nil {
		return Report{}, err
	}
	q = bounded(current, q)
	before := q
	before.Period = q.Period.before()
	var previous Data
	if !before.Period.From.IsZero() {
		var list []Past
		var pastErr error
		var beside sync.WaitGroup // the database is asked by one at a time; what is made of its answers is the larger part
		beside.Go(func() { list, pastErr = loadEarlier(ctx, db, q, current) })
		previous, err = loadBeside(ctx, db, before, oneByOne, &current)
		beside.Wait()
		if err := errors.Join(err, pastErr); err != nil {
			return Report{}, err
		}
		current.Past = withPrevious(list, q, current, previous)
	}
	return BuildReport(current, previous, q, title), nil
}

// pastPeriods is how many earlier periods say what is usual.
const pastPeriods = 4

// loadPast reads the counts of earlier periods by hour, those without any data
// left out. The first of them was loaded as previous already.
func loadPast(ctx context.Context, db *store.DB, q Query, current, previous Data) ([]Past, error) {
	list, err := loadEarlier(ctx, db, q, current)
	return withPrevious(list, q, current, previous), err
}

// loadEarlier is loadPast without the first.
func loadEarlier(ctx context.Context, db *store.DB, q Query, current Data) ([]Past, error) {
	var list []Past
	p := q.Period
	for i := range pastPeriods {
		if p = p.before(); p.From.IsZero() || !reaches(current.Sources, p) {
			break
		}
		if i == 0 {
			continue
		}
		before := q
		before.Period = p
		l := &loader{ctx: ctx, db: db, q: before, data: Data{Profiles: current.Profiles, Sources: current.Sources}}
		read := func() error { return l.cells(hour) }
		if q.NeedsCalls() {
			read = func() error { return l.calls(0) }
		}
		if err := read(); err != nil {
			return nil, err
		}
		if len(l.data.Cells) > 0 {
			list = append(list, Past{Period: p, Data: l.data})
		}
	}
	return list, nil
}

// withPrevious puts the period before in front of earlier ones.
func withPrevious(list []Past, q Query, current, previous Data) []Past {
	if p := q.Period.before(); len(previous.Cells) > 0 && !p.From.IsZero() && reaches(current.Sources, p) {
		return slices.Insert(list, 0, Past{Period: p, Data: previous})
	}
	return list
}

// reaches: some source begins before the end of the period.
func reaches(sources []SourceRow, p Period) bool {
	return slices.ContainsFunc(sources, func(s SourceRow) bool { return !s.First.IsZero() && s.First.Before(p.To) })
}

// asksTime: a key or condition is about the clock.
func (q Query) asksTime() bool {
	return slices.ContainsFunc(q.By, isTimeKey) || q.asksTimeIn(q.Where)
}

func (q Query) asksTimeIn(where []Condition) bool {
	return slices.ContainsFunc(where, func(c Condition) bool { return isTimeKey(c.Key) })
}

func isTimeKey(name string) bool {
	k, err := keyNamed("", name)
	return err == nil && k.at != nil
}

// loader fetches the parts of Data from the store.
type loader struct {
	ctx  context.Context
	db   *store.DB
	q    Query
	data Data

	other *Data // of the same database; nil: none
}

// bounds are the period's in microseconds, 0 where it is open.
func (l *loader) bounds() (from, to int64) { return bounds(l.q.Period) }

func bounds(p Period) (from, to int64) {
	if !p.From.IsZero() {
		from = p.From.UnixMicro()
	}
	if !p.To.IsZero() {
		to = p.To.UnixMicro()
	}
	return from, to
}

func (l *loader) profiles() (err error) {
	if l.other != nil {
		l.data.Profiles = l.other.Profiles
		return nil
	}
	l.data.Profiles, err = l.db.Profiles(l.ctx)
	return err
}

func (l *loader) cells(step int64) error {
	from, to := l.bounds()
	l.data.Step = step
	if step == quarter {
		// Nine tenths of the time of a week's 78,000 cells went into fresh memory
		// that slices outgrew and that this copied: they are read into place.
		return l.db.EachCell(l.ctx, from, to, func(c store.Cell, left int) {
			l.data.Cells = append(slices.Grow(l.data.Cells, left), Cell{Cell: c})
		})
	}
	cells, err := l.db.Cells(l.ctx, from, to, step)
	if err != nil {
		return err
	}
	l.data.Cells = make([]Cell, len(cells))
	for i, c := range cells {
		c.Time = max(c.Time, from) // a long step begins before the period
		l.data.Cells[i].Cell = c
	}
	return nil
}

// untimed counts what has no time and so is in no period with a beginning.
func (l *loader) untimed() error {
	if from, _ := l.bounds(); from <= 0 {
		return nil
	}
	cells, err := l.db.Cells(l.ctx, 0, quarter, quarter)
	for _, c := range cells {
		if p := l.data.Profiles[c.Profile]; p != nil && l.q.wants(p) {
			l.data.Untimed += c.N
		}
	}
	return err
}

func (l *loader) delays() error {
	from, to := l.bounds()
	list, err := l.db.Delays(l.ctx, from, to, store.DelayPDD, store.DelayAlert, store.DelayMedia, store.DelayFail, store.DelayReg, store.DelayBye)
	l.data.Delays = list
	return err
}

// calls reads the rows one by one. Where the roll-up cannot answer, cells and
// delays are made of them as well.
func (l *loader) calls(lead int64) error {
	from, to := l.bounds()
	cells := l.q.NeedsCalls()
	delays := cells || l.q.asksTimeIn(l.q.Where)
	l.data.Calls = []Call{}
	filter := store.Filter{From: max(0, from-lead), To: to, Profiles: l.wanted()}
	names, sel := map[int64]string{}, selectFrom(l.data, l.q, nil)
	err := l.db.Attempts(l.ctx, filter, func(a *store.Attempt) error {
		c, p := callOf(a), l.data.Profiles[a.Profile.ID]
		if p == nil || !sel.callerWanted(c.Caller) {
			return nil
		}
		if a.Call == 0 && a.Legs > 1 {
			names[a.ID] = a.CallID()
		}
		l.data.Calls = append(l.data.Calls, c)
		if cells {
			l.data.Cells = append(l.data.Cells, cellOf(c, p))
		}
		if delays {
			l.data.Delays = append(l.data.Delays, delaysOf(c, p)...)
		}
		return nil
	})
	// A leg is shown by the name of its call.
	for i, c := range l.data.Calls {
		if name, ok := names[c.Call]; ok && c.Call != c.ID {
			l.data.Calls[i].Name = name
		}
	}
	return err
}

// rows is how many rows the cells count.
func (l *loader) rows() (n int64) {
	for _, c := range l.data.Cells {
		n += c.N
	}
	return n
}

// events reads what devices reported, and lets the analysis read more as it
// needs it.
func (l *loader) events() (err error) {
	from, to := l.bounds()
	l.data.few = l.few
	l.data.delaysIn = func(from, to int64, kind store.DelayKind) []store.Delay {
		list, _ := l.db.Delays(l.ctx, from, to, kind) // without it a finding has a proof less
		return list
	}
	l.data.minutesIn = func(from, to int64) []store.Cell {
		list, _ := l.db.AttemptMinutes(l.ctx, from, to)
		return list
	}
	l.data.delayHours = func(from, to int64, kind store.DelayKind, profiles map[int64]bool) []store.Delay {
		list, _ := l.db.DelayHours(l.ctx, from, to, kind, profiles)
		return list
	}
	l.data.Events, err = l.db.Events(l.ctx, max(0, from-eventSlack), to)
	return err
}

// minutes reads the load by minute.
func (l *loader) minutes() (err error) {
	from, to := l.bounds()
	if len(l.q.Where) > 0 || l.q.scope() != ScopeCall || l.q.method() != "INVITE" {
		return nil // the minutes count all calls
	}
	l.data.Minutes, l.data.Active, err = l.db.Minutes(l.ctx, from, to)
	return err
}

// few reads the first calls of some profiles; an error is an example less.
func (l *loader) few(profiles map[int64]bool, from, to int64, limit int) []Call {
	var list []Call
	_ = l.db.Attempts(l.ctx, store.Filter{From: from, To: to, Profiles: profiles, Limit: limit}, func(a *store.Attempt) error {
		list = append(list, callOf(a))
		return nil
	})
	for i := range list[:min(len(list), fewMembers)] {
		if c := &list[i]; c.Call != c.ID {
			_ = l.db.Attempts(l.ctx, store.Filter{ID: c.Call}, func(a *store.Attempt) error {
				c.Name = a.CallID()
				return nil
			})
		}
	}
	return list
}

// wanted are the profiles of the query at both scopes and, since registrations
// have figures of their own, of all methods.
func (l *loader) wanted() map[int64]bool {
	ids := map[int64]bool{}
	call, leg := l.q, l.q
	call.Scope, leg.Scope = ScopeCall, ScopeLeg
	if l.q.method() == "INVITE" {
		call.Method, leg.Method = AnyMethod, AnyMethod
	}
	for id, p := range l.data.Profiles {
		if call.wants(p) || leg.wants(p) {
			ids[id] = true
		}
	}
	return ids
}

func callOf(a *store.Attempt) Call {
	c := Call{
		ID: a.ID, Call: cmp.Or(a.Call, a.ID), Profile: a.Profile.ID, Start: a.Start, Caller: a.Caller, Callee: a.Callee,
		PDD: a.PDD, Alert: a.Alert, Media: a.Media, Setup: a.Setup, Talk: a.Talk, Bye: a.Bye,
	}
	if a.Profile.Outcome != "answered" {
		c.Name = a.CallID()
	}
	return c
}

// ledger reads what stands around the counts: sources, rejects, warnings, steps.
func (l *loader) ledger() error {
	if o := l.other; o != nil {
		l.data.Sources, l.data.Rejects, l.data.Warnings, l.data.Ledger = o.Sources, o.Rejects, o.Warnings, o.Ledger
		return nil
	}
	sources, err := l.db.Sources(l.ctx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		first, _ := local(s.First, l.q.zone())
		last, _ := local(s.Last, l.q.zone())
		l.data.Sources = append(l.data.Sources, SourceRow{
			Path: s.Path, Format: s.Format, SHA256: s.SHA256, TZ: s.TZ, TZFrom: s.TZFrom, State: string(s.State), Note: s.Note,
			Records: s.Records(), Rejected: s.Rejected, First: first, Last: last,
		})
	}
	rejects, err := l.db.Rejects(l.ctx)
	if err != nil {
		return err
	}
	l.data.Rejects = rejectRows(rejects)
	warnings, err := l.db.Warnings(l.ctx)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		l.data.Warnings = append(l.data.Warnings, place(w.Path, w.Line)+": "+w.Text)
	}
	l.data.Ledger, err = l.db.Ledger(l.ctx)
	return err
}

func place(path string, line int64) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}

// rejectRows joins the rejects of one file and reason, with the first as sample.
func rejectRows(rejects []store.Reject) []RejectRow {
	var rows []RejectRow
	at := map[[2]string]int{}
	for _, r := range rejects {
		key := [2]string{r.Path, r.Reason}
		i, ok := at[key]
		if !ok {
			i = len(rows)
			at[key] = i
			rows = append(rows, RejectRow{Path: r.Path, Reason: r.Reason, Sample: r.Sample, Line: r.Line})
		}
		rows[i].Count += r.Records
	}
	return rows
}
