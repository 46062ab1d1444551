package ingest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A banner of SIPp and the start line two lines below it.
var sippBanner = regexp.MustCompile(`(?m)^(UDP|TCP) message (sent \(\d+ bytes\):|received \[\d+\] bytes :)\n\n([A-Z]+ [^ ]+ SIP/2\.0|SIP/2\.0 \d{3})`)

// TestSIPTextCorpus holds the reader against a count by regular expression on
// SIPp's logs of the laboratory.
func TestSIPTextCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../shared/corpus/lab-small/sipp/*.log")
	if len(files) == 0 {
		t.Skip("../shared/corpus is not here")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := sniffSIPText(data[:min(len(data), 64<<10)]); got != familySIPp {
			t.Errorf("%s: sniffed as %q, want %s", file, got, familySIPp)
		}
		want := map[string]int{}
		for _, m := range sippBanner.FindAllSubmatch(data, -1) {
			want[kind(m[3])]++
		}
		got := map[string]int{}
		sink := &recordingSink{onMessage: func(o *Observation) {
			got[kind(o.Raw)]++
			if o.Time == 0 || o.Coarse || o.Cut || o.Heading == HeadingUnknown || o.Transport == TransportUnknown {
				t.Errorf("%s:%d: %+v", file, o.Line, o.Place)
			}
		}}
		if err := readSIPText(&Input{Reader: bytes.NewReader(data)}, sink); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: messages (-banners +read)\n%s", file, d)
		}
		if len(sink.rejects) > 0 {
			t.Errorf("%s: rejects %v", file, sink.rejects)
		}
	}
}

// kind is the method of a request or the code of a response.
func kind(raw []byte) string {
	f := bytes.Fields(raw[:min(len(raw), 200)])
	if string(f[0]) == "SIP/2.0" {
		return string(f[1])
	}
	return string(f[0])
}
