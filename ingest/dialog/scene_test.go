package dialog

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// scene turns a small notation for call flows into messages, the way the agents
// of the flow would have written them:
//
//	TIME FROM>TO METHOD CSEQ [word...]    a request
//	TIME FROM>TO STATUS [METHOD [CSEQ]] [word...]
//
// Hosts get addresses 192.0.2.1, .2 ... in order of appearance. A host that sends
// on what it received (same method, CSeq and From-tag) does it as a proxy: own
// Via on top. A response answers the last request in the other direction and
// carries the tag of the host that made it. Words:
//
//	auth stale sdp 100rel bad    what the message has
//	re                           a request inside the dialog, from the caller's side
//	rev                          ... from the callee's side
//	new                          another transaction: own branch (forks, second tries)
//	2xx                          of an ACK: own branch, inside the dialog
//	tcp                          over a stream
//	from= to= tag= uri= branch= reason=PROTOCOL:CAUSE:TEXT phrase= warning= retry-after=
//	agent= contact= expires= user= via=none link=KIND:VALUE
//	src=N                        the source that saw it; log: in a text log, no addresses
//	coarse sent received         ... of whole seconds; which way
type scene struct {
	msgs  []Message
	addrs map[string]netip.AddrPort
	made  int
	sent  []sentRequest
	tags  map[string]string // by host, CSeq and From-tag: To-tag of the last 2xx or 1xx
}

type sentRequest struct {
	src, dst string
	msg      Message
}

func newScene(string) *scene {
	return &scene{addrs: map[string]netip.AddrPort{}, tags: map[string]string{}}
}

func (s *scene) addr(host string) netip.AddrPort {
	a, ok := s.addrs[host]
	if !ok {
		a = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(len(s.addrs) + 1)}), 5060)
		s.addrs[host] = a
	}
	return a
}

func (s *scene) host(a netip.AddrPort) string {
	for h, x := range s.addrs {
		if x == a {
			return h
		}
	}
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

// words are the annotations of a line.
type words map[string]string

func (w words) has(k string) bool { _, ok := w[k]; return ok }

func (w words) or(k, zero string) string {
	if v, ok := w[k]; ok {
		return v
	}
	return zero
}

func (s *scene) parse(text string) error {
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := s.line(line); err != nil {
			return fmt.Errorf("line %d: %v: %s", n+1, err, line)
		}
	}
	return nil
}

func (s *scene) line(line string) error {
	f := strings.Fields(line)
	if len(f) < 3 {
		return fmt.Errorf("%d words, want 3 or more", len(f))
	}
	sec, err := strconv.ParseFloat(f[0], 64)
	if err != nil {
		return err
	}
	src, dst, _ := strings.Cut(f[1], ">")
	m := Message{Time: sceneStart + int64(math.Round(sec*1e6)), Source: 1, Offset: int64(len(s.msgs)), RetryAfter: -1, Expires: -1, Flags: FromCapture}
	m.Src, m.Dst = s.addr(src), s.addr(dst)
	w := words{}
	var plain []string
	for _, word := range f[3:] {
		k, v, eq := strings.Cut(word, "=")
		if !eq && (k == strings.ToUpper(k) || len(plain) == 0 && len(w) == 0 && isNumber(k)) && k != "2xx" && k != "100rel" {
			plain = append(plain, k)
			continue
		}
		w[k] = v
	}
	if isNumber(f[2]) {
		m.Status, _ = strconv.Atoi(f[2])
		if err := s.response(&m, src, dst, plain, w); err != nil {
			return err
		}
	} else {
		m.Method = f[2]
		m.CSeq = "1"
		if len(plain) > 0 {
			m.CSeq = plain[0]
		}
		s.request(&m, src, dst, w)
	}
	s.annotate(&m, w)
	s.msgs = append(s.msgs, m)
	return nil
}

// sceneStart is 2026-11-09 08:00:00 UTC, so that the goldens show small numbers.
const sceneStart = 1794211200 * 1_000_000

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func (s *scene) request(m *Message, src, dst string, w words) {
	m.FromTag = w.or("from", "caller")
	m.ToTag = w.or("to", "")
	if (w.has("re") || w.has("2xx") || m.Method == "BYE") && !w.has("to") {
		m.ToTag = s.tags[m.FromTag]
	}
	if w.has("rev") {
		m.FromTag, m.ToTag = s.tags[m.FromTag], m.FromTag
	}
	m.FromUser, m.ToUser = "1001", "2002"
	m.RequestUser = w.or("uri", "2002")
	m.RequestURI = "sip:" + m.RequestUser + "@example.net"
	group := m.Method
	if m.Method == "ACK" && !w.has("2xx") || m.Method == "CANCEL" {
		group = "INVITE"
	}
	branch := fmt.Sprintf("z9hG4bK-%s-%s-%s-%s-%s", src, dst, group, m.CSeq, m.FromTag)
	if w.has("2xx") {
		branch += "-2xx"
	}
	if w.has("new") {
		s.made++
		branch += fmt.Sprint("-", s.made)
	}
	m.Vias = []string{s.addr(src).String() + ";" + w.or("branch", branch)}
	if m.Method == "CANCEL" || m.Method == "ACK" && !w.has("2xx") {
		if up := s.lastRequest("INVITE", m.CSeq, src, dst); up != nil && !w.has("branch") {
			m.Vias = []string{up.Vias[0]}
		}
	} else if up := s.received(m, src); up != nil {
		m.Vias = append(m.Vias, up.Vias...)
	}
	m.Agent = w.or("agent", "")
	s.sent = append(s.sent, sentRequest{src, dst, *m})
}

