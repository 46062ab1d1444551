package safety

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// growing is an input made of very many of one thing. It is read in two sizes,
// one twice the other: memory must be bounded, and must not grow with the number.
type growing struct {
	name   string
	n      int   // of the smaller of two sizes
	full   int   // with CALLSIFT_TEST_FULL=1
	memory int64 // bound, MiB
	time   time.Duration
	write  func(w *bufio.Writer, n int)
	// What must be read of n.
	calls, messages func(n int) int
	warns           string // a part of the warning that tells of a limit
}

func none(int) int  { return 0 }
func all(n int) int { return n }
func one(n int) int { return 1 }

var growingInputs = []growing{
	{name: "dialogs that stay open", n: 70_000, full: 10_000_000, memory: 88, time: 40 * time.Second, calls: all, messages: all, write: openDialogs, warns: "legs of one call is not judged"},
	{name: "TCP streams that never close", n: 60_000, full: 1_000_000, memory: 128, time: 60 * time.Second, calls: one, messages: func(n int) int { return n + 1 }, write: openStreams, warns: "streams were given up"},
	{name: "User-Agents, a new one in each message", n: 50_000, full: 1_000_000, memory: 128, time: 60 * time.Second, calls: none, messages: all, warns: "are counted without these texts",
		write: each(func(i int) string {
			return strings.Replace(message(i, "OPTIONS sip:a@example.net SIP/2.0", "1 OPTIONS", ""), "Phone ", fmt.Sprintf("Agent %d of ", i), 1)
		})},
	{name: "methods that nobody knows", n: 50_000, full: 1_000_000, memory: 128, time: 60 * time.Second, calls: none, messages: all, warns: "are counted without these texts",
		write: each(func(i int) string {
			return message(i, fmt.Sprintf("METHOD%d sip:a@example.net SIP/2.0", i), fmt.Sprintf("1 METHOD%d", i), "")
		})},
	{name: "messages of one Call-ID", n: 20_000, full: 1_000_000, memory: 128, time: 60 * time.Second, calls: none, messages: all, warns: "messages of one Call-ID",
		write: each(func(i int) string {
			return strings.Replace(message(i, "OPTIONS sip:a@example.net SIP/2.0", fmt.Sprintf("%d OPTIONS", i), ""), fmt.Sprintf("call-%d@", i), "call@", 1)
		})},
	{name: "fragments of packets without the rest", n: 100_000, full: 1_000_000, memory: 96, time: 30 * time.Second, calls: one, messages: one, warns: "fragmented packets never completed", write: fragments},
	{name: "lines that are rejected, each for a reason of its own", n: 100_000, full: 1_000_000, memory: 96, time: 30 * time.Second, calls: func(int) int { return 10 }, messages: none,
		write: func(w *bufio.Writer, n int) {
			w.WriteString(rows(0, 5))
			for i := range n {
				fmt.Fprintf(w, "\"x%d\",\"y%d\"\n", i, i)
			}
			w.WriteString(rows(5, 10))
		}},
	{name: "files in a tar archive", n: 1_500, full: 1_000_000, memory: 96, time: 60 * time.Second, calls: func(n int) int { return min(n, 100_000) }, messages: none, write: manyFiles},
}

// each writes n messages, a hundred in a millisecond.
func each(message func(i int) string) func(w *bufio.Writer, n int) {
	return func(w *bufio.Writer, n int) {
		for i := range n {
			w.WriteString(logged(i/100, message(i)))
		}
	}
}

// openDialogs are calls of which only the INVITE is ever seen.
func openDialogs(w *bufio.Writer, n int) {
	each(func(i int) string { return message(i, "INVITE sip:a@example.net SIP/2.0", "1 INVITE", "") })(w, n)
}

const rawIP = "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x65\x00\x00\x00"

