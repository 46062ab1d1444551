package sip

import (
	"bytes"
	"iter"
	"strings"
)

// Values yields every value of a header, from the top, its compact form
// included. Folded lines are unfolded. Where commas separate values (Via,
// Contact, Reason, ...) they are split, quotes and <> respected; in all other
// headers a row is a value.
func (m *Message) Values(name string) iter.Seq[[]byte] {
	name = strings.ToLower(name)
	list := listHeaders[name]
	return func(yield func([]byte) bool) {
		for row := range m.rows(name) {
			if !list {
				if !yield(row) {
					return
				}
				continue
			}
			s := splitter{rest: row, sep: ',', angles: true}
			for v, ok := s.next(); ok; v, ok = s.next() {
				if len(v) > 0 && !yield(v) {
					return
				}
			}
		}
	}
}

// Value returns the first row of a header, unfolded and not split; nil if there is none.
func (m *Message) Value(name string) []byte {
	for row := range m.rows(strings.ToLower(name)) {
		return row
	}
	return nil
}

// rows yields the rows of a header; name is in lower case and long form.
func (m *Message) rows(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		compact := compactForms[name]
		for i := range m.index {
			r := &m.index[i]
			written := m.raw[r.name:r.nameEnd]
			if len(written) == 1 && compact != 0 && lower(written[0]) == compact || fold(written, name) {
				if !yield(unfold(m.raw[r.value:r.end])) {
					return
				}
			}
		}
	}
}

// CorrelationHeaders are headers by which vendors let the legs of one call be
// joined: their value is another leg's Call-ID, or is the same on all legs.
var CorrelationHeaders = []string{
	"X-Call-ID", "X-CID", "X-Asterisk-Uniqueid", "X-FS-Support-Call-ID", "Cisco-Guid", "Cisco-GUCID", "X-Correlation-ID",
}

// RetryAfter returns the seconds of a Retry-After header (RFC 3261 §20.33);
// a comment and parameters behind them are ignored.
func (m *Message) RetryAfter() (seconds int, ok bool) {
	return leadingNumber(m.Value("Retry-After"))
}

// ContentLength returns the Content-Length as written; false if there is none
// or it is not a number.
func (m *Message) ContentLength() (n int, ok bool) {
	return leadingNumber(m.Value("Content-Length"))
}

// Expires returns for how many seconds a registration or subscription is to
// last: the expires parameter of the first Contact, which goes first (RFC 3261
// §10.2.1.1), else the Expires header. False if there is neither, or it is out of range.
func (m *Message) Expires() (seconds int, ok bool) {
	for contact := range m.Values("Contact") {
		if v, has := Param(splitAddr(contact).params, "expires"); has {
			return number(v, 1<<32-1)
		}
		break
	}
	return leadingNumber(m.Value("Expires"))
}

// leadingNumber reads the number that b begins with.
func leadingNumber(b []byte) (int, bool) {
	if i := bytes.IndexAny(b, ";( \t"); i >= 0 {
		b = b[:i]
	}
	return number(b, 1<<32-1)
}

// Challenge returns the first challenge of a 401 or 407 (RFC 3261 §22): its
// scheme, as written, and parameters. With stale set the nonce was too old and
// the credentials were not wrong.
func (m *Message) Challenge() (scheme, realm, nonce string, stale, ok bool) {
	value := m.Value("WWW-Authenticate")
	if value == nil {
		value = m.Value("Proxy-Authenticate")
	}
	if len(value) == 0 {
		return "", "", "", false, false
	}
	name, params := word(value)
	quoted, stale := ChallengeOf(value)
	if v, has := param(params, ',', "nonce"); has {
		nonce = unescape(v)
	}
	return string(name), unescape(quoted), nonce, stale, true
}

// ChallengeOf returns the realm of a WWW-Authenticate or Proxy-Authenticate row, its
// backslashes as written, and whether the nonce was too old.
func ChallengeOf(row []byte) (realm []byte, stale bool) {
	_, params := word(row)
	realm, _ = param(params, ',', "realm")
	v, _ := param(params, ',', "stale")
	return realm, equalName(v, "true")
}

// HasCredentials reports whether the request answers a challenge.
func (m *Message) HasCredentials() bool {
	return m.Value("Authorization") != nil || m.Value("Proxy-Authorization") != nil
}

