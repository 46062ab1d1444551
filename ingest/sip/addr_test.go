package sip

import "testing"

var addrTests = []struct {
	name, value          string
	display, uri, params string
	flags                Flags
}{
	{"name-addr", `"Bob" <sip:bob@example.net>;tag=1`, "Bob", "sip:bob@example.net", ";tag=1", 0},
	{"addr-spec", "sip:bob@example.net;tag=1", "", "sip:bob@example.net", ";tag=1", 0},
	{"URI parameters stay inside the brackets", "<sip:bob@example.net;user=phone>;tag=1", "", "sip:bob@example.net;user=phone", ";tag=1", 0},
	{"tokens as name", "Bob Smith <sip:bob@example.net>", "Bob Smith", "sip:bob@example.net", "", 0},
	{"bracket inside quotes", `"<sip:x@y>" <sip:bob@example.net>`, "<sip:x@y>", "sip:bob@example.net", "", 0},
	{"escaped quote", `"a \" <b" <sip:bob@example.net>;tag=2`, `a \" <b`, "sip:bob@example.net", ";tag=2", 0},
	{"name without brackets behind it", `"Bob" sip:bob@example.net;tag=1`, "Bob", "sip:bob@example.net", ";tag=1", 0},
	{"quote not closed", `"Bob <sip:bob@example.net>;tag=1`, "Bob", "sip:bob@example.net", ";tag=1", AddrQuote},
	{"quote and bracket not closed", `"Bob <sip:bob@example.net`, "Bob", "sip:bob@example.net", "", AddrQuote},
	{"only a quote", `"`, "", "", "", AddrQuote},
	{"bracket not closed", "<sip:bob@example.net", "", "sip:bob@example.net", "", AddrQuote},
	{"comma in the name", "Smith, Bob <sip:bob@example.net>", "Smith, Bob", "sip:bob@example.net", "", AddrComma},
	{"semicolon in the name", "Smith; Bob <sip:bob@example.net>;tag=1", "Smith; Bob", "sip:bob@example.net", ";tag=1", 0},
	{"space inside", "< sip:bob@example.net >", "", "sip:bob@example.net", "", AddrSpace},
	{"brackets in a parameter", `sip:bob@example.net;x="<sip:a@b>";tag=1`, "", "sip:bob@example.net", `;x="<sip:a@b>";tag=1`, 0},
	{"parameters in the user part", "sip:+4930;phone-context=example.net@gw.example.net;tag=1", "", "sip:+4930;phone-context=example.net@gw.example.net", ";tag=1", 0},
	{"an at sign in the tag", "sip:gw.example.net;tag=1@2", "", "sip:gw.example.net", ";tag=1@2", 0},
	{"tel", "<tel:+4930123456>;tag=9", "", "tel:+4930123456", ";tag=9", 0},
	{"star", "*", "", "*", "", 0},
	{"masked user", "<sip:<***>@example.net>;tag=1", "", "sip:<***>@example.net", ";tag=1", 0},
	{"masked name", "<***> <sip:bob@example.net>;tag=1", "<***>", "sip:bob@example.net", ";tag=1", 0},
	{"masked whole", "<***>;tag=1", "", "***", ";tag=1", 0},
	{"masked user without brackets", "sip:<***>@example.net;tag=1", "", "sip:<***>@example.net", ";tag=1", 0},
	{"empty", "", "", "", "", 0},
}

func TestAddrSpec(t *testing.T) {
	for _, tc := range addrTests {
		t.Run(tc.name, func(t *testing.T) {
			a := splitAddr([]byte(tc.value))
			equal(t, "display", string(a.display), tc.display)
			equal(t, "uri", string(a.uri), tc.uri)
			equal(t, "params", string(a.params), tc.params)
			equal(t, "flags", a.flags.Names(), tc.flags.Names())
		})
	}
}

func TestParam(t *testing.T) {
	for _, tc := range []struct {
		params, name, want string
		ok                 bool
	}{
		{";tag=a1", "tag", "a1", true},
		{"tag=a1", "tag", "a1", true},
		{"; lr ; Tag = a1 ", "tag", "a1", true},
		{";TAG=a1", "tag", "a1", true},
		{";x=\";tag=no\";tag=yes", "tag", "yes", true},
		{";x=\"open;tag=a1", "tag", "a1", true},
		{";tag=\"a1\"", "tag", "a1", true},
		{";tag", "tag", "", true},
		{";tags=a1", "tag", "", false},
		{"", "tag", "", false},
	} {
		got, ok := Param([]byte(tc.params), tc.name)
		if string(got) != tc.want || ok != tc.ok {
			t.Errorf("Param(%q, %q) = %q, %v, want %q, %v", tc.params, tc.name, got, ok, tc.want, tc.ok)
		}
	}
}

