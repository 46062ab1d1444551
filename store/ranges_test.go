package store

import (
	"math/rand/v2"
	"testing"
)

// TestRanges: whatever is added in whatever order, the ranges cover the same
// moments, and are in order and apart.
func TestRanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var r ranges
		var want [100]bool
		for range random.IntN(12) {
			from := random.Int64N(90)
			to := from + random.Int64N(10)
			r.add(from, to)
			for i := from; i <= to; i++ {
				want[i] = true
			}
		}
		var got [100]bool
		for i, x := range r {
			if i > 0 && x[0] <= r[i-1][1] {
				t.Fatalf("%v: not in order, or not apart", r)
			}
			for k := x[0]; k <= x[1]; k++ {
				got[k] = true
			}
		}
		if got != want {
			t.Fatalf("%v covers other moments than what was added", r)
		}
	}
}
