package sip

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzParse holds the parser to three promises: nothing panics, all slices of
// the message lie in its input, and what it read, written again, is read the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(invite))
	for _, end := range lineEnds {
		f.Add([]byte(strings.ReplaceAll(invite, "\r\n", end)))
	}
	f.Add([]byte("SIP/2.0 200 OK\nv: SIP / 2.0 / UDP [::1] ;branch=\"z9\n ,;\ni:1\nf:\"<***>\" <a:<***>@b>;tag=\nt:<*>\nCSeq: 01\n\tX\nl:9\n\nv=0\nm=a 1 b c"))
	f.Add([]byte("\r\n INVITE <sip:a@b:c@d?e> SIP/2.0 \nVia\n:\nCall-ID:x\r\rFrom:\"\nCSeq:1\nVia:,,\nv=0\n"))
	f.Add([]byte("A <> SIP/2.0\nF:0\nCall-ID:0\nCSeq:0\nV:0"))
	for _, pattern := range []string{"testdata/*.txtar", tortureDir + "/*/*"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			if raw, err := os.ReadFile(name); err == nil {
				f.Add(raw)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m Message
		err := m.Parse(raw)
		within(t, raw, &m)
		useAll(&m)
		var hops []Hop
		for v := range m.Vias() {
			hops = append(hops, Hop{Transport: v.Transport, SentBy: v.SentBy, Branch: v.Branch})
		}
		for i := range m.Hops {
			checkForm(t, &m.Hops[i])
		}
		if d := cmp.Diff(hops, m.Hops, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Hop{}, "Form")); d != "" && m.Flags&HeadLimit == 0 {
			t.Fatalf("-Vias +Hops\n%s\nin %q", d, raw)
		}
		if m.Hash() != Hash(raw) {
			t.Fatalf("hash %x, want %x", m.Hash(), Hash(raw))
		}
		if log := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")); m.Hash() != Hash(log) {
			t.Fatalf("hash %x, with LF for CRLF %x", m.Hash(), Hash(log))
		}
		if skip, size, _ := Frame(raw); skip < 0 || size < 0 || skip+size > len(raw) {
			t.Fatalf("frame at %d of %d bytes in an input of %d", skip, size, len(raw))
		}
		if err != nil {
			if kind := kindOf(err); kind != BadStartLine && kind != BadVersion && kind != BadStatus && kind != Insufficient {
				t.Fatalf("kind %q", kind)
			}
			return
		}
		if m.Flags&^(flagsEnd-1) != 0 {
			t.Fatalf("flags %b without a name", m.Flags)
		}
		first := write(&m)
		if len(first) > MaxHead { // what is written with CRLF may be over the limit
			return
		}
		var again Message
		if err := again.Parse(first); err != nil {
			t.Fatalf("%v, in its own output %q", err, first)
		}
		if a, b := summary(&m), summary(&again); a != b {
			t.Fatalf("read again:\n%s\nwant\n%s\nin %q", b, a, first)
		}
		if second := write(&again); !bytes.Equal(first, second) {
			t.Fatalf("written again %q, want %q", second, first)
		}
	})
}

// checkForm fails if a sent-by is not of the form that it is said to be of.
func checkForm(t *testing.T, h *Hop) {
	t.Helper()
	host, port := h.HostPort()
	want := string(host)
	switch h.Form {
	case AnyForm:
		return
	case PlainHostPort:
		want += ":" + strconv.Itoa(port)
	}
	if string(h.SentBy) != want || strings.ToLower(want) != want {
		t.Fatalf("sent-by %q of form %d is host %q, port %d", h.SentBy, h.Form, host, port)
	}
}

// write writes a message in plain form: one line a header, CRLF, its real Content-Length.
func write(m *Message) []byte {
	var out bytes.Buffer
	if m.IsRequest() {
		fmt.Fprintf(&out, "%s %s SIP/2.0\r\n", m.Method, trim(unfold(m.URI)))
	} else {
		fmt.Fprintf(&out, "SIP/2.0 %d %s\r\n", m.Status, m.Phrase)
	}
	r := rows{b: m.Head, end: m.end}
	var p row
	for r.next(&p) {
		if p.id != noHeader && p.id != hContentLength {
			fmt.Fprintf(&out, "%s: %s\r\n", m.Head[p.name:p.nameEnd], plain(m.Head[p.value:p.end]))
		}
	}
	fmt.Fprintf(&out, "Content-Length: %d\r\n\r\n%s", len(m.Body), m.Body)
	return out.Bytes()
}

