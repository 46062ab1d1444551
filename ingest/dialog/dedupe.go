package dialog

import (
	"cmp"
	"net/netip"
	"slices"
)

// packet is one message on the wire: an observation that stands for all
// observations of it, completed by what the others know.
type packet struct {
	*Message
	at       int32 // index of the observation into the input
	tx       int32 // its transaction
	next     int32 // next message of the transaction that is no retransmission, -1: none
	repeat   bool  // a retransmission
	seq      uint64
	rank     uint8
	flags    MessageFlags
	src, dst netip.AddrPort
	device   string
}

// Bounds that keep hostile input linear; honest traffic is far below them.
const (
	maxOpen    = 64 // clusters of equal bytes that an observation is compared with
	maxMembers = 32 // observations of one message
)

// dedupe fills pkts: it drops observations of messages already seen (R14) and
// what RFC 3261 discards, and sorts the rest by time.
func (a *assembly) dedupe() {
	a.numbers = sized(a.numbers, len(a.in))
	order := a.numbers
	for i := range a.in {
		if a.in[i].Flags&Undelivered != 0 {
			a.reports = append(a.reports, int32(i))
			continue
		}
		a.counts.Messages++
		if m := &a.in[i]; m.Flags&BadForCounting != 0 || m.Status != 0 && (m.Status < 100 || m.Status > 699) {
			a.counts.Unusable++
			continue
		}
		order = append(order, int32(i))
	}
	a.pkts = sized(a.pkts, len(order))
	if a.allDiffer(order) {
		for _, i := range order {
			a.addPacket(i)
		}
		order = nil
	}
	slices.SortFunc(order, a.byHash)
	for len(order) > 0 {
		n := 1
		for n < len(order) && a.in[order[n]].Hash == a.in[order[0]].Hash {
			n++
		}
		a.merge(order[:n])
		order = order[n:]
	}
	a.counts.Duplicates = a.counts.Messages - a.counts.Unusable - len(a.pkts)
	a.sortByTime()
}

// allDiffer reports whether no two messages have equal bytes, as in nearly every
// call of one source. Two that may be equal have the same bit; only then are the hashes
// before compared, which for few takes less time than to sort them.
func (a *assembly) allDiffer(order []int32) bool {
	if len(order) > few {
		return false
	}
	var bits [8]uint64
	for k, i := range order {
		h := a.in[i].Hash
		word, bit := &bits[h>>6%8], uint64(1)<<(h%64)
		if *word&bit != 0 && slices.ContainsFunc(order[:k], func(j int32) bool { return a.in[j].Hash == h }) {
			return false
		}
		*word |= bit
	}
	return true
}

// sortByTime sorts numbers instead of packets: those are large. Those of one
// source nearly always stand in order already.
func (a *assembly) sortByTime() {
	sorted := true
	for i := 1; i < len(a.pkts) && sorted; i++ {
		sorted = byTime(&a.pkts[i-1], &a.pkts[i]) < 0
	}
	if sorted {
		return
	}
	a.numbers = sized(a.numbers, len(a.pkts))
	order := a.numbers[:len(a.pkts)]
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int { return byTime(&a.pkts[i], &a.pkts[j]) })
	a.sorted = sized(a.sorted, len(a.pkts))
	for _, i := range order {
		a.sorted = append(a.sorted, a.pkts[i])
	}
	a.pkts, a.sorted = a.sorted, a.pkts
}

// byHash brings equal bytes together, in order of time. Source and offset come
// last: they only choose between observations that are equal otherwise.
func (a *assembly) byHash(i, j int32) int {
	x, y := &a.in[i], &a.in[j]
	if c := cmp.Compare(x.Hash, y.Hash); c != 0 {
		return c
	}
	if c := cmp.Compare(x.Time, y.Time); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(quality(y), quality(x)),
		x.Src.Compare(y.Src), x.Dst.Compare(y.Dst),
		cmp.Compare(x.Flags, y.Flags), cmp.Compare(x.Device, y.Device),
		cmp.Compare(x.Source, y.Source), cmp.Compare(x.Offset, y.Offset),
	)
}

// quality orders observations of one message: the best one's time is taken.
func quality(m *Message) int {
	q := 0
	if m.Flags&CoarseTime == 0 {
		q += 4
	}
	if m.Flags&FromCapture != 0 {
		q += 2
	}
	if m.Src.IsValid() && m.Dst.IsValid() {
		q++
	}
	return q
}

