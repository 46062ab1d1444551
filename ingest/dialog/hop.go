package dialog

import (
	"net/netip"
	"slices"
	"strings"
)

// leg is an attempt being worked out: a chain of transactions on one hop.
type leg struct {
	first, last int32 // transactions
	parent      int32 // leg of the hop before, -1: none
	elder       int32 // first of the legs that one upstream transaction caused, itself if alone
	group       int32 // its call
	place       int   // among the call's legs
	fromTag     string
	toTag       string // of the 2xx that counts
	upstream    string // the Via below the top one: what caused this leg
	hops        int    // Vias
	rounds      int    // challenges answered
	relayed     bool   // there is a hop after it
	overtaken   bool   // its sender went on to another leg
	wonAt       int64  // of an elder: when one of the kin ended it for all, 0: not
	finalAt     int64  // 0: no final response
	bye         int32  // BYE's transaction, -1: none
	byeScore    int
	acked       bool
	proof       bool // an ACK or BYE proves a 2xx that was not seen
	out         Attempt
}

// back is how many legs a leg is compared with: more than a forked call has,
// and a bound for hostile input.
const back = 32

// dialogMethod reports whether a request with a To-tag and this method can only
// belong to a dialog that an INVITE made.
func dialogMethod(m string) bool {
	switch m {
	case "INVITE", "BYE", "PRACK", "UPDATE", "INFO", "REFER":
		return true
	}
	return false
}

// classify says of every transaction what it counts as (R8).
func (a *assembly) classify() {
	a.dialogTags()
	local, remote := &a.local, &a.remote
	for i := range a.txs {
		t := &a.txs[i]
		p := a.lead(t)
		_, known := local.of(p.FromTag)
		if !known && p.ToTag != "" {
			_, known = local.of(p.ToTag)
		}
		switch {
		case t.method == "CANCEL":
			t.kind = cancel
		case t.method == "INVITE" && t.request < 0 && t.responses == 0:
			t.kind = ackOnly
		case t.method == "INVITE" && t.request < 0:
			if _, ok := remote.of(p.FromTag); ok && p.FromTag != "" {
				t.kind = inDialog
			} else if last, ok := remote.of(p.ToTag); ok && last != int32(i) && p.ToTag != "" {
				t.kind = inDialog
			}
		case t.method == "INVITE" && p.ToTag == "":
			t.kind = invite
		case known && (p.ToTag != "" || t.method != "REGISTER" && dialogMethod(t.method)):
			t.kind = inDialog
		case t.method == "BYE" || t.method == "PRACK" || dialogMethod(t.method) && p.ToTag != "":
			t.kind = orphan
		default:
			t.kind = request
		}
	}
}

// dialogTags collects the From-tags of initial INVITEs and the To-tags of the
// dialogs that they made, each with the transaction that made it.
func (a *assembly) dialogTags() {
	for i := range a.txs {
		t := &a.txs[i]
		if t.method != "INVITE" || t.request < 0 && t.responses == 0 || t.request >= 0 && a.pkts[t.request].ToTag != "" {
			continue
		}
		a.local.add(a.pkts[t.head].FromTag, int32(i))
		for k := t.head; k >= 0; k = a.pkts[k].next {
			if p := &a.pkts[k]; p.Status > 100 && p.Status < 300 {
				a.remote.add(p.ToTag, int32(i))
			}
		}
	}
}

// tags are the tags of a Call-ID's dialogs, each with the first transaction that has it.
// Nearly always they are one or two, which a scan finds sooner than a map.
type tags struct {
	list []taggedBy
	many map[string]int32 // of all, where they are more than few
}

type taggedBy struct {
	tag string
	tx  int32
}

// of is the transaction that a tag came with.
func (s *tags) of(tag string) (tx int32, ok bool) {
	if s.many != nil {
		tx, ok = s.many[tag]
		return tx, ok
	}
	for i := range s.list {
		if s.list[i].tag == tag {
			return s.list[i].tx, true
		}
	}
	return 0, false
}

func (s *tags) add(tag string, tx int32) {
	if _, ok := s.of(tag); ok {
		return
	}
	if s.many != nil {
		s.many[tag] = tx
		return
	}
	if s.list = append(s.list, taggedBy{tag, tx}); len(s.list) > few {
		s.many = make(map[string]int32, 2*len(s.list))
		for _, t := range s.list {
			s.many[t.tag] = t.tx
		}
	}
}

func (s *tags) empty() { s.list, s.many = s.list[:0], nil }

// upstreamOf is the transaction of the hop before (R9): its top Via stands lower
// in t's Vias. -1: none was seen.
func (a *assembly) upstreamOf(t *transaction) int32 {
	for k := 1; k < len(t.vias); k++ {
		key := txKey{via: viaKey(t.vias[k]), seq: t.seq, method: t.method}
		if !isRFC3261(key.via) {
			key.from = t.from
		}
		// Fewer Vias than its child has: so no message can make a ring.
		if p := a.find(key); p >= 0 && len(a.txs[p].vias) < len(t.vias) && a.txs[p].kind == t.kind {
			return p
		}
	}
	return -1
}

// fold makes legs of transactions: retries after a challenge (R1) and overlap
// dialling (R6) go on with the leg they belong to.
func (a *assembly) fold() {
	for i := range a.txs {
		t := &a.txs[i]
		if t.kind != invite && t.kind != request {
			continue
		}
		l := a.continued(t)
		if l < 0 {
			l = a.newLeg(int32(i))
		} else {
			a.txs[a.legs[l].last].nextInLeg = int32(i)
			a.legs[l].last = int32(i)
		}
		t.legOf = l
	}
	for i := range a.legs {
		l := &a.legs[i]
		for t := l.first; t >= 0 && l.parent < 0; t = a.txs[t].nextInLeg {
			if p := a.upstreamOf(&a.txs[t]); p >= 0 {
				l.parent = a.txs[p].legOf
				a.legs[l.parent].relayed = true
			}
		}
	}
	a.order = sized(a.order, len(a.legs))
	for i := range a.legs {
		a.order = append(a.order, int32(i))
	}
	// A parent has fewer Vias than its children: so it comes before them.
	slices.SortStableFunc(a.order, func(i, j int32) int { return a.legs[i].hops - a.legs[j].hops })
}

