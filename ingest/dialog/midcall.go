package dialog

import (
	"net/netip"

	"callsift/store/codes"
)

// dialogs gives every transaction inside a dialog to the leg of its hop (R8).
func (a *assembly) dialogs() {
	for i := range a.txs {
		t := &a.txs[i]
		if t.kind != inDialog && t.kind != ackOnly && t.kind != orphan {
			continue
		}
		best, exact := a.dialogOf(t, int32(i))
		switch {
		case best < 0:
			if t.kind == ackOnly {
				t.kind = orphan
			}
			continue
		case t.kind == orphan:
			continue
		}
		t.legOf = best
		if !exact && (t.kind == ackOnly || t.method == "BYE") {
			a.prove(t, int32(i))
		}
	}
	for i := range a.txs {
		t := &a.txs[i]
		if t.kind == cancel {
			t.legOf = a.cancelled(t)
		}
	}
}

// dialogOf finds the leg of t's hop and reports whether its dialog was answered.
// Every leg of the dialog learns of an ACK or BYE.
func (a *assembly) dialogOf(t *transaction, ti int32) (best int32, exact bool) {
	best, bestScore := int32(-1), -100
	p := a.lead(t)
	src, dst := a.ends(t)
	for k := len(a.legs) - 1; k >= 0 && k >= len(a.legs)-back; k-- {
		l := &a.legs[k]
		if l.out.Method != "INVITE" || l.out.Start > t.end+1e6 && l.out.Start-t.end > a.timerB {
			continue
		}
		if p.FromTag != l.fromTag && p.ToTag != l.fromTag {
			continue
		}
		s := near(l, src, dst)
		if l.toTag != "" && (p.ToTag == l.toTag || p.FromTag == l.toTag) {
			exact = true
			a.learn(l, t, ti, s)
			s += 10
		}
		if s > bestScore {
			best, bestScore = int32(k), s
		}
	}
	return best, exact
}

// near scores how well the ends of a request inside a dialog fit a leg's hop.
func near(l *leg, src, dst netip.AddrPort) int {
	f, t := l.out.From, l.out.To
	return max(match(f, src)+match(t, dst), match(f, dst)+match(t, src))
}

func match(x, y netip.AddrPort) int {
	switch {
	case !x.IsValid() || !y.IsValid():
		return 0
	case x.Addr() == y.Addr():
		return 1
	}
	return -2
}

// learn tells an answered leg what happened inside its dialog.
func (a *assembly) learn(l *leg, t *transaction, ti int32, score int) {
	switch {
	case t.kind == ackOnly:
		if t.seq == a.txs[l.last].seq {
			l.acked = true
		}
	case t.method == "BYE":
		if l.bye < 0 || score > l.byeScore {
			l.bye, l.byeScore = ti, score
		}
	}
}

// prove notes that an ACK or a BYE of a dialog shows a 2xx that was not captured.
func (a *assembly) prove(t *transaction, ti int32) {
	p := a.lead(t)
	if p.ToTag == "" {
		return
	}
	for k := len(a.legs) - 1; k >= 0 && k >= len(a.legs)-back; k-- {
		l := &a.legs[k]
		last := &a.txs[l.last]
		if l.out.Method != "INVITE" || p.FromTag != l.fromTag && p.ToTag != l.fromTag || last.final >= 0 || last.start > t.start {
			continue
		}
		switch {
		case t.kind == ackOnly && last.seq == t.seq:
			l.proof, l.acked = true, true
		case t.method == "BYE" && (last.responses == 0 || l.proof):
			l.proof = true
			fallthrough
		case t.method == "BYE":
			if l.bye < 0 {
				l.bye = ti
			}
		}
	}
}

// cancelled is the leg that a CANCEL belongs to, -1: none.
func (a *assembly) cancelled(t *transaction) int32 {
	key := t.txKey
	key.method = "INVITE"
	if k := a.find(key); k >= 0 {
		return a.txs[k].legOf
	}
	t.kind = orphan
	return -1
}

// answeredFlags fills how an answered call went on and ended.
func (a *assembly) answeredFlags(l *leg, t *transaction) {
	o := &l.out
	if t.cancel >= 0 {
		o.Flags |= codes.FlagCancelLostRace
	}
	if o.Method != "INVITE" {
		return
	}
	if l.bye >= 0 {
		a.hangUp(l, &a.txs[l.bye])
	}
	if !l.acked && t.ack < 0 && (l.bye >= 0 || a.repeated(t)) && !a.oneWay(l) {
		o.Flags |= codes.FlagNoACK
	}
}

// repeated reports whether the answer was sent again and again.
func (a *assembly) repeated(t *transaction) bool {
	n := 0
	for i := t.final; i < int32(len(a.pkts)) && n < 2; i++ {
		p := &a.pkts[i]
		if p.tx == a.pkts[t.final].tx && p.repeat && p.Status == a.pkts[t.final].Status {
			n++
		}
		if i-t.final > 4096 {
			break
		}
	}
	return n >= 2
}

// hangUp reads the BYE: who sent it, why, and whether anybody answered it.
func (a *assembly) hangUp(l *leg, bye *transaction) {
	o, p := &l.out, a.lead(bye)
	o.Talk = max(0, bye.start-l.finalAt)
	o.Released = "callee"
	if p.FromTag == l.fromTag {
		o.Released = "caller"
	}
	if isDrop(p.Reasons) {
		o.Released = "network"
		o.Flags |= codes.FlagDropped
		causeOf(o, p)
	}
	switch status := a.status(bye); {
	case status == 0 && !a.oneWay(l) && a.elapsed(bye.start, a.timerB):
		o.Flags |= codes.FlagByeUnanswered
	case status >= 200 && status < 300:
		o.Bye = max(0, a.pkts[bye.final].Time-bye.start)
	}
}

// isDrop reports whether a BYE's reason is not a person hanging up (clf.md §2).
func isDrop(reasons []Reason) bool {
	for _, r := range reasons {
		switch {
		case isQ850(r) && r.Cause > 0 && r.Cause <= 127:
			return r.Cause != 16 && r.Cause != 31
		case isSIP(r) && (r.Cause == 408 || r.Cause == 481 || r.Cause >= 500 && r.Cause < 600):
			return true
		}
	}
	return false
}

// midCall marks legs whose re-INVITE or other request inside the dialog failed.
func (a *assembly) midCall() {
	for i := range a.txs {
		t := &a.txs[i]
		if t.kind != inDialog || t.legOf < 0 || t.method == "BYE" || t.final < 0 {
			continue
		}
		l := &a.legs[t.legOf]
		status := a.status(t)
		if l.out.Outcome != codes.Answered || status < 300 || challenge(status) || status == 491 || status == 487 {
			continue
		}
		l.out.Flags |= codes.FlagMidCallProblem
		if t.method != "INVITE" && t.method != "UPDATE" {
			continue
		}
		if status == 481 || status == 408 {
			l.out.Flags |= codes.FlagDropped
			l.out.Released = "network"
			if l.bye < 0 {
				l.out.Talk = max(0, a.pkts[t.final].Time-l.finalAt)
			}
		} else if t.method == "INVITE" {
			l.out.Flags |= codes.FlagReinviteRejected
		}
	}
}
