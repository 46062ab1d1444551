package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Thresholds of a comparison (weekly_report.md §3).
const (
	minAttempts = 30   // in both periods
	minFailures = 5    // in one of them
	falseRate   = 0.05 // of what is called significant within a table
	burstyFrom  = 1.5  // dispersion that is worth a note
	keptCallers = 500  // rows of a table by source
)

// CompareOptions says what a comparison is with. The zero value is the period
// before, by all keys.
type CompareOptions struct {
	Median  bool   // the two middle ones of the last four periods
	Against Period // another period; zero: the one before
	By      []string
}

// CompareKeys are the keys that a period is compared by unless others are named.
var CompareKeys = []string{"code", "trunk", "prefix", "source", "user_agent", "device", "hour"}

// CompareFrom loads the query's period and what it is compared with. The findings
// are those of the query's period.
func CompareFrom(ctx context.Context, db *store.DB, q Query, opt CompareOptions) (Comparison, []Finding, error) {
	by := opt.By
	if len(by) == 0 {
		by = CompareKeys
	}
	current, err := load(ctx, db, q, oneByOne)
	if err != nil {
		return Comparison{}, nil, err
	}
	q = bounded(current, q)
	before := q
	before.Period = opt.Against
	if before.Period.From.IsZero() {
		before.Period = q.Period.before()
	}
	var previous Data
	if !before.Period.From.IsZero() {
		if previous, err = loadBeside(ctx, db, before, oneByOne, &current); err != nil {
			return Comparison{}, nil, err
		}
	}
	first := previous
	if p := q.Period.before(); p != before.Period {
		earlier := q
		if earlier.Period = p; !p.From.IsZero() {
			if first, err = loadBeside(ctx, db, earlier, oneByOne, &current); err != nil {
				return Comparison{}, nil, err
			}
		}
	}
	if current.Past, err = loadPast(ctx, db, q, current, first); err != nil {
		return Comparison{}, nil, err
	}
	compared := current
	if opt.Median {
		if compared.Past, err = wholePast(ctx, db, q, current); err != nil {
			return Comparison{}, nil, err
		}
	}
	c := compare(compared, previous, q, before.Period, opt.Median, by)
	return c, Findings(current, q), nil
}

// wholePast is the past with all that metrics are made of: of the weeks before the
// last a report reads the counts only, and a median of delays is one of all weeks.
func wholePast(ctx context.Context, db *store.DB, q Query, current Data) ([]Past, error) {
	list := slices.Clone(current.Past)
	for i := range list {
		earlier := q
		earlier.Period = list[i].Period
		d, err := loadBeside(ctx, db, earlier, oneByOne, &current)
		if err != nil {
			return nil, err
		}
		list[i].Data = d
	}
	return list, nil
}

// compare puts two periods side by side.
func compare(current, previous Data, q Query, against Period, med bool, by []string) Comparison {
	if Uncountable(current, q) != "" {
		q.Scope = ScopeLeg
	}
	before := q
	before.Period = against
	c := Comparison{Scope: q.scope(), Method: q.method(), Zone: q.zone().String(), Now: q.Period, Before: against, With: "period", Weeks: len(current.Past)}
	compared := []Period{q.Period, against}
	for _, p := range current.Past {
		compared = append(compared, p.Period)
	}
	q.without, c.LeftOut = leftOut(q.Holidays, compared)
	before.without = q.without
	c.Baseline = !anyCells(previous, before)
	if med {
		c.With, c.Baseline = "median", len(current.Past) == 0
	}
	x := &comparer{now: current, before: previous, q: q, beforeQ: before, median: med, baseline: c.Baseline}
	x.flatten()
	x.tables(&c, by)
	return c
}

