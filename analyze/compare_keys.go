package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

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
	value := k.valueOf(q)
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

// rowBins are the hours of a row in both periods.
type rowBins [2]hourBins

// testRows tests the rows that have enough behind them.
func (x *comparer) testRows(t *ChangeTable, name string, isCode bool, q Query, of share, value func(Cell, *store.Profile) string) {
	bins := map[string]*rowBins{}
	for i := range t.Rows {
		if r := &t.Rows[i]; !x.baseline && r.NowOK && r.BeforeOK {
			bins[r.Key] = &rowBins{}
		}
	}
	totals := x.hoursOf(bins, name, isCode, q, of, value)
	for i := range t.Rows {
		r := &t.Rows[i]
		b := bins[r.Key]
		if b == nil || r.New || r.Gone {
			continue
		}
		var groups [][]Ratio
		for side := range b {
			var list []Ratio
			for _, h := range sortedHours(totals[side].by) {
				one := b[side].of(h)
				if isCode {
					one.Den = totals[side].of(h).Den
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

// hoursOf counts the rows by hour, and all calls.
func (x *comparer) hoursOf(bins map[string]*rowBins, name string, isCode bool, q Query, of share, value func(Cell, *store.Profile) string) (totals rowBins) {
	k, _ := keyNamed("--by", name)
	for side, from := range []struct {
		d Data
		p Period
	}{{x.now, x.q.Period}, {x.before, x.beforeQ.Period}} {
		if from.p.From.IsZero() {
			continue
		}
		selected := q
		selected.Period = from.p
		sel := selectFrom(from.d, selected, q.headline())
		rows := make([]*rowBins, len(sel.byID)) // where the profile says which row it is
		if k.of != nil {
			for id, p := range sel.byID {
				if p != nil {
					rows[id] = bins[k.of(p)]
				}
			}
		}
		sel.cells(withCallers(from.d, name), func(c Cell, p *store.Profile) {
			h := c.Time / hour
			totals[side].add(h, 0, c.N)
			b := rows[c.Profile]
			if k.of == nil {
				b = bins[value(c, p)]
			}
			if b == nil {
				return
			}
			num, den := of(c.Cell, p)
			if isCode {
				num, den = c.N, 0
			}
			b[side].add(h, num, den)
		})
	}
	return totals
}

func sortedHours(m map[int64]*Ratio) []int64 {
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
