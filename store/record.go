// Package store is the waist of callsift: one SQLite file with the schema, its
// migrations, the record types, the import ledger and the roll-ups. The write
// side (ingest) and the read side (analyze) meet here and nowhere else, and no
// other package knows SQLite.
//
// The shape is a star with one dimension. All keys of few values that calls are
// counted by (code, outcome, trunk, user agent ...) are one row of the table
// profile; an attempt is a profile id plus what is its own (time, numbers,
// durations, place), and the roll-up counts attempts per quarter hour and
// profile. So a row stays narrow, every breakdown is a sum over the roll-up,
// and a key is added in one place.
package store

// Scope says what a row counts as.
type Scope int

// A call with one attempt is one row that counts at both scopes; a call of
// several attempts is one row of its own beside one row for each attempt.
const (
	ScopeLeg  Scope = 1 // an attempt only
	ScopeCall Scope = 2 // a call only
	ScopeBoth Scope = 3
)

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
	CodeNone    = 0  // no response at all: class "none"
	CodeUnknown = -1 // the record carries no code: class "unknown"
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
)

// flagNames in the order of the constants above.
var flagNames = []string{
	"truncated_start", "orphan", "scanner", "challenge_unanswered", "auth_rejected", "recovered",
	"redirect_unfollowed", "no_ack", "cancel_lost_race", "cancel_crossed", "timeout", "provisional_only",
	"transport_error", "dropped", "bye_unanswered", "malformed", "one_way", "forked", "overlap",
	"protocol_violation", "pbx_answered", "mid_call_problem", "reinvite_rejected", "time_unknown",
	"ambiguous_time", "cause_fallback", "inferred", "prack_lost", "retransmitted",
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

// Profile is one combination of the keys by which calls are counted. The first
// part is what was read or concluded from the records of one call; the part
// after Settled depends on all that the database holds and is worked out anew
// after each import.
type Profile struct {
	ID        int64
	Scope     Scope
	Method    string // INVITE, REGISTER, OPTIONS ...
	Outcome   Outcome
	Code      int // final status as the caller saw it, CodeNone, CodeUnknown
	Origin    Origin
	Reason    string // reason phrase or disposition word as recorded
	CauseCode int    // status nearest the failure; 0 if the same as Code or unknown
	CauseQ850 int    // -1: none
	CauseText string // Warning text, Reason text, phrase of the deepest failing leg
	CauseFrom Origin
	Released  string // caller, callee, network or ""
	Rang      bool   // 180, 181 or 182 was seen: the callee's phone rang
	Flags     Flags
	FromAddr  string // address the attempt came from, without port
	ToAddr    string // address it was sent to
	TrunkHint string // the trunk as the record names it
	DirHint   Direction
	Prefix    string // of the called number
	UserAgent string // of the side that sent the request
	Device    string // the box that wrote the record
	Format    string

	// Settled
	Class     string // 1xx ... 6xx, none, unknown
	Cause     string // the most telling of Q.850, Warning, phrase, with its origin
	Trunk     string
	Peer      string
	Direction Direction
	Site      string
	Scanner   bool
}

// Attempt is one attempt, one call, or one request of another method.
type Attempt struct {
	ID      int64
	Call    int64 // id of the call's row; its own for a call
	Group   int64 // evidence group; 0: the record at Source and Offset is all there is
	Profile Profile

	Start    int64 // t1, microseconds UTC; 0: unknown
	Caller   string
	Callee   string
	NativeID string // Call-ID, uniqueid, OM id

	// Milliseconds, -1: unknown.
	PDD   int64 // t1 to the first response that tells the caller something
	Setup int64 // t1 to the final response
	Talk  int64 // answer to release

	Legs   int // attempts of this call (call rows), else 1
	Source int64
	Offset int64
	Length int64
	Line   int64
}

// Event is something a device reported: context for the calls of the same minutes.
type Event struct {
	Time    int64 // microseconds UTC; 0: unknown
	Kind    string
	Device  string
	Subject string // extension, trunk or call it is about
	Code    int    // the event's own error code; 0: none
	Text    string
	Source  int64
	Offset  int64
	Line    int64
}
