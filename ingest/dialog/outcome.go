package dialog

import (
	"strings"

	"callsift/store/codes"
)

// outcomeOf is what a final response to an INVITE makes of an attempt
// (metrics.md §5): people who refuse are no faults.
func outcomeOf(status int, phrase string) codes.Outcome {
	switch {
	case status < 300:
		return codes.Answered
	case status < 400:
		return codes.Redirected
	case status == 487:
		return codes.Abandoned
	case status == 603 && strings.EqualFold(phrase, "Network Blocked"): // ATIS-1000099
		return codes.Failed
	}
	switch status {
	case 433, 480, 486, 600, 603, 607:
		return codes.User
	case 604, 606, 608:
		return codes.Failed
	}
	if status >= 600 { // what is not listed counts as x00 (RFC 3261 §8.1.3.2)
		return codes.User
	}
	return codes.Failed
}

// challenge reports whether a status asks for credentials (R1).
func challenge(status int) bool { return status == 401 || status == 407 || status == 494 }
