package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

func prune(t testing.TB, db *store.DB, before time.Time) Pruned {
	t.Helper()
	dry, err := Prune(context.Background(), db, before, true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Prune(context.Background(), db, before, false)
	if err != nil {
		t.Fatal(err)
	}
	if p != dry {
		t.Errorf("a dry run says %+v, the real one %+v", dry, p)
	}
	checkRollups(t, db)
	checkDB(t, db)
	return p
}

// TestPruneRows: what stays is what a file of the later rows alone would give.
func TestPruneRows(t *testing.T) {
	rows := masterRows(60)
	cut := 0
	for i, r := range rows {
		if strings.Contains(r, "2026-11-10 09:30:00") && cut == 0 {
			cut = i
		}
	}
	files := parts(t, ".csv", rows, [2]int{0, cut + 10}, [2]int{cut - 10, len(rows)}, [2]int{0, 12})
	db := imported(t, files...)
	p := prune(t, db, firstMoment.Add(30*time.Minute))
	if p.Calls != int64(cut) || p.CDRs != int64(cut) || p.Sources != 3 {
		t.Errorf("%+v, want %d calls of 3 sources", p, cut)
	}
	sameDump(t, "pruned", logicalDump(t, imported(t, written(t, "later.csv", []byte(strings.Join(rows[cut:], ""))))), logicalDump(t, db))
	for _, r := range take(t, db, files...) { // nothing comes back
		if r.Already == "" {
			t.Errorf("%s was read again", r.Path)
		}
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM source WHERE note LIKE '%pruned before 2026-11-10T09:30:00Z%'`); n != 3 {
		t.Errorf("%d sources say that they were pruned, want 3", n)
	}
}

func TestPruneNewRock(t *testing.T) {
	records := omRecords(24)
	db := imported(t, written(t, "om.xml", []byte(strings.Join(records, ""))))
	before := ledger(t, db)
	p := prune(t, db, firstMoment.Add(10*time.Minute))
	after := ledger(t, db)
	if p.Calls == 0 || p.Events == 0 || after.Calls+p.Calls != before.Calls || after.CDRs+p.CDRs != before.CDRs {
		t.Errorf("%+v; calls %d, then %d", p, before.Calls, after.Calls)
	}
	prune(t, db, firstMoment.Add(100*time.Hour))
	if l := ledger(t, db); l.Calls != 0 || l.Events != 0 || l.Sources != 1 {
		t.Errorf("all pruned, but %+v", l)
	}
}

// registration is one REGISTER and its answer; all of a phone have one Call-ID.
func registration(ms, seq int) string {
	cseq := fmt.Sprintf("%d REGISTER", seq)
	return logged(ms, sipMessage(700, "REGISTER sip:example.net SIP/2.0", cseq, "205", "205", "")) +
		logged(ms+30, strings.Replace(sipMessage(700, "SIP/2.0 200 OK", cseq, "205", "205", "r"), "z9hG4bK700-REGISTER", fmt.Sprintf("z9hG4bK700-%d", seq), 1))
}

// TestPruneMessages: a call goes as a whole, and of a Call-ID in use for long
// only what is old.
func TestPruneMessages(t *testing.T) {
	var log, later string
	for i := range 10 {
		s := strings.ReplaceAll(registration(60_000*i, i+1), "z9hG4bK700-REGISTER", fmt.Sprintf("z9hG4bK700-%d", i+1))
		log += s
		if i >= 5 {
			later += s
		}
		if c := sipCall(20+i, 60*i+7, "201", fmt.Sprint(33123000+i)); i >= 5 {
			log += c
			later += c
		} else {
			log += c
		}
	}
	long := rotatedCalls() // its call 900 begins before and ends after
	log += long[0] + long[2]
	db := imported(t, written(t, "a.log", []byte(log)))
	p := prune(t, db, firstMoment.Add(5*time.Minute))
	if p.Calls == 0 || p.Messages == 0 {
		t.Errorf("%+v", p)
	}
	sameDump(t, "pruned", logicalDump(t, imported(t, written(t, "later.log", []byte(later)))), logicalDump(t, db))
	prune(t, db, firstMoment.Add(24*time.Hour))
	if n := oneNumber(t, db, `SELECT (SELECT count(*) FROM bundle) + (SELECT count(*) FROM evidence) + (SELECT count(*) FROM attempt) + (SELECT count(*) FROM message_count)`); n != 0 {
		t.Errorf("%d rows left of messages that are all old", n)
	}
}

// TestPruneUndelivered: reports of messages that were not delivered are no messages, and
// when they go none is taken off. What stays is joined with what comes.
func TestPruneUndelivered(t *testing.T) {
	w := &wire{}
	for i := range 10 {
		k := &talk{w: w, id: fmt.Sprintf("old%d", i), src: phone, dst: pbx, from: "201", to: "0442071234567"}
		k.invite(float64(i) * 10)
		w.unreachable(float64(i)*10+.1, phone, pbx, 3, 3)
		w.unreachable(float64(i)*10+.2, phone, pbx, 3, 3)
	}
	a, b := relay(w, 7200, "4711abcd@phone", "", "4711abcd@phone_b2b-1", "")
	fails(a, b, 7203)
	ofB := func(p *wirePacket) bool { return p.dst == trunkA || p.src == trunkA }
	db := imported(t, w.file(t, func(p *wirePacket) bool { return !ofB(p) }))
	if p := prune(t, db, wireStart.Add(time.Hour)); p.Messages != 10 {
		t.Errorf("%+v, want 10 messages", p)
	}
	left := oneNumber(t, db, `SELECT messages FROM source`)
	if counted := oneNumber(t, db, `SELECT sum(n) FROM message_count`); left <= 0 || counted != left {
		t.Errorf("%d messages are left, %d by method", left, counted)
	}
	take(t, db, w.file(t, ofB))
	if n := oneNumber(t, db, `SELECT count(*) FROM joint`); n != 1 {
		t.Errorf("%d joints, want 1", n)
	}
}

// TestPruneLab: joined calls, in the laboratory's logs.
func TestPruneLab(t *testing.T) {
	db := imported(t, sippLogs(t)...)
	var first, last int64
	for _, r := range selected(t, db, `SELECT min(start), max(start) FROM attempt`) {
		first, last = r[0].(int64), r[1].(int64)
	}
	before := ledger(t, db)
	p := prune(t, db, time.UnixMicro((first+last)/2))
	after := ledger(t, db)
	var requests int64
	for m, n := range before.Requests {
		requests += n - after.Requests[m]
	}
	if p.Calls == 0 || after.Calls+p.Calls-requests != before.Calls {
		t.Errorf("%+v; calls %d, then %d; %d requests gone", p, before.Calls, after.Calls, requests)
	}
}

// TestPruneErases: nothing of a pruned call is in the file any more, its
// rejects neither.
func TestPruneErases(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(filepath.Join(dir, "callsift.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := csvRow(1, "1794301201.1", "BUSY", 0) + "secret number 4471,x\n" + strings.ReplaceAll(csvRow(3600, "1794304800.1", "BUSY", 0), "PJSIP/201", "PJSIP/777")
	take(t, db, written(t, "a.csv", []byte(rows)), written(t, "a.log", []byte(sipCall(1, 0, "secret", "33123001")+sipCall(2, 3600, "202", "33123002"))))
	take(t, db, written(t, "b.csv", []byte(strings.ReplaceAll(csvRow(2, "1794301202.7", "BUSY", 0), `"201"`, `"0049301234567"`))))
	packed := "\x55\x9e\x85\x67\x89\xab\xc0" // the caller in table caller_count, four bits a sign
	holds := func() (found bool) {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(data), packed)
		}
		return found
	}
	if !holds() {
		t.Errorf("%x is not how a caller is packed", packed)
	}
	prune(t, db, firstMoment.Add(time.Hour))
	if err := db.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if holds() {
		t.Error("a pruned caller is still among the counts")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"secret", "1794301201.1", "331231"} {
			if strings.Contains(string(data), word) {
				t.Errorf("%s still holds %q", filepath.Base(f), word)
			}
		}
	}
	if n := ledger(t, db).Calls; n != 2 {
		t.Errorf("%d calls left, want 2", n)
	}
}
