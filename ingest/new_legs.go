package ingest

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"
	"slices"
	"unsafe"

	"callsift/ingest/dialog"
	"callsift/store"
)

// newLegs are the SIP calls of an import into a database without bundles: what joining
// wants of them, packed, so that it need not read them back. Reading them was 6 % of the
// CPU time of importing a capture of 480,000 messages, more where calls carry links.
type newLegs struct {
	lost   bool // not all calls are here: they are in the store
	chunks [][]byte
	size   int
	n      int // calls
	last   newLeg
	ends   map[[2]string]int // numbers of pairs of addresses
	addrs  [][2]netip.Addr   // by number

	order   []legPlace // of the calls that joining may find a leg for, in order of time
	ordered int        // how many calls there were then
}

// legPlace is where an entry stands, without its head.
type legPlace struct {
	newLeg
	chunk, at int32
}

// maxNewLegs bounds the bytes of all: some 30,000 calls. More are read from the store.
var maxNewLegs = 2 << 20

const newLegsChunk = 64 << 10

// newLeg is what entries hold as the difference to the one before.
type newLeg struct{ bundle, start int64 }

// add notes the calls of a bundle that is assembled for the first time. A Call-ID that was
// used for several calls names none of them.
func (l *newLegs) add(bundle int64, key string, calls [][]store.Attempt, steps *store.Steps, links [][2]string) {
	if l.lost || steps[store.StepCalls] != 1 {
		return
	}
	for _, rows := range calls {
		if a := &rows[0]; a.Profile.Method == "INVITE" && a.Profile.Scope >= store.ScopeCall {
			l.addCall(bundle, key, a, links)
		}
	}
	if l.size > maxNewLegs {
		l.lose()
	}
}

// lose forgets all: from now on the calls are read from the store.
func (l *newLegs) lose() { *l = newLegs{lost: true} }

func (l *newLegs) addCall(bundle int64, key string, a *store.Attempt, links [][2]string) {
	b := l.room()
	was := len(b)
	b = binary.AppendVarint(b, bundle-l.last.bundle)
	b = binary.AppendVarint(b, a.Start-l.last.start)
	b = binary.AppendVarint(b, a.Setup)
	b = binary.AppendUvarint(b, uint64(l.end(a.Profile.FromAddr, a.Profile.ToAddr)))
	b = binary.AppendUvarint(b, uint64(len(links)))
	for _, s := range [...]string{key, a.Caller, a.Callee} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, link := range links {
		for _, s := range link {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	l.chunks[len(l.chunks)-1] = b
	l.size += len(b) - was
	l.n++
	l.last = newLeg{bundle, a.Start}
}

// room is the chunk that the next entry goes into.
func (l *newLegs) room() []byte {
	if n := len(l.chunks); n > 0 && cap(l.chunks[n-1])-len(l.chunks[n-1]) >= 4*maxText {
		return l.chunks[n-1]
	}
	l.chunks = append(l.chunks, make([]byte, 0, newLegsChunk))
	return l.chunks[len(l.chunks)-1]
}

// end is the number of a pair of addresses.
func (l *newLegs) end(from, to string) int {
	key := [2]string{from, to}
	n, ok := l.ends[key]
	if !ok {
		if l.ends == nil {
			l.ends = map[[2]string]int{}
		}
		n = len(l.addrs)
		l.ends[key] = n
		l.addrs = append(l.addrs, partyAddrs(from, to))
		l.size += len(from) + len(to) + 150
	}
	return n
}

// partyAddrs are a row's addresses; what is none is the zero address.
func partyAddrs(from, to string) (ends [2]netip.Addr) {
	ends[0], _ = netip.ParseAddr(from)
	ends[1], _ = netip.ParseAddr(to)
	return ends
}

// within lists the calls that begin in [from, to) and that joining may find a leg for, in
// order of time. Their texts are views of the chunks.
func (l *newLegs) within(from, to int64) (bare []dialog.Party, bundles []int64) {
	if l.ordered != l.n {
		l.sort()
	}
	at := func(t int64) int {
		i, _ := slices.BinarySearchFunc(l.order, t, func(p legPlace, t int64) int { return cmp.Compare(p.start, t) })
		return i
	}
	order := l.order[at(from):max(at(from), at(to))]
	bare, bundles = make([]dialog.Party, len(order)), make([]int64, len(order))
	for i, p := range order {
		bundles[i] = p.bundle
		l.party(&bare[i], p.start, legReader{rest: l.chunks[p.chunk][p.at:]})
	}
	return bare, bundles
}

// sort finds the calls that joining may find a leg for. In most captures these are few, and
// making parties of all others, for the garbage collector too, took as long as joining.
func (l *newLegs) sort() {
	may := l.related()
	l.order, l.ordered = nil, l.n
	l.each(func(e newLeg, r legReader, chunk int) {
		if may.join(l, r) {
			l.order = append(l.order, legPlace{e, int32(chunk), int32(len(l.chunks[chunk]) - len(r.rest))})
		}
	})
	slices.SortFunc(l.order, func(x, y legPlace) int {
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.chunk, y.chunk), cmp.Compare(x.at, y.at))
	})
}