// merge makes packets of observations with equal bytes.
func (a *assembly) merge(same []int32) {
	if len(same) == 1 {
		a.addPacket(same[0])
		return
	}
	var clusters [][]int32
	for _, i := range same {
		k := a.clusterFor(clusters, &a.in[i])
		if k < 0 {
			clusters = append(clusters, nil)
			k = len(clusters) - 1
		}
		clusters[k] = append(clusters[k], i)
	}
	for _, c := range clusters {
		a.merged(a.addPacket(a.best(c)), c)
	}
}

// clusterFor finds the message that m is one more observation of: the earliest
// that fits, so that the n-th sending in a log meets the n-th on the wire.
func (a *assembly) clusterFor(clusters [][]int32, m *Message) int {
	for k := max(0, len(clusters)-maxOpen); k < len(clusters); k++ {
		if len(clusters[k]) < maxMembers && a.fits(clusters[k], m) {
			return k
		}
	}
	return -1
}

// fits reports whether m is one more observation of the message that members
// saw (transactions.md §6): some member must speak for it and none against it.
func (a *assembly) fits(members []int32, m *Message) bool {
	found := false
	for _, i := range members {
		o := &a.in[i]
		apart := m.Time - o.Time // never negative: they come in order of time
		if onWire(o) && onWire(m) {
			if o.Src == m.Src && o.Dst == m.Dst {
				if apart >= a.dup {
					return false // a retransmission
				}
				found = true
			} else if apart < a.link {
				found = true
			}
			continue
		}
		if !onWire(o) && !onWire(m) && o.Source == m.Source && o.Flags&(Sent|Received) == m.Flags&(Sent|Received) {
			return false // a log writes each sending once
		}
		window := a.log
		if (o.Flags|m.Flags)&CoarseTime != 0 {
			window += 1e6
		}
		found = found || apart <= window
	}
	return found
}

// onWire reports whether an observation has what a 5-tuple needs: both
// addresses, and a time that can tell a duplicate from a retransmission.
func onWire(m *Message) bool {
	return m.Src.IsValid() && m.Dst.IsValid() && m.Flags&CoarseTime == 0
}

// best is the observation that stands for all of a message.
func (a *assembly) best(members []int32) int32 {
	best := members[0]
	for _, i := range members[1:] {
		if quality(&a.in[i]) > quality(&a.in[best]) {
			best = i
		}
	}
	return best
}

// addPacket appends the message that one observation tells, filled in place: appending a
// made one copies it. There is room for one of each observation.
func (a *assembly) addPacket(i int32) *packet {
	a.pkts = a.pkts[:len(a.pkts)+1]
	p, m := &a.pkts[len(a.pkts)-1], &a.in[i]
	p.Message, p.at, p.tx, p.next, p.repeat = m, i, -1, -1, false
	p.flags, p.src, p.dst, p.device = m.Flags, m.Src, m.Dst, m.Device
	p.seq, p.rank = number(m.CSeq), rank(m)
	return p
}

// merged completes a message by what the other observations of it know.
func (a *assembly) merged(p *packet, members []int32) {
	for _, i := range members {
		o := &a.in[i]
		p.flags |= o.Flags &^ CoarseTime
		if !p.src.IsValid() {
			p.src = o.Src
		}
		if !p.dst.IsValid() {
			p.dst = o.Dst
		}
		if p.device == "" || o.Device != "" && p.Message.Device == "" && o.Device < p.device {
			p.device = o.Device
		}
	}
}

// byTime is the order of the messages. At equal times, as in logs of whole
// seconds, the order in which a call has to happen decides.
func byTime(x, y *packet) int {
	if c := cmp.Compare(x.Time, y.Time); c != 0 {
		return c
	}
	xBye, yBye := x.Method == "BYE", y.Method == "BYE" // its CSeq may be the callee's
	switch {
	case xBye && !yBye:
		return 1
	case yBye && !xBye:
		return -1
	}
	return cmp.Or(
		cmp.Compare(x.seq, y.seq), cmp.Compare(x.rank, y.rank),
		cmp.Compare(len(x.Vias), len(y.Vias)), cmp.Compare(x.Hash, y.Hash),
		x.src.Compare(y.src), x.dst.Compare(y.dst), cmp.Compare(x.at, y.at),
	)
}

// rank is the place of a message within its transaction and what follows it.
func rank(m *Message) uint8 {
	switch {
	case m.Method == "ACK":
		return 7
	case m.Method == "CANCEL" && m.Status == 0:
		return 4
	case m.Method == "CANCEL":
		return 5
	case m.Status == 0:
		return 0
	case m.Status == 100:
		return 1
	case m.Status < 200:
		return 2
	}
	return 6
}

// number reads a CSeq number; what is no number, or out of range, counts as the
// largest: two requests of a call never differ in that only.
func number(s string) uint64 {
	if s == "" || len(s) > 18 {
		return 1 << 62
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 1 << 62
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n
}