// plain is a value on one line; a CR inside it is white space.
func plain(b []byte) []byte { return trim(unfold(b)) }

// summary is what correlation sees of a message, white space aside.
func summary(m *Message) string {
	s := fmt.Sprintf("%q %q %d %q %q %q", m.Method, m.URI, m.Status, m.Phrase, m.CSeq, m.CSeqMethod)
	for _, b := range [][]byte{m.CallID, m.From, m.To, m.FromTag, m.ToTag, m.Via, m.Branch, m.SentBy} {
		s += fmt.Sprintf(" %q", plain(b))
	}
	return s + fmt.Sprintf(" %q", m.Body)
}

// within fails if a slice of m does not lie in raw.
func within(t *testing.T, raw []byte, m *Message) {
	t.Helper()
	for i, b := range [][]byte{m.Method, m.URI, m.Phrase, m.CallID, m.From, m.To, m.FromTag, m.ToTag,
		m.CSeq, m.CSeqMethod, m.Via, m.Branch, m.SentBy, m.Head, m.Body} {
		if len(b) == 0 {
			continue
		}
		at := uintptr(unsafe.Pointer(&b[0])) - uintptr(unsafe.Pointer(&raw[0]))
		if at+uintptr(len(b)) > uintptr(len(raw)) {
			t.Fatalf("field %d, %q, is not in the input", i, b)
		}
	}
}

// useAll reads everything that is read on demand.
func useAll(m *Message) {
	for range m.Vias() {
	}
	for _, name := range []string{"Contact", "Route", "X-CID"} {
		for v := range m.Values(name) {
			_, uri, params := AddrSpec(v)
			ParseURI(uri)
			Param(params, "q")
		}
	}
	for _, b := range [][]byte{m.From, m.To} {
		_, uri, params := AddrSpec(b)
		u := ParseURI(uri)
		Unescape(u.User)
		Param(u.Params, "x")
		Param(params, "x")
	}
	ParseURI(m.URI)
	m.Reasons()
	m.Warnings()
	m.RetryAfter()
	m.ContentLength()
	m.Expires()
	m.Challenge()
	m.HasCredentials()
	m.SessionID()
	m.ChargingVector()
	m.AssertedIdentity()
	m.Diversions()
	m.UserAgent()
	m.RSeq()
	m.RAck()
	m.Replaces()
	m.SDP()
	m.Flags.Names()
}

// FuzzURI: a URI's parts never hold more than the URI, and its port is a port.
func FuzzURI(f *testing.F) {
	for _, tc := range uriTests {
		f.Add([]byte(tc.in))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		u := ParseURI(raw)
		if n := len(u.Scheme) + len(u.User) + len(u.Password) + len(u.Params) + len(u.Headers); n > len(raw) {
			t.Errorf("parts of %d bytes in a URI of %d", n, len(raw))
		}
		if u.Port < 0 || u.Port > 65535 {
			t.Errorf("port %d", u.Port)
		}
		if again := ParseURI(raw); string(again.Host) != string(u.Host) {
			t.Errorf("host %q, then %q: the input was changed", u.Host, again.Host)
		}
	})
}

// FuzzAddrSpec: the parts come from the value, in its order, and a value made
// from them is read the same.
func FuzzAddrSpec(f *testing.F) {
	for _, tc := range addrTests {
		f.Add([]byte(tc.value))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		display, uri, params := AddrSpec(raw)
		if len(display)+len(uri)+len(params) > len(raw) {
			t.Fatalf("%q, %q, %q are longer than %q", display, uri, params, raw)
		}
		if bytes.ContainsAny(uri, "<>\"") || len(uri) == 0 {
			return
		}
		_, again, _ := AddrSpec([]byte("<" + string(uri) + ">"))
		if !bytes.Equal(uri, again) {
			t.Errorf("uri %q in brackets is read as %q", uri, again)
		}
	})
}

