package analyze

import (
	"cmp"
	"math"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// dims are the keys by which attempts with a symptom are told from those
// without. Attempts that are alike in all of them are a stratum: it has a rate of
// its own, so that traffic which moves from one to another is no finding.
var dims = [...]key{
	{name: "trunk", of: func(p *store.Profile) string { return p.Trunk }},
	{name: "prefix", of: func(p *store.Profile) string { return p.Prefix }},
	{name: "user_agent", of: func(p *store.Profile) string { return p.UserAgent }},
	{name: "device", of: func(p *store.Profile) string { return p.Device }},
}

type values [len(dims)]string

// mode is how an attempt went wrong. The cause tells apart only records without a
// code.
type mode struct {
	code  int
	cause string
}

func modeOf(p *store.Profile) mode {
	m := mode{code: nearestCode(p)}
	if m.code == codes.Unknown {
		m.cause = cmp.Or(p.Cause, p.Reason)
	}
	return m
}

// symptom is a way of looking at attempts: which are exposed, and which of those
// have it.
type symptom struct {
	name  string
	scope string
	// counts are the attempts of a cell that have the symptom and those that
	// could have had it.
	counts func(c store.Cell, p *store.Profile) (x, n int64)
	modes  bool // told apart by code
	// proof: only with evidence that it is not people (DRIVERS.md §1).
	proof bool
}

func inFull(has func(*store.Profile) bool) func(store.Cell, *store.Profile) (int64, int64) {
	return func(c store.Cell, p *store.Profile) (x, n int64) {
		if !rated(p) {
			return 0, 0
		}
		if has(p) {
			x = c.N
		}
		return x, c.N
	}
}

// symptoms in the order in which equal findings are told. What a hop passed on is
// counted where it came from.
func symptoms(calls string) []symptom {
	return []symptom{
		{SymptomFailed, ScopeLeg, inFull(func(p *store.Profile) bool {
			return p.Outcome == codes.Failed && !(p.Scope == store.ScopeLeg && p.CauseCode > 0 && p.CauseCode != p.Code)
		}), true, false},
		{SymptomDropped, calls, func(c store.Cell, p *store.Profile) (x, n int64) {
			if p.Outcome != codes.Answered {
				return 0, 0
			}
			if p.Flags&codes.FlagDropped != 0 {
				x = c.N
			}
			return x, c.N
		}, false, false},
		{SymptomUser, calls, inFull(func(p *store.Profile) bool { return p.Outcome == codes.User && !p.Rang }), true, true},
		{symptomUnanswered, calls, inFull(func(p *store.Profile) bool { return p.Outcome == codes.User && p.Rang }), true, true},
		{SymptomAbandoned, calls, inFull(isEarlyAbandon), false, true},
		{SymptomShort, calls, func(c store.Cell, p *store.Profile) (x, n int64) {
			if !conversed(p) {
				return 0, 0
			}
			return c.Short, c.Talked
		}, false, false},
	}
}

// symptomUnanswered is SymptomUser after ringing, which another proof speaks for.
const symptomUnanswered = "unanswered"

// dayParts are hours of working days and of days at the weekend: a rate may
// differ between them.
const dayParts = 48

func dayPart(t time.Time) int {
	part := t.Hour()
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		part += 24
	}
	return part
}

// spot counts attempts of a stratum in one bin.
type spot struct {
	bin int32
	n   int32
}

// grid holds what the search for findings works on: one symptom's counts by
// stratum and bin, now (quarter hours) and in the past (hours).
type grid struct {
	symptom
	bySource bool // strata are callers, and nothing else
	q        Query
	from     int64 // start of bin 0, microseconds
	bins     int
	part     []int // of each bin: its part of the day
	strata   []values
	of       map[values]int
	now      [][]spot          // attempts by stratum
	nowX     map[mode][][]spot // those with the symptom
	past     [][]spot          // the same of earlier weeks, by hour since the epoch
	pastX    map[mode][][]spot
	parts    map[int32]int // of an hour of the past: its part of the day
	nowN     []int64       // sums by stratum
	pastN    []int64
	rates    map[mode][]float64          // expected, by stratum
	shape    map[mode]*[dayParts]float64 // factor by part of the day
	cleared  []clearing

	told *grid   // in whose counts its findings are told; nil: its own
	paid float64 // ln of how many grids there are like it
}

