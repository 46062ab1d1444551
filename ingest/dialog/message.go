// Package dialog turns SIP messages into transactions, attempts and calls. It
// is pure: no I/O, no clock, no state between calls. The result depends on the
// set of messages only, not on their order or on how they came together.
package dialog

import "net/netip"

// Message is what assembly needs to know of one SIP message seen at one place.
type Message struct {
	Time   int64 // microseconds UTC
	Source int64 // which source it was seen in, and where
	Offset int64
	Line   int32
	Length int32
	Hash   uint64 // of the message's bytes, line ends normalised

	Src, Dst netip.AddrPort // zero where the source does not say
	Flags    MessageFlags

	Method string // of the request, or of the CSeq in a response
	Status int    // 0: a request
	CSeq   string // the number, as text: it may be out of range (RFC 4475 scalar02)

	FromTag, ToTag string
	Vias           []string // sent-by and branch of each Via from the top, "host:port;branch"; top first
	FromURI, ToURI string   // addr-spec without parameters
	FromUser       string   // user part or number
	ToUser         string
	RequestURI     string   // of a request
	RequestUser    string   // user part of the Request-URI
	Contacts       []string // URIs of a 3xx
	Agent          string   // User-Agent of a request, Server (or User-Agent) of a response
	Phrase         string   // reason phrase of a response
	Reasons        []Reason // Reason header values (RFC 3326), also of CANCEL and BYE
	Warning        string   // first warn-code and text: "304 Media type not available"
	RetryAfter     int      // seconds, -1: none
	Realm          string   // of a challenge
	RAck, RSeq     string   // PRACK
	Links          []Link   // correlation values for joining B2BUA legs
	Expires        int      // REGISTER: 0 removes a binding; -1: not there
	Device         string   // box that logged it
}

// Reason is one value of a Reason header (RFC 3326): protocol SIP or Q.850.
type Reason struct {
	Protocol string
	Cause    int
	Text     string
	Location string // RFC 8606
}

// Link is a value that legs of one call share through a B2BUA.
type Link struct {
	Kind  string // session-id, icid, x-call-id ...
	Value string
}

// MessageFlags mark what a message showed.
type MessageFlags uint32

// The flags.
const (
	HasCredentials MessageFlags = 1 << iota // Authorization or Proxy-Authorization
	HasSDP
	Stale          // challenge with stale=true
	Requires100    // Require: 100rel
	Malformed      // the parser flagged it
	Cut            // its end is missing
	CoarseTime     // whole seconds only
	Sent           // logged as sent by the box that wrote the log
	Received       // logged as received
	OverStream     // TCP, TLS, WS: never retransmitted
	FromCapture    // seen on the wire, with addresses
	BadForCounting // parsed, but RFC 3261 discards it (scalarlg): not used for figures
	Undelivered    // no message but a report (ICMP) that it did not arrive; Phrase says which
)
