package analyze

import (
	"slices"
	"strconv"
	"strings"

	"callsift/store/codes"
)

// rule says what a finding of some shape means: whose it is, what to look at
// first, and what would speak against it. The first rule that fits a finding is
// taken, so what is particular stands before what is general.
//
// To add one: what the finding must look like in the upper fields (an empty field
// fits everything), what is concluded from it in the lower ones. Texts are whole
// sentences; {trunk}, {prefix}, {user_agent}, {device}, {source} and {cause} become the
// finding's values.
type rule struct {
	name    string
	symptom []string // one of these
	codes   []int    // one of these; codes.None: no response
	q850    []int    // one of these causes
	keys    []string // all of these are keys of the finding
	proofs  []string // all of these stand in the data

	owner   Owner
	why     string
	first   string // what to check first; "": what the vocabulary says of the code
	setting string // what is known of it on New Rock OM and MX/HX devices
	refute  string // what would speak against it
	verify  string // how to see next week that it helped
}

// Known of New Rock devices (OM API and field records); nothing else is.
const (
	newRock415     = "New Rock gateways answer 415 to an offer with a T.140 text line (m=text): switch real-time text off at the other side."
	newRockOffline = "On an OM, the API's OFFLINE and ONLINE events name the extension and the minute; FAILED with code 3 or 8 says an extension is offline."
	newRockNoTrunk = "On an OM, a FAILED event with code 5 says that no trunk was free."
	newRockAgent   = "A New Rock User-Agent carries model, ports and firmware (NewRockTech MX8-8S VER.…): compare the firmware with that of the devices that work."
	newRockPerm    = "On an OM, a FAILED event with code 2 says that the caller's permission does not allow the call."
	newRockNoExt   = "On an OM, a FAILED event with code 7 says that there is no such extension."
	newRockBoot    = "On an OM, the BOOTUP event is the restart; CONFIG_CHANGE before it says that somebody changed settings."
)

