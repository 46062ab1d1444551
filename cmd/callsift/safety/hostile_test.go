package safety

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// full asks for the sizes that the bounds were made for; without it the larger
// inputs are a fraction of that, so that they fit a CI run.
var full = os.Getenv("CALLSIFT_TEST_FULL") != ""

// hostile is an input made to hurt. It comes over standard input, so that no
// size needs a disk.
type hostile struct {
	name   string
	size   string // in words, with the full size
	memory int64  // bound, MiB
	time   time.Duration
	write  func(w *bufio.Writer)
	// What must be read all the same, and what a reject or note must say.
	calls, messages int64
	says            string
}

// scaled is full, or a part of it.
func scaled(n, part int) int {
	if full {
		return n
	}
	return n / part
}

var (
	lineBytes = scaled(1<<30, 5)
	dialogs   = scaled(10_000_000, 100)
	streams   = scaled(1_000_000, 10)
)

func text(n int, s string) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		for ; n > 0; n -= len(s) {
			w.WriteString(s)
		}
	}
}

// between puts good calls before and after something.
func between(write func(w *bufio.Writer)) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		w.WriteString(call(0, 0))
		write(w)
		w.WriteString("\n\n" + call(4, 60_000))
	}
}

func betweenRows(write func(w *bufio.Writer)) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		w.WriteString(rows(0, 5))
		write(w)
		w.WriteString("\n" + rows(5, 10))
	}
}

const omRecord = `<Cdr id="1090000-%d"><callid>%d</callid><TimeStart>20261110090%d00</TimeStart><Type>OU</Type><Route>IP</Route><CPN>201</CPN><CDPN>03312345678</CDPN><TimeEnd>20261110091000</TimeEnd><Duration>4</Duration><TrunkNumber>02030000</TrunkNumber></Cdr>` + "\n"

func betweenRecords(write func(w *bufio.Writer)) func(w *bufio.Writer) {
	return func(w *bufio.Writer) {
		fmt.Fprintf(w, omRecord, 1, 1, 1)
		write(w)
		w.WriteString("\n")
		fmt.Fprintf(w, omRecord, 2, 2, 2)
	}
}

var hostileInputs = []hostile{
	{name: "log line without an end", size: "1 GB", memory: 96, time: 60 * time.Second, calls: 2, messages: 8, says: "line of ",
		write: between(text(lineBytes, strings.Repeat("INVITE sip:a@example.net ", 400)))},
	{name: "start line, then a header without an end", size: "1 GB", memory: 96, time: 60 * time.Second, calls: 2, messages: 8, says: "line of ",
		write: between(func(w *bufio.Writer) {
			w.WriteString("INVITE sip:a@example.net SIP/2.0\r\nVia: ")
			text(lineBytes, strings.Repeat("x", 9000))(w)
		})},
	{name: "CSV row without an end", size: "1 GB", memory: 96, time: 60 * time.Second, calls: 10, says: "a line over 65536 bytes",
		write: betweenRows(text(lineBytes, `"`+strings.Repeat("a,", 4000)))},
	{name: "OM record without an end", size: "1 GB", memory: 96, time: 60 * time.Second, calls: 2,
		write: betweenRecords(func(w *bufio.Writer) {
			w.WriteString(`<Cdr id="x`)
			text(lineBytes, strings.Repeat("x", 9000))(w)
		})},
	{name: "message of a million headers", size: "12 MB", memory: 96, time: 30 * time.Second, calls: 2, messages: 8,
		write: between(func(w *bufio.Writer) {
			w.WriteString(strings.TrimSuffix(logged(9000, message(9, "OPTIONS sip:a@example.net SIP/2.0", "1 OPTIONS", "")), "\r\n\n"))
			text(12_000_000, "X-Head: a\r\n")(w)
			w.WriteString("\r\n")
		})},
	{name: "gzip bomb", size: "10 GB from 10 MB", memory: 96, time: 60 * time.Second, calls: 100, messages: 400, says: "not read any further", write: bomb},
	{name: "XML a million elements deep", size: "6 MB", memory: 96, time: 30 * time.Second, calls: 2,
		write: betweenRecords(func(w *bufio.Writer) {
			w.WriteString(`<Cdr id="deep"><callid>7</callid>`)
			text(3_000_000, "<a>")(w)
			text(3_000_000, "</a>")(w)
			w.WriteString("</Cdr>")
		})},
	{name: "dialogs that stay open", size: "10 M", memory: 384, time: 300 * time.Second, calls: int64(dialogs), messages: int64(dialogs), write: openDialogs},
	{name: "TCP streams that never close", size: "1 M", memory: 448, time: 120 * time.Second, calls: 1, messages: int64(streams) + 1, write: openStreams},
	{name: "as many User-Agents as messages", size: "200 k", memory: 512, time: 120 * time.Second, calls: 0, messages: 200_000, write: agents},
	{name: "NULs and invalid UTF-8", size: "2 MB", memory: 96, time: 30 * time.Second, calls: 3, messages: 12,
		write: func(w *bufio.Writer) {
			w.WriteString(call(0, 0))
			text(1<<20, "\xff\xfe\xc0\x80\n")(w)
			w.WriteString(strings.ReplaceAll(call(8, 30_000), "Phone 0", "Ph\x00one \xff\xc3(\xed\xa0\x80"))
			text(1<<20, "\x00")(w)
			w.WriteString("\n\n" + call(4, 60_000))
		}},
	{name: "CSV with NULs and invalid UTF-8", size: "1 MB", memory: 96, time: 30 * time.Second, calls: 11,
		write: betweenRows(func(w *bufio.Writer) {
			w.WriteString(strings.ReplaceAll(row(100), "4412", "\x00\xff"))
			text(1<<20, "\xff\x00\xfe\n")(w)
		})},
}

