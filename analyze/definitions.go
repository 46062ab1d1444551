package analyze

import (
	"callsift/store"
	"callsift/store/codes"
)

func outcomeIs(o codes.Outcome) func(*store.Profile) bool {
	return func(p *store.Profile) bool { return p.Outcome == o }
}

func flagged(f codes.Flags) func(*store.Profile) bool {
	return func(p *store.Profile) bool { return flagsOf(p)&f != 0 }
}

func both(a, b func(*store.Profile) bool) func(*store.Profile) bool {
	return func(p *store.Profile) bool { return a(p) && b(p) }
}

func not(a func(*store.Profile) bool) func(*store.Profile) bool {
	return func(p *store.Profile) bool { return !a(p) }
}

var (
	isAnswered      = outcomeIs(codes.Answered)
	isFailed        = outcomeIs(codes.Failed)
	byeUnanswered   = flagged(codes.FlagByeUnanswered)
	answeredCode    = both(hasCode, isAnswered)
	not3xx          = both(requested, not(is3xx))
	withoutCode     = both(rated, not(hasCode))
	onlyNotTalked   = both(rated, not(nerRated))
	isRegisterEnded = not(outcomeIs(codes.InProgress))
)

func isEarlyAbandon(p *store.Profile) bool { return p.Outcome == codes.Abandoned && !p.Rang }

func isRingingAbandon(p *store.Profile) bool { return p.Outcome == codes.Abandoned && p.Rang }

const (
	rfc6076   = "RFC 6076 §"
	ownChoice = "callsift's own"
	ratedText = "(all - redirected - in progress - completed elsewhere)"
	codedText = "records without a SIP code, in progress and completed elsewhere not counted"
	noCode    = "their records carry no SIP code"
)

// definitions in the order in which they are shown.
var definitions = append([]Definition{
	{"calls", "Calls", "all of the scope that began in the period", ownChoice, "calls", KindQuantity, "INVITE",
		countOf(func(t Tally) int64 { return t.Count })},
	{"answered", "Answered", "a 2xx to the INVITE, or an answered record", "ITU-T E.425 §1.3", "calls", KindQuantity, "INVITE",
		countOf(func(t Tally) int64 { return t.Answered })},
	{"asr", "Answer seizure ratio (ASR)", "answered / " + ratedText, "ITU-T E.425 §1.3", "%", KindRatio, "INVITE",
		ratioOf(isAnswered, rated)},
	{"abr", "Answer bid ratio (ABR)", "answered / bids, bids = attempts + local refusals that sent no INVITE", "ITU-T E.425 §1.4", "%", KindRatio, "INVITE", noABR},
	{"ner", "Network effectiveness ratio (NER)", "(answered + busy + no answer + declined or unavailable) / " + ratedText + ", records that only say not connected left out",
		"ITU-T E.425 §1.5", "%", KindRatio, "INVITE",
		noting(ratioOf(inNER, nerRated), onlyNotTalked, "their records only say that nobody talked")},
	{"failure_rate", "Failure rate", "failed / " + ratedText, ownChoice, "%", KindRatio, "INVITE", ratioOf(isFailed, rated)},
	{"ser", "Session establishment ratio (SER)", "INVITE with 200 / (all - 3xx); " + codedText, rfc6076 + "4.6", "%", KindRatio, "INVITE",
		noting(ratioOf(answeredCode, not3xx), withoutCode, noCode)},
	{"seer", "Session establishment effectiveness ratio (SEER)", "INVITE with 200, 480, 486, 600 or 603 / (all - 3xx); " + codedText, rfc6076 + "4.7", "%", KindRatio, "INVITE",
		noting(ratioOf(inSEER, not3xx), withoutCode, noCode)},
	{"isa", "Ineffective session attempts (ISA)", "INVITE with 408, 500, 503, 504 or no response / all; " + codedText, rfc6076 + "4.8", "%", KindRatio, "INVITE",
		noting(ratioOf(inISA, requested), withoutCode, noCode)},
	{"scr", "Session completion ratio (SCR)", "answered and not ended by a lack of response / all; " + codedText, rfc6076 + "4.9", "%", KindRatio, "INVITE",
		noting(ratioOf(both(isAnswered, not(byeUnanswered)), requested), withoutCode, noCode)},
	{"aloc", "Average length of conversation (ALOC, ACD)", "time from answer to release / answered calls with a known end", "ITU-T E.437", "s", KindQuantity, "INVITE",
		meanTalk(func(*store.Profile) bool { return true })},
	{"talk_p50", "Length of conversation, half of the calls", "median of the time from answer to release", "ITU-T E.437", "s", KindQuantity, "INVITE", medianTalk},
	{"sdt", "Session duration time (SDT), ended well", "mean time from the 200 to the BYE, BYE answered or not needed", rfc6076 + "4.5", "s", KindQuantity, "INVITE",
		meanTalk(both(hasCode, not(byeUnanswered)))},
	{"sdt_fail", "Session duration time (SDT), BYE unanswered", "mean time from the 200 to the time-out of the BYE", rfc6076 + "4.5", "s", KindQuantity, "INVITE",
		meanTalk(both(hasCode, byeUnanswered))},
	{"short_calls", "Short calls", "answered calls under 6 s / answered calls with a known end, without those answered in the moment in which the caller gave up", ownChoice, "%", KindRatio, "INVITE", shortShare},
	{"drops", "Dropped calls", "answered and released with a network cause / answered", ownChoice, "%", KindRatio, "INVITE",
		ratioOf(flagged(codes.FlagDropped), isAnswered)},
	{"no_ack", "Answers never acknowledged", "answered and no ACK / answered", ownChoice, "%", KindRatio, "INVITE",
		ratioOf(flagged(codes.FlagNoACK), isAnswered)},
	{"abandon_early", "Abandoned before ringing", "the caller gave up before any ringing / " + ratedText, ownChoice, "%", KindRatio, "INVITE",
		ratioOf(isEarlyAbandon, rated)},
	{"abandon_slow", "Early abandons after more than 5 s", "abandoned before ringing after more than 5 s / abandoned before ringing", ownChoice, "%", KindRatio, "INVITE", slowAbandons},
	{"abandon_ringing", "Abandoned while ringing", "the caller gave up while it rang / " + ratedText, ownChoice, "%", KindRatio, "INVITE",
		ratioOf(isRingingAbandon, rated)},
	{"recovered", "Recovered by failover", "answered or a user's outcome after a failed attempt / " + ratedText, ownChoice, "%", KindRatio, "INVITE",
		ratioOf(flagged(codes.FlagRecovered), rated)},
	{"ira", "Ineffective registration attempts (IRA)", "REGISTER with 4xx but 401 and 407, 5xx, 6xx or no response / all that ended", rfc6076 + "4.2", "%", KindRatio, "REGISTER",
		ratioOf(inIRA, isRegisterEnded)},
	{"retransmissions", "Retransmitted messages", "messages sent again / messages seen once", ownChoice, "%", KindRatio, "INVITE", retransmissionRatio},
	{"invite_tps", "INVITE transactions per second", "INVITE transactions, with those of challenges and on every hop / seconds with data", ownChoice, "1/s", KindQuantity, "INVITE", inviteTPS},
	{"cps_mean", "Calls per second, mean", "calls / seconds with data", ownChoice, "calls/s", KindQuantity, "INVITE", trafficOf((*traffic).mean)},
	{"cps_p99", "Calls per second, 99 % of the seconds", "99th percentile of calls begun in one second", ownChoice, "calls/s", KindQuantity, "INVITE", trafficOf((*traffic).p99)},
	{"cps_peak", "Calls per second, peak", "most calls begun in one second", ownChoice, "calls/s", KindQuantity, "INVITE", trafficOf((*traffic).peak)},
	{"cps_minute", "Calls per second, busiest minute", "most calls begun in one minute / 60", ownChoice, "calls/s", KindQuantity, "INVITE", trafficOf((*traffic).minute)},
	{"peak_calls", "Calls at once, peak", "most conversations at one time, from answer to release", ownChoice, "calls", KindQuantity, "INVITE", trafficOf((*traffic).conversations)},
	{"peak_sessions", "Sessions at once, peak", "most calls at one time, from the first INVITE to the end", ownChoice, "calls", KindQuantity, "INVITE", trafficOf((*traffic).sessions)},
}, delayDefinitions()...)

