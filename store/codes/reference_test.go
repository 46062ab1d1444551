package codes

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// reference reads a table of the shared reference folder, which lies beside the
// project and is not part of it.
func reference(t *testing.T, name string) []row {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "reference", name))
	if err != nil {
		t.Skipf("no reference table %s beside the project", name)
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r", ""), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var list []row
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		for len(cells) < len(head) {
			cells = append(cells, "")
		}
		list = append(list, row{name, head, cells})
	}
	return list
}

// Facts are the same as in the reference, row by row.
func TestFactsOfSIP(t *testing.T) {
	known := map[int]bool{}
	dash := strings.NewReplacer("-", "")
	for _, r := range reference(t, "sip_codes.tsv") {
		code := r.number("code")
		known[code] = true
		c, ok := SIP(code)
		if !ok || !c.Known {
			t.Errorf("%d is missing", code)
			continue
		}
		flag := func(b bool) string { return map[bool]string{true: "1", false: "0"}[b] }
		for column, got := range map[string]string{
			"phrase": c.Phrase, "class": c.Class, "class_name": c.ClassName, "outcome": c.Group,
			"failure": c.Failure, "ner_num": c.NER, "iana": flag(c.Registered), "in_seed": flag(c.Seed),
			"seer_num": flag(c.SEER), "isa": flag(c.ISA),
			"valid_for_invite": map[bool]string{true: "y", false: "n"}[c.ForInvite],
		} {
			if want := r.text(column); got != want {
				t.Errorf("%d: %s %q, want %q", code, column, got, want)
			}
		}
		for column, got := range map[string]string{"rfc": c.RFC, "section": c.Section, "party": c.Party} {
			if want := r.text(column); got != want && !(want == "-" && got == "") {
				t.Errorf("%d: %s %q, want %q", code, column, got, want)
			}
		}
		q850 := map[string]string{"table": strconv.Itoa(c.Q850), "default": strconv.Itoa(c.Q850) + "*",
			"warning": "warning:31/65"}[c.Q850How]
		if want := dash.Replace(r.text("q850_rfc3398")); q850 != want {
			t.Errorf("%d: cause %q, want %q", code, q850, want)
		}
	}
	for _, c := range AllSIP() {
		if !known[c.Code] {
			t.Errorf("%d is not in the reference", c.Code)
		}
	}
}

func TestFactsOfQ850(t *testing.T) {
	for _, r := range reference(t, "q850.tsv") {
		v := r.number("value")
		c, ok := Q850(v)
		if !ok {
			t.Errorf("%d is missing", v)
			continue
		}
		var from []string
		for _, n := range c.FromSIP {
			from = append(from, strconv.Itoa(n))
		}
		for column, got := range map[string]string{
			"bucket": c.Bucket, "class_name": c.Class, "asterisk_const": c.Asterisk,
			"freeswitch_hangup_cause": c.FreeSWITCH, "from_sip_rfc3398": strings.Join(from, ","),
		} {
			if want := r.text(column); got != want {
				t.Errorf("%d: %s %q, want %q", v, column, got, want)
			}
		}
		if want := r.text("name"); v != 0 && !strings.HasPrefix(want, c.Name) {
			t.Errorf("%d: name %q, want %q", v, c.Name, want)
		}
		for column, got := range map[string]int{
			"sip_rfc3398": c.SIP, "asterisk_pjsip_to_sip": c.AsteriskSIP, "freeswitch_to_sip": c.FreeSWITCHSIP,
		} {
			digits, _, _ := strings.Cut(r.text(column), " ")
			if want, _ := strconv.Atoi(digits); got != want {
				t.Errorf("%d: %s %d, want %q", v, column, got, r.text(column))
			}
		}
	}
	for _, r := range reference(t, "q850_vendor_internal.tsv") {
		c, ok := Q850(r.number("value"))
		want, _ := strconv.Atoi(strings.Trim(r.text("sip_out"), "()"))
		failure := map[string]string{"0": "no", "1": "yes", "cond": "cond"}[r.text("failure")]
		if !ok || c.Name != r.text("name") || c.Bucket != r.text("bucket") || c.Failure != failure || c.FreeSWITCHSIP != want {
			t.Errorf("vendor cause %+v, want %v", c, r.cells)
		}
	}
	for _, r := range reference(t, "q850_location.tsv") {
		p, ok := Location(r.text("sip_token_rfc8606"))
		if !ok || p.Value != r.number("value") || p.Name != r.text("name") {
			t.Errorf("location %+v, want %v", p, r.cells)
		}
	}
}

// The sentences are our own: none of 20 letters or more equals a cell of the
// reference or a part of one between full stops.
func TestSentencesAreOurs(t *testing.T) {
	theirs := map[string]string{}
	for _, name := range []string{"sip_codes.tsv", "q850.tsv", "q850_vendor_internal.tsv", "q850_location.tsv"} {
		for _, r := range reference(t, name) {
			for _, cell := range r.cells {
				theirs[plain(cell)] = name
				for _, s := range strings.FieldsFunc(cell, sentenceEnd) {
					theirs[plain(s)] = name
				}
			}
		}
	}
	check := func(place string, cells ...string) {
		for _, cell := range cells {
			for _, s := range append(strings.FieldsFunc(cell, sentenceEnd), cell) {
				if s = plain(s); len(s) >= 20 && theirs[s] != "" {
					t.Errorf("%s: %q stands in %s", place, s, theirs[s])
				}
			}
		}
	}
	for _, c := range AllSIP() {
		check(Label(c.Code), c.Meaning, c.FirstCheck, c.Note)
	}
	for _, c := range AllQ850() {
		check(c.Name, c.Meaning, c.FirstCheck, c.Note)
	}
	for _, p := range places() {
		check(p.Token, p.Who, p.Owner)
	}
}

func sentenceEnd(r rune) bool { return r == '.' || r == ';' || r == ':' }

func plain(s string) string { return strings.ToLower(strings.Trim(s, " .;:")) }
