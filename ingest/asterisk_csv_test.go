package ingest

import (
	"bytes"
	"callsift/ingest/sip"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"callsift/store"
	"callsift/store/codes"
)

// listing is a Sink that writes down what it gets, one line each.
type listing struct {
	bytes.Buffer
	places []Place
}

// Message lists a message with a hash of its bytes, which is the same for the
// same message in every format.
func (l *listing) Message(o *Observation) {
	l.places = append(l.places, o.Place)
	first, _, _ := bytes.Cut(o.Raw, []byte("\n"))
	fmt.Fprintf(l, "%d %s %s > %s", o.Line, stampText(o.Time), hostText(o.Src), hostText(o.Dst))
	for _, word := range []struct {
		text string
		on   bool
	}{
		{[...]string{"?", "UDP", "TCP", "TLS", "WS", "WSS", "SCTP"}[o.Transport], true},
		{"sent", o.Heading == Sent}, {"received", o.Heading == Received},
		{"coarse", o.Coarse}, {"cut", o.Cut}, {"device=" + o.Device, o.Device != ""},
	} {
		if word.on {
			fmt.Fprintf(l, " %s", word.text)
		}
	}
	fmt.Fprintf(l, " %04x %s\n", sip.Hash(o.Raw)&0xffff, bytes.TrimRight(first, "\r"))
}