// tables fills in the tables, at the same time: each only reads what all share.
func (x *comparer) tables(c *Comparison, by []string) {
	var kpis ChangeTable
	made, ok := make([]ChangeTable, len(by)), make([]bool, len(by))
	var all sync.WaitGroup
	all.Go(func() { kpis = x.kpis() })
	for i, name := range by {
		all.Go(func() { made[i], ok[i] = x.byKey(name) })
	}
	all.Go(func() { c.Effects = x.effects() })
	all.Wait()
	c.Tables = append(c.Tables, kpis)
	for i, name := range by {
		if ok[i] {
			c.Tables = append(c.Tables, made[i])
		} else {
			c.Warnings = append(c.Warnings, "by "+name+": "+tooManyCallers)
		}
	}
}

const tooManyCallers = "too many calls to be read one by one: ask for it alone, or for a shorter period"

func anyCells(d Data, q Query) (any bool) {
	if q.Period.From.IsZero() {
		return false
	}
	selectFrom(d, q, nil).cells(d, func(Cell, *store.Profile) { any = true })
	return any
}

// comparer is two periods on their way into tables.
type comparer struct {
	now, before Data
	q, beforeQ  Query
	median      bool
	baseline    bool
	flat        map[time.Time]Data // by the period's beginning: a cell a profile
}

// flatten sums the cells of every period by profile, which is all that a key
// without a clock needs.
func (x *comparer) flatten() {
	x.flat = map[time.Time]Data{}
	if x.q.asksTimeIn(x.q.Where) || x.q.NeedsCalls() {
		return
	}
	one := func(d Data, p Period) {
		sums := map[int64]*Cell{}
		for _, c := range d.Cells {
			if !p.contains(c.Time) || leaves(x.q.without, c.Time) {
				continue
			}
			s := sums[c.Profile]
			if s == nil {
				s = &Cell{}
				s.Profile, s.Time = c.Profile, c.Time
				sums[c.Profile] = s
			}
			s.N, s.Talked, s.TalkMS, s.Short = s.N+c.N, s.Talked+c.Talked, s.TalkMS+c.TalkMS, s.Short+c.Short
		}
		d.Cells = make([]Cell, 0, len(sums))
		for _, s := range sums {
			d.Cells = append(d.Cells, *s)
		}
		x.flat[p.From] = d
	}
	one(x.now, x.q.Period)
	if !x.baseline && !x.beforeQ.Period.From.IsZero() {
		one(x.before, x.beforeQ.Period)
	}
	for _, p := range x.now.Past {
		if _, done := x.flat[p.Period.From]; !done {
			one(p.Data, p.Period)
		}
	}
}

// share is what a ratio of a table counts: x of n of a cell.
type share func(c store.Cell, p *store.Profile) (x, n int64)

func shareOf(num, den func(*store.Profile) bool) share {
	return func(c store.Cell, p *store.Profile) (x, n int64) {
		if !den(p) {
			return 0, 0
		}
		if num(p) {
			x = c.N
		}
		return x, c.N
	}
}

// kpiShares are the ratios of the table of metrics, with the percentage points
// that a change must have to matter.
var kpiShares = map[string]struct {
	of     share
	points float64
}{
	"asr":          {shareOf(isAnswered, rated), .03},
	"ner":          {shareOf(inNER, nerRated), .01},
	"seer":         {shareOf(inSEER, not3xx), .01},
	"failure_rate": {shareOf(isFailed, rated), .01},
	"isa":          {shareOf(inISA, requested), .01},
	"short_calls": {func(c store.Cell, p *store.Profile) (int64, int64) {
		if !conversed(p) {
			return 0, 0
		}
		return c.Short, c.Talked
	}, .01},
	"drops":           {shareOf(flagged(codes.FlagDropped), isAnswered), .01},
	"abandon_early":   {shareOf(isEarlyAbandon, rated), .01},
	"abandon_ringing": {shareOf(isRingingAbandon, rated), .03},
	"recovered":       {shareOf(flagged(codes.FlagRecovered), rated), .01},
	"ira":             {shareOf(inIRA, isRegisterEnded), .01},
}

