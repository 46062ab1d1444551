package sip

// headerID names the headers that Parse looks at.
type headerID uint8

const (
	hNone headerID = iota // not a header line
	hCallID
	hFrom
	hTo
	hCSeq
	hContentLength
	hMaxForwards
	hTaken = hMaxForwards // those up to here are not among Rows
)

const (
	hOther headerID = hTaken + 1 + iota
	hVia
	hContact
	hExpires
	hRetryAfter
	hWarning
)

// identify finds out which header name is, by its length and then its letters.
func identify(name []byte) headerID {
	switch len(name) {
	case 0:
		return hNone
	case 1:
		switch name[0] | 0x20 {
		case 'i':
			return hCallID
		case 'f':
			return hFrom
		case 't':
			return hTo
		case 'v':
			return hVia
		case 'm':
			return hContact
		case 'l':
			return hContentLength
		}
		return hOther
	case 2:
		return pick(name, "to", hTo)
	case 3:
		return pick(name, "via", hVia)
	case 4:
		if name[0]|0x20 == 'f' {
			return pick(name, "from", hFrom)
		}
		return pick(name, "cseq", hCSeq)
	case 7:
		switch name[3] | 0x20 {
		case 'l':
			return pick(name, "call-id", hCallID)
		case 't':
			return pick(name, "contact", hContact)
		case 'i':
			return pick(name, "expires", hExpires)
		}
		return pick(name, "warning", hWarning)
	case 11:
		return pick(name, "retry-after", hRetryAfter)
	case 12:
		return pick(name, "max-forwards", hMaxForwards)
	case 14:
		return pick(name, "content-length", hContentLength)
	}
	return hOther
}

// pick is id if name is want, which has as many letters. Names are tokens, in
// which setting the bit of lower case makes no other byte a letter or hyphen.
func pick(name []byte, want string, id headerID) headerID {
	for i, c := range name {
		if c|0x20 != want[i] {
			return hOther
		}
	}
	return id
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
