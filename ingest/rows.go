package ingest

import (
	"net/netip"
	"strings"

	"callsift/ingest/dialog"
	"callsift/ingest/sip"
	"callsift/store"
	"callsift/store/codes"
)

// rowsOf turns assembled calls into rows of the store: the call first, then its
// attempts; one row for both where they say the same.
func rowsOf(r *dialog.Result, msgs []dialog.Message, format string) [][]store.Attempt {
	return new(rowMaker).rowsOf(r, msgs, format)
}

// rowMaker makes rows in memory that it uses again, for millions of calls.
type rowMaker struct {
	calls [][]store.Attempt
	rows  []store.Attempt
	addrs [256]struct { // as text, each in the place that its last bytes say: a site has some hundred
		addr netip.Addr
		text string
	}
}

// addrText is the function of this name.
func (k *rowMaker) addrText(a netip.AddrPort) string {
	ip := a.Addr().As16()
	place := &k.addrs[ip[15]+67*ip[14]]
	if place.addr != a.Addr() {
		place.addr, place.text = a.Addr(), addrText(a)
	}
	return place.text
}

// maxRows bounds the rows of a Call-ID whose memory is kept for the next one.
const maxRows = 1000

// rowsOf is the function of this name; the rows hold until the next call.
func (k *rowMaker) rowsOf(r *dialog.Result, msgs []dialog.Message, format string) [][]store.Attempt {
	n := len(r.Calls)
	for i := range r.Calls {
		n += len(r.Calls[i].Legs)
	}
	if cap(k.rows) < n || cap(k.rows) > maxRows {
		k.calls, k.rows = nil, make([]store.Attempt, 0, n)
	}
	k.calls, k.rows = k.calls[:0], k.rows[:0]
	for i := range r.Calls {
		from := len(k.rows)
		k.rowsOfCall(&r.Calls[i], msgs, format)
		k.calls = append(k.calls, k.rows[from:len(k.rows):len(k.rows)])
	}
	return k.calls
}

// rowsOfCall appends the rows of one call.
func (k *rowMaker) rowsOfCall(c *dialog.Call, msgs []dialog.Message, format string) {
	from := len(k.rows)
	call := k.add(&c.Attempt, msgs, format, store.ScopeCall)
	call.Legs = len(c.Legs)
	call.Profile.ToAddr = k.destination(farEnd(c), msgs)
	for j := range c.Legs {
		leg := k.add(&c.Legs[j], msgs, format, store.ScopeLeg)
		if len(c.Legs) > 1 {
			continue
		}
		leg.Profile.Scope = store.ScopeCall
		if leg.Profile == call.Profile {
			call.Profile.Scope = store.ScopeBoth
			k.rows = k.rows[:from+1]
			continue
		}
		leg.Profile.Scope = store.ScopeLeg
	}
}

// add appends the row of one attempt.
func (k *rowMaker) add(a *dialog.Attempt, msgs []dialog.Message, format string, scope store.Scope) *store.Attempt {
	k.rows = append(k.rows, store.Attempt{})
	row := &k.rows[len(k.rows)-1]
	k.fill(row, a, msgs, format, scope)
	return row
}

// stepsOf is what became of a bundle's messages, for the ledger.
func stepsOf(r *dialog.Result, hidden int64) (s store.Steps) {
	c := &r.Counts
	for _, of := range [...]struct {
		step store.Step
		n    int
	}{
		{store.StepMessages, c.Messages}, {store.StepDuplicates, c.Duplicates}, {store.StepRetransmissions, c.Retransmissions}, {store.StepUnusable, c.Unusable},
		{store.StepTransactions, c.Transactions}, {store.StepFolded, c.Retries}, {store.StepInDialog, c.InDialog}, {store.StepAcks, c.Acks},
		{store.StepCancels, c.Cancels}, {store.StepOrphans, c.Orphaned}, {store.StepRequests, c.Requests},
		{store.StepAttempts, c.Attempts}, {store.StepHops, c.Hops}, {store.StepFurther, c.Further}, {store.StepCalls, c.Calls},
	} {
		s[of.step] = int64(of.n)
	}
	s[store.StepMessages] += hidden
	s[store.StepDuplicates] += hidden
	return s
}

// farEnd is how far a call got: its deepest, latest leg.
func farEnd(c *dialog.Call) *dialog.Attempt {
	best := &c.Legs[0]
	for i := range c.Legs {
		l := &c.Legs[i]
		if l.Depth > best.Depth || l.Depth == best.Depth && l.Start >= best.Start {
			best = l
		}
	}
	return best
}

// destination is the address that an attempt was sent to. A log of the sender
// often does not say it; then the host of the Request-URI is the best name for it.
func (k *rowMaker) destination(a *dialog.Attempt, msgs []dialog.Message) string {
	if a.To.IsValid() || len(a.Messages) == 0 {
		return k.addrText(a.To)
	}
	m := &msgs[a.Messages[0]]
	return strings.ToLower(string(sip.ParseURI([]byte(m.RequestURI)).Host))
}

// fill fills an empty row in its place: copying rows of half a kilobyte cost
// as much as making them.
func (k *rowMaker) fill(row *store.Attempt, a *dialog.Attempt, msgs []dialog.Message, format string, scope store.Scope) {
	row.Start, row.Caller, row.Callee, row.Legs = a.Start, a.FromUser, a.ToUser, 1
	row.PDD, row.Alert, row.Media = millis(a.PDD), millis(a.Alert), millis(a.Media)
	row.Setup, row.Talk, row.Bye = millis(a.Setup), millis(a.Talk), millis(a.Bye)
	p := &row.Profile
	p.Scope, p.Method, p.Outcome, p.Code, p.Origin, p.Reason = scope, a.Method, a.Outcome, a.Code, a.Origin, a.Phrase
	p.CauseCode, p.CauseQ850, p.CauseText, p.CauseFrom = a.CauseCode, a.CauseQ850, a.CauseText, a.CauseFrom
	p.Released, p.Rang, p.Flags = a.Released, a.Rang, a.Flags
	p.FromAddr, p.ToAddr = k.addrText(a.From), k.destination(a, msgs)
	p.UserAgent, p.DeviceHint, p.Format = a.Agent, a.Device, format
	p.PrefixHint, _ = codes.Prefix(a.ToUser)
	if a.Retransmissions > 0 {
		p.Flags |= codes.FlagRetransmitted
	}
	if len(a.Messages) > 0 {
		m := &msgs[a.Messages[0]]
		row.Source, row.Offset, row.Length, row.Line = m.Source, m.Offset, int64(m.Length), int64(m.Line)
	}
}

// millis rounds microseconds down to milliseconds and keeps -1 for unknown.
func millis(us int64) int64 {
	if us < 0 {
		return -1
	}
	return us / 1000
}

func addrText(a netip.AddrPort) string {
	if !a.Addr().IsValid() {
		return ""
	}
	return a.Addr().Unmap().String()
}
