package dialog

import (
	"slices"

	"callsift/store/codes"
)

// outline fills what a leg's own messages tell, before legs look at each other.
func (a *assembly) outline() {
	for i := range a.legs {
		l := &a.legs[i]
		first, last := &a.txs[l.first], &a.txs[l.last]
		o := &l.out
		*o = blank(first.method, first.start)
		a.parties(l, first, last)
		a.delays(l)
		if last.final >= 0 {
			a.final(l, &a.pkts[last.final])
		}
		if last.lastProv >= 0 && last.final < 0 {
			p := &a.pkts[last.lastProv]
			o.Code, o.Origin, o.Phrase = p.Status, codes.Observed, p.Phrase
		}
		if first.request < 0 {
			o.Flags |= codes.FlagTruncatedStart
		}
		if first.start == 0 {
			o.Flags |= codes.FlagTimeUnknown
		}
	}
	for _, i := range a.order {
		l := &a.legs[i]
		if l.parent < 0 {
			continue
		}
		up := &a.legs[l.parent].out
		l.out.Depth = up.Depth + 1
		if !up.To.IsValid() { // logs without addresses: the next hop's Via names this hop's end
			up.To = viaAddr(a.txs[l.first].via)
		}
	}
	a.kin()
}

// blank is an attempt of which nothing is known yet.
func blank(method string, start int64) Attempt {
	return Attempt{
		Method: method, Start: start, Code: codes.None, Origin: codes.NoOrigin,
		CauseQ850: -1, CauseFrom: codes.NoOrigin, RetryAfter: -1, Parent: -1,
		PDD: -1, Alert: -1, Media: -1, Setup: -1, Fail: -1, Talk: -1, Bye: -1,
	}
}

// parties fills who and where.
func (a *assembly) parties(l *leg, first, last *transaction) {
	o, p := &l.out, a.lead(first)
	o.FromUser = p.FromUser
	dialled := a.lead(last) // with overlap the last INVITE has all digits
	if first.method == "INVITE" {
		o.ToUser = dialled.RequestUser
	}
	if o.ToUser == "" {
		o.ToUser = p.ToUser
	}
	o.From, o.To = a.ends(first)
	if !o.To.IsValid() {
		_, o.To = a.ends(last)
	}
	if p.Status == 0 {
		o.Agent = p.Agent
		o.Deregister = p.Method == "REGISTER" && p.Expires == 0
	}
	o.Device, o.Links = p.device, a.links(l)
}

// maxLinks bounds the correlation values of a leg; honest ones have one to four.
const maxLinks = 16

// links collects the correlation values of a leg's messages, each once: some
// agents leave them out of the first INVITE and set them after a challenge.
func (a *assembly) links(l *leg) []Link {
	var list []Link
	for ti := l.first; ti >= 0; ti = a.txs[ti].nextInLeg {
		for i := a.txs[ti].head; i >= 0; i = a.pkts[i].next {
			for _, link := range a.pkts[i].Links {
				if len(list) < maxLinks && !slices.Contains(list, link) {
					list = append(list, link)
				}
			}
		}
	}
	return list
}

// delays walks all responses of a leg. Its clock starts with the first INVITE,
// also where a challenge or a redirect came between (RFC 6076 §4.3.1).
func (a *assembly) delays(l *leg) {
	o := &l.out
	since := func(p *packet) int64 { return max(0, p.Time-o.Start) }
	var tags [8]string // more early dialogs are not told apart
	dialogs := 0
	for ti := l.first; ti >= 0; ti = a.txs[ti].nextInLeg {
		t := &a.txs[ti]
		o.Retransmissions += int(t.repeats)
		for i := t.head; i >= 0; i = a.pkts[i].next {
			p := &a.pkts[i]
			if p.flags&Malformed != 0 {
				o.Flags |= codes.FlagMalformed
			}
			if p.Status <= 100 {
				continue
			}
			if p.Status < 300 && dialogs < len(tags) && !slices.Contains(tags[:dialogs], p.ToTag) {
				tags[dialogs] = p.ToTag
				dialogs++
			}
			if p.Status >= 200 || p.Status == 199 {
				continue
			}
			switch p.Status {
			case 180:
				o.Rang = true
				if o.Alert < 0 {
					o.Alert = since(p)
				}
			case 181, 182:
				o.Rang = true
			}
			if o.PDD < 0 {
				o.PDD = since(p)
			}
			if o.Media < 0 && p.flags&HasSDP != 0 {
				o.Media = since(p)
			}
		}
	}
	o.EarlyDialogs = dialogs
	if o.Retransmissions > 0 {
		o.Flags |= codes.FlagRetransmitted
	}
}

