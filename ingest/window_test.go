package ingest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"
)

// TestWindow: all bytes pass, in order, as many at a time as the window may hold, and
// a small source is read in a small one.
func TestWindow(t *testing.T) {
	const full = 300_000
	for _, size := range []int{0, 1, firstWindow - 1, firstWindow, firstWindow + 1, 8 * firstWindow, full - 1, full, full + 1, 3*full + 7} {
		text := make([]byte, size)
		r := rand.New(rand.NewPCG(uint64(size), 1))
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		w := newWindow(iotest.HalfReader(bytes.NewReader(text)), full)
		var got []byte
		for w.fill(); w.pos < w.end; w.fill() {
			if left := size - len(got); w.end-w.pos != min(left, full) {
				t.Fatalf("%d bytes: a window of %d with %d left, want %d", size, w.end-w.pos, left, min(left, full))
			}
			n := 1 + r.IntN(w.end-w.pos)
			got = append(got, w.buf[w.pos:w.pos+n]...)
			w.pos += n
		}
		if !bytes.Equal(got, text) || !w.eof || w.err != nil {
			t.Errorf("%d bytes: %d passed, at the end %v, error %v", size, len(got), w.eof, w.err)
		}
		if size < firstWindow && len(w.buf) != firstWindow {
			t.Errorf("%d bytes: a buffer of %d, want %d", size, len(w.buf), firstWindow)
		}
	}
	w := newWindow(iotest.ErrReader(io.ErrClosedPipe), full)
	if w.fill(); w.err != io.ErrClosedPipe {
		t.Errorf("error %v, want the source's", w.err)
	}
}

// TestSmallSources: what is made for a small file is small. With the buffers of large
// ones, two megabytes each, a folder of documents took eighteen times as long.
func TestSmallSources(t *testing.T) {
	capture, err := os.ReadFile(filepath.Join("..", "testdata", "site", "trunk.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	const most = 400 << 10 // bytes allocated a file; the ends of logs are tried on one another
	for format, text := range map[string]func(i int) string{
		"freeswitch-json": func(i int) string {
			return fmt.Sprintf(`{"core-uuid":"c","variables":{"uuid":"u-%d","direction":"inbound","start_epoch":"%d","answer_epoch":"0","end_epoch":"%d","hangup_cause":"USER_BUSY"},"callflow":[{"caller_profile":{"caller_id_number":"301","destination_number":"302"}}]}`, i, 1794178800+i, 1794178830+i)
		},
		"asterisk-csv": func(i int) string {
			return fmt.Sprintf(`"","301","302","from-internal","""A"" <301>","PJSIP/301-%08x","PJSIP/t-%08x","Dial","PJSIP/302","2026-11-09 08:00:%02d",,"2026-11-09 08:01:00",20,0,"NO ANSWER","DOCUMENTATION","179417%04d.1",""`+"\n", i, i, i%60, i)
		},
		"sipp-log": func(i int) string {
			return fmt.Sprintf("----------------------------------------------- 2026-11-09 08:00:%02d.000000\nUDP message sent (250 bytes):\n\nOPTIONS sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK%d\r\nFrom: <sip:b@192.0.2.2>;tag=%d\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: o%d@192.0.2.2\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", i%60, i, i, i)
		},
		"pcap": func(i int) string {
			b := bytes.Clone(capture)
			b[24] = byte(i) // the first packet's second
			return string(b)
		},
	} {
		t.Run(format, func(t *testing.T) {
			db, dir := openStore(t), t.TempDir()
			const files = 100
			for i := range files {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), []byte(text(i)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			paths, _ := Expand([]string{dir})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := Run(t.Context(), db, paths, Options{}, func(r FileResult) {
				if r.Source.Format != format || r.Source.Records() == 0 {
					t.Errorf("%s: %s with %d records, want %s", r.Source.Path, r.Source.Format, r.Source.Records(), format)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / files; each > most {
				t.Errorf("%d bytes allocated for each of %d files, want at most %d", each, files, most)
			}
		})
	}
}