// SessionID returns the UUIDs of a Session-ID header in lower case (RFC 7989;
// RFC 7329 has no remote). Empty: not there, or not 32 hexadecimal digits.
func (m *Message) SessionID() (local, remote string) {
	value := m.Value("Session-ID")
	id, params := value, []byte(nil)
	if semi := bytes.IndexByte(value, ';'); semi >= 0 {
		id, params = trim(value[:semi]), value[semi+1:]
	}
	other, _ := Param(params, "remote")
	return uuid(id), uuid(other)
}

func uuid(b []byte) string {
	if len(b) != 32 {
		return ""
	}
	for _, c := range b {
		if hexDigit(c) < 0 {
			return ""
		}
	}
	return strings.ToLower(string(b))
}

// ChargingVector is a P-Charging-Vector (RFC 7315 §4.6, §5.6). The ICID is
// globally unique, the IOIs name the originating and terminating network.
type ChargingVector struct {
	ICID, RelatedICID string
	OrigIOI, TermIOI  string
}

// ChargingVector returns the P-Charging-Vector, zero if there is none.
func (m *Message) ChargingVector() ChargingVector {
	value := m.Value("P-Charging-Vector")
	get := func(name string) string {
		v, _ := Param(value, name)
		return unescape(v)
	}
	if value == nil {
		return ChargingVector{}
	}
	return ChargingVector{
		ICID: get("icid-value"), RelatedICID: get("related-icid"),
		OrigIOI: get("orig-ioi"), TermIOI: get("term-ioi"),
	}
}

// AssertedIdentity returns the URIs of P-Asserted-Identity (RFC 3325), often a sip and a tel URI.
func (m *Message) AssertedIdentity() []string {
	var uris []string
	for v := range m.Values("P-Asserted-Identity") {
		if len(uris) == maxValues {
			break
		}
		uris = append(uris, string(splitAddr(v).uri))
	}
	return uris
}

// Diversion is one value of a Diversion header (RFC 5806).
type Diversion struct {
	URI     string // who forwarded the call
	Reason  string // user-busy, no-answer, unconditional, ...
	Counter int    // how many diversions; 0 if not said
}

// Diversions returns the Diversion values, the latest diversion first.
func (m *Message) Diversions() []Diversion {
	var list []Diversion
	for v := range m.Values("Diversion") {
		if len(list) == maxValues {
			break
		}
		a := splitAddr(v)
		reason, _ := Param(a.params, "reason")
		counter, _ := Param(a.params, "counter")
		n, _ := number(counter, 1<<16)
		list = append(list, Diversion{URI: string(a.uri), Reason: unescape(reason), Counter: n})
	}
	return list
}

// UserAgent returns what sent the message: User-Agent of a request; Server,
// else User-Agent, of a response.
func (m *Message) UserAgent() string {
	if !m.IsRequest() {
		if v := m.Value("Server"); v != nil {
			return string(v)
		}
	}
	return string(m.Value("User-Agent"))
}

// RSeq returns the number of a reliable provisional response (RFC 3262 §7.1) as text.
func (m *Message) RSeq() string {
	n, _ := word(m.Value("RSeq"))
	return string(n)
}

// RAck returns what a PRACK acknowledges (RFC 3262 §7.2): the RSeq, and number
// and method of the CSeq. All are empty if there is no RAck.
func (m *Message) RAck() (rseq, cseq, method string) {
	a, rest := word(m.Value("RAck"))
	b, rest := word(rest)
	c, _ := word(rest)
	return string(a), string(b), string(c)
}

// Replaces returns the dialog that this one takes the place of (RFC 3891),
// from a Replaces header or from the URI of a Refer-To.
func (m *Message) Replaces() (callID, toTag, fromTag string, ok bool) {
	value := m.Value("Replaces")
	if value == nil {
		value = replacesOf(ParseURI(splitAddr(m.Value("Refer-To")).uri).Headers)
	}
	if len(value) == 0 {
		return "", "", "", false
	}
	id, params := value, []byte(nil)
	if semi := bytes.IndexByte(value, ';'); semi >= 0 {
		id, params = trim(value[:semi]), value[semi+1:]
	}
	to, _ := Param(params, "to-tag")
	from, _ := Param(params, "from-tag")
	return string(id), string(to), string(from), true
}

// replacesOf finds Replaces among the headers of a URI: "Replaces=id%3Bto-tag%3D1%3Bfrom-tag%3D2".
func replacesOf(headers []byte) []byte {
	if v, ok := param(headers, '&', "Replaces"); ok {
		return []byte(Unescape(v))
	}
	return nil
}