// final fills what the final response tells.
func (a *assembly) final(l *leg, p *packet) {
	o := &l.out
	l.finalAt = p.Time
	o.Code, o.Origin, o.Phrase, o.Server = p.Status, codes.Observed, p.Phrase, p.Agent
	o.Setup = max(0, p.Time-o.Start)
	o.RetryAfter = p.RetryAfter
	if p.Status < 300 {
		l.toTag = p.ToTag
		if o.PDD < 0 {
			o.PDD = o.Setup
		}
		return
	}
	causeOf(o, p)
}

// causeOf reads the cause from a message that ended an attempt, strongest first:
// Q.850, SIP reason, Warning (clf.md §2).
func causeOf(o *Attempt, p *packet) {
	for _, r := range p.Reasons {
		if isQ850(r) && r.Cause > 0 && o.CauseQ850 < 0 {
			o.CauseQ850, o.CauseText, o.CauseFrom = r.Cause, r.Text, codes.Observed
		}
	}
	for _, r := range p.Reasons {
		if o.CauseText == "" && r.Text != "" {
			o.CauseText, o.CauseFrom = r.Text, codes.Observed
		}
	}
	if o.CauseText == "" && p.Warning != "" {
		o.CauseText, o.CauseFrom = p.Warning, codes.Observed
	}
}

func isQ850(r Reason) bool {
	return len(r.Protocol) == 5 && (r.Protocol[0] == 'Q' || r.Protocol[0] == 'q') && r.Protocol[1:] == ".850"
}

// kin notes at the elder of forked legs when one of them won (R13).
func (a *assembly) kin() {
	for i := range a.legs {
		l := &a.legs[i]
		if l.finalAt == 0 || l.out.Code >= 300 && l.out.Code < 600 {
			continue
		}
		if e := &a.legs[l.elder]; e.wonAt == 0 || l.finalAt < e.wonAt {
			e.wonAt = l.finalAt
		}
	}
}

// decideAll gives every leg its outcome, hops nearer to the caller first: what a
// proxy told its caller explains what it did to the hop behind.
func (a *assembly) decideAll() {
	for _, i := range a.order {
		a.decide(&a.legs[i])
	}
	a.midCall()
}

// decide gives a leg its outcome.
func (a *assembly) decide(l *leg) {
	o, t := &l.out, &a.txs[l.last]
	switch status := a.status(t); {
	case status == 0 && o.Method != "INVITE":
		a.silentRequest(l, t)
	case status == 0:
		a.unanswered(l, t)
	case status < 300:
		o.Outcome = codes.Answered
		a.answeredFlags(l, t)
	case status == 487 && o.Method == "INVITE":
		a.givenUp(l, t)
	default:
		o.Outcome = outcomeOf(status, o.Phrase)
		a.refusedFlags(l, t, status)
	}
	if t.conflict {
		o.Flags |= codes.FlagProtocolViolation
	}
	if o.EarlyDialogs > 1 {
		o.Flags |= codes.FlagForked
	}
	if l.first != l.last && o.Method == "INVITE" && a.extends(&a.txs[l.first], t) {
		o.Flags |= codes.FlagOverlap
	}
	if (o.Outcome == codes.Failed || o.Outcome == codes.User) && o.Code >= 300 {
		o.Fail = o.Setup
	}
	if o.Flags&codes.FlagTruncatedStart != 0 { // t1 was not seen
		o.PDD, o.Alert, o.Media, o.Setup, o.Fail = -1, -1, -1, -1, -1
	}
}

