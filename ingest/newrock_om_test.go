package ingest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewRockOMGolden(t *testing.T) { goldenFormat(t, NewRockOM) }

func FuzzNewRockOM(f *testing.F) { fuzzFormat(f, NewRockOM) }

func TestNewRockOMSniff(t *testing.T) {
	tests := []struct {
		name, head string
		want       bool
	}{
		{"the example", NewRockOM.Example, true},
		{"an event", `<Event attribute="BUSY"><ext id="201"/></Event>`, true},
		{"FreeSWITCH's XML CDR", `<?xml version="1.0"?><cdr core-uuid="1f0c"><channel_data><state>CS_REPORTING</state></channel_data></cdr>`, false},
		{"other events", `<event attribute="msdyn_incidenttype"></event>`, false},
		{"another Cdr", `<Cdr id="1"><caller>1</caller></Cdr>`, false},
		{"text", "a < b, Cdr, Event", false},
		{"nothing", "", false},
	}
	for _, test := range tests {
		if got := NewRockOM.Sniff([]byte(test.head)); got != test.want {
			t.Errorf("%s: Sniff = %v, want %v", test.name, got, test.want)
		}
	}
}

// folded counts calls as the engine does: the n-th record of every role with
// one link belongs to the n-th call.
type folded struct {
	discard
	alone int
	roles map[string]map[string]int
}

func (f *folded) CDR(c *CDR) {
	if c.Link == "" {
		f.alone++
		return
	}
	if f.roles[c.Link] == nil {
		f.roles[c.Link] = map[string]int{}
	}
	f.roles[c.Link][c.Role]++
}

func (f *folded) calls() int {
	n := f.alone
	for _, roles := range f.roles {
		most := 0
		for _, count := range roles {
			most = max(most, count)
		}
		n += most
	}
	return n
}

// TestNewRockOMPairs: which records are one call.
func TestNewRockOMPairs(t *testing.T) {
	record := func(kind, way, from, to, end, duration string) string {
		return "<Cdr id=\"x\"><TimeStart>20261110090000</TimeStart><Type>" + kind + "</Type><Route>" + way + "</Route><CPN>" + from +
			"</CPN><CDPN>" + to + "</CDPN><TimeEnd>202611100901" + end + "</TimeEnd><Duration>" + duration + "</Duration></Cdr>\n"
	}
	tests := []struct {
		name    string
		records string
		want    int
	}{
		{"internal", record("LO", "IC", "200", "212", "10", "5") + record("IN", "IC", "200", "212", "10", "5"), 1},
		{"attendant", record("IN", "XO", "0770", "205", "10", "5") + record("OU", "OP", "0770", "205", "10", "5"), 1},
		{"attendant over IP, second record first", record("OU", "OP", "0770", "205", "10", "0") + record("IN", "IP", "0770", "205", "10", "0"), 1},
		{"two internal calls at once", strings.Repeat(record("LO", "IC", "200", "212", "10", "0")+record("IN", "IC", "200", "212", "10", "0"), 2), 2},
		{"two trunks, same numbers and second", record("IN", "XO", "0770", "205", "10", "0") + record("IN", "IP", "0770", "205", "10", "0"), 2},
		{"another end", record("LO", "IC", "200", "212", "10", "5") + record("IN", "IC", "200", "212", "11", "5"), 2},
		{"another duration", record("LO", "IC", "200", "212", "10", "5") + record("IN", "IC", "200", "212", "10", "6"), 2},
		{"outgoing calls", record("OU", "IP", "200", "0770", "10", "0") + record("OU", "XO", "200", "0770", "10", "0"), 2},
		{"no numbers", record("LO", "IC", "", "", "10", "0") + record("IN", "IC", "", "", "10", "0"), 2},
	}
	for _, test := range tests {
		f := folded{roles: map[string]map[string]int{}}
		if err := NewRockOM.Read(&Input{Reader: strings.NewReader(test.records)}, &f); err != nil {
			t.Fatal(err)
		}
		if got := f.calls(); got != test.want {
			t.Errorf("%s: %d calls, want %d", test.name, got, test.want)
		}
	}
}

// TestNewRockOMLarge: a record over the limit and many after it, over several
// windows of the reader.
func TestNewRockOMLarge(t *testing.T) {
	good := NewRockOM.Example + "\n"
	var in bytes.Buffer
	in.WriteString("<Cdr id=\"1\">" + strings.Repeat("x", omMaxRecord) + "</Cdr>\n")
	in.WriteString(strings.Repeat(good, 5000))
	var l listing
	if err := NewRockOM.Read(&Input{Reader: &in}, &l); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	if len(lines) != 5001 || !strings.HasPrefix(lines[0], "1 reject no </cdr> within 65536 bytes") || !strings.HasPrefix(lines[5000], "5001 cdr ") {
		t.Errorf("%d lines: %s … %s", len(lines), lines[0], lines[len(lines)-1])
	}
	checkPlaces(t, l.places, in.Cap()+len(good)*5001+omMaxRecord)
}

