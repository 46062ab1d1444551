package dialog

import (
	"net/netip"
	"time"

	"callsift/store/codes"
)

// Context is what the messages of one Call-ID do not tell. The zero value
// stands for: nothing is known beyond the messages, timers as in RFC 3261.
type Context struct {
	// CoverageEnd is until when, in microseconds UTC, the sources went on
	// watching without a gap (R10). Before the last message: that message's time.
	CoverageEnd int64
	// OneWay reports that only one direction between a and b was captured, so
	// that a missing response means nothing. nil: no such pair.
	OneWay func(a, b netip.Addr) bool

	T1         time.Duration // RFC 3261 §17.1.1.1; 0: 500 ms
	DupWindow  time.Duration // same bytes, same addresses: one message seen twice; 0: 20 ms
	LogWindow  time.Duration // same bytes in a log and elsewhere; 0: 250 ms
	LinkWindow time.Duration // same bytes between other addresses; 0: 1 s
	Overlap    time.Duration // from one INVITE of overlap dialling to the next; 0: 15 s
	NoFinal    time.Duration // how long an INVITE may stay provisional; 0: 180 s
}

// Result is what became of the messages of one Call-ID.
type Result struct {
	// Calls are the calls, and every request of another method outside a call
	// (REGISTER, OPTIONS ...); Method says which. In order of their start.
	Calls  []Call
	Counts Counts
	// Settled is false where a source that watched longer, without one more
	// message, would change the result.
	Settled bool
}

// Call is all that serves one caller's one wish. The embedded Attempt is the
// call as the caller saw it: outcome and delays of the leg at the caller's side,
// cause of the deepest leg that failed (R9, R11, R12).
type Call struct {
	Attempt
	Legs []Attempt // at least one; parents before their children
}

// Attempt is one initial INVITE (or other request) on one hop, with the retries
// that rules R1 and R6 fold into it. Delays are microseconds, -1: unknown.
type Attempt struct {
	Method  string
	Start   int64 // t1, microseconds UTC
	Outcome codes.Outcome
	Code    int // final status; the last provisional one if none came; codes.None, codes.Unknown
	Origin  codes.Origin
	Phrase  string

	CauseCode int // status nearest the failure; 0: the same as Code, or unknown
	CauseQ850 int // -1: none
	CauseText string
	CauseFrom codes.Origin

	Released string // who ended it: caller, callee, network or ""
	Rang     bool   // 180, 181 or 182 was seen
	Flags    codes.Flags

	From, To         netip.AddrPort // of the hop; zero where unknown
	FromUser, ToUser string
	Agent, Server    string // of the sender, of the answerer
	Device           string // the box that logged it

	PDD   int64 // to the first response that tells the caller something
	Alert int64 // to the first 180
	Media int64 // to the first 18x with SDP
	Setup int64 // to the final response
	Fail  int64 // to the final response of a call that failed or that the callee refused
	Talk  int64 // answer to the first BYE
	Bye   int64 // BYE to its 2xx (SDD)

	Retransmissions int
	EarlyDialogs    int // To-tags in the responses to the INVITE
	RetryAfter      int // seconds, -1: none
	Deregister      bool

	Parent   int   // index into the call's Legs of the hop before, -1: none
	Depth    int   // hops before this one
	Messages []int // indices into the messages, in order of time, without duplicates
	Links    []Link
}

// options are the context's timers in microseconds.
type options struct {
	dup, log, link, overlap, noFinal, timerB int64
}

func (c *Context) options() options {
	us := func(d, zero time.Duration) int64 {
		if d == 0 {
			d = zero
		}
		return d.Microseconds()
	}
	return options{
		dup:     us(c.DupWindow, 20*time.Millisecond),
		log:     us(c.LogWindow, 250*time.Millisecond),
		link:    us(c.LinkWindow, time.Second),
		overlap: us(c.Overlap, 15*time.Second),
		noFinal: us(c.NoFinal, 180*time.Second),
		timerB:  64 * us(c.T1, 500*time.Millisecond),
	}
}

// assembly is the work on one Call-ID, stage after stage.
type assembly struct {
	in  []Message
	ctx *Context
	options

	index map[txKey]int32
	seen  map[responseKey]struct{}
	*room

	end     int64 // coverage
	settled bool
	counts  Counts
}

// room is the memory that an assembly works in, its lists all empty at first.
type room struct {
	pkts    []packet      // messages after duplicates, in order of time
	sorted  []packet      // the same while they are being sorted
	reports []int32       // into in: that a request did not arrive
	txs     []transaction // in order of their first message
	legs    []leg
	order   []int32 // legs, parents before children
	calls   []group

	local  tags // From-tags of initial INVITEs
	remote tags // To-tags of the dialogs that they made

	numbers  []int32 // cut into short lists
	sizes    []int32 // of those of messages
	messages []int   // the same, of the result
	results  []Call
	attempts []Attempt
}

// maxKept bounds the messages of a Call-ID whose memory is kept for the next one.
const maxKept = 32768

// Assembler assembles one Call-ID after the other in the same memory. Calls have a
// dozen messages: making these lists anew was half of what an import allocated,
// and with the collector's work for it a fifth of its time.
type Assembler struct {
	room room
	ctx  Context
	at   assembly // the one at hand
}

// Assemble is the function of this name; the result holds until the next call.
func (s *Assembler) Assemble(msgs []Message, ctx Context) Result {
	if cap(s.room.pkts) > maxKept {
		s.room = room{}
	}
	s.room.empty()
	s.ctx = ctx
	s.at = assembly{in: msgs, ctx: &s.ctx, options: ctx.options(), settled: true, room: &s.room}
	return s.at.assemble()
}

func (r *room) empty() {
	r.pkts, r.reports, r.txs, r.legs, r.order, r.calls = r.pkts[:0], r.reports[:0], r.txs[:0], r.legs[:0], r.order[:0], r.calls[:0]
	r.numbers, r.messages, r.results, r.attempts = r.numbers[:0], r.messages[:0], r.results[:0], r.attempts[:0]
	r.local.empty()
	r.remote.empty()
}

// Assemble turns all messages of one Call-ID, in any order and with duplicates,
// into calls. It looks at nothing but its arguments.
func Assemble(msgs []Message, ctx Context) Result { return new(Assembler).Assemble(msgs, ctx) }

// sized is an empty list with room for n, in old's memory where that is enough.
func sized[T any](old []T, n int) []T {
	if cap(old) >= n {
		return old[:0]
	}
	return make([]T, 0, max(n, 16))
}

func (a *assembly) assemble() Result {
	a.dedupe()
	if len(a.pkts) == 0 {
		return Result{Counts: a.counts, Settled: true}
	}
	a.end = max(a.ctx.CoverageEnd, a.pkts[len(a.pkts)-1].Time)
	a.transactions()
	a.classify()
	a.fold()
	a.outline()
	a.dialogs()
	a.group()
	a.decideAll()
	return a.result()
}

// elapsed reports whether the sources watched for d after t. Where they did not,
// more coverage may change the result.
func (a *assembly) elapsed(t, d int64) bool {
	if a.end-t >= d {
		return true
	}
	a.settled = false
	return false
}