// bomb is a hundred good calls, then ten gigabytes of zeros, packed.
func bomb(w *bufio.Writer) {
	member := func(data []byte) []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		z.Write(data)
		z.Close()
		return b.Bytes()
	}
	w.Write(member([]byte(calls(0, 100)))) // more than a format looks at to know a file
	zeros := member(make([]byte, 32<<20))
	for range 10 << 30 / (32 << 20) {
		w.Write(zeros)
	}
}

// openDialogs are calls of which only the INVITE is ever seen.
func openDialogs(w *bufio.Writer) {
	for i := range dialogs {
		w.WriteString(logged(i/100, message(i, "INVITE sip:a@example.net SIP/2.0", "1 INVITE", "")))
	}
}

func agents(w *bufio.Writer) {
	for i := range 200_000 {
		w.WriteString(logged(i, strings.Replace(message(i, "OPTIONS sip:a@example.net SIP/2.0", "1 OPTIONS", ""), "Phone ", fmt.Sprintf("Agent %d of ", i), 1)))
	}
}

// openStreams is a capture of TCP connections that each carry one message and
// the beginning of another one, and never end.
func openStreams(w *bufio.Writer) {
	w.Write([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0}) // raw IP
	packet := func(i, part int, payload string) {
		n := 40 + len(payload)
		at := uint32(firstMoment.Unix()) + uint32(i/2000)
		le := func(v uint32) { w.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
		le(at)
		le(uint32(i % 2000 * 400))
		le(uint32(n))
		le(uint32(n))
		w.Write([]byte{0x45, 0, byte(n >> 8), byte(n), 0, 0, 0, 0, 64, 6, 0, 0, 10, byte(i >> 14), byte(i >> 6), byte(i << 2), 192, 0, 2, 1})
		port := 1024 + i%50_000
		seq := uint32(1 + part*1000)
		w.Write([]byte{byte(port >> 8), byte(port), 0x13, 0xc4, byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq), 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0})
		w.WriteString(payload)
	}
	for i := range streams {
		packet(i, 0, message(i, "OPTIONS sip:a@example.net SIP/2.0", "1 OPTIONS", "")+"INVITE sip:b@example.net SI")
	}
	packet(streams, 0, message(streams, "INVITE sip:a@example.net SIP/2.0", "1 INVITE", ""))
}

// TestHostile: every input is read within its bounds, what is wrong is told with
// its place, and the rest is read.
func TestHostile(t *testing.T) {
	for _, c := range hostileInputs {
		t.Run(c.name, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "callsift.db")
			r := callsift(t, func(w io.Writer) error {
				b := bufio.NewWriterSize(w, 1<<20)
				c.write(b)
				return b.Flush()
			}, "import", "--db", db, "-")
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.err)
			}
			var l struct{ Messages, Calls, Rejected int64 }
			if err := json.Unmarshal([]byte(wellDone(t, "ledger", "--format", "json", "--db", db).out), &l); err != nil {
				t.Fatal(err)
			}
			if l.Calls != c.calls || l.Messages < c.messages {
				t.Errorf("%d calls of %d messages, want %d of %d or more", l.Calls, l.Messages, c.calls, c.messages)
			}
			if c.says != "" {
				rejects := wellDone(t, "rejects", "--db", db).out
				if !strings.Contains(rejects, c.says) {
					t.Errorf("rejects do not say %q:\n%.2000s", c.says, rejects)
				}
			}
			clean(t, db)
			t.Logf("%s, %s, %d rejected", mebibytes(r.memory), seconds(r.cpu), l.Rejected)
			if r.memory > c.memory<<20 {
				t.Errorf("%s of memory, want %d MiB at most", mebibytes(r.memory), c.memory)
			}
			if r.cpu > c.time {
				t.Errorf("%s, want %s at most", seconds(r.cpu), c.time)
			}
			size := c.size
			if !full {
				switch {
				case strings.HasPrefix(size, "1 GB"):
					size = fmt.Sprintf("%d MB of %s", lineBytes/1_000_000, size)
				case c.calls == int64(dialogs):
					size = fmt.Sprintf("%d k of %s", dialogs/1000, size)
				case c.messages == int64(streams)+1:
					size = fmt.Sprintf("%d k of %s", streams/1000, size)
				}
			}
			figure("hostile", c.name, size, mebibytes(r.memory), fmt.Sprintf("%d MiB", c.memory), seconds(r.cpu), seconds(c.time))
		})
	}
}