// TestNewRockOMHostile: text made to be slow takes time in proportion to its length.
func TestNewRockOMHostile(t *testing.T) {
	for _, piece := range []string{"</cdr>", "<cdr ", "<cdr>", "<a \"", "&", "<a>", "<", "<cdr><b ", "<event></", "12:34:56 "} {
		text := "<Cdr id=\"1\">" + strings.Repeat(piece, (512<<10)/len(piece))
		begin := time.Now()
		var l listing
		if err := NewRockOM.Read(&Input{Reader: strings.NewReader(text)}, &l); err != nil {
			t.Fatal(err)
		}
		checkPlaces(t, l.places, len(text))
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%d bytes of %q took %s", len(text), piece, took)
		} else {
			t.Logf("%q: %s", piece, took)
		}
	}
}

func TestFindStamp(t *testing.T) {
	at := func(s string) int64 {
		tm, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return tm.Unix()
	}
	noon := at("2026-11-10 12:30:45")
	tests := []struct {
		line string
		want logStamp
		ok   bool
	}{
		{"2026-11-10 12:30:45 x", logStamp{civil: noon}, true},
		{"[2026-11-10T12:30:45.123456Z] x", logStamp{civil: noon, micros: 123456, zoned: true}, true},
		{"2026-11-10T13:30:45,5+01:00 x", logStamp{civil: noon, micros: 500000, zoned: true}, true},
		{"2026-11-10 07:00:45 -0530 x", logStamp{civil: noon, zoned: true}, true},
		{"host 2026/11/10 12:30:45 x", logStamp{civil: noon}, true},
		{"[10/Nov/2026:13:30:45 +0100] x", logStamp{civil: noon, zoned: true}, true},
		{"<134>Nov 10 12:30:45 host x", logStamp{civil: at("1972-11-10 12:30:45"), noYear: true}, true},
		{"Nov  1 12:30:45 host x", logStamp{civil: at("1972-11-01 12:30:45"), noYear: true}, true},
		{"2026-13-10 12:30:45 x", logStamp{}, false},
		{"00:0E:A9:12:34:56 2026-11-10 12:30:45", logStamp{civil: noon}, true},
		{"12:30:45", logStamp{}, false},
		{"", logStamp{}, false},
	}
	for _, test := range tests {
		got, ok := findStamp([]byte(test.line))
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%q: %+v %v, want %+v %v", test.line, got, ok, test.want, test.ok)
		}
	}
}

// TestCivilSeconds holds the calendar against the standard library's.
func TestCivilSeconds(t *testing.T) {
	for day := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2110; day = day.AddDate(0, 0, 1) {
		sec, ok := civilSeconds(day.Year(), int(day.Month()), day.Day(), 1, 2, 3)
		if want := day.Unix() + 3723; !ok || sec != want {
			t.Fatalf("%s: %d, %v, want %d", day, sec, ok, want)
		}
	}
	for _, bad := range [][6]int{{2026, 2, 29, 0, 0, 0}, {2026, 0, 1, 0, 0, 0}, {2026, 1, 1, 24, 0, 0}, {2026, 1, 1, 0, 60, 0}, {-1, 1, 1, 0, 0, 0}, {2026, 4, 31, 0, 0, 0}} {
		if _, ok := civilSeconds(bad[0], bad[1], bad[2], bad[3], bad[4], bad[5]); ok {
			t.Errorf("%v is a time", bad)
		}
	}
}

// TestPossibleOffsets: repeated and skipped times, also in a zone whose clock
// changes by half an hour.
func TestPossibleOffsets(t *testing.T) {
	tests := []struct {
		zone, civil string
		want        [2]int64
	}{
		{"Europe/Berlin", "2026-10-25 01:59:59", [2]int64{7200, 7200}},
		{"Europe/Berlin", "2026-10-25 02:00:00", [2]int64{7200, 3600}},
		{"Europe/Berlin", "2026-10-25 03:00:00", [2]int64{3600, 3600}},
		{"Europe/Berlin", "2026-03-29 02:30:00", [2]int64{3600, 3600}},
		{"Europe/Berlin", "2026-03-29 03:00:00", [2]int64{7200, 7200}},
		{"Australia/Lord_Howe", "2026-04-05 01:45:00", [2]int64{39600, 37800}},
		{"Asia/Shanghai", "2026-11-10 09:00:00", [2]int64{28800, 28800}},
	}
	for _, test := range tests {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		civil, err := time.Parse("2006-01-02 15:04:05", test.civil)
		if err != nil {
			t.Fatal(err)
		}
		early, late := possibleOffsets(zone, civil.Unix())
		if d := cmp.Diff(test.want, [2]int64{early, late}); d != "" {
			t.Errorf("%s in %s (-want +got)\n%s", test.civil, test.zone, d)
		}
	}
}
