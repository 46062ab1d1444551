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

import "callsift/store/codes"

// Scope says what a row counts as.
type Scope int

// A call with one attempt is one row that counts at both scopes; a call of
// several attempts is one row of its own beside one row for each attempt.
const (
	ScopeNone Scope = 0 // counted nowhere: a record's own call row, joined into another call
	ScopeLeg  Scope = 1 // an attempt only
	ScopeCall Scope = 2 // a call only
	ScopeBoth Scope = 3
)

// Profile is one combination of the keys by which calls are counted. The first
// part is what was read or concluded from the records of one call; the part
// after Settled depends on all that the database holds and is worked out anew
// after each import.
type Profile struct {
	ID         int64
	Scope      Scope
	Method     string // INVITE, REGISTER, OPTIONS ...
	Outcome    codes.Outcome
	Code       int // final status as the caller saw it, codes.None, codes.Unknown
	Origin     codes.Origin
	Reason     string // reason phrase or disposition word as recorded
	CauseCode  int    // status nearest the failure; 0 if the same as Code or unknown
	CauseQ850  int    // -1: none
	CauseText  string // Warning text, Reason text, phrase of the deepest failing leg
	CauseFrom  codes.Origin
	Released   string // caller, callee, network or ""
	Rang       bool   // 180, 181 or 182 was seen: the callee's phone rang
	Flags      codes.Flags
	FromAddr   string // address the attempt came from, without port
	ToAddr     string // address it was sent to
	TrunkHint  string // the trunk as the record names it
	DirHint    codes.Direction
	PrefixHint string // of the called number: digits, or a word of codes.Prefix
	UserAgent  string // of the side that sent the request
	DeviceHint string // the box that wrote the record, as the record names it
	Format     string

	// Settled
	Class     string // 1xx ... 6xx, none, unknown
	Cause     string // the most telling of Q.850, Warning, phrase, with its origin
	Trunk     string
	Peer      string
	Direction codes.Direction
	Site      string
	Device    string // DeviceHint or its configured name
	Prefix    string // PrefixHint or its configured name
	Scanner   bool
}

// Attempt is one attempt, one call, or one request of another method.
type Attempt struct {
	ID      int64
	Call    int64 // id of the call's row; 0: this row is the call
	Bundle  int64 // the records it was assembled from; 0: the record at Source and Offset is all there is
	Profile Profile

	Start    int64 // t1, microseconds UTC; 0: unknown
	Caller   string
	Callee   string
	NativeID string // uniqueid, OM id; empty where the bundle's key is the id
	Key      string // read only: the bundle's key, else NativeID

	// Milliseconds, -1: unknown. Alert, Media and Bye are kept as distributions only.
	PDD   int64 // t1 to the first response that tells the caller something
	Alert int64 // t1 to the first 180
	Media int64 // t1 to the first 18x with SDP
	Setup int64 // t1 to the final response
	Talk  int64 // answer to release
	Bye   int64 // BYE to its 2xx

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
