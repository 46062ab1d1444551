package ingest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// sameCalls are four calls of one Asterisk as its Master.csv, its database's dump
// with linkedid and CEL, and a FreePBX download of the first two have them; the
// first call was seen as SIP too, the third rang two extensions at once.
func sameCalls(t *testing.T) (files []string) {
	w := &wire{}
	a := &talk{w: w, id: "a1", src: pbx, dst: trunkA, from: "301234201", to: "442071234567"}
	a.invite(0.4)
	a.refuse(4, "486 Busy Here")
	const callee = "442071234567"
	master := masterRow(0, "301234201", callee, "BUSY", 0, 42) + masterRow(60, "301234202", callee, "ANSWERED", 20, 43) +
		masterRow(120, "301234203", callee, "NO ANSWER", 0, 44) + masterRow(120, "301234203", callee, "NO ANSWER", 0, 45) + masterRow(180, "301234204", callee, "FAILED", 0, 46)
	table := "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,uniqueid\n"
	var dump strings.Builder
	dump.WriteString("INSERT INTO `cdr` (`calldate`,`src`,`dst`,`dcontext`,`channel`,`dstchannel`,`lastapp`,`duration`,`billsec`,`disposition`,`uniqueid`,`linkedid`) VALUES ")
	for i, line := range strings.Split(strings.TrimSpace(master), "\n") {
		c := strings.Split(line, ",")
		f := func(n int) string { return strings.Trim(c[n], `"`) }
		// lastdata has a comma in it, so what follows stands two columns further on.
		start, duration, billsec, disposition, unique := f(11), f(14), f(15), f(16), f(18)
		linked := unique
		if i == 3 {
			linked = strings.Replace(unique, ".45", ".44", 1)
		}
		if i > 0 {
			dump.WriteString(",\n")
		}
		fmt.Fprintf(&dump, "('%s','%s','%s','from-internal','PJSIP/201-0000002a','PJSIP/carrier-a-0000002b','Dial',%s,%s,'%s','%s','%s')", start, f(1), f(2), duration, billsec, disposition, unique, linked)
		if i < 2 {
			table += fmt.Sprintf("%s,%s,%s,%s,from-internal,PJSIP/201-0000002a,PJSIP/carrier-a-0000002b,Dial,x,%s,%s,%s,%s\n", start, f(1), f(1), f(2), duration, billsec, disposition, unique)
		}
	}
	fmt.Fprintf(&dump, ";\nINSERT INTO `cel` (`eventtype`,`eventtime`,`exten`,`context`,`channame`,`uniqueid`,`linkedid`,`extra`) VALUES ('HANGUP','2026-11-10 08:03:04','%s','from-internal','PJSIP/201-0000002a','%d.46','%d.46','{\\\"hangupcause\\\":34,\\\"dialstatus\\\":\\\"CHANUNAVAIL\\\"}');\n",
		callee, wireStart.Unix()+180, wireStart.Unix()+180)
	return []string{textFile(t, "Master.csv", master), textFile(t, "cdr.sql", dump.String()), textFile(t, "report.csv", table), w.file(t, nil)}
}

// TestSameRecordFormats: what one PBX wrote to its CSV file and to its database is
// counted once, as the database has it, in whatever order the files come.
func TestSameRecordFormats(t *testing.T) {
	files := sameCalls(t)
	db := newDB(t, files...)
	want := tell(t, db)
	for _, has := range []string{"calls=4\n", "call a1 ", "failed -1 cause=0/34", " legs=2"} {
		if !strings.Contains(want, has) {
			t.Errorf("no %q in\n%s", has, want)
		}
	}
	if l := ledger(t, db); l.CDRs != 12 || l.Doubled+l.Copies+l.Steps[store.StepSameRecords] != 7 {
		t.Errorf("%d CDRs, of them %d + %d + %d the same, want 12 and 7", l.CDRs, l.Doubled, l.Copies, l.Steps[store.StepSameRecords])
	}
	checkRollups(t, db)
	checkDB(t, db)
	random := rand.New(rand.NewPCG(3, 5))
	for range 8 {
		random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
		if diff := cmp.Diff(want, tell(t, newDB(t, files...))); diff != "" {
			t.Fatalf("another order (-want +got)\n%s", diff)
		}
	}
}

// TestSameRecordAlone: two formats without linkedid; the same numbers on another
// PBX in the same second are another call.
func TestSameRecordAlone(t *testing.T) {
	files := sameCalls(t)
	if got := tell(t, newDB(t, files[0], files[2])); !strings.Contains(got, "calls=5\n") {
		t.Errorf("Master.csv and a download of its first two calls, want 5 calls, got\n%s", got)
	}
	other := textFile(t, "report.csv", "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,uniqueid\n"+
		fmt.Sprintf("2026-11-10 08:00:00,301234201,301234201,442071234567,from-internal,PJSIP/201-1,PJSIP/carrier-a-2,Dial,x,4,0,BUSY,%d.7\n", wireStart.Unix()))
	if got := tell(t, newDB(t, files[0], other)); !strings.Contains(got, "calls=6\n") {
		t.Errorf("a record with another uniqueid, want 6 calls, got\n%s", got)
	}
}

// TestRemoveSameRecord: with the source taken out whose record counted, the copy counts.
func TestRemoveSameRecord(t *testing.T) { removals(t, sameCalls(t)...) }