// refusedFlags marks challenges that nobody answered or that were answered in vain.
func (a *assembly) refusedFlags(l *leg, t *transaction, status int) {
	o := &l.out
	credentials := t.request >= 0 && a.pkts[t.request].flags&HasCredentials != 0
	switch {
	case challenge(status) && l.rounds > 0 && credentials && a.pkts[t.final].flags&Stale == 0:
		o.Flags |= codes.FlagAuthRejected
	case challenge(status):
		o.Flags |= codes.FlagChallengeUnanswered
	case status == 403 && l.rounds > 0 && credentials && o.PDD < 0 && !l.relayed:
		o.Flags |= codes.FlagAuthRejected
	}
	if t.cancel >= 0 {
		o.Flags |= codes.FlagCancelCrossed
	}
	if status == 408 && o.Method != "INVITE" { // RFC 4320 §4.2: nobody should send it
		o.Flags |= codes.FlagTimeout
	}
	if status >= 500 && status < 600 && a.prackLost(t) {
		o.Flags |= codes.FlagPRACKLost
	}
}

// prackLost reports a refusal 64*T1 after a reliable provisional that nobody
// acknowledged (RFC 3262 §3).
func (a *assembly) prackLost(t *transaction) bool {
	reliable := false
	for i := t.head; i >= 0; i = a.pkts[i].next {
		p := &a.pkts[i]
		if p.Status > 100 && p.Status < 200 && p.flags&Requires100 != 0 && a.pkts[t.final].Time-p.Time >= a.timerB*9/10 {
			reliable = true
		}
	}
	if !reliable {
		return false
	}
	for i := range a.txs {
		if a.txs[i].method == "PRACK" {
			return false
		}
	}
	return true
}

// silentRequest decides a request other than INVITE that got no final response
// (Timer F).
func (a *assembly) silentRequest(l *leg, t *transaction) {
	o := &l.out
	switch {
	case a.oneWay(l):
		o.Outcome, o.Code = codes.InProgress, codes.Unknown
		o.Flags |= codes.FlagOneWay
	case t.responses == 0 && t.report >= 0:
		a.undelivered(o, t)
	case !l.overtaken && !a.elapsed(t.start, a.timerB):
		o.Outcome = codes.InProgress
	default:
		a.timedOut(o, t)
	}
}

func (a *assembly) timedOut(o *Attempt, t *transaction) {
	o.Outcome, o.Flags = codes.Failed, o.Flags|codes.FlagTimeout
	if t.responses > 0 {
		o.Flags |= codes.FlagProvisionalOnly
		return
	}
	o.Code, o.Origin = codes.None, codes.Inferred
	o.CauseText, o.CauseFrom = "no response", codes.Inferred
}

// undelivered decides a request that the network said it could not deliver and
// that nobody answered: as if a 503 had come (RFC 3261 §8.1.3.1). The 503 is the
// cause, inferred; the code stays that of no response, for none was seen.
func (a *assembly) undelivered(o *Attempt, t *transaction) {
	o.Outcome, o.Flags = codes.Failed, o.Flags|codes.FlagTransportError
	o.Code, o.Origin = codes.None, codes.Inferred
	o.CauseCode, o.CauseText, o.CauseFrom = 503, a.in[t.report].Phrase, codes.Inferred
}

func (a *assembly) oneWay(l *leg) bool {
	return a.ctx.OneWay != nil && l.out.From.IsValid() && l.out.To.IsValid() && a.ctx.OneWay(l.out.From.Addr(), l.out.To.Addr())
}

