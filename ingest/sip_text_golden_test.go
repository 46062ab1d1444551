package ingest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestSIPTextGolden reads the samples of every format of SIP inside text that
// has some; each is sniffed by its own format only.
func TestSIPTextGolden(t *testing.T) {
	for i := range sipTextFormats {
		f := sipTextFormats[i]
		if _, err := os.Stat(filepath.Join("testdata", f.Name)); err == nil {
			t.Run(f.Name, func(t *testing.T) { goldenFormat(t, f) })
		}
	}
}

func TestSIPTextSniffedOnce(t *testing.T) {
	files, _ := filepath.Glob("testdata/*/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name != "input" {
				continue
			}
			for i := range sipTextFormats {
				f := &sipTextFormats[i]
				if want := f.Name == filepath.Base(filepath.Dir(file)); f.Sniff(part.Data) != want {
					t.Errorf("%s: %s sniffs it = %v, want %v", file, f.Name, !want, want)
				}
			}
		}
	}
}

// TestSIPTextExamples: the examples in the list of formats are what the banners read.
func TestSIPTextExamples(t *testing.T) {
	const message = "INVITE sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\nFrom: <sip:1@192.0.2.10>;tag=1\nTo: <sip:100@192.0.2.1>\nCall-ID: 1\nCSeq: 1 INVITE\n\n"
	for i := range sipTextFormats {
		f := &sipTextFormats[i]
		if f.Name == familySyslog || f.Name == familyText {
			continue
		}
		if head := []byte(f.Example + message); !f.Sniff(head) {
			t.Errorf("%s: its example is sniffed as %q", f.Name, sniffSIPText(head))
		}
	}
}

// FuzzSIPText: any bytes, read whole or in halves, give the same, in places that
// are inside the source.
func FuzzSIPText(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "input" && sniffSIPText(part.Data) != "" {
				f.Add(part.Data)
				f.Add(bytes.ReplaceAll(part.Data, []byte("\n"), []byte("\r\n")))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sniffSIPText(data)
		var whole, parts listing
		if err := readSIPText(&Input{Reader: bytes.NewReader(data)}, &whole); err != nil {
			t.Fatal(err)
		}
		for _, p := range whole.places {
			if p.Offset < 0 || p.Length < 1 || p.Line < 1 || p.Offset+int64(p.Length) > int64(len(data)) {
				t.Fatalf("place %+v in %d bytes", p, len(data))
			}
		}
		if err := readSIPText(&Input{Reader: iotest.HalfReader(bytes.NewReader(data))}, &parts); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole.String(), parts.String()); d != "" {
			t.Fatal(d)
		}
	})
}
