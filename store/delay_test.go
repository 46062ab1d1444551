package store

import "testing"

func TestDelayBucketHoldsItsValue(t *testing.T) {
	last := -1
	for ms := int64(0); ms < 1<<20; ms++ {
		b := DelayBucket(ms)
		low, high := DelayRange(b)
		if ms < low || ms >= high {
			t.Fatalf("%d ms is in bucket %d = [%d, %d)", ms, b, low, high)
		}
		if b != last && b != last+1 {
			t.Fatalf("%d ms: bucket %d after %d", ms, b, last)
		}
		last = b
		if mid := float64(low+high-1) / 2; ms > 0 && (mid-float64(ms))/float64(ms) > DelayErrorOf {
			t.Fatalf("%d ms reads back as %.1f", ms, mid)
		}
	}
}
