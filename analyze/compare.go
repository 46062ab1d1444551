package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
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
var CompareKeys = []string{"code", "trunk", "prefix", "source", "user_agent", "hour"}

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
	c := compare(current, previous, q, before.Period, opt.Median, by)
	return c, Findings(current, q), nil
}

// compare puts two periods side by side.
func compare(current, previous Data, q Query, against Period, med bool, by []string) Comparison {
	if Uncountable(current, q) != "" {
		q.Scope = ScopeLeg
	}
	before := q
	before.Period = against
	c := Comparison{Scope: q.scope(), Method: q.method(), Zone: q.zone().String(), Now: q.Period, Before: against, With: "period", Weeks: len(current.Past)}
	c.Baseline = !anyCells(previous, before)
	if med {
		c.With, c.Baseline = "median", len(current.Past) == 0
	}
	x := &comparer{now: current, before: previous, q: q, beforeQ: before, median: med, baseline: c.Baseline}
	x.flatten()
	c.Tables = append(c.Tables, x.kpis())
	for _, name := range by {
		if t, ok := x.byKey(name); ok {
			c.Tables = append(c.Tables, t)
		} else {
			c.Warnings = append(c.Warnings, "by "+name+": "+tooManyCallers)
		}
	}
	c.Effects = x.effects()
	return c
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
			if !p.contains(c.Time) {
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
		byHour := map[int64]Ratio{}
		selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
			if keep != nil && !keep(c, p) {
				return
			}
			num, den := of(c.Cell, p)
			h := c.Time / hour
			byHour[h] = Ratio{Num: byHour[h].Num + num, Den: byHour[h].Den + den}
		})
		bins := make([]Ratio, 0, len(byHour))
		for _, r := range byHour {
			bins = append(bins, r)
		}
		// In order, so that the sum of the terms is the same in every run.
		slices.SortFunc(bins, func(a, b Ratio) int { return cmp.Or(cmp.Compare(a.Den, b.Den), cmp.Compare(a.Num, b.Num)) })
		return bins
	}
	return [][]Ratio{count(x.now, x.q), count(x.before, x.beforeQ)}
}

