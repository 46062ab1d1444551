package analyze

import (
	"math"
	"time"
)

// stay is a set of bins: one stretch, or the same hours of several days.
type stay struct {
	first, last int // bins
	// daily: only quarter hours [from, to) of each day between the two.
	daily    bool
	from, to int
	score    float64 // log-likelihood ratio
	price    float64 // ln of how many such sets there are
}

func (s *stay) mask(g *grid) []bool {
	in := make([]bool, g.bins)
	for b := s.first; b <= s.last; b++ {
		if !s.daily {
			in[b] = true
			continue
		}
		q := g.quarterOfDay(b)
		in[b] = q >= s.from && q < s.to
	}
	return in
}

func (g *grid) local(bin int) time.Time {
	return time.UnixMicro(g.from + int64(bin)*quarter).In(g.q.zone())
}

// quarterOfDay is by the clock: 40 is 10:00 on a day of 23 hours too.
func (g *grid) quarterOfDay(bin int) int {
	t := g.local(bin)
	return t.Hour()*4 + t.Minute()/15
}

// sums are running sums, so that a stretch's cases are one subtraction.
type sums struct{ x, e []float64 }

func runningSums(x, e []float64) sums {
	s := sums{make([]float64, len(x)+1), make([]float64, len(x)+1)}
	for i := range x {
		s.x[i+1], s.e[i+1] = s.x[i]+x[i], s.e[i]+e[i]
	}
	return s
}

func (s sums) of(first, last int) (x, e float64) {
	return s.x[last+1] - s.x[first], s.e[last+1] - s.e[first]
}

// fineBins is how many bins with cases are tried one against the other; a
// denser line is searched by hours first and then moved by quarter hours.
const fineBins = 160

// stretchOf is the contiguous bins with the greatest score, or those from one bin
// to the end where they are as good for their price.
func (g *grid) stretchOf(l *line) stay {
	s := runningSums(l.x, l.e)
	T, E := s.x[len(l.x)]+l.pastX, s.e[len(l.e)]+l.pastE
	var busy []int
	lively := 1.
	for i, x := range l.x {
		if x > 0 {
			busy = append(busy, i)
		}
		if l.n[i] > 0 {
			lively++
		}
	}
	// Stretches that differ by bins without an attempt are one: a caller with a
	// call an hour has no hundred thousand of them to be lucky in.
	best := stay{price: math.Log(lively * (lively + 1) / 2)}
	since := stay{price: math.Log(lively)}
	if len(busy) == 0 {
		return best
	}
	try := func(best *stay, first, last int) {
		if x, e := s.of(first, last); x > e {
			if score := likelihood(x, e, T, E); score > best.score {
				best.first, best.last, best.score = first, last, score
			}
		}
	}
	for _, first := range busy {
		try(&since, first, g.bins-1)
	}
	if len(busy) <= fineBins {
		for i, first := range busy {
			for _, last := range busy[i:] {
				try(&best, first, last)
			}
		}
	} else {
		g.coarsely(func(first, last int) { try(&best, first, last) }, &best)
	}
	if since.score/l.phi-since.price > best.score/l.phi-best.price {
		return since
	}
	return best
}

// coarsely tries stretches of whole hours, and then moves the best one by quarter
// hours.
func (g *grid) coarsely(try func(first, last int), best *stay) {
	const coarse = 4
	for first := 0; first < g.bins; first += coarse {
		for last := first + coarse - 1; last < g.bins+coarse-1; last += coarse {
			try(first, min(last, g.bins-1))
		}
	}
	around := *best
	for first := max(0, around.first-coarse); first <= min(g.bins-1, around.first+coarse); first++ {
		for last := max(first, around.last-coarse); last <= min(g.bins-1, around.last+coarse); last++ {
			try(first, last)
		}
	}
}

// minDays is how many days must show an excess for it to be the same hours of
// every day.
const minDays = 3

// maxHours: what lasts longer than half of a day does not come by the clock.
const maxHours = 12

// dailyOf is the quarter hours of the day, and the days, with the greatest score.
func (g *grid) dailyOf(l *line) stay {
	type day struct {
		first, last int // bins
		x, e        [97]float64
	}
	var days []*day
	for b := range g.bins {
		q := g.quarterOfDay(b)
		if b == 0 || g.local(b).Day() != g.local(b-1).Day() {
			days = append(days, &day{first: b})
		}
		d := days[len(days)-1]
		d.last = b
		d.x[q+1] += l.x[b]
		d.e[q+1] += l.e[b]
	}
	var T, E float64
	for _, d := range days {
		for q := range 96 {
			d.x[q+1] += d.x[q]
			d.e[q+1] += d.e[q]
		}
		T, E = T+d.x[96], E+d.e[96]
	}
	T, E = T+l.pastX, E+l.pastE
	n := float64(len(days))
	best := stay{daily: true, price: math.Log(max(1, n*(n+1)/2*96*97/2))}
	var x, e [97]float64
	a, z := 0, 0
	try := func(from, to int) {
		X, Ex := x[to]-x[from], e[to]-e[from]
		if X <= Ex {
			return
		}
		if score := likelihood(X, Ex, T, E); score > best.score {
			best.score, best.from, best.to, best.first, best.last = score, from, to, days[a].first, days[z].last
		}
	}
	for a = range days {
		x, e = [97]float64{}, [97]float64{}
		for z = a; z < len(days); z++ {
			for q := range x {
				x[q], e[q] = x[q]+days[z].x[q], e[q]+days[z].e[q]
			}
			if z-a+1 < minDays {
				continue
			}
			for from := 0; from < 96; from += 4 {
				for to := from + 4; to <= min(96, from+4*maxHours); to += 4 {
					try(from, to)
				}
			}
		}
	}
	if best.score == 0 {
		return best
	}
	// The hours are right; now the quarter hours.
	x, e = [97]float64{}, [97]float64{}
	bad := 0
	for i, d := range days {
		if d.first < best.first || d.last > best.last {
			continue
		}
		if d.x[best.to]-d.x[best.from] > 2*(d.e[best.to]-d.e[best.from])+1 {
			bad++
		}
		for q := range x {
			x[q], e[q] = x[q]+d.x[q], e[q]+d.e[q]
		}
		if d.first == best.first {
			a = i
		}
		z = i
	}
	if bad < minDays || !g.restIsQuiet(l, best) {
		return stay{}
	}
	from, to := best.from, best.to
	for f := max(0, from-3); f <= min(95, from+3); f++ {
		for t := max(f+1, to-3); t <= min(96, to+3); t++ {
			try(f, t)
		}
	}
	return best
}

// restIsQuiet: the other hours of those days had attempts enough to fail as often,
// and did not. Where they had not, nothing says that the hours matter.
func (g *grid) restIsQuiet(l *line, s stay) bool {
	in := s.mask(g)
	var x, n, restX, restN float64
	for b := s.first; b <= s.last; b++ {
		if in[b] {
			x, n = x+l.x[b], n+l.n[b]
		} else {
			restX, restN = restX+l.x[b], restN+l.n[b]
		}
	}
	alike := restN * x / max(1, n)
	return alike >= 8 && restX <= alike/4
}

// worst is the set of bins that is hardest to explain by chance: one stretch,
// or the same hours of several days where that is better by more than its price.
func (g *grid) worst(l *line) stay {
	one := g.stretchOf(l)
	if one.score == 0 {
		return one
	}
	if daily := g.dailyOf(l); daily.score/l.phi-daily.price > one.score/l.phi-one.price+1 {
		return daily
	}
	return one
}
