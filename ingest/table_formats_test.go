package ingest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"callsift/store"
)

func TestAsteriskTableGolden(t *testing.T)   { goldenFormat(t, AsteriskTable) }
func TestAsteriskCustomGolden(t *testing.T)  { goldenFormat(t, AsteriskCustom) }
func TestAsteriskSQLGolden(t *testing.T)     { goldenFormat(t, AsteriskSQL) }
func TestAsteriskCELGolden(t *testing.T)     { goldenFormat(t, AsteriskCEL) }
func TestAsteriskAMIGolden(t *testing.T)     { goldenFormat(t, AsteriskAMI) }
func TestAsteriskAMIJSONGolden(t *testing.T) { goldenFormat(t, AsteriskAMIJSON) }
func TestAsteriskLogGolden(t *testing.T)     { goldenFormat(t, AsteriskLog) }
func TestCDRTableGolden(t *testing.T)        { goldenFormat(t, CDRTable) }
func TestCDRJSONGolden(t *testing.T)         { goldenFormat(t, CDRJSON) }

func TestCDRSheetGolden(t *testing.T) { goldenFormat(t, CDRSheet) }

func FuzzAsteriskTable(f *testing.F)   { fuzzFormat(f, AsteriskTable) }
func FuzzAsteriskCustom(f *testing.F)  { fuzzFormat(f, AsteriskCustom) }
func FuzzAsteriskSQL(f *testing.F)     { fuzzFormat(f, AsteriskSQL) }
func FuzzAsteriskCEL(f *testing.F)     { fuzzFormat(f, AsteriskCEL) }
func FuzzAsteriskAMI(f *testing.F)     { fuzzFormat(f, AsteriskAMI) }
func FuzzAsteriskAMIJSON(f *testing.F) { fuzzFormat(f, AsteriskAMIJSON) }
func FuzzAsteriskLog(f *testing.F)     { fuzzFormat(f, AsteriskLog) }
func FuzzCDRJSON(f *testing.F)         { fuzzFormat(f, CDRJSON) }

func FuzzCDRTable(f *testing.F) {
	for _, text := range []string{"start\tcaller\tcallee\ttalk\n2026-11-10 09:00\t上\t\U0001f600\t3\n", CDRTable.Example} {
		wide := binary.LittleEndian.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(text)) {
			wide = binary.LittleEndian.AppendUint16(wide, unit)
		}
		f.Add(wide, false)
		f.Add(wide[2:len(wide)-1], true)
	}
	fuzzFormat(f, CDRTable)
}

// TestJSONPlaces: several objects in one line are found where they stand in the
// source, whatever it is written in.
func TestJSONPlaces(t *testing.T) {
	object := func(name string) string {
		return fmt.Sprintf(`{"calldate":"2026-11-10 09:00:00","src":"%s","dst":"202","duration":12,"billsec":0,"disposition":"NO ANSWER"}`, name)
	}
	for set, name := range map[string]string{"utf16le-bom": "张😀", "utf16be": "ü", "gb18030": "张伟李娜", "latin1": "Müller", "": "张ü"} {
		encode := func(text string) string {
			if set == "" {
				return text
			}
			return encoded(t, text, set)
		}
		mark := encode("")
		data := encode("[" + object(name) + ", " + object(name) + ", " + object(name) + "]\n")
		first := strings.TrimPrefix(encode(object(name)), mark)
		var l listing
		if err := CDRJSON.Read(&Input{Reader: strings.NewReader(data)}, &l); err != nil {
			t.Fatal(err)
		}
		if len(l.places) != 3 {
			t.Fatalf("%s: %d records, want 3:\n%s", set, len(l.places), l.String())
		}
		checkPlaces(t, l.places, len(data))
		for _, at := range l.places[1:] {
			if got := data[at.Offset:][:at.Length]; got != first {
				t.Errorf("%s: %q at %+v, want %q", set, got, at, first)
			}
		}
	}
}

