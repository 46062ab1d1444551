package analyze

import (
	"math"
	"math/rand/v2"
	"slices"

	"callsift/store"
)

const (
	resamples     = 400
	bootstrapSeed = 20261109 // fixed: the same data gives the same interval
)

// testDelay compares the 95th percentile of the post-dial delay by drawing the
// hours of all periods anew, with replacement: calls of the same hour are not
// independent of each other. Several weeks before stand for one by their median.
func (x *comparer) testDelay(c *Change) {
	c.Material = c.BeforeValue > 0 && math.Abs(c.Diff)/c.BeforeValue >= delayChange
	now := x.delayHours(x.now, x.q)
	var before [][]buckets
	weeks := []Past{{x.beforeQ.Period, x.before}}
	if x.median {
		weeks = x.now.Past
	}
	for _, p := range weeks {
		q := x.beforeQ
		q.Period = p.Period
		if hours := x.delayHours(p.Data, q); total(hours) >= minAttempts {
			before = append(before, hours)
		}
	}
	if total(now) < minAttempts || len(before) == 0 {
		c.Note = "low volume"
		return
	}
	random := rand.New(rand.NewPCG(bootstrapSeed, 1))
	diffs := make([]float64, resamples)
	below, above := 0, 0
	for i := range diffs {
		drawn := float64(redrawn(now, random).percentile(.95))
		usual := make([]float64, len(before))
		for k, hours := range before {
			usual[k] = float64(redrawn(hours, random).percentile(.95))
		}
		diffs[i] = drawn - median(usual)
		if diffs[i] <= 0 {
			below++
		}
		if diffs[i] >= 0 {
			above++
		}
	}
	slices.Sort(diffs)
	c.Tested = true
	c.Low, c.High = diffs[resamples*25/1000], diffs[resamples*975/1000-1]
	c.P = min(1, 2*float64(1+min(below, above))/(resamples+1))
}

func total(hours []buckets) (n int64) {
	for _, h := range hours {
		n += h.n
	}
	return n
}

// redrawn is as many hours, drawn with replacement, as one distribution.
func redrawn(hours []buckets, random *rand.Rand) *buckets {
	var sum buckets
	for range hours {
		h := &hours[random.IntN(len(hours))]
		for bucket, n := range h.count {
			if n > 0 {
				sum.add(bucket, n)
			}
		}
	}
	return &sum
}

// delayHours is the distribution of the post-dial delay in each hour that has one.
func (x *comparer) delayHours(d Data, q Query) []buckets {
	byHour := map[int64]*buckets{}
	add := func(us int64, bucket int, n int64) {
		b := byHour[us/hour]
		if b == nil {
			b = &buckets{}
			byHour[us/hour] = b
		}
		b.add(bucket, n)
	}
	sel := selectFrom(d, q, q.headline())
	switch {
	case d.Calls != nil:
		sel.calls(d, func(c Call, _ *store.Profile) {
			if c.PDD >= 0 {
				add(c.Start, store.DelayBucket(c.PDD), 1)
			}
		})
	case d.delayHours != nil:
		ids := map[int64]bool{}
		for id := range sel.profiles() {
			ids[id] = true
		}
		for _, x := range d.delayHours(q.Period.From.UnixMicro(), q.Period.To.UnixMicro(), store.DelayPDD, ids) {
			if !leaves(q.without, x.Time) {
				add(x.Time, x.Bucket, x.N)
			}
		}
	}
	keys := make([]int64, 0, len(byHour))
	for h := range byHour {
		keys = append(keys, h)
	}
	slices.Sort(keys)
	list := make([]buckets, 0, len(keys))
	for _, h := range keys {
		list = append(list, *byHour[h])
	}
	return list
}
