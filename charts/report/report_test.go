package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// element is what the page test needs of an element.
type element struct {
	name, table string
	attr        map[string]string
}

// parse reads the page as XML; the template writes it so that it is both. It
// gives all elements in order, each with the id of the table it is in.
func parse(t *testing.T, page []byte) []*element {
	t.Helper()
	// The page's own script is no XML; everything else is.
	from, to := bytes.Index(page, []byte("<script>")), bytes.LastIndex(page, []byte("</script>"))
	if from < 0 || to < from || !bytes.HasPrefix(page[to:], []byte("</script>\n</body>")) {
		t.Fatal("no script at the end of the page")
	}
	if string(page[from+len("<script>"):to]) != pageScript {
		t.Error("the script is not the page's own")
	}
	d := xml.NewDecoder(io.MultiReader(bytes.NewReader(page[:from]), bytes.NewReader(page[to+len("</script>"):])))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all, open []*element
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			e := &element{name: x.Name.Local, attr: map[string]string{}}
			if len(open) > 0 {
				e.table = open[len(open)-1].table
			}
			for _, a := range x.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			if e.name == "table" {
				e.table = e.attr["id"]
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func TestPageLoadsNothing(t *testing.T) {
	for name, r := range sample.Extremes() {
		page, err := page(r, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, e := range parse(t, page) {
			for _, a := range []string{"src", "srcset", "data", "action", "poster", "background"} {
				if v, ok := e.attr[a]; ok {
					t.Errorf("%s: %s has %s=%q", name, e.name, a, v)
				}
			}
			if h, ok := e.attr["href"]; ok && !strings.HasPrefix(h, "#") {
				t.Errorf("%s: link to %q", name, h)
			}
			if e.name == "script" || e.name == "link" || e.name == "iframe" || e.name == "img" {
				t.Errorf("%s: element %s", name, e.name)
			}
			for a := range e.attr {
				if strings.HasPrefix(a, "on") {
					t.Errorf("%s: %s has %s", name, e.name, a)
				}
			}
			if id := e.attr["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s: id %s twice", name, id)
				}
				ids[id] = true
			}
		}
		if regexp.MustCompile(`url\(|@import`).Match(page) {
			t.Errorf("%s: the style loads something", name)
		}
		for _, e := range parse(t, page) {
			if h := e.attr["href"]; len(h) > 1 && !ids[h[1:]] {
				t.Errorf("%s: link to %s, which is not there", name, h)
			}
		}
	}
}

func TestPageEscapes(t *testing.T) {
	page := string(packed(t, sample.Hostile())["report.html"])
	if strings.Count(page, "<script") != 1 || strings.Contains(page, "<img") {
		t.Error("foreign markup in the page")
	}
	if !strings.Contains(page, "&lt;script&gt;alert(2)&lt;/script&gt;") {
		t.Error("the sample is not shown")
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) }); i >= 0 {
		t.Errorf("control character %q in the page", page[i:i+4])
	}
}