// packet writes the record of an IP packet of a host of its own.
func packet(w *bufio.Writer, i int, protocol byte, fragment uint16, payload string) {
	n := 20 + len(payload)
	le := func(v uint32) { w.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
	le(uint32(firstMoment.Unix()) + uint32(i/2000))
	le(uint32(i % 2000 * 400))
	le(uint32(n))
	le(uint32(n))
	w.Write([]byte{0x45, 0, byte(n >> 8), byte(n), byte(i >> 8), byte(i), byte(fragment >> 8), byte(fragment), 64, protocol, 0, 0, 10, byte(i >> 14), byte(i >> 6), byte(i << 2), 192, 0, 2, 1})
	w.WriteString(payload)
}

// openStreams is a capture of TCP connections that each carry one message and
// the beginning of another one, and never end.
func openStreams(w *bufio.Writer, n int) {
	w.WriteString(rawIP)
	segment := func(i int, payload string) {
		port := 1024 + i%50_000
		packet(w, i, 6, 0, string([]byte{byte(port >> 8), byte(port), 0x13, 0xc4, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0})+payload)
	}
	for i := range n {
		segment(i, message(i, "OPTIONS sip:a@example.net SIP/2.0", "1 OPTIONS", "")+"INVITE sip:b@example.net SI")
	}
	segment(n, message(n, "INVITE sip:a@example.net SIP/2.0", "1 INVITE", ""))
}

// fragments is a capture of first fragments, then one whole message.
func fragments(w *bufio.Writer, n int) {
	w.WriteString(rawIP)
	datagram := func(text string) string {
		return string([]byte{0x13, 0xc4, 0x13, 0xc4, byte((len(text) + 8) >> 8), byte(len(text) + 8), 0, 0}) + text
	}
	for i := range n {
		packet(w, i, 17, 0x2000|100, strings.Repeat("x", 800))
	}
	packet(w, n, 17, 0, datagram(message(n, "INVITE sip:a@example.net SIP/2.0", "1 INVITE", "")))
}

// manyFiles is a tar of CDR exports of one row each.
func manyFiles(w *bufio.Writer, n int) {
	t := tar.NewWriter(w)
	for i := range n {
		text := row(i)
		t.WriteHeader(&tar.Header{Name: fmt.Sprintf("cdr/%d/Master.csv", i), Size: int64(len(text)), Mode: 0o600, ModTime: firstMoment})
		io.WriteString(t, text)
	}
	t.Close()
}

// flat is how much more memory twice the input may take: what the collector
// leaves lying about, and no more.
const flat = 1.25

// TestGrowing: of very many of anything, all are counted, what a limit leaves out
// is told, and memory neither passes its bound nor grows with the number.
func TestGrowing(t *testing.T) {
	for _, c := range growingInputs {
		t.Run(c.name, func(t *testing.T) {
			if full {
				r := c.read(t, c.full)
				figure("full", c.name, thousands(c.full), mebibytes(r.memory), fmt.Sprintf("%d MiB", c.memory), seconds(r.cpu), c.warns)
				return
			}
			small, large := c.read(t, c.n), c.read(t, 2*c.n)
			ratio := float64(large.memory) / float64(max(1, small.memory))
			if ratio > flat {
				t.Errorf("twice as many take %.2f times the memory, %s and %s, want %.2f at most", ratio, mebibytes(small.memory), mebibytes(large.memory), flat)
			}
			if large.cpu > c.time {
				t.Errorf("%s, want %s at most", seconds(large.cpu), seconds(c.time))
			}
			figure("growing", c.name, thousands(c.n)+" and "+thousands(2*c.n), mebibytes(small.memory), mebibytes(large.memory), fmt.Sprintf("%d MiB", c.memory), seconds(large.cpu), seconds(c.time))
		})
	}
}

// read imports n of it.
func (c *growing) read(t *testing.T, n int) result {
	t.Helper()
	db := filepath.Join(t.TempDir(), "callsift.db")
	r := callsift(t, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<20)
		c.write(b, n)
		return b.Flush()
	}, "import", "--quiet", "--db", db, "-")
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	var l struct{ Messages, Calls, Rejected int }
	if err := json.Unmarshal([]byte(wellDone(t, "ledger", "--format", "json", "--db", db).out), &l); err != nil {
		t.Fatal(err)
	}
	if l.Calls != c.calls(n) || l.Messages != c.messages(n) {
		t.Errorf("%d calls of %d messages, want %d of %d", l.Calls, l.Messages, c.calls(n), c.messages(n))
	}
	if told := wellDone(t, "sql", "--format", "csv", "--db", db, "SELECT text FROM warning").out; !strings.Contains(told, c.warns) {
		t.Errorf("no warning says %q:\n%.2000s", c.warns, told)
	}
	if !full {
		clean(t, db)
	}
	t.Logf("%d: %s, %s, %d rejected", n, mebibytes(r.memory), seconds(r.cpu), l.Rejected)
	if r.memory > c.memory<<20 {
		t.Errorf("%s of memory, want %d MiB at most", mebibytes(r.memory), c.memory)
	}
	return r
}

// thousands writes a number that is made of them.
func thousands(n int) string {
	if n%1_000_000 == 0 {
		return fmt.Sprintf("%d M", n/1_000_000)
	}
	return fmt.Sprintf("%g k", float64(n)/1000)
}