// clearing takes what a finding has told out of the search.
type clearing struct {
	strata []bool
	bins   []bool
	mode   *mode // nil: all
}

func (c *clearing) covers(m *mode, stratum int, bin int32) bool {
	return c.strata[stratum] && c.bins[bin] && (c.mode == nil || m == nil || *c.mode == *m)
}

// newGrid counts one symptom; nil where there are no bounds to the period.
func newGrid(d Data, q Query, s symptom) *grid { return gridOf(d, q, s, false) }

func gridOf(d Data, q Query, s symptom, bySource bool) *grid {
	if q.Period.From.IsZero() || q.Period.To.IsZero() {
		return nil
	}
	q.Scope = s.scope
	g := &grid{
		symptom: s, q: q, bySource: bySource, from: floor(q.Period.From.UnixMicro(), quarter), of: map[values]int{},
		nowX: map[mode][][]spot{}, pastX: map[mode][][]spot{}, parts: map[int32]int{},
		rates: map[mode][]float64{}, shape: map[mode]*[dayParts]float64{},
	}
	g.bins = int((q.Period.To.UnixMicro() - g.from + quarter - 1) / quarter)
	if g.bins > maxQuarters {
		return nil
	}
	for i := range g.bins {
		g.part = append(g.part, dayPart(time.UnixMicro(g.from+int64(i)*quarter).In(q.zone())))
	}
	strata := map[int64]int{} // by profile
	stratum := func(p *store.Profile, caller string) int {
		if i, ok := strata[p.ID]; ok && !bySource {
			return i
		}
		v := values{caller}
		if !bySource {
			for k, dim := range dims {
				v[k] = dim.of(p)
			}
		}
		i, ok := g.of[v]
		if !ok {
			i = len(g.strata)
			g.of[v] = i
			g.strata = append(g.strata, v)
			g.now, g.past = append(g.now, nil), append(g.past, nil)
		}
		strata[p.ID] = i
		return i
	}
	count := func(d Data, q Query, sums *[][]spot, having map[mode][][]spot, binOf func(int64) int32) {
		selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
			x, n := s.counts(c.Cell, p)
			if n == 0 {
				return
			}
			i, bin := stratum(p, c.Caller), binOf(c.Time)
			addSpot(&(*sums)[i], bin, n)
			if x == 0 {
				return
			}
			m := mode{}
			if s.modes {
				m = modeOf(p)
			}
			for len(having[m]) <= i {
				having[m] = append(having[m], nil)
			}
			addSpot(&having[m][i], bin, x)
		})
	}
	count(d, q, &g.now, g.nowX, func(us int64) int32 { return int32((us - g.from) / quarter) })
	for _, past := range d.Past {
		before := q
		before.Period = past.Period
		count(past.Data, before, &g.past, g.pastX, func(us int64) int32 {
			h := int32(us / hour)
			if _, ok := g.parts[h]; !ok {
				g.parts[h] = dayPart(time.UnixMicro(int64(h) * hour).In(q.zone()))
			}
			return h
		})
	}
	g.nowN, g.pastN = sumSpots(g.now, len(g.strata)), sumSpots(g.past, len(g.strata))
	return g
}

// maxQuarters bounds the period that is searched: ten weeks.
const maxQuarters = 10 * 7 * 96

