package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// proof is something else in the data that speaks for a finding. Its name is
// what rules ask for.
type proof struct {
	name string
	text string
}

// The names of proofs.
const (
	proofFast       = "fast"       // refused within 300 ms: no phone rang
	proofMany       = "many"       // many callers and callees at once
	proofRegister   = "register"   // registrations lost in the same time
	proofOptions    = "options"    // OPTIONS unanswered in the same time
	proofRestart    = "restart"    // a device started anew
	proofOffline    = "offline"    // a device reported extensions offline
	proofCeiling    = "ceiling"    // conversations at once stood at a ceiling
	proofTimer      = "timer"      // ended by a timer that was another one before
	proofDelay      = "delay"      // post-dial delay rose
	proofRecovered  = "recovered"  // the calls went through by another way
	proofNo100      = "no-100"     // not even a 100 came
	proofAfter100   = "after-100"  // a 100 came and nothing after it
	proofRang       = "rang"       // it had rung
	proofCodecs     = "codecs"     // offered and answered codecs have none in common
	proofRetryAfter = "retry"      // the refusal named a time to come back
	proofNonce      = "same-nonce" // refused although the nonce was the challenge's own
	proofChallenge  = "challenge"  // never came with credentials
	proofReinvite   = "reinvite"   // a request inside the dialog failed
	proofOneCallee  = "one-callee" // nearly all to one number
	proofShort      = "short"      // short calls rose too
	proofHangUp     = "hang-up"    // one side always hangs up
)

// ownAnswerMS: nobody's thumb is that fast.
const ownAnswerMS = 300

// gather asks the data for all that speaks for the driver.
func (d *driver) gather(data Data) {
	add := func(name, format string, args ...any) {
		d.proofs = append(d.proofs, proof{name, fmt.Sprintf(format, args...)})
	}
	times := setups(d.members)
	if len(times) >= 5 && d.g.name != SymptomAbandoned && d.g.name != SymptomDropped && d.g.name != SymptomShort {
		fast := 0
		for _, t := range times {
			if t <= ownAnswerMS {
				fast++
			}
		}
		if 10*fast >= 6*len(times) {
			add(proofFast, "%d of %d were refused within %d ms: no phone can have rung.", fast, len(times), ownAnswerMS)
		}
	}
	if s := d.spread; s.callees >= 5 && s.callers >= 3 && s.effective >= minCallers {
		add(proofMany, "%s and %s are concerned.", plural(int64(s.callers), "caller", "callers"), plural(int64(s.callees), "called number", "called numbers"))
	}
	if s := d.spread; s.known && s.topCalleeShare >= holdShare && s.calls >= 5 {
		add(proofOneCallee, "%.0f %% of them are calls to one number, %s.", 100*s.topCalleeShare, s.topCallee)
	}
	if text := d.requestsLost(data, "REGISTER", inIRA); text != "" {
		add(proofRegister, "%s", text)
	}
	if text := d.requestsLost(data, "OPTIONS", func(p *store.Profile) bool { return p.Outcome != codes.Answered && p.Code != 401 && p.Code != 407 }); text != "" {
		add(proofOptions, "%s", text)
	}
	d.fromEvents(data, add)
	d.fromLoad(data, add)
	d.fromTimes(data, times, add)
	d.fromProfiles(data, add)
	d.fromMessages(add)
}

// requestsLost compares how requests of a method fared in the driver's time and
// in the rest of the period.
func (d *driver) requestsLost(data Data, method string, bad func(*store.Profile) bool) string {
	ids := ofMethod(data, method, nil)
	if len(ids) == 0 {
		return ""
	}
	var in, out, badIn, badOut int64
	for _, c := range data.Cells {
		b := (c.Time - d.g.from) / quarter
		if !ids[c.Profile] || b < 0 || b >= int64(len(d.in)) {
			continue
		}
		lost := bad(data.Profiles[c.Profile])
		switch {
		case d.in[b]:
			in += c.N
			if lost {
				badIn += c.N
			}
		default:
			out += c.N
			if lost {
				badOut += c.N
			}
		}
	}
	bins := int64(0)
	for _, yes := range d.in {
		if yes {
			bins++
		}
	}
	rest := int64(len(d.in)) - bins
	switch {
	case badIn >= 3 && in > 0 && (out == 0 || badIn*out > 3*badOut*in):
		return fmt.Sprintf("%s of %s %s requests failed in that time; %s of %s in the rest of the period.", thousands(badIn), thousands(in), method, thousands(badOut), thousands(out))
	case rest > 0 && out*bins/rest >= 20 && in*rest*5 < out*bins && d.n > 0:
		return fmt.Sprintf("%s %s requests came in that time, where the rest of the period has %s in as many hours.", thousands(in), method, thousands(out*bins/rest))
	}
	return ""
}

// eventSlack is how long before the trouble an event may be its cause.
const eventSlack = 10 * 60 * second

