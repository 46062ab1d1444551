package codes

import "strings"

// The decisions here use what is listed, never the code an unlisted one is
// treated as: a made-up 699 is no busy callee.

// OutcomeOf is what became of an INVITE that ended with this final status: 2xx
// answered, 3xx redirected, 487 abandoned; 433, 480, 486, 600, 603 and 607 are
// the callee's decision; None, everything else, and a provisional with nothing
// after it failed. Unknown is NotConnected: such a record says no more.
//
// rang does not change it: a 408 after ringing stays a failure of the hop that
// gave up, although InNER counts it as nobody picking up. It is taken so that
// both get the same facts.
func OutcomeOf(code int, rang bool) Outcome {
	switch code {
	case 433, 480, 486, 600, 603, 607:
		return User
	case 487:
		return Abandoned
	case Unknown:
		return NotConnected
	}
	switch ClassOf(code) {
	case "2xx":
		return Answered
	case "3xx":
		return Redirected
	}
	return Failed
}

// InNER tells whether an INVITE attempt with this final counts for the network
// effectiveness ratio: the network did its part, whatever the users did
// (ITU-T E.425 §1.5). rang: 180, 181 or 182 was seen. q850 is the cause of the
// final's Reason header, -1 or 0 without one.
//
// Every 2xx counts, so that NER is never under ASR. Else a Q.850 cause that
// says something decides: 17 to 21 count, 16 after ringing, all others do not.
// Causes 31 and 127 (no reason given) and vendors' values leave it to the
// status. A refusal by the network is for NetworkBlock to find.
func InNER(code int, rang bool, q850 int) bool {
	if ClassOf(code) == "2xx" {
		return true
	}
	switch {
	case q850 == 16:
		return rang
	case q850 >= 17 && q850 <= 21:
		return true
	case q850 > 0 && q850 < 127 && q850 != 31:
		return false
	}
	switch sipTable()[code].NER {
	case "1":
		return true
	case "cond":
		return rang
	}
	return false
}

// NetworkBlock tells whether a refusal that InNER counts as the callee's came
// from the network: a 603 with the phrase "Network Blocked" (ATIS-1000099), or
// cause 21 from a location that is a network's (RFC 8606; empty: not told).
func NetworkBlock(code int, reason string, q850 int, location string) bool {
	if code == 603 && strings.Contains(strings.ToLower(reason), "network blocked") {
		return true
	}
	if q850 != 21 {
		return false
	}
	switch strings.ToUpper(location) {
	case "LN", "TN", "RLN", "INTL", "BI":
		return true
	}
	return false
}

// InSEER tells whether a final counts for the session establishment
// effectiveness ratio, RFC 6076 §4.7: 200, 480, 486, 600 and 603. Any other 2xx
// counts as the 200 does, so that SEER is never under SER.
func InSEER(code int) bool {
	return ClassOf(code) == "2xx" || sipTable()[code].SEER
}

// InISA tells whether a final is an ineffective session attempt, RFC 6076 §4.8:
// 408, 500, 503 or 504. None counts too: a local timeout is a 408 and a
// transport error a 503 (RFC 3261 §8.1.3.1).
func InISA(code int) bool {
	return sipTable()[code].ISA
}
