package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"callsift/store"
)

// samples are the inputs of the formats' own tests that their format accepts.
func samples(t *testing.T) map[string]string {
	t.Helper()
	files, _ := filepath.Glob("testdata/*/*.txtar")
	list := map[string]string{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(a.Files, func(f txtar.File) bool { return f.Name == "input" }) || strings.Contains("\n"+string(a.Comment), "\nno-sniff") {
			continue
		}
		list[file] = readCase(t, file).input
	}
	return list
}

func accepting(head string) []string {
	var names []string
	for _, f := range Formats {
		if f.Sniff([]byte(head[:min(len(head), headSize)])) {
			names = append(names, f.Name)
		}
	}
	return names
}

// TestOneFormatAccepts: every sample is accepted by its own format alone, and
// so is every format's example.
func TestOneFormatAccepts(t *testing.T) {
	list := samples(t)
	if len(list) == 0 {
		t.Fatal("no samples")
	}
	for file, input := range list {
		want := []string{filepath.Base(filepath.Dir(file))}
		if d := cmp.Diff(want, accepting(input)); d != "" {
			t.Errorf("%s (-want +accepting)\n%s", file, d)
		}
	}
	for _, f := range Formats {
		if f.Kind == "cdr" && len(accepting(f.Example)) != 1 {
			t.Errorf("example of %s is accepted by %v", f.Name, accepting(f.Example))
		}
	}
}

// TestNoFormatAccepts: what callsift does not read.
func TestNoFormatAccepts(t *testing.T) {
	noise := make([]byte, 4096)
	x := uint32(2463534242)
	for i := range noise {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise[i] = byte(x)
	}
	for name, head := range map[string]string{
		"empty":      "",
		"one byte":   "\n",
		"markdown":   "# A project\n\nReads SIP logs and CDRs. Usage:\n\n    tool import FILE\n\n| code | meaning |\n|---|---|\n| 486 | Busy Here |\n| 503 | Service Unavailable |\n\nAn `INVITE` is answered by `SIP/2.0 200 OK`.\n",
		"jpeg":       "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00" + strings.Repeat("\x08\x06\x06\x07", 60),
		"html":       "<!DOCTYPE html>\n<html><head><title>Status</title></head><body><table><tr><td>201</td><td>Registered</td></tr></table></body></html>\n",
		"json":       `{"calls": [{"from": "201", "to": "202", "code": 486}]}`,
		"csv":        "date,extension,minutes\n2026-11-10,201,12\n2026-11-10,202,7\n",
		"syslog":     "Nov 10 09:00:00 host cron[812]: (root) CMD (run-parts /etc/cron.hourly)\nNov 10 09:01:00 host sshd[900]: Connection closed by 192.0.2.9\n",
		"zeros":      strings.Repeat("\x00", 4096),
		"noise":      string(noise),
		"a sentence": "The gateway at 192.0.2.10 answers INVITE with 503.\n",
	} {
		if names := accepting(head); len(names) != 0 {
			t.Errorf("%s is accepted by %v", name, names)
		}
	}
}

