package ingest

import (
	"bytes"
	"slices"
	"strconv"
	"unsafe"

	"callsift/ingest/dialog"
	"callsift/ingest/sip"
)

// observer turns parsed messages into what assembly needs of them. The texts of the
// results are views into the messages and into scratch, and must be copied (packed)
// before begin is called again.
type observer struct {
	methods  map[string]string
	scratch  []byte
	vias     []string // of all messages since begin
	contacts []string
	links    []dialog.Link
	first    struct{ via, contact, link int } // of the message at hand
	asked    bool                             // it has had a challenge
	// reasonsOf are the values of a Reason row: a box knows few, and sends one
	// with every failure.
	reasonsOf map[string][]dialog.Reason
}

// view is b as a string without a copy. Two dozen texts a message are packed at
// once after this; copying each first took a third of the import's time.
func view(b []byte) string {
	if len(b) > maxText {
		return clipText(b)
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// method is the method as a string that outlives the message.
func (c *observer) method(b []byte) string {
	switch string(b) { // most messages, without looking into the map
	case "INVITE":
		return "INVITE"
	case "ACK":
		return "ACK"
	case "BYE":
		return "BYE"
	case "CANCEL":
		return "CANCEL"
	case "OPTIONS":
		return "OPTIONS"
	case "REGISTER":
		return "REGISTER"
	}
	if s, ok := c.methods[string(b)]; ok {
		return s
	}
	if c.methods == nil {
		c.methods = map[string]string{}
	}
	s := clipText(b)
	if len(c.methods) < 1000 {
		c.methods[s] = s
	}
	return s
}

// begin makes room for more messages; the texts of those before are lost.
func (c *observer) begin() {
	c.scratch, c.vias, c.contacts, c.links = c.scratch[:0], c.vias[:0], c.contacts[:0], c.links[:0]
}

// fill sets m from a parsed message and what was observed around it.
func (c *observer) fill(m *dialog.Message, p *sip.Message, o *Observation) {
	*m = dialog.Message{} // and filled in place: a literal would be made and then copied
	m.Time, m.Offset, m.Line, m.Length = o.Time, o.Offset, int32(o.Line), int32(o.Length)
	m.Hash, m.Src, m.Dst, m.Device = p.Hash(), o.Src, o.Dst, o.Device
	m.Status, m.CSeq = p.Status, view(p.CSeq)
	m.FromTag, m.ToTag = view(p.FromTag), view(p.ToTag)
	m.RequestURI, m.Phrase = view(p.URI), view(p.Phrase)
	m.RetryAfter, m.Expires = -1, -1
	c.asked = false
	c.first.via, c.first.contact, c.first.link = len(c.vias), len(c.contacts), len(c.links)
	// CSeq and not the start line names the method that a transaction is
	// matched by; a request whose two methods differ keeps its own, so that it
	// cannot pass for an INVITE (RFC 4475 mismatch02).
	m.Method = c.method(p.CSeqMethod)
	if p.IsRequest() {
		m.Method = c.method(p.Method)
		m.RequestUser = view(p.User)
	}
	m.FromURI, m.ToURI = view(p.FromURI), view(p.ToURI)
	m.FromUser, m.ToUser = view(p.FromUser), view(p.ToUser)
	m.Flags = observedFlags(p, o)
	c.addVias(p)
	c.headers(m, p)
	if len(p.Body) > 0 && hasSDP(p.Body) {
		m.Flags |= dialog.HasSDP
	}
	m.Vias = slices.Clip(c.vias[c.first.via:])
	if n := len(c.contacts); n > c.first.contact {
		m.Contacts = c.contacts[c.first.contact:n:n]
	}
	if n := len(c.links); n > c.first.link {
		m.Links = c.links[c.first.link:n:n]
	}
	if o.Undelivered != "" {
		m.Flags |= dialog.Undelivered
		m.Phrase = o.Undelivered
	}
}

// hasSDP reports whether a body offers or answers media, be it one of several parts.
func hasSDP(body []byte) bool {
	return bytes.Contains(body[:min(len(body), 256)], sdpVersion) && bytes.Contains(body[:min(len(body), 4096)], sdpMedia)
}

// Not literals where they are used: with the profile the compiler inlines Contains, and each
// was an allocation a message.
var sdpVersion, sdpMedia = []byte("v=0"), []byte("m=")

func observedFlags(p *sip.Message, o *Observation) (f dialog.MessageFlags) {
	if p.Flags.Malformed() {
		f |= dialog.Malformed
	}
	if !p.Countable() {
		f |= dialog.BadForCounting
	}
	if o.Cut {
		f |= dialog.Cut
	}
	if o.Coarse {
		f |= dialog.CoarseTime
	}
	switch {
	case o.Heading == Sent:
		f |= dialog.Sent
	case o.Heading == Received:
		f |= dialog.Received
	case o.Src.IsValid() && o.Dst.IsValid():
		f |= dialog.FromCapture
	}
	if o.Transport >= TCP && o.Transport <= SCTP {
		f |= dialog.OverStream
	}
	return f
}

// headers reads in one pass the headers that only some messages have.
func (c *observer) headers(m *dialog.Message, p *sip.Message) {
	for id, row := range p.Rows() {
		switch id {
		case sip.HeaderContact:
			c.addContacts(m, row)
		case sip.HeaderUserAgent:
			m.Agent = view(row)
		case sip.HeaderServer:
			if m.Agent == "" {
				m.Agent = view(row)
			}
		default:
			c.rareHeaders(m, p, id, row)
		}
	}
}

// rareHeaders is the rest of headers.
func (c *observer) rareHeaders(m *dialog.Message, p *sip.Message, id sip.Header, row []byte) {
	switch id {
	case sip.HeaderReason:
		c.reasons(m, p, row)
	case sip.HeaderWarning:
		c.warning(m, p)
	case sip.HeaderRequire:
		if bytes.Contains(row, []byte("100rel")) {
			m.Flags |= dialog.Requires100
		}
	case sip.HeaderExpires:
		m.Expires = smallNumber(row)
	case sip.HeaderRetryAfter:
		if s, ok := p.RetryAfter(); ok {
			m.RetryAfter = s
		}
	case sip.HeaderRAck:
		m.RAck = view(row)
	case sip.HeaderRSeq:
		m.RSeq = view(row)
	case sip.HeaderCredentials:
		m.Flags |= dialog.HasCredentials
	case sip.HeaderChallenge:
		c.challenge(m, p, row)
	case sip.HeaderXCallID:
		c.link("x-call-id", row)
	case sip.HeaderSessionID:
		local, remote := p.SessionID()
		c.link("session-id", []byte(local))
		c.link("session-id", []byte(remote))
	case sip.HeaderCiscoGUID:
		c.link("cisco-guid", row)
	case sip.HeaderChargingVector:
		icid, _ := sip.Param(append([]byte{';'}, row...), "icid-value")
		c.link("icid", bytes.Trim(icid, `"`))
	}
}

// challenge notes who asks for credentials. Nearly every message that does has one such
// row, and no backslash in it: then nothing need be copied.
func (c *observer) challenge(m *dialog.Message, p *sip.Message, row []byte) {
	realm, stale := sip.ChallengeOf(row)
	if c.asked || bytes.IndexByte(realm, '\\') >= 0 {
		var text string
		_, text, _, stale, _ = p.Challenge()
		m.Realm = clipText([]byte(text))
	} else {
		m.Realm = view(realm)
	}
	c.asked = true
	if m.Flags &^= dialog.Stale; stale {
		m.Flags |= dialog.Stale
	}
}

func (c *observer) link(kind string, row []byte) {
	value := bytes.TrimSpace(row)
	if len(value) < 8 || bytes.Count(value, []byte("0")) == len(value) { // the nil UUID of RFC 7989
		return
	}
	c.links = append(c.links, dialog.Link{Kind: kind, Value: view(value)})
}

// addVias appends "host:port;branch" for each Via value, host in lower case, port as it is
// or the default: peers write :5060 or leave it out.
func (c *observer) addVias(p *sip.Message) {
	for i := range p.Hops {
		v := &p.Hops[i]
		at := len(c.scratch)
		if need := len(v.SentBy) + len(v.Branch) + 24; cap(c.scratch)-at < need {
			// Earlier views point into the old array, which stays alive with them.
			c.scratch, at = make([]byte, 0, max(1024, 2*cap(c.scratch), 2*need)), 0
		}
		switch v.Form {
		case sip.PlainHostPort:
			c.scratch = append(c.scratch, v.SentBy...)
		case sip.PlainHost:
			c.scratch = append(append(c.scratch, v.SentBy...), ':')
			c.scratch = append(c.scratch, defaultPort(v)...)
		default:
			c.addHostPort(v)
		}
		c.scratch = append(c.scratch, ';')
		c.scratch = append(c.scratch, v.Branch...)
		c.vias = append(c.vias, view(c.scratch[at:]))
	}
}

// defaultPort is that of a hop without one (RFC 3261 §19.1.2).
func defaultPort(v *sip.Hop) string {
	if bytes.EqualFold(v.Transport, []byte("TLS")) {
		return "5061"
	}
	return "5060"
}

// addHostPort appends host and port of any sent-by.
func (c *observer) addHostPort(v *sip.Hop) {
	host, port := v.HostPort()
	at := len(c.scratch)
	c.scratch = append(c.scratch, host...)
	for i, b := range c.scratch[at:] {
		if b >= 'A' && b <= 'Z' {
			c.scratch[at+i] |= 0x20
		}
	}
	c.scratch = append(c.scratch, ':')
	if port == 0 {
		c.scratch = append(c.scratch, defaultPort(v)...)
	} else {
		c.scratch = strconv.AppendInt(c.scratch, int64(port), 10)
	}
}

// addContacts keeps the Contacts of a redirect, which rule R2 follows.
func (c *observer) addContacts(m *dialog.Message, row []byte) {
	if m.Status < 300 || m.Status > 399 || len(c.contacts)-c.first.contact > 16 {
		return
	}
	_, uri, _ := sip.AddrSpec(row)
	c.contacts = append(c.contacts, view(uri))
}

func (c *observer) reasons(m *dialog.Message, p *sip.Message, row []byte) {
	if m.Reasons != nil {
		return // several rows: all were read with the first
	}
	if list, ok := c.reasonsOf[string(row)]; ok && !c.reasonTwice(p) {
		m.Reasons = list
		return
	}
	for _, r := range p.Reasons() {
		m.Reasons = append(m.Reasons, dialog.Reason{Protocol: clipText([]byte(r.Protocol)), Cause: r.Cause, Text: clipText([]byte(r.Text)), Location: r.Location})
	}
	if len(row) <= maxText && len(c.reasonsOf) < 1000 && !c.reasonTwice(p) {
		if c.reasonsOf == nil {
			c.reasonsOf = map[string][]dialog.Reason{}
		}
		c.reasonsOf[string(row)] = m.Reasons
	}
}

// reasonTwice reports whether there is more than one row of Reason values.
func (c *observer) reasonTwice(p *sip.Message) bool {
	n := 0
	for id := range p.Rows() {
		if id == sip.HeaderReason {
			n++
		}
	}
	return n > 1
}

func (c *observer) warning(m *dialog.Message, p *sip.Message) {
	if m.Warning != "" {
		return
	}
	for _, w := range p.Warnings() {
		m.Warning = strconv.Itoa(w.Code) + " " + clipText([]byte(w.Text))
		return
	}
}

// smallNumber reads a small decimal number; -1 if it is none.
func smallNumber(b []byte) int {
	n, err := strconv.Atoi(string(bytes.TrimSpace(b[:min(len(b), 12)])))
	if err != nil || n < 0 {
		return -1
	}
	return n
}
