package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/ingest"
	"callsift/store"
)

const siteDir = "../../testdata/site"

// siteTally counts calls by outcome and code, as the generator writes it down.
type siteTally struct {
	Calls    int            `json:"calls"`
	Outcomes map[string]int `json:"outcomes"`
	Codes    map[string]int `json:"codes"`
}

// siteTruth is what testdata/sitegen put into the files; keys are the ISO week
// in UTC and the source or method.
type siteTruth struct {
	Calls    map[string]map[string]*siteTally `json:"calls"`
	Requests map[string]map[string]*siteTally `json:"requests"`
	Incident struct {
		From     time.Time `json:"from"`
		To       time.Time `json:"to"`
		Gateway  int       `json:"gateway_503"`
		Asterisk int       `json:"asterisk_failed"`
	} `json:"incident"`
	Records struct {
		GatewayMessages int `json:"gateway_messages"`
		CaptureMessages int `json:"capture_messages"`
		CSVRows         int `json:"csv_rows"`
		OMCdrs          int `json:"om_cdrs"`
		OMEvents        int `json:"om_events"`
	} `json:"records"`
}

// generateSite runs the generator: site and truth.json in dir.
func generateSite(t *testing.T) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	dir = t.TempDir()
	run := exec.Command("go", "run", "../../testdata/sitegen", "-out", filepath.Join(dir, "site"), "-truth", filepath.Join(dir, "truth.json"))
	if text, err := run.CombinedOutput(); err != nil {
		t.Fatalf("testdata/sitegen: %v\n%s", err, text)
	}
	return dir
}

func readSiteTruth(t *testing.T) (truth siteTruth) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(generateSite(t), "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

// TestSiteGenerated: the committed files are what the generator writes, and
// nothing else is there. What gzip makes of the same bytes differs between Go
// releases, so packed files are compared unpacked.
func TestSiteGenerated(t *testing.T) {
	want, got := siteFiles(t, filepath.Join(generateSite(t), "site")), siteFiles(t, siteDir)
	size := 0
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s: not what testdata/sitegen writes: run `go run ./testdata/sitegen`", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s: testdata/sitegen does not write it", name)
		}
		info, err := os.Stat(filepath.Join(siteDir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += int(info.Size())
	}
	if size > 6e6 {
		t.Errorf("%d bytes, want under 6 MB", size)
	}
}

