package analyze

import (
	"slices"
	"strings"
	"testing"
)

// Every rule can be reached: a finding of its own shape is told by it, and not by
// one that stands before it.
func TestRulesAreReached(t *testing.T) {
	first := func(list []int) int {
		if len(list) == 0 {
			return -99
		}
		return list[0]
	}
	for i := range rules {
		r := &rules[i]
		reached := false
		symptoms := r.symptom
		if len(symptoms) == 0 {
			symptoms = []string{SymptomFailed}
		}
		for _, name := range symptoms {
			for _, code := range append([]int{first(r.codes)}, r.codes...) {
				d := &driver{g: &grid{symptom: symptom{name: name}}}
				for _, p := range r.proofs {
					d.proofs = append(d.proofs, proof{name: p})
				}
				var f Finding
				for _, k := range r.keys {
					f.Keys = append(f.Keys, KeyValue{k, "x"})
				}
				if code != -99 {
					f.Keys = append(f.Keys, KeyValue{"code", itoa(code)})
				}
				reached = reached || ruleFor(d, &f, first(r.q850)) == r
			}
		}
		if !reached {
			t.Errorf("%s: never told, a rule before it fits whatever it fits", r.name)
		}
	}
}

// A rule's texts are sentences whose values the finding has.
func TestRulesAreSentences(t *testing.T) {
	owners := []Owner{Ours, Carrier, Customer, ""}
	names := map[string]bool{}
	for _, r := range rules {
		if r.name == "" || names[r.name] {
			t.Errorf("name %q, want one of its own", r.name)
		}
		names[r.name] = true
		if !slices.Contains(owners, r.owner) {
			t.Errorf("%s: owner %q", r.name, r.owner)
		}
		if r.refute == "" || r.verify == "" {
			t.Errorf("%s: nothing that would refute it, or no way to verify", r.name)
		}
		for _, text := range []string{r.why, r.first, r.setting, r.refute, r.verify} {
			if text != "" && !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no whole sentence", r.name, text)
			}
			for rest := text; ; {
				_, after, found := strings.Cut(rest, "{")
				key, more, _ := strings.Cut(after, "}")
				if !found {
					break
				}
				if !slices.Contains(r.keys, key) {
					t.Errorf("%s: {%s} in %q, which is not among its keys", r.name, key, text)
				}
				rest = more
			}
		}
		for _, p := range r.proofs {
			if !slices.Contains(proofNames, p) {
				t.Errorf("%s: no proof %q", r.name, p)
			}
		}
	}
}

var proofNames = []string{proofFast, proofMany, proofRegister, proofOptions, proofRestart, proofOffline, proofCeiling, proofTimer, proofDelay, proofRecovered,
	proofNo100, proofAfter100, proofRang, proofCodecs, proofRetryAfter, proofNonce, proofChallenge, proofReinvite, proofOneCallee, proofShort, proofHangUp}