// BenchmarkCDRTable reads rows of a table with a header.
func BenchmarkCDRTable(b *testing.B) {
	head, row, _ := strings.Cut(AsteriskTable.Example, "\n")
	data := []byte(head + "\n" + strings.Repeat(row+"\n", 20000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := CDRTable.Read(&Input{Reader: bytes.NewReader(data)}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(20000*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkAsteriskSQL reads rows of a dump.
func BenchmarkAsteriskSQL(b *testing.B) {
	head, row, _ := strings.Cut(strings.TrimSuffix(AsteriskSQL.Example, ";"), " VALUES ")
	data := []byte(head + " VALUES " + strings.Repeat(row+",\n", 20000) + row + ";\n")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := AsteriskSQL.Read(&Input{Reader: bytes.NewReader(data)}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(20000*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// workbook is an .xlsx file: each sheet a name and rows.
func workbook(t testing.TB, sheets map[string][][]any, order ...string) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, name := range order {
		if i == 0 {
			book.SetSheetName("Sheet1", name)
		} else if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for n, row := range sheets[name] {
			if err := book.SetSheetRow(name, fmt.Sprintf("A%d", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sheetRows are lines with tabs as rows of a sheet; what is a number is one.
func sheetRows(text string) (rows [][]any) {
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var row []any
		for _, cell := range strings.Split(line, "\t") {
			if f, err := strconv.ParseFloat(cell, 64); err == nil {
				row = append(row, f)
			} else {
				row = append(row, cell)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// sampleWorkbook has a sheet of calls with times as Excel keeps them and as
// text, one that is none, and one with date and time in cells of their own.
func sampleWorkbook(t testing.TB) []byte {
	return workbook(t, map[string][][]any{
		"Calls": {
			{"Calls of November"},
			{},
			{"Start Time", "Caller", "Callee", "Duration", "Talk Time", "Status", "Trunk"},
			{46336.375138888886, "201", 3312345678901, 12, 0, "No Answer", "carrier-a"},
			{"2026-11-10 09:01:00", "201", "3312345678", 0.000486111111, 0.000347222222, "Answered", "carrier-a"},
			{"never", "201", "3312345678", 1, 0, "Busy"},
		},
		"Notes": {{"a", "b"}, {1, 2}},
		"More":  {{"日期", "时间", "主叫", "被叫", "状态"}, {46336, 0.375, "201", "202", "忙"}, {"2026-11-10", 0.5, "201", "202", "失败"}},
	}, "Calls", "Notes", "More")
}

func TestCDRSheet(t *testing.T) {
	file := sampleWorkbook(t)
	if !CDRSheet.Sniff(file[:min(len(file), headSize)]) {
		t.Error("Sniff = false")
	}
	for _, f := range Formats {
		if f.Name != CDRSheet.Name && f.Sniff(file) {
			t.Errorf("%s accepts a workbook", f.Name)
		}
	}
	var l listing
	in := &Input{Reader: bytes.NewReader(file)}
	if err := CDRSheet.Read(in, &l); err != nil {
		t.Fatal(err)
	}
	want := `4 cdr id= start=2026-11-10T09:00:12Z end=+12 talk=0 from=201 to=3312345678901 trunk=carrier-a dir= outcome=user reason="No Answer"
5 cdr id= start=2026-11-10T09:01:00Z answer=+12 end=+42 talk=30000 from=201 to=3312345678 trunk=carrier-a dir= outcome=answered reason="Answered"
6 reject start "never", want a date and time
2 cdr id= start=2026-11-10T09:00:00Z talk=-1 from=201 to=202 trunk= dir= outcome=user reason="忙"
3 cdr id= start=2026-11-10T12:00:00Z talk=-1 from=201 to=202 trunk= dir= outcome=failed reason="失败"
1 warn no header with known words in sheet Notes
`
	if d := cmp.Diff(want, l.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	raw, err := CDRSheet.Raw(bytes.NewReader(file), l.places[2])
	if want := "never\t201\t3312345678\t1\t0\tBusy"; err != nil || string(raw) != want {
		t.Errorf("Raw = %q, %v, want %q", raw, err, want)
	}
}

func TestCDRSheetBroken(t *testing.T) {
	file := sampleWorkbook(t)
	for _, n := range []int{0, 4, 30, len(file) / 2, len(file) - 1} {
		if err := CDRSheet.Read(&Input{Reader: bytes.NewReader(file[:n])}, discard{}); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(file))
		}
	}
}

func FuzzCDRSheet(f *testing.F) {
	f.Add(sampleWorkbook(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		var one, two listing
		errOne := CDRSheet.Read(&Input{Reader: bytes.NewReader(data)}, &one)
		errTwo := CDRSheet.Read(&Input{Reader: bytes.NewReader(data)}, &two)
		if one.String() != two.String() || (errOne == nil) != (errTwo == nil) {
			t.Fatal(cmp.Diff(one.String(), two.String()))
		}
	})
}

// TestAsteriskLogInSIP: failures between SIP messages of one file are events, in
// the order of the file.
func TestAsteriskLogInSIP(t *testing.T) {
	message := "<--- Received SIP request (0 bytes) from UDP:192.0.2.10:5060 --->\nOPTIONS sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK7\n" +
		"From: <sip:a@192.0.2.10>;tag=1\nTo: <sip:100@192.0.2.1>\nCall-ID: 1@192.0.2.10\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n"
	line := "[2026-11-10 09:00:01] VERBOSE[2114][C-0000002a] app_dial.c:   == Everyone is busy/congested at this time (1:0/1/0)\n"
	text := "[2026-11-10 09:00:00] VERBOSE[2114] res_pjsip_logger.c: " + message + line + message + line
	if f := detect([]byte(text)); f == nil || f.Name != familyPJSIP {
		t.Fatalf("format %v", f)
	}
	var got []string
	sink := recordingSink{onMessage: func(o *Observation) { got = append(got, fmt.Sprint("message ", o.Line)) }}
	events := eventSink{recordingSink: &sink, got: &got}
	if err := readSIPText(&Input{Reader: strings.NewReader(text)}, events); err != nil {
		t.Fatal(err)
	}
	want := []string{"message 2", "event 10 ALL_BUSY 1794301201", "message 12", "event 20 ALL_BUSY 1794301201"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// eventSink lists events among what another sink lists.
type eventSink struct {
	*recordingSink
	got *[]string
}

func (s eventSink) Event(e *store.Event) {
	*s.got = append(*s.got, fmt.Sprint("event ", e.Line, " ", e.Kind, " ", e.Time/1e6))
}

// importedCalls runs files through an import and lists how many calls each outcome has.
func importedCalls(t *testing.T, opt Options, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(filepath.Join(dir, "calls.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	var list strings.Builder
	err = Run(t.Context(), db, paths, opt, func(r FileResult) {
		fmt.Fprintf(&list, "%s %s %d records %d rejected %v\n", filepath.Base(r.Path), r.Source.Format, r.Source.CDRs, r.Source.Rejected, r.Err)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Query(t.Context(), "SELECT outcome, count(*) FROM calls GROUP BY 1 ORDER BY 1", func([]string) error { return nil },
		func(row []any) error { fmt.Fprintf(&list, "%v %v\n", row[0], row[1]); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// TestImportColumns: a table that no format knows is read once its columns are named.
func TestImportColumns(t *testing.T) {
	text := "Wann;Wer;Wohin;Ergebnis\n10.11.2026 09:00:00;201;3312345678;486\n10.11.2026 09:01:00;201;3312345678;ok\n"
	got := importedCalls(t, Options{}, map[string]string{"a.csv": text})
	if !strings.Contains(got, "not a format that callsift knows") {
		t.Errorf("without columns: %s", got)
	}
	columns := map[string]string{"start": "Wann", "caller": "Wer", "callee": "Wohin", "result": "Ergebnis"}
	got = importedCalls(t, Options{Columns: columns}, map[string]string{"a.csv": text})
	if want := "a.csv cdr-table 2 records 0 rejected <nil>\nanswered 1\nuser 1\n"; got != want {
		t.Errorf("with columns: %s, want %s", got, want)
	}
}

// TestLegsOfTables: rows of one channel are one call in every Asterisk format.
func TestLegsOfTables(t *testing.T) {
	c := readCase(t, filepath.Join("testdata", "asterisk-table", "freepbx.txtar"))
	got := importedCalls(t, Options{}, map[string]string{"a.csv": c.input})
	if want := "a.csv asterisk-table 6 records 0 rejected <nil>\nanswered 2\nfailed 1\nnot_connected 1\nuser 1\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTablesHostile: text made to be slow or large takes time in proportion to
// its length and memory within the limits.
func TestTablesHostile(t *testing.T) {
	row := strings.TrimSuffix(AsteriskSQL.Example, ";")
	tests := []struct {
		f    Format
		text string
	}{
		{AsteriskSQL, row + ",('" + strings.Repeat("x", 1<<20)},
		{AsteriskSQL, row + strings.Repeat(",(", 200000)},
		{AsteriskSQL, row + strings.Repeat("(", 1<<20)},
		{AsteriskSQL, "CREATE TABLE cdr (" + strings.Repeat("`a` int,", 100000)},
		{AsteriskSQL, "INSERT INTO cdr (" + strings.Repeat("`a`,", 100000)},
		{AsteriskSQL, strings.Repeat("CREATE TABLE `x` (a int);LOCK TABLES `x` WRITE;", 10000)},
		{CDRJSON, strings.Repeat("[", 1<<20) + "\n" + strings.Repeat(`{"a":`, 10000) + "\n" + strings.Repeat("{}", 30000)},
		{AsteriskAMI, "Event: Cdr\n" + strings.Repeat("Source: 1\n", 100000)},
		{CDRTable, "start,caller,status\n" + strings.Repeat(`"`, 1<<20) + "\n" + strings.Repeat("\"\n", 50000)},
		{CDRTable, strings.Repeat(",", 1<<20)},
		{AsteriskCEL, strings.Repeat(`"a","b`+"\n", 100000)},
	}
	for i, test := range tests {
		begin := time.Now()
		var l listing
		test.f.Sniff([]byte(test.text[:min(len(test.text), headSize)]))
		if err := test.f.Read(&Input{Reader: strings.NewReader(test.text)}, &l); err != nil {
			t.Fatal(err)
		}
		checkPlaces(t, l.places, len(test.text))
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%d, %s: %d bytes took %s", i, test.f.Name, len(test.text), took)
		} else {
			t.Logf("%d, %s: %s", i, test.f.Name, took)
		}
	}
}