var rules = []rule{
	{
		name: "channel ceiling", codes: []int{503, 486, 480, 403, 500}, proofs: []string{proofCeiling},
		owner: Ours, why: "The calls fail while the number of conversations stands at its greatest: channels or licences are all in use.",
		first:   "Compare the most conversations at once with the channels of the contract, the licence and the limit set on the trunk; raise it or let a second trunk take over.",
		setting: newRockNoTrunk,
		refute:  "It would not be the channels if calls failed alike while fewer conversations were going on.",
		verify:  "No such failures in the busy hours, and a higher peak of calls at once.",
	},
	{
		name: "dead trunk behind failover", symptom: []string{SymptomFailed}, keys: []string{"trunk"}, proofs: []string{proofRecovered},
		owner: Carrier, why: "Trunk {trunk} fails, and another trunk takes its calls: nobody complains, but there is no reserve left.",
		first:  "Ping {trunk} with OPTIONS from the same box, then ask the carrier with times and Call-IDs; until it is back, watch the channels of the trunk that took over.",
		refute: "It would not be the trunk if attempts on the other trunks failed alike in the same minutes.",
		verify: "The failure rate of {trunk} at leg scope, and no calls recovered by failover.",
	},
	{
		name: "trunk silent", symptom: []string{SymptomFailed}, codes: []int{codes.None, 408}, keys: []string{"trunk"}, proofs: []string{proofNo100},
		owner: Ours, why: "Nothing at all comes back from {trunk}: the way there is broken, or the box is down.",
		first:  "Ping {trunk} with OPTIONS from the same box; then firewall, NAT, DNS, port and transport; then ask the carrier whether the requests arrive.",
		refute: "It would not be the way if a 100 came back.",
		verify: "No attempts without a response on {trunk}.",
	},
	{
		name: "trunk gets no further", symptom: []string{SymptomFailed}, codes: []int{codes.None, 408, 504}, keys: []string{"trunk"}, proofs: []string{proofAfter100},
		owner: Carrier, why: "{trunk} takes the calls (100) and gets no further: the trouble is behind it.",
		first:  "Ask the carrier with times and Call-IDs; meanwhile let a second trunk take over after a few seconds.",
		refute: "It would be the way there if not even a 100 came back.",
		verify: "No time-outs after a 100 on {trunk}.",
	},
	{
		name: "trunk overloaded", symptom: []string{SymptomFailed}, codes: []int{503}, keys: []string{"trunk"}, proofs: []string{proofRetryAfter},
		owner: Carrier, why: "{trunk} refuses calls and says when to come back: it is overloaded or in maintenance.",
		first:   "Ask the carrier with times and Call-IDs; respect Retry-After and let a second trunk take over.",
		setting: newRockNoTrunk,
		refute:  "It would be ours if the refusals began when conversations at once reached the channels of the contract.",
		verify:  "No 503 from {trunk}.",
	},
	{
		name: "trunk refuses, no resources", symptom: []string{SymptomFailed}, codes: []int{500, 502, 503, 504, 580}, keys: []string{"trunk"},
		owner: Carrier, why: "{trunk} refuses the calls for want of resources or because it is out of service.",
		first:   "Channels in use against licence and contract; registration and OPTIONS state of {trunk}; then the carrier, with times and Call-IDs. Let a second trunk take over.",
		setting: newRockNoTrunk,
		refute:  "It would be ours if conversations at once stood at the channels of the contract, or if the other trunks failed alike in the same minutes.",
		verify:  "The failure rate of {trunk} is back at that of the other trunks.",
	},
	{
		name: "codec mismatch", symptom: []string{SymptomFailed}, codes: []int{415, 488, 606}, keys: []string{"user_agent"},
		owner: Ours, why: "Devices of one kind, {user_agent}, offer media that the other side does not take: a firmware or a profile of theirs.",
		first:   "Compare the codecs, SRTP and m= lines that {user_agent} offers with those of a device that works; undo the last firmware or profile change.",
		setting: newRockAgent + " " + newRock415,
		refute:  "It would be the other side if other kinds of devices got the same refusal from it.",
		verify:  "No 488 or 415 from {user_agent}.",
	},
	{
		name: "media refused", symptom: []string{SymptomFailed}, codes: []int{415, 488, 606},
		owner: Ours, why: "The media that was offered is not taken.",
		first:   "Codecs, SRTP and m= lines of the offer against what the other side allows; what was changed when it began.",
		setting: newRock415,
		refute:  "It would be one kind of device if only one User-Agent were concerned.",
		verify:  "No 488 or 415.",
	},
	{
		name: "wrong password", symptom: []string{SymptomFailed}, codes: []int{401, 403, 407}, keys: []string{"source"},
		owner: Ours, why: "One caller, {source}, is refused time and again: its password, its account or its permission is wrong.",
		first:   "The password and the user name on the device of {source} against those of the PBX or the carrier; then whether the number may call there.",
		setting: newRockPerm,
		refute:  "It would not be the device if other callers were refused too.",
		verify:  "No 403 of {source}; its registrations succeed.",
	},
	{
		name: "credentials refused", symptom: []string{SymptomFailed}, codes: []int{401, 403, 407},
		owner: Ours, why: "Calls are refused for want of permission or credentials.",
		first:   "Account, password and permitted numbers on the trunk or extension; for 403 from a carrier also the caller ID that is sent, and unpaid bills.",
		setting: newRockPerm,
		refute:  "It would be one device if only one caller were concerned.",
		verify:  "No 401, 403 or 407 as an end of calls.",
	},
	{
		name: "dead destination", symptom: []string{SymptomFailed}, codes: []int{404, 410, 480, 484, 604}, keys: []string{"source"},
		owner: Customer, why: "Calls of one number, {source}, go where nobody is: a forwarding, a speed dial or a fax list with a number that is no more.",
		first:   "The forwarding and speed dials of {source}: where they point, and whether that number still exists.",
		setting: newRockNoExt,
		refute:  "It would be the trunk or the routing if other callers could not reach that number either.",
		verify:  "No such failures of {source}.",
	},
	{
		name: "carrier rejects a prefix", symptom: []string{SymptomFailed}, codes: []int{403, 404, 410, 484, 500, 501, 502, 503, 603, 604, 608}, keys: []string{"trunk", "prefix"},
		owner: Carrier, why: "{trunk} takes calls, but no longer those to {prefix}: the carrier's routing of that destination is gone or barred.",
		first:  "Dial a number of {prefix} over another trunk; then ask the carrier with times, numbers and Call-IDs. Check that our own rules still send the digits as the carrier wants them.",
		refute: "It would be our dialling rules if the same numbers failed over the other trunks too.",
		verify: "The failure rate of {prefix} over {trunk}.",
	},
	{
		name: "destination rejected", symptom: []string{SymptomFailed}, codes: []int{403, 404, 410, 484, 485, 501, 502, 604, 608}, keys: []string{"prefix"},
		owner: Ours, why: "Numbers of {prefix} are not accepted, whatever the way: dialling rules or routing.",
		first:   "The dialling rule and the route for {prefix}: digits added or taken off, and what was changed when it began; then the carrier.",
		setting: newRockNoExt,
		refute:  "It would be a carrier if the calls failed over one trunk only.",
		verify:  "The failure rate of {prefix}.",
	},
	{
		name: "numbers rejected by a trunk", symptom: []string{SymptomFailed}, codes: []int{404, 410, 484, 604}, keys: []string{"trunk"},
		owner: Carrier, why: "{trunk} no longer knows the numbers that it is asked for.",
		first:  "The digits that we send over {trunk} against what the carrier wants (with or without 0, +, country code); what was changed when it began; then the carrier.",
		refute: "It would be one destination if only one prefix were concerned.",
		verify: "No 404 or 484 from {trunk}.",
	},
	{
		name: "dropped by a re-INVITE", symptom: []string{SymptomDropped}, proofs: []string{proofReinvite},
		owner: Ours, why: "Conversations end when a request inside the call (T.38, hold, session timer) is refused.",
		first:   "What the re-INVITE offers: T.38 for faxes, the session timer's refresh, hold; switch T.38 off and see whether the faxes go through in G.711.",
		setting: newRockAgent,
		refute:  "It would be the network if the calls ended without a re-INVITE before.",
		verify:  "The share of dropped calls.",
	},
	{
		name: "dropped", symptom: []string{SymptomDropped},
		owner: Carrier, why: "Conversations are cut off by the network.",
		first:  "After how long they end: all after the same time is a session timer or a NAT binding (ours), at any time is the line or the carrier.",
		refute: "It would be people if the calls ended with a usual BYE.",
		verify: "The share of dropped calls.",
	},
	{
		name: "short calls", symptom: []string{SymptomShort},
		owner: Ours, why: "Answered calls are over at once: callers most likely hear nothing, or one of the two does not.",
		first:  "Make a call and listen in both directions; then NAT and the address in the SDP, the RTP ports in the firewall, and the codec.",
		refute: "It would be people, such as a campaign or an announcement, if the calls came from one caller or went to one number.",
		verify: "The share of short calls.",
	},
	{
		name: "slow set-up", symptom: []string{SymptomAbandoned}, proofs: []string{proofDelay},
		owner: Carrier, why: "It takes so long until it rings that callers hang up before.",
		first:  "Where the time goes in the ladder: before the 100 it is DNS or an unreachable first hop of ours, after it the carrier; overlap dialling's timer and a dead first route count too.",
		refute: "It would be people if the post-dial delay were as usual.",
		verify: "PDD 95 %, and calls abandoned before ringing.",
	},
	{
		name: "registrar lost", symptom: []string{SymptomUser, SymptomFailed}, codes: []int{480, 404, 408, 503, 487}, proofs: []string{proofRegister},
		owner: Ours, why: "Extensions could not be reached because their registrations were lost, not because people were away.",
		first:   "The registrar's log and restarts in those minutes, the network between phones and registrar, and the registration interval (how long phones stay lost).",
		setting: newRockOffline + " " + newRockBoot,
		refute:  "It would be people if it had rung, or if registrations had gone on as usual.",
		verify:  "No failed registrations, and no 480 within a second.",
	},
	{
		name: "device restarted", symptom: []string{SymptomUser, SymptomFailed}, proofs: []string{proofRestart},
		owner: Ours, why: "A device restarted at the beginning of it.",
		first:   "Why it restarted: power, a watchdog, an update, somebody; then whether all registrations came back.",
		setting: newRockBoot,
		refute:  "It would be a coincidence if the failures had begun before the restart.",
		verify:  "No restart, and no failures of this kind.",
	},
	{
		name: "extensions unreachable", symptom: []string{SymptomUser}, codes: []int{480},
		owner: Ours, why: "Extensions refuse within an instant, many at once: they are not registered or set to do-not-disturb by something other than people.",
		first:   "The registrations of those extensions; a do-not-disturb or night service that was switched on for all.",
		setting: newRockOffline,
		refute:  "It would be people if it had rung before.",
		verify:  "No 480 within a second.",
	},
	{
		name: "all busy", symptom: []string{SymptomUser}, codes: []int{486, 600},
		owner: Ours, why: "Busy comes within an instant and for many at once: a limit, not people on the phone.",
		first:   "Call limits of trunk, extension and queue; channels of the line.",
		setting: newRockNoTrunk,
		refute:  "It would be people if only one number were busy.",
		verify:  "The share of 486.",
	},
	{
		name: "refused at once", symptom: []string{SymptomUser},
		owner: Carrier, why: "Calls are declined within an instant and for many at once: a block, not people.",
		first:  "The reason phrase and the Reason header (603 with \"Network Blocked\" is a call-blocking service); the caller ID that is sent and its reputation.",
		refute: "It would be people if it had rung before.",
		verify: "The share of 603.",
	},
	{
		name: "ring time changed", proofs: []string{proofTimer}, symptom: []string{symptomUnanswered, SymptomFailed}, codes: []int{408, 480, 487, 486, 603},
		owner: Ours, why: "Unanswered calls end after another time than before: the ring time-out was changed.",
		first:  "The ring time-out of extensions, groups and the trunk, and who changed it when this began.",
		refute: "It would be people if the times differed from call to call.",
		verify: "The share of unanswered calls.",
	},
	{
		name: "no response", symptom: []string{SymptomFailed}, codes: []int{codes.None, 408},
		owner: Ours, why: "Nothing comes back.",
		refute: "It would be the far end if a 100 came back.",
		verify: "No attempts without a response.",
	},
	{
		name: "cause: no circuit", symptom: []string{SymptomFailed}, q850: []int{34, 38, 41, 42, 44, 47}, keys: []string{"trunk"},
		owner: Carrier, why: "{trunk} has no circuit free or is out of order.",
		first:   "Channels in use against licence and contract; then the carrier, with times.",
		setting: newRockNoTrunk,
		refute:  "It would be ours if conversations at once stood at the channels of the contract.",
		verify:  "The failure rate of {trunk}.",
	},
	{
		name: "one caller", symptom: []string{SymptomFailed}, keys: []string{"source"},
		owner: Customer, why: "Only calls of {source} are concerned.",
		refute: "It would not be the caller if others failed alike.",
		verify: "The failures of {source}.",
	},
	{
		name: "one kind of device", symptom: []string{SymptomFailed}, keys: []string{"user_agent"},
		owner: Ours, why: "Only devices of one kind, {user_agent}, are concerned.",
		setting: newRockAgent,
		refute:  "It would not be the device if other kinds failed alike.",
		verify:  "The failure rate of {user_agent}.",
	},
	{
		name: "a trunk, record without a code", symptom: []string{SymptomFailed}, keys: []string{"trunk", "cause"},
		owner: Carrier, why: "Only calls over {trunk} are concerned; the records name no SIP code, only {cause}.",
		first:  "Registration and OPTIONS state of {trunk}, and the SIP log or a capture of those hours, which have the code; another finding of the same hours may be the same trouble seen by another box.",
		refute: "It would not be the trunk if the others failed alike.",
		verify: "The failure rate of {trunk}.",
	},
	{
		name: "a trunk", symptom: []string{SymptomFailed}, keys: []string{"trunk"},
		owner: Carrier, why: "Only calls over {trunk} are concerned.",
		refute: "It would not be the trunk if the others failed alike.",
		verify: "The failure rate of {trunk}.",
	},
	{
		name: "record without a code", symptom: []string{SymptomFailed}, codes: nil, keys: []string{"cause"},
		why:    "The records name no SIP code, only {cause}.",
		first:  "Import the SIP log or a capture of the same hours, which have the code; meanwhile look for another finding of the same hours.",
		refute: "It would be chance if the same hours of earlier weeks had as many.",
		verify: "The share of {cause}.",
	},
	{
		name: "anything", verify: "The failure rate.",
		refute: "It would be chance if the same hours of earlier weeks had as many.",
	},
}

