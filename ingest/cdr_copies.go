package ingest

import (
	"hash/maphash"

	"callsift/store"
)

// copyCounts is how many copies of a row a file has had, while their time is
// shared with another source. An export that overlaps by millions of rows has a
// number for each: the latest are held, two generations of hashes, since copies
// stand beside each other; for those before them the store is asked.
type copyCounts struct {
	young, old map[uint64]*int64
	forgot     bool // some are in neither
}

// maxCopies bounds a generation: two of them take four megabytes. A test sets less.
var maxCopies = 30_000

// of is the count of a row's copies so far; stored tells it of a row that may have
// been forgotten.
func (c *copyCounts) of(row uint64, stored func() int64) *int64 {
	if n := c.young[row]; n != nil {
		return n
	}
	n := c.old[row]
	if n == nil {
		n = new(int64)
		if c.forgot {
			*n = stored()
		}
	}
	if len(c.young) >= maxCopies {
		c.forgot = c.forgot || len(c.old) > 0
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = make(map[uint64]*int64, 1000)
	}
	c.young[row] = n
	return n
}

var copySeed = maphash.MakeSeed()

// copyHash is a hash of all that makes rows the same, whose seed nobody outside
// can know, so that none are equal.
func copyHash(a *store.Attempt) uint64 {
	return maphash.Comparable(copySeed, struct {
		start, talk, setup int64
		id, caller, callee string
		profile            store.Profile
	}{a.Start, a.Talk, a.Setup, a.NativeID, a.Caller, a.Callee, a.Profile})
}
