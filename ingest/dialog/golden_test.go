package dialog

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"callsift/store/codes"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestRules runs the flows of testdata: a file a subject, in it for every case
// the messages ("-- name --") and what they come to ("-- name: want --"). A line
// "coverage 300" says until when the sources watched, "oneway" that responses
// were not captured.
func TestRules(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no goldens in testdata")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			in, want := archive.Files[i], &archive.Files[i+1]
			if want.Name != in.Name+": want" {
				t.Fatalf("%s: %q after %q, want %q", file, want.Name, in.Name, in.Name+": want")
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+in.Name, func(t *testing.T) {
				s, ctx := readScene(t, string(in.Data))
				r := Assemble(s.msgs, ctx)
				checkCounts(t, r.Counts)
				checkResult(t, s.msgs, r)
				got := show(s, r)
				if *update {
					want.Data = []byte(got)
					return
				}
				if diff := cmp.Diff(string(want.Data), got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func readScene(t testing.TB, text string) (*scene, Context) {
	s, ctx := newScene(""), Context{}
	var flow []string
	for _, line := range strings.Split(text, "\n") {
		switch f := strings.Fields(line); {
		case len(f) == 2 && f[0] == "coverage":
			sec, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			ctx.CoverageEnd = sceneStart + int64(sec*1e6)
		case len(f) == 1 && f[0] == "oneway":
			ctx.OneWay = everyPair
		default:
			flow = append(flow, line)
		}
	}
	if err := s.parse(strings.Join(flow, "\n")); err != nil {
		t.Fatal(err)
	}
	return s, ctx
}

// show prints a result; of delays and keys only those that are known.
func show(s *scene, r Result) string {
	var b strings.Builder
	for i := range r.Calls {
		c := &r.Calls[i]
		fmt.Fprintf(&b, "call %s\n", showAttempt(s, &c.Attempt))
		for k := range c.Legs {
			l := &c.Legs[k]
			parent := ""
			if l.Parent >= 0 {
				parent = fmt.Sprintf(" of %d", l.Parent)
			}
			fmt.Fprintf(&b, "  leg %d%s %s>%s %s\n", k, parent, s.host(l.From), s.host(l.To), showAttempt(s, l))
		}
	}
	b.WriteString("counts " + showCounts(r.Counts) + "\n")
	if !r.Settled {
		b.WriteString("not settled\n")
	}
	return b.String()
}

func showAttempt(s *scene, a *Attempt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d", a.Method, a.Outcome, a.Code)
	if a.Origin != codes.Observed {
		b.WriteString(" " + string(a.Origin))
	}
	if a.Rang {
		b.WriteString(" rang")
	}
	if a.Released != "" {
		b.WriteString(" by=" + a.Released)
	}
	for _, d := range []struct {
		name string
		us   int64
	}{{"pdd", a.PDD}, {"alert", a.Alert}, {"media", a.Media}, {"setup", a.Setup}, {"fail", a.Fail}, {"talk", a.Talk}, {"bye", a.Bye}} {
		if d.us >= 0 {
			fmt.Fprintf(&b, " %s=%v", d.name, float64(d.us)/1e6)
		}
	}
	if a.CauseCode != 0 {
		fmt.Fprintf(&b, " cause=%d", a.CauseCode)
	}
	if a.CauseQ850 >= 0 {
		fmt.Fprintf(&b, " q850=%d", a.CauseQ850)
	}
	if a.CauseText != "" {
		fmt.Fprintf(&b, " %q", a.CauseText)
	}
	if a.CauseFrom != codes.NoOrigin {
		fmt.Fprintf(&b, " (%s)", a.CauseFrom)
	}
	if a.Retransmissions > 0 {
		fmt.Fprintf(&b, " retransmissions=%d", a.Retransmissions)
	}
	if a.EarlyDialogs > 1 {
		fmt.Fprintf(&b, " dialogs=%d", a.EarlyDialogs)
	}
	if a.RetryAfter >= 0 {
		fmt.Fprintf(&b, " retry-after=%d", a.RetryAfter)
	}
	if names := a.Flags.Names(); len(names) > 0 {
		b.WriteString(" [" + strings.Join(names, " ") + "]")
	}
	return b.String()
}

// showCounts prints the counts that are not 0.
func showCounts(c Counts) string {
	text := strings.Trim(fmt.Sprintf("%+v", c), "{}")
	var keep []string
	for _, f := range strings.Fields(text) {
		if !strings.HasSuffix(f, ":0") {
			keep = append(keep, strings.ToLower(strings.Replace(f, ":", "=", 1)))
		}
	}
	return strings.Join(keep, " ")
}

// checkResult checks what must hold of every result.
func checkResult(t testing.TB, msgs []Message, r Result) {
	t.Helper()
	calls, others, orphans, attempts := 0, 0, 0, 0
	for i := range r.Calls {
		c := &r.Calls[i]
		switch {
		case c.Flags&codes.FlagOrphan != 0:
			orphans++
		case c.Method == "INVITE":
			calls++
			attempts += len(c.Legs)
		default:
			others++
		}
		if len(c.Legs) == 0 {
			t.Errorf("call %d has no legs", i)
		}
		if !isOutcome(c.Outcome) {
			t.Errorf("call %d: outcome %q", i, c.Outcome)
		}
		for k := range c.Legs {
			if l := &c.Legs[k]; !isOutcome(l.Outcome) || l.Parent >= k || len(l.Messages) == 0 {
				t.Errorf("call %d leg %d: outcome %q, parent %d, %d messages", i, k, l.Outcome, l.Parent, len(l.Messages))
			}
		}
		if c.Outcome == codes.Answered && c.Code >= 300 {
			t.Errorf("call %d: answered with code %d", i, c.Code)
		}
		for k, m := range c.Messages {
			if k > 0 && msgs[m].Time < msgs[c.Messages[k-1]].Time {
				t.Errorf("call %d: message %d before its predecessor", i, m)
				break
			}
		}
	}
	c := r.Counts
	if calls != c.Calls || others != c.Others || orphans != c.Orphans || attempts != c.Attempts {
		t.Errorf("%d calls, %d others, %d orphans, %d attempts in %+v", calls, others, orphans, attempts, c)
	}
}

func isOutcome(o codes.Outcome) bool {
	for _, x := range codes.Outcomes {
		if x == o {
			return true
		}
	}
	return false
}

func everyPair(netip.Addr, netip.Addr) bool { return true }
