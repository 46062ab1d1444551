package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callsift/store"
)

// remove takes the source with this path out.
func remove(t testing.TB, db *store.DB, path string) Removal {
	t.Helper()
	list, err := db.Sources(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Path == path {
			r, err := Remove(context.Background(), db, s)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	t.Fatalf("no source %s", path)
	return Removal{}
}

// removals tries what Remove promises: with each file in turn taken out of a
// database of all, it is what it would be without that file, and with the file
// read again, what it was.
func removals(t *testing.T, files ...string) {
	t.Helper()
	all := logicalDump(t, imported(t, files...))
	for i, f := range files {
		db := imported(t, files...)
		remove(t, db, f)
		rest := append(append([]string(nil), files[:i]...), files[i+1:]...)
		sameDump(t, fmt.Sprintf("without %s", filepath.Base(f)), logicalDump(t, imported(t, rest...)), logicalDump(t, db))
		checkRollups(t, db)
		checkDB(t, db)
		take(t, db, f)
		sameDump(t, fmt.Sprintf("%s taken out and read again", filepath.Base(f)), all, logicalDump(t, db))
		checkDB(t, db)
	}
}

// checkDB wants a database that checks clean.
func checkDB(t testing.TB, db *store.DB) {
	t.Helper()
	c, err := db.Check(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Findings {
		t.Errorf("check: %s: %s", f.Check, f.Text)
	}
}

// parts cuts records into overlapping files.
func parts(t *testing.T, ext string, records []string, cuts ...[2]int) []string {
	t.Helper()
	var files []string
	for i, c := range cuts {
		files = append(files, written(t, fmt.Sprintf("part%d%s", i, ext), []byte(strings.Join(records[c[0]:c[1]], ""))))
	}
	return files
}

func TestRemoveMasterCSV(t *testing.T) {
	rows := masterRows(60)
	removals(t, parts(t, ".csv", rows, [2]int{0, 40}, [2]int{20, 60}, [2]int{10, 30})...)
}

// TestRemoveRepeatedRows: rows that a file has several times are several calls.
func TestRemoveRepeatedRows(t *testing.T) {
	row := csvRow(3, "1794301203.3", "BUSY", 0)
	other := csvRow(4, "1794301204.4", "ANSWERED", 9)
	var files []string
	for i, n := range []int{2, 3, 1, 3} {
		files = append(files, written(t, fmt.Sprintf("n%d.csv", i), []byte(csvRow(1, fmt.Sprintf("1794301201.%d", i), "BUSY", 0)+strings.Repeat(row, n)+other+csvRow(90, fmt.Sprintf("1794301290.%d", i), "BUSY", 0))))
	}
	removals(t, files...)
}

func TestRemoveNewRock(t *testing.T) {
	records := omRecords(24)
	removals(t, parts(t, ".xml", records, [2]int{0, 30}, [2]int{15, 45}, [2]int{28, 48})...)
}

// TestRemoveRotated: logs that rotate in mid-call, and a call that only the
// later log's time decides.
func TestRemoveRotated(t *testing.T) {
	logs := rotatedCalls()
	removals(t, written(t, "a.log", []byte(logs[0])), written(t, "b.log", []byte(logs[1])), written(t, "c.log", []byte(logs[2])))
}

// TestRemoveLab takes the logs of the laboratory out one by one: legs are
// joined and parted again.
func TestRemoveLab(t *testing.T) {
	files := sippLogs(t)
	removals(t, files[:min(3, len(files))]...)
}

// TestRemoveRecords: CDRs that are joined with the SIP of the same call.
func TestRemoveRecords(t *testing.T) {
	log := ""
	rows := ""
	for i := range 6 {
		log += sipCall(i, 120*i, fmt.Sprint(200+i), fmt.Sprint(33123450+i))
	}
	for i := range 6 {
		rows += csvCall(120*i, fmt.Sprintf("%d.%d", firstSecond+120*i, i), fmt.Sprint(200+i), fmt.Sprint(33123450+i))
	}
	a, b := written(t, "a.log", []byte(log)), written(t, "a.csv", []byte(rows))
	c := written(t, "again.csv", []byte(rows+csvCall(900, "x.1", "299", "33123999")))
	removals(t, a, b)
	removals(t, a, b, c)
}

// TestRemoveDuplicate: the ledger rows of the same bytes go with their source,
// and a file that gave nothing is only a row.
func TestRemoveDuplicate(t *testing.T) {
	data := []byte(strings.Join(masterRows(3), ""))
	a, b, c := written(t, "a.csv", data), written(t, "b.csv", data), written(t, "c.txt", []byte("no records here\n"))
	db := imported(t, a, b, c)
	remove(t, db, c)
	if r := remove(t, db, a); len(r.Duplicates) != 1 || r.Duplicates[0] != b {
		t.Errorf("duplicates %v, want %s", r.Duplicates, b)
	}
	if n := oneNumber(t, db, `SELECT (SELECT count(*) FROM source) + (SELECT count(*) FROM attempt) + (SELECT count(*) FROM rollup) + (SELECT count(*) FROM profile)`); n != 0 {
		t.Errorf("%d rows left", n)
	}
	take(t, db, b)
	if n := ledger(t, db).Calls; n != 3 {
		t.Errorf("%d calls after b, want 3", n)
	}
}

// TestCompact: what was taken out is not in the file any more.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(filepath.Join(dir, "callsift.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	secret := "1794301777.4711"
	keep := written(t, "keep.csv", []byte(csvRow(1, "1794301201.1", "BUSY", 0)))
	gone := written(t, "gone.csv", []byte(csvRow(700, secret, "BUSY", 0)))
	take(t, db, keep, gone)
	remove(t, db, gone)
	if err := db.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), secret) {
			t.Errorf("%s still holds %s", filepath.Base(f), secret)
		}
	}
}
