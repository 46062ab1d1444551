package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"hash/maphash"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"callsift/analyze"
	"callsift/ingest"
	"callsift/ingest/capture"
	"callsift/store"
	"callsift/store/codes"
)

const labBig = "../../../shared/corpus/lab-big/"

// silentHost of the laboratory takes everything and writes no log.
const silentHost = "127.0.2.9"

type labTruth struct {
	Calls  int `json:"invite_calls"`
	Groups []struct {
		Name, Source, Final string
		Calls               int64
	}
}

// TestLabBig is 33,620 calls through a proxy, held against what the program that
// made them says: every group by caller's address and code, the causes behind the
// proxy, the ledger, and the retransmissions against SIPp's own logs.
func TestLabBig(t *testing.T) {
	if testing.Short() {
		t.Skip("300 MB")
	}
	var truth labTruth
	text, err := os.ReadFile(labBig + "truth.json")
	if err != nil {
		t.Skipf("no shared corpus: %v", err)
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	path := unpackedLab(t)
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := ingest.Run(context.Background(), db, []string{path}, ingest.Options{}, func(r ingest.FileResult) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Run("groups", func(t *testing.T) { checkLabGroups(t, db, &truth) })
	t.Run("causes", func(t *testing.T) { checkLabCauses(t, db, &truth) })
	t.Run("scanners", func(t *testing.T) { checkLabScanners(t, db, &truth) })
	t.Run("metrics", func(t *testing.T) { checkLabMetrics(t, db) })
	t.Run("ledger", func(t *testing.T) { checkLabLedger(t, db, path, int64(truth.Calls)) })
}

// unpackedLab unpacks the capture to a file of the test.
func unpackedLab(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "lab.pcap")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, zstdFile(t, "lab.pcap.zst")); err != nil {
		t.Fatal(err)
	}
	return path
}

func zstdFile(t *testing.T, name string) io.Reader {
	f, err := os.Open(labBig + name)
	if err != nil {
		t.Skipf("no shared corpus: %v", err)
	}
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close(); f.Close() })
	return z
}

func breakdown(t *testing.T, db *store.DB, q analyze.Query) analyze.Breakdown {
	t.Helper()
	b, err := analyze.ReadBreakdown(context.Background(), db, q)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// groupName is the truth's name of a caller's address.
func (tr *labTruth) groupName(addr string) string {
	for _, g := range tr.Groups {
		if g.Source == addr {
			return g.Name
		}
	}
	return "?" + addr
}

func checkLabGroups(t *testing.T, db *store.DB, truth *labTruth, where ...analyze.Condition) {
	got, want := map[string]int64{}, map[string]int64{}
	for _, method := range []string{"INVITE", "REGISTER", "OPTIONS"} {
		for _, r := range breakdown(t, db, analyze.Query{Method: method, By: []string{"peer", "code"}, Where: where}).Rows() {
			code := r.Keys[1]
			if r.Code == codes.None {
				code = "none"
			}
			got[truth.groupName(r.Keys[0])+" "+code] += r.Count
		}
	}
	for _, g := range truth.Groups {
		want[g.Name+" "+g.Final] += g.Calls
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-truth +callsift)\n%s", diff)
	}
}

