package ingest

import "hash/maphash"

// bundleTable finds open bundles by key. A Go map of them took 2 % of a capture's time, twice
// of what this does: it keeps each key beside the bundle, one more place to wait for.
// Places are tried one after the other from the one that the hash says; its seed is nobody's
// to know.
type bundleTable struct {
	seed  maphash.Seed
	slots []bundleSlot // a power of two, at most half of them in use
	n     int
}

type bundleSlot struct {
	hash   uint64
	bundle *openBundle // nil: free
}

func newBundleTable() bundleTable {
	return bundleTable{seed: maphash.MakeSeed(), slots: make([]bundleSlot, 64)}
}

func (t *bundleTable) find(key []byte) *openBundle {
	hash, mask := maphash.Bytes(t.seed, key), uint64(len(t.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := &t.slots[i]; {
		case s.bundle == nil:
			return nil
		case s.hash == hash && s.bundle.key == string(key):
			return s.bundle
		}
	}
}

// add adds a bundle whose key is not there.
func (t *bundleTable) add(b *openBundle) {
	if t.n++; 2*t.n > len(t.slots) {
		old := t.slots
		t.slots = make([]bundleSlot, 2*len(old))
		for _, s := range old {
			if s.bundle != nil {
				t.put(s)
			}
		}
	}
	t.put(bundleSlot{maphash.String(t.seed, b.key), b})
}

func (t *bundleTable) put(s bundleSlot) {
	mask := uint64(len(t.slots) - 1)
	i := s.hash & mask
	for t.slots[i].bundle != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// remove takes a bundle out that is there, and moves those up that its place was in the way of.
func (t *bundleTable) remove(b *openBundle) {
	mask := uint64(len(t.slots) - 1)
	free := maphash.String(t.seed, b.key) & mask
	for t.slots[free].bundle != b {
		free = (free + 1) & mask
	}
	for i := (free + 1) & mask; t.slots[i].bundle != nil; i = (i + 1) & mask {
		if first := t.slots[i].hash & mask; (i-first)&mask >= (i-free)&mask {
			t.slots[free] = t.slots[i]
			free = i
		}
	}
	t.slots[free] = bundleSlot{}
	t.n--
}
