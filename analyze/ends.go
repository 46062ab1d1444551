package analyze

import "math"

// Where a trouble begins and ends is asked of the attempts with its keys alone:
// each that failed speaks for it and each that did not against it, by how likely
// that is with the trouble and without. A time in which nobody called says
// nothing. (The search weighs cases against expected ones, which are so few that
// an hour more or less is nothing to it, and which the rate of an outage does not
// follow: of a busy hour and a quiet one it fails the same part.)

const (
	// sureOver is the log-likelihood by which attempts after the last case must
	// speak against it, for it to be over: a chance of 5 %.
	sureOver = 3.
	// maxInside keeps one attempt that got through, a second try perhaps, from
	// ending an outage that stopped all others.
	maxInside = .9
	minInside = 1e-4
)

// weights are how much each bin speaks for being inside, if in is inside.
func (l *line) weights(in []bool) []float64 {
	x, n, e := l.within(in)
	allX, allE := l.pastX, l.pastE
	for b := range l.x {
		allX, allE = allX+l.x[b], allE+l.e[b]
	}
	factor := 1. // of the rates outside, where enough happened there to tell
	if restE := allE - e; restE > 5 {
		factor = min(2, max(.5, (allX-x)/restE))
	}
	p := min(maxInside, max(minInside, x/max(1, n)))
	w := make([]float64, len(l.x))
	for b, n := range l.n {
		if n <= 0 {
			continue
		}
		r := min(.5, max(minInside/10, factor*l.e[b]/n))
		if r < p {
			w[b] = l.x[b]*math.Log(p/r) + (n-l.x[b])*math.Log((1-p)/(1-r))
		}
	}
	return w
}

// sharpen moves the ends of a stretch to where its own attempts put them; ongoing
// where those after its end do not say that it is over.
func (g *grid) sharpen(l *line, s stay) (better stay, ongoing bool) {
	if s.daily { // said by its days: over after its last one
		s = g.sharpenDays(l, s)
		return s, s.last == g.bins-1
	}
	for range 5 {
		first, last := heaviest(l.weights(s.mask(g)))
		if first == s.first && last == s.last || last < first {
			break
		}
		s.first, s.last = first, last
	}
	w, after := l.weights(s.mask(g)), 0.
	for _, x := range w[s.last+1:] {
		after += x
	}
	return s, after > -sureOver
}

// sharpenDays moves the first and last day of what comes by the clock.
func (g *grid) sharpenDays(l *line, s stay) stay {
	w := l.weights(s.mask(g))
	var firsts, lasts []int // bins of each day
	var sums []float64
	for b := range g.bins {
		if b == 0 || g.local(b).Day() != g.local(b-1).Day() {
			firsts, lasts, sums = append(firsts, b), append(lasts, b), append(sums, 0)
		}
		day := len(sums) - 1
		lasts[day] = b
		if q := g.quarterOfDay(b); q >= s.from && q < s.to {
			sums[day] += w[b]
		}
	}
	if first, last := heaviest(sums); last-first+1 >= minDays {
		s.first, s.last = firsts[first], lasts[last]
	}
	return s
}

// heaviest is the stretch with the greatest sum.
func heaviest(w []float64) (first, last int) {
	last = -1
	most, sum, from := 0., 0., 0
	for b, x := range w {
		if sum <= 0 {
			sum, from = 0, b
		}
		if sum += x; sum > most {
			most, first, last = sum, from, b
		}
	}
	return first, last
}

// slowFrom moves the ends of a slow set-up to where the delays put them: of the
// calls that were given up there are few, and all others took as long. It needs
// the calls one by one.
func (d *driver) slowFrom(data Data) bool {
	_, _, usual, m := d.pdd(data)
	if data.Calls == nil || m < minBefore {
		return false
	}
	g, slow := d.g, max(usual+1000, usual+usual/2)
	l := &line{x: make([]float64, g.bins), n: make([]float64, g.bins), e: make([]float64, g.bins), phi: 1}
	exposed, having := d.profilesOf(data)
	for _, c := range data.Calls {
		b := (c.Start - g.from) / quarter
		if !exposed[c.Profile] || b < 0 || b >= int64(g.bins) || c.PDD < 0 && !having[c.Profile] {
			continue
		}
		l.n[b]++
		l.e[b] += .05 // usual is what 95 % stay below
		if having[c.Profile] || c.PDD >= slow {
			l.x[b]++
		}
	}
	better, ongoing := g.sharpen(l, d.stay)
	if overlap(better.mask(g), d.in) < .5 {
		return false
	}
	d.stay, d.ongoing, d.in = better, ongoing, better.mask(g)
	d.x, d.n, d.expected = g.lineOf(d.mode, d.keys).within(d.in)
	return true
}