// FuzzPlain: the short ways for what nearly every peer writes read a value as the
// general ones do.
func FuzzPlain(f *testing.F) {
	for _, tc := range addrTests {
		f.Add([]byte(tc.value))
	}
	for _, value := range []string{
		`"Carol" <sip:201@example.net>;tag=a1`, `<sip:201@example.net>`, `"a\"b" <sip:x@h>;tag=1`, `"a"  <sip:x@h>;tag="1"`, `<sip:x@h>;tag=;q`, `"<" <sip:x@h> ;tag=1`, `<sip:x<y@h>;tag=1`,
		"SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1", "SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK1;received=192.0.2.9", "SIP/2.0/UDP h;branch=;x", "SIP/2.0/UDP h;;branch=1",
		"SIP/2.0/UDP h;branch =1", `SIP/2.0/UDP h;branch="1;2"`, "SIP/2.0/UDP h h;branch=1", "SIP/2.0/UDP h;BRANCH=1;branch=2", "SIP/2.0/UDP  h", "SIP/2.0/UDP h, SIP/2.0/UDP i", "SIP/2.0/UDP h;branchx=1",
		"sip:100@192.0.2.1:5060;transport=udp", "sips:a%40b@[::1]", "sip:h:5060;lr", "sip:a;b@h", "sip:a@h?x=1", "sip:a@b@c", "sip:@h", "sip:h;u=a@b", "SIP:a:b@h", "sip:a@h:1:2", "sip:1.2.3.4",
		"Call-ID: 1", "v:1", "CALL_ID: 1", "Call\rID: 1", "Content-Length:1", "Content-Types:1", "Proxy-Authorization: x", "C\x00: 1", ": x", "session-expires: 1", "Max-Forwards\t: 70",
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		value := trim(raw)
		if uri, user, tag, ok := plainParty(value); ok && bytes.IndexByte(value, '*') < 0 {
			want, wantTag, flags := anyParty(value)
			if flags != 0 || !bytes.Equal(uri, want) || !bytes.Equal(tag, wantTag) || (tag == nil) != (wantTag == nil) {
				t.Errorf("%q: uri %q, tag %q; in general %q, %q, flags %v", value, uri, tag, want, wantTag, flags)
			}
			if want := ParseURI(uri).User; !bytes.Equal(user, want) || (user == nil) != (want == nil) {
				t.Errorf("%q: user %q; in general %q", value, user, want)
			}
		}
		if user, n := plainURI(value); n > 0 && n == len(value) {
			want, flags := ParseURI(value).User, uriFlags(value)
			if flags != 0 || !bytes.Equal(user, want) || (user == nil) != (want == nil) {
				t.Errorf("%q: user %q; in general %q, flags %v", value, user, want, flags)
			}
		}
		line := append(slices.Clip(value), "                "...)
		if n, id := identify(line, 0); n > 0 {
			if name, end, at := anyName(line, 0); name != 0 || end != n || at != n || headerOf(line[:n]) != id {
				t.Errorf("%q: name of %d bytes, header %d; in general from %d to %d, colon at %d, header %d", value, n, id, name, end, at, headerOf(line[:n]))
			}
		}
		var v Hop
		if n := v.plain(value); n > 0 && n == len(value) {
			checkForm(t, &v)
			if d := cmp.Diff(anyVia(value), splitVia(value), cmp.AllowUnexported(viaParts{}), cmpopts.IgnoreFields(Hop{}, "Form")); d != "" {
				t.Errorf("%q: %s", value, d)
			}
		}
	})
}

