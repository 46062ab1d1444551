package sip

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tortureDir = "../../../shared/samples/torture"

// tortureCase is one message of RFC 4475 or RFC 5118: how it is read.
type tortureCase struct {
	file   string
	reject Kind  // empty: it is parsed
	flags  Flags // what it breaks
	method string
	uri    string
	status int
	check  func(*testing.T, *Message) // what the case is about; nil: parsing it is
}

var torture = []tortureCase{
	{file: "rfc4475/wsinv.dat", method: "INVITE", uri: "sip:vivekg@chair-dnrc.example.com;unknownparam", check: checkWsinv},
	{file: "rfc4475/intmeth.dat", method: "!interesting-Method0123456789_*+`.%indeed'~",
		uri: "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", check: checkIntmeth},
	{file: "rfc4475/esc01.dat", method: "INVITE", uri: "sip:sips%3Auser%40example.com@example.net", check: func(t *testing.T, m *Message) {
		equal(t, "user", Unescape(ParseURI(m.URI).User), "sips:user@example.com")
		equal(t, "To user", Unescape(ParseURI(m.To).User), "user")
		equal(t, "host", string(ParseURI(m.URI).Host), "example.net")
	}},
	{file: "rfc4475/escnull.dat", method: "REGISTER", uri: "sip:example.com", check: func(t *testing.T, m *Message) {
		_, uri, _ := AddrSpec(m.To)
		equal(t, "To user", Unescape(ParseURI(uri).User), "null-%00-null")
		equal(t, "contacts", values(m, "Contact"), []string{"<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"})
	}},
	{file: "rfc4475/esc02.dat", method: "RE%47IST%45R", uri: "sip:registrar.example.com", check: func(t *testing.T, m *Message) {
		equal(t, "known method", KnownMethod(m.Method), false)
		equal(t, "contacts", len(values(m, "Contact")), 2)
	}},
	{file: "rfc4475/lwsdisp.dat", method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		display, uri, _ := AddrSpec(m.From)
		equal(t, "display", string(display), "caller")
		equal(t, "uri", string(uri), "sip:caller@example.com")
	}},
	{file: "rfc4475/longreq.dat", method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "length of the From tag", len(m.FromTag), 155)
		equal(t, "vias", len(slices.Collect(m.Vias())), 34)
	}},
	{file: "rfc4475/dblreq.dat", method: "REGISTER", uri: "sip:example.com", flags: TrailingBytes, check: func(t *testing.T, m *Message) {
		equal(t, "body", len(m.Body), 0)
		equal(t, "Call-ID", string(m.CallID), "dblreq.0ha0isndaksdj99sdfafnl3lk233412")
	}},
	{file: "rfc4475/semiuri.dat", method: "OPTIONS", uri: "sip:user;par=u%40example.net@example.com", check: func(t *testing.T, m *Message) {
		u := ParseURI(m.URI)
		equal(t, "user", Unescape(u.User), "user;par=u@example.net")
		equal(t, "host", string(u.Host), "example.com")
		equal(t, "accepts", len(values(m, "Accept")), 6)
	}},
	{file: "rfc4475/transports.dat", method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		var got []string
		for v := range m.Vias() {
			got = append(got, string(v.Transport))
		}
		equal(t, "transports", got, []string{"UDP", "SCTP", "TLS", "UNKNOWN", "TCP"})
	}},
	{file: "rfc4475/mpart01.dat", method: "MESSAGE", uri: "sip:kumiko@example.org", check: func(t *testing.T, m *Message) {
		equal(t, "body", len(m.Body), 553)
		equal(t, "NUL in the body", slices.Contains(m.Body, 0), true)
	}},
	{file: "rfc4475/unreason.dat", status: 200, check: func(t *testing.T, m *Message) {
		equal(t, "phrase", string(m.Phrase[:13]), "= 2**3 * 5**2")
	}},
	{file: "rfc4475/noreason.dat", status: 100, check: func(t *testing.T, m *Message) { equal(t, "phrase", string(m.Phrase), "") }},
	{file: "rfc4475/badinv01.dat", flags: ViaForm, method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "branch", string(m.Branch), "")
		equal(t, "sent-by", string(m.SentBy), "192.0.2.15")
		equal(t, "vias", len(slices.Collect(m.Vias())), 1)
	}},
	{file: "rfc4475/clerr.dat", flags: BodyShort, method: "INVITE", uri: "sip:user@example.com", check: hasAudio},
	{file: "rfc4475/ncl.dat", flags: ContentLengthForm, method: "INVITE", uri: "sip:user@example.com", check: hasAudio},
	{file: "rfc4475/scalar02.dat", flags: CSeqRange | NumberRange, method: "REGISTER", uri: "sip:example.com", check: func(t *testing.T, m *Message) {
		equal(t, "CSeq", string(m.CSeq), "36893488147419103232")
		_, ok := m.Expires()
		equal(t, "an Expires in range", ok, false)
		equal(t, "countable", m.Countable(), true)
	}},
	{file: "rfc4475/scalarlg.dat", flags: CSeqRange | NumberRange | WarningCode, status: 503, check: func(t *testing.T, m *Message) {
		equal(t, "countable", m.Countable(), false)
		equal(t, "warnings", m.Warnings(), []Warning{{Agent: "overture", Text: "In Progress"}})
		_, ok := m.RetryAfter()
		equal(t, "a Retry-After in range", ok, false)
	}},
	{file: "rfc4475/quotbal.dat", flags: AddrQuote, method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		display, uri, _ := AddrSpec(m.To)
		equal(t, "uri", string(uri), "sip:j.user@example.com")
		equal(t, "display", string(display), "Mr. J. User")
	}},
	{file: "rfc4475/ltgtruri.dat", flags: URIBrackets, method: "INVITE", uri: "sip:user@example.com"},
	{file: "rfc4475/lwsruri.dat", flags: URISpace, method: "INVITE", uri: "sip:user@example.com; lr", check: func(t *testing.T, m *Message) {
		u := ParseURI(m.URI)
		equal(t, "host", string(u.Host), "example.com")
		_, ok := Param(u.Params, "lr")
		equal(t, "lr", ok, true)
	}},
	{file: "rfc4475/lwsstart.dat", flags: StartLineSpace, method: "INVITE", uri: "sip:user@example.com"},
	{file: "rfc4475/trws.dat", flags: StartLineSpace, method: "OPTIONS", uri: "sip:remote-target@example.com"},
	{file: "rfc4475/escruri.dat", flags: URIHeaders, method: "INVITE", uri: "sip:user@example.com?Route=%3Csip:example.com%3E", check: func(t *testing.T, m *Message) {
		u := ParseURI(m.URI)
		equal(t, "user, host", string(u.User)+" "+string(u.Host), "user example.com")
	}},
	{file: "rfc4475/baddate.dat", method: "INVITE", uri: "sip:user@example.com"},
	{file: "rfc4475/regbadct.dat", flags: ContactBrackets, method: "REGISTER", uri: "sip:example.com"},
	{file: "rfc4475/badaspec.dat", flags: AddrSpace, method: "OPTIONS", uri: "sip:user@example.org", check: func(t *testing.T, m *Message) {
		display, uri, _ := AddrSpec(m.To)
		equal(t, "uri", string(uri), "sip:t.watson@example.org")
		equal(t, "display", string(display), "Watson, Thomas")
	}},
	// baddn ends behind its last header, as some logs do.
	{file: "rfc4475/baddn.dat", flags: AddrComma | NoEmptyLine, method: "OPTIONS", uri: "sip:t.watson@example.org", check: func(t *testing.T, m *Message) {
		display, uri, _ := AddrSpec(m.From)
		equal(t, "display, uri", string(display)+"|"+string(uri), "Bell, Alexander|sip:a.g.bell@example.com")
		equal(t, "From values", len(values(m, "From")), 1)
	}},
	{file: "rfc4475/badvers.dat", reject: BadVersion},
	{file: "rfc4475/mismatch01.dat", flags: CSeqMismatch, method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "CSeq method", string(m.CSeqMethod), "INVITE")
	}},
	{file: "rfc4475/mismatch02.dat", flags: CSeqMismatch, method: "NEWMETHOD", uri: "sip:user@example.com"},
	{file: "rfc4475/bigcode.dat", reject: BadStatus},
	{file: "rfc4475/badbranch.dat", method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "branch", string(m.Branch), "z9hG4bK")
	}},
	{file: "rfc4475/insuf.dat", reject: Insufficient, flags: NoTo, method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "what was found", string(m.CSeq)+" "+string(m.Branch), "193942 z9hG4bKkdj.insuf")
	}},
	{file: "rfc4475/unkscm.dat", method: "OPTIONS", uri: "nobodyKnowsThisScheme:totallyopaquecontent", check: func(t *testing.T, m *Message) {
		equal(t, "scheme", string(ParseURI(m.URI).Scheme), "nobodyKnowsThisScheme")
	}},
	{file: "rfc4475/novelsc.dat", method: "OPTIONS", uri: "soap.beep://192.0.2.103:3002", check: func(t *testing.T, m *Message) {
		u := ParseURI(m.URI)
		equal(t, "host", string(u.Host), "192.0.2.103")
		equal(t, "port", u.Port, 3002)
	}},
	{file: "rfc4475/unksm2.dat", method: "REGISTER", uri: "sip:example.com", check: func(t *testing.T, m *Message) {
		equal(t, "To", string(ParseURI(m.To).User), "2983792873")
		equal(t, "From tag", string(m.FromTag), "3234233")
	}},
	{file: "rfc4475/bext01.dat", method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "Require", values(m, "Require"), []string{"nothingSupportsThis", "nothingSupportsThisEither"})
	}},
	{file: "rfc4475/invut.dat", method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		_, ok := m.SDP()
		equal(t, "an SDP", ok, false)
	}},
	{file: "rfc4475/regaut01.dat", method: "REGISTER", uri: "sip:example.com", check: func(t *testing.T, m *Message) {
		equal(t, "credentials", m.HasCredentials(), true)
	}},
	{file: "rfc4475/multi01.dat", flags: DuplicateHeader, method: "INVITE", uri: "sip:user@company.com", check: func(t *testing.T, m *Message) {
		equal(t, "first values", string(m.CallID)+" "+string(m.CSeq)+" "+string(m.FromTag)+" "+string(m.To),
			"multi01.98asdh@192.0.2.1 5 3413415 sip:user@example.com")
	}},
	{file: "rfc4475/mcl01.dat", flags: ContentLengthConflict, method: "OPTIONS", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "body", len(m.Body), 67)
	}},
	{file: "rfc4475/bcast.dat", status: 200, check: func(t *testing.T, m *Message) {
		vias := slices.Collect(m.Vias())
		equal(t, "vias", len(vias), 2)
		equal(t, "second", string(vias[1].Host), "255.255.255.255")
	}},
	{file: "rfc4475/zeromf.dat", method: "OPTIONS", uri: "sip:user@example.com"},
	{file: "rfc4475/cparam01.dat", method: "REGISTER", uri: "sip:example.com", check: contactHas(true)},
	{file: "rfc4475/cparam02.dat", method: "REGISTER", uri: "sip:example.com", check: contactHas(false)},
	{file: "rfc4475/regescrt.dat", method: "REGISTER", uri: "sip:example.com", check: func(t *testing.T, m *Message) {
		equal(t, "contacts", values(m, "Contact"), []string{"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"})
	}},
	{file: "rfc4475/sdp01.dat", method: "INVITE", uri: "sip:user@example.com", check: hasAudio},
	{file: "rfc4475/inv2543.dat", method: "INVITE", uri: "sip:UserB@example.com", check: func(t *testing.T, m *Message) {
		equal(t, "tag, branch", string(m.FromTag)+string(m.Branch), "")
		equal(t, "To", string(m.To), "sip:+16505552222@ss1.example.net;user=phone")
		hasAudio(t, m)
	}},
	{file: "rfc4475/test.dat", reject: BadStartLine},

	{file: "rfc5118/ipv6-good", method: "REGISTER", uri: "sip:[2001:db8::10]", check: uriHost("2001:db8::10", 0)},
	{file: "rfc5118/ipv6-bad", flags: URIHost, method: "REGISTER", uri: "sip:2001:db8::10", check: uriHost("2001:db8::10", 0)},
	{file: "rfc5118/port-ambiguous", method: "REGISTER", uri: "sip:[2001:db8::10:5070]", check: uriHost("2001:db8::10:5070", 0)},
	{file: "rfc5118/port-unambiguous", method: "REGISTER", uri: "sip:[2001:db8::10]:5070", check: uriHost("2001:db8::10", 5070)},
	{file: "rfc5118/via-received-param-with-delim", method: "BYE", uri: "sip:[2001:db8::10]", check: received("2001:db8::9:255")},
	{file: "rfc5118/via-received-param-no-delim", method: "OPTIONS", uri: "sip:[2001:db8::10]", check: received("2001:db8::9:255")},
	// The Content-Length of ipv6-in-sdp is larger than its body with CRLF.
	{file: "rfc5118/ipv6-in-sdp", flags: BodyShort, method: "INVITE", uri: "sip:user@[2001:db8::10]", check: mediaAddresses("2001:db8::20", "2001:db8::20")},
	{file: "rfc5118/mult-ip-in-header", method: "BYE", uri: "sip:user@host.example.net", check: func(t *testing.T, m *Message) {
		var got []string
		for v := range m.Vias() {
			got = append(got, string(v.Host))
		}
		equal(t, "hosts", got, []string{"2001:db8::9:1", "192.0.2.1", "2001:db8::9:255"})
	}},
	{file: "rfc5118/mult-ip-in-sdp", method: "INVITE", uri: "sip:user@[2001:db8::10]", check: mediaAddresses("192.0.2.1", "2001:db8::1")},
	{file: "rfc5118/ipv4-mapped-ipv6", method: "INVITE", uri: "sip:user@example.com", check: func(t *testing.T, m *Message) {
		via := slices.Collect(m.Vias())[0]
		equal(t, "host", string(via.Host), "192.0.2.10")
		equal(t, "port", via.Port, 19823)
		mediaAddresses("192.0.2.2", "192.0.2.2")(t, m)
	}},
	{file: "rfc5118/ipv6-bug-abnf-3-colons", flags: NoEmptyLine, method: "OPTIONS", uri: "sip:user@[2001:db8:::192.0.2.1]", check: uriHost("2001:db8::192.0.2.1", 0)},
	{file: "rfc5118/ipv6-correct-abnf-2-colons", flags: NoEmptyLine, method: "OPTIONS", uri: "sip:user@[2001:db8::192.0.2.1]", check: uriHost("2001:db8::192.0.2.1", 0)},
}

