package ingest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"callsift/ingest/dialog"
	"callsift/ingest/sip"
)

// TestVias: the text of a hop is the same whether it is copied or put together.
func TestVias(t *testing.T) {
	for _, tc := range []struct{ row, want string }{
		{"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "192.0.2.1:5060;z9hG4bK1"},
		{"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1:5060;z9hG4bK1"},
		{"SIP/2.0/TLS gw-1.example.net;branch=z9hG4bK1", "gw-1.example.net:5061;z9hG4bK1"},
		{"SIP/2.0/UDP GW.Example.net:5062;branch=z9hG4bK1;rport", "gw.example.net:5062;z9hG4bK1"},
		{"SIP/2.0/UDP 192.0.2.1:05060;branch=z9hG4bK1", "192.0.2.1:5060;z9hG4bK1"},
		{"SIP/2.0/UDP 192.0.2.1:15060;branch=z9hG4bK1", "192.0.2.1:15060;z9hG4bK1"},
		{"SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bK1", "192.0.2.1:99999:5060;z9hG4bK1"},
		{"SIP/2.0/UDP [2001:DB8::1]:5070;branch=z9hG4bK1", "2001:db8::1:5070;z9hG4bK1"},
		{"SIP/2.0/UDP [::ffff:192.0.2.1];branch=z9hG4bK1", "192.0.2.1:5060;z9hG4bK1"},
		{"SIP / 2.0 / UDP host : 5060 ;branch=\"z9hG4bK1\"", "host:5060;z9hG4bK1"},
	} {
		raw := "OPTIONS sip:a@b SIP/2.0\r\nVia: " + tc.row + "\r\nVia: " + tc.row + "\r\nFrom: <sip:a@b>;tag=1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"
		_, m := filled(t, raw)
		if len(m.Vias) != 2 || m.Vias[0] != tc.want || m.Vias[1] != tc.want {
			t.Errorf("%s: %q, want %q twice", tc.row, m.Vias, tc.want)
		}
	}
}

// TestUsers: users are those of the URIs, however these are written; packs rely on it.
func TestUsers(t *testing.T) {
	for _, value := range []string{
		"<sip:201@pbx.example.net>", "sip:201@pbx.example.net", `"Desk <1>" <sip:201:pw@pbx.example.net;user=phone>`, "<tel:+4930123>", "<sip:pbx.example.net>",
		`"open <sip:201@pbx.example.net>`, "<sip:<***>@pbx.example.net>", "<sip:a@b@pbx.example.net>", "<sip:" + strings.Repeat("2", 600) + "@pbx.example.net>", "<sip:@h>",
	} {
		raw := "INVITE sip:300@pbx.example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nFrom: " + value + ";tag=1\r\nTo: " + value + "\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
		p, m := filled(t, raw)
		for _, of := range []struct {
			uri  []byte
			user string
		}{{p.URI, m.RequestUser}, {p.FromURI, m.FromUser}, {p.ToURI, m.ToUser}} {
			if want := clipText(sip.ParseURI(of.uri).User); of.user != want {
				t.Errorf("%s: user %.40q of %.40q, want %.40q", value, of.user, of.uri, want)
			}
		}
	}
}

// TestChallenges: realm and stale are those of the first challenge, however it is
// written and however many rows there are.
func TestChallenges(t *testing.T) {
	asked := 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		pick := func(l ...string) string { return l[r.IntN(len(l))] }
		var rows strings.Builder
		for range 1 + r.IntN(2) {
			rows.WriteString(pick("WWW-Authenticate: ", "Proxy-Authenticate: ") + pick("", "Digest ", "Digest\r\n ", "Basic "))
			rows.WriteString(pick("", `realm="a"`, `realm="a\"b"`, `realm=tok`, `realm=""`, `realm="open`, "realm = \"x\r\n y\"", `REALM="`+strings.Repeat("z", 600)+`"`))
			rows.WriteString(pick("", ",", ", ") + pick("", `nonce="n"`) + pick("", ", stale=true", ",stale=TRUE", `, stale="true"`, ", stale=false") + "\r\n")
		}
		raw := "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n" + rows.String() + "\r\n"
		p, m := filled(t, raw)
		_, realm, _, stale, ok := p.Challenge()
		if m.Realm != clipText([]byte(realm)) || m.Flags&dialog.Stale != 0 != stale {
			t.Fatalf("%q: realm %.20q stale %v, want %.20q %v", rows.String(), m.Realm, m.Flags&dialog.Stale != 0, realm, stale)
		}
		if ok && realm != "" && stale {
			asked++
		}
	}
	if asked < 300 {
		t.Errorf("%d of the challenges say all", asked)
	}
}

// filled is a message as parsed, and what an observer makes of it.
func filled(t *testing.T, raw string) (p sip.Message, m dialog.Message) {
	t.Helper()
	if err := p.Parse([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	new(observer).fill(&m, &p, &Observation{Raw: []byte(raw)})
	return p, m
}