// ruleFor is the first rule that fits.
func ruleFor(d *driver, f *Finding, q850 int) *rule {
	code, hasCode := f.Code()
	for i := range rules {
		r := &rules[i]
		if len(r.symptom) > 0 && !slices.Contains(r.symptom, d.g.name) ||
			len(r.codes) > 0 && (!hasCode || !slices.Contains(r.codes, code)) ||
			len(r.q850) > 0 && !slices.Contains(r.q850, q850) ||
			slices.ContainsFunc(r.keys, func(k string) bool { return f.Value(k) == "" }) ||
			slices.ContainsFunc(r.proofs, func(p string) bool { return !d.has(p) }) {
			continue
		}
		return r
	}
	return &rules[len(rules)-1]
}

// apply fills in what the rule concludes.
func (r *rule) apply(f *Finding) {
	fill := func(text string) string {
		for _, k := range []string{"trunk", "prefix", "user_agent", "device", "source", "cause"} {
			text = strings.ReplaceAll(text, "{"+k+"}", f.Value(k))
		}
		return text
	}
	f.Owner, f.Why, f.FirstCheck, f.Setting = r.owner, fill(r.why), fill(r.first), fill(r.setting)
	if f.FirstCheck == "" {
		if code, ok := f.Code(); ok {
			if c, ok := codes.SIP(code); ok {
				f.FirstCheck = c.FirstCheck
			}
		}
	}
	if r.refute != "" {
		f.Refute = append(f.Refute, fill(r.refute))
	}
	f.rule, f.verify = r.name, fill(r.verify)
}

// q850Of reads "Q.850 34 No circuit" as 34; -1.
func q850Of(cause string) int {
	if rest, ok := strings.CutPrefix(cause, "Q.850 "); ok {
		number, _, _ := strings.Cut(rest, " ")
		if n, err := strconv.Atoi(number); err == nil {
			return n
		}
	}
	return -1
}
