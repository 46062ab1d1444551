package ingest

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// accGroup is one of the corpus' call groups: all its calls come from one address
// and end alike.
type accGroup struct {
	Name, Source, Final string
	Calls               int
}

// accBlind are the groups whose calls acc cannot know, or not as the caller saw
// them: what the script answers statelessly leaves no line.
var accBlind = map[string]string{
	"a_noauth": "407 by sl_send_reply", "a_badpw": "403 by sl_send_reply",
	"c_noroute": "404 by sl_send_reply", "c_maint": "503 by sl_send_reply", "c_blackhole": "sent past the proxy",
}

// accLast keeps what acc says of each Call-ID by the rule for records with one
// link: answered wins, then the one that ended last.
type accLast struct {
	discard
	t     *testing.T
	calls map[string]CDR
}

func (a *accLast) Reject(at Place, reason string, sample []byte) {
	a.t.Errorf("line %d: %s: %s", at.Line, reason, sample)
}

func (a *accLast) CDR(c *CDR) {
	have, ok := a.calls[c.Link]
	x, y := linkedCDR{CDR: *c}, linkedCDR{CDR: have}
	if !ok || better(&x, &y) {
		a.calls[c.Link] = *c
	}
}

func TestKamailioAccTruth(t *testing.T) {
	for _, dir := range []string{"lab-small", "lab-big"} {
		t.Run(dir, func(t *testing.T) { accTruth(t, filepath.Join("..", "..", "shared", "corpus", dir)) })
	}
}

func accTruth(t *testing.T, dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Skip("no shared corpus: ", err)
	}
	var truth struct {
		Groups []accGroup
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	a := accLast{t: t, calls: map[string]CDR{}}
	if err := KamailioAcc.Read(&Input{Reader: accLog(t, dir)}, &a); err != nil {
		t.Fatal(err)
	}
	// Call-IDs are number-process@source.
	got := map[string]map[int]int{}
	for id, c := range a.calls {
		source := id[strings.IndexByte(id, '@')+1:]
		if got[source] == nil {
			got[source] = map[int]int{}
		}
		got[source][c.Code]++
	}
	compared := 0
	for _, g := range truth.Groups {
		if g.Name[0] == 'r' || g.Name[0] == 'o' { // REGISTER and OPTIONS
			continue
		}
		if accBlind[g.Name] != "" {
			if len(got[g.Source]) != 0 {
				t.Errorf("%s: acc knows %v, want nothing", g.Name, got[g.Source])
			}
			continue
		}
		compared += g.Calls
		if d := cmp.Diff(map[int]int{sipStatus(g.Final): g.Calls}, got[g.Source]); d != "" {
			t.Errorf("%s (%s) (-truth +acc)\n%s", g.Name, g.Source, d)
		}
	}
	t.Logf("%d calls compared, %d groups not known to acc", compared, len(accBlind))
}

// accLog is the corpus' log.
func accLog(t *testing.T, dir string) io.Reader {
	t.Helper()
	if f, err := os.Open(filepath.Join(dir, "kamailio.log")); err == nil {
		t.Cleanup(func() { f.Close() })
		return f
	}
	f, err := os.Open(filepath.Join(dir, "kamailio-syslog.zst"))
	if err != nil {
		t.Skip("no log: ", err)
	}
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close(); f.Close() })
	return z
}
