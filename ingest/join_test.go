package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// The hosts of the flows: a phone, the PBX (a back-to-back agent), two trunks.
const (
	phone  = "192.0.2.50"
	pbx    = "192.0.2.1"
	trunkA = "198.51.100.7"
	trunkB = "203.0.113.9"
)

const uuid = "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\n"

// relay is a call through the PBX: the caller's leg and the one that the PBX made.
func relay(w *wire, at float64, aID, aHeader, bID, bHeader string) (a, b *talk) {
	a = &talk{w, aID, phone, pbx, "201", "0442071234567", aHeader}
	b = &talk{w, bID, pbx, trunkA, "+49301234201", "+442071234567", bHeader}
	a.invite(at)
	a.reply(at+.01, "100 Trying")
	b.invite(at + .2)
	b.reply(at+.21, "100 Trying")
	return a, b
}

// fails lets the trunk say 503 and the PBX tell the caller 480 (R11's example).
func fails(a, b *talk, at float64) {
	b.refuse(at, "503 Service Unavailable", "Reason: Q.850;cause=34;text=\"No circuit\"\r\n")
	a.refuse(at+.3, "480 Temporarily Unavailable")
}

// TestJoinEvidence: each evidence of the ladder makes one call of two Call-IDs:
// the caller saw 480, the cause is the trunk's 503, which counts on its trunk.
func TestJoinEvidence(t *testing.T) {
	tests := []struct{ name, aID, aHeader, bID, bHeader, rule string }{
		{"session-id", "a1@phone", uuid, "b1@pbx", uuid, "session-id 0.98"},
		{"icid", "a1@phone", "P-Charging-Vector: icid-value=\"icid-0815-4711\"\r\n", "b1@pbx", "P-Charging-Vector: icid-value=icid-0815-4711;orig-ioi=x\r\n", "icid 0.97"},
		{"x-call-id names the other", "a1@phone-long", "", "b1@pbx", "X-Call-ID: a1@phone-long\r\n", "x-call-id 0.95"},
		{"x-cid in both", "a1@phone", "X-CID: 1234567890\r\n", "b1@pbx", "X-CID: 1234567890\r\n", "x-call-id 0.95"},
		{"cisco-guid", "a1@phone", "Cisco-Guid: 12-34-56-78\r\n", "b1@pbx", "Cisco-Guid: 12-34-56-78\r\n", "cisco-guid 0.95"},
		{"derived Call-ID", "4711abcd@phone", "", "4711abcd@phone_b2b-1", "", "call-id 0.90"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &wire{}
			a, b := relay(w, 0, tt.aID, tt.aHeader, tt.bID, tt.bHeader)
			fails(a, b, 3)
			want := fmt.Sprintf(`call %s 0.000 201>0442071234567 192.0.2.50>198.51.100.7 failed 480 cause=503/34 legs=2
  leg 0.000 201>0442071234567 192.0.2.50>192.0.2.1 user 480 trunk=192.0.2.50
  leg 0.200 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 cause=0/34 trunk=198.51.100.7
  with sip %s by %s
ledger attempts=2 sip=2 hops=0 further=0 joined=1 records=0 calls=1
`, tt.aID, tt.bID, tt.rule)
			if diff := cmp.Diff(want, tell(t, newDB(t, w.file(t, nil)))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// sameNumbers gives both legs numbers with the same last seven digits.
func sameNumbers(a, b *talk) {
	a.from, a.to = "301234201", "0442071234567"
	b.from, b.to = "+49301234201", "+442071234567"
}

// numberedRelay is relay without any evidence but the numbers.
func numberedRelay(w *wire, at float64, aID, bID string) (a, b *talk) {
	a = &talk{w: w, id: aID, src: phone, dst: pbx}
	b = &talk{w: w, id: bID, src: pbx, dst: trunkA}
	sameNumbers(a, b)
	a.invite(at)
	b.invite(at + .2)
	return a, b
}

// TestJoinNumbers: without other evidence the numbers join, but only where there
// is no second candidate.
func TestJoinNumbers(t *testing.T) {
	w := &wire{}
	a, b := numberedRelay(w, 0, "a1", "b1")
	fails(a, b, 3)
	// Two calls of the same numbers at once: nobody can tell whose is which.
	a2, b2 := numberedRelay(w, 60, "a2", "b2")
	a3, b3 := numberedRelay(w, 60.1, "a3", "b3")
	fails(a2, b2, 63)
	fails(a3, b3, 64)
	want := `call a1 0.000 301234201>0442071234567 192.0.2.50>198.51.100.7 failed 480 cause=503/34 legs=2
  leg 0.000 301234201>0442071234567 192.0.2.50>192.0.2.1 user 480 trunk=192.0.2.50
  leg 0.200 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 cause=0/34 trunk=198.51.100.7
  with sip b1 by numbers 0.60
call a2 60.000 301234201>0442071234567 192.0.2.50>192.0.2.1 user 480
call a3 60.100 301234201>0442071234567 192.0.2.50>192.0.2.1 user 480
call b2 60.200 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 cause=0/34 [unjoined]
call b3 60.300 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 cause=0/34 [unjoined]
ledger attempts=6 sip=6 hops=0 further=0 joined=1 records=0 calls=5
`
	if diff := cmp.Diff(want, tell(t, newDB(t, w.file(t, nil)))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestR12Failover: the first trunk refuses, the second takes the call.
func TestR12Failover(t *testing.T) {
	w := &wire{}
	a, b := relay(w, 0, "a1@phone", uuid, "b1@pbx", uuid)
	b.refuse(2, "503 Service Unavailable")
	c := &talk{w, "c1@pbx", pbx, trunkB, b.from, b.to, uuid}
	c.invite(2.1)
	c.reply(3, "180 Ringing")
	a.reply(3.1, "180 Ringing")
	c.answer(5)
	a.answer(5.1)
	a.bye(25.1)
	c.bye(25.2)
	want := `call a1@phone 0.000 201>0442071234567 192.0.2.50>203.0.113.9 answered 200 by=caller talk=20000 [recovered] legs=3
  leg 0.000 201>0442071234567 192.0.2.50>192.0.2.1 answered 200 by=caller talk=20000 trunk=192.0.2.50
  leg 0.200 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 trunk=198.51.100.7
  leg 2.100 +49301234201>+442071234567 192.0.2.1>203.0.113.9 answered 200 by=caller talk=20200 trunk=203.0.113.9
  with sip b1@pbx by session-id 0.98
  with sip c1@pbx by session-id 0.98
ledger attempts=3 sip=3 hops=0 further=0 joined=2 records=0 calls=1
`
	db := newDB(t, w.file(t, nil))
	if diff := cmp.Diff(want, tell(t, db)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// The call is found by any of its names, and shows the messages of all legs.
	for _, id := range []string{"a1@phone", "b1@pbx", "c1@pbx"} {
		found, err := db.Find(context.Background(), id)
		if err != nil || len(found) != 1 || found[0].Key != "a1@phone" {
			t.Fatalf("%s: %d calls, %v", id, len(found), err)
		}
		steps, err := Trace(context.Background(), db, &found[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) != len(w.packets) {
			t.Errorf("%s: %d steps of %d messages", id, len(steps), len(w.packets))
		}
		for i := 1; i < len(steps); i++ {
			if steps[i].Time < steps[i-1].Time {
				t.Errorf("%s: step %d before the one above", id, i)
			}
		}
	}
}

const masterHead = `"","%s","%s","from-internal","%s","PJSIP/201-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/442071234567@carrier-a,60,Tt","2026-11-10 08:%02d:%02d","%s","2026-11-10 08:%02d:%02d",%d,%d,"%s","DOCUMENTATION","%d.%d",""` + "\n"

// masterRow is a row of Asterisk's Master.csv, times in UTC.
func masterRow(at int, from, to, disposition string, talk, n int) string {
	answered := ""
	end := at + 4
	if talk > 0 {
		answered, end = fmt.Sprintf("2026-11-10 08:%02d:%02d", (at+5)/60, (at+5)%60), at+5+talk
	}
	return fmt.Sprintf(masterHead, from, to, from, at/60, at%60, answered, end/60, end%60, end-at, talk, disposition, wireStart.Unix()+int64(at), n)
}

// omPairOf is an internal call as a New Rock OM writes it: a record from each side.
func omPairOf(at, talk int, from, to string) string {
	start, end := fmt.Sprintf("2026111008%02d%02d", at/60, at%60), fmt.Sprintf("2026111008%02d%02d", (at+5+talk)/60, (at+5+talk)%60)
	row := func(n int, typ string) string {
		return fmt.Sprintf(`<Cdr id="58%s-%d"><callid>%d</callid><TimeStart>%s</TimeStart><Type>%s</Type><Route>IC</Route><CPN>%s</CPN><CDPN>%s</CDPN><TimeEnd>%s</TimeEnd><Duration>%d</Duration><TrunkNumber></TrunkNumber></Cdr>`+"\n",
			end, n, 100+n, start, typ, from, to, end, talk)
	}
	return `<?xml version="1.0" encoding="utf-8" ?>` + "\n" + row(0, "LO") + row(1, "IN")
}

// TestJoinRecord: a record and the SIP of the same call are one call with the
// SIP's code; the record is an attempt of it.
func TestJoinRecord(t *testing.T) {
	w := &wire{}
	a := &talk{w: w, id: "a1", src: pbx, dst: trunkA, from: "301234201", to: "442071234567"}
	a.invite(0.4)
	a.reply(1, "180 Ringing")
	a.refuse(4, "486 Busy Here")
	master := textFile(t, "Master.csv", masterRow(0, "301234201", "442071234567", "NO ANSWER", 0, 42)+masterRow(100, "301234201", "442071234567", "NO ANSWER", 0, 43))
	db := newDB(t, w.file(t, nil), master)
	want := fmt.Sprintf(`call a1 0.400 301234201>442071234567 192.0.2.1>198.51.100.7 user 486 legs=2
  leg 0.400 301234201>442071234567 192.0.2.1>198.51.100.7 user 486 trunk=198.51.100.7
  leg 0.000 301234201>442071234567 > user -1 trunk=carrier-a
  with cdr %d.42 by record 0.60
call %d.43 100.000 301234201>442071234567 > user -1
ledger attempts=3 sip=1 hops=0 further=0 joined=0 records=1 calls=2
`, wireStart.Unix(), wireStart.Unix()+100)
	if diff := cmp.Diff(want, tell(t, db)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	found, err := db.Find(context.Background(), fmt.Sprintf("%d.42", wireStart.Unix()))
	if err != nil || len(found) != 1 || found[0].Key != "a1" {
		t.Fatalf("by the record's id: %d calls, %v", len(found), err)
	}
	steps, err := Trace(context.Background(), db, &found[0])
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, s := range steps {
		texts = append(texts, s.Text)
	}
	if diff := cmp.Diff([]string{"CDR", "INVITE", "180 Ringing", "486 Busy Here", "ACK"}, texts); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
}

// TestJoinRecordPair: the two records that an OM writes of an internal call.
func TestJoinRecordPair(t *testing.T) {
	w := &wire{}
	a := &talk{w: w, id: "a1", src: phone, dst: pbx, from: "201", to: "212"}
	a.invite(0.4)
	a.answer(5)
	a.bye(18)
	om := textFile(t, "om.xml", omPairOf(0, 13, "201", "212"))
	want := `call a1 0.400 201>212 192.0.2.50>192.0.2.1 answered 200 by=caller talk=13000 legs=3
  leg 0.400 201>212 192.0.2.50>192.0.2.1 answered 200 by=caller talk=13000 trunk=
  leg 0.000 201>212 > answered -1 talk=13000 trunk=
  leg 0.000 201>212 > answered -1 talk=13000 trunk=
  with cdr newrock-om om|201|212|20261110080018|13 by record 0.60
ledger attempts=3 sip=1 hops=0 further=0 joined=0 records=1 calls=1
`
	got := tell(t, newDB(t, w.file(t, nil), om))
	got = strings.ReplaceAll(got, " trunk=192.0.2.1\n", " trunk=\n") // whose the box is, one call cannot tell
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Two SIP calls that the pair may be: it is left alone.
	b := &talk{w: w, id: "a2", src: "192.0.2.51", dst: pbx, from: "201", to: "212"}
	b.invite(1.4)
	b.refuse(2, "486 Busy Here")
	got = tell(t, newDB(t, om, w.file(t, nil)))
	if !strings.Contains(got, "records=0 calls=3") {
		t.Errorf("a second candidate, and yet:\n%s", got)
	}
}

// TestOverlappingRecords: a record that was joined is known again in the next export.
func TestOverlappingRecords(t *testing.T) {
	w := &wire{}
	a := &talk{w: w, id: "a1", src: pbx, dst: trunkA, from: "301234201", to: "442071234567"}
	a.invite(0.4)
	a.refuse(4, "486 Busy Here")
	row := masterRow(0, "301234201", "442071234567", "BUSY", 0, 42)
	first := textFile(t, "Master.csv", row)
	second := textFile(t, "Master2.csv", row+masterRow(200, "301234201", "442071234567", "BUSY", 0, 43))
	got := tell(t, newDB(t, w.file(t, nil), first, second))
	if !strings.Contains(got, "attempts=3 sip=1 hops=0 further=0 joined=0 records=1 calls=2") {
		t.Error(got)
	}
}

// orders are the files of a site in which all kinds of joints meet.
func joinSite(t *testing.T) []string {
	w := &wire{}
	inFile := map[string][]string{}
	a, b := relay(w, 0, "a1@phone", uuid, "b1@pbx", uuid)
	a.answer(3)
	b.answer(2.9)
	a.bye(500)
	b.bye(500.1)
	inFile["legs a"] = append(inFile["legs a"], "a1@phone")
	inFile["legs b"] = append(inFile["legs b"], "b1@pbx")
	// By numbers; a later file brings a second candidate.
	a2, b2 := numberedRelay(w, 30, "a2", "b2")
	fails(a2, b2, 33)
	rival := &talk{w: w, id: "r2", src: "192.0.2.51", dst: pbx, from: a2.from, to: a2.to}
	rival.invite(29.9)
	rival.refuse(34, "486 Busy Here")
	inFile["legs a"] = append(inFile["legs a"], "a2")
	inFile["legs b"] = append(inFile["legs b"], "b2")
	inFile["rival"] = []string{"r2"}
	// By numbers, left alone by rivals, with a record.
	a3, b3 := numberedRelay(w, 60, "a3", "b3")
	fails(a3, b3, 63)
	inFile["legs a"] = append(inFile["legs a"], "a3")
	inFile["legs b"] = append(inFile["legs b"], "b3")
	// Rivals that stay: nobody can tell whose leg is whose, only that they are legs.
	a4, b4 := numberedRelay(w, 200, "a4", "b4")
	a5, b5 := numberedRelay(w, 200.1, "a5", "b5")
	fails(a4, b4, 203)
	fails(a5, b5, 204)
	inFile["legs a"] = append(inFile["legs a"], "a4", "a5")
	inFile["legs b"] = append(inFile["legs b"], "b4", "b5")
	c := &talk{w: w, id: "c1", src: phone, dst: pbx, from: "301239999", to: "442079999999"}
	c.invite(90.4)
	c.answer(94)
	c.bye(400)
	inFile["legs a"] = append(inFile["legs a"], "c1")
	name := func(p *wirePacket) string {
		for file, ids := range inFile {
			for _, id := range ids {
				if strings.Contains(string(p.data), "Call-ID: "+id+"\r\n") {
					if p.at > 300 {
						return "late"
					}
					return file
				}
			}
		}
		return ""
	}
	var files []string
	for _, part := range []string{"legs a", "legs b", "rival", "late"} {
		files = append(files, w.file(t, func(p *wirePacket) bool { return name(p) == part }))
	}
	master := masterRow(60, "301234201", "0442071234567", "NO ANSWER", 0, 42) + masterRow(90, "301239999", "442079999999", "ANSWERED", 305, 43)
	double := masterRow(91, "301239999", "442079999999", "NO ANSWER", 0, 44)
	return append(files, textFile(t, "Master.csv", master), textFile(t, "Master2.csv", double), textFile(t, "om.xml", omPairOf(120, 13, "201", "212")))
}

// TestJoinOrders: legs before each other, a candidate that makes numbers
// ambiguous, records before and after their SIP, the BYE in a file of its own: in
// whatever order the files come, the database says the same.
func TestJoinOrders(t *testing.T) {
	files := joinSite(t)
	want := tell(t, newDB(t, files...))
	for _, has := range []string{"by session-id 0.98", "call a2 30.000", "with sip b3 by numbers 0.60", "by record 0.60", "call r2 29.900", "talk=497000", "call b4 200.200 +49301234201>+442071234567 192.0.2.1>198.51.100.7 failed 503 cause=0/34 [unjoined]"} {
		if !strings.Contains(want, has) {
			t.Errorf("no %q in\n%s", has, want)
		}
	}
	random := rand.New(rand.NewPCG(7, 11))
	for range 12 {
		random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
		if diff := cmp.Diff(want, tell(t, newDB(t, files...))); diff != "" {
			t.Fatalf("another order (-want +got)\n%s", diff)
		}
	}
}

// TestJoinRollups: what joining takes apart and puts together leaves the roll-ups
// what the rows are.
func TestJoinRollups(t *testing.T) {
	db := newDB(t, joinSite(t)...)
	ctx := context.Background()
	rows, cells := map[int64]int64{}, map[int64]int64{}
	if err := db.Attempts(ctx, store.Filter{}, func(a *store.Attempt) error { rows[a.Profile.ID]++; return nil }); err != nil {
		t.Fatal(err)
	}
	list, err := db.Cells(ctx, 0, 0, store.Quarter)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		cells[c.Profile] += c.N
	}
	if diff := cmp.Diff(rows, cells); diff != "" {
		t.Errorf("rows by profile (-rows +roll-up)\n%s", diff)
	}
}
