package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/analyze"
	"callsift/charts"
	"callsift/ingest"
	"callsift/store"
)

// bigTruth is what the generator says of its Master.csv; times are UTC.
type bigTruth struct {
	Rows  int64
	Start string
	Days  int
	ByDay map[string]map[string]int64 `json:"by_start_day_disposition"`
	Hours map[string]int64            `json:"by_start_hour_of_day"`
	Trunk map[string]map[string]int64 `json:"by_trunk_disposition"`
}

// TestBig reads a generated Master.csv, named by CALLSIFT_BIG (with its truth in
// the file beside it that ends in .json), and the laboratory's capture into one
// database: breakdowns, the weekly report and what its charts are drawn from are
// those of the truths. With 10 M rows it takes some minutes and two gigabytes.
func TestBig(t *testing.T) {
	file := os.Getenv("CALLSIFT_BIG")
	if file == "" {
		t.Skip("CALLSIFT_BIG names no Master.csv")
	}
	var truth bigTruth
	var lab labTruth
	for name, into := range map[string]any{file + ".json": &truth, labBig + "truth.json": &lab} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Skip(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = ingest.Run(context.Background(), db, []string{file, unpackedLab(t)}, ingest.Options{}, func(r ingest.FileResult) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	capture := where(t, "format=pcap")
	t.Run("records", func(t *testing.T) { checkBigRecords(t, db, &truth) })
	t.Run("week", func(t *testing.T) { checkBigWeek(t, db, &truth) })
	t.Run("lab groups", func(t *testing.T) { checkLabGroups(t, db, &lab, capture) })
	t.Run("lab week", func(t *testing.T) {
		week := weekOf(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC))
		r, err := analyze.ReportFrom(context.Background(), db, analyze.Query{Period: week}, "lab")
		if err != nil {
			t.Fatal(err)
		}
		if n := int64(r.KPIs[0].Value); n != int64(lab.Calls)-100 { // without the scanner's
			t.Errorf("headline: %s %d, want %d", r.KPIs[0].Name, n, lab.Calls-100)
		}
		checkSixCharts(t, &r)
	})
}

func where(t *testing.T, text string) analyze.Condition {
	t.Helper()
	c, err := analyze.ParseCondition(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func weekOf(day time.Time) analyze.Period {
	return analyze.Period{From: day, To: day.AddDate(0, 0, 7)}
}

// checkBigRecords holds all records against the truth: by day, hour and trunk.
func checkBigRecords(t *testing.T, db *store.DB, truth *bigTruth) {
	records := where(t, "format=asterisk-csv")
	by := func(keys ...string) map[string]map[string]int64 {
		m := map[string]map[string]int64{}
		for _, r := range breakdown(t, db, analyze.Query{By: keys, Where: []analyze.Condition{records}}).Rows {
			if m[r.Keys[0]] == nil {
				m[r.Keys[0]] = map[string]int64{}
			}
			m[r.Keys[0]][r.Keys[len(r.Keys)-1]] += r.Count
		}
		return m
	}
	if diff := cmp.Diff(truth.ByDay, by("day", "reason")); diff != "" {
		t.Errorf("by day (-truth +callsift)\n%s", diff)
	}
	if diff := cmp.Diff(truth.Trunk, by("trunk", "reason")); diff != "" {
		t.Errorf("by trunk (-truth +callsift)\n%s", diff)
	}
	hours := map[string]int64{}
	for h, n := range by("hour") {
		hours[h] = n[h]
	}
	if diff := cmp.Diff(truth.Hours, hours); diff != "" {
		t.Errorf("by hour (-truth +callsift)\n%s", diff)
	}
}

// checkBigWeek holds the report of the third week against the truth, in all that
// its charts are drawn from.
func checkBigWeek(t *testing.T, db *store.DB, truth *bigTruth) {
	begin, err := time.Parse(time.DateOnly, truth.Start)
	if err != nil || truth.Days < 21 {
		t.Fatalf("truth begins %q and has %d days, want three weeks: %v", truth.Start, truth.Days, err)
	}
	week := weekOf(begin.AddDate(0, 0, 14))
	r, err := analyze.ReportFrom(context.Background(), db, analyze.Query{Period: week}, "big")
	if err != nil {
		t.Fatal(err)
	}
	sum := func(counts map[string]int64) (n int64) {
		for _, k := range counts {
			n += k
		}
		return n
	}
	var total, failed int64
	for i := range 7 {
		day := week.From.AddDate(0, 0, i)
		want := truth.ByDay[day.Format(time.DateOnly)]
		total, failed = total+sum(want), failed+want["FAILED"]+want["CONGESTION"]
		if got := sum(r.Days[i].Counts); got != sum(want) {
			t.Errorf("classes on %s: %d, want %d", day.Format(time.DateOnly), got, sum(want))
		}
		var heat, heatFailed int64
		for _, c := range r.Heat.Cells[(int(day.Weekday())+6)%7] {
			heat, heatFailed = heat+c.Count, heatFailed+c.Failed
		}
		if heat != sum(want) || heatFailed != want["FAILED"]+want["CONGESTION"] {
			t.Errorf("heatmap on %s: %d of %d failed, want %d of %d", day.Format(time.DateOnly), heatFailed, heat, want["FAILED"]+want["CONGESTION"], sum(want))
		}
		if !r.Trend[i].Data || r.Trend[i].ASR.Den != sum(want) {
			t.Errorf("trend on %s: of %d, want %d", day.Format(time.DateOnly), r.Trend[i].ASR.Den, sum(want))
		}
	}
	if n := int64(r.KPIs[0].Value); n != total {
		t.Errorf("headline: %s %d, want %d", r.KPIs[0].Name, n, total)
	}
	var byCode, byCodeFailed, byTrunk int64
	for _, c := range r.Codes {
		byCode, byCodeFailed = byCode+c.Count, byCodeFailed+c.Failed
	}
	for _, g := range r.Trunks {
		byTrunk += g.Count
	}
	if byCode != total || byCodeFailed != failed || byTrunk != total {
		t.Errorf("codes: %d of %d failed, trunks %d; want %d of %d", byCodeFailed, byCode, byTrunk, failed, total)
	}
	checkSixCharts(t, &r)
}

// checkSixCharts draws the six charts of a report; each has something to show, but
// records carry no post-dial delay.
func checkSixCharts(t *testing.T, r *analyze.Report) {
	for _, name := range []string{"classes", "codes", "trunks", "heatmap", "trend", "pdd"} {
		f, err := charts.New(name, r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Empty != "" && (name != "pdd" || r.PDD.N > 0) {
			t.Errorf("%s: empty: %s", name, f.Empty)
		}
		if err := charts.Render(io.Discard, f, "png", charts.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
