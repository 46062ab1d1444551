package report

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"callsift/charts/internal/sample"
)

// openWorkbook makes the sample's workbook and reads it.
func openWorkbook(t *testing.T) ([]byte, *excelize.File) {
	t.Helper()
	book, err := workbook(sample.Hotel(), "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return book, f
}

// The sums of the workbook are those of report.json; foreign text is no formula.
func TestWorkbook(t *testing.T) {
	r := sample.Hotel()
	var doc document
	data, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	book, f := openWorkbook(t)
	sum := func(sheet, column string) (total int64) {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range rows[0] {
			if name != column {
				continue
			}
			for n, row := range rows[1:] {
				if i >= len(row) {
					continue
				}
				cell, _ := excelize.CoordinatesToCellName(i+1, n+2)
				if kind, _ := f.GetCellType(sheet, cell); kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
					t.Errorf("%s %s is no number: type %v", sheet, cell, kind)
				}
				v, err := strconv.ParseInt(row[i], 10, 64)
				if err != nil {
					t.Errorf("%s %s: %v", sheet, cell, err)
				}
				total += v
			}
		}
		return total
	}
	var trunks, load, ledger int64
	for _, g := range doc.Trunks {
		trunks += g.Failed
	}
	for _, c := range doc.Heatmap.Cells {
		load += c.Count
	}
	for _, l := range doc.Ledger {
		ledger += l.N
	}
	for _, x := range []struct {
		sheet, column string
		want          int64
	}{{"codes", "count", doc.Outcomes.Count}, {"codes", "failed", doc.Outcomes.Failed}, {"trunks", "failed", trunks}, {"heatmap", "count", load}, {"ledger", "n", ledger}} {
		if got := sum(x.sheet, x.column); got != x.want || got == 0 {
			t.Errorf("%s %s sums to %d, report.json to %d", x.sheet, x.column, got, x.want)
		}
	}
	again, _ := workbook(r, "")
	if !bytes.Equal(book, again) {
		t.Error("the workbook differs on a second run")
	}
	hostile, err := workbook(sample.Hostile(), "")
	if err != nil {
		t.Fatal(err)
	}
	if f, err = excelize.OpenReader(bytes.NewReader(hostile)); err != nil {
		t.Fatal(err)
	}
	for _, sheet := range f.GetSheetList() {
		rows, _ := f.GetRows(sheet)
		for y, row := range rows {
			for x := range row {
				cell, _ := excelize.CoordinatesToCellName(x+1, y+1)
				if formula, _ := f.GetCellFormula(sheet, cell); formula != "" {
					t.Errorf("%s %s is the formula %q", sheet, cell, formula)
				}
			}
		}
	}
}

// Foreign text cannot end a cell of a Markdown table or bring markup.
func TestMarkdown(t *testing.T) {
	text := string(markdown(sample.Hostile(), Options{}))
	if strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("foreign markup in report.md")
	}
	hotel := string(markdown(sample.Hotel(), Options{Tool: "callsift test"}))
	order := []string{"## Verdict", "### Findings", "## Key figures", "## Response classes and codes", "## Causes of failures", "## Trunks, destinations", "## When", "## What changed", "## Failover", "## In the call", "## Action list", "## Appendix"}
	at := -1
	for _, s := range order {
		i := strings.Index(hotel, s)
		if i <= at {
			t.Errorf("%q is not there or not in its place", s)
		}
		at = i
	}
	if !strings.Contains(hotel, "| 503 Service Unavailable") || !strings.Contains(hotel, "![") {
		t.Error("no table row of 503 or no chart in report.md")
	}
	columns := 0
	for _, l := range strings.Split(text, "\n") {
		if !strings.HasPrefix(l, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(strings.ReplaceAll(l, `\\`, ""), `\|`, ""), "|")
		if columns != 0 && n != columns {
			t.Errorf("%d bars, want %d: %s", n, columns, l)
		}
		columns = n
	}
}

// report.pdf is made of any report, whatever stands in it, and is the same on a
// second run.
func TestPrinted(t *testing.T) {
	for name, r := range sample.Extremes() {
		first, err := printed(r, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(first, []byte("%PDF-")) {
			t.Errorf("%s: no PDF", name)
		}
		if second, _ := printed(r, Options{}); !bytes.Equal(first, second) {
			t.Errorf("%s: another PDF on a second run", name)
		}
	}
}

// What has the unit % reads as a percentage, and a sheet is one page wide.
func TestWorkbookReads(t *testing.T) {
	_, f := openWorkbook(t)
	rows, err := f.GetRows("kpis")
	if err != nil {
		t.Fatal(err)
	}
	shares := 0
	for _, row := range rows[1:] {
		percent := strings.HasSuffix(row[3], "%")
		if row[3] != "" && percent != (row[2] == "%") {
			t.Errorf("%s: value %q of unit %q", row[0], row[3], row[2])
		}
		if percent {
			shares++
		}
	}
	if shares == 0 {
		t.Error("no percentage among the key figures")
	}
	for _, sheet := range f.GetSheetList() {
		page, err := f.GetPageLayout(sheet)
		props, err2 := f.GetSheetProps(sheet)
		if err != nil || err2 != nil || props.FitToPage == nil || !*props.FitToPage || page.FitToWidth == nil || *page.FitToWidth != 1 {
			t.Errorf("%s: page %+v %+v, %v, %v", sheet, page, props, err, err2)
		}
	}
}

// The sheets of the codes and of the trend show their charts.
func TestWorkbookCharts(t *testing.T) {
	book, err := workbook(sample.Hotel(), "")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	shown, charts := 0, 0
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(f.Name, "xl/worksheets/sheet") && bytes.Contains(data, []byte("<drawing ")) {
			shown++
		}
		if strings.HasPrefix(f.Name, "xl/charts/") {
			charts++
		}
	}
	if shown != 2 || charts != 2 {
		t.Errorf("%d sheets show a chart, of %d charts; want 2 and 2", shown, charts)
	}
}