func hostText(a netip.AddrPort) string {
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

func (l *listing) CDR(c *CDR) {
	l.places = append(l.places, c.Place)
	trunk := c.Trunk
	if c.Peer != "" {
		trunk += " at " + c.Peer
	}
	fmt.Fprintf(l, "%d cdr id=%s start=%s", c.Line, c.ID, stampText(c.Start))
	if c.Answer != 0 {
		fmt.Fprintf(l, " answer=+%d", (c.Answer-c.Start)/1e6)
	}
	if c.End != 0 {
		fmt.Fprintf(l, " end=+%d", (c.End-c.Start)/1e6)
	}
	fmt.Fprintf(l, " talk=%d from=%s to=%s trunk=%s dir=%s outcome=%s reason=%q", c.Talk, c.Caller, c.Callee, trunk, c.Direction, c.Outcome, c.Reason)
	if c.Code != codes.Unknown {
		fmt.Fprintf(l, " code=%d", c.Code)
	}
	if c.CauseQ850 != -1 {
		fmt.Fprintf(l, " cause=%d", c.CauseQ850)
	}
	for _, extra := range [][2]string{{"callid", c.CallID}, {"agent", c.UserAgent}, {"link", c.Link}, {"role", c.Role}, {"device", c.Device}, {"flags", strings.Join(c.Flags.Names(), ",")}} {
		if extra[1] != "" {
			fmt.Fprintf(l, " %s=%s", extra[0], extra[1])
		}
	}
	l.WriteByte('\n')
}

func (l *listing) Event(e *store.Event) {
	l.places = append(l.places, Place{Offset: e.Offset, Length: 1, Line: int(e.Line)})
	fmt.Fprintf(l, "%d event %s at=%s subject=%s code=%d text=%q", e.Line, e.Kind, stampText(e.Time), e.Subject, e.Code, e.Text)
	if e.Device != "" {
		fmt.Fprintf(l, " device=%s", e.Device)
	}
	l.WriteByte('\n')
}

func (l *listing) Reject(at Place, reason string, sample []byte) {
	l.places = append(l.places, at)
	fmt.Fprintf(l, "%d reject %s\n", at.Line, reason)
}

func (l *listing) Warn(at Place, text string) { fmt.Fprintf(l, "%d warn %s\n", at.Line, text) }

func stampText(micros int64) string {
	if micros == 0 {
		return "?"
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.999Z")
}

// goldenFormat reads each testdata/NAME/*.txtar: "input", and "want", which is
// what the reader hands out. The comment may have lines "zone NAME" and
// "modified RFC3339", "no-sniff" (the format does not accept it), "columns" and
// "charset", and what readCase has more.
func goldenFormat(t *testing.T, f Format) {
	files, err := filepath.Glob(filepath.Join("testdata", f.Name, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no ingest/testdata/%s/*.txtar, %v", f.Name, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c := readCase(t, file)
			f := c.mapped(f)
			if got := f.Sniff([]byte(c.input)); got != c.sniffed {
				t.Errorf("Sniff = %v, want %v", got, c.sniffed)
			}
			got := readAll(t, f, strings.NewReader(c.input), c.zone, c.modified)
			if os.Getenv("UPDATE") != "" {
				c.update(t, file, got)
			} else if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			slow := readAll(t, f, iotest.OneByteReader(strings.NewReader(c.input)), c.zone, c.modified)
			if d := cmp.Diff(got, slow); d != "" {
				t.Errorf("read byte by byte (-whole +bytes)\n%s", d)
			}
		})
	}
}

type goldenCase struct {
	archive     *txtar.Archive
	input, want string
	zone        *time.Location
	modified    time.Time
	sniffed     bool
	columns     map[string]string
}

func readCase(t *testing.T, file string) goldenCase {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := goldenCase{archive: a, sniffed: true}
	for _, f := range a.Files {
		switch f.Name {
		case "input":
			c.input = string(f.Data)
		case "want":
			c.want = string(f.Data)
		}
	}
	for _, line := range strings.Split(string(a.Comment), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "zone":
			c.zone, err = time.LoadLocation(value)
		case "modified":
			c.modified, err = time.Parse(time.RFC3339, value)
		case "no-sniff":
			c.sniffed = false
		case "crlf":
			c.input = strings.ReplaceAll(c.input, "\n", "\r\n")
		case "cr":
			c.input = strings.ReplaceAll(c.input, "\n", "\r")
		case "columns": // as the flag: start=Date,caller=From
			c.columns = map[string]string{}
			for _, pair := range strings.Split(value, ",") {
				name, column, _ := strings.Cut(pair, "=")
				c.columns[name] = column
			}
		case "workbook": // the input is the rows of a sheet, with tabs
			c.input = string(workbook(t, map[string][][]any{"Sheet": sheetRows(c.input)}, "Sheet"))
		case "charset":
			c.input = encoded(t, c.input, value)
		case "bom":
			c.input = "\xef\xbb\xbf" + c.input
		case "cut": // the last bytes of the input are missing
			var n int
			fmt.Sscan(value, &n)
			c.input = c.input[:len(c.input)-n]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// mapped is the format with the case's columns.
func (c *goldenCase) mapped(f Format) Format {
	read := f.Read
	f.Read = func(in *Input, out Sink) error {
		in.Columns = c.columns
		return read(in, out)
	}
	return f
}

func (c *goldenCase) update(t *testing.T, file, got string) {
	t.Helper()
	kept := c.archive.Files[:0]
	for _, f := range c.archive.Files {
		if f.Name != "want" {
			kept = append(kept, f)
		}
	}
	c.archive.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readAll(t *testing.T, f Format, src interface{ Read([]byte) (int, error) }, zone *time.Location, modified time.Time) string {
	t.Helper()
	var l listing
	in := &Input{Reader: src, Zone: zone, ModTime: modified}
	if err := f.Read(in, &l); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&l, "zone %q from %q\n", in.TZ, in.TZFrom)
	return l.String()
}

func TestAsteriskCSVGolden(t *testing.T) { goldenFormat(t, AsteriskCSV) }

// checkPlaces holds for every reader: places are inside the input and increase.
func checkPlaces(t *testing.T, places []Place, size int) {
	t.Helper()
	last := int64(-1)
	for _, p := range places {
		if p.Offset <= last || p.Length < 1 || p.Line < 1 || p.Offset+int64(p.Length) > int64(size) {
			t.Fatalf("place %+v after offset %d in %d bytes", p, last, size)
		}
		last = p.Offset
	}
}

// fuzzFormat checks what must hold for any input at all.
func fuzzFormat(f *testing.F, format Format) {
	files, _ := filepath.Glob(filepath.Join("testdata", format.Name, "*.txtar"))
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "input" {
				f.Add(part.Data, false)
				f.Add(part.Data[:len(part.Data)*2/3], true)
			}
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, zoned bool) {
		var zone *time.Location
		if zoned {
			zone = berlin
		}
		format.Sniff(data)
		var whole, parts listing
		in := &Input{Reader: bytes.NewReader(data), Zone: zone}
		if err := format.Read(in, &whole); err != nil {
			t.Fatal(err)
		}
		checkPlaces(t, whole.places, len(data))
		if err := format.Read(&Input{Reader: iotest.HalfReader(bytes.NewReader(data)), Zone: zone}, &parts); err != nil {
			t.Fatal(err)
		}
		if whole.String() != parts.String() {
			t.Fatal(cmp.Diff(whole.String(), parts.String()))
		}
	})
}

func FuzzAsteriskCSV(f *testing.F) { fuzzFormat(f, AsteriskCSV) }

// csvTruth is what the generator of corpus/gen says it wrote.
type csvTruth struct {
	Rows        int                       `json:"rows"`
	Disposition map[string]int            `json:"by_disposition"`
	Day         map[string]int            `json:"by_start_day"`
	Trunk       map[string]map[string]int `json:"by_trunk_disposition"`
	Billsec     int64                     `json:"sum_billsec"`
}

// tally is a Sink that counts like csvTruth.
type tally struct {
	discard
	t        *testing.T
	got      csvTruth
	rejected int
}

func (a *tally) Reject(at Place, reason string, sample []byte) {
	a.rejected++
	a.t.Errorf("line %d: %s: %s", at.Line, reason, sample)
}

func (a *tally) CDR(c *CDR) {
	a.got.Rows++
	a.got.Disposition[c.Reason]++
	a.got.Day[time.UnixMicro(c.Start).UTC().Format("2006-01-02")]++
	if a.got.Trunk[c.Trunk] == nil {
		a.got.Trunk[c.Trunk] = map[string]int{}
	}
	a.got.Trunk[c.Trunk][c.Reason]++
	a.got.Billsec += c.Talk / 1000
}

// generated writes a Master.csv with n rows by the corpus generator.
func generated(tb testing.TB, n int) (csv, truth []byte) {
	tb.Helper()
	source := filepath.Join("..", "..", "shared", "corpus", "gen", "gencdr.go")
	if _, err := os.Stat(source); err != nil {
		tb.Skip("no shared corpus: ", err)
	}
	dir := tb.TempDir()
	file, truthFile := filepath.Join(dir, "Master.csv"), filepath.Join(dir, "truth.json")
	out, err := exec.Command("go", "run", source, "-n", fmt.Sprint(n), "-o", file, "-truth", truthFile).CombinedOutput()
	if err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	if csv, err = os.ReadFile(file); err != nil {
		tb.Fatal(err)
	}
	if truth, err = os.ReadFile(truthFile); err != nil {
		tb.Fatal(err)
	}
	return csv, truth
}

func TestAsteriskCSVTruth(t *testing.T) {
	data, truth := generated(t, 20000)
	var want csvTruth
	if err := json.Unmarshal(truth, &want); err != nil {
		t.Fatal(err)
	}
	a := tally{t: t, got: csvTruth{Disposition: map[string]int{}, Day: map[string]int{}, Trunk: map[string]map[string]int{}}}
	in := &Input{Reader: bytes.NewReader(data)}
	if err := AsteriskCSV.Read(in, &a); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, a.got); d != "" {
		t.Errorf("(-truth +got)\n%s", d)
	}
	if in.TZ != "UTC" || in.TZFrom != "uniqueid" {
		t.Errorf("zone %q from %q", in.TZ, in.TZFrom)
	}
}

// TestAsteriskCSVSniff: other programs' CSV files are not ours.
func TestAsteriskCSVSniff(t *testing.T) {
	row := AsteriskCSV.Example + "\n"
	tests := []struct {
		name, head string
		want       bool
	}{
		{"one row", row, true},
		{"one row without an end", AsteriskCSV.Example, true},
		{"rotated in the middle of a row", row[100:] + row + row, true},
		{"FreeSWITCH's template", strings.ReplaceAll(row, "NO ANSWER", "NO_USER_RESPONSE"), false},
		{"cdr_custom order", `"201","201","3312345","from-internal","PJSIP/201-1","PJSIP/carrier-a-2","Dial","PJSIP/3312345@carrier-a","2026-11-10 09:00:00","","2026-11-10 09:00:12","12","0","NO ANSWER","DOCUMENTATION","","1794297600.42","","7"` + "\n", false},
		{"two numbers", "1,2\n3,4\n", false},
		{"words alone", strings.Repeat("ANSWERED,", 17) + "\n", false},
		{"nothing", "", false},
		{"one good row among others", row + strings.Repeat("a,b,c\n", 4), false},
	}
	for _, test := range tests {
		if got := AsteriskCSV.Sniff([]byte(test.head)); got != test.want {
			t.Errorf("%s: Sniff = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestSplitCSV(t *testing.T) {
	tests := []struct {
		row  string
		want []string
		open bool
	}{
		{`a,,"b"`, []string{"a", "", "b"}, false},
		{`"",""`, []string{"", ""}, false},
		{`"""Test User"" <13>","x,y"`, []string{`"Test User" <13>`, "x,y"}, false},
		{`""Anna Example" <1115>",1`, []string{`"Anna Example" <1115>`, "1"}, false},
		{`"a","b`, []string{"a", "b"}, true},
		{``, []string{""}, false},
		{`a,`, []string{"a", ""}, false},
		{`x"y,z`, []string{`x"y`, "z"}, false},
	}
	for _, test := range tests {
		var fields [8]csvField
		n, open := splitCSV(test.row, fields[:])
		var got []string
		for _, f := range fields[:n] {
			got = append(got, f.text(test.row))
		}
		if d := cmp.Diff(test.want, got); d != "" || open != test.open {
			t.Errorf("%s: open %v (-want +got)\n%s", test.row, open, d)
		}
	}
}

func TestAstRoute(t *testing.T) {
	tests := []struct {
		channel, dst, app, data, context, from, to string
		want                                       route
	}{
		{"PJSIP/201-0000002a", "PJSIP/carrier-a-0000beef", "Dial", "PJSIP/3312345678@carrier-a,60", "from-internal", "201", "3312345678", route{"carrier-a", "", codes.Out}},
		{"PJSIP/carrier-a-0000002a", "PJSIP/201-0000002b", "Dial", "PJSIP/201,30", "from-trunk", "3312345678", "201", route{"carrier-a", "", codes.In}},
		{"SIP/201-0000002a", "SIP/202-0000002b", "Dial", "SIP/202", "from-internal", "201", "202", route{"", "", codes.Internal}},
		{"SIP/201-0000002a", "", "Dial", "SIP/4930123456@carrier-a,60", "from-internal", "201", "4930123456", route{"carrier-a", "", codes.Out}},
		{"SIP/201-0000002a", "", "Dial", "SIP/carrier-b/4930123456,60", "from-internal", "201", "4930123456", route{"carrier-b", "", codes.Out}},
		{"SIP/201-0000002a", "", "Congestion", "20", "from-internal", "201", "4930123456", route{"", "", codes.Out}},
		{"SIP/201-0000002a", "", "VoiceMailMain", "201", "from-internal", "201", "*97", route{"", "", codes.Internal}},
		{"SIP/192.0.2.7-0000002a", "SIP/201-0000002b", "Dial", "SIP/201", "from-sip-external", "", "201", route{"192.0.2.7", "192.0.2.7", codes.In}},
		{"IAX2/branch-1234", "SIP/201-0000002b", "Dial", "SIP/201", "default", "501", "201", route{"branch", "", codes.In}},
		{"SIP/201-0000002a", "", "Dial", "IAX2/user:secret@branch/4930123456", "default", "201", "4930123456", route{"branch", "", codes.Out}},
		{"DAHDI/i1/3312345678-1", "SIP/201-0000002b", "Dial", "SIP/201", "from-pstn", "3312345678", "201", route{"DAHDI/i1", "", codes.In}},
		{"DAHDI/1-1", "SIP/201-0000002b", "Dial", "SIP/201", "from-dahdi", "3312345678", "201", route{"DAHDI/1", "", codes.In}},
		{"SIP/201-0000002a", "DAHDI/2-1", "Dial", "DAHDI/g1/4930123456", "from-internal", "201", "4930123456", route{"DAHDI/g1", "", codes.Out}},
		{"SIP/201-0000002a", "DAHDI/5-1", "Dial", "DAHDI/5", "from-internal", "201", "205", route{"", "", codes.Internal}},
		{"Local/201@from-queue-0000002a;2", "SIP/201-0000002b", "Dial", "SIP/201", "from-queue", "3312345678", "201", route{"", "", ""}},
		{"Local/FMGL@followme-0000002a;2", "PJSIP/carrier-a-0000002b", "Dial", "PJSIP/4930123456@carrier-a", "from-internal", "201", "4930123456", route{"carrier-a", "", codes.Out}},
		{"PJSIP/alice-0000002a", "PJSIP/carrier-a-0000002b", "Dial", "PJSIP/4930123456@carrier-a", "from-internal", "201", "4930123456", route{"carrier-a", "", codes.Out}},
		{"PJSIP/carrier-a-0000002a", "", "BackGround", "welcome", "from-trunk", "3312345678", "s", route{"carrier-a", "", codes.In}},
		{"PJSIP/carrier-a-0000002a", "PJSIP/carrier-b-0000002b", "Dial", "PJSIP/4930123456@carrier-b", "from-trunk", "3312345678", "4930123456", route{"carrier-a", "", codes.In}},
		{"SIP/201-0000002a", "", "Dial", "SIP/4930123456@,60", "from-internal", "201", "4930123456", route{"", "", codes.Out}},
		{"SIP/201-0000002a", "", "Dial", "SIP//4930123456", "from-internal", "201", "4930123456", route{"", "", codes.Out}},
		{"SIP/201-0000002a", "", "Dial", "DAHDI//205", "from-internal", "201", "205", route{"", "", codes.Internal}},
		{"SIP/201-0000002a", "SIP/anonymous@-0000002b", "Dial", "", "from-internal", "201", "4930123456", route{"", "", codes.Out}},
		{"SIP/:5060-0000002a", "SIP/201-0000002b", "Dial", "SIP/201", "from-trunk", "3312345678", "201", route{"", "", codes.In}},
		{"", "", "", "", "", "", "", route{}},
	}
	for _, test := range tests {
		got := astRoute(test.channel, test.dst, test.app, test.data, test.context, test.from, test.to)
		if got != test.want {
			t.Errorf("%s → %s: %+v, want %+v", test.channel, test.dst, got, test.want)
		}
	}
}

// BenchmarkAsteriskCSV reads generated rows; rows/s counts them.
func BenchmarkAsteriskCSV(b *testing.B) {
	data, _ := generated(b, 50000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := AsteriskCSV.Read(&Input{Reader: bytes.NewReader(data)}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(50000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
