package safety

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// full asks for the largest sizes of what grows, which take an hour.
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
	// file is the name of a file to write it to, where it cannot come over standard
	// input; refused means status 1 with says as the sentence, and nothing read.
	file    string
	refused bool
}

// lineBytes is the length of lines without an end.
const lineBytes = 1 << 30

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

// TestHostile: every input is read within its bounds, what is wrong is told with
// its place, and the rest is read.
func TestHostile(t *testing.T) {
	for _, c := range slices.Concat(hostileInputs, moreInputs, sheetInputs) {
		t.Run(c.name, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "callsift.db")
			r := c.run(t, db)
			if c.refused {
				if r.status != 1 || !strings.Contains(r.err, c.says) {
					t.Errorf("status %d, %q, want 1 and %q", r.status, r.err, c.says)
				}
			} else {
				c.held(t, r, db)
			}
			t.Logf("%s, %s", mebibytes(r.memory), seconds(r.cpu))
			if r.memory > c.memory<<20 {
				t.Errorf("%s of memory, want %d MiB at most", mebibytes(r.memory), c.memory)
			}
			if r.cpu > c.time {
				t.Errorf("%s, want %s at most", seconds(r.cpu), c.time)
			}
			figure("hostile", c.name, c.size, mebibytes(r.memory), fmt.Sprintf("%d MiB", c.memory), seconds(r.cpu), seconds(c.time))
		})
	}
}

// run imports it.
func (c *hostile) run(t *testing.T, db string) result {
	t.Helper()
	write := func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<20)
		c.write(b)
		return b.Flush()
	}
	if c.file == "" {
		return callsift(t, write, "import", "--db", db, "-")
	}
	path := filepath.Join(t.TempDir(), c.file)
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(write(f), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return callsift(t, nil, "import", "--db", db, path)
}

// held wants in the database what must be read all the same, and what must be told.
func (c *hostile) held(t *testing.T, r result, db string) {
	t.Helper()
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
}
