package sip

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Header is a header that is known by name.
type Header uint8

// Those whose value is a field of the message, or is not read: not among Rows.
const (
	noHeader Header = iota // not a header line
	hOther
	hCallID
	hFrom
	hTo
	hCSeq
	hContentLength
	hMaxForwards
	hVia
)

// The headers that Rows hands out.
const (
	HeaderContact Header = hVia + 1 + iota
	HeaderExpires
	HeaderRetryAfter
	HeaderWarning
	HeaderReason
	HeaderRequire
	HeaderUserAgent
	HeaderServer
	HeaderCredentials // Authorization, Proxy-Authorization
	HeaderChallenge   // WWW-Authenticate, Proxy-Authenticate
	HeaderRAck
	HeaderRSeq
	HeaderSessionID
	HeaderChargingVector // P-Charging-Vector
	HeaderCiscoGUID
	HeaderXCallID // X-Call-ID, X-CID
)

var headerNames = map[string]Header{
	"call-id": hCallID, "i": hCallID, "from": hFrom, "f": hFrom, "to": hTo, "t": hTo, "cseq": hCSeq,
	"content-length": hContentLength, "l": hContentLength, "max-forwards": hMaxForwards,
	"via": hVia, "v": hVia, "contact": HeaderContact, "m": HeaderContact, "expires": HeaderExpires,
	"retry-after": HeaderRetryAfter, "warning": HeaderWarning, "reason": HeaderReason, "require": HeaderRequire,
	"user-agent": HeaderUserAgent, "server": HeaderServer, "authorization": HeaderCredentials, "proxy-authorization": HeaderCredentials,
	"www-authenticate": HeaderChallenge, "proxy-authenticate": HeaderChallenge, "rack": HeaderRAck, "rseq": HeaderRSeq,
	"session-id": HeaderSessionID, "p-charging-vector": HeaderChargingVector, "cisco-guid": HeaderCiscoGUID,
	"x-call-id": HeaderXCallID, "x-cid": HeaderXCallID,
}

// shortName is a header name of up to 15 letters with its colon, as two numbers; its first
// letter is in the lowest byte.
type shortName struct {
	low, high         uint64 // in lower case
	foldLow, foldHigh uint64 // the bit that makes a letter one of lower case, for each letter
	maskLow, maskHigh uint64 // the bytes of the name and its colon
	n                 int
	id                Header
}

// shortNames are the short names of headerNames and the most frequent others; those of the
// same firstLetters are together, with an empty one behind them, which every row matches.
// firstNames is where they begin; 0 is an empty one too.
var shortNames, firstNames = func() (list [256]shortName, first [1 << 10]uint8) {
	names := []string{
		"accept", "accept-encoding", "accept-language", "alert-info", "allow", "allow-events", "call-info", "content-type",
		"date", "diversion", "event", "history-info", "min-se", "organization", "path", "privacy", "record-route", "refer-to",
		"referred-by", "route", "session-expires", "subject", "supported", "timestamp", "c", "k", "s", "x",
	}
	for name := range headerNames {
		if len(name) < 16 {
			names = append(names, name)
		}
	}
	letters := func(name string) int { return firstLetters(uint64(name[0]) | uint64((name + ":")[1])<<8) }
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(letters(a), letters(b)), cmp.Compare(a, b))
	})
	n, before := 0, -1
	for _, name := range names {
		var b, fold, mask [16]byte
		copy(b[:], name+":")
		for i := range len(name) + 1 {
			mask[i] = 0xff
			if b[i] >= 'a' && b[i] <= 'z' {
				fold[i] = 0x20
			}
		}
		word := binary.LittleEndian.Uint64
		s := shortName{word(b[:]), word(b[8:]), word(fold[:]), word(fold[8:]), word(mask[:]), word(mask[8:]), len(name), hOther}
		if id, ok := headerNames[name]; ok {
			s.id = id
		}
		if at := letters(name); at != before {
			n++ // behind an empty one
			first[at], before = uint8(n), at
		}
		list[n] = s
		n++
	}
	return list, first
}()

// firstLetters is where firstNames has the names that begin as low does, in any case: five
// bits of each of the first two bytes, of which a colon may be the second.
func firstLetters(low uint64) int { return int(low&31<<5 | low>>8&31) }

// identify finds out which header the row is that begins at b[at], if its name is one of
// shortNames with a colon right behind it, as in nearly every row; n is the length of the
// name, 0 if it is none. It looks at sixteen bytes at once: reading the name byte by byte
// and then comparing it took a tenth of parsing.
func identify(b []byte, at int) (n int, id Header) {
	if len(b)-at < 16 {
		return 0, noHeader
	}
	w := b[at : at+16]
	low, high := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])
	for i := firstNames[firstLetters(low)]; ; i++ {
		s := &shortNames[i]
		if (low|s.foldLow)&s.maskLow == s.low && (high|s.foldHigh)&s.maskHigh == s.high {
			return s.n, s.id
		}
	}
}

// longestName is the length of the longest of headerNames.
const longestName = len("proxy-authorization")

// headerOf finds out which header a name of any form is.
func headerOf(name []byte) Header {
	if len(name) == 0 {
		return noHeader
	}
	var lower [longestName]byte
	if len(name) <= longestName {
		for i, c := range name {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			lower[i] = c
		}
		if id, ok := headerNames[string(lower[:len(name)])]; ok {
			return id
		}
	}
	return hOther
}

// compactForms are the one-letter names of headers: RFC 3261 §7.3.3 (v to e),
// RFC 6665 (o, u), 3515 (r), 3892 (b), 4028 (x), 8224 (y), 3841 (a, j, d).
var compactForms = map[string]byte{
	"via": 'v', "call-id": 'i', "from": 'f', "to": 't', "contact": 'm',
	"content-length": 'l', "content-type": 'c', "supported": 'k', "subject": 's', "content-encoding": 'e',
	"event": 'o', "allow-events": 'u', "refer-to": 'r', "referred-by": 'b', "session-expires": 'x',
	"identity": 'y', "accept-contact": 'a', "reject-contact": 'j', "request-disposition": 'd',
}

// listHeaders are those in which a comma separates values (RFC 3261 §7.3.1 and
// the documents that define the others). In all others a comma is text.
var listHeaders = map[string]bool{
	"via": true, "contact": true, "route": true, "record-route": true, "path": true, "service-route": true,
	"reason": true, "warning": true, "p-asserted-identity": true, "p-preferred-identity": true,
	"diversion": true, "history-info": true, "remote-party-id": true, "call-info": true, "alert-info": true,
	"error-info": true, "allow": true, "allow-events": true, "supported": true, "require": true,
	"proxy-require": true, "unsupported": true, "accept": true, "accept-encoding": true, "accept-language": true,
	"accept-contact": true, "reject-contact": true, "request-disposition": true, "content-encoding": true,
	"content-language": true, "in-reply-to": true, "privacy": true,
}

// KnownMethod reports whether method is one of the registered methods (RFC
// 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086). Methods are case-sensitive:
// "invite" is not known.
func KnownMethod(method []byte) bool {
	switch string(method) {
	case "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY",
		"PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE":
		return true
	}
	return false
}
