package dialog

import (
	"callsift/store/codes"
)

// carried are the flags of any leg that its call shows too.
const carried = codes.FlagMalformed | codes.FlagForked | codes.FlagProtocolViolation | codes.FlagMidCallProblem |
	codes.FlagReinviteRejected | codes.FlagRetransmitted | codes.FlagOneWay

// asSeen fills the call's own figures from its legs: as the caller saw it, with
// the cause of the deepest leg that failed.
func (c *Call) asSeen(msgs []int) {
	f := c.face()
	c.Attempt = c.Legs[f]
	if len(c.Legs) > 1 {
		c.fromFirst()
		c.deepest(f)
		c.recovered(f)
	}
	c.Messages, c.Parent = msgs, -1
	c.redirected()
}

// face is the leg at the caller's side that the caller remembers: the one that
// was answered, else one still going on, else the last to end.
func (c *Call) face() int {
	best := 0
	for i := 1; i < len(c.Legs) && c.Legs[i].Parent < 0; i++ {
		x, y := &c.Legs[best], &c.Legs[i]
		if wx, wy := weight(x), weight(y); wy > wx || wy == wx && wy < 3 && ended(y) > ended(x) {
			best = i
		}
	}
	return best
}

func weight(a *Attempt) int {
	switch a.Outcome {
	case codes.Answered:
		return 3
	case codes.InProgress:
		return 2
	case codes.CompletedElsewhere:
		return 0
	}
	return 1
}

func ended(a *Attempt) int64 { return a.Start + max(0, a.Setup) }

// fromFirst counts from the first leg: its caller, its time, its clock (R2).
func (c *Call) fromFirst() {
	first := 0
	for i := range c.Legs {
		l := &c.Legs[i]
		c.Flags |= l.Flags & carried
		if i > 0 {
			c.Retransmissions += l.Retransmissions
		}
		if l.Parent < 0 && l.Start < c.Legs[first].Start {
			first = i
		}
	}
	c.Retransmissions += c.Legs[0].Retransmissions - c.Attempt.Retransmissions
	l := &c.Legs[first]
	later := c.Start - l.Start
	for _, d := range []*int64{&c.PDD, &c.Alert, &c.Media, &c.Setup, &c.Fail} {
		if *d >= 0 {
			*d += later
		}
	}
	c.Start, c.From, c.FromUser, c.ToUser, c.Agent, c.Links = l.Start, l.From, l.FromUser, l.ToUser, l.Agent, l.Links
}

// deepest takes the cause from the leg nearest to where the call failed: from
// hop to hop the one that gave the code which was passed on, else the last.
func (c *Call) deepest(f int) {
	if c.Outcome != codes.Failed && c.Outcome != codes.User {
		return
	}
	at := f
	for {
		next := -1
		for i := at + 1; i < len(c.Legs); i++ {
			l := &c.Legs[i]
			if l.Parent != at || l.Code == 487 || l.Outcome != codes.Failed && l.Outcome != codes.User {
				continue
			}
			same := l.Code == c.Legs[at].Code
			if next < 0 || same && c.Legs[next].Code != l.Code || same == (c.Legs[next].Code == c.Legs[at].Code) && ended(l) >= ended(&c.Legs[next]) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		at = next
		l := &c.Legs[at]
		if l.CauseQ850 >= 0 || l.CauseText != "" {
			c.CauseQ850, c.CauseText, c.CauseFrom = l.CauseQ850, l.CauseText, l.CauseFrom
		}
	}
	l := &c.Legs[at]
	if at != f && c.Outcome == codes.User && l.Outcome == codes.Failed && l.Code >= 300 { // R11: a 480 that stands for a trunk's 503
		c.Outcome, c.Released = codes.Failed, ""
	}
	if l.Flags&codes.FlagTransportError != 0 {
		c.Flags |= codes.FlagTransportError
		c.CauseCode, c.CauseText, c.CauseFrom = l.CauseCode, l.CauseText, l.CauseFrom
	}
	if l.Code == c.Code || l.Code < 200 {
		return
	}
	c.CauseCode = l.Code
	if c.CauseText == "" {
		c.CauseText = l.Phrase
	}
	if c.CauseFrom == codes.NoOrigin {
		c.CauseFrom = l.Origin
	}
}

// recovered flags a call that reached somebody after a leg had failed (R12).
func (c *Call) recovered(f int) {
	if c.Outcome != codes.Answered && c.Outcome != codes.User {
		return
	}
	leaf := f
	for i := f + 1; i < len(c.Legs); i++ {
		if l := &c.Legs[i]; l.Parent == leaf && l.Outcome == c.Outcome {
			leaf = i
		}
	}
	for i := range c.Legs {
		l := &c.Legs[i]
		if l.Outcome == codes.Failed && l.Start < c.Legs[leaf].Start && ended(l) <= c.Legs[leaf].Start+1e5 {
			c.Flags |= codes.FlagRecovered
			return
		}
	}
}

// redirected makes a redirect that nobody followed a failure of the call; the
// leg keeps its outcome (R2).
func (c *Call) redirected() {
	if c.Outcome != codes.Redirected || c.Method != "INVITE" {
		return
	}
	c.Outcome = codes.Failed
	c.Flags |= codes.FlagRedirectUnfollowed
	c.Fail = c.Setup
	for i := range c.Legs {
		if l := &c.Legs[i]; l.Outcome == codes.Redirected {
			l.Flags |= codes.FlagRedirectUnfollowed
		}
	}
}