func (a *assembly) newLeg(ti int32) int32 {
	t := &a.txs[ti]
	p := a.lead(t)
	n := int32(len(a.legs))
	l := leg{first: ti, last: ti, parent: -1, elder: n, group: -1, bye: -1, byeScore: -1, fromTag: p.FromTag, hops: len(t.vias)}
	if len(t.vias) > 1 {
		l.upstream = t.vias[1]
	}
	for k := len(a.legs) - 1; k >= 0 && k >= len(a.legs)-back; k-- {
		o := &a.legs[k]
		ot := &a.txs[o.last]
		if ot.kind != t.kind || ot.method != t.method || o.fromTag != l.fromTag || o.hops != l.hops {
			continue
		}
		if l.upstream != "" && o.upstream == l.upstream && ot.seq == t.seq {
			l.elder = o.elder
		}
		if t.start-ot.start > 1e6 && sender(ot.via) == sender(t.via) {
			o.overtaken = true
		}
	}
	a.legs = append(a.legs, l)
	return n
}

// continued is the leg that t goes on with, -1: it begins one.
func (a *assembly) continued(t *transaction) int32 {
	best := int32(-1)
	for k := len(a.legs) - 1; k >= 0 && k >= len(a.legs)-back; k-- {
		l := &a.legs[k]
		last := &a.txs[l.last]
		if last.kind != t.kind || last.method != t.method || l.hops != len(t.vias) || sender(last.via) != sender(t.via) {
			continue
		}
		if t.kind == invite && l.fromTag != a.lead(t).FromTag || !a.isRetry(l, last, t) {
			continue
		}
		if same, known := a.sameTarget(last, t); same {
			best = int32(k)
			break
		} else if !known || t.seqNo > last.seqNo && l.hops <= 1 {
			if best < 0 {
				best = int32(k)
			}
		}
	}
	if best >= 0 && challenge(a.status(&a.txs[a.legs[best].last])) {
		a.legs[best].rounds++
	}
	return best
}

// isRetry reports whether t repeats what last asked for, in the way its answer
// called for.
func (a *assembly) isRetry(l *leg, last, t *transaction) bool {
	if t.method == "INVITE" && a.extends(last, t) {
		return true
	}
	if last.final < 0 {
		return false
	}
	f := &a.pkts[last.final]
	since := t.start - f.Time
	if since > a.timerB || since < -1e6 || l.rounds >= maxRounds {
		return false
	}
	switch {
	case challenge(f.Status):
		credentials := t.request < 0 || a.pkts[t.request].flags&HasCredentials != 0
		return credentials && (t.seqNo > last.seqNo || t.seqNo == last.seqNo && t.via != last.via)
	case f.Status == 421 || f.Status == 422 || f.Status == 423:
		return t.seqNo > last.seqNo
	}
	return false
}

// maxRounds of challenge and answer are one attempt (R1).
const maxRounds = 5

// extends reports overlap dialling (R6, RFC 3578 §3.2): a longer number that
// begins like the last one, soon after it was refused or given up.
func (a *assembly) extends(last, t *transaction) bool {
	if last.request < 0 || t.request < 0 || t.seqNo <= last.seqNo {
		return false
	}
	short, long := a.pkts[last.request].RequestUser, a.pkts[t.request].RequestUser
	if short == "" || len(long) <= len(short) || !strings.HasPrefix(long, short) {
		return false
	}
	from := last.start
	switch s := a.status(last); {
	case s == 484 || s == 487:
		from = a.pkts[last.final].Time
	case s != 0:
		return false
	}
	return t.start-from <= a.overlap
}

// sameTarget compares where two requests went to.
func (a *assembly) sameTarget(x, y *transaction) (same, known bool) {
	_, xd := a.ends(x)
	_, yd := a.ends(y)
	if !xd.IsValid() || !yd.IsValid() {
		return false, false
	}
	return xd == yd, true
}

// ends are sender and receiver of a transaction's request, as seen on the wire.
func (a *assembly) ends(t *transaction) (src, dst netip.AddrPort) {
	for i := t.head; i >= 0; i = a.pkts[i].next {
		p := &a.pkts[i]
		s, d := p.src, p.dst
		if p.Status != 0 {
			s, d = d, s
		}
		if !src.IsValid() {
			src = s
		}
		if !dst.IsValid() {
			dst = d
		}
		if src.IsValid() && dst.IsValid() {
			break
		}
	}
	if !src.IsValid() {
		src = viaAddr(t.via)
	}
	return src, dst
}

// viaAddr is the sent-by of a Via where it is an address.
func viaAddr(via string) netip.AddrPort {
	host, _, _ := strings.Cut(via, ";")
	if len(host) == 0 || host[0] != '[' && (host[0] < '0' || host[0] > '9') {
		return netip.AddrPort{}
	}
	addr, _ := netip.ParseAddrPort(host)
	return addr
}

// sender is the host of a Via, without port: over TCP each connection has its own.
func sender(via string) string {
	host, _, _ := strings.Cut(via, ";")
	if colon := strings.LastIndexByte(host, ':'); colon > 0 {
		return host[:colon]
	}
	return host
}
