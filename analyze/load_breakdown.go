package analyze

import (
	"cmp"
	"context"
	"sync"

	"callsift/store"
	"callsift/store/codes"
)

// ReadBreakdown counts what the query selects by its keys, largest first, then by
// the keys' values: from the roll-up, or from the calls themselves. Nothing is left
// out: flagged calls are in it unless a condition says otherwise. The error is an
// UncountableError where calls cannot be counted.
//
// What is read is counted at once and not kept: for a week on 10 M calls the memory
// of its 78,000 cells was two thirds of the time of reading and counting them, and
// the calls by caller, kept once and counted then, took four times as long.
func ReadBreakdown(ctx context.Context, db *store.DB, q Query) (Breakdown, error) {
	g, err := newGrouper(q)
	if err != nil {
		return Breakdown{}, err
	}
	profiles, err := db.Profiles(ctx)
	if err != nil {
		return Breakdown{}, err
	}
	r := newBreakdownReader(db, g, Data{Profiles: profiles})
	if q.NeedsCalls() {
		err = r.calls(ctx)
	} else {
		err = r.rollup(ctx)
	}
	if err != nil {
		return Breakdown{}, err
	}
	return settledBreakdown(g.breakdown(), r.seenCells(), q)
}

func newBreakdownReader(db *store.DB, g *grouper, d Data) *breakdownReader {
	r := &breakdownReader{db: db, grouper: g, d: d}
	r.sel = selectFrom(d, g.q, nil)
	r.seen = make([]int64, len(r.sel.byID))
	r.places = make([]callerPlace, len(r.sel.byID))
	return r
}

// breakdownReader hands what is read to a grouper.
type breakdownReader struct {
	*grouper
	db   *store.DB
	d    Data // the profiles
	sel  *selection
	seen []int64 // by profile: how many are in the period, selected or not

	places []callerPlace // by profile, where the time does not matter
}

func (r *breakdownReader) see(profile, n int64) {
	if profile >= 0 && profile < int64(len(r.seen)) {
		r.seen[profile] += n
	}
}

// seenCells is what relays needs: all of the period, with the time summed over.
func (r *breakdownReader) seenCells() Data {
	from, _ := r.q.Period.micro()
	d := r.d
	for id, n := range r.seen {
		if n != 0 {
			d.Cells = append(d.Cells, Cell{Cell: store.Cell{Time: max(0, from), Profile: int64(id), N: n}})
		}
	}
	return d
}

func (r *breakdownReader) rollup(ctx context.Context) error {
	from, to := bounds(r.q.Period)
	count := func(c store.Cell) {
		r.see(c.Profile, c.N)
		if p := r.sel.profileAt(c.Profile, c.Time); p != nil {
			r.add(c, p)
		}
	}
	if r.q.CountsOnly {
		return r.db.EachCount(ctx, from, to, count)
	}
	return r.db.EachCell(ctx, from, to, func(c store.Cell, _ int) { count(c) })
}

// calls counts one by one what neither the roll-up nor the counts by caller can answer.
func (r *breakdownReader) calls(ctx context.Context) error {
	if r.byCaller() && r.q.CountsOnly && onQuarter(r.q.Period.From) && onQuarter(r.q.Period.To) {
		return r.callerCounts(ctx)
	}
	from, to := bounds(r.q.Period)
	asksTime := r.q.asksTime()
	q := store.CallerQuery{From: from, To: to, Start: asksTime, Talk: !r.q.CountsOnly}
	defer r.endCallers()
	return r.db.EachCaller(ctx, q, func(row *store.CallerRow) {
		at := from
		if asksTime { // no key needs it to the second, and what keys say of a quarter hour is kept
			at = max(floor(row.Start, quarter), from)
		}
		r.call(row, at)
	})
}

// callerCounts sums up the counts by caller. Two goroutines count different callers
// while a third one reads.
func (r *breakdownReader) callerCounts(ctx context.Context) error {
	g, err := newGrouper(r.q)
	if err != nil {
		return err
	}
	both := [...]*breakdownReader{r, newBreakdownReader(r.db, g, r.d)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	full, used := make(chan *store.CallerPart, 1), make(chan *store.CallerPart, 4)
	for range cap(used) { // one is filled, one waits, two are counted
		used <- new(store.CallerPart)
	}
	var counting sync.WaitGroup
	var errs [len(both)]error
	for i, one := range both {
		counting.Go(func() {
			for p := range full {
				if errs[i] == nil {
					errs[i] = one.callerPart(p)
				}
				if errs[i] != nil {
					cancel()
				}
				used <- p
			}
		})
	}
	from, to := bounds(r.q.Period)
	err = r.db.CallerParts(ctx, from, to, func() *store.CallerPart { return <-used }, func(p *store.CallerPart) { full <- p })
	close(full)
	counting.Wait()
	for id, n := range both[1].seen {
		r.seen[id] += n
	}
	r.merge(both[1].grouper)
	return cmp.Or(errs[0], errs[1], err)
}

// callerPart counts a part of the callers.
func (r *breakdownReader) callerPart(p *store.CallerPart) error {
	from, _ := bounds(r.q.Period)
	asksTime, asksCaller := r.q.asksTime(), len(r.sel.callers) > 0
	err := p.Each(func(e *store.CallerEntry) {
		r.see(e.Profile, e.N)
		var at callerPlace
		switch {
		case asksTime:
			at = r.place(e.Profile, max(e.Quarter*quarter, from))
		case uint64(e.Profile) < uint64(len(r.places)): // worked out once: each time, it was a tenth of the time
			if !r.places[e.Profile].known {
				r.places[e.Profile] = r.place(e.Profile, from)
			}
			at = r.places[e.Profile]
		}
		if !at.wanted {
			return
		}
		caller := e.Caller
		if caller == 0 {
			caller = r.callers.caller(string(e.Text))
		}
		if !asksCaller || r.sel.callerWanted(r.callers.text(caller)) {
			r.callers.add(caller, at.group, int32(e.N), at.outcome, -1)
		}
	})
	r.endCallers()
	return err
}

// callerPlace is where calls of a profile and time that are read by caller are counted.
type callerPlace struct {
	known, wanted bool
	group         uint32
	outcome       int32
}

func (r *breakdownReader) place(profile, at int64) callerPlace {
	p := r.sel.profileAt(profile, at)
	if p == nil {
		return callerPlace{known: true}
	}
	group, outcome := r.callerGroup(profile, at, p)
	return callerPlace{true, true, group, outcome}
}

// call counts a call.
func (r *breakdownReader) call(row *store.CallerRow, at int64) {
	r.see(row.Profile, 1)
	x := r.place(row.Profile, at)
	if !x.wanted || !r.sel.callerWanted(row.Caller) {
		return
	}
	talk := int64(-1)
	if outcomeAt(x.outcome) == codes.Answered {
		talk = row.Talk
	}
	if r.byCaller() {
		r.callers.add(r.callers.caller(row.Caller), x.group, 1, x.outcome, talk)
	} else {
		r.groups[x.group].tally.talked(1, x.outcome, talk)
	}
}