func (d *driver) fromEvents(data Data, add func(string, string, ...any)) {
	from, to := d.span()
	counts := map[string]int64{}
	first := map[string]store.Event{}
	for _, e := range data.Events {
		if e.Time < from-eventSlack || e.Time >= to {
			continue
		}
		kind := strings.ToUpper(e.Kind)
		if counts[kind] == 0 {
			first[kind] = e
		}
		counts[kind]++
	}
	if e, ok := first["BOOTUP"]; ok {
		when, _ := local(e.Time, d.g.q.zone())
		add(proofRestart, "Device %s restarted at %s.", nameOr(e.Device, "without a name"), instant(when, true))
	}
	if n := counts["OFFLINE"]; n > 0 {
		add(proofOffline, "%s lost their registration by the PBX's own events, first %s.", plural(n, "extension", "extensions"), nameOr(first["OFFLINE"].Subject, "one without a name"))
	}
}

func nameOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// fromTimes asks whether a timer ended the calls, and whether callers waited
// longer than usual.
func (d *driver) fromTimes(data Data, times []int64, add func(string, string, ...any)) {
	if d.g.name == symptomUnanswered || d.g.name == SymptomFailed {
		if middle, share := narrow(times); len(times) >= 8 && share >= .6 && middle >= 3000 {
			before := setups(d.others(data))
			usual, usualShare := narrow(before)
			switch {
			case len(before) >= 8 && usualShare >= .4 && math.Abs(float64(middle-usual)) > .15*float64(usual):
				add(proofTimer, "%.0f %% of them ended after %.1f s; before, %.0f %% after %.1f s: a timer was changed.", 100*share, float64(middle)/1000, 100*usualShare, float64(usual)/1000)
			case len(before) >= 8 && usualShare < .4 && share >= .7:
				add(proofTimer, "%.0f %% of them ended after %.1f s, which is a timer's doing.", 100*share, float64(middle)/1000)
			}
		}
	}
	if d.g.name == SymptomAbandoned || d.g.name == SymptomFailed {
		if now, n, usual, m := d.pdd(data); n >= 20 && m >= 20 && now > usual+1000 && 2*now > 3*usual {
			add(proofDelay, "The post-dial delay was %.1f s in 95 %% of the calls of that time (n = %s) and %.1f s in the others (n = %s).", float64(now)/1000, thousands(n), float64(usual)/1000, thousands(m))
		}
	}
}

// pdd is the 95th percentile of the delay with the driver's keys, in its time
// and outside.
func (d *driver) pdd(data Data) (now, n, usual, m int64) {
	exposed, _ := d.profilesOf(data)
	var in, out buckets
	from, to := d.span()
	switch {
	case data.Calls != nil:
		for _, c := range data.Calls {
			if b := (c.Start - d.g.from) / quarter; exposed[c.Profile] && c.PDD >= 0 && b >= 0 && b < int64(len(d.in)) {
				if d.in[b] {
					in.add(store.DelayBucket(c.PDD), 1)
				} else {
					out.add(store.DelayBucket(c.PDD), 1)
				}
			}
		}
	case data.delaysIn != nil:
		for _, x := range data.delaysIn(from, to, store.DelayPDD) {
			if exposed[x.Profile] {
				in.add(x.Bucket, x.N)
			}
		}
		for _, x := range data.Delays {
			if exposed[x.Profile] && x.Kind == store.DelayPDD {
				out.add(x.Bucket, x.N)
			}
		}
		for b, n := range in.count {
			if b < len(out.count) {
				out.count[b] -= n
				out.n -= n
			}
		}
	}
	if out.n < 20 { // it has the whole period: the one before is the measure
		for _, p := range data.Past {
			for _, x := range p.Delays {
				if exposed[x.Profile] && x.Kind == store.DelayPDD {
					out.add(x.Bucket, x.N)
				}
			}
		}
	}
	return in.percentile(.95), in.n, out.percentile(.95), out.n
}