// hostile are inputs that make careless parsers quadratic or exhaust memory.
func hostile() map[string]string {
	const mega = 1 << 20
	start := "INVITE sip:a@example.net SIP/2.0\r\n"
	rest := "Call-ID: c\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
	body := func(kind string) string {
		return start + rest + "Content-Type: " + kind + "\r\nContent-Length: " + strconv.Itoa(mega) + "\r\n\r\n"
	}
	return map[string]string{
		"commas in Via":            start + "Via: " + strings.Repeat(",", mega) + "\r\n" + rest,
		"commas in Reason":         start + rest + "Reason: SIP;text=a" + strings.Repeat(",a", mega/2) + "\r\n\r\n",
		"commas in Warning":        start + rest + "Warning: 399 a b" + strings.Repeat(",b", mega/2) + "\r\n\r\n",
		"a million headers":        start + strings.Repeat("A: b\r\n", mega) + rest + "\r\n",
		"a million Vias":           start + rest + strings.Repeat("v:a\n", mega) + "\r\n",
		"one long fold":            start + rest + "X: a" + strings.Repeat("\r\n b", mega/4) + "\r\n\r\n",
		"bare CRs":                 start + rest + strings.Repeat("\r", mega),
		"CRs end lines":            strings.ReplaceAll(start+rest, "\r\n", "\r") + strings.Repeat("a\r", mega/2),
		"open quotes":              start + rest + "Contact: " + strings.Repeat("\"\\", mega/2) + "\r\n\r\n",
		"open brackets":            start + "From: " + strings.Repeat("<", mega) + "\r\n" + rest,
		"masks":                    start + "From: " + strings.Repeat("<***>", mega/5) + "\r\n" + rest,
		"half masks":               start + "From: " + strings.Repeat("<***", mega/4) + "\r\n" + rest,
		"semicolons":               start + "From: " + strings.Repeat(";", mega) + "\r\n" + rest,
		"at signs":                 "INVITE sip:" + strings.Repeat("@", 60000) + " SIP/2.0\r\n" + rest + "\r\n",
		"one long start line":      "INVITE " + strings.Repeat("a ", mega/2) + " SIP/2.0\r\n" + rest,
		"line ends first":          strings.Repeat("\r\n", mega/2) + start + rest + "\r\n",
		"m lines":                  body("application/sdp") + "v=0\r\n" + strings.Repeat("m=a 1 b 1\r\na=rtpmap:1 a\r\n", mega/24),
		"rtpmaps":                  body("application/sdp") + "v=0\r\nm=a 1 RTP" + strings.Repeat(" 1", 1000) + "\r\n" + strings.Repeat("a=rtpmap:1 a\r\n", mega/14),
		"multipart without an end": body("multipart/mixed") + strings.Repeat("--b\n", mega/4),
	}
}

// TestHostileInput: a megabyte of anything is read in bounded time and memory.
// The bound is generous for slow machines; quadratic work misses it by far.
func TestHostileInput(t *testing.T) {
	for name, raw := range hostile() {
		t.Run(name, func(t *testing.T) {
			input := []byte(raw)
			begin := time.Now()
			var m Message
			err := m.Parse(input)
			within(t, input, &m)
			useAll(&m)
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("%v, want under 2s (error %v)", took, err)
			}
			if len(m.Head) > MaxHead {
				t.Errorf("header section of %d bytes, want at most %d", len(m.Head), MaxHead)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	rest := "Call-ID: c\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
	start := "INVITE sip:a@example.net SIP/2.0\r\n" + rest
	m := parse(t, start+strings.Repeat("A: b\r\n", 600)+"Content-Length: 9\r\n\r\nbody")
	equal(t, "600 headers", m.Flags.Names(), []string{"head_limit"})
	equal(t, "its headers", len(values(m, "A")), MaxHeaders-5)
	equal(t, "its body", string(m.Body), "body")

	m = parse(t, start+"A: "+strings.Repeat("b", MaxHead)+"\r\n\r\nbody")
	equal(t, "a long header", m.Flags.Names(), []string{"head_limit"})
	equal(t, "its body", string(m.Body), "")

	m = parse(t, start+strings.Repeat("Via: SIP/2.0/UDP h;branch=z9hG4bK2, SIP/2.0/UDP i\r\n", 40)+"\r\n")
	equal(t, "81 Vias", m.Flags.Names(), []string{"via_limit"})
	n := 0
	for range m.Vias() {
		n++
	}
	equal(t, "Vias read", n, MaxVias)
}
