package analyze

import "math"

// Wilson is the 95 % score interval of x successes in n tries, as fractions
// (Wilson 1927); 0, 0 where n is 0.
func Wilson(x, n int64) (low, high float64) {
	if n == 0 {
		return 0, 0
	}
	const z = 1.96
	p, N := float64(x)/float64(n), float64(n)
	centre := (p + z*z/(2*N)) / (1 + z*z/N)
	half := z / (1 + z*z/N) * math.Sqrt(p*(1-p)/N+z*z/(4*N*N))
	return max(0, min(p, centre-half)), min(1, max(p, centre+half)) // rounding must not put p outside
}

func ratio(num, den int64) Ratio {
	low, high := Wilson(num, den)
	return Ratio{Num: num, Den: den, Low: low, High: high}
}
