package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mixedLog is a log in which three programs wrote: SIP messages with a prefix,
// acc lines, rows of Master.csv without one, and lines of no format. Only which
// begin with one of keep are in it, blank lines for the others. The messages go on
// longest: a log with them has watched as long as it has records.
func mixedLog(calls int, keep ...string) string {
	var b strings.Builder
	write := func(kind, line string) {
		for _, k := range keep {
			if k == kind {
				b.WriteString(line)
			}
		}
		b.WriteString("\n")
	}
	for n := range calls {
		stamp := fmt.Sprintf("2026-11-10T08:%02d:%02d.%03dZ", n/60%60, n%60, n%1000)
		write("text", stamp+" sbc1 app: working")
		for _, line := range strings.Split(strings.TrimSuffix(inviteText(n), "\n"), "\n") {
			write("sip", stamp+" sbc1 proxy[7]: "+line)
		}
		write("acc", fmt.Sprintf("%s sbc1 kamailio[123]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=%d;method=INVITE;from_tag=a1;to_tag=b2;call_id=acc%d@192.0.2.10;code=486;reason=Busy Here;src_user=201;src_ip=192.0.2.10;dst_ouser=3312345", stamp, wireStart.Unix()+int64(n), n))
		write("csv", strings.TrimSuffix(masterRow(n%600, "301234201", "0442071234567", "BUSY", 0, n), "\n"))
	}
	return b.String()
}

func inviteText(n int) string {
	return fmt.Sprintf("INVITE sip:3312345@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%d\nFrom: <sip:201@example.net>;tag=%d\nTo: <sip:3312345@example.net>\nCall-ID: mixed%d\nCSeq: 1 INVITE\nContent-Length: 0\n\n", n, n, n)
}

// TestMixedFile: a log in several formats gives what a file of each alone gives,
// with the places of the lines.
func TestMixedFile(t *testing.T) {
	const calls = 700 // over several blocks
	kinds := []string{"sip", "acc", "csv"}
	all := mixedLog(calls, append(kinds, "text")...)
	db := tempDB(t)
	result := take(t, db, written(t, "all.log", []byte(all)))[0]
	s := result.Source
	if s.Format != "asterisk-csv+kamailio-acc+sip-syslog" || s.Messages != calls || s.CDRs != 2*calls || s.Rejected != 0 {
		t.Errorf("%s: %d messages, %d records, %d rejected", s.Format, s.Messages, s.CDRs, s.Rejected)
	}
	for _, r := range selected(t, db, `SELECT format, count(*) FROM attempts GROUP BY format ORDER BY format`) {
		if r[1].(int64) != calls {
			t.Errorf("%d attempts of %s, want %d", r[1], r[0], calls)
		}
	}
	var parts []string
	for _, kind := range kinds {
		name := map[string]string{"sip": "sip.log", "acc": "acc.log", "csv": "Master.csv"}[kind]
		parts = append(parts, written(t, name, []byte(mixedLog(calls, kind))))
	}
	apart := imported(t, parts...)
	sameDump(t, "formats in one file", logicalDump(t, apart), logicalDump(t, db))
	const places = `SELECT native_id, line FROM attempts ORDER BY native_id, line`
	if diff := cmp.Diff(selected(t, apart, places), selected(t, db, places)); diff != "" {
		t.Errorf("lines (-apart +together)\n%s", diff)
	}
	// The same records in a file of their own are the same calls.
	before := oneNumber(t, db, `SELECT count(*) FROM calls`)
	take(t, db, parts...)
	if after := oneNumber(t, db, `SELECT count(*) FROM calls`); after != before {
		t.Errorf("%d calls with the parts as well, want %d", after, before)
	}
}

// TestMixedOverride: --format reads the one format alone.
func TestMixedOverride(t *testing.T) {
	db := tempDB(t)
	var got FileResult
	path := written(t, "all.log", []byte(mixedLog(5, "sip", "acc", "csv")))
	if err := Run(t.Context(), db, []string{path}, Options{Format: &KamailioAcc}, func(r FileResult) { got = r }); err != nil {
		t.Fatal(err)
	}
	if s := got.Source; s.Format != "kamailio-acc" || s.Messages != 0 || s.CDRs != 5 {
		t.Errorf("%s: %d messages, %d records", s.Format, s.Messages, s.CDRs)
	}
}

// TestOneFormatAlone: a sample of one format is not taken for several, but the
// log of a FreeSWITCH that also has hang-ups.
func TestOneFormatAlone(t *testing.T) {
	for name, text := range samples(t) {
		if parts := detectAll([]byte(text[:min(len(text), headSize)])); len(parts) > 1 && together(parts).Name != "freeswitch-log+freeswitch-siptrace" {
			t.Errorf("%s: %s", name, together(parts).Name)
		}
	}
}

// TestMixedJoins: the record of a call whose SIP stands in the same log is that
// call, as it is where the two stand in logs of their own.
func TestMixedJoins(t *testing.T) {
	db := imported(t, written(t, "pbx.log", loggedScene(1, 12, logStyles["kamailio"])))
	checkLedger(t, db)
	if n := oneNumber(t, db, `SELECT sum(cdrs) FROM source`); n < 2 {
		t.Fatalf("%d records in the log, want some", n)
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM attempt a JOIN bundle b ON b.id = a.bundle WHERE b.kind = 'cdr' AND a.call = 0`); n != 0 {
		t.Errorf("%d records are calls of their own, want none", n)
	}
}
