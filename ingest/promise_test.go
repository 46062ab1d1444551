package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
	"callsift/store/codes"
)

const corpus = "../../shared/corpus"

// labFile is a file of the corpus; the test is skipped where it is absent.
func labFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(corpus, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("no shared corpus: ", err)
	}
	return path
}

// sippLogs are the message logs of the small laboratory.
func sippLogs(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(corpus, "lab-small", "sipp", "*.log"))
	if len(files) == 0 {
		t.Skip("no shared corpus: ", corpus)
	}
	return files
}

// tempDB is an empty database that goes with the test.
func tempDB(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// take imports files into db, in this order.
func take(t testing.TB, db *store.DB, files ...string) []FileResult {
	t.Helper()
	var results []FileResult
	err := Run(context.Background(), db, files, Options{}, func(r FileResult) { results = append(results, r) })
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// imported is a new database with these files.
func imported(t testing.TB, files ...string) *store.DB {
	t.Helper()
	db := tempDB(t)
	take(t, db, files...)
	return db
}

// written writes data to a new file and gives its path.
func written(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// logicalDump is what a database says, as sorted text: calls, attempts and
// requests with all keys, roll-ups by the words of their profiles, events and
// the ledger. It leaves out what depends on how often and where the same was
// seen (messages, duplicates, places) and every number that only names a row.
func logicalDump(t testing.TB, db *store.DB) string {
	t.Helper()
	ctx := context.Background()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }

	callID := map[int64]string{}
	each := func(f func(a *store.Attempt) error) {
		if err := db.Attempts(ctx, store.Filter{}, f); err != nil {
			t.Fatal(err)
		}
	}
	each(func(a *store.Attempt) error {
		if a.Call == 0 {
			callID[a.ID] = a.CallID()
		}
		return nil
	})
	each(func(a *store.Attempt) error {
		call := a.Call
		if call == 0 {
			call = a.ID
		}
		add("row %s scope=%d key=%s native=%s start=%d %s>%s pdd=%d alert=%d media=%d setup=%d talk=%d bye=%d legs=%d %s", callID[call], a.Profile.Scope,
			a.Key, a.NativeID, a.Start, a.Caller, a.Callee, a.PDD, a.Alert, a.Media, a.Setup, a.Talk, a.Bye, a.Legs, profileText(&a.Profile))
		return nil
	})

	profiles, err := db.Profiles(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := db.Cells(ctx, 0, 0, store.Quarter)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		add("cell %d n=%d talked=%d ms=%d short=%d %s", c.Time, c.N, c.Talked, c.TalkMS, c.Short, profileText(profiles[c.Profile]))
	}
	for _, row := range selected(t, db, `SELECT quarter, kind, bucket, n, profile FROM delay`) {
		add("delay %v %s", row[:4], profileText(profiles[row[4].(int64)]))
	}
	events, err := db.Events(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		add("event %d %s device=%s subject=%s code=%d %q", e.Time, e.Kind, e.Device, e.Subject, e.Code, e.Text)
	}
	l := ledger(t, db)
	for s := store.StepTransactions; s <= store.StepCalls; s++ {
		add("step %s %d", s, l.Steps[s])
	}
	add("ledger calls=%d attempts=%d outcomes=%v requests=%v", l.Calls, l.Attempts, l.Outcomes, l.Requests)
	add("retransmissions %d", l.Steps[store.StepRetransmissions])
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}

func profileText(p *store.Profile) string {
	if p == nil {
		return "NO PROFILE"
	}
	q := *p
	q.ID = 0
	return fmt.Sprintf("%+v [%s]", q, strings.Join(q.Flags.Names(), ","))
}

func ledger(t testing.TB, db *store.DB) store.Ledger {
	t.Helper()
	l, err := db.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// selected runs a query.
func selected(t testing.TB, db *store.DB, query string) [][]any {
	t.Helper()
	var rows [][]any
	err := db.Query(context.Background(), query, func([]string) error { return nil }, func(row []any) error {
		rows = append(rows, append([]any(nil), row...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// oneNumber runs a query that gives one number.
func oneNumber(t testing.TB, db *store.DB, query string) int64 {
	t.Helper()
	rows := selected(t, db, query)
	if len(rows) != 1 || len(rows[0]) != 1 {
		t.Fatalf("%s: %v, want one number", query, rows)
	}
	n, ok := rows[0][0].(int64)
	if !ok {
		t.Fatalf("%s: %v, want a number", query, rows[0][0])
	}
	return n
}

// sameDump compares two dumps and shows the first lines that only one has.
func sameDump(t testing.TB, what, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	count := map[string]int{}
	for _, l := range strings.Split(want, "\n") {
		count[l]++
	}
	for _, l := range strings.Split(got, "\n") {
		count[l]--
	}
	var diff []string
	for l, n := range count {
		if n != 0 {
			diff = append(diff, fmt.Sprintf("%s (%+d)", l, -n))
		}
	}
	sort.Strings(diff)
	t.Errorf("%s: another database, %d lines differ (number by which they are too many)\n%s", what, len(diff), strings.Join(diff[:min(len(diff), 10)], "\n"))
}

// checkLedger holds the sums of the second promise.
func checkLedger(t testing.TB, db *store.DB) {
	t.Helper()
	l := ledger(t, db)
	s := func(step store.Step) int64 { return l.Steps[step] }
	equal := func(what string, got, want int64) {
		t.Helper()
		if got != want {
			t.Errorf("ledger: %s: %d, want %d", what, got, want)
		}
	}
	equal("messages of the steps and of the sources", s(store.StepMessages), oneNumber(t, db, `SELECT coalesce(sum(messages), 0) FROM source`))
	// Messages that lack what correlation needs are seen, counted by kind, and rejected.
	lacking := oneNumber(t, db, `SELECT coalesce(sum(records), 0) FROM reject WHERE reason LIKE 'insufficient:%'`)
	equal("messages by kind", s(store.StepMessages)+lacking, oneNumber(t, db, `SELECT coalesce(sum(n), 0) FROM message_count`))
	equal("attempts from transactions", s(store.StepTransactions)-s(store.StepFolded)-s(store.StepInDialog)-s(store.StepAcks)-s(store.StepCancels)-s(store.StepOrphans)-s(store.StepRequests), s(store.StepAttempts))
	equal("calls from attempts", s(store.StepAttempts)-s(store.StepHops)-s(store.StepFurther)-s(store.StepJoined), s(store.StepCalls))
	if used := s(store.StepMessages) - s(store.StepDuplicates) - s(store.StepRetransmissions) - s(store.StepUnusable); used < s(store.StepTransactions) {
		t.Errorf("ledger: %d messages left for %d transactions", used, s(store.StepTransactions))
	}
	for step := store.StepMessages; step <= store.StepSameRecords; step++ {
		if s(step) < 0 {
			t.Errorf("ledger: %s is %d", step, s(step))
		}
	}

	var outcomes int64
	for o, n := range l.Outcomes {
		if o == "" {
			t.Errorf("ledger: %d calls without an outcome", n)
		}
		outcomes += n
	}
	equal("outcomes", outcomes, l.Calls)
	// The steps against the rows. Records of their own (CDRs) pass no steps, and
	// an orphan is a row but no call from an INVITE.
	sip := `p.method = 'INVITE' AND a.bundle IN (SELECT id FROM bundle WHERE kind = 'sip') AND p.flags & ` + fmt.Sprint(int(codes.FlagOrphan)) + ` = 0`
	rows := `SELECT count(*) FROM attempt a JOIN profile p ON p.id = a.profile WHERE `
	equal("calls from messages, as rows", oneNumber(t, db, rows+sip+` AND p.scope >= 2`), s(store.StepCalls))
	equal("attempts from messages, as rows", oneNumber(t, db, rows+sip+` AND p.scope IN (1, 3)`), s(store.StepAttempts))
	equal("calls, as rows", oneNumber(t, db, rows+`p.method = 'INVITE' AND p.scope >= 2`), l.Calls)
	equal("attempts, as rows", oneNumber(t, db, rows+`p.method = 'INVITE' AND p.scope IN (1, 3)`), l.Attempts)
	alone := oneNumber(t, db, `SELECT count(*) FROM attempt WHERE bundle = 0`)
	equal("records that stand alone, linked and doubled", alone+l.Doubled+s(store.StepRecords), l.CDRs)
	legs := oneNumber(t, db, `SELECT count(*) FROM attempt a JOIN profile p ON p.id = a.profile WHERE p.scope IN (1, 3) AND a.bundle IN (SELECT id FROM bundle WHERE kind = 'cdr')`)
	equal("linked records, as legs", legs, s(store.StepRecords)-s(store.StepSameRecords))
	equal("legs that calls count", oneNumber(t, db, `SELECT coalesce(sum(a.legs), 0) FROM attempt a JOIN profile p ON p.id = a.profile WHERE p.scope >= 2`),
		oneNumber(t, db, `SELECT count(*) FROM attempt a JOIN profile p ON p.id = a.profile WHERE p.scope IN (1, 3)`))
	equal("rejects listed", oneNumber(t, db, `SELECT coalesce(sum(records), 0) FROM reject`), l.Rejected)
	checkRollups(t, db)
}

// checkRollups compares roll-ups and delays with the rows they sum up.
func checkRollups(t testing.TB, db *store.DB) {
	t.Helper()
	const fromRows = `SELECT a.start / 900000000, a.profile, count(*), sum(a.talk_ms >= 0 AND p.outcome = 'answered'),
		sum(CASE WHEN a.talk_ms >= 0 AND p.outcome = 'answered' THEN a.talk_ms ELSE 0 END), sum(a.talk_ms >= 0 AND a.talk_ms < 6000 AND p.outcome = 'answered')
		FROM attempt a JOIN profile p ON p.id = a.profile GROUP BY 1, 2 ORDER BY 1, 2`
	if d := cmp.Diff(selected(t, db, fromRows), selected(t, db, `SELECT quarter, profile, n, talked, talk_ms, short FROM rollup ORDER BY 1, 2`)); d != "" {
		t.Errorf("roll-up (-rows +rollup)\n%s", d)
	}
	want := map[string]int64{}
	err := db.Attempts(context.Background(), store.Filter{}, func(a *store.Attempt) error {
		count := func(kind store.DelayKind, ms int64, on bool) {
			if on && ms >= 0 {
				want[fmt.Sprint(a.Start/store.Quarter, a.Profile.ID, int(kind), store.DelayBucket(ms))]++
			}
		}
		count(store.DelayPDD, a.PDD, true)
		count(store.DelayAlert, a.Alert, true)
		count(store.DelayMedia, a.Media, true)
		count(store.DelayBye, a.Bye, true)
		registered := a.Profile.Method == "REGISTER" && a.Profile.Outcome == codes.Answered
		count(store.DelayReg, a.Setup, registered)
		count(store.DelayFail, a.Setup, !registered && a.Profile.Outcome == codes.Failed && a.Profile.Code > 0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, r := range selected(t, db, `SELECT quarter, profile, kind, bucket, n FROM delay`) {
		got[fmt.Sprint(r[:4]...)] = r[4].(int64)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("delays (-rows +delay)\n%s", d)
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM profile WHERE id NOT IN (SELECT profile FROM attempt)`); n != 0 {
		t.Errorf("%d profiles that no row uses", n)
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM attempt WHERE call <> 0 AND call NOT IN (SELECT id FROM attempt WHERE call = 0)`); n != 0 {
		t.Errorf("%d attempts of calls that are not there", n)
	}
}

// pcapParts cuts a little-endian pcap file into its header and its packets.
func pcapParts(t testing.TB, data []byte) (head []byte, packets [][]byte) {
	t.Helper()
	head, data = data[:24], data[24:]
	for len(data) >= 16 {
		n := 16 + int(binary.LittleEndian.Uint32(data[8:]))
		packets = append(packets, data[:n])
		data = data[n:]
	}
	return head, packets
}

// pcapOf is a capture of these packets.
func pcapOf(head []byte, packets [][]byte) []byte {
	out := append([]byte(nil), head...)
	for _, p := range packets {
		out = append(out, p...)
	}
	return out
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