// TestOtherFiles: what gives no records stands in the ledger, with the reason.
func TestOtherFiles(t *testing.T) {
	db := tempDB(t)
	missing := filepath.Join(t.TempDir(), "missing.log")
	files := []string{written(t, "empty.log", nil), written(t, "readme.md", []byte("# Nothing to count\n")), missing, written(t, "broken.gz", []byte("\x1f\x8bxxxx"))}
	for range 2 { // a second try replaces the first
		for i, r := range take(t, db, files...) {
			want := []store.State{store.Empty, store.Unknown, store.Unreadable, store.Unreadable}[i]
			if r.Err == nil || !strings.HasPrefix(r.Err.Error(), files[i]+": ") || r.Source.State != want {
				t.Errorf("%s: state %q, want %q; %v", files[i], r.Source.State, want, r.Err)
			}
		}
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM source`); n != 4 {
		t.Errorf("%d sources in the ledger, want 4", n)
	}
	checkLedger(t, db)
}

// TestRejects: every row is a record or a reject with its line.
func TestRejects(t *testing.T) {
	rows := masterRows(40)
	junk := []string{"x\n", "a,b,c\n", `"not closed` + "\n"}
	var mixed []string
	for i, r := range rows {
		mixed = append(mixed, r)
		if i%5 == 4 {
			mixed = append(mixed, junk[i/5%2])
		}
	}
	db := tempDB(t)
	r := take(t, db, written(t, "Master.csv", []byte(strings.Join(mixed, ""))))[0]
	if int(r.Source.CDRs) != len(rows) || int(r.Source.CDRs+r.Source.Rejected) != len(mixed) {
		t.Errorf("%d CDRs and %d rejects of %d rows and %d lines", r.Source.CDRs, r.Source.Rejected, len(rows), len(mixed))
	}
	rejects, err := db.Rejects(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range rejects {
		if got := mixed[x.Line-1]; strings.TrimSpace(x.Sample) != strings.TrimSpace(got) || !strings.Contains(x.Reason, "fields, want") {
			t.Errorf("line %d, %q: reject %q: %s", x.Line, got, x.Sample, x.Reason)
		}
	}
	checkLedger(t, db)
}

// TestRejectedDocuments: the same for OM records.
func TestRejectedDocuments(t *testing.T) {
	good := omRecords(10)
	broken := []string{
		`<Cdr id="b1"><TimeStart>20261131090000</TimeStart><TimeEnd>20261110090010</TimeEnd><Duration>4</Duration></Cdr>` + "\n",
		`<Cdr id="b2"><Duration>0</Duration></Cdr>` + "\n",
		`<Cdr id="b3"><TimeStart>20261110` + "\n",
	}
	text := strings.Join(good[:20], "") + strings.Join(broken, "") + strings.Join(good[20:], "")
	db := tempDB(t)
	s := take(t, db, written(t, "om.xml", []byte(text)))[0].Source
	if got := s.CDRs + s.Events; int(got) != len(good) || int(s.Rejected) != len(broken) {
		t.Errorf("%d records, %d rejects; want %d and %d", got, s.Rejected, len(good), len(broken))
	}
	checkLedger(t, db)
}

// stopAfter is a context that ends after so many looks at it: in the middle of a file.
type stopAfter struct {
	context.Context
	left atomic.Int64 // database/sql looks at it from goroutines of its own
}

func stoppedAfter(looks int) *stopAfter {
	c := &stopAfter{Context: context.Background()}
	c.left.Store(int64(looks))
	return c
}

func (c *stopAfter) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledImport: an import that was stopped in the middle leaves no trace,
// whenever it was stopped.
func TestCancelledImport(t *testing.T) {
	var before, during []string
	for i := range 3000 {
		row := csvRow(i, fmt.Sprintf("%d.%d", 1794301200+i, i), []string{"ANSWERED", "BUSY"}[i%2], 10*(1-i%2))
		if before = append(before, row); i >= 1000 {
			during = append(during, row)
		}
	}
	db, err := store.Open(filepath.Join(t.TempDir(), "callsift.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	take(t, db, written(t, "before.csv", []byte(strings.Join(before[:2000], ""))))
	want := logicalDump(t, db)
	path := written(t, "during.csv", []byte(strings.Join(during, "")))
	for left := 0; ; left++ {
		ctx := stoppedAfter(left)
		err := Run(ctx, db, []string{path}, Options{}, func(FileResult) {})
		if err == nil {
			if left < 3 {
				t.Fatalf("an import looks at its context %d times", left)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		sameDump(t, fmt.Sprint("stopped at look ", left), want, logicalDump(t, db))
		if n := oneNumber(t, db, `SELECT count(*) FROM source`); n != 1 {
			t.Fatalf("stopped at look %d: %d sources", left, n)
		}
	}
	if got := ledger(t, db).Calls; got != 3000 {
		t.Errorf("%d calls after all, want 3000", got)
	}
	checkLedger(t, db)
}

// TestDamagedFile: what could be read before the damage stays, the ledger says
// so, and the whole file later counts the rest.
func TestDamagedFile(t *testing.T) {
	whole := []byte(strings.Join(masterRows(400), ""))
	packed := gzipped(t, whole)
	path := written(t, "Master.csv.gz", packed[:len(packed)*2/3])
	db := tempDB(t)
	r := take(t, db, path)[0]
	if r.Err == nil || r.Source.State != store.Partial || r.Source.CDRs == 0 || r.Source.Note == "" {
		t.Fatalf("%d CDRs, state %q, note %q, %v", r.Source.CDRs, r.Source.State, r.Source.Note, r.Err)
	}
	checkLedger(t, db)
	if err := os.WriteFile(path, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	take(t, db, path)
	checkLedger(t, db)
	sameDump(t, "after the damaged file", logicalDump(t, imported(t, written(t, "Master.csv", whole))), logicalDump(t, db))
}

// TestReaderError: a format's own error makes the source partial; its records stay.
func TestReaderError(t *testing.T) {
	broken := &Format{Name: "broken", Kind: "cdr", Sniff: func([]byte) bool { return true }, Read: func(in *Input, out Sink) error {
		io.Copy(io.Discard, in)
		out.CDR(&CDR{ID: "1", Start: 1_794_301_200_000_000, Talk: -1, Outcome: "failed", Code: 503, CauseQ850: -1})
		return errors.New("record 2 has no end")
	}}
	db := tempDB(t)
	var r FileResult
	if err := Run(context.Background(), db, []string{written(t, "x", []byte("x"))}, Options{Format: broken}, func(got FileResult) { r = got }); err != nil {
		t.Fatal(err)
	}
	if r.Source.State != store.Partial || !strings.Contains(r.Source.Note, "record 2 has no end") || ledger(t, db).Calls != 1 {
		t.Errorf("state %q, note %q, %d calls", r.Source.State, r.Source.Note, ledger(t, db).Calls)
	}
}

// TestFindCDR: a call is found by its own id and by that of any of its records.
func TestFindCDR(t *testing.T) {
	db := imported(t, written(t, "om.xml", []byte(strings.Join(omRecords(3), ""))), written(t, "Master.csv", []byte(strings.Join(masterRows(3), ""))))
	for _, id := range []string{"0090000-0", "0090000-1", "x43", fmt.Sprintf("%d.1", 1794301200+60)} {
		found, err := db.Find(context.Background(), id)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %d calls, %v", id, len(found), err)
		}
		again, err := db.Find(context.Background(), found[0].CallID())
		if d := cmp.Diff(found, again); err != nil || d != "" {
			t.Errorf("%s is %s: %v\n%s", id, found[0].CallID(), err, d)
		}
		legs, err := db.Legs(context.Background(), &found[0])
		if err != nil || len(legs) != found[0].Legs {
			t.Errorf("%s: %d legs, want %d; %v", id, len(legs), found[0].Legs, err)
		}
	}
}

// TestStdinTwice: bytes that were in a file already are not counted again.
func TestStdinTwice(t *testing.T) {
	path := written(t, "Master.csv", []byte(strings.Join(masterRows(20), "")))
	db := imported(t, path)
	want := logicalDump(t, db)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	old := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = old }()
	if r := take(t, db, Stdin)[0]; r.Already != path || r.Err != nil {
		t.Errorf("already %q, %v", r.Already, r.Err)
	}
	sameDump(t, "from standard input again", want, logicalDump(t, db))
	checkLedger(t, db)
	take(t, db, written(t, "more.csv", []byte(csvRow(7200, "1794308400.1", "BUSY", 0))))
	checkLedger(t, db)
}
