package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// skewLog is a log as sngrep saves it.
type skewLog struct {
	b     strings.Builder
	ahead time.Duration
}

func (l *skewLog) add(at time.Duration, src, dst, text string) {
	t := time.UnixMicro(wireStart.UnixMicro()).Add(at + l.ahead).UTC()
	fmt.Fprintf(&l.b, "%s %s:5060 -> %s:5060\n%s\n\n", t.Format("2006/01/02 15:04:05.000000"), src, dst, strings.ReplaceAll(text, "\n", "\r\n"))
}

// skewSite are n calls from a gateway over a PBX to a carrier, who refuses them:
// as the gateway logged them, with its clock ahead, as the PBX did, which has both
// Call-IDs, and as the PBX's records have them, with the clock of the records.
func skewSite(t *testing.T, n int, gateway, records time.Duration) (logs [2]string, cdrs string) {
	const mx, box, carrier = "192.0.2.60", "192.0.2.10", "203.0.113.7"
	a, b := skewLog{ahead: gateway}, skewLog{}
	var table strings.Builder
	table.WriteString("start,caller,callee,duration,talk,result\n")
	for i := range n {
		at := time.Duration(i) * 40 * time.Second
		message := func(first, id, from string) string {
			return fmt.Sprintf("%s\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s\nFrom: <sip:0301111%04d@%s>;tag=f%s\nTo: <sip:0302222%04d@x>%s\nCall-ID: %s\nCSeq: 1 %s\nContent-Length: 0\n\n",
				first, from, id, i, from, id, i, strings.Repeat(";tag=t", b2i(!strings.HasPrefix(first, "INVITE"))), id, [...]string{"INVITE", "ACK"}[b2i(strings.HasPrefix(first, "ACK"))])
		}
		leg := func(id, from, to string, begin, end time.Duration, logs ...*skewLog) {
			for k, l := range logs {
				delay := time.Duration(k) * time.Millisecond
				uri := fmt.Sprintf("sip:0302222%04d@%s SIP/2.0", i, to)
				l.add(at+begin+delay, from, to, message("INVITE "+uri, id, from))
				l.add(at+end-delay, to, from, message("SIP/2.0 503 Service Unavailable", id, from))
				l.add(at+end+10*time.Millisecond+delay, from, to, message("ACK "+uri, id, from))
			}
		}
		leg(fmt.Sprintf("gateway-%d", i), mx, box, 0, 450*time.Millisecond, &a, &b)
		leg(fmt.Sprintf("pbx-%d", i), box, carrier, 50*time.Millisecond, 400*time.Millisecond, &b)
		fmt.Fprintf(&table, "%s,0301111%04d,0302222%04d,1,0,FAILED\n", wireStart.Add(at+records).UTC().Format(time.DateTime), i, i)
	}
	return [2]string{textFile(t, "mx.txt", a.b.String()), textFile(t, "pbx.txt", b.b.String())}, textFile(t, "cdr.csv", table.String())
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func clocksOf(t *testing.T, db *store.DB) map[string]store.Clock {
	t.Helper()
	clocks, err := db.Clocks(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	sources, err := db.Sources(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]store.Clock{}
	for _, s := range sources {
		if c, ok := clocks[s.ID]; ok {
			named[s.Path[strings.LastIndex(s.Path, "/")+1:]] = c
		}
	}
	return named
}

// TestSkew: with clocks that differ, and are allowed for, the calls are those of
// clocks that agree: the same message of two logs is a duplicate and no
// retransmission, and a record finds its SIP.
func TestSkew(t *testing.T) {
	logs, cdrs := skewSite(t, 20, 0, 0)
	db := newDB(t, logs[0], logs[1], cdrs)
	want := tell(t, db)
	if got := clocksOf(t, db); len(got) != 0 {
		t.Errorf("clocks that agree: %v", got)
	}
	if !strings.Contains(want, "records=20 calls=20\n") {
		t.Fatalf("want 20 calls, got\n%s", want)
	}
	for _, ahead := range []time.Duration{time.Second, -90 * time.Second, time.Hour} {
		logs, _ := skewSite(t, 20, ahead, 0)
		db := newDB(t, logs[1], cdrs, logs[0])
		if diff := cmp.Diff(want, tell(t, db)); diff != "" {
			t.Errorf("a gateway %v ahead (-want +got)\n%s", ahead, diff)
		}
		if c := clocksOf(t, db)["mx.txt"]; c.Ahead != ahead.Microseconds() || c.Applied != c.Ahead || c.N != 60 || c.How != byMessages {
			t.Errorf("a gateway %v ahead: %+v", ahead, c)
		}
		if l := ledger(t, db); l.Steps[store.StepDuplicates] != 60 || l.Steps[store.StepRetransmissions] != 0 {
			t.Errorf("a gateway %v ahead: %d duplicates and %d retransmissions, want 60 and 0", ahead, l.Steps[store.StepDuplicates], l.Steps[store.StepRetransmissions])
		}
		checkRollups(t, db)
		checkDB(t, db)
	}
	for _, ahead := range []time.Duration{30 * time.Second, -45 * time.Second, -8 * time.Hour} {
		logs, cdrs := skewSite(t, 20, 0, ahead)
		db := newDB(t, logs[0], cdrs, logs[1])
		if c := clocksOf(t, db)["cdr.csv"]; c.Ahead != ahead.Microseconds() || c.N != 20 || c.How != byRecords {
			t.Errorf("records %v ahead: %+v", ahead, c)
		}
		if got := tell(t, db); !strings.Contains(got, "records=20 calls=20\n") {
			t.Errorf("records %v ahead, want 20 calls, got\n%s", ahead, got)
		}
		checkDB(t, db)
	}
}

// TestSkewUnknown: too little in common tells nothing, and a clock that was set
// in between has no one distance.
func TestSkewUnknown(t *testing.T) {
	logs, cdrs := skewSite(t, 1, 90*time.Second, 30*time.Second)
	if got := clocksOf(t, newDB(t, logs[0], logs[1], cdrs)); len(got) != 0 {
		t.Errorf("one call: %v", got)
	}
	var half skewLog
	logs, _ = skewSite(t, 20, 0, 0)
	late, _ := skewSite(t, 20, 90*time.Second, 0)
	first, second := strings.SplitAfter(readText(t, logs[0]), "\n\n\n"), strings.SplitAfter(readText(t, late[0]), "\n\n\n")
	half.b.WriteString(strings.Join(first[:len(first)/2], "") + strings.Join(second[len(second)/2:], ""))
	if got := clocksOf(t, newDB(t, textFile(t, "mx.txt", half.b.String()), logs[1])); len(got) != 0 {
		t.Errorf("a clock that was set: %v", got)
	}
}

// TestSkewOff: what was measured is shown and not allowed for; and allowed for
// again once that is wanted.
func TestSkewOff(t *testing.T) {
	logs, cdrs := skewSite(t, 20, 90*time.Second, 30*time.Second)
	files := []string{logs[0], logs[1], cdrs}
	want := tell(t, newDB(t, files...))
	db := tempDB(t)
	run := func(skew string) string {
		t.Helper()
		if err := Run(context.Background(), db, files, Options{Skew: skew}, func(FileResult) {}); err != nil {
			t.Fatal(err)
		}
		checkRollups(t, db)
		checkDB(t, db)
		return tell(t, db)
	}
	off := run("off")
	if c := clocksOf(t, db)["mx.txt"]; c.Ahead != 90_000_000 || c.Applied != 0 {
		t.Errorf("off: %+v", c)
	}
	if !strings.Contains(off, "records=0 calls=40\n") {
		t.Errorf("off: want 40 calls, got\n%s", off)
	}
	if diff := cmp.Diff(want, run("auto")); diff != "" {
		t.Errorf("on again (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(off, run("off")); diff != "" {
		t.Errorf("off again (-want +got)\n%s", diff)
	}
}

// TestSkewOrders: sources whose clocks differ, in any order and taken out again.
func TestSkewOrders(t *testing.T) {
	logs, cdrs := skewSite(t, 12, 90*time.Second, -40*time.Second)
	files := []string{logs[0], logs[1], cdrs}
	want := tell(t, newDB(t, files...))
	random := rand.New(rand.NewPCG(11, 13))
	for range 6 {
		random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
		db := tempDB(t)
		for _, f := range files {
			take(t, db, f)
		}
		if diff := cmp.Diff(want, tell(t, db)); diff != "" {
			t.Fatalf("another order (-want +got)\n%s", diff)
		}
	}
	removals(t, files...)
}

// TestSameRows: the same import gives the same rows in the same order, row ids
// among them.
func TestSameRows(t *testing.T) {
	var files []string
	for k := range 5 {
		logs, _ := skewSite(t, 10, time.Duration(k)*7*time.Second, 0)
		files = append(files, logs[0])
		if k == 0 {
			files = append(files, logs[1])
		}
	}
	var first string
	for range 3 {
		db := imported(t, files...)
		var rows strings.Builder
		for _, name := range selected(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`) {
			fmt.Fprintln(&rows, name, selected(t, db, fmt.Sprintf("SELECT * FROM %v", name[0])))
		}
		if pairs := selected(t, db, `SELECT count(*) FROM clock_pair`); pairs[0][0].(int64) < 10 {
			t.Fatalf("%v pairs of clocks, want 10 and more", pairs)
		}
		if first == "" {
			first = rows.String()
		}
		if d := cmp.Diff(strings.Split(first, "\n"), strings.Split(rows.String(), "\n")); d != "" {
			t.Fatalf("imported again: %s", d)
		}
	}
}
