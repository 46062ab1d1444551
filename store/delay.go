package store

import "math/bits"

// Delay buckets: exact to 31 ms, then 16 buckets an octave, so that a value read
// back from its bucket's middle is off by at most 1/32 = 3.2 %. Buckets of any
// two stretches of time add up, which is what lets percentiles be merged.
const (
	exactDelays  = 32
	perOctave    = 16
	maxDelayMS   = 1 << 31
	DelayErrorOf = 1.0 / 32
)

// DelayBucket is the bucket of a delay in milliseconds; negative counts as 0.
func DelayBucket(ms int64) int {
	switch {
	case ms < 0:
		return 0
	case ms < exactDelays:
		return int(ms)
	case ms >= maxDelayMS:
		ms = maxDelayMS - 1
	}
	octave := bits.Len64(uint64(ms)) - 6 // 32..63 is octave 0
	return exactDelays + octave*perOctave + int(ms>>(octave+1)) - perOctave
}

// DelayRange is the half-open range of milliseconds that a bucket holds.
func DelayRange(bucket int) (low, high int64) {
	if bucket < exactDelays {
		return int64(bucket), int64(bucket) + 1
	}
	octave := (bucket - exactDelays) / perOctave
	step := (bucket - exactDelays) % perOctave
	low = int64(perOctave+step) << (octave + 1)
	return low, low + 1<<(octave+1)
}