// addSpot counts in a list whose bins mostly come in order.
func addSpot(list *[]spot, bin int32, n int64) {
	if k := len(*list); k > 0 && (*list)[k-1].bin == bin {
		(*list)[k-1].n += int32(n)
		return
	}
	*list = append(*list, spot{bin, int32(n)})
}

func sumSpots(lists [][]spot, n int) []int64 {
	sums := make([]int64, n)
	for i, list := range lists {
		for _, s := range list {
			sums[i] += int64(s.n)
		}
	}
	return sums
}

// ownWeight is how many attempts of its own a stratum needs for half of its
// rate to be its own.
const ownWeight = 60

// ratesOf are the expected rates of a mode by stratum: of its own past, shrunk
// towards those of its trunk and prefix, its trunk, and all (empirical Bayes).
// Without a past the period itself stands in for it.
func (g *grid) ratesOf(m mode) []float64 {
	if r := g.rates[m]; r != nil {
		return r
	}
	xs, ns := sumSpots(g.pastX[m], len(g.strata)), g.pastN
	if !g.hasPast() {
		xs, ns = sumSpots(g.nowX[m], len(g.strata)), g.nowN
	}
	type sum struct{ x, n float64 }
	levels := []func(values) values{
		func(values) values { return values{} },
		func(v values) values { return values{v[0]} },
		func(v values) values { return values{v[0], v[1]} },
	}
	sums := make([]map[values]sum, len(levels))
	for l, level := range levels {
		sums[l] = map[values]sum{}
		for i, v := range g.strata {
			s := sums[l][level(v)]
			sums[l][level(v)] = sum{s.x + float64(xs[i]), s.n + float64(ns[i])}
		}
	}
	rates := make([]float64, len(g.strata))
	for i, v := range g.strata {
		all := sums[0][values{}]
		rate := (all.x + .5) / (all.n + 1)
		for l := 1; l < len(levels); l++ {
			s := sums[l][levels[l](v)]
			rate = (s.x + ownWeight*rate) / (s.n + ownWeight)
		}
		rates[i] = (float64(xs[i]) + ownWeight*rate) / (float64(ns[i]) + ownWeight)
	}
	g.rates[m] = rates
	return rates
}

// hasPast: enough attempts in earlier weeks to expect something from them.
func (g *grid) hasPast() bool {
	var n int64
	for _, k := range g.pastN {
		n += k
	}
	return n >= 100
}

// shapeWeight is how many expected cases a part of the day needs for half of its
// factor to be its own.
const shapeWeight = 10

// shapeOf is by how much the rate of a mode differs by hour, as the past has it.
func (g *grid) shapeOf(m mode) *[dayParts]float64 {
	if s := g.shape[m]; s != nil {
		return s
	}
	var x, e [dayParts]float64
	rates := g.ratesOf(m)
	for i, list := range g.past {
		for _, s := range list {
			e[g.parts[s.bin]] += float64(s.n) * rates[i]
		}
	}
	for _, list := range g.pastX[m] {
		for _, s := range list {
			x[g.parts[s.bin]] += float64(s.n)
		}
	}
	shape := &[dayParts]float64{}
	for k := range shape {
		shape[k] = (x[k] + shapeWeight) / (e[k] + shapeWeight)
	}
	g.shape[m] = shape
	return shape
}

// allModes are the modes that occur now, those with most cases first.
func (g *grid) allModes() []mode {
	count := map[mode]int64{}
	var list []mode
	for m, lists := range g.nowX {
		for _, n := range sumSpots(lists, len(lists)) {
			count[m] += n
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b mode) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.code, b.code), cmp.Compare(a.cause, b.cause))
	})
	return list
}

// choice names strata: those with these values; nil is any value.
type choice [len(dims)]*string

func (c choice) holds(v *values) bool {
	for k, want := range c {
		if want != nil && v[k] != *want {
			return false
		}
	}
	return true
}

func (c choice) with(dim int, value string) choice {
	c[dim] = &value
	return c
}

