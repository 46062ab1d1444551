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
