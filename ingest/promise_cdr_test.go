package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// csvRow is a row of a Master.csv: a call to the outside n seconds after nine.
func csvRow(n int, id, disposition string, talk int) string {
	begin := time.Date(2026, 11, 10, 9, 0, n, 0, time.UTC)
	answer := ""
	if talk > 0 {
		answer = `"` + begin.Add(5*time.Second).Format(time.DateTime) + `"`
	}
	end := begin.Add(time.Duration(5+talk) * time.Second).Format(time.DateTime)
	return fmt.Sprintf(`"","201","33123%d","from-internal","201","PJSIP/201-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/33123%d@carrier-a","%s",%s,"%s",%d,%d,"%s","DOCUMENTATION","%s",""`+"\n",
		n, n, begin.Format(time.DateTime), answer, end, 5+talk, talk, disposition, id)
}

// masterRows are calls one minute apart, some of them written twice in the same
// second by two callers who cannot be told apart.
func masterRows(n int) []string {
	begin := time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC).Unix()
	var rows []string
	for i := range n {
		id := fmt.Sprintf("%d.%d", begin+int64(60*i), i)
		switch i % 4 {
		case 0:
			rows = append(rows, csvRow(60*i, id, "ANSWERED", 20+i%9))
		case 1:
			rows = append(rows, csvRow(60*i, id, "BUSY", 0))
		case 2:
			rows = append(rows, csvRow(60*i, id, "NO ANSWER", 0))
		case 3:
			rows = append(rows, csvRow(60*i, "", "FAILED", 0), csvRow(60*i, "", "FAILED", 0))
		}
	}
	return rows
}

// omPair are the two records of one internal call, omCall one to the outside.
func omPair(call, n, talk int) []string {
	begin := time.Date(2026, 11, 10, 9, 0, n, 0, time.UTC)
	var pair []string
	for i, kind := range []string{"LO", "IN"} {
		pair = append(pair, fmt.Sprintf(`<Cdr id="%d%s-%d"><callid>%d</callid><TimeStart>%s</TimeStart><Type>%s</Type><Route>IC</Route><CPN>200</CPN><CDPN>212</CDPN><TimeEnd>%s</TimeEnd><Duration>%d</Duration><TrunkNumber></TrunkNumber></Cdr>`+"\n",
			call, begin.Format("150405"), i, 32000+2*call+i, begin.Format("20060102150405"), kind, begin.Add(time.Duration(talk+3)*time.Second).Format("20060102150405"), talk))
	}
	return pair
}

func omCall(n, talk int) string {
	begin := time.Date(2026, 11, 10, 9, 0, n, 0, time.UTC)
	return fmt.Sprintf(`<Cdr id="x%d"><callid>%d</callid><TimeStart>%s</TimeStart><Type>OU</Type><Route>IP</Route><CPN>201</CPN><CDPN>03312345678</CDPN><TimeEnd>%s</TimeEnd><Duration>%d</Duration><TrunkNumber>02030000</TrunkNumber></Cdr>`+"\n",
		n, n, begin.Format("20060102150405"), begin.Add(time.Duration(talk+4)*time.Second).Format("20060102150405"), talk)
}

func omEvent(n int) string {
	return fmt.Sprintf("2026-11-10 09:%02d:%02d\n<Event attribute=\"BUSY\"><ext id=\"%d\"/></Event>\n", n/60, n%60, 200+n%5)
}

// omRecords are pairs, two pairs of the same second, calls and events.
func omRecords(n int) []string {
	var list []string
	for i := range n {
		list = append(list, omEvent(40*i))
		list = append(list, omPair(3*i, 40*i, 10)...)
		list = append(list, omCall(40*i+3, i%3*10))
		if i%3 == 0 { // two calls between the same people that ended in the same second
			list = append(list, omPair(3*i+1, 40*i+20, 0)...)
			list = append(list, omPair(3*i+2, 40*i+20, 0)...)
		}
	}
	return list
}

