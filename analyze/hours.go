package analyze

import "callsift/store"

// hourBins sums ratios by hour. Cells come in order of time, hundreds of an hour one
// after the other: looking the hour up for each was a third of a comparison.
type hourBins struct {
	by map[int64]*Ratio
	h  int64
	at *Ratio // of h; nil: nothing yet
}

func (b *hourBins) add(h, num, den int64) {
	if b.at == nil || b.h != h {
		b.seek(h)
	}
	b.at.Num += num
	b.at.Den += den
}

func (b *hourBins) seek(h int64) {
	if b.by == nil {
		b.by = map[int64]*Ratio{}
	}
	b.h, b.at = h, b.by[h]
	if b.at == nil {
		b.at = &Ratio{}
		b.by[h] = b.at
	}
}

// of is the sum of an hour.
func (b *hourBins) of(h int64) Ratio {
	if r := b.by[h]; r != nil {
		return *r
	}
	return Ratio{}
}

// valueOf gives the value of a key for cells, for one goroutine: those of a time are
// made once for all cells of that time.
func (k key) valueOf(q Query) func(Cell, *store.Profile) string {
	switch {
	case k.of != nil:
		return func(_ Cell, p *store.Profile) string { return k.of(p) }
	case k.at != nil:
		at, text := int64(-1), ""
		return func(c Cell, _ *store.Profile) string {
			if c.Time != at {
				at, text = c.Time, timeKey(k.name, c.Time, q.zone())
			}
			return text
		}
	}
	return func(c Cell, _ *store.Profile) string { return c.Caller }
}