// fromProfiles reads what the flags of the calls say.
func (d *driver) fromProfiles(data Data, add func(string, string, ...any)) {
	_, having := d.profilesOf(data)
	var n, recovered, no100, after100, rang, unanswered, rejected, reinvite int64
	released := map[string]int64{}
	selectFrom(data, d.g.q, nil).cells(data, func(c Cell, p *store.Profile) {
		b := (c.Time - d.g.from) / quarter
		if !having[p.ID] || b < 0 || b >= int64(len(d.in)) || !d.in[b] {
			return
		}
		k := c.N
		if d.g.name == SymptomShort { // the profile tells nothing of how long they were
			k = c.Short
		}
		n += k
		released[p.Released] += k
		count := func(sum *int64, yes bool) {
			if yes {
				*sum += k
			}
		}
		count(&no100, p.Code == codes.None && p.Flags&codes.FlagProvisionalOnly == 0)
		count(&after100, p.Flags&codes.FlagProvisionalOnly != 0 && !p.Rang)
		count(&rang, p.Rang)
		count(&unanswered, p.Flags&codes.FlagChallengeUnanswered != 0)
		count(&rejected, p.Flags&codes.FlagAuthRejected != 0)
		count(&reinvite, p.Flags&(codes.FlagMidCallProblem|codes.FlagReinviteRejected) != 0)
	})
	most := func(k int64) bool { return n > 0 && 10*k >= 6*n }
	if most(no100) {
		add(proofNo100, "Not even a 100 came back for %s of %s.", thousands(no100), thousands(n))
	}
	if most(after100) {
		add(proofAfter100, "A 100 came back for %s of %s and nothing after it: the next hop takes calls and gets no further.", thousands(after100), thousands(n))
	}
	if most(rang) && d.g.name == SymptomFailed {
		add(proofRang, "It had rung in %s of %s.", thousands(rang), thousands(n))
	}
	if most(unanswered) {
		add(proofChallenge, "%s of %s never answered the challenge.", thousands(unanswered), thousands(n))
	}
	if most(rejected) {
		add(proofNonce, "%s of %s were refused after their credentials had been sent.", thousands(rejected), thousands(n))
	}
	if most(reinvite) {
		add(proofReinvite, "A request inside the dialog (re-INVITE) failed in %s of %s.", thousands(reinvite), thousands(n))
	}
	if side, k := mostReleased(released); d.g.name == SymptomShort && k >= minCases && 10*k >= 8*n {
		add(proofHangUp, "In %s of %s it was the %s who hung up: most likely the one who heard nothing.", thousands(k), thousands(n), side)
	}
	if d.g.name == SymptomFailed {
		recovered = d.recoveredCalls(data)
		if recovered > 0 {
			add(proofRecovered, "%s in that time were answered all the same after a failed attempt: another way took over, so callers may not have noticed.", plural(recovered, "call", "calls"))
		}
	}
	if text := d.shortCalls(data); text != "" {
		add(proofShort, "%s", text)
	}
}

// mostReleased is the side that ended most of the calls.
func mostReleased(released map[string]int64) (side string, n int64) {
	for _, s := range []string{"caller", "callee"} {
		if released[s] > n {
			side, n = s, released[s]
		}
	}
	return side, n
}

// recoveredCalls counts calls of the driver's time that went through after an
// attempt had failed, if there are as many of them as there are failures.
func (d *driver) recoveredCalls(data Data) (n int64) {
	q := d.g.q
	q.Scope = ScopeCall
	selectFrom(data, q, q.headline()).cells(data, func(c Cell, p *store.Profile) {
		b := (c.Time - d.g.from) / quarter
		if b >= 0 && b < int64(len(d.in)) && d.in[b] && p.Flags&codes.FlagRecovered != 0 {
			n += c.N
		}
	})
	if float64(n) < d.excess()/2 {
		return 0
	}
	return n
}

// shortCalls: answered calls of the same keys that are over at once, more than
// usual.
func (d *driver) shortCalls(data Data) string {
	if d.g.name == SymptomShort {
		return ""
	}
	exposed, _ := d.profilesOf(data)
	var in, shortIn, out, shortOut int64
	for _, c := range data.Cells {
		b := (c.Time - d.g.from) / quarter
		if !exposed[c.Profile] || b < 0 || b >= int64(len(d.in)) {
			continue
		}
		if d.in[b] {
			in, shortIn = in+c.Talked, shortIn+c.Short
		} else {
			out, shortOut = out+c.Talked, shortOut+c.Short
		}
	}
	if shortIn < 8 || TwoProportions(shortOut, out, shortIn, in) < 4 {
		return ""
	}
	return fmt.Sprintf("%s of %s answered calls were over within 6 s; %s of %s in the rest of the period.", thousands(shortIn), thousands(in), thousands(shortOut), thousands(out))
}

func (d *driver) has(name string) bool {
	return slices.ContainsFunc(d.proofs, func(p proof) bool { return p.name == name })
}

// notPeople tells whether a rise of what users do is proven not to be users.
func (d *driver) notPeople() bool {
	switch d.g.name {
	case symptomUnanswered:
		return d.has(proofTimer) && d.has(proofMany)
	case SymptomAbandoned:
		return d.has(proofDelay)
	case SymptomUser:
		hard := 0
		for _, name := range []string{proofFast, proofRegister, proofOptions, proofRestart, proofOffline, proofCeiling} {
			if d.has(name) {
				hard++
			}
		}
		return hard >= 1 && d.has(proofMany) && (hard >= 2 || !d.has(proofFast) || d.x >= 3*d.expected)
	}
	return true
}

// ends is the driver's time in the zone; ongoing where nobody can tell that it
// ended.
func (d *driver) ends() (from, to time.Time, ongoing bool) {
	a, b := d.span()
	zone := d.g.q.zone()
	return time.UnixMicro(a).In(zone), time.UnixMicro(b).In(zone), d.ongoing
}
