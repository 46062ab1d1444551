package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"callsift/charts"
	"callsift/charts/internal/sample"
)

func TestMaskText(t *testing.T) {
	m := masker{known: map[string]string{}, used: map[string]int{}}
	for _, x := range [][2]string{
		{"Call from 03023125113 to +49302312540, 201", "Call from 030xxxxxxxx to +493xxxxxxxx, 201"},
		{"sip:03023125114@192.0.2.10:50600", "sip:030xxxxxxxx~2@192.0.2.10:50600"},
		{"03023125113 again", "030xxxxxxxx again"},
		{"20261110T130451-2kv4", "20261110T130451-2kv4"},
		{"uniqueid 1731243891.123, 0.001301", "uniqueid 1731243891.123, 0.001301"},
		{"tag=abc12345678", "tag=abc12345678"},
		{"--where source=03023125113", "--where source=030xxxxxxxx"},
		{"source=%2B49302312540", "source=%2B493xxxxxxxx"},
		{"\"03023125113\",\"s\"", "\"030xxxxxxxx\",\"s\""},
		{"+49 30 123-456", "+493xxxxxxx"},
		{"+4930123456", "+493xxxxxxx"},
		{"0049 (30) 123456 rang", "004xxxxxxxxx rang"},
		{"030/2312-5113, 201", "030xxxxxxxx, 201"},
		{"+49.30.2312", "+493xxxxx"},
		{"ext1234567", "ext123xxxx"},
		{"Tel03023125113", "Tel030xxxxxxxx"},
		{"03023125113x201", "030xxxxxxxxx201"},
		{"sip:4930231254@198.51.100.7", "sip:493xxxxxxx~2@198.51.100.7"},
		{"PJSIP/4930231254-0000001f", "PJSIP/493xxxxxxx~2-0000001f"},
		{"主叫03023125113 呼叫", "主叫030xxxxxxxx 呼叫"},
		{"Tue 2026-11-10 13:00–16:30 Europe/Berlin", "Tue 2026-11-10 13:00–16:30 Europe/Berlin"},
		{"2026-11-10T13:04:51.699123Z 13:04:51.699123", "2026-11-10T13:04:51.699123Z 13:04:51.699123"},
		{"00:15:30 – 01:02:03, 02-03 04", "00:15:30 – 01:02:03, 02-03 04"},
		{"192.0.2.10:50600, [2001:db8::1]:50600", "192.0.2.10:50600, [2001:db8::1]:50600"},
		{"503, 1,482 of 12,252 (9.5 %), Q.850 34", "503, 1,482 of 12,252 (9.5 %), Q.850 34"},
		{"12e3be2d8259@192.168.10.60", "12e3be2d8259@192.168.10.60"},
		{"branch=z9hG4bK-524287-1---a1b2c3d4", "branch=z9hG4bK-524287-1---a1b2c3d4"},
		{"VER.1.9.82.406/UA 2.0", "VER.1.9.82.406/UA 2.0"},
		{"m=audio 9000 RTP/AVP 0 8 18 101", "m=audio 9000 RTP/AVP 0 8 18 101"},
		{"", ""},
	} {
		if got := m.text(x[0]); got != x[1] {
			t.Errorf("%q masked is %q, want %q", x[0], got, x[1])
		}
	}
}

// No form of a masked report has a number, and the numbers add up as before; what
// was masked is not changed itself.
func TestMask(t *testing.T) {
	const number, other = "03023125408", "03023125409"
	r := sample.Hotel()
	r.Callers[0].Name, r.Callers[1].Name = number, other
	r.Findings[0].Title += " from " + number
	r.Findings[0].Keys = append(r.Findings[0].Keys[:1:1], r.Findings[0].Keys[0])
	r.Findings[0].Keys[1].Key, r.Findings[0].Keys[1].Value = "source", other
	r.Verdict = append(r.Verdict, "Most of them from "+number+".")
	opt := Options{Chart: charts.Options{Scale: 1}, CallsCommand: "callsift calls --where source=" + number, Calls: []Call{{
		ID: "c-1", Start: time.Unix(1, 0).UTC(), Caller: number, Callee: other, Keys: map[string][]string{"source": {number}, "at": {"1731243891000"}},
		Story: []string{"From " + number + "."}, Messages: []charts.Message{{Text: "INVITE", Raw: "INVITE sip:" + other + "@192.0.2.1 SIP/2.0\r\nFrom: <sip:" + number + "@example.net>"}},
	}}}
	files, err := pack(Mask(r, opt))
	if err != nil {
		t.Fatal(err)
	}
	hidden := regexp.MustCompile(number + "|" + other)
	for _, f := range files {
		data := f.data
		if strings.HasSuffix(f.path, ".xlsx") {
			data = []byte(unzipped(t, data))
		}
		if hidden.Match(data) {
			t.Errorf("%s has %s", f.path, hidden.Find(data))
		}
		if strings.HasSuffix(f.path, ".html") {
			for _, want := range []string{"030xxxxxxxx~2", "sip:030xxxxxxxx", `data-at="1731243891000"`, `data-source="030xxxxxxxx`} {
				if !bytes.Contains(data, []byte(want)) {
					t.Errorf("no %q in the page", want)
				}
			}
		}
	}
	if r.Callers[0].Name != number || opt.Calls[0].Keys["source"][0] != number {
		t.Error("masking changed the report that it was given")
	}
	again, _ := Mask(r, opt)
	if again.KPIs[0].Value != r.KPIs[0].Value || again.Callers[0].Failed != r.Callers[0].Failed || again.Checksum != r.Checksum {
		t.Error("masking changed a figure")
	}
}