// countChange and delayChange are the relative changes from which a count and a
// delay matter.
const (
	countChange = .20
	delayChange = .10
)

func (x *comparer) kpis() ChangeTable {
	t := ChangeTable{By: "kpi", What: "metrics"}
	now, _ := MetricsOf(x.now, x.q, kpis...)
	var before []Metric
	if !x.baseline {
		before, _ = MetricsOf(x.before, x.beforeQ, kpis...)
	}
	past := make([][]Metric, len(x.now.Past))
	for i, p := range x.now.Past {
		q := x.q
		q.Period = p.Period
		d, ok := x.flat[p.Period.From]
		if !ok {
			d = p.Data
		}
		past[i], _ = MetricsOf(d, q, kpis...)
	}
	for i, m := range now {
		c := Change{Key: m.Name, Label: m.Label, Unit: m.Unit, Kind: m.Kind, Now: m.Ratio, NowValue: m.Value, NowOK: m.OK, Phi: 1}
		var values []float64
		var ratios []Ratio
		for _, ms := range past {
			if ms[i].OK {
				values, ratios = append(values, ms[i].Value), append(ratios, ms[i].Ratio)
			}
		}
		c.setMedian(values)
		s, isShare := kpiShares[m.Name]
		switch {
		case x.baseline:
			c.Note = "baseline"
		case x.median:
			c.BeforeValue, c.BeforeOK = c.Median, c.MedianOK
			if isShare {
				c.Before = middle(ratios)
				c.BeforeValue, c.BeforeOK = c.Before.Value()
			}
		default:
			c.Before, c.BeforeValue, c.BeforeOK = before[i].Ratio, before[i].Value, before[i].OK
		}
		if c.NowOK && c.BeforeOK {
			c.Diff = c.NowValue - c.BeforeValue
			switch {
			case isShare:
				c.test(x.hourly(s.of, nil, m.Name == "ira"), s.points)
			case m.Name == "calls" || m.Name == "answered":
				x.testCount(&c, m.Name == "answered")
			case m.Name == "pdd_p95":
				x.testDelay(&c)
			}
		}
		t.Rows = append(t.Rows, c)
	}
	t.correct()
	return t
}

func (c *Change) setMedian(values []float64) {
	c.Weeks = len(values)
	c.MedianOK = len(values) > 0
	c.Median = median(values)
}

// middle is the ratio of the one or two middle ones by value, which stand for the
// median and still have counts to test with.
func middle(ratios []Ratio) Ratio {
	list := slices.DeleteFunc(slices.Clone(ratios), func(r Ratio) bool { return r.Den == 0 })
	if len(list) == 0 {
		return Ratio{}
	}
	slices.SortFunc(list, func(a, b Ratio) int {
		x, _ := a.Value()
		y, _ := b.Value()
		return cmp.Compare(x, y)
	})
	a, b := list[(len(list)-1)/2], list[len(list)/2]
	if len(list)%2 == 1 {
		return a
	}
	return ratio(a.Num+b.Num, a.Den+b.Den)
}

// test fills in what weekly_report.md §3 asks of a ratio.
func (c *Change) test(bins [][]Ratio, points float64) {
	if c.Before.Den < minAttempts || c.Now.Den < minAttempts || c.Before.Num < minFailures && c.Now.Num < minFailures {
		c.Note = "low volume"
		return
	}
	c.Tested, c.Phi = true, dispersion(bins...)
	root := math.Sqrt(c.Phi)
	c.Z = TwoProportions(c.Before.Num, c.Before.Den, c.Now.Num, c.Now.Den) / root
	c.P = twoSided(c.Z)
	low, high := Newcombe(c.Before.Num, c.Before.Den, c.Now.Num, c.Now.Den)
	c.Low, c.High = c.Diff-(c.Diff-low)*root, c.Diff+(high-c.Diff)*root
	c.Material = math.Abs(c.Diff) >= points
	if c.Phi > burstyFrom {
		c.Note = fmt.Sprintf("bursty (φ = %.1f)", c.Phi)
	}
}

