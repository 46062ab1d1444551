package analyze

import (
	"strings"
	"testing"

	"callsift/store"
	"callsift/store/codes"
)

// relaying is n calls through a box that gives them new Call-IDs: the legs that
// came in, and those that went out and may be joined to them or not.
func relaying(t *testing.T, joined, unjoined int64) *site {
	s := newSite(t)
	in := store.Profile{Outcome: codes.Answered, Code: 200, CauseQ850: -1, FromAddr: "192.0.2.50", ToAddr: "192.0.2.1", Format: "sip-text"}
	out := store.Profile{Outcome: codes.Answered, Code: 200, CauseQ850: -1, FromAddr: "192.0.2.1", ToAddr: "198.51.100.7", Format: "sip-text"}
	if unjoined > 0 {
		s.add("2026-11-10 14:00", in, unjoined)
		s.add("2026-11-10 14:00", withFlags(out, codes.FlagUnjoined), unjoined)
	}
	if joined > 0 {
		call := in
		call.Scope, call.ToAddr = store.ScopeCall, out.ToAddr
		in.Scope, out.Scope = store.ScopeLeg, store.ScopeLeg
		s.add("2026-11-10 14:00", call, joined)
		s.add("2026-11-10 14:00", in, joined)
		s.add("2026-11-10 14:00", out, joined)
	}
	s.source("2026-11-10 14:00", "2026-11-10 14:59")
	return s
}

func TestUnjoinedLegs(t *testing.T) {
	tests := []struct {
		name             string
		joined, unjoined int64
		refused, warning string
	}{
		{"all joined", 100, 0, "", ""},
		{"some unjoined", 100, 7, "", "7 of 114 calls look like second legs of other calls (through 192.0.2.1)"},
		{"nothing joined", 0, 50, "--scope call: 50 of the 100 calls are second legs of calls that 192.0.2.1 (sip-text) passed on under new Call-IDs", ""},
		{"too few to tell", 0, 5, "", "5 of 10 calls look like"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := relaying(t, tt.joined, tt.unjoined).Data
			b, err := breakdownOf(d, Query{By: []string{"code"}})
			switch {
			case tt.refused == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case tt.refused != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.refused) || !strings.HasSuffix(err.Error(), "use --scope leg")):
				t.Fatalf("%v, want %s", err, tt.refused)
			case tt.refused == "" && (tt.warning == "") != (b.Warning == "") || !strings.HasPrefix(b.Warning, tt.warning):
				t.Errorf("warning %q, want %q", b.Warning, tt.warning)
			}
			if _, err := breakdownOf(d, Query{Scope: ScopeLeg, By: []string{"code"}}); err != nil {
				t.Errorf("leg scope: %v", err)
			}
			r := BuildReport(d, Data{}, Query{}, "site")
			if want := map[bool]string{true: ScopeLeg, false: ScopeCall}[tt.refused != ""]; r.Scope != want {
				t.Errorf("report at %s scope, want %s", r.Scope, want)
			}
			if n := len(r.Warnings); (n > 0) != (tt.refused != "" || tt.warning != "") {
				t.Errorf("report warns %q", r.Warnings)
			}
		})
	}
}
