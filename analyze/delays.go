package analyze

import (
	"math"

	"callsift/store"
)

// buckets are counts by delay bucket. Counts of any stretches of time, trunks or
// shards add up before a percentile is taken, so no average of percentiles is
// ever made.
type buckets struct {
	n     int64
	count []int64 // by store.DelayBucket
}

func (b *buckets) add(bucket int, n int64) {
	for len(b.count) <= bucket {
		b.count = append(b.count, 0)
	}
	b.count[bucket] += n
	b.n += n
}

// percentile is the nearest-rank p-quantile in milliseconds, as the middle of
// its bucket: at most store.DelayErrorOf off. -1 where nothing was counted.
func (b *buckets) percentile(p float64) int64 {
	rank := max(1, int64(math.Ceil(p*float64(b.n)-1e-9)))
	var seen int64
	for bucket, n := range b.count {
		if seen += n; seen >= rank {
			low, high := store.DelayRange(bucket)
			return (low + high - 1) / 2
		}
	}
	return -1
}

// delayBuckets merges the selected delays of one kind.
func (s *selection) delayBuckets(d Data, kind store.DelayKind, keep func(*store.Profile) bool) *buckets {
	b := &buckets{}
	s.delays(d, kind, func(x store.Delay, p *store.Profile) {
		if x.Bucket >= 0 && (keep == nil || keep(p)) {
			b.add(x.Bucket, x.N)
		}
	})
	return b
}

// histogram makes bars of four buckets each, a quarter of an octave, from the
// first to the last that holds something.
func (b *buckets) histogram() Histogram {
	h := Histogram{
		N: b.n, ErrorBound: store.DelayErrorOf,
		P50: b.percentile(.5), P90: b.percentile(.9), P95: b.percentile(.95), P99: b.percentile(.99),
	}
	const perBar = 4
	for first := 0; first < len(b.count); first += perBar {
		low, _ := store.DelayRange(first)
		_, high := store.DelayRange(first + perBar - 1)
		bin := Bin{LowMS: low, HighMS: high}
		for _, n := range b.count[first:min(first+perBar, len(b.count))] {
			bin.N += n
		}
		if bin.N > 0 || len(h.Bins) > 0 {
			h.Bins = append(h.Bins, bin)
		}
	}
	return h
}