// received is the request that src is sending on.
func (s *scene) received(m *Message, src string) *Message {
	for i := len(s.sent) - 1; i >= 0; i-- {
		r := &s.sent[i]
		if r.dst == src && r.msg.Method == m.Method && r.msg.CSeq == m.CSeq && r.msg.FromTag == m.FromTag {
			return &r.msg
		}
	}
	return nil
}

func (s *scene) lastRequest(method, cseq, src, dst string) *Message {
	for i := len(s.sent) - 1; i >= 0; i-- {
		r := &s.sent[i]
		if r.src == src && r.dst == dst && r.msg.Method != "ACK" && (method == "" || r.msg.Method == method) && (cseq == "" || r.msg.CSeq == cseq) {
			return &r.msg
		}
	}
	return nil
}

func (s *scene) response(m *Message, src, dst string, plain []string, w words) error {
	method, cseq := "", ""
	for _, p := range plain {
		if isNumber(p) {
			cseq = p
		} else {
			method = p
		}
	}
	req := s.lastRequest(method, cseq, dst, src)
	if req == nil {
		if method == "" {
			return fmt.Errorf("no request to answer")
		}
		s.request(&Message{Method: method, CSeq: cseq}, dst, src, w)
		req = &s.sent[len(s.sent)-1].msg
	}
	m.Method, m.CSeq, m.FromTag, m.Vias = req.Method, req.CSeq, req.FromTag, req.Vias
	m.FromUser, m.ToUser = req.FromUser, req.ToUser
	m.ToTag = req.ToTag
	if m.ToTag == "" && m.Status > 100 {
		m.ToTag = w.or("tag", s.relayedTag(m, src))
	}
	if m.Method == "INVITE" && m.Status > 100 && m.Status < 300 && req.ToTag == "" {
		s.tags[m.FromTag] = m.ToTag
	}
	m.Agent = w.or("agent", "")
	m.Phrase = strings.ReplaceAll(w.or("phrase", ""), "_", " ")
	return nil
}

// relayedTag is the tag of the same response that src received, else its own.
func (s *scene) relayedTag(m *Message, src string) string {
	for i := len(s.msgs) - 1; i >= 0; i-- {
		r := &s.msgs[i]
		if r.Status == m.Status && r.Dst == s.addr(src) && r.Method == m.Method && r.CSeq == m.CSeq && r.FromTag == m.FromTag {
			return r.ToTag
		}
	}
	return src
}

func (s *scene) annotate(m *Message, w words) {
	for word, flag := range map[string]MessageFlags{"auth": HasCredentials, "stale": Stale, "sdp": HasSDP, "100rel": Requires100,
		"bad": BadForCounting, "malformed": Malformed, "tcp": OverStream, "icmp": Undelivered, "coarse": CoarseTime, "sent": Sent, "received": Received} {
		if w.has(word) {
			m.Flags |= flag
		}
	}
	if w.has("icmp") {
		m.Phrase = strings.ReplaceAll(w["icmp"], "_", " ")
	}
	if v, ok := w["reason"]; ok {
		p := strings.SplitN(v+"::", ":", 4)
		cause, _ := strconv.Atoi(p[1])
		m.Reasons = []Reason{{Protocol: p[0], Cause: cause, Text: strings.ReplaceAll(p[2], "_", " ")}}
	}
	m.Warning = strings.ReplaceAll(w.or("warning", ""), "_", " ")
	if v, ok := w["retry-after"]; ok {
		m.RetryAfter, _ = strconv.Atoi(v)
	}
	if v, ok := w["expires"]; ok {
		m.Expires, _ = strconv.Atoi(v)
	}
	if v, ok := w["contact"]; ok {
		m.Contacts = []string{v}
	}
	if v, ok := w["link"]; ok {
		kind, value, _ := strings.Cut(v, ":")
		m.Links = []Link{{kind, value}}
	}
	if w.has("via") {
		m.Vias = nil
	}
	if w.has("notags") {
		m.FromTag, m.ToTag = "", ""
	}
	m.Hash = hashOf(fmt.Sprint(m.Method, m.Status, m.CSeq, m.FromTag, m.ToTag, m.Vias, m.RequestURI, m.Phrase, m.Reasons, w.or("hash", "")))
	if v, ok := w["src"]; ok {
		n, _ := strconv.Atoi(v)
		m.Source = int64(n)
	}
	if w.has("log") {
		m.Flags &^= FromCapture
		m.Src, m.Dst = netip.AddrPort{}, netip.AddrPort{}
	}
}
