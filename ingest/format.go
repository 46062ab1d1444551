// Package ingest is the write side: it finds out what a file is, reads its
// records, assembles calls from them and fills the store.
//
// A format is a value in one file: a name, a sentence, Sniff and Read. Readers
// know nothing of the store; they hand what they find to a Sink, good records
// and bad ones in the order of the file, each with its place. A bad record
// never ends a file: a reader's error is for input that cannot be read any further.
package ingest

import (
	"io"
	"net/netip"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Format is one kind of file that callsift reads.
type Format struct {
	Name        string // short and stable: it stands in the ledger, e.g. "asterisk-csv"
	Description string // one line for `callsift formats`
	Kind        string // sip, cdr, event or context
	Proof       string // how sure the shape is: "real files", "source code", "documentation"
	Example     string // a line or two of it

	// Sniff reports whether head, the first 64 KiB of a file after
	// decompression (less if the file is shorter), is in this format.
	Sniff func(head []byte) bool
	// Line reports whether a line is a record of this format by itself, also among
	// lines of others. nil: the format does not stand in other logs.
	Line func(line []byte) bool
	// Rows: Read takes lines that are no records for bad ones, so it is given
	// those alone that Line accepts where there are others.
	Rows bool
	// Read hands every record of in to out. It returns an error only where
	// nothing more can be read; records before it stay good.
	Read func(in *Input, out Sink) error
	// Rotates says that the format is a log which rotation may cut anywhere and
	// which can be read from the middle: see seam.go.
	Rotates bool
	// Raw gives the original bytes of one record again. nil: they are the
	// bytes from Place.Offset on, Place.Length of them.
	Raw func(r io.Reader, at Place) ([]byte, error)
}

// Input is one source being read.
type Input struct {
	io.Reader // the bytes, decompressed, from the first on

	Path    string         // as the user gave it, for messages
	Zone    *time.Location // zone for times without one; nil: not given, look for evidence, else UTC
	ModTime time.Time      // the file's own time, for logs without a year; zero if unknown
	// Columns names the columns of a table: "start": "Date" is the header's
	// word, "start": "4" the fourth column of a table without a header. nil: by
	// the words of the header. CheckColumns checks it.
	Columns map[string]string

	// TZ and TZFrom are set by the reader: which zone local times were read
	// in ("UTC", "Europe/Berlin", "+01:00") and how that was known
	// ("flag", "uniqueid", "epoch", "default"); "flag" is any that was given, also by the configuration. Empty: the format has no local times.
	TZ, TZFrom string
}

// Place says where in a source a record stands.
type Place struct {
	Offset int64 // first byte, 0-based, in the decompressed source
	Length int   // bytes
	Line   int   // 1-based; packet number in captures
}

// Sink takes what a reader finds. The arguments are only valid during the call.
type Sink interface {
	Message(*Observation)
	CDR(*CDR)
	Event(*store.Event)
	// Reject counts and lists a record that cannot be used; reason is a noun
	// phrase with got and want ("12 fields, want 16 to 21").
	Reject(at Place, reason string, sample []byte)
	// Warn notes something about the source that spoils no record.
	Warn(at Place, text string)
}

// Transport is what carried a SIP message.
type Transport uint8

// The transports; unknown where a log does not say.
const (
	TransportUnknown Transport = iota
	UDP
	TCP
	TLS
	WS
	WSS
	SCTP
)

// Heading says which way a message went, seen from the box that logged it.
type Heading uint8

// The headings; captures do not know theirs.
const (
	HeadingUnknown Heading = iota
	Sent
	Received
)

// Observation is one SIP message seen at one place.
type Observation struct {
	Place
	Time      int64 // microseconds UTC; 0: unknown
	Src, Dst  netip.AddrPort
	Transport Transport
	Heading   Heading
	Device    string // the box that wrote the log (syslog host name), if the source says so
	Coarse    bool   // Time has whole seconds only
	Guessed   bool   // the message has no time: Time is one near it
	Cut       bool   // the source lost the end of the message
	// Undelivered is set where the source does not hold the message itself but a
	// report that it could not be delivered: what the report says.
	Undelivered string
	Raw         []byte // the message as SIP: log prefixes taken off, otherwise untouched
}

// CDR is one call detail record in neutral form. Times are microseconds UTC, 0
// where the record has none; durations milliseconds, -1 where unknown.
type CDR struct {
	Place
	ID   string // the record's own id: Asterisk uniqueid, OM id, Call-ID
	Link string // records with an equal, non-empty Link are legs of one call
	// Role tells legs of one call from legs of another with the same Link: the
	// n-th record of every role belongs to the n-th call. Empty: all are one call.
	Role string

	Start, Answer, End int64
	Talk               int64 // milliseconds of conversation

	Caller, Callee string
	CallID         string // SIP Call-ID, where the record names it
	Trunk          string // the trunk as the record names it; empty for internal calls
	Peer           string // remote address, where known
	Direction      codes.Direction
	Device         string // the box that wrote the record, if the record says so
	UserAgent      string
	Recorded       string // the raw record, for finding the same record in overlapping exports

	Outcome   codes.Outcome
	Code      int    // SIP status as recorded, -1: none
	CauseQ850 int    // Q.850 cause as recorded, -1: none
	Reason    string // the record's own word for the result: disposition, phrase
	Flags     codes.Flags
}