// The numbers of the page are those of report.json, in the same order.
func TestPageAgreesWithJSON(t *testing.T) {
	files := packed(t, sample.Hotel())
	var doc document
	if err := json.Unmarshal(files["report.json"], &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	captions := map[string]bool{}
	for _, e := range parse(t, files["report.html"]) {
		switch {
		case e.name == "data":
			got[e.table] = append(got[e.table], short(e.attr["value"]))
		case e.name == "caption":
			captions[e.table] = true
		case e.name == "th" && e.attr["scope"] == "":
			t.Errorf("%s: th without a scope", e.table)
		}
	}
	want := map[string][]string{"": {float(doc.Coverage.Covered)}}
	raw := func(k *kpi) string {
		if k == nil || k.Value == nil {
			return ""
		}
		return short(float(*k.Value))
	}
	num := func(f float64) string { return short(float(f)) }
	value := func(q ratio) string { return short(float(*q.Value)) }
	changed := map[string][]string{} // difference and median of a row, by table and key
	var changes struct {
		Tables []struct {
			By   string
			Rows []struct {
				Key          string
				Now, Before  ratio
				Diff, Median *float64
			}
		}
	}
	if err := json.Unmarshal(doc.Changes, &changes); err != nil {
		t.Fatal(err)
	}
	for _, x := range changes.Tables {
		for _, c := range x.Rows {
			changed[x.By+" "+c.Key] = []string{num(*c.Diff), num(*c.Median)}
			if x.By != "kpi" {
				id := "t-change-" + x.By
				want[id] = append(want[id], value(c.Now), value(c.Before), num(*c.Diff), num(*c.Median))
			}
		}
	}
	kpis := func(id string, names ...string) {
		for _, k := range doc.KPIs {
			if names == nil || slices.Contains(names, k.Name) {
				for _, side := range []*kpi{&k, k.Previous} {
					if s := raw(side); s != "" {
						want[id] = append(want[id], s)
					}
				}
				want[id] = append(want[id], changed["kpi "+k.Name]...)
			}
		}
	}
	kpis("t-kpis")
	kpis("t-failover", "pdd_p50", "pdd_p95")
	for _, c := range doc.Codes {
		want["t-codes"] = append(want["t-codes"], integer(c.Count), integer(c.Failed))
	}
	group := func(id string, rows []groupRow) {
		for _, g := range rows {
			want[id] = append(want[id], integer(g.Count), value(g.ASR), value(g.NER), integer(g.Failed), value(g.Failure))
		}
	}
	group("t-prefixes", doc.Prefixes)
	group("t-agents", doc.Agents)
	group("t-sources-calling", doc.Callers)
	for _, g := range doc.Trunks {
		want["t-trunks"] = append(want["t-trunks"], integer(g.Count), value(g.ASR), value(g.NER), integer(g.Failed), value(g.Failure))
	}
	for _, p := range doc.Pareto {
		want["t-pareto"] = append(want["t-pareto"], integer(p.Failed), num(float64(p.Failed)/float64(doc.Outcomes.Failed)), value(p.Sum))
	}
	for _, h := range doc.Worst {
		want["t-worst"] = append(want["t-worst"], integer(h.Rated), integer(h.Failed), num(h.Expected))
	}
	for _, a := range doc.Availability {
		want["t-availability"] = append(want["t-availability"], value(a.Ratio), integer(a.Unavailable), integer(a.Minutes))
	}
	for _, a := range doc.Anomalies {
		want["t-anomalies"] = append(want["t-anomalies"], num(*a.Value), integer(int64(a.Weeks)))
	}
	for _, m := range doc.Marks {
		id := "t-marks-failover"
		if m.Name == "dropped" || m.Name == "no_ack" {
			id = "t-marks-midcall"
		}
		want[id] = append(want[id], integer(m.Count), integer(m.Failed))
	}
	for _, l := range doc.Ledger {
		want["t-ledger"] = append(want["t-ledger"], integer(l.N))
	}
	for _, e := range doc.Excluded {
		want["t-excluded"] = append(want["t-excluded"], integer(e.Count))
	}
	for _, s := range doc.Sources {
		want["t-sources"] = append(want["t-sources"], integer(s.Records), integer(s.Rejected))
	}
	for _, x := range doc.Rejects {
		want["t-rejects"] = append(want["t-rejects"], integer(x.Count))
	}
	for _, f := range doc.Findings {
		var row struct{ Failed int64 }
		if err := json.Unmarshal(f, &row); err != nil {
			t.Fatal(err)
		}
		want[""] = append(want[""], integer(row.Failed))
	}
	classes := got["t-classes"]
	delete(got, "t-classes")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report.json (-) against the page (+):\n%s", diff)
	}
	if n := len(classes); n < 4 || classes[n-2] != integer(doc.Outcomes.Count) || classes[n-1] != integer(doc.Outcomes.Failed) {
		t.Errorf("class table ends with %v, want %d and %d", classes, doc.Outcomes.Count, doc.Outcomes.Failed)
	}
	for id := range want {
		if id != "" && !captions[id] {
			t.Errorf("table %s has no caption", id)
		}
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