// each hands out the entries as they came: the head, and a reader of what follows it.
func (l *newLegs) each(f func(e newLeg, r legReader, chunk int)) {
	var r legReader
	for i, chunk := range l.chunks {
		for r.rest = chunk; len(r.rest) > 0; {
			e := r.head()
			f(e, r, i)
			r.skip()
		}
	}
}

// relatedLegs tell which calls joining may find another leg for: by hosts that calls came
// out of and went to, by links, and by Call-IDs made from others.
type relatedLegs struct {
	seed   maphash.Seed
	ids    []uint64        // of all: a Bloom filter of two bits each
	hosts  []bool          // by number of a pair of addresses: one of them is such a host
	wanted map[uint64]bool // hashes of Call-IDs that others, or links, name
}

func (l *newLegs) related() *relatedLegs {
	m := &relatedLegs{seed: maphash.MakeSeed(), hosts: make([]bool, len(l.addrs)), wanted: map[uint64]bool{}}
	from, both := map[netip.Addr]bool{}, map[netip.Addr]bool{}
	for _, ends := range l.addrs {
		from[ends[0]] = ends[0].IsValid()
	}
	for _, ends := range l.addrs {
		both[ends[1]] = from[ends[1]]
	}
	for i, ends := range l.addrs {
		m.hosts[i] = both[ends[0]] || both[ends[1]]
	}
	m.ids = make([]uint64, 1<<bits.Len(uint(l.n/4)))
	l.each(func(_ newLeg, r legReader, _ int) {
		r.num()
		r.count()
		r.count()
		place, bit := m.place(m.hash(r.text()))
		m.ids[place] |= bit
	})
	l.each(func(_ newLeg, r legReader, _ int) {
		r.num()
		r.count()
		links := r.count()
		for part := range dialog.IDParts(r.text()) {
			m.want(part)
		}
		r.text()
		r.text()
		for range links {
			r.text()
			m.want(r.text())
		}
	})
	return m
}

func (m *relatedLegs) hash(id string) uint64 { return maphash.String(m.seed, id) }

// place is the word of the filter for a hash, and the two bits in it.
func (m *relatedLegs) place(h uint64) (place int, both uint64) {
	return int(h>>12) & (len(m.ids) - 1), 1<<(h&63) | 1<<(h>>6&63)
}

// want notes that a call with this Call-ID, if there is one, is named.
func (m *relatedLegs) want(id string) {
	h := m.hash(id)
	if place, both := m.place(h); m.ids[place]&both == both {
		m.wanted[h] = true
	}
}

// join reports whether joining may find another leg for an entry.
func (m *relatedLegs) join(l *newLegs, r legReader) bool {
	r.num()
	ends, links := r.count(), r.count()
	if links > 0 || m.hosts[ends] {
		return true
	}
	id := r.text()
	if m.wanted[m.hash(id)] {
		return true
	}
	for part := range dialog.IDParts(id) {
		if m.wanted[m.hash(part)] {
			return true
		}
	}
	return false
}

// party reads what follows an entry's head.
func (l *newLegs) party(p *dialog.Party, start int64, r legReader) {
	setup, ends, links := r.num(), l.addrs[r.count()], r.count()
	p.Start, p.End = start, partyEnd(start, setup)
	p.From, p.To = ends[0], ends[1]
	p.CallID, p.FromUser, p.ToUser = r.text(), r.text(), r.text()
	for range links {
		p.Links = append(p.Links, dialog.Link{Kind: r.text(), Value: r.text()})
	}
}

// partyEnd is when a call had its final response; 0: it had none.
func partyEnd(start, setup int64) int64 {
	if setup < 0 {
		return 0
	}
	return start + setup*1000 + 999
}

// legReader reads entries.
type legReader struct {
	rest []byte
	last newLeg
}

func (r *legReader) num() int64 {
	n, size := binary.Varint(r.rest)
	r.rest = r.rest[size:]
	return n
}

func (r *legReader) count() int {
	n, size := binary.Uvarint(r.rest)
	r.rest = r.rest[size:]
	return int(n)
}

func (r *legReader) text() string {
	n := r.count()
	s := unsafe.String(unsafe.SliceData(r.rest), n)
	r.rest = r.rest[n:]
	return s
}

func (r *legReader) head() newLeg {
	r.last = newLeg{r.last.bundle + r.num(), r.last.start + r.num()}
	return r.last
}

// skip goes to the next entry's head.
func (r *legReader) skip() {
	r.num()
	r.count()
	for range 3 + 2*r.count() {
		r.text()
	}
}
