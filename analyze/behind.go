package analyze

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Behind is a call that stands behind figures of a report, with the keys' values
// that it counts under. A call of several attempts counts on all their trunks.
type Behind struct {
	store.Attempt
	At       time.Time // in the query's zone; zero where the record has no time
	Class    string
	Label    string // of the code
	Trunks   []string
	Day      string // "2026-11-10"
	Weekday  string // "Tue"
	Hour     string // "14"
	FlagList []string
}

// behindEach is how many calls of one kind are picked at most: of one trunk,
// code, outcome, day and hour.
const behindEach = 12

// CallsBehind picks at most most calls of the report's period so that every
// figure has some behind it: those that the report names itself, then the first
// of every trunk, code, outcome and hour, failures before others. They come in
// order of time. Of millions of calls only a few quarter hours are read.
func CallsBehind(ctx context.Context, db *store.DB, q Query, r *Report, most int) ([]Behind, error) {
	if most <= 0 {
		return nil, nil
	}
	q.Period, q.Scope = r.Period, r.Scope
	b := &behind{q: q, rows: map[int64]Behind{}, kinds: map[behindKind]int{}}
	for _, id := range r.Named() {
		found, err := db.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			b.rows[a.ID] = Behind{Attempt: a}
		}
	}
	named := len(b.rows)
	if err := b.pick(ctx, db); err != nil {
		return nil, err
	}
	list := b.best(max(0, most-named))
	for i := range list {
		if err := b.describe(ctx, db, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Named are the calls that the report names, each once.
func (r *Report) Named() []string {
	var ids []string
	add := func(list []string) {
		for _, id := range list {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, f := range r.Findings {
		add(f.Calls)
	}
	for _, in := range r.Incidents {
		add(in.Calls)
	}
	for _, c := range r.Codes {
		add(c.Examples)
	}
	return ids
}

type behind struct {
	q     Query
	rows  map[int64]Behind   // those that the report names
	kinds map[behindKind]int // how many of each kind are picked
	rest  []ranked
}

type behindKind struct {
	trunk, outcome, when string
	code                 int
}

// ranked is a candidate: the rank-th of its kind.
type ranked struct {
	store.Attempt
	rank int
}

func (b *behind) add(a *store.Attempt) {
	if _, ok := b.rows[a.ID]; ok {
		return
	}
	k := behindKind{trunk: a.Profile.Trunk, outcome: string(a.Profile.Outcome), code: a.Profile.Code}
	if t, ok := local(a.Start, b.q.zone()); ok {
		k.when = t.Format("2006-01-02")
		if a.Profile.Outcome == codes.Failed {
			k.when = t.Format("2006-01-02 15")
		}
	}
	if b.kinds[k] < behindEach {
		b.rest = append(b.rest, ranked{*a, b.kinds[k]})
		b.kinds[k]++
	}
}

// pick reads the period's calls, or where they are many the quarter hours in
// which each kind is most frequent.
func (b *behind) pick(ctx context.Context, db *store.DB) error {
	from, to := b.q.Period.From.UnixMicro(), b.q.Period.To.UnixMicro()
	profiles, err := db.Profiles(ctx)
	if err != nil {
		return err
	}
	sel := selectFrom(Data{Profiles: profiles}, b.q, nil)
	kinds := kindsOf(sel)
	var n int64
	err = db.EachCell(ctx, from, to, func(c store.Cell, _ int) {
		if c.Profile < int64(len(kinds)) && kinds[c.Profile] != nil {
			n += c.N
			kinds[c.Profile].count(c)
		}
	})
	if err != nil {
		return err
	}
	if n <= oneByOne {
		return Calls(ctx, db, b.q, func(a *store.Attempt) error {
			b.add(a)
			return nil
		})
	}
	for _, w := range densest(kinds) {
		err := db.Attempts(ctx, store.Filter{From: max(from, w.at), To: min(to, w.at+quarter), Profiles: w.profiles, Limit: behindEach}, func(a *store.Attempt) error {
			if sel.profile(a.Profile.ID, a.Start, a.Caller) != nil {
				b.add(a)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dense is a kind of calls with its busiest quarter hour.
type dense struct {
	behindKind
	at, n, all int64
	profiles   map[int64]bool

	now, nowN int64 // the quarter hour being counted
}

// denseKinds is how many kinds are looked up where calls are many.
const denseKinds = 40

// kindsOf gives each selected profile, by its id, its kind.
func kindsOf(sel *selection) []*dense {
	byProfile, kinds := make([]*dense, len(sel.byID)), map[behindKind]*dense{}
	for id, p := range sel.profiles() {
		k := behindKind{trunk: p.Trunk, outcome: string(p.Outcome), code: p.Code}
		if kinds[k] == nil {
			kinds[k] = &dense{behindKind: k, profiles: map[int64]bool{}}
		}
		kinds[k].profiles[id], byProfile[id] = true, kinds[k]
	}
	return byProfile
}

// count adds a cell; they come in order of time.
func (d *dense) count(c store.Cell) {
	if c.Time <= 0 {
		return
	}
	if c.Time != d.now {
		d.now, d.nowN = c.Time, 0
	}
	d.nowN += c.N
	d.all += c.N
	if d.nowN > d.n {
		d.n, d.at = d.nowN, c.Time
	}
}

func densest(byProfile []*dense) []*dense {
	var list []*dense
	seen := map[*dense]bool{}
	for _, d := range byProfile {
		if d != nil && d.n > 0 && !seen[d] {
			seen[d] = true
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *dense) int {
		return cmp.Or(cmp.Compare(failedFirst(a.outcome), failedFirst(b.outcome)), cmp.Compare(b.all, a.all),
			cmp.Compare(a.trunk, b.trunk), cmp.Compare(a.code, b.code), cmp.Compare(a.outcome, b.outcome))
	})
	return list[:min(len(list), denseKinds)]
}

func failedFirst(outcome string) int {
	switch codes.Outcome(outcome) {
	case codes.Failed:
		return 0
	case codes.Answered:
		return 2
	}
	return 1
}

// best takes the first of every kind before the second of any, and of equal rank
// failures first; then puts them in order of time.
func (b *behind) best(n int) []Behind {
	slices.SortFunc(b.rest, func(x, y ranked) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(failedFirst(string(x.Profile.Outcome)), failedFirst(string(y.Profile.Outcome))),
			cmp.Compare(x.Start, y.Start), cmp.Compare(x.ID, y.ID))
	})
	var list []Behind
	for _, c := range b.rows {
		list = append(list, c)
	}
	for _, c := range b.rest[:min(n, len(b.rest))] {
		list = append(list, Behind{Attempt: c.Attempt})
	}
	slices.SortFunc(list, func(x, y Behind) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.CallID(), y.CallID()), cmp.Compare(x.ID, y.ID))
	})
	return list
}

func (b *behind) describe(ctx context.Context, db *store.DB, c *Behind) error {
	p := &c.Profile
	c.Class, c.Label, c.FlagList = classOf(p), codes.Label(p.Code), flagsOf(p).Names()
	c.Trunks = []string{p.Trunk}
	if t, ok := local(c.Start, b.q.zone()); ok {
		c.At = t
		c.Day, c.Weekday, c.Hour = t.Format(time.DateOnly), weekdays[(int(t.Weekday())+6)%7], t.Format("15")
	}
	if c.Legs < 2 {
		return nil
	}
	legs, err := db.Legs(ctx, &c.Attempt)
	for i := range legs {
		if t := legs[i].Profile.Trunk; !slices.Contains(c.Trunks, t) {
			c.Trunks = append(c.Trunks, t)
		}
	}
	return err
}

// CauseCode is the status nearest the failure.
func (c *Behind) CauseCode() string { return strconv.Itoa(nearestCode(&c.Profile)) }
