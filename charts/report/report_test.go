package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/sample"
)

var update = flag.Bool("update", false, "write the golden files anew")

func packed(t *testing.T, r *analyze.Report) map[string][]byte {
	t.Helper()
	files, err := pack(r, Options{Tool: "callsift test", Chart: charts.Options{Scale: 1}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		out[f.path] = f.data
	}
	return out
}

// The pack on disk is complete, the same on a second run, and leaves nothing
// half-written beside it.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "report")
	read := func() map[string]string {
		if err := Write(dir, sample.Hotel(), Options{Chart: charts.Options{Scale: 1}}); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				data, _ := os.ReadFile(path)
				rel, _ := filepath.Rel(dir, path)
				files[filepath.ToSlash(rel)] = string(data)
			}
			return err
		})
		return files
	}
	first := read()
	second := read()
	want := []string{"report.html", "report.json", "report.md", "report.xlsx", "report.pdf", "mail.eml", "tables/codes.csv", "tables/ledger.csv"}
	for _, n := range charts.Names() {
		want = append(want, "charts/"+n+".png", "charts/"+n+".svg")
	}
	for _, n := range want {
		if first[n] == "" {
			t.Errorf("%s is not in the pack", n)
		}
	}
	if len(first) != 6+2*len(charts.Names())+len(tables(sample.Hotel())) {
		t.Errorf("%d files in the pack", len(first))
	}
	for n := range second {
		if first[n] != second[n] {
			t.Errorf("%s differs on the second run", n)
		}
	}
}

// A pack that cannot be rendered leaves the folder alone.
func TestWriteNothingOnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	if err := Write(dir, sample.Hotel(), Options{Chart: charts.Options{Width: 1}}); err == nil {
		t.Error("width 1 gave no error")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

// The sample's own sums close, so that what the page shows can be checked by eye.
func TestSampleCloses(t *testing.T) {
	r := sample.Hotel()
	all := outcomes(r)
	var days, hours, trunks int64
	for _, d := range r.Days {
		for _, n := range d.Counts {
			days += n
		}
	}
	for _, d := range r.Heat.Cells {
		for _, c := range d {
			hours += c.Count
		}
	}
	for _, g := range r.Trunks {
		trunks += g.Count
	}
	if last := r.Ledger[len(r.Ledger)-1].N; all.Count != days || all.Count != hours || all.Count != trunks || all.Count != last {
		t.Errorf("codes %d, days %d, hours %d, trunks %d, ledger %d", all.Count, days, hours, trunks, last)
	}
	if want := "calls\u00a04,032 = answered\u00a02,871 + user\u00a0550 + abandoned\u00a0318 + failed\u00a0277 + redirected\u00a011 + in progress\u00a05"; equation(r) != want {
		t.Errorf("%q, want %q", equation(r), want)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for name, r := range sample.Extremes() {
		data, err := encode(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var doc document
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := again(t, doc); name != "hostile" && !bytes.Equal(diff, data) { // its broken UTF-8 is written as an escape the first time
			t.Errorf("%s: reading and writing report.json again changes it", name)
		}
		if doc.Schema != schemaName {
			t.Errorf("%s: schema %q", name, doc.Schema)
		}
		for _, list := range []string{"verdict", "kpis", "codes", "findings", "sources", "warnings"} {
			if bytes.Contains(data, []byte(`"`+list+`": null`)) {
				t.Errorf("%s: list %s is null", name, list)
			}
		}
	}
}

// again encodes a document as encode does.
func again(t *testing.T, doc document) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// short is a number to six digits after the point, as the comparison writes it.
func short(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64)
}

// Findings and incidents carry what scripts go by.
func TestFindings(t *testing.T) {
	doc := newDocument(sample.Hotel())
	var got map[string]any
	if err := json.Unmarshal(doc.Findings[0], &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"rank": 1.0, "keys": map[string]any{"trunk": "carrier-a", "code": 503.0}, "from": "2026-11-10T14:05:00+01:00", "to": "2026-11-10T17:20:00+01:00",
		"excess": 169.1, "share": 0.61, "owner": "carrier", "confidence": 0.99, "calls": []any{"c-20261110-140712-0091", "c-20261110-151133-0140", "c-20261110-164502-0203"}}
	for k, v := range want {
		if diff := cmp.Diff(v, got[k]); diff != "" {
			t.Errorf("%s: %s", k, diff)
		}
	}
	data, _ := json.Marshal(doc.Incidents[1])
	if want := `{"from":"2026-11-12T08:45:00+01:00","to":"2026-11-12T09:30:00+01:00","trunk":"pstn","code":404,"cause":"Not Found","count":0,"failed":12,"expected":0.8,"calls":["c-20261112-084901-0007"]}`; string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
}

func TestGuard(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "503": "503", "-12": "-12", "-0.5": "-0.5", "=1+1": "'=1+1", "+4930555010": "'+4930555010", "-1+1": "'-1+1", "-": "'-", "-.5": "'-.5",
		"@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "carrier-a": "carrier-a", "a=b": "a=b", "é": "é", "\xff": "\uFFFD",
	} {
		if got := guard(in); got != want {
			t.Errorf("guard(%q) = %q, want %q", in, got, want)
		}
	}
}

// No cell of any table of the hostile report begins a formula.
func TestCSV(t *testing.T) {
	for _, tab := range tables(sample.Hostile()) {
		rows, err := csv.NewReader(bytes.NewReader(tab.csv())).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", tab.name, err)
		}
		if len(rows) < 2 {
			t.Errorf("%s: no rows", tab.name)
		}
		for _, row := range rows {
			if len(row) != len(tab.head) {
				t.Errorf("%s: %d cells, want %d", tab.name, len(row), len(tab.head))
			}
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && !plainNumber(cell) {
					t.Errorf("%s: cell %q", tab.name, cell)
				}
			}
		}
	}
	if got := string(trunkTable(sample.Hostile()).csv()); !strings.Contains(got, "'=cmd|' /C calc'!A0") {
		t.Error("the trunk named like a formula is not guarded")
	}
}

func TestSummary(t *testing.T) {
	for name, r := range map[string]*analyze.Report{"hotel": sample.Hotel(), "empty": sample.Empty(), "hostile": sample.Hostile()} {
		var b bytes.Buffer
		if err := Summary(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n > 25 {
			t.Errorf("%s: %d lines, want at most 25", name, n)
		}
		if i := strings.IndexFunc(b.String(), func(c rune) bool { return c != '\n' && unicode.In(c, unicode.Cc, unicode.Cf) }); i >= 0 {
			t.Errorf("%s: control character at %d", name, i)
		}
		path := filepath.Join("testdata", "summary-"+name+".txt")
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (run with -update if this is meant):\n%s", name, diff)
		}
	}
}

func TestEmptyReport(t *testing.T) {
	files := packed(t, sample.Empty())
	page := string(files["report.html"])
	for _, want := range []string{"No calls in 2026-W46.", "No calls in 2026-W46: no source covers it", "nothing was counted", "Unknown: no source covers the period", "0\u00a0h</data> of 168\u00a0h"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "NaN") {
		t.Error("NaN on the page")
	}
}

func TestWarnings(t *testing.T) {
	if got := Warnings(sample.Hotel(), Options{}); got != nil {
		t.Errorf("%q, want none", got)
	}
	got := Warnings(sample.Hostile(), Options{})
	if len(got) != 1 || !strings.HasPrefix(got[0], `chart trunks: no glyph for "店酒`) {
		t.Errorf("%q, want one about trunks", got)
	}
}
