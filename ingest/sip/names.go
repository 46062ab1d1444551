package sip

import "encoding/binary"

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
)

// The headers that Rows hands out.
const (
	HeaderVia Header = hMaxForwards + 1 + iota
	HeaderContact
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
	"via": HeaderVia, "v": HeaderVia, "contact": HeaderContact, "m": HeaderContact, "expires": HeaderExpires,
	"retry-after": HeaderRetryAfter, "warning": HeaderWarning, "reason": HeaderReason, "require": HeaderRequire,
	"user-agent": HeaderUserAgent, "server": HeaderServer, "authorization": HeaderCredentials, "proxy-authorization": HeaderCredentials,
	"www-authenticate": HeaderChallenge, "proxy-authenticate": HeaderChallenge, "rack": HeaderRAck, "rseq": HeaderRSeq,
	"session-id": HeaderSessionID, "p-charging-vector": HeaderChargingVector, "cisco-guid": HeaderCiscoGUID,
	"x-call-id": HeaderXCallID, "x-cid": HeaderXCallID,
}

// knownName is a header name of a length: its first eight letters as one number,
// the rest, and the header.
type knownName struct {
	word uint64
	rest string
	id   Header
}

// knownNames are headerNames by length.
var knownNames = func() (list [20][]knownName) {
	for name, id := range headerNames {
		k := knownName{word: nameWord([]byte(name), 0, len(name)), id: id}
		if len(name) > 8 {
			k.rest = name[8:]
		}
		list[len(name)] = append(list[len(name)], k)
	}
	return list
}()

// nameWord is the first eight bytes of the name b[at:end] in lower case as a number.
// Names are tokens, in which setting the bit of lower case makes no other byte a
// letter or hyphen.
func nameWord(b []byte, at, end int) uint64 {
	var w uint64
	if at+8 <= len(b) {
		w = binary.LittleEndian.Uint64(b[at:])
	} else {
		for i := len(b) - 1; i >= at; i-- {
			w = w<<8 | uint64(b[i])
		}
	}
	w |= 0x2020202020202020
	if n := end - at; n < 8 {
		w &= 1<<(8*n) - 1
	}
	return w
}

// identify finds out which header the name b[at:end] is.
func identify(b []byte, at, end int) Header {
	n := end - at
	if n <= 0 {
		return noHeader
	}
	if n >= len(knownNames) {
		return hOther
	}
	w := nameWord(b, at, end)
	for i := range knownNames[n] {
		if k := &knownNames[n][i]; k.word == w && (n <= 8 || sameName(b[at+8:end], k.rest)) {
			return k.id
		}
	}
	return hOther
}

// sameName reports whether name is want in any case, which has as many letters.
func sameName(name []byte, want string) bool {
	for i, c := range name {
		if c|0x20 != want[i] {
			return false
		}
	}
	return true
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
