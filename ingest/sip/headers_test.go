package sip

import (
	"slices"
	"strings"
	"testing"
)

// response is a response with the given header rows added.
func response(t *testing.T, rows ...string) *Message {
	t.Helper()
	return parse(t, "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.net>;tag=1\r\n"+
		"To: <sip:b@example.net>;tag=2\r\nCall-ID: c@192.0.2.1\r\nCSeq: 1 INVITE\r\n"+strings.Join(append(rows, "", ""), "\r\n"))
}

func parse(t *testing.T, raw string) *Message {
	t.Helper()
	m := new(Message)
	if err := m.Parse([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReasons(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows []string
		want []Reason
	}{
		{"one", []string{`Reason: Q.850;cause=16;text="Normal call clearing"`}, []Reason{{"Q.850", 16, "Normal call clearing", ""}}},
		{"two in a row", []string{`Reason: SIP;cause=503;text="Out, of; order" , Q.850;cause=41`},
			[]Reason{{"SIP", 503, "Out, of; order", ""}, {"Q.850", 41, "", ""}}},
		{"two rows, one protocol", []string{"Reason: STIR;cause=436", "Reason: STIR;cause=438"}, []Reason{{"STIR", 436, "", ""}, {"STIR", 438, "", ""}}},
		{"space before the semicolon", []string{"Reason: Q.850 ;cause=16"}, []Reason{{"Q.850", 16, "", ""}}},
		{"quoted cause", []string{`Reason: Q.850;cause="16"`}, []Reason{{"Q.850", 16, "", ""}}},
		{"lower case", []string{"reason: q.850;CAUSE=31"}, []Reason{{"Q.850", 31, "", ""}}},
		{"location", []string{"Reason: Q.850;cause=17;location=RLN"}, []Reason{{"Q.850", 17, "", "RLN"}}},
		{"text without quotes", []string{"Reason: SIP;cause=200;text=Call completed, elsewhere, Q.850;cause=26"},
			[]Reason{{"SIP", 200, "Call completed, elsewhere", ""}, {"Q.850", 26, "", ""}}},
		{"quote not closed", []string{`Reason: Q.850;cause=38;text="Network out of order`}, []Reason{{"Q.850", 38, "Network out of order", ""}}},
		{"no protocol", []string{"Reason: cause=16;text=\"x\""}, []Reason{{"", 16, "x", ""}}},
		{"no cause", []string{"Reason: SIP;text=\"x\""}, []Reason{{"SIP", -1, "x", ""}}},
		{"cause out of range", []string{"Reason: Q.850;cause=99999999999999999999"}, []Reason{{"Q.850", -1, "", ""}}},
		{"vendor cause", []string{"Reason: Q.850;cause=487;text=\"ORIGINATOR_CANCEL\""}, []Reason{{"Q.850", 487, "ORIGINATOR_CANCEL", ""}}},
		{"escaped quote", []string{`Reason: SIP;cause=480;text="a \"b\""`}, []Reason{{"SIP", 480, `a "b"`, ""}}},
		{"empty", []string{"Reason:"}, nil},
		{"none", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) { equal(t, "reasons", response(t, tc.rows...).Reasons(), tc.want) })
	}
}

func TestWarnings(t *testing.T) {
	for _, tc := range []struct {
		name, row string
		want      []Warning
	}{
		{"one", `Warning: 304 192.0.2.9:5060 "Media type not available"`, []Warning{{304, "192.0.2.9:5060", "Media type not available"}}},
		{"two", `Warning: 305 a "x, y", 399 b "z"`, []Warning{{305, "a", "x, y"}, {399, "b", "z"}}},
		{"no agent", `Warning: 399 "Noisy"`, []Warning{{399, "", "Noisy"}}},
		{"no quotes", "Warning: 399 gw Not today, sorry", []Warning{{399, "gw", "Not today, sorry"}}},
		{"code of four digits", `Warning: 1812 overture "In Progress"`, []Warning{{0, "overture", "In Progress"}}},
		{"empty", "Warning: ", nil},
	} {
		t.Run(tc.name, func(t *testing.T) { equal(t, "warnings", response(t, tc.row).Warnings(), tc.want) })
	}
}

func TestRetryAfter(t *testing.T) {
	for row, want := range map[string]int{
		"Retry-After: 30": 30, "Retry-After: 120 (in a meeting)": 120, "Retry-After:18000;duration=3600": 18000,
		"Retry-After: soon": -1, "Retry-After: -1": -1, "X: y": -1, "Retry-After:": -1,
	} {
		n, ok := response(t, row).RetryAfter()
		if !ok {
			n = -1
		}
		equal(t, row, n, want)
	}
}

func TestChallenge(t *testing.T) {
	m := response(t, `WWW-Authenticate: Digest realm="sip, example.net", nonce="n1==",algorithm=MD5, stale=TRUE, qop="auth,auth-int"`)
	scheme, realm, nonce, stale, ok := m.Challenge()
	equal(t, "challenge", []any{scheme, realm, nonce, stale, ok}, []any{"Digest", "sip, example.net", "n1==", true, true})

	scheme, realm, _, stale, ok = response(t, `Proxy-Authenticate: Digest realm="p"`).Challenge()
	equal(t, "proxy challenge", []any{scheme, realm, stale, ok}, []any{"Digest", "p", false, true})

	_, _, _, _, ok = response(t).Challenge()
	equal(t, "no challenge", ok, false)
	equal(t, "credentials", response(t, "Proxy-Authorization: Digest username=\"a\"").HasCredentials(), true)
	equal(t, "no credentials", response(t).HasCredentials(), false)
}

func TestSessionID(t *testing.T) {
	const a, b = "0123456789abcdef0123456789abcdef", "00000000000000000000000000000000"
	local, remote := response(t, "Session-ID: "+strings.ToUpper(a)+" ; remote="+b).SessionID()
	equal(t, "RFC 7989", local+" "+remote, a+" "+b)
	local, remote = response(t, "Session-ID: "+a).SessionID()
	equal(t, "RFC 7329", local+" "+remote, a+" ")
	local, _ = response(t, "Session-ID: abc").SessionID()
	equal(t, "no UUID", local, "")
}

func TestHeadersOnDemand(t *testing.T) {
	m := response(t,
		`P-Charging-Vector: icid-value="1234bc9876e";icid-generated-at=192.0.2.4;orig-ioi=home1.example.net;term-ioi="home2.example.net";related-icid=ab`,
		`P-Asserted-Identity: "A" <sip:+4930@example.net>, <tel:+4930>`,
		`Diversion: <sip:b@example.net>;reason=user-busy;counter=2, "C, D" <sip:c@example.net>;reason="no-answer"`,
		"Server: Gate 1.0", "User-Agent: Other 2", "RSeq: 988789", "RAck: 776656 1 INVITE",
		"Replaces: 425928@example.org;to-tag=7743;from-tag=6472", "X-CID: other@192.0.2.1", "Expires: 60",
		"Subject: one,\r\n\ttwo", "Content-Length: 0")
	equal(t, "charging vector", m.ChargingVector(), ChargingVector{"1234bc9876e", "ab", "home1.example.net", "home2.example.net"})
	equal(t, "asserted", m.AssertedIdentity(), []string{"sip:+4930@example.net", "tel:+4930"})
	equal(t, "diversions", m.Diversions(), []Diversion{{"sip:b@example.net", "user-busy", 2}, {"sip:c@example.net", "no-answer", 0}})
	equal(t, "agent", m.UserAgent(), "Gate 1.0")
	equal(t, "RSeq", m.RSeq(), "988789")
	rseq, cseq, method := m.RAck()
	equal(t, "RAck", rseq+" "+cseq+" "+method, "776656 1 INVITE")
	id, to, from, ok := m.Replaces()
	equal(t, "Replaces", []any{id, to, from, ok}, []any{"425928@example.org", "7743", "6472", true})
	equal(t, "X-CID", string(m.Value("X-CID")), "other@192.0.2.1")
	n, ok := m.Expires()
	equal(t, "Expires", []any{n, ok}, []any{60, true})
	n, ok = m.ContentLength()
	equal(t, "Content-Length", []any{n, ok}, []any{0, true})
	equal(t, "folded", values(m, "subject"), []string{"one, two"})
	equal(t, "not there", m.Value("Organization"), nil)
	equal(t, "To is not split", values(response(t, "To: a"), "To"), []string{"<sip:b@example.net>;tag=2", "a"})
}

func TestExpiresOfContact(t *testing.T) {
	n, ok := response(t, "m: \"x, y\" <sip:a@192.0.2.1>;expires=0, <sip:b@192.0.2.1>", "Expires: 3600").Expires()
	equal(t, "Expires", []any{n, ok}, []any{0, true})
}

func TestReplacesInReferTo(t *testing.T) {
	id, to, from, ok := response(t, "r: <sip:b@example.net?Replaces=1%40h%3Bto-tag%3D2%3Bfrom-tag%3D3&X=y>").Replaces()
	equal(t, "Replaces", []any{id, to, from, ok}, []any{"1@h", "2", "3", true})
	_, _, _, ok = response(t).Replaces()
	equal(t, "none", ok, false)
}

func TestValuesStop(t *testing.T) {
	m := response(t, "Contact: <sip:a@h>, <sip:b@h>", "Contact: <sip:c@h>")
	for range m.Values("Contact") {
		break
	}
	equal(t, "contacts", len(slices.Collect(m.Values("Contact"))), 3)
}

func TestFlagNames(t *testing.T) {
	equal(t, "number of names", 1<<len(flagNames), int(flagsEnd))
	equal(t, "names", (StartLineSpace | Masked).Names(), []string{"start_line_space", "masked"})
	equal(t, "damage is not malformed", (NoEmptyLine | BodyShort).Malformed(), false)
	equal(t, "short body", BodyShort.Malformed(), true)
}

func TestKnownMethod(t *testing.T) {
	equal(t, "INVITE", KnownMethod([]byte("INVITE")), true)
	equal(t, "invite", KnownMethod([]byte("invite")), false)
}
