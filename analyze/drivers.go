package analyze

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"callsift/store"
)

// The search for drivers (DRIVERS.md): of every code, trunk, prefix, user agent
// and device, and every code with one of them, the time in which its failures are
// hardest to explain; then, within that time, the simplest keys that hold the
// excess; then the same again without what was told.
const (
	maxFindings   = 7
	maxKeys       = 3  // of a finding, its code among them
	maxTries      = 24 // searches a symptom, told and dismissed ones together
	minCases      = 8  // failures above expectation
	minShare      = 0.005
	minLift       = 1.5
	minMargin     = 3 // log-likelihood over its price: a chance of 5 %
	maxCandidates = 160
	holdShare     = 0.8 // of the excess that named keys have to hold
)

// driver is what the search found: keys and a time with an excess.
type driver struct {
	g        *grid
	mode     *mode
	keys     choice
	stay     stay
	in       []bool
	x, n     float64
	expected float64
	restE    float64 // expected cases outside, what the expectation stands on
	phi      float64
	margin   float64
	coverage float64
	ongoing  bool // its own attempts do not say that it is over

	source  string // the one caller that it is about
	members []Call // calls with the symptom, not all of them where they are many
	spread  spread
	proofs  []proof
	same    []*driver // that tell of the same calls
	twins   []*driver // of the same hours, in records of other boxes that carry no code
	// What the margin is made of: expected cases before they are set right by the
	// rest, those and the cases in all, and the price of the search.
	e, allX, allE, price float64
}

func (d *driver) excess() float64 { return d.x - d.expected }

type candidate struct {
	mode *mode
	keys choice
}

// candidates are any mode and each mode, alone and with one key.
func (g *grid) candidates(least float64) []candidate {
	type counted struct {
		candidate
		x    int64
		name string
	}
	byKey := map[string]*counted{}
	add := func(m *mode, keys choice, x int64) {
		name := "*"
		if m != nil {
			name = itoa(m.code) + m.cause
		}
		for k, v := range keys {
			if v != nil {
				name += "\x00" + itoa(k) + *v
			}
		}
		c := byKey[name]
		if c == nil {
			c = &counted{candidate: candidate{m, keys}, name: name}
			byKey[name] = c
		}
		c.x += x
	}
	for _, m := range g.allModes() {
		for i, x := range sumSpots(g.nowX[m], len(g.nowX[m])) {
			if x == 0 {
				continue
			}
			of := []*mode{&m}
			if g.modes && !g.proof {
				of = append(of, nil)
			}
			if g.bySource {
				add(&m, choice{}.with(0, g.strata[i][0]), x)
				continue
			}
			for _, one := range of {
				add(one, choice{}, x)
				for k, v := range g.strata[i] {
					if v != "" {
						add(one, choice{}.with(k, v), x)
					}
				}
			}
		}
	}
	var list []*counted
	for _, c := range byKey {
		if float64(c.x) >= least {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *counted) int { return cmp.Or(cmp.Compare(b.x, a.x), cmp.Compare(a.name, b.name)) })
	var out []candidate
	for _, c := range list[:min(len(list), maxCandidates)] {
		out = append(out, c.candidate)
	}
	return out
}

// search finds the drivers of one symptom, the most certain first. judge tells
// whether one is worth telling; either way it is taken out of the search.
func (g *grid) search(judge func(*driver) bool) []*driver {
	var total int64
	for _, lists := range g.nowX {
		for _, n := range sumSpots(lists, len(lists)) {
			total += n
		}
	}
	least := max(minCases, minShare*float64(total))
	candidates := g.candidates(least)
	price := math.Log(float64(max(1, len(candidates)))) + g.paid
	var found []*driver
	lines := make([]*line, len(candidates))
	stays := make([]stay, len(candidates))
	var cleared *clearing
	for range maxTries {
		best, bestMargin := -1, 0.
		for i, c := range candidates {
			if lines[i] == nil || g.touches(cleared, c) {
				lines[i] = g.lineOf(c.mode, c.keys)
				stays[i] = g.worst(lines[i])
			}
			margin := stays[i].score/lines[i].phi - stays[i].price - price
			x, _, e := lines[i].within(stays[i].mask(g))
			if margin > bestMargin && x-e >= least && x >= minLift*e {
				best, bestMargin = i, margin
			}
		}
		if best < 0 || bestMargin < minMargin || len(found) == maxFindings {
			break
		}
		d := g.settle(candidates[best], lines[best], stays[best], price)
		if d.excess() >= least && d.x >= minLift*d.expected && judge(d) {
			found = append(found, d)
		}
		cleared = g.clear(d, stays[best])
	}
	return found
}

// touches: clearing took something out of the candidate's line.
func (g *grid) touches(c *clearing, k candidate) bool {
	if c == nil || c.mode != nil && k.mode != nil && *c.mode != *k.mode {
		return false
	}
	for i := range g.strata {
		if c.strata[i] && k.keys.holds(&g.strata[i]) {
			return true
		}
	}
	return false
}

