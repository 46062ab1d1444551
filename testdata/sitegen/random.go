package main

import "fmt"

// random is SplitMix64: a few lines, and the same numbers on every machine.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below is a number from 0 to n-1.
func (r *random) below(n int64) int64 { return int64(r.next() % uint64(n)) }

// between is a number from low to high.
func (r *random) between(low, high int64) int64 { return low + r.below(high-low+1) }

// chance is true in n of 1000 cases.
func (r *random) chance(n int64) bool { return r.below(1000) < n }

// hex is n hexadecimal digits.
func (r *random) hex(n int) string { return fmt.Sprintf("%016x", r.next())[16-n:] }

// pick is an index, each as often as its weight says.
func (r *random) pick(weights []int64) int {
	var sum int64
	for _, w := range weights {
		sum += w
	}
	at := r.below(sum)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// quantiles of log-normal distributions in steps of 5 %: integers, since
// floating-point functions differ between machines.
var (
	talkSeconds  = []int64{3, 14, 21, 27, 32, 38, 44, 51, 58, 66, 75, 85, 97, 110, 127, 147, 174, 211, 270, 388, 1100}
	delayMillis  = []int64{380, 525, 618, 690, 753, 812, 869, 925, 981, 1039, 1100, 1164, 1233, 1308, 1393, 1490, 1607, 1754, 1958, 2306, 4100}
	ringSeconds  = []int64{1, 2, 3, 4, 4, 5, 5, 6, 7, 7, 8, 9, 10, 10, 11, 13, 14, 16, 18, 23, 38}
	refuseMillis = []int64{90, 140, 180, 220, 260, 300, 340, 390, 440, 500, 560, 630, 710, 800, 910, 1050, 1220, 1450, 1800, 2400, 4800}
)

// draw takes a value from a distribution given by its quantiles, in steps of 1/1000 of them.
func (r *random) draw(quantiles []int64) int64 {
	at := r.below(int64(len(quantiles)-1) * 1000)
	low, high := quantiles[at/1000], quantiles[at/1000+1]
	return low + (high-low)*(at%1000)/1000
}
