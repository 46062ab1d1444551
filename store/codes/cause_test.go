package codes

import (
	"testing"
)

func TestAllQ850(t *testing.T) {
	all := AllQ850()
	if len(all) != 75+33 {
		t.Errorf("%d causes, want 108", len(all))
	}
	for i, c := range all {
		if i > 0 && all[i-1].Value >= c.Value {
			t.Errorf("%d comes after %d", c.Value, all[i-1].Value)
		}
		if c.Name == "" || c.Bucket == "" {
			t.Errorf("%d: %+v", c.Value, c)
		}
		if want := c.Vendor == "" && c.Value != 0; (c.Class != "") != want {
			t.Errorf("%d: class %q", c.Value, c.Class)
		}
		if (c.Vendor != "") != (c.Failure != "") || c.Vendor != "" && c.ITU {
			t.Errorf("%d: vendor %q, failure %q, ITU %v", c.Value, c.Vendor, c.Failure, c.ITU)
		}
		checkSentences(t, c.Value, c.Meaning, c.FirstCheck, c.Note)
	}
}

func TestCauseToSIP(t *testing.T) {
	// Rows of RFC 3398 §7.2.4.1.
	for _, test := range []struct {
		value, sip int
		how        string
		class      string
	}{
		{1, 404, "table", "normal event"},
		{16, 0, "", "normal event"},
		{17, 486, "table", "normal event"},
		{18, 408, "table", "normal event"},
		{19, 480, "table", "normal event"},
		{21, 403, "table", "normal event"},
		{22, 410, "table", "normal event"},
		{27, 502, "table", "normal event"},
		{28, 484, "table", "normal event"},
		{31, 480, "table", "normal event"},
		{34, 503, "table", "resource unavailable"},
		{44, 0, "", "resource unavailable"},
		{52, 500, "default", "service or option not available"},
		{65, 488, "table", "service or option not implemented"},
		{87, 403, "table", "invalid message"},
		{102, 504, "table", "protocol error"},
		{127, 500, "table", "interworking"},
	} {
		c, ok := Q850(test.value)
		if !ok || c.SIP != test.sip || c.SIPHow != test.how || c.Class != test.class {
			t.Errorf("Q850(%d) = %d %q %q, want %d %q %q", test.value, c.SIP, c.SIPHow, c.Class, test.sip, test.how, test.class)
		}
	}
	c, _ := Q850(34)
	if c.Name != "No circuit/channel available" || c.Asterisk != "AST_CAUSE_NORMAL_CIRCUIT_CONGESTION" ||
		c.FreeSWITCH != "NORMAL_CIRCUIT_CONGESTION" || c.AsteriskSIP != 503 {
		t.Errorf("Q850(34) = %+v", c)
	}
	if c, ok := Q850(821); !ok || c.Vendor != "FreeSWITCH" || c.FreeSWITCHSIP != 429 || c.SIP != 0 {
		t.Errorf("Q850(821) = %+v", c)
	}
	for _, v := range []int{-1, 10, 15, 128, 999} {
		if c, ok := Q850(v); ok {
			t.Errorf("Q850(%d) = %+v, want none", v, c)
		}
	}
}

func TestLocation(t *testing.T) {
	for token, value := range map[string]int{"U": 0, "ln": 2, "INTL": 7, "10": 10, "loc-15": 15} {
		if p, ok := Location(token); !ok || p.Value != value || p.Name == "" || p.Who == "" {
			t.Errorf("Location(%q) = %+v, %v, want %d", token, p, ok, value)
		}
	}
	for _, token := range []string{"", "XX", "16", "-1"} {
		if p, ok := Location(token); ok {
			t.Errorf("Location(%q) = %+v", token, p)
		}
	}
	if n := len(places()); n != 16 {
		t.Errorf("%d places, want 16", n)
	}
}

func TestWarning(t *testing.T) {
	seen := map[int]bool{}
	for _, w := range warnings() {
		if seen[w.Code] || w.Code < 300 || w.Code > 399 || w.Name == "" || w.RFC == "" {
			t.Errorf("%+v", w)
		}
		seen[w.Code] = true
		checkSentences(t, w.Code, w.Meaning, w.FirstCheck, "")
	}
	for _, code := range []int{300, 301, 302, 303, 304, 305, 306, 307, 330, 331, 370, 399} {
		if _, ok := Warning(code); !ok {
			t.Errorf("no warning code %d", code)
		}
	}
	if w, ok := Warning(39999); ok {
		t.Errorf("Warning(39999) = %+v", w)
	}
}

func TestOMError(t *testing.T) {
	want := []int{500, 403, 480, 486, 503, 486, 404, 480}
	for i, sip := range want {
		e, ok := OMError(i + 1)
		if !ok || e.SIP != sip || e.Origin != Inferred || e.Name == "" {
			t.Errorf("OMError(%d) = %+v, want SIP %d", i+1, e, sip)
		}
		checkSentences(t, e.Code, e.Meaning, e.FirstCheck, "")
	}
	for _, code := range []int{0, 9, -1} {
		if e, ok := OMError(code); ok {
			t.Errorf("OMError(%d) = %+v", code, e)
		}
	}
}