func (c choice) size() (n int) {
	for _, v := range c {
		if v != nil {
			n++
		}
	}
	return n
}

// line is one candidate laid out in time: cases, attempts and expected cases by
// bin, and the same summed over the past.
type line struct {
	mode         *mode // nil: any
	keys         choice
	x, n, e      []float64
	pastX, pastE float64
	phi          float64
}

// lineOf lays out a candidate; what was told already is left out.
func (g *grid) lineOf(m *mode, keys choice) *line {
	l := &line{mode: m, keys: keys, x: make([]float64, g.bins), n: make([]float64, g.bins), e: make([]float64, g.bins), phi: 1}
	modes := []mode{}
	if m != nil {
		modes = append(modes, *m)
	} else {
		modes = g.allModes()
	}
	pastX, pastE := map[int32]float64{}, map[int32]float64{}
	for i := range g.strata {
		if !keys.holds(&g.strata[i]) {
			continue
		}
		for _, s := range g.now[i] {
			if !g.isCleared(m, i, s.bin) {
				l.n[s.bin] += float64(s.n)
			}
		}
		for _, one := range modes {
			rate, shape := g.ratesOf(one)[i], g.shapeOf(one)
			for _, s := range g.now[i] {
				if !g.isCleared(&one, i, s.bin) {
					l.e[s.bin] += float64(s.n) * rate * shape[g.part[s.bin]]
				}
			}
			for _, s := range at(g.nowX[one], i) {
				if !g.isCleared(&one, i, s.bin) {
					l.x[s.bin] += float64(s.n)
				}
			}
			for _, s := range g.past[i] {
				pastE[s.bin] += float64(s.n) * rate * shape[g.parts[s.bin]]
			}
			for _, s := range at(g.pastX[one], i) {
				pastX[s.bin] += float64(s.n)
			}
		}
	}
	for _, e := range pastE {
		l.pastE += e
	}
	for _, x := range pastX {
		l.pastX += x
	}
	l.phi = g.lineDispersion(l, pastX, pastE)
	return l
}

func at(lists [][]spot, i int) []spot {
	if i < len(lists) {
		return lists[i]
	}
	return nil
}

func (g *grid) isCleared(m *mode, stratum int, bin int32) bool {
	for i := range g.cleared {
		if g.cleared[i].covers(m, stratum, bin) {
			return true
		}
	}
	return false
}

const (
	phiBin    = 2. // expected cases a bin of the dispersion holds at least
	phiWeight = 10 // bins of no dispersion that every candidate starts with
	maxPhi    = 10
)

// lineDispersion is how much the cases vary from hour to hour beyond chance, as
// the past has it, without the two bins in a hundred that are farthest off: what
// went wrong then is no measure of a usual week.
func (g *grid) lineDispersion(l *line, pastX, pastE map[int32]float64) float64 {
	var hours []int32
	for h := range pastE {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	var terms []float64
	var x, e float64
	for _, h := range hours {
		x, e = x+pastX[h], e+pastE[h]
		if e >= phiBin {
			terms = append(terms, (x-e)*(x-e)/e)
			x, e = 0, 0
		}
	}
	slices.Sort(terms)
	terms = terms[:len(terms)-(len(terms)+49)/50]
	sum := float64(phiWeight)
	for _, t := range terms {
		sum += t
	}
	return min(maxPhi, max(1, sum/float64(len(terms)+phiWeight)))
}

// likelihood is the log-likelihood ratio of x cases where e of all T were
// expected, E expected in all (Kulldorff 1997); 0 where x is no excess.
func likelihood(x, e, T, E float64) float64 {
	if E <= 0 {
		return 0
	}
	e *= T / E
	if x <= e || e <= 0 || T-e <= 0 {
		return 0
	}
	score := x * math.Log(x/e)
	if T > x {
		score += (T - x) * math.Log((T-x)/(T-e))
	}
	return score
}
