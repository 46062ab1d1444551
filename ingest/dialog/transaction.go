package dialog

import (
	"slices"
	"strings"
)

// transaction is a request and its responses on one hop.
type transaction struct {
	txKey
	kind    kind
	plain   bool // via is the top Via as it came: see plainKey
	seqNo   uint64
	vias    []string
	request int32 // first sending of the request, -1: only responses were seen
	ack     int32 // ACK with the INVITE's branch, -1: none
	cancel  int32 // the CANCEL's transaction, -1: none
	first   int32 // first message with a Via
	head    int32 // first message
	tail    int32
	size    int32 // messages without retransmissions
	repeats int32 // retransmissions

	responses  int32 // without retransmissions
	final      int32 // the final response that counts, -1: none
	lastProv   int32 // last provisional response, -1: none
	report     int32 // into the input: that the request did not arrive, -1: none
	conflict   bool  // finals that exclude each other
	nextInLeg  int32
	legOf      int32 // -1: none
	orphan     int32 // of an orphan: its row
	start, end int64 // first sending of the request; last message
}

// txKey tells transactions of one Call-ID apart (RFC 3261 §17.1.3, §17.2.3). The
// CSeq number is in it against peers that use a branch twice, from against
// RFC 2543 peers, whose branch says nothing.
type txKey struct {
	via    string // top Via: sent-by and branch
	seq    string
	method string // INVITE also for its ACK
	from   string // From-tag or URI, in RFC 2543 transactions only
}

// responseKey tells responses of one transaction apart; status 0 is the request.
type responseKey struct {
	tx     int32
	status int
	method string
	tag    string
}

// kind is what a transaction is for the counting.
type kind uint8

const (
	invite   kind = iota // initial INVITE
	request              // request of another method outside a call
	inDialog             // request inside a known dialog
	orphan               // request inside an unknown dialog
	cancel               // CANCEL
	ackOnly              // ACK of a 2xx
)

// transactions fills txs.
func (a *assembly) transactions() {
	a.txs = sized(a.txs, len(a.pkts)/2+1)
	bare := false
	for i := range a.pkts {
		p := &a.pkts[i]
		if len(p.Vias) == 0 {
			bare = true
			continue
		}
		if p.tx = a.withVia(p.Message); p.tx < 0 {
			p.tx = a.findOrOpen(p.Message, int32(i))
		}
	}
	for i := 0; bare && i < len(a.pkts); i++ {
		if p := &a.pkts[i]; p.tx < 0 {
			if p.tx = a.withoutVia(p, int32(i)); p.tx < 0 {
				p.tx = a.findOrOpen(p.Message, int32(i))
			}
		}
	}
	for i := range a.pkts {
		a.add(a.pkts[i].tx, int32(i))
	}
	for i := range a.txs {
		a.conclude(&a.txs[i])
	}
	for _, i := range a.reports {
		m := &a.in[i]
		k := a.find(keyOf(m))
		if m.Status != 0 || m.Method == "ACK" || k < 0 {
			continue
		}
		if t := &a.txs[k]; t.report < 0 || m.Time < a.in[t.report].Time || m.Time == a.in[t.report].Time && m.Phrase < a.in[t.report].Phrase {
			t.report = i
		}
	}
	for i := range a.txs {
		t := &a.txs[i]
		if t.method != "CANCEL" {
			continue
		}
		key := t.txKey
		key.method = "INVITE"
		if k := a.find(key); k >= 0 {
			a.txs[k].cancel = int32(i)
		}
	}
}

// withoutVia finds the transaction of a message whose Vias got lost: some user
// agents answer an INVITE with the Via of its CANCEL, and the proxy takes that
// one off. Without addresses the hop nearest to the caller is meant. -1: none.
func (a *assembly) withoutVia(p *packet, pi int32) int32 {
	key := keyOf(p.Message)
	after, _ := slices.BinarySearchFunc(a.txs, pi, func(t transaction, i int32) int { return int(t.first) - int(i) })
	best, bestScore := int32(-1), 0
	for k := after - 1; k >= 0 && k >= after-back; k-- {
		t := &a.txs[k]
		q := &a.pkts[t.first]
		if len(t.vias) == 0 || t.seq != key.seq || t.method != key.method || q.FromTag != p.FromTag {
			continue
		}
		src, dst := p.src, p.dst
		if (p.Status != 0) != (q.Status != 0) {
			src, dst = dst, src
		}
		hop := match(q.src, src) + match(q.dst, dst)
		if score := 1000 + 100*hop - min(len(t.vias), 99); hop >= 0 && score > bestScore {
			best, bestScore = int32(k), score
		}
	}
	return best
}