func TestTorture(t *testing.T) {
	if _, err := os.Stat(tortureDir); err != nil {
		t.Skipf("the messages of RFC 4475 and RFC 5118 are not at %s", tortureDir)
	}
	if len(torture) != 62 {
		t.Errorf("%d cases, want 62", len(torture))
	}
	for _, tc := range torture {
		t.Run(filepath.Base(tc.file), func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(tortureDir, filepath.FromSlash(tc.file)))
			if err != nil {
				t.Fatal(err)
			}
			var m Message
			equal(t, "reject", kindOf(m.Parse(raw)), tc.reject)
			equal(t, "method", string(m.Method), tc.method)
			equal(t, "uri", string(m.URI), tc.uri)
			equal(t, "status", m.Status, tc.status)
			equal(t, "flags", m.Flags.Names(), tc.flags.Names())
			if tc.check != nil {
				tc.check(t, &m)
			}
		})
	}
}

func checkWsinv(t *testing.T, m *Message) {
	var got []string
	for v := range m.Vias() {
		got = append(got, string(v.Transport)+" "+string(v.SentBy)+" "+string(v.Branch))
	}
	equal(t, "vias", got, []string{"UDP 192.0.2.2 390skdjuw", "TCP spindle.example.com z9hG4bK9ikj8", "UDP 192.168.255.111 z9hG4bK30239"})
	equal(t, "key", string(m.SentBy)+" "+string(m.Branch), "192.0.2.2 390skdjuw")
	equal(t, "tags", string(m.FromTag)+" "+string(m.ToTag), "98asjd8 1918181833n")
	equal(t, "cseq", string(m.CSeq)+" "+string(m.CSeqMethod), "9 INVITE")
	equal(t, "unknown header", string(m.Value("NewFangledHeader")), "newfangled value continued newfangled value")
	_, uri, params := AddrSpec([]byte(values(m, "Contact")[0]))
	equal(t, "contact", string(uri), "sip:jdrosen@example.com")
	q, _ := Param(params, "q")
	equal(t, "q", string(q), "0.33")
	hasAudio(t, m)
}

