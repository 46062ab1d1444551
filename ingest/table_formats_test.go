package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

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

func FuzzAsteriskTable(f *testing.F)   { fuzzFormat(f, AsteriskTable) }
func FuzzAsteriskCustom(f *testing.F)  { fuzzFormat(f, AsteriskCustom) }
func FuzzAsteriskSQL(f *testing.F)     { fuzzFormat(f, AsteriskSQL) }
func FuzzAsteriskCEL(f *testing.F)     { fuzzFormat(f, AsteriskCEL) }
func FuzzAsteriskAMI(f *testing.F)     { fuzzFormat(f, AsteriskAMI) }
func FuzzAsteriskAMIJSON(f *testing.F) { fuzzFormat(f, AsteriskAMIJSON) }
func FuzzAsteriskLog(f *testing.F)     { fuzzFormat(f, AsteriskLog) }
func FuzzCDRTable(f *testing.F)        { fuzzFormat(f, CDRTable) }
func FuzzCDRJSON(f *testing.F)         { fuzzFormat(f, CDRJSON) }

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