// clear takes a driver out of the search, in the time that was found first too,
// so that the search goes on.
func (g *grid) clear(d *driver, first stay) *clearing {
	c := clearing{strata: make([]bool, len(g.strata)), bins: first.mask(g), mode: d.mode}
	for i := range g.strata {
		c.strata[i] = d.keys.holds(&g.strata[i])
	}
	for b, in := range d.in {
		c.bins[b] = c.bins[b] || in
	}
	g.cleared = append(g.cleared, c)
	return &g.cleared[len(g.cleared)-1]
}

func (l *line) within(in []bool) (x, n, e float64) {
	for b, yes := range in {
		if yes {
			x, n, e = x+l.x[b], n+l.n[b], e+l.e[b]
		}
	}
	return x, n, e
}

// settle names the keys of what was found and measures it.
func (g *grid) settle(c candidate, l *line, s stay, price float64) *driver {
	m, keys := g.simplest(c, s.mask(g))
	d := &driver{g: g, mode: m, keys: keys, stay: s, phi: l.phi}
	final := l
	if keys != c.keys || m != c.mode {
		final = g.lineOf(m, keys)
		if again := g.worst(final); again.score > 0 && overlap(again.mask(g), s.mask(g)) >= .5 {
			d.stay = again
		}
		d.phi = final.phi
	}
	if better, ongoing := g.sharpen(final, d.stay); overlap(better.mask(g), d.stay.mask(g)) >= .5 {
		d.stay, d.ongoing = better, ongoing
	}
	d.in = d.stay.mask(g)
	var e float64
	d.x, d.n, e = final.within(d.in)
	allX, allE := final.pastX, final.pastE
	for b := range final.x {
		allX, allE = allX+final.x[b], allE+final.e[b]
	}
	d.restE = allE - e
	d.expected = e
	if d.restE > 5 {
		d.expected = e * min(2, max(.5, (allX-d.x)/d.restE))
	} else if !g.hasPast() && d.restE > 0 {
		d.expected = e * (allX - d.x) / d.restE
	}
	d.e, d.allX, d.allE, d.price = e, allX, allE, price
	d.margin = max(d.marginOf(d.x), minMargin)
	whole, _, wholeE := g.lineOf(nil, choice{}).within(d.in)
	if excess := whole - wholeE; excess > 0 {
		d.coverage = min(1, d.excess()/excess)
	}
	return d
}

// marginOf is the margin with so many cases in the driver's time.
func (d *driver) marginOf(x float64) float64 {
	score := likelihood(x, d.e, d.allX-d.x+x, d.allE)
	return score/d.phi - d.stay.price - d.price
}

// overlap is the part that two sets of bins share of both together.
func overlap(a, b []bool) float64 {
	both, any := 0, 0
	for i := range a {
		if a[i] && b[i] {
			both++
		}
		if a[i] || b[i] {
			any++
		}
	}
	if any == 0 {
		return 0
	}
	return float64(both) / float64(any)
}

// counts3 are cases, attempts and expected cases.
type counts3 struct{ x, n, e float64 }

func (c counts3) excess() float64 { return c.x - c.e }

func (c counts3) minus(o counts3) counts3 { return counts3{c.x - o.x, c.n - o.n, c.e - o.e} }

// byStratum counts what happened in some bins.
func (g *grid) byStratum(m *mode, in []bool) []counts3 {
	out := make([]counts3, len(g.strata))
	modes := g.allModes()
	if m != nil {
		modes = []mode{*m}
	}
	for i := range g.strata {
		for _, s := range g.now[i] {
			if !in[s.bin] || g.isCleared(m, i, s.bin) {
				continue
			}
			out[i].n += float64(s.n)
			for _, one := range modes {
				out[i].e += float64(s.n) * g.ratesOf(one)[i] * g.shapeOf(one)[g.part[s.bin]]
			}
		}
		for _, one := range modes {
			for _, s := range at(g.nowX[one], i) {
				if in[s.bin] && !g.isCleared(&one, i, s.bin) {
					out[i].x += float64(s.n)
				}
			}
		}
	}
	return out
}

func (g *grid) sumOf(cells []counts3, keys choice) (sum counts3) {
	for i, c := range cells {
		if keys.holds(&g.strata[i]) {
			sum.x, sum.n, sum.e = sum.x+c.x, sum.n+c.n, sum.e+c.e
		}
	}
	return sum
}