func checkIntmeth(t *testing.T, m *Message) {
	equal(t, "known method", KnownMethod(m.Method), false)
	equal(t, "CSeq method", string(m.CSeqMethod), string(m.Method))
	u := ParseURI(m.URI)
	equal(t, "host", string(u.Host), "example.com")
	equal(t, "user", string(u.User), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
	_, uri, _ := AddrSpec(m.To)
	equal(t, "To", string(uri), "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com")
	equal(t, "From tag", string(m.FromTag), "_token~1'+`*%!-.")
}

func hasAudio(t *testing.T, m *Message) {
	t.Helper()
	sdp, ok := m.SDP()
	if !ok || len(sdp.Media) == 0 || sdp.Media[0].Type != "audio" || sdp.Media[0].Port == 0 || sdp.Media[0].Codecs[0].Name != "PCMU" {
		t.Errorf("SDP %+v, want audio with PCMU first", sdp)
	}
}

// contactHas checks whether unknownparam is a parameter of the header or of the URI.
func contactHas(header bool) func(*testing.T, *Message) {
	return func(t *testing.T, m *Message) {
		_, uri, params := AddrSpec(m.Value("Contact"))
		_, inHeader := Param(params, "unknownparam")
		_, inURI := Param(ParseURI(uri).Params, "unknownparam")
		equal(t, "in header, in URI", [2]bool{inHeader, inURI}, [2]bool{header, !header})
	}
}

func uriHost(host string, port int) func(*testing.T, *Message) {
	return func(t *testing.T, m *Message) {
		u := ParseURI(m.URI)
		equal(t, "host", string(u.Host), host)
		equal(t, "port", u.Port, port)
	}
}

func received(want string) func(*testing.T, *Message) {
	return func(t *testing.T, m *Message) {
		for v := range m.Vias() {
			equal(t, "received", string(v.Received), want)
			equal(t, "host", string(v.Host), "2001:db8::9:1")
		}
	}
}

func mediaAddresses(want ...string) func(*testing.T, *Message) {
	return func(t *testing.T, m *Message) {
		sdp, _ := m.SDP()
		var got []string
		for _, media := range sdp.Media {
			got = append(got, media.Address)
		}
		equal(t, "media addresses", got, want)
	}
}

func kindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return err.(*Error).Kind
}

func values(m *Message, name string) []string {
	var list []string
	for v := range m.Values(name) {
		list = append(list, string(v))
	}
	return list
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: -want +got\n%s", what, d)
	}
}