// withVia finds the transaction of a message by its top Via as it stands, which most
// messages have from one before. -1: not found so.
func (a *assembly) withVia(m *Message) int32 {
	if a.index != nil {
		return -1
	}
	method := keyMethod(m)
	for i := len(a.txs) - 1; i >= 0; i-- {
		if t := &a.txs[i]; t.plain && t.via == m.Vias[0] && t.seq == m.CSeq && t.method == method {
			return int32(i)
		}
	}
	return -1
}

func keyMethod(m *Message) string {
	if m.Method == "ACK" {
		return "INVITE"
	}
	return m.Method
}

func keyOf(m *Message) txKey {
	key, _ := keyAndForm(m)
	return key
}

// keyAndForm is keyOf, and whether the top Via is plain.
func keyAndForm(m *Message) (key txKey, plain bool) {
	key = txKey{seq: m.CSeq, method: keyMethod(m)}
	if len(m.Vias) > 0 {
		if key.via, plain = m.Vias[0], plainKey(m.Vias[0]); !plain {
			key.via = viaKey(key.via)
		}
	}
	if !plain && !isRFC3261(key.via) {
		key.from = m.FromTag
		if key.from == "" {
			key.from = m.FromURI
		}
	}
	return key, plain
}

// plainKey reports whether a Via is its own key and that of an RFC 3261 branch, as
// it is in nearly every message: host in lower case, port, cookie.
func plainKey(via string) bool {
	i, colon := 0, -1
	for ; i < len(via) && via[i] != ';'; i++ {
		switch c := via[i]; {
		case c == ':' && colon < 0:
			colon = i
		case c >= '0' && c <= '9' || c == '.' || c >= 'a' && c <= 'z' || c == '-':
		default:
			return false
		}
	}
	const cookie = ";z9hG4bK"
	return colon > 0 && len(via)-i > len(cookie) && via[i:i+len(cookie)] == cookie && strings.IndexByte(via[i+1:], ';') < 0
}

// isRFC3261 reports whether a Via's branch begins with the magic cookie and has
// something after it: a bare cookie is no branch (RFC 4475 badbranch).
func isRFC3261(via string) bool {
	const cookie = "z9hg4bk"
	at := strings.LastIndexByte(via, ';') + 1
	return at > 0 && len(via)-at > len(cookie) && strings.EqualFold(via[at:at+len(cookie)], cookie)
}

// viaKey is a Via with host in lower case and with its port.
func viaKey(via string) string {
	host, branch, _ := strings.Cut(via, ";")
	colon := strings.LastIndexByte(host, ':')
	hasPort := colon > strings.LastIndexByte(host, ']') && strings.IndexByte(host, ':') == colon || strings.HasPrefix(host, "[") && colon > strings.IndexByte(host, ']')
	lower := strings.ToLower(host)
	if hasPort && lower == host {
		return via
	}
	if !hasPort {
		lower += ":5060"
	}
	return lower + ";" + branch
}

// few is up to how many transactions, or messages, a scan beats a map, or a sort.
const few = 24

// find is the transaction with this key, -1: none yet.
func (a *assembly) find(key txKey) int32 {
	if a.index != nil {
		if t, ok := a.index[key]; ok {
			return t
		}
		return -1
	}
	for i := len(a.txs) - 1; i >= 0; i-- {
		if a.txs[i].txKey == key {
			return int32(i)
		}
	}
	return -1
}

// findOrOpen is the transaction of m, which first is the place of among the messages.
func (a *assembly) findOrOpen(m *Message, first int32) int32 {
	key, plain := keyAndForm(m)
	if t := a.find(key); t >= 0 {
		return t
	}
	t := a.open(key, first)
	a.txs[t].plain = plain
	return t
}