var uriTests = []struct {
	in                   string
	scheme, user, pass   string
	host                 string
	port                 int
	params, headers, say string
}{
	{"sip:bob@example.net", "sip", "bob", "", "example.net", 0, "", "", "plain"},
	{"SIPS:bob:pw@example.net:5061;transport=tls?Subject=x", "SIPS", "bob", "pw", "example.net", 5061, ";transport=tls", "Subject=x", "all of it"},
	{"sip:example.net", "sip", "", "", "example.net", 0, "", "", "host only"},
	{"<sip:bob@example.net>", "sip", "bob", "", "example.net", 0, "", "", "brackets"},
	{"bob@example.net", "", "bob", "", "example.net", 0, "", "", "no scheme"},
	{"example.net:5060", "", "", "", "example.net", 5060, "", "", "host and port are no scheme"},
	{"192.0.2.1:5060", "", "", "", "192.0.2.1", 5060, "", "", "address and port"},
	{"sip:[2001:db8::1]:5070;lr", "sip", "", "", "2001:db8::1", 5070, ";lr", "", "IPv6"},
	{"sip:a@[2001:db8::1", "sip", "a", "", "2001:db8::1", 0, "", "", "bracket not closed"},
	{"sip:2001:db8::1", "sip", "", "", "2001:db8::1", 0, "", "", "IPv6 without brackets"},
	{"sip:a@[::ffff:192.0.2.7]:5060", "sip", "a", "", "192.0.2.7", 5060, "", "", "IPv4-mapped"},
	{"sip:a@[::ffff:c000:207]", "sip", "a", "", "192.0.2.7", 0, "", "", "IPv4-mapped in hexadecimal"},
	{"sip:a@[2001:db8:::1]", "sip", "a", "", "2001:db8::1", 0, "", "", "three colons"},
	{"sip:bob@example.org@proxy.example.net", "sip", "bob@example.org", "", "proxy.example.net", 0, "", "", "the last @"},
	{"sip:bob@example.net;x=a@b", "sip", "bob", "", "example.net", 0, ";x=a@b", "", "an @ behind the host"},
	{"sip:u;p=1@h;q=2", "sip", "u;p=1", "", "h", 0, ";q=2", "", "user parameters"},
	{"tel:+49-30-123456;phone-context=example.net", "tel", "+49-30-123456", "", "", 0, ";phone-context=example.net", "", "tel"},
	{"urn:service:sos", "urn", "service:sos", "", "", 0, "", "", "urn"},
	{"http://www.example.com/a", "http", "", "", "www.example.com", 0, "", "", "http"},
	{"sip:a@example.net:port", "sip", "a", "", "example.net:port", 0, "", "", "a port that is none"},
	{"sip:a@example.net:99999", "sip", "a", "", "example.net:99999", 0, "", "", "a port out of range"},
	{"sip:<***>@example.net", "sip", "<***>", "", "example.net", 0, "", "", "masked"},
	{"", "", "", "", "", 0, "", "", "empty"},
	{"sip:", "sip", "", "", "", 0, "", "", "scheme only"},
	{"sip:@:", "sip", "", "", "", 0, "", "", "separators only"},
}

func TestParseURI(t *testing.T) {
	for _, tc := range uriTests {
		t.Run(tc.say, func(t *testing.T) {
			u := ParseURI([]byte(tc.in))
			equal(t, "scheme", string(u.Scheme), tc.scheme)
			equal(t, "user", string(u.User), tc.user)
			equal(t, "password", string(u.Password), tc.pass)
			equal(t, "host", string(u.Host), tc.host)
			equal(t, "port", u.Port, tc.port)
			equal(t, "params", string(u.Params), tc.params)
			equal(t, "headers", string(u.Headers), tc.headers)
		})
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "%75se%72": "user", "a%00b": "a%00b", "%7f": "%7f", "50%": "50%", "%Z1": "%Z1", "%4": "%4", "J%C3%BCrgen": "Jürgen",
	} {
		equal(t, in, Unescape([]byte(in)), want)
	}
}
