package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/analyze"
	"callsift/charts"
	"callsift/ingest"
	"callsift/store"
	"callsift/store/codes"
)

// cdrTruth is what the corpus' generator of call records says of them.
type cdrTruth struct {
	Rows    int64
	Billsec int64                       `json:"sum_billsec"`
	Days    map[string]map[string]int64 `json:"by_start_day_disposition"`
	Hours   map[string]int64            `json:"by_start_hour_of_day"`
	Trunks  map[string]map[string]int64 `json:"by_trunk_disposition"`
}

// TestRecordsAndCapture holds reports of one database with generated call records
// and the laboratory's capture against the truths of both: 60,000 records, and
// with CALLSIFT_BIG=1 ten million, which take 4 GB of disk and some minutes.
func TestRecordsAndCapture(t *testing.T) {
	if testing.Short() {
		t.Skip("300 MB")
	}
	n := 60_000
	if os.Getenv("CALLSIFT_BIG") != "" {
		n = 10_000_000
	} else {
		t.Log("60,000 records; CALLSIFT_BIG=1 takes ten million (4 GB of disk)")
	}
	var records cdrTruth
	csv := generatedRecords(t, n, &records)
	var lab struct {
		Calls   int64            `json:"invite_calls"`
		Final   map[string]int64 `json:"invite_final"`
		Classes map[string]int64 `json:"invite_final_class"`
	}
	readTruth(t, labBig+"truth.json", &lab)

	path := filepath.Join(t.TempDir(), "calls.db")
	importFiles(t, path, csv, unpackedLab(t))
	db, err := store.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Freeze(context.Background()); err != nil {
		t.Fatal(err)
	}
	first := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for from := first; from.Before(first.AddDate(0, 0, 28)); from = from.AddDate(0, 0, 7) {
		t.Run("week of "+from.Format(time.DateOnly), func(t *testing.T) { checkRecordsWeek(t, reportOf(t, db, from, 7), &records) })
	}
	t.Run("four weeks", func(t *testing.T) { checkRecordsAll(t, reportOf(t, db, first, 28), &records) })
	t.Run("capture", func(t *testing.T) {
		r := reportOf(t, db, time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), 7)
		checkCaptureWeek(t, r, lab.Calls, lab.Final, lab.Classes)
	})
	t.Run("check", func(t *testing.T) {
		c, err := db.Check(context.Background(), false)
		if err != nil || len(c.Findings) > 0 {
			t.Errorf("%v %v", err, c.Findings)
		}
	})
}

func generatedRecords(t *testing.T, n int, truth *cdrTruth) string {
	t.Helper()
	source := filepath.Join(filepath.Dir(filepath.Dir(labBig)), "gen", "gencdr.go")
	if _, err := os.Stat(source); err != nil {
		t.Skipf("no shared corpus: %v", err)
	}
	file := filepath.Join(t.TempDir(), "Master.csv")
	if out, err := exec.Command("go", "run", source, "-n", fmt.Sprint(n), "-o", file, "-truth", file+".json").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	readTruth(t, file+".json", truth)
	return file
}

