package codes

import (
	"fmt"
	"strings"
	"testing"
)

// numberTests also seed the fuzz target.
var numberTests = []struct{ number, normal, prefix, name string }{
	{"", "", "", ""},
	{"  ", "", "", ""},
	{"+49 30 5550100", "+49305550100", "49", "Germany"},
	{"0049-30-555-0100", "0049305550100", "49", "Germany"},
	{"49305550100", "49305550100", "49", "Germany"},
	{"030 555 01 00", "0305550100", "030", "national number"},
	{"(030) 555.0100", "0305550100", "030", "national number"},
	{"+1 (202) 555-0100", "+12025550100", "1", "North America and Caribbean"},
	{"12025550100", "12025550100", "1", "North America and Caribbean"},
	{"2025550100", "2025550100", "local", "number without area code"},
	{"+8675500000000", "+8675500000000", "86", "China"},
	{"0086 755 0000 0000", "0086" + "75500000000", "86", "China"},
	{"+85200000000", "+85200000000", "852", "Hong Kong"},
	{"+350 200 00000", "+35020000000", "350", "Gibraltar"},
	{"+354123", "+354123", "354", "Iceland"},
	{"+99912345678", "+99912345678", "unassigned", "no assigned country code"},
	{"+0305550100", "+0305550100", "unassigned", "no assigned country code"},
	{"21012345678", "21012345678", "unassigned", "no assigned country code"},
	{"00", "00", "short", "extension or service number"},
	{"0000000", "0000000", "unassigned", "no assigned country code"},
	{"212", "212", "short", "extension or service number"},
	{"110", "110", "short", "extension or service number"},
	{"116117", "116117", "short", "extension or service number"},
	{"5550100", "5550100", "local", "number without area code"},
	{"*98", "*98", "feature", "feature code"},
	{"*21*0305550100#", "*21*0305550100#", "feature", "feature code"},
	{"sip:*21%23@pbx.example.net", "*21#", "feature", "feature code"},
	{"alice", "alice", "name", "SIP user name"},
	{"+", "+", "name", "SIP user name"},
	{"12+34", "12+34", "name", "SIP user name"},
	{"anonymous", "anonymous", "name", "SIP user name"},
	{"sip:alice.smith@example.net", "alice.smith", "name", "SIP user name"},
	{"sip:212@192.0.2.10:5060", "212", "short", "extension or service number"},
	{"SIPS:+49305550100@example.net;user=phone", "+49305550100", "49", "Germany"},
	{"sip:%2B49305550100@example.net", "+49305550100", "49", "Germany"},
	{"tel:+49-30-555-0100;ext=12", "+49305550100", "49", "Germany"},
	{"tel:5550100;phone-context=+4930", "5550100", "local", "number without area code"},
	{`"Front, <desk>" <sip:212;x=1@example.net>;tag=a1`, "212", "short", "extension or service number"},
	{"sip:212:secret@example.net", "212", "short", "extension or service number"},
	{"sip:192.0.2.10:5060", "", "", ""},
	{"sip:192.0.2.10", "", "", ""},
	{"sip:[2001:db8::1]:5060;lr", "", "", ""},
	{"<sip:212@example.net", "212", "short", "extension or service number"},
}

func TestNumbers(t *testing.T) {
	for _, test := range numberTests {
		if got := Normalize(test.number); got != test.normal {
			t.Errorf("Normalize(%q) = %q, want %q", test.number, got, test.normal)
		}
		if prefix, name := Prefix(test.number); prefix != test.prefix || name != test.name {
			t.Errorf("Prefix(%q) = %q, %q, want %q, %q", test.number, prefix, name, test.prefix, test.name)
		}
	}
}

func FuzzPrefix(f *testing.F) {
	for _, test := range numberTests {
		f.Add(test.number)
	}
	f.Fuzz(func(t *testing.T, number string) {
		n := Normalize(number)
		if len(n) > len(number) {
			t.Errorf("Normalize(%q) = %q is longer", number, n)
		}
		if isDialled(n) && Normalize(n) != n {
			t.Errorf("Normalize(%q) = %q, again %q", number, n, Normalize(n))
		}
		prefix, name := Prefix(number)
		if (prefix == "") != (name == "") || (prefix == "") != (n == "") {
			t.Errorf("Prefix(%q) = %q, %q for %q", number, prefix, name, n)
		}
		digits := strings.TrimPrefix(n, "+")
		if isDialled(prefix) && !strings.HasPrefix(digits, prefix) && !strings.HasPrefix(digits, "00"+prefix) {
			t.Errorf("Prefix(%q) = %q: %q does not begin with it", number, prefix, n)
		}
	})
}

func TestCountries(t *testing.T) {
	table := map[string]string{}
	for at, c := range countries() {
		if c.code != "" {
			table[c.code] = c.name
		}
		if c.code != "" && fmt.Sprint("1", c.code) != fmt.Sprint(at) {
			t.Errorf("%s stands at %d", c.code, at)
		}
	}
	if len(table) != 217 {
		t.Errorf("%d country codes, want 217", len(table))
	}
	for code, name := range table {
		if len(code) > 3 || !isDialled(code) || code[0] == '0' || name == "" {
			t.Errorf("%q %q", code, name)
		}
		// No code begins another: E.164 is free of prefixes.
		for n := 1; n < len(code); n++ {
			if other, ok := table[code[:n]]; ok {
				t.Errorf("%s (%s) begins %s (%s)", code[:n], other, code, name)
			}
		}
	}
}