// unanswered decides an INVITE without a final response (R10, transactions.md §2).
func (a *assembly) unanswered(l *leg, t *transaction) {
	o := &l.out
	switch {
	case t.ack >= 0: // the ACK of a refusal proves it, not which one
		o.Outcome, o.Code, o.Origin = codes.NotConnected, codes.Unknown, codes.NoOrigin
		o.Flags |= codes.FlagOneWay | codes.FlagInferred
	case l.proof:
		o.Outcome, o.Code, o.Origin = codes.Answered, codes.Unknown, codes.NoOrigin
		o.Flags |= codes.FlagOneWay | codes.FlagInferred
		if l.bye >= 0 {
			a.hangUp(l, &a.txs[l.bye])
			o.Talk = -1 // nobody saw the answer's time
		}
	case t.responses == 0 && a.oneWay(l):
		o.Outcome, o.Code, o.Origin = codes.InProgress, codes.Unknown, codes.NoOrigin
		o.Flags |= codes.FlagOneWay
	case t.responses == 0 && t.report >= 0:
		a.undelivered(o, t)
	case t.cancel >= 0 && t.responses > 0 || l.bye >= 0:
		if !a.parentOver(l) && !a.elapsed(a.gaveUpAt(l, t), a.timerB) {
			o.Outcome = codes.InProgress
			return
		}
		o.Flags |= codes.FlagInferred
		a.givenUp(l, t)
	case t.responses == 0:
		if !l.overtaken && !a.parentOver(l) && !a.elapsed(a.gaveUpAt(l, t), a.timerB) {
			o.Outcome = codes.InProgress
			return
		}
		a.timedOut(o, t)
	default:
		if !a.parentOver(l) && !a.elapsed(t.start, a.noFinal) {
			o.Outcome = codes.InProgress
			return
		}
		o.Outcome = codes.Failed
		o.Flags |= codes.FlagProvisionalOnly
	}
}

// gaveUpAt is when the caller cancelled, else when it asked.
func (a *assembly) gaveUpAt(l *leg, t *transaction) int64 {
	switch {
	case t.cancel >= 0:
		return a.txs[t.cancel].start
	case l.bye >= 0:
		return a.txs[l.bye].start
	}
	return t.start
}

// parentOver reports whether the hop before got its final response: then this
// one has nothing more to say.
func (a *assembly) parentOver(l *leg) bool {
	return l.parent >= 0 && a.legs[l.parent].finalAt != 0
}

// givenUp decides a leg that its sender ended before an answer (R3, R13): a
// person who hung up, another phone that answered, or a timer.
func (a *assembly) givenUp(l *leg, t *transaction) {
	o := &l.out
	at := a.gaveUpAt(l, t)
	timer, elsewhere := false, false
	if t.cancel >= 0 {
		p := a.lead(&a.txs[t.cancel])
		for _, r := range p.Reasons {
			elsewhere = elsewhere || isSIP(r) && r.Cause >= 200 && r.Cause < 300
			timer = timer || isSIP(r) && (r.Cause == 408 || r.Cause == 480) || isQ850(r) && (r.Cause == 19 || r.Cause == 102)
		}
		if o.CauseQ850 < 0 {
			causeOf(o, p)
		}
	}
	won := a.legs[l.elder].wonAt
	if l.parent >= 0 {
		up := &a.legs[l.parent]
		if won == 0 && up.finalAt != 0 && (up.out.Code < 300 || up.out.Code >= 600) {
			won = up.finalAt
		}
		timer = timer || up.finalAt != 0 && up.out.Code >= 300 && up.out.Code < 600 && up.out.Outcome != codes.Abandoned
	}
	const skew = 1e5 // the CANCEL follows the answer on another hop's clock
	switch {
	case elsewhere || won != 0 && at >= won-skew:
		o.Outcome = codes.CompletedElsewhere
	case (timer || won != 0) && o.Rang:
		o.Outcome, o.Released = codes.User, "network"
	case timer || won != 0:
		o.Outcome, o.Released = codes.Failed, "network"
		o.Flags |= codes.FlagTimeout
	default:
		o.Outcome, o.Released = codes.Abandoned, "caller"
	}
}

func isSIP(r Reason) bool {
	return len(r.Protocol) == 3 && (r.Protocol == "SIP" || r.Protocol == "sip")
}