// delayDefinitions are the percentiles of each delay, never a bare mean.
func delayDefinitions() []Definition {
	families := []struct {
		name, label, formula, source, method string
		kind                                 store.DelayKind
		keep                                 func(*store.Profile) bool
		percents                             []int
	}{
		{"pdd", "Post-dial delay (PDD)", "first response that tells the caller something - first INVITE", "ITU-T E.721, " + rfc6076 + "4.3", "INVITE", store.DelayPDD, nil, []int{50, 90, 95, 99}},
		{"pdd_alert", "Delay to ringing", "first 180 - first INVITE", rfc6076 + "4.3", "INVITE", store.DelayAlert, nil, []int{50, 95}},
		{"pdd_media", "Delay to early media", "first 18x with SDP - first INVITE", rfc6076 + "4.3", "INVITE", store.DelayMedia, nil, []int{50, 95}},
		{"srd_ok", "Session request delay (SRD), answered", "first provisional response but 100, else the 200, - first INVITE, of answered calls", rfc6076 + "4.3.1", "INVITE", store.DelayPDD, isAnswered, []int{50, 95}},
		{"srd_fail", "Session request delay (SRD), failed", "failure response - first INVITE", rfc6076 + "4.3.2", "INVITE", store.DelayFail, nil, []int{50, 95}},
		{"sdd", "Session disconnect delay (SDD)", "2xx to the BYE - BYE", rfc6076 + "4.4", "INVITE", store.DelayBye, nil, []int{50, 95}},
		{"rrd", "Registration request delay (RRD)", "200 - first REGISTER, of registrations that succeeded", rfc6076 + "4.1", "REGISTER", store.DelayReg, nil, []int{50, 95}},
	}
	var defs []Definition
	for _, x := range families {
		for _, n := range x.percents {
			suffix := "_p" + itoa(n)
			defs = append(defs, Definition{x.name + suffix, x.label + ", " + itoa(n) + " % within", itoa(n) + "th percentile of " + x.formula,
				x.source, "ms", KindQuantity, x.method, percentileOf(x.kind, float64(n)/100, x.keep)})
		}
	}
	return defs
}