func (a *assembly) open(key txKey, first int32) int32 {
	p := &a.pkts[first]
	t := int32(len(a.txs))
	a.txs = append(a.txs, transaction{
		txKey: key, seqNo: p.seq, vias: p.Vias, request: -1, ack: -1, cancel: -1, first: first, head: -1, tail: -1,
		final: -1, lastProv: -1, report: -1, nextInLeg: -1, legOf: -1, start: p.Time,
	})
	switch {
	case a.index != nil:
		a.index[key] = t
	case len(a.txs) > few:
		a.index = make(map[txKey]int32, len(a.pkts)/2)
		for i := range a.txs {
			a.index[a.txs[i].txKey] = int32(i)
		}
	}
	return t
}

// add files a message: as a retransmission (R7) if its like is there already.
func (a *assembly) add(ti, pi int32) {
	t, p := &a.txs[ti], &a.pkts[pi]
	t.end = p.Time
	if a.isRepeat(t, ti, p) {
		t.repeats++
		a.counts.Retransmissions++
		p.repeat = true
		return
	}
	if t.tail < 0 {
		t.head, t.start = pi, p.Time
	} else {
		a.pkts[t.tail].next = pi
	}
	t.tail = pi
	t.size++
	switch {
	case p.Status != 0:
		t.responses++
	case p.Method == "ACK":
		if t.ack < 0 {
			t.ack = pi
		}
	case t.request < 0:
		t.request, t.start = pi, p.Time
		t.vias = p.Vias
	}
}

// isRepeat compares method, status and To-tag: the bytes need not be equal, as
// some agents write a new Timestamp (RFC 3261 §17.2.3).
func (a *assembly) isRepeat(t *transaction, ti int32, p *packet) bool {
	key := responseKey{ti, p.Status, p.Method, ""}
	if p.Status != 0 {
		key.tag = p.ToTag
	}
	if t.size > 16 { // more than a scan should do: hostile, or a very forked INVITE
		return a.isRepeatOfMany(t, ti, key)
	}
	if t.size == 0 {
		return false
	}
	for i := t.head; i >= 0; i = a.pkts[i].next {
		q := &a.pkts[i]
		if q.Status == p.Status && q.Method == p.Method && (p.Status == 0 || q.ToTag == p.ToTag) {
			return true
		}
	}
	return false
}

func (a *assembly) isRepeatOfMany(t *transaction, ti int32, key responseKey) bool {
	if a.seen == nil {
		a.seen = make(map[responseKey]struct{})
	}
	if t.size == 17 {
		for i := t.head; i >= 0; i = a.pkts[i].next {
			q := &a.pkts[i]
			k := responseKey{ti, q.Status, q.Method, ""}
			if q.Status != 0 {
				k.tag = q.ToTag
			}
			a.seen[k] = struct{}{}
		}
	}
	if _, ok := a.seen[key]; ok {
		return true
	}
	a.seen[key] = struct{}{}
	return false
}

// conclude picks the final response that counts: the first, but a 2xx of
// another fork beats an earlier refusal (RFC 3261 §16.7).
func (a *assembly) conclude(t *transaction) {
	for i := t.head; i >= 0; i = a.pkts[i].next {
		p := &a.pkts[i]
		switch {
		case p.Status == 0:
		case p.Status < 200:
			t.lastProv = i
		case t.final < 0:
			t.final = i
		case a.pkts[t.final].Status >= 300 && p.Status < 300:
			if p.ToTag != a.pkts[t.final].ToTag {
				t.final = i
			} else {
				t.conflict = true
			}
		case a.pkts[t.final].Status < 300 && p.Status >= 300 && p.ToTag == a.pkts[t.final].ToTag:
			t.conflict = true
		}
	}
}

// status of the final response, 0: none.
func (a *assembly) status(t *transaction) int {
	if t.final < 0 {
		return 0
	}
	return a.pkts[t.final].Status
}

// lead is the message that says most about a transaction: the request, or the
// first response where the request was not seen.
func (a *assembly) lead(t *transaction) *packet {
	if t.request >= 0 {
		return &a.pkts[t.request]
	}
	return &a.pkts[t.head]
}
