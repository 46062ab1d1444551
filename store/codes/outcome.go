// Package codes is the vocabulary of callsift: outcomes, flags, response classes
// and codes, Q.850 causes and warning codes. It imports nothing of ours, so that
// every room may use it.
package codes

// Outcome is what became of a call, an attempt or a request.
type Outcome string

// The outcomes sum to the calls. Definitions: RFC 6076, ITU-T E.425 and the
// counting rules R1 to R14 (README, "How callsift counts").
const (
	Answered           Outcome = "answered"
	User               Outcome = "user"      // busy, declined, no answer: people, not faults
	Abandoned          Outcome = "abandoned" // the caller hung up before an answer
	Failed             Outcome = "failed"
	Redirected         Outcome = "redirected"
	InProgress         Outcome = "in_progress" // the source ended first
	CompletedElsewhere Outcome = "completed_elsewhere"
	NotConnected       Outcome = "not_connected" // the record only says that nobody talked
)

// Outcomes lists all outcomes in the order in which they are shown.
var Outcomes = []Outcome{Answered, User, Abandoned, Failed, Redirected, InProgress, CompletedElsewhere, NotConnected}

// Direction of a call as seen from the site.
type Direction string

// The directions; empty where neither the record nor the configuration tells.
const (
	In       Direction = "in"
	Out      Direction = "out"
	Internal Direction = "internal"
)

// Origin says how a code or cause is known.
type Origin string

// Observed and inferred are never mixed.
const (
	Observed Origin = "observed" // the message or record carried it
	Mapped   Origin = "mapped"   // translated from another code that was carried
	Inferred Origin = "inferred" // concluded: a timeout, a transport error
	NoOrigin Origin = "none"
)

// Codes that are no SIP status.
const (
	None    = 0  // no response at all: class "none"
	Unknown = -1 // the record carries no code: class "unknown"
)

// Flags mark what a number alone would hide. They are selected by
// `--where flag=NAME`.
type Flags uint64

// The flags. Append only: they are stored.
const (
	FlagTruncatedStart      Flags = 1 << iota // the source began in the middle of it
	FlagOrphan                                // an in-dialog request of an unknown dialog
	FlagScanner                               // from a peer that only probes
	FlagChallengeUnanswered                   // 401/407 and no retry
	FlagAuthRejected                          // credentials refused
	FlagRecovered                             // answered, or a user's outcome, after a failed attempt
	FlagRedirectUnfollowed
	FlagNoACK               // 2xx never acknowledged
	FlagCancelLostRace      // CANCEL crossed the answer
	FlagCancelCrossed       // CANCEL crossed another final
	FlagTimeout             // no response, or none final, in time
	FlagProvisionalOnly     // a provisional response and nothing after it
	FlagTransportError      // ICMP or TCP said that the peer cannot be reached
	FlagDropped             // answered, then released with a network cause
	FlagByeUnanswered       // the BYE got no response
	FlagMalformed           // a message broke the grammar
	FlagOneWay              // only one direction of the link was captured
	FlagForked              // several early dialogs or branches
	FlagOverlap             // digits sent in several INVITEs
	FlagProtocolViolation   // finals that exclude each other
	FlagPBXAnswered         // answered by an announcement or a menu, nobody connected
	FlagMidCallProblem      // a request inside the dialog failed
	FlagReinviteRejected    // ... a re-INVITE, and the call went on
	FlagTimeUnknown         // no time in the source
	FlagAmbiguousTime       // local time in the repeated hour of a clock change
	FlagCompletedByFallback // a cause was taken from a rule of thumb
	FlagInferred            // the outcome is concluded, not seen
	FlagPRACKLost
	FlagRetransmitted // at least one message was sent again
	FlagUnjoined      // looks like a further leg of another call that nothing sure joins it with
	FlagSameRecord    // a CDR that another source holds in another format: counted there
)

// flagNames in the order of the constants above.
var flagNames = []string{
	"truncated_start", "orphan", "scanner", "challenge_unanswered", "auth_rejected", "recovered",
	"redirect_unfollowed", "no_ack", "cancel_lost_race", "cancel_crossed", "timeout", "provisional_only",
	"transport_error", "dropped", "bye_unanswered", "malformed", "one_way", "forked", "overlap",
	"protocol_violation", "pbx_answered", "mid_call_problem", "reinvite_rejected", "time_unknown",
	"ambiguous_time", "cause_fallback", "inferred", "prack_lost", "retransmitted", "unjoined", "same_record",
}

// Names lists the flags that are set.
func (f Flags) Names() []string {
	var names []string
	for i, n := range flagNames {
		if f>>i&1 == 1 {
			names = append(names, n)
		}
	}
	return names
}

// FlagNamed is the flag with this name; 0 if there is none.
func FlagNamed(name string) Flags {
	for i, n := range flagNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// FlagList lists all names, for help texts.
func FlagList() []string { return flagNames }
