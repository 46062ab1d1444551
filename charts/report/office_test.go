package report

import (
	"context"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"callsift/charts/internal/sample"
)

// LibreOffice opens the workbook, and what it reads there sums to report.json.
func TestWorkbookInLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice (soffice) is not installed: the workbook is read by the library alone")
	}
	r := sample.Hotel()
	book, err := workbook(r, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "report.xlsx"), book, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	// Every sheet as CSV, numbers as they are and not as they look.
	cmd := exec.CommandContext(ctx, soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1", "--outdir", dir, filepath.Join(dir, "report.xlsx"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	column := func(sheet, name string) (values []string) {
		f, err := os.Open(filepath.Join(dir, "report-"+sheet+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.Index(rows[0], name)
		if i < 0 {
			t.Fatalf("sheet %s has no column %s: %q", sheet, name, rows[0])
		}
		for _, row := range rows[1:] {
			values = append(values, row[i])
		}
		return values
	}
	sum := func(sheet, name string) (total int64) {
		for _, s := range column(sheet, name) {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				t.Errorf("%s %s: %v", sheet, name, err)
			}
			total += n
		}
		return total
	}
	doc := newDocument(r)
	var trunks, hours, callers, steps int64
	for _, g := range doc.Trunks {
		trunks += g.Failed
	}
	for _, c := range doc.Heatmap.Cells {
		hours += c.Count
	}
	for _, g := range doc.Callers {
		callers += g.Count
	}
	for _, l := range doc.Ledger {
		steps += l.N
	}
	for _, x := range []struct {
		sheet, column string
		want          int64
	}{{"codes", "count", doc.Outcomes.Count}, {"codes", "failed", doc.Outcomes.Failed}, {"trunks", "failed", trunks}, {"heatmap", "count", hours}, {"callers", "count", callers}, {"ledger", "n", steps}} {
		if got := sum(x.sheet, x.column); got != x.want || got == 0 {
			t.Errorf("%s %s sums to %d in LibreOffice, to %d in report.json", x.sheet, x.column, got, x.want)
		}
	}
	for _, tab := range tables(r) {
		if got := len(column(tab.name, tab.head[0])); got != len(tab.rows) {
			t.Errorf("sheet %s has %d rows, want %d", tab.name, got, len(tab.rows))
		}
	}
	if got := column("findings", "from")[0]; got != "2026-11-10 14:05:00" {
		t.Errorf("a date is shown as %q", got)
	}
}