// testCount compares two counts hour of the week by hour of the week: the
// differences' own spread is the measure, so that the day's rhythm is none.
func (x *comparer) testCount(c *Change, answered bool) {
	c.Material = c.BeforeValue > 0 && math.Abs(c.Diff)/c.BeforeValue >= countChange || c.BeforeValue == 0 && c.Diff != 0
	if x.median || x.q.Period.To.Sub(x.q.Period.From) != x.beforeQ.Period.To.Sub(x.beforeQ.Period.From) {
		return
	}
	diffs := map[int64]float64{}
	count := func(d Data, q Query, sign float64) {
		from := q.Period.From.UnixMicro()
		selectFrom(d, q, q.headline()).cells(d, func(cell Cell, p *store.Profile) {
			if !answered || p.Outcome == codes.Answered {
				diffs[(cell.Time-from)/hour] += sign * float64(cell.N)
			}
		})
	}
	count(x.now, x.q, 1)
	count(x.before, x.beforeQ, -1)
	var squares float64
	hours := make([]int64, 0, len(diffs))
	for h := range diffs {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	for _, h := range hours {
		squares += diffs[h] * diffs[h]
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

// byKey is the table of one key; ok is false where its callers cannot be had.
func (x *comparer) byKey(name string) (t ChangeTable, ok bool) {
	k, err := keyNamed("--by", name)
	if err != nil || name == "source" && !x.hasCallers() {
		return t, false
	}
	q := x.q
	if name == "trunk" && q.method() == "INVITE" {
		q.Scope = ScopeLeg
	}
	isCode := name == "code" || name == "cause_code"
	t = ChangeTable{By: name, What: "failed of all"}
	of := shareOf(isFailed, rated)
	if isCode {
		t.What = "ended so, of all"
	}
	value := func(c Cell, p *store.Profile) string {
		switch {
		case k.of != nil:
			return k.of(p)
		case k.at != nil:
			return timeKey(name, c.Time, q.zone())
		}
		return c.Caller
	}
	count := func(d Data, period Period) (map[string]Ratio, int64) {
		rows := map[string]Ratio{}
		var all int64
		if period.From.IsZero() {
			return rows, 0
		}
		selected := q
		selected.Period = period
		if flat, ok := x.flat[period.From]; ok && k.of != nil {
			d = flat
		}
		selectFrom(d, selected, q.headline()).cells(withCallers(d, name), func(c Cell, p *store.Profile) {
			num, den := of(c.Cell, p)
			if isCode {
				num, den = c.N, c.N
				all += c.N
			}
			v := value(c, p)
			rows[v] = Ratio{Num: rows[v].Num + num, Den: rows[v].Den + den}
		})
		if isCode {
			for v, r := range rows {
				rows[v] = Ratio{Num: r.Num, Den: all}
			}
		}
		return rows, all
	}
	now, all := count(x.now, x.q.Period)
	before, allBefore := count(x.before, x.beforeQ.Period)
	past := make([]map[string]Ratio, len(x.now.Past))
	for i, p := range x.now.Past {
		if name != "source" || i == 0 {
			past[i], _ = count(p.Data, p.Period)
		}
	}
	for v := range merged(now, before) {
		c := Change{Key: v, Label: labelOfKey(name, v), Unit: "%", Kind: KindRatio, Phi: 1, Now: now[v], Before: before[v]}
		if isCode {
			c.Now.Den, c.Before.Den = all, allBefore
		}
		var values []float64
		var ratios []Ratio
		seen := c.Before.Num > 0 || !isCode && c.Before.Den > 0
		for _, p := range past {
			r, found := p[v]
			seen = seen || found
			if f, ok := r.Value(); ok {
				values, ratios = append(values, f), append(ratios, r)
			}
		}
		if x.median {
			c.Before = middle(ratios)
		}
		c.setMedian(values)
		c.NowValue, c.NowOK = c.Now.Value()
		c.BeforeValue, c.BeforeOK = c.Before.Value()
		if c.NowOK && c.BeforeOK {
			c.Diff = c.NowValue - c.BeforeValue
		}
		there := c.Now.Den > 0 && (!isCode || c.Now.Num > 0)
		switch {
		case x.baseline:
			c.Note = "baseline"
		case isTimeKey(name), name == "source" && c.Now.Den < minAttempts && c.Before.Den < minAttempts:
			// Hours come and go by themselves, and so do callers of a few calls.
		case !seen:
			c.New, c.Note = true, "new"
		case !there:
			c.Gone, c.Note = true, "gone"
		}
		t.Rows = append(t.Rows, c)
	}
	slices.SortFunc(t.Rows, func(a, b Change) int {
		if isTimeKey(name) {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(weight(b, isCode), weight(a, isCode)), cmp.Compare(a.Key, b.Key))
	})
	if name == "source" && len(t.Rows) > keptCallers {
		t.Note = fmt.Sprintf("the %d busiest of %s callers", keptCallers, thousands(int64(len(t.Rows))))
		t.Rows = t.Rows[:keptCallers]
	}
	x.testRows(&t, name, isCode, q, of, value)
	t.correct()
	return t, true
}

func weight(c Change, isCode bool) int64 {
	if isCode {
		return c.Now.Num + c.Before.Num
	}
	return c.Now.Den + c.Before.Den
}

// testRows tests the rows that have enough behind them.
func (x *comparer) testRows(t *ChangeTable, name string, isCode bool, q Query, of share, value func(Cell, *store.Profile) string) {
	bins := map[string]*[2]map[int64]Ratio{}
	for i := range t.Rows {
		if r := &t.Rows[i]; !x.baseline && r.NowOK && r.BeforeOK {
			bins[r.Key] = &[2]map[int64]Ratio{{}, {}}
		}
	}
	totals := [2]map[int64]int64{{}, {}}
	for side, from := range []struct {
		d Data
		p Period
	}{{x.now, x.q.Period}, {x.before, x.beforeQ.Period}} {
		if from.p.From.IsZero() {
			continue
		}
		selected := q
		selected.Period = from.p
		selectFrom(from.d, selected, q.headline()).cells(withCallers(from.d, name), func(c Cell, p *store.Profile) {
			h := c.Time / hour
			totals[side][h] += c.N
			b := bins[value(c, p)]
			if b == nil {
				return
			}
			num, den := of(c.Cell, p)
			if isCode {
				num, den = c.N, 0
			}
			b[side][h] = Ratio{Num: b[side][h].Num + num, Den: b[side][h].Den + den}
		})
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		b := bins[r.Key]
		if b == nil || r.New || r.Gone {
			continue
		}
		var groups [][]Ratio
		for side, byHour := range b {
			var list []Ratio
			for _, h := range sortedHours(totals[side]) {
				one := byHour[h]
				if isCode {
					one.Den = totals[side][h]
				}
				list = append(list, one)
			}
			groups = append(groups, list)
		}
		points := .01
		if isCode {
			points = 0
		}
		r.test(groups, points)
		if isCode && r.Tested {
			r.Material = r.Before.Num == 0 || math.Abs(r.Diff) >= countChange*r.BeforeValue
		}
	}
}

func sortedHours(m map[int64]int64) []int64 {
	list := make([]int64, 0, len(m))
	for h := range m {
		list = append(list, h)
	}
	slices.Sort(list)
	return list
}

func merged(a, b map[string]Ratio) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

func labelOfKey(name, v string) string {
	if name == "code" || name == "cause_code" {
		code := 0
		fmt.Sscan(v, &code)
		return codes.Label(code)
	}
	if v == "" {
		return "–"
	}
	return v
}

// hasCallers: the calls of both periods were read one by one.
func (x *comparer) hasCallers() bool {
	return (x.now.Calls != nil || x.q.NeedsCalls()) && (x.before.Calls != nil || x.beforeQ.NeedsCalls() || x.baseline)
}

// withCallers is the data with a cell a call where the key is the caller, who is
// in no roll-up.
func withCallers(d Data, name string) Data {
	if name != "source" {
		return d
	}
	cells := make([]Cell, 0, len(d.Calls))
	for _, c := range d.Calls {
		if p := d.Profiles[c.Profile]; p != nil {
			cells = append(cells, cellOf(c, p))
		}
	}
	d.Cells = cells
	return d
}

// effects takes the change of failures apart by trunk and prefix.
func (x *comparer) effects() Effects {
	type stratum struct{ trunk, prefix string }
	count := func(d Data, q Query) (map[stratum]Ratio, Ratio) {
		rows, all := map[stratum]Ratio{}, Ratio{}
		if q.Period.From.IsZero() {
			return rows, all
		}
		selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
			if !rated(p) {
				return
			}
			s := stratum{p.Trunk, p.Prefix}
			r := rows[s]
			r.Den, all.Den = r.Den+c.N, all.Den+c.N
			if p.Outcome == codes.Failed {
				r.Num, all.Num = r.Num+c.N, all.Num+c.N
			}
			rows[s] = r
		})
		return rows, all
	}
	now, allNow := count(x.now, x.q)
	before, all := count(x.before, x.beforeQ)
	e := Effects{Total: float64(allNow.Num - all.Num)}
	if all.Den == 0 {
		return Effects{}
	}
	p1, _ := all.Value()
	e.Volume = float64(allNow.Den-all.Den) * p1
	var terms []float64
	for s, b := range before {
		if n := now[s]; n.Den > 0 && b.Den > 0 {
			r2, _ := n.Value()
			r1, _ := b.Value()
			terms = append(terms, float64(b.Den)*(r2-r1))
		}
	}
	slices.Sort(terms)
	for _, t := range terms {
		e.Rate += t
	}
	e.Mix = e.Total - e.Rate - e.Volume
	return e
}