func readTruth(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no shared corpus: %v", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func importFiles(t *testing.T, path string, files ...string) {
	t.Helper()
	db, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := ingest.Run(context.Background(), db, files, ingest.Options{}, func(r ingest.FileResult) {
		if r.Err != nil || r.Source.Rejected > 0 && r.Source.CDRs > 0 { // the capture holds packets that are no SIP
			t.Errorf("%s: %d rejected, %v", r.Path, r.Source.Rejected, r.Err)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// reportOf builds the report of some days and draws its six first charts.
func reportOf(t *testing.T, db *store.DB, from time.Time, days int) *analyze.Report {
	t.Helper()
	q := analyze.Query{Period: analyze.Period{From: from, To: from.AddDate(0, 0, days)}}
	r, err := analyze.ReportFrom(context.Background(), db, q, "both")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range charts.Names()[:6] {
		if fig, err := charts.New(name, &r); err != nil || fig.Empty != "" && (name != "pdd" || r.PDD.N > 0) && (name != "codes" || len(r.Codes) > 1) {
			t.Errorf("chart %s: %q, %v", name, fig.Empty, err)
		}
	}
	return &r
}

// kpi is the number, or the ratio's numerator and denominator, of a headline figure.
func kpi(t *testing.T, r *analyze.Report, name string) analyze.Metric {
	t.Helper()
	for _, m := range r.KPIs {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no %s", name)
	return analyze.Metric{}
}

// outcomesOf sums dispositions as callsift's outcomes.
func outcomesOf(d map[string]int64) analyze.Tally {
	t := analyze.Tally{Answered: d["ANSWERED"], User: d["BUSY"] + d["NO ANSWER"], Failed: d["FAILED"] + d["CONGESTION"]}
	t.Count = t.Answered + t.User + t.Failed
	return t
}

// checkRecordsWeek: charts of the days against the truth's days.
func checkRecordsWeek(t *testing.T, r *analyze.Report, truth *cdrTruth) {
	var all analyze.Tally
	for i, d := range r.Days {
		day := d.Day.Format(time.DateOnly)
		want := outcomesOf(truth.Days[day])
		all = all.Plus(want)
		if diff := cmp.Diff(map[string]int64{"unknown": want.Count}, d.Counts); diff != "" || !d.Data {
			t.Errorf("classes of %s (-truth +callsift)\n%s", day, diff)
		}
		if asr := r.Trend[i].ASR; !r.Trend[i].Day.Equal(d.Day) || asr.Num != want.Answered || asr.Den != want.Count {
			t.Errorf("ASR of %s: %d of %d, want %d of %d", day, asr.Num, asr.Den, want.Answered, want.Count)
		}
	}
	if n, asr, failed := kpi(t, r, "calls"), kpi(t, r, "asr").Ratio, kpi(t, r, "failure_rate").Ratio; len(r.Days) != 7 || all.Count == 0 ||
		int64(n.Value) != all.Count || asr.Num != all.Answered || failed.Num != all.Failed || failed.Den != all.Count {
		t.Errorf("%d days, %v calls, ASR %d/%d, failures %d/%d; want %+v", len(r.Days), n.Value, asr.Num, asr.Den, failed.Num, failed.Den, all)
	}
}

// checkRecordsAll: what the truth has of all records: trunks, hours, talk.
func checkRecordsAll(t *testing.T, r *analyze.Report, truth *cdrTruth) {
	got, want := map[string]analyze.Tally{}, map[string]analyze.Tally{}
	for _, row := range r.Trunks {
		got[row.Name] = analyze.Tally{Count: row.Count, Answered: row.Answered, User: row.User, Failed: row.Failed}
	}
	for name, d := range truth.Trunks {
		want[name] = outcomesOf(d)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trunks (-truth +callsift)\n%s", diff)
	}
	hours := map[string]int64{}
	var failed, cells int64
	for _, day := range r.Heat.Cells {
		for h, c := range day {
			hours[fmt.Sprintf("%02d", h)] += c.Count
			failed, cells = failed+c.Failed, cells+c.Count
		}
	}
	if diff := cmp.Diff(truth.Hours, hours); diff != "" {
		t.Errorf("hours (-truth +callsift)\n%s", diff)
	}
	if len(r.Codes) != 1 || r.Codes[0].Code != codes.Unknown || r.Codes[0].Count != truth.Rows || r.Codes[0].TalkMS != truth.Billsec*1000 || r.Codes[0].Failed != failed || cells != truth.Rows {
		t.Errorf("%d cells in the heat map, %d failed; codes %+v, want %d records and %d s of talk, no code", cells, failed, r.Codes, truth.Rows, truth.Billsec)
	}
	if r.PDD.N != 0 || len(r.Excluded) != 0 {
		t.Errorf("%d post-dial delays of records that have none; left out %v", r.PDD.N, r.Excluded)
	}
}

// checkCaptureWeek: the laboratory's calls are not touched by the records'.
func checkCaptureWeek(t *testing.T, r *analyze.Report, calls int64, final, classes map[string]int64) {
	got := map[string]int64{}
	for _, c := range r.Codes {
		name := fmt.Sprint(c.Code)
		if c.Code == codes.None {
			name = "none"
		}
		got[name] += c.Count
	}
	if diff := cmp.Diff(final, got); diff != "" {
		t.Errorf("codes (-truth +callsift)\n%s", diff)
	}
	got = map[string]int64{}
	for _, d := range r.Days {
		for class, n := range d.Counts {
			got[class] += n
		}
	}
	if diff := cmp.Diff(classes, got); diff != "" {
		t.Errorf("classes (-truth +callsift)\n%s", diff)
	}
	var cells, attempts int64
	for _, day := range r.Heat.Cells {
		for _, c := range day {
			cells += c.Count
		}
	}
	for _, g := range r.Trunks {
		attempts += g.Count
	}
	if cells != calls || attempts < calls || r.PDD.N == 0 || r.PDD.N > calls {
		t.Errorf("heat map %d, trunks %d, post-dial delays %d; want %d calls", cells, attempts, r.PDD.N, calls)
	}
	if n := kpi(t, r, "calls"); int64(n.Value)+100 != calls || len(r.Excluded) != 1 || r.Excluded[0].Count != 100 {
		t.Errorf("headline %v calls, left out %v; want all but the 100 of the scanner", n.Value, r.Excluded)
	}
}