// checkLabCauses looks at what each group is about.
func checkLabCauses(t *testing.T, db *store.DB, truth *labTruth) {
	want := map[string]func(r []string) bool{
		"a_503":      func(r []string) bool { return r[1] == "503" && r[2] == "failed" },
		"c_503":      func(r []string) bool { return r[1] == "503" && r[2] == "failed" },
		"c_failover": func(r []string) bool { return r[2] == "answered" && strings.Contains(r[3], "recovered") },
		"c_redirect": func(r []string) bool { return r[2] == "answered" },
		"c_302":      func(r []string) bool { return r[2] == "failed" && strings.Contains(r[3], "redirect_unfollowed") },
		"a_noauth":   func(r []string) bool { return r[2] == "failed" && strings.Contains(r[3], "challenge_unanswered") },
		"a_badpw":    func(r []string) bool { return r[2] == "failed" && strings.Contains(r[3], "auth_rejected") },
	}
	seen := map[string]int64{}
	for _, r := range breakdown(t, db, analyze.Query{By: []string{"peer", "cause_code", "outcome", "flag"}}).Rows() {
		name := truth.groupName(r.Keys[0])
		if ok := want[name]; ok != nil && ok(r.Keys) {
			seen[name] += r.Count
		} else if ok != nil {
			t.Errorf("%s: %d calls are %v", name, r.Count, r.Keys[1:])
		}
	}
	for _, g := range truth.Groups {
		if want[g.Name] != nil && seen[g.Name] != g.Calls {
			t.Errorf("%s: %d, want %d", g.Name, seen[g.Name], g.Calls)
		}
	}
	rang := map[string]int64{}
	err := db.Attempts(context.Background(), store.Filter{}, func(a *store.Attempt) error {
		if a.Call == 0 && a.Profile.Rang {
			rang[truth.groupName(a.Profile.Peer)]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if rang["a_408ring"] != 150 || rang["a_408silent"] != 0 {
		t.Errorf("rang before 408: %d of the ringing, %d of the silent", rang["a_408ring"], rang["a_408silent"])
	}
}

// checkLabScanners: what only probes can be selected, and the headline leaves it
// out with its count beside it.
func checkLabScanners(t *testing.T, db *store.DB, truth *labTruth) {
	where, err := analyze.ParseCondition("flag=scanner")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, method := range []string{"INVITE", "REGISTER"} {
		q := analyze.Query{Method: method, By: []string{"peer"}, Where: []analyze.Condition{where}}
		for _, r := range breakdown(t, db, q).Rows() {
			got[truth.groupName(r.Keys[0])] = r.Count
		}
	}
	if diff := cmp.Diff(map[string]int64{"a_noauth": 100, "r_scan": 500}, got); diff != "" {
		t.Errorf("scanners (-want +got)\n%s", diff)
	}
	report, err := analyze.ReportFrom(context.Background(), db, analyze.Query{}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]analyze.Excluded{{Name: "scanner", Count: 100}}, report.Excluded); diff != "" {
		t.Errorf("left out (-want +got)\n%s", diff)
	}
	if n := int64(report.KPIs[0].Value); report.KPIs[0].Name != "calls" || n != int64(truth.Calls)-100 {
		t.Errorf("headline: %s %d, want %d calls", report.KPIs[0].Name, n, truth.Calls-100)
	}
	for _, l := range report.Ledger {
		if strings.Contains(l.Note, "lines above") {
			t.Errorf("report's ledger: %+v", l)
		}
	}
}

func checkLabMetrics(t *testing.T, db *store.DB) {
	for _, scope := range []string{analyze.ScopeCall, analyze.ScopeLeg} {
		q := analyze.Query{Scope: scope}
		d, err := analyze.Load(context.Background(), db, q)
		if err != nil {
			t.Fatal(err)
		}
		ms, err := analyze.MetricsOf(d, q)
		if err != nil {
			t.Fatal(err)
		}
		value := map[string]float64{}
		for _, m := range ms {
			value[m.Name], _ = m.Ratio.Value()
			if v := value[m.Name]; m.Kind == analyze.KindRatio && (v < 0 || v > 1) {
				t.Errorf("%s %s: %v", scope, m.Name, v)
			}
		}
		if value["asr"] > value["ner"] || value["ser"] > value["seer"] || value["asr"] == 0 {
			t.Errorf("%s: ASR %v, NER %v, SER %v, SEER %v", scope, value["asr"], value["ner"], value["ser"], value["seer"])
		}
	}
}

// checkLabLedger: every message is in its place, and the retransmissions are the
// datagrams that the capture holds twice and that SIPp logged twice, with those
// that no SIPp could log.
func checkLabLedger(t *testing.T, db *store.DB, path string, calls int64) {
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	st := func(s store.Step) int64 { return l.Steps[s] }
	wire := readLabWire(t, path)
	if got := st(store.StepMessages) + l.Rejected; got != wire.messages {
		t.Errorf("%d messages and %d rejected, want %d", st(store.StepMessages), l.Rejected, wire.messages)
	}
	if got := st(store.StepTransactions) - st(store.StepFolded) - st(store.StepInDialog) - st(store.StepAcks) - st(store.StepCancels) - st(store.StepOrphans) - st(store.StepRequests); got != st(store.StepAttempts) {
		t.Errorf("transactions leave %d attempts, ledger has %d", got, st(store.StepAttempts))
	}
	if got := st(store.StepAttempts) - st(store.StepHops) - st(store.StepFurther) - st(store.StepJoined); got != calls || st(store.StepCalls) != calls || l.Calls != calls {
		t.Errorf("attempts leave %d calls, ledger has %d, rows %d; want %d", got, st(store.StepCalls), l.Calls, calls)
	}
	if got := st(store.StepRetransmissions); got != wire.repeats {
		t.Errorf("%d retransmissions, the capture has %d datagrams again", got, wire.repeats)
	}
	// SIPp logs what it sends and receives. It cannot log what goes to the silent
	// host, nor what reached a caller that had ended: the kernel answered that with
	// ICMP errors.
	logged := repeatsLogged(t)
	if logged != wire.loggable || wire.repeats != logged+wire.toSilent+wire.refused {
		t.Errorf("SIPp logged %d again; the capture has %d again, of these %d to the silent host, %d refused, which leaves %d",
			logged, wire.repeats, wire.toSilent, wire.refused, wire.loggable)
	}
	t.Logf("%d retransmissions = %d in SIPp's logs + %d to the silent host + %d after the caller's end", wire.repeats, logged, wire.toSilent, wire.refused)
}

// labWire is what the capture says without any knowledge of SIP.
type labWire struct {
	messages int64
	repeats  int64 // datagrams with bytes and addresses seen before
	toSilent int64 // of them: to the host that logs nothing
	refused  int64 // of them: answered by an ICMP error
	loggable int64 // the rest
}

// readLabWire counts datagrams by addresses and first bytes.
func readLabWire(t *testing.T, path string) labWire {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type key struct {
		src, dst netip.AddrPort
		hash     uint64
	}
	type tally struct{ sent, quoted int64 }
	counts := map[key]*tally{}
	seed := maphash.MakeSeed()
	at := func(src, dst netip.AddrPort, data []byte) *tally {
		k := key{src, dst, maphash.Bytes(seed, data[:min(len(data), 400)])} // an ICMP error quotes more than 400 bytes
		if counts[k] == nil {
			counts[k] = &tally{}
		}
		return counts[k]
	}
	var w labWire
	quoted := func(q *capture.Quoted) { at(q.Src, q.Dst, q.Data).quoted++ }
	if _, err := capture.Read(f, capture.Options{Quoted: quoted}, func(p *capture.Payload) error {
		w.messages++
		if p.Transport == capture.UDP {
			at(p.Src, p.Dst, p.Data).sent++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for k, n := range counts {
		again := n.sent - 1
		w.repeats += again
		if k.dst.Addr().String() == silentHost && !strings.HasPrefix(k.src.Addr().String(), "127.0.3.") {
			w.toSilent += again // the callers of 127.0.3 log what they send
			continue
		}
		logged := max(0, n.sent-n.quoted-1)
		w.loggable += logged
		w.refused += again - logged
	}
	return w
}

// repeatsLogged counts the messages that a SIPp logged twice in one direction.
func repeatsLogged(t *testing.T) int64 {
	var repeats int64
	files := 0
	for r := tar.NewReader(zstdFile(t, "sipp.tar.zst")); ; files++ {
		_, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for part := range bytes.SplitSeq(data, []byte("-----------------------------------------------")) {
			banner, message, _ := bytes.Cut(part, []byte("\n\n"))
			sent := bytes.Contains(banner, []byte(" message sent ("))
			if !sent && !bytes.Contains(banner, []byte(" message received [")) {
				continue
			}
			k := strconv.FormatBool(sent) + string(bytes.TrimSpace(message))
			if seen[k] {
				repeats++
			}
			seen[k] = true
		}
	}
	if files == 0 {
		t.Fatal("no logs")
	}
	return repeats
}
