package analyze

import (
	"cmp"
	"math"
	"slices"
)

// Newcombe is the 95 % interval of p2 - p1 for x1 of n1 and x2 of n2, made of
// the two Wilson intervals (Newcombe 1998, method 10); 0, 0 where one n is 0.
func Newcombe(x1, n1, x2, n2 int64) (low, high float64) {
	if n1 == 0 || n2 == 0 {
		return 0, 0
	}
	p1, p2 := float64(x1)/float64(n1), float64(x2)/float64(n2)
	l1, u1 := Wilson(x1, n1)
	l2, u2 := Wilson(x2, n2)
	d := p2 - p1
	return d - math.Hypot(p2-l2, u1-p1), d + math.Hypot(u2-p2, p1-l1)
}

// TwoProportions is the pooled z of p2 - p1; 0 where it is not defined.
func TwoProportions(x1, n1, x2, n2 int64) float64 {
	if n1 == 0 || n2 == 0 {
		return 0
	}
	a, b := float64(n1), float64(n2)
	p := float64(x1+x2) / (a + b)
	se := math.Sqrt(p * (1 - p) * (1/a + 1/b))
	if se == 0 {
		return 0
	}
	return (float64(x2)/b - float64(x1)/a) / se
}

// twoSided is the chance of a normal value as far from 0 as z.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// dispersion is Pearson's chi squared over its degrees of freedom, at least 1:
// how much more x varies from bin to bin than independent calls would, around
// one rate for each group of bins (a week). Fewer than 3 bins with attempts say
// nothing.
func dispersion(groups ...[]Ratio) float64 {
	var chi2 float64
	free := 0
	for _, bins := range groups {
		var x, n int64
		used := 0
		for _, b := range bins {
			x, n = x+b.Num, n+b.Den
			if b.Den > 0 {
				used++
			}
		}
		if x == 0 || x == n || used < 3 {
			continue
		}
		p := float64(x) / float64(n)
		for _, b := range bins {
			if b.Den > 0 {
				d := float64(b.Num) - float64(b.Den)*p
				chi2 += d * d / (float64(b.Den) * p * (1 - p))
			}
		}
		free += used - 1
	}
	if free == 0 {
		return 1
	}
	return max(1, chi2/float64(free))
}

// benjaminiHochberg tells which of the p-values stand at the false discovery
// rate q.
func benjaminiHochberg(ps []float64, q float64) []bool {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(ps[a], ps[b]), cmp.Compare(a, b)) })
	last := -1
	for k, i := range order {
		if ps[i] <= q*float64(k+1)/float64(len(ps)) {
			last = k
		}
	}
	stands := make([]bool, len(ps))
	for k := 0; k <= last; k++ {
		stands[order[k]] = true
	}
	return stands
}

// median of some values; they are sorted.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