// simplest goes up where the siblings failed alike, and down where one child
// holds the excess and its siblings stayed as they were (the ripple of DRIVERS.md).
func (g *grid) simplest(c candidate, in []bool) (*mode, choice) {
	m, keys := c.mode, c.keys
	if g.bySource {
		return m, keys
	}
	if m == nil && g.modes {
		m = g.soleMode(keys, in)
	}
	cells := g.byStratum(m, in)
	for k := range keys {
		if keys[k] == nil {
			continue
		}
		up := keys
		up[k] = nil
		own, all := g.sumOf(cells, keys), g.sumOf(cells, up)
		rest := all.minus(own)
		if rest.excess() >= .25*all.excess() && rest.x*own.n*3 >= own.x*rest.n || g.raisedAlike(cells, keys, k) {
			keys = up
		}
	}
	most := maxKeys
	if m != nil && g.modes {
		most--
	}
	for keys.size() < most {
		next, ok := g.child(cells, keys)
		if !ok {
			break
		}
		keys = next
	}
	if m == nil && g.modes && keys.size() < maxKeys {
		m = g.soleMode(keys, in) // what the other keys had hid it
	}
	return m, keys
}

// alikeShare is how much of an excess the siblings hold at least, for the key not
// to be what tells it from the rest.
const alikeShare = .1

// raisedAlike: values of one key beside the chosen one rose as much as it did, and
// not by chance, and hold a part of the excess. Those that did not rise at all say
// nothing: a registrar's loss touches no call that leaves the house.
func (g *grid) raisedAlike(cells []counts3, keys choice, k int) bool {
	up, sums := keys, map[string]counts3{}
	up[k] = nil
	for i, c := range cells {
		if v := &g.strata[i]; up.holds(v) {
			s := sums[v[k]]
			sums[v[k]] = counts3{s.x + c.x, s.n + c.n, s.e + c.e}
		}
	}
	own := sums[*keys[k]]
	raised := 0.
	for _, v := range slices.Sorted(maps.Keys(sums)) { // in order: sums of floats depend on it
		s := sums[v]
		// Of what fails most attempts, all values lose the same part, however often
		// they failed before; of less, all fail so many times as often.
		alike := 2*s.x*own.n >= own.x*s.n || 2*own.x < own.n && 2*s.x*(own.e+1) >= own.x*(s.e+1)
		if v != *keys[k] && s.excess() >= 5 && s.excess() >= 3*math.Sqrt(s.e+1) && alike {
			raised += s.excess()
		}
	}
	return raised >= alikeShare*(own.excess()+raised)
}

// soleMode is the mode that holds the excess, nil where no single one does.
func (g *grid) soleMode(keys choice, in []bool) *mode {
	var all float64
	var best *mode
	var most float64
	for _, m := range g.allModes() {
		c := g.sumOf(g.byStratum(&m, in), keys)
		if c.excess() > 0 {
			all += c.excess()
		}
		if c.excess() > most {
			best, most = &m, c.excess()
		}
	}
	if most < holdShare*all {
		return nil
	}
	return best
}

// child adds the key that tells the cases from the rest best.
func (g *grid) child(cells []counts3, keys choice) (choice, bool) {
	whole := g.sumOf(cells, keys)
	var best choice
	gain := 0.
	for k := range dims {
		if keys[k] != nil {
			continue
		}
		sums := map[string]counts3{}
		for i, c := range cells {
			if v := &g.strata[i]; keys.holds(v) {
				s := sums[v[k]]
				sums[v[k]] = counts3{s.x + c.x, s.n + c.n, s.e + c.e}
			}
		}
		var top string
		for v, s := range sums {
			if t := sums[top]; s.excess() > t.excess() || s.excess() == t.excess() && v < top {
				top = v
			}
		}
		own := sums[top]
		rest := whole.minus(own)
		// Siblings that would have shown it, and did not.
		if top == "" || own.excess() < holdShare*whole.excess() || own.n <= 0 || rest.n*own.x/own.n < 5 || rest.x*own.n*3 > own.x*rest.n {
			continue
		}
		if score := contrast(own, rest); score > gain && !g.raisedAlike(cells, keys.with(k, top), k) {
			best, gain = keys.with(k, top), score
		}
	}
	return best, gain > 0
}

// contrast is the log-likelihood ratio of two rates against one.
func contrast(a, b counts3) float64 {
	rate := (a.x + b.x) / (a.n + b.n)
	score := 0.
	for _, c := range []counts3{a, b} {
		if c.x > 0 {
			score += c.x * math.Log(c.x/(c.n*rate))
		}
	}
	return score
}

// profilesOf are the profiles whose attempts have the driver's keys, and of
// those the ones with the symptom.
func (d *driver) profilesOf(data Data) (exposed, having map[int64]bool) {
	exposed, having = map[int64]bool{}, map[int64]bool{}
	one := store.Cell{N: 1, Talked: 1, Short: 1}
	for id, p := range selectFrom(data, d.g.q, d.g.q.headline()).profiles() {
		var v values
		for k, dim := range dims {
			v[k] = dim.of(p)
		}
		x, n := d.g.counts(one, p)
		if n == 0 || !d.g.bySource && !d.keys.holds(&v) {
			continue
		}
		exposed[id] = true
		if x > 0 && (d.mode == nil || !d.g.modes || modeOf(p) == *d.mode) {
			having[id] = true
		}
	}
	return exposed, having
}
