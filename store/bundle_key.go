package store

import (
	"cmp"
	"database/sql"
	"hash/fnv"
	"hash/maphash"
	"slices"
)

// Bundle finds the bundle with this kind and key, or adds it; known tells which.
func (im *Import) Bundle(kind, key string) (id int64, known bool) {
	if id = im.recent.find(kind, key); id != 0 {
		return id, true
	}
	hash := keyHash(kind, key)
	if im.known.add(hash) {
		id = im.findBundle(kind, key, hash)
	}
	if known = id != 0; !known {
		im.closeBundle()
		im.nextBundle++
		id = im.nextBundle
		im.open = bundleRow{id: id, kind: kind, key: key, settled: true}
		im.newKeys = append(im.newKeys, bundleKey{hash, id})
	}
	if im.recent.full() {
		im.storeKeys()
	}
	im.recent.add(kind, key, id)
	return id, known
}

// findBundle looks a bundle up; 0: it is not there.
func (im *Import) findBundle(kind, key string, hash int64) (id int64) {
	var same []int64
	im.look(`SELECT bundle FROM bundle_key WHERE hash = ?`, []any{hash}, func(r *sql.Rows) error {
		var i int64
		err := r.Scan(&i)
		same = append(same, i)
		return err
	})
	if len(same) > 0 && im.recent.forgot { // it may be among the rows that are not stored yet
		im.drain()
	}
	for _, i := range same {
		im.look(`SELECT key, kind FROM bundle WHERE id = ?`, []any{i}, func(r *sql.Rows) error {
			var k, kd string
			err := r.Scan(&k, &kd)
			if k == key && kd == kind {
				id = i
			}
			return err
		})
	}
	return id
}

// bundleKey is a row of table bundle_key.
type bundleKey struct{ hash, bundle int64 }

// storeKeys stores the keys of new bundles, in the order of that table. They are
// spread over all of it, so each one stored alone would read and write a page: that
// was two thirds of the time of an import of 4 M bundles, and grew with the table.
func (im *Import) storeKeys() {
	if len(im.newKeys) == 0 {
		return
	}
	slices.SortFunc(im.newKeys, func(x, y bundleKey) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.bundle, y.bundle)) })
	b := &im.keys
	for _, k := range im.newKeys {
		b.begin()
		b.number(k.hash)
		b.number(k.bundle)
	}
	b.flush()
	im.newKeys = im.newKeys[:0]
	if err := im.queue.wait(); err != nil { // findBundle looks for them
		im.fail(err)
	}
}

// recentBundles finds the bundles that an import met lately without a query: the
// logs of both ends of the same calls name each Call-ID twice. Two generations of
// hashes, whose seed nobody outside can know, so that none are equal. What is in
// neither has its key in the database.
type recentBundles struct {
	young, old map[uint64]int64
	forgot     bool // some bundles of this import are in neither
}

// maxRecent bounds a generation to what a Go map holds in 32,768 places: two of them
// take one megabyte and a half.
var maxRecent = 28_000

var recentSeed = maphash.MakeSeed()

func recentHash(kind, key string) uint64 {
	h := maphash.String(recentSeed, key)
	if kind == "cdr" {
		h = ^h
	}
	return h
}

func (m *recentBundles) find(kind, key string) int64 {
	h := recentHash(kind, key)
	if id := m.young[h]; id != 0 {
		return id
	}
	return m.old[h]
}

// full reports whether the next one makes room by forgetting the older generation.
func (m *recentBundles) full() bool { return len(m.young) >= maxRecent }

func (m *recentBundles) add(kind, key string, id int64) {
	if m.full() {
		m.forgot = m.forgot || len(m.old) > 0
		m.old, m.young = m.young, nil
	}
	if m.young == nil {
		m.young = map[uint64]int64{}
	}
	m.young[recentHash(kind, key)] = id
}

// bundleFilter tells which bundles may be in the database: Bloom filters over the
// hashes of their keys, so that the thousands of new ones of a first import need no
// query each. A wrong answer costs the query that it could have saved: 0.4 % are wrong
// after half a million bundles, when a larger filter takes what comes then, 6 % after
// six million and 18 % after ten.
type bundleFilter struct {
	all         bool // there were bundles before this import
	n           int  // bundles in the first filter
	first, rest bloom
}

const (
	firstBundles = 500_000
	firstWords   = 1 << 17 // 1 MiB
	restWords    = 1 << 19 // 4 MiB
)

// add adds a hash and reports whether it may have been there before.
func (f *bundleFilter) add(hash int64) bool {
	switch {
	case f.all:
		return true
	case f.first == nil:
		f.first = make(bloom, firstWords)
	case f.n >= firstBundles:
		if f.rest == nil {
			f.rest = make(bloom, restWords)
		}
		return f.first.has(hash, false) || f.rest.has(hash, true)
	}
	had := f.first.has(hash, true)
	if !had {
		f.n++
	}
	return had
}

// bloom is one filter.
type bloom []uint64

// has reports whether a hash may be in the filter, and adds it on demand.
func (b bloom) has(hash int64, add bool) bool {
	h, step := uint64(hash), uint64(hash)>>32|1
	had := true
	for range 3 {
		word, bit := &b[h/64%uint64(len(b))], uint64(1)<<(h%64)
		had = had && *word&bit != 0
		if add {
			*word |= bit
		}
		h += step
	}
	return had
}

// keyHash is FNV-1a of kind and key.
func keyHash(kind, key string) int64 {
	h := fnv.New64a()
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(key))
	return int64(h.Sum64())
}