// partsTest imports records whole and in parts, in several orders.
func partsTest(t *testing.T, ext string, records []string, parts [][2]int) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, records []string) string {
		path := filepath.Join(dir, name+ext)
		if err := os.WriteFile(path, []byte(strings.Join(records, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := imported(t, write("whole", records))
	want := logicalDump(t, whole)
	checkLedger(t, whole)
	var files []string
	for i, p := range parts {
		files = append(files, write(fmt.Sprint("part", i), records[p[0]:p[1]]))
	}
	for range 2 {
		db := imported(t, files...)
		sameDump(t, fmt.Sprint(parts, files), want, logicalDump(t, db))
		checkLedger(t, db)
		take(t, db, filepath.Join(dir, "whole"+ext))
		sameDump(t, fmt.Sprint(parts, files, " and the whole"), want, logicalDump(t, db))
		checkLedger(t, db)
		slices.Reverse(files)
	}
}

// TestMasterCSVParts: exports that overlap, also around rows that are written
// twice, count every call once, and calls that look the same as many times as
// one file has them.
func TestMasterCSVParts(t *testing.T) {
	rows := masterRows(60)
	n := len(rows)
	for name, parts := range map[string][][2]int{
		"halves":      {{0, n / 2}, {n / 2, n}},
		"overlapping": {{0, 2 * n / 3}, {n / 3, n}},
		"three":       {{0, n / 2}, {n / 4, 3 * n / 4}, {n / 2, n}},
		"inside":      {{0, n}, {n / 4, n / 2}},
		"same again":  {{0, n - 1}, {1, n}},
	} {
		t.Run(name, func(t *testing.T) { partsTest(t, ".csv", rows, parts) })
	}
}

// TestMasterCSVSameTimes: rows of one second that differ only in what became of
// the call are different calls in an overlap, too.
func TestMasterCSVSameTimes(t *testing.T) {
	row := func(channel string) string {
		return strings.Replace(csvRow(0, "", "FAILED", 0), "PJSIP/carrier-a-0000002b", channel, 1)
	}
	rows := []string{csvRow(0, "", "BUSY", 0), csvRow(0, "", "FAILED", 0), row("PJSIP/carrier-b-00000001"), csvRow(0, "", "FAILED", 0), csvRow(90, "", "BUSY", 0)}
	partsTest(t, ".csv", rows, [][2]int{{0, 4}, {1, 5}})
}

// TestMasterCSVFarCopies: copies of a row count as often as one file has them,
// also where the file has had more rows between them than are held in memory.
func TestMasterCSVFarCopies(t *testing.T) {
	defer func(was int) { maxCopies = was }(maxCopies)
	maxCopies = 2
	var rows []string
	for i := range 40 {
		rows = append(rows, csvRow(60*i, "", "BUSY", 0)) // with an id they would be legs of one call
	}
	n := len(rows)
	rows = append(append(rows, rows[:n/2]...), rows[:n/4]...)
	for _, parts := range [][][2]int{{{0, n}, {0, len(rows)}}, {{n, len(rows)}, {0, n}, {0, len(rows)}}} {
		partsTest(t, ".csv", rows, parts)
	}
}

// TestNewRockParts: files split between the two records of a call, or overlapping.
func TestNewRockParts(t *testing.T) {
	records := omRecords(24)
	n := len(records)
	random := rand.New(rand.NewPCG(3, 4))
	for range 6 {
		at := 2 + random.IntN(n-4)
		t.Run(fmt.Sprint("split at ", at), func(t *testing.T) { partsTest(t, ".xml", records, [][2]int{{0, at}, {at, n}}) })
	}
	pair := append([]string{omCall(0, 5), omCall(30, 0)}, omPair(1, 5, 10)...)
	pair[1], pair[3] = pair[3], pair[1]
	t.Run("between the legs", func(t *testing.T) { partsTest(t, ".xml", pair, [][2]int{{0, 2}, {2, 4}}) })
	t.Run("overlapping", func(t *testing.T) { partsTest(t, ".xml", records, [][2]int{{0, 2 * n / 3}, {n / 3, n}}) })
	t.Run("three", func(t *testing.T) {
		partsTest(t, ".xml", records, [][2]int{{0, n / 2}, {n / 4, 3 * n / 4}, {n / 2, n}})
	})
}