// correct says which rows stand in a table of many, and draws the arrows.
func (t *ChangeTable) correct() {
	var ps []float64
	var rows []int
	for i, r := range t.Rows {
		if r.Tested {
			ps, rows = append(ps, r.P), append(rows, i)
		}
	}
	for k, stands := range benjaminiHochberg(ps, falseRate) {
		r := &t.Rows[rows[k]]
		r.Significant = stands
		if stands && r.Material {
			r.Arrow = Up
			if r.Diff < 0 {
				r.Arrow = Down
			}
		}
	}
}

// hourly counts a share by hour in both periods. keep nil: all.
func (x *comparer) hourly(of share, keep func(Cell, *store.Profile) bool, register bool) [][]Ratio {
	count := func(d Data, q Query) []Ratio {
		if register {
			q.Method = "REGISTER"
		}
		var byHour hourBins
		selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
			if keep != nil && !keep(c, p) {
				return
			}
			num, den := of(c.Cell, p)
			byHour.add(c.Time/hour, num, den)
		})
		bins := make([]Ratio, 0, len(byHour.by))
		for _, r := range byHour.by {
			bins = append(bins, *r)
		}
		// In order, so that the sum of the terms is the same in every run.
		slices.SortFunc(bins, func(a, b Ratio) int { return cmp.Or(cmp.Compare(a.Den, b.Den), cmp.Compare(a.Num, b.Num)) })
		return bins
	}
	return [][]Ratio{count(x.now, x.q), count(x.before, x.beforeQ)}
}

// references are the periods that stand for what was before, as far as they are
// as long as the one that is compared.
func (x *comparer) references() []Past {
	list := []Past{{x.beforeQ.Period, x.before}}
	if x.median {
		list = slices.Clone(x.now.Past)
	}
	length := x.q.Period.To.Sub(x.q.Period.From)
	return slices.DeleteFunc(list, func(p Past) bool { return p.Period.To.Sub(p.Period.From) != length })
}

// testCount compares two counts hour of the week by hour of the week: the
// differences' own spread is the measure, so that the day's rhythm is none. Where
// several weeks stand for one, an hour's count is their median.
func (x *comparer) testCount(c *Change, answered bool) {
	c.Material = c.BeforeValue > 0 && math.Abs(c.Diff)/c.BeforeValue >= countChange || c.BeforeValue == 0 && c.Diff != 0
	weeks := x.references()
	if len(weeks) == 0 {
		return
	}
	count := func(d Data, q Query) map[int64]float64 {
		by, from := map[int64]float64{}, q.Period.From.UnixMicro()
		selectFrom(d, q, q.headline()).cells(d, func(cell Cell, p *store.Profile) {
			if !answered || p.Outcome == codes.Answered {
				by[(cell.Time-from)/hour] += float64(cell.N)
			}
		})
		return by
	}
	now := count(x.now, x.q)
	var before []map[int64]float64
	for _, p := range weeks {
		q := x.beforeQ
		q.Period = p.Period
		before = append(before, count(p.Data, q))
	}
	var squares float64
	for h := range int64(math.Ceil(x.q.Period.To.Sub(x.q.Period.From).Hours())) {
		var usual []float64
		for _, w := range before {
			usual = append(usual, w[h])
		}
		diff := now[h] - median(usual)
		squares += diff * diff
	}
	if c.NowValue < minAttempts && c.BeforeValue < minAttempts || squares == 0 {
		c.Note = "low volume"
		return
	}
	spread := math.Sqrt(squares)
	c.Tested, c.Z = true, c.Diff/spread
	c.P = twoSided(c.Z)
	c.Low, c.High = c.Diff-1.96*spread, c.Diff+1.96*spread
}
