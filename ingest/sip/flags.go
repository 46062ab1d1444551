package sip

import "math/bits"

// Flags tell what a message broke, or what its log did to it. A flagged message
// still happened and is still counted; each flag names the rule, so that a
// vendor can be shown the section. Sections are RFC 3261's unless said otherwise.
type Flags uint32

// The flags.
const (
	StartLineSpace        Flags = 1 << iota // §7.1: more than one SP between parts of the start line, or around it
	URIBrackets                             // §7.1: <> around the Request-URI
	URISpace                                // §7.1: white space inside the Request-URI
	URIHeaders                              // §19.1.1: ?headers in the Request-URI
	URIHost                                 // §19.1.1, RFC 5118 §4.2: IPv6 address without [] in the Request-URI
	HeaderLine                              // §7.3.1: a header line without a colon, or whose name is not a token
	NoEmptyLine                             // §7: no empty line after the headers; log damage, or the end is missing
	CutLine                                 // the input ends inside a header line; its value may be a part only
	HeadLimit                               // more than MaxHead bytes or MaxHeaders headers; the rest is not read
	ViaLimit                                // more than MaxVias Via values; the rest is not read
	DuplicateHeader                         // §7.3.1: a header that may stand once stands twice; the first counts
	CSeqForm                                // §20.16: CSeq is not "number method"
	CSeqRange                               // §8.1.1.5: CSeq number of 2**31 or more
	CSeqMismatch                            // §8.1.1.5: CSeq method is not the request's method
	ViaForm                                 // §20.42: top Via not in its grammar: protocol, sent-by or empty parameters
	NoVia                                   // §8.2.6.2: response without Via
	NoTo                                    // §8.1.1: no To
	AddrQuote                               // §20.10: quote or angle bracket not closed in From or To
	AddrSpace                               // §25.1: white space inside the <> of From or To
	AddrComma                               // §25.1: comma in an unquoted display name of From or To
	ContactBrackets                         // §20.10: Contact with ? and without <>
	ContentLengthForm                       // §20.14: Content-Length is not a number; taken as absent
	ContentLengthConflict                   // §20.14, RFC 4475 §3.3.9: different Content-Lengths; taken as absent
	BodyShort                               // §18.3: body shorter than Content-Length
	TrailingBytes                           // §18.3: bytes after the body; not read
	NumberRange                             // §20.19, §20.22, §20.33: Expires, Max-Forwards or Retry-After out of range
	WarningCode                             // §20.43: warn-code without three digits
	Masked                                  // the log put stars in place of a Call-ID, From, To or Via value

	flagsEnd
)

var flagNames = [...]string{
	"start_line_space", "uri_brackets", "uri_space", "uri_headers", "uri_host", "header_line",
	"no_empty_line", "cut_line", "head_limit", "via_limit", "duplicate_header",
	"cseq_form", "cseq_range", "cseq_mismatch", "via_form", "no_via", "no_to",
	"addr_quote", "addr_space", "addr_comma", "contact_brackets",
	"content_length_form", "content_length_conflict", "body_short", "trailing_bytes",
	"number_range", "warning_code", "masked",
}

// Names returns the names of the flags that are set, in a fixed order.
func (f Flags) Names() []string {
	var names []string
	for f &= flagsEnd - 1; f != 0; f &= f - 1 {
		names = append(names, flagNames[bits.TrailingZeros32(uint32(f))])
	}
	return names
}

// Malformed reports whether the message broke a rule of SIP, apart from what
// looks like damage done by the log: masks, and an end that is missing.
func (f Flags) Malformed() bool {
	if f&NoEmptyLine != 0 {
		f &^= BodyShort
	}
	return f&^(NoEmptyLine|CutLine|Masked) != 0
}
