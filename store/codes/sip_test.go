package codes

import (
	"slices"
	"strings"
	"testing"
)

func TestAllSIP(t *testing.T) {
	all := AllSIP()
	if len(all) != 80 {
		t.Errorf("%d codes, want 80", len(all))
	}
	groups := strings.Fields("success provisional redirect user abandon number policy capability request routing network dialog challenge negotiate")
	for i, c := range all {
		if i > 0 && all[i-1].Code >= c.Code {
			t.Errorf("%d comes after %d", c.Code, all[i-1].Code)
		}
		if !c.Known || c.Class != ClassOf(c.Code) || c.ClassName == "" || c.Phrase == "" {
			t.Errorf("%d: head incomplete: %+v", c.Code, c)
		}
		if !slices.Contains(groups, c.Group) {
			t.Errorf("%d: group %q", c.Code, c.Group)
		}
		if !slices.Contains([]string{"yes", "no", "cond"}, c.Failure) || !slices.Contains([]string{"1", "0", "cond"}, c.NER) {
			t.Errorf("%d: failure %q, NER %q", c.Code, c.Failure, c.NER)
		}
		if (c.RFC == "" || c.Section == "") && (c.Registered || !strings.Contains(c.Phrase, "Kamailio")) {
			t.Errorf("%d: no place of definition", c.Code)
		}
		checkSentences(t, c.Code, c.Meaning, c.FirstCheck, c.Note)
	}
	for _, code := range []int{None, Unknown} {
		c, ok := SIP(code)
		if !ok || !c.Known || c.Class != ClassOf(code) || c.ClassName == "" {
			t.Errorf("SIP(%d) = %+v, %v", code, c, ok)
		}
		checkSentences(t, code, c.Meaning, c.FirstCheck, c.Note)
	}
}

// checkSentences wants a meaning and a first check, both whole sentences.
func checkSentences(t *testing.T, code int, meaning, check, note string) {
	t.Helper()
	for name, s := range map[string]string{"meaning": meaning, "first check": check, "note": note} {
		if s == "" && name != "note" {
			t.Errorf("%d: no %s", code, name)
		}
		if s != "" && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
			t.Errorf("%d: %s does not end as a sentence: %q", code, name, s)
		}
		if s != strings.TrimSpace(s) {
			t.Errorf("%d: %s has space around it", code, name)
		}
	}
}

func TestSeed(t *testing.T) {
	want := []int{100, 180, 181, 183, 199, 200, 202, 204, 300, 301, 302, 305, 380,
		400, 401, 404, 407, 408, 415, 500, 501, 502, 503, 504, 600, 603, 604, 606}
	var got []int
	for _, c := range AllSIP() {
		if c.Seed {
			got = append(got, c.Code)
		}
	}
	if !slices.Equal(got, want) || len(got) != 28 {
		t.Errorf("%d codes on the customer's list: %v, want %v", len(got), got, want)
	}
}

func TestSIPUnlisted(t *testing.T) {
	for _, test := range []struct {
		code, as int
		ok       bool
	}{
		{199, 199, true}, {150, 183, true}, {299, 200, true}, {399, 300, true}, {499, 400, true},
		{599, 500, true}, {699, 600, true}, {99, 0, false}, {700, 0, false}, {-2, 0, false},
	} {
		c, ok := SIP(test.code)
		if ok != test.ok {
			t.Errorf("SIP(%d): %v, want %v", test.code, ok, test.ok)
			continue
		}
		if !ok {
			continue
		}
		as, _ := SIP(test.as)
		if c.Code != test.code || c.Known != (test.code == test.as) || c.Group != as.Group || c.Class != as.Class {
			t.Errorf("SIP(%d) = %+v, want as %d", test.code, c, test.as)
		}
		checkSentences(t, test.code, c.Meaning, c.FirstCheck, c.Note)
	}
	if c, _ := SIP(499); !strings.Contains(c.Meaning, "400 Bad Request") || c.Seed || c.Phrase != "" {
		t.Errorf("SIP(499) = %+v", c)
	}
}

func TestClassAndLabel(t *testing.T) {
	for _, test := range []struct {
		code         int
		class, label string
	}{
		{503, "5xx", "503 Service Unavailable"},
		{500, "5xx", "500 Server Internal Error"},
		{100, "1xx", "100 Trying"},
		{699, "6xx", "699 (unlisted)"},
		{None, "none", "no response"},
		{Unknown, "unknown", "no code in the record"},
		{99, "unknown", "99 (unlisted)"},
		{700, "unknown", "700 (unlisted)"},
	} {
		if class, label := ClassOf(test.code), Label(test.code); class != test.class || label != test.label {
			t.Errorf("%d: %q %q, want %q %q", test.code, class, label, test.class, test.label)
		}
	}
}

func TestSIPToCause(t *testing.T) {
	// Rows of RFC 3398 §8.2.6.1.
	for _, test := range []struct {
		code, q850 int
		how        string
	}{
		{400, 41, "table"}, {401, 21, "table"}, {404, 1, "table"}, {405, 63, "table"},
		{408, 102, "table"}, {410, 22, "table"}, {415, 79, "table"}, {420, 127, "table"},
		{480, 18, "table"}, {483, 25, "table"}, {484, 28, "table"}, {486, 17, "table"},
		{487, 0, ""}, {488, 31, "warning"}, {606, 31, "warning"}, {502, 38, "table"},
		{503, 41, "table"}, {504, 102, "table"}, {600, 17, "table"}, {603, 21, "table"},
		{422, 31, "default"}, {200, 0, ""},
	} {
		c, _ := SIP(test.code)
		if c.Q850 != test.q850 || c.Q850How != test.how {
			t.Errorf("%d: cause %d (%s), want %d (%s)", test.code, c.Q850, c.Q850How, test.q850, test.how)
		}
		if cause, ok := Q850(c.Q850); test.how == "table" && (!ok || !slices.Contains(cause.FromSIP, test.code)) {
			t.Errorf("cause %d does not name %d: %v", c.Q850, test.code, cause.FromSIP)
		}
	}
}
