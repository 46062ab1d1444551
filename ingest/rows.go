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
	calls := make([][]store.Attempt, 0, len(r.Calls))
	for i := range r.Calls {
		c := &r.Calls[i]
		call := rowOf(&c.Attempt, msgs, format, store.ScopeCall)
		call.Legs = len(c.Legs)
		call.Profile.ToAddr = destination(farEnd(c), msgs)
		if len(c.Legs) == 1 {
			leg := rowOf(&c.Legs[0], msgs, format, store.ScopeCall)
			if leg.Profile == call.Profile {
				call.Profile.Scope = store.ScopeBoth
				calls = append(calls, []store.Attempt{call})
				continue
			}
		}
		rows := append(make([]store.Attempt, 0, len(c.Legs)+1), call)
		for j := range c.Legs {
			rows = append(rows, rowOf(&c.Legs[j], msgs, format, store.ScopeLeg))
		}
		calls = append(calls, rows)
	}
	return calls
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
func destination(a *dialog.Attempt, msgs []dialog.Message) string {
	if a.To.IsValid() || len(a.Messages) == 0 {
		return addrText(a.To)
	}
	m := &msgs[a.Messages[0]]
	return strings.ToLower(string(sip.ParseURI([]byte(m.RequestURI)).Host))
}

func rowOf(a *dialog.Attempt, msgs []dialog.Message, format string, scope store.Scope) store.Attempt {
	prefix, _ := codes.Prefix(a.ToUser)
	row := store.Attempt{
		Start: a.Start, Caller: a.FromUser, Callee: a.ToUser,
		PDD: millis(a.PDD), Alert: millis(a.Alert), Media: millis(a.Media), Setup: millis(a.Setup), Talk: millis(a.Talk), Bye: millis(a.Bye),
		Legs: 1,
		Profile: store.Profile{
			Scope: scope, Method: a.Method, Outcome: a.Outcome, Code: a.Code, Origin: a.Origin, Reason: a.Phrase,
			CauseCode: a.CauseCode, CauseQ850: a.CauseQ850, CauseText: a.CauseText, CauseFrom: a.CauseFrom,
			Released: a.Released, Rang: a.Rang, Flags: a.Flags,
			FromAddr: addrText(a.From), ToAddr: destination(a, msgs),
			PrefixHint: prefix, UserAgent: a.Agent, DeviceHint: a.Device, Format: format,
		},
	}
	if a.Retransmissions > 0 {
		row.Profile.Flags |= codes.FlagRetransmitted
	}
	if len(a.Messages) > 0 {
		m := &msgs[a.Messages[0]]
		row.Source, row.Offset, row.Length, row.Line = m.Source, m.Offset, int64(m.Length), int64(m.Line)
	}
	return row
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