func siteFiles(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".gz" {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(root, path)
		files[name] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// importSite reads the sample site into a database of its own.
func importSite(t *testing.T, files []string) (*store.DB, []ingest.FileResult) {
	t.Helper()
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var results []ingest.FileResult
	if err := ingest.Run(context.Background(), db, files, ingest.Options{}, func(r ingest.FileResult) { results = append(results, r) }); err != nil {
		t.Fatal(err)
	}
	return db, results
}

// TestSiteCounts: what callsift counts is what the generator put into the
// files, in any order of the files.
func TestSiteCounts(t *testing.T) {
	truth := readSiteTruth(t)
	files, missing := ingest.Expand([]string{siteDir})
	if len(missing) > 0 {
		t.Fatal(missing)
	}
	for _, backwards := range []bool{false, true} {
		name := "forwards"
		if backwards {
			name = "backwards"
			for i, j := 0, len(files)-1; i < j; i, j = i+1, j-1 {
				files[i], files[j] = files[j], files[i]
			}
		}
		t.Run(name, func(t *testing.T) {
			db, results := importSite(t, files)
			checkSiteRecords(t, &truth, results)
			// The capture's messages are in the syslog already.
			ledger, err := db.Ledger(context.Background())
			if got := ledger.Steps[store.StepDuplicates]; err != nil || got != int64(truth.Records.CaptureMessages) {
				t.Errorf("%d duplicates, want %d, the messages of the capture; %v", got, truth.Records.CaptureMessages, err)
			}
			calls, requests := countSite(t, db)
			if d := cmp.Diff(truth.Calls, calls); d != "" {
				t.Errorf("calls (-generated +counted)\n%s", d)
			}
			if d := cmp.Diff(truth.Requests, requests); d != "" {
				t.Errorf("requests (-generated +counted)\n%s", d)
			}
		})
	}
}

func checkSiteRecords(t *testing.T, truth *siteTruth, results []ingest.FileResult) {
	t.Helper()
	got := truth.Records
	got.GatewayMessages, got.CaptureMessages, got.CSVRows, got.OMCdrs, got.OMEvents = 0, 0, 0, 0, 0
	zones := map[string]string{}
	for _, r := range results {
		s := &r.Source
		if r.Err != nil || s.Rejected > 0 || s.State != store.Imported {
			t.Errorf("%s: %s, %d rejected, %v", r.Path, s.State, s.Rejected, r.Err)
		}
		switch s.Format {
		case "pcap":
			got.CaptureMessages += int(s.Messages)
		case "sip-syslog":
			got.GatewayMessages += int(s.Messages)
		case "asterisk-csv":
			got.CSVRows += int(s.CDRs)
		case "newrock-om":
			got.OMCdrs += int(s.CDRs)
			got.OMEvents += int(s.Events)
		}
		if s.TZ != "" {
			zones[s.Format] = s.TZ + " " + s.TZFrom
		}
	}
	if d := cmp.Diff(truth.Records, got); d != "" {
		t.Errorf("records (-generated +read)\n%s", d)
	}
	want := map[string]string{"asterisk-csv": "+01:00 uniqueid", "newrock-om": "+01:00 http date"}
	if d := cmp.Diff(want, zones); d != "" {
		t.Errorf("zones (-want +got)\n%s", d)
	}
}

// countSite counts calls and other requests by week as the generator does. A
// call that stands in the syslog and in the capture counts as sip like all others.
func countSite(t *testing.T, db *store.DB) (calls, requests map[string]map[string]*siteTally) {
	t.Helper()
	calls, requests = map[string]map[string]*siteTally{}, map[string]map[string]*siteTally{}
	err := db.Attempts(context.Background(), store.Filter{}, func(a *store.Attempt) error {
		p := &a.Profile
		if p.Scope == store.ScopeLeg {
			return nil
		}
		in, key := calls, p.Format
		switch {
		case p.Method != "INVITE":
			in, key = requests, p.Method
		case key == "pcap" || key == "sip-syslog":
			key = "sip"
		}
		year, number := time.UnixMicro(a.Start).UTC().ISOWeek()
		week := strconv.Itoa(year) + "-W" + strconv.Itoa(number)
		if in[week] == nil {
			in[week] = map[string]*siteTally{}
		}
		n := in[week][key]
		if n == nil {
			n = &siteTally{Outcomes: map[string]int{}, Codes: map[string]int{}}
			in[week][key] = n
		}
		n.Calls++
		n.Outcomes[string(p.Outcome)]++
		n.Codes[strconv.Itoa(p.Code)]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls, requests
}

// TestSiteIncident: the site shows what it is there to show. The second week
// fails clearly more often than the first, 503 is its most frequent failure,
// and nearly all of that lies within the hours of carrier-a's trouble.
func TestSiteIncident(t *testing.T) {
	truth := readSiteTruth(t)
	files, _ := ingest.Expand([]string{siteDir})
	db, _ := importSite(t, files)
	failed, all := map[string]int{}, map[string]int{}
	codes, inside := map[int]int{}, 0
	err := db.Attempts(context.Background(), store.Filter{}, func(a *store.Attempt) error {
		if a.Profile.Scope == store.ScopeLeg || a.Profile.Method != "INVITE" {
			return nil
		}
		at := time.UnixMicro(a.Start).UTC()
		week := "W45"
		if at.Day() >= 9 {
			week = "W46"
		}
		all[week]++
		if a.Profile.Outcome != "failed" {
			return nil
		}
		failed[week]++
		if week == "W46" {
			codes[a.Profile.Code]++
			if a.Profile.Code == 503 && !at.Before(truth.Incident.From) && at.Before(truth.Incident.To) {
				inside++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before, after := 100*float64(failed["W45"])/float64(all["W45"]), 100*float64(failed["W46"])/float64(all["W46"])
	if after < 3*before {
		t.Errorf("failed: %.1f %% of %d in W45, %.1f %% of %d in W46; want three times as much", before, all["W45"], after, all["W46"])
	}
	for code, n := range codes {
		if code != 503 && n >= codes[503] {
			t.Errorf("W46: %d calls failed with %d, want fewer than the %d with 503", n, code, codes[503])
		}
	}
	if inside != truth.Incident.Gateway {
		t.Errorf("%d calls failed with 503 during the trouble, want %d", inside, truth.Incident.Gateway)
	}
	t.Logf("failed: W45 %d of %d (%.1f %%), W46 %d of %d (%.1f %%), 503: %d, %d of them in the incident", failed["W45"], all["W45"], before, failed["W46"], all["W46"], after, codes[503], inside)
}
