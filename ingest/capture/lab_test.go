package capture

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The lab captures are not part of the project; see the README there.
const lab = "../../../shared/corpus/"

// kinds counts messages by what tshark calls sip.Method and sip.Status-Code.
type kinds map[string]int

func (k kinds) add(data []byte) {
	first, rest, _ := strings.Cut(string(data[:min(len(data), 100)]), " ")
	if first == "SIP/2.0" {
		first = rest[:3]
	}
	k[first]++
}

// countSIP counts the messages of a capture, and those quoted in ICMP errors.
func countSIP(t testing.TB, r io.Reader) (messages, quoted kinds, sum Summary) {
	t.Helper()
	messages, quoted = kinds{}, kinds{}
	sum, err := Read(r, Options{Quoted: func(q *Quoted) { quoted.add(q.Data) }}, func(p *Payload) error {
		messages.add(p.Data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, &sum)
	return messages, quoted, sum
}

// tshark counts the messages of the packets that a display filter selects. A
// frame with several messages has several values, parted by commas.
func tshark(t testing.TB, file, filter string) kinds {
	t.Helper()
	out, err := exec.Command("tshark", "-r", file, "-Y", filter, "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	counts := kinds{}
	for _, value := range strings.FieldsFunc(string(out), func(r rune) bool { return strings.ContainsRune(",\t\n", r) }) {
		counts[value]++
	}
	return counts
}

// TestTshark: the messages are tshark's, one for one by method and status. What
// tshark counts beyond them are exactly the messages quoted in ICMP errors: it
// dissects the packet inside the error as well.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	file := lab + "lab-small/lab.pcap"
	f, err := os.Open(file)
	if err != nil {
		t.Skipf("no lab capture: %v", err)
	}
	defer f.Close()
	messages, quoted, _ := countSIP(t, f)
	if diff := cmp.Diff(tshark(t, file, "sip && !icmp && !icmpv6"), messages); diff != "" {
		t.Errorf("messages (-tshark +callsift):\n%s", diff)
	}
	if diff := cmp.Diff(tshark(t, file, "sip && (icmp || icmpv6)"), quoted); diff != "" {
		t.Errorf("quoted in ICMP errors (-tshark +callsift):\n%s", diff)
	}
	if len(quoted) == 0 {
		t.Error("no ICMP error quotes SIP in this capture: it does not test the difference")
	}
}

// TestTsharkFragments holds fragments and streams of this package's own
// captures against tshark.
func TestTsharkFragments(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	packets := mixed(t)
	for _, f := range fragmented(t) {
		packets = append(packets, f...)
	}
	data := pcapFile(1, packets...)
	file := t.TempDir() + "/mixed.pcap"
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	messages, _, _ := countSIP(t, bytes.NewReader(data))
	want := tshark(t, file, "sip")
	if diff := cmp.Diff(want, messages); diff != "" || len(messages) == 0 {
		t.Errorf("messages (-tshark +callsift):\n%s", diff)
	}
}

// openBig unpacks the big lab capture as it is read.
func openBig(t testing.TB) io.Reader {
	t.Helper()
	path := lab + "lab-big/lab.pcap.zst"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no lab capture: %v", err)
	}
	cmd := exec.Command("zstd", "-dc", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("zstd is not installed: %v", err)
	}
	t.Cleanup(func() { io.Copy(io.Discard, out); cmd.Wait() })
	return out
}

// TestTsharkBig compares with counts that tshark made of the big lab capture.
// They include what ICMP errors quote.
func TestTsharkBig(t *testing.T) {
	if testing.Short() {
		t.Skip("300 MB")
	}
	var truth struct{ Requests, Responses kinds }
	text, err := os.ReadFile(lab + "lab-big/tshark_counts.json")
	if err != nil {
		t.Skipf("no counts: %v", err)
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	want := truth.Requests
	for code, n := range truth.Responses {
		want[code] = n
	}
	messages, quoted, sum := countSIP(t, openBig(t))
	for kind, n := range quoted {
		messages[kind] += n
	}
	if diff := cmp.Diff(want, messages); diff != "" {
		t.Errorf("messages and quotes (-tshark +callsift):\n%s", diff)
	}
	if sum.Packets != 487_251 || sum.Cut != 0 || sum.Gaps != 0 {
		t.Errorf("%+v", sum)
	}
	t.Logf("%d messages, %d quoted in ICMP errors", sum.Messages, sum.Quoted)
}

// BenchmarkRead reads the beginning of the big lab capture from memory, SIP
// almost all of it (612 bytes a packet). Profile, per second of CPU 2.9 million
// packets, no allocation per packet: reading records 31 % (half of it the copy
// into the buffer), gopacket's layers 22 %, finding SIP 15 %, of which the start
// line is a half. Nothing stands out.
func BenchmarkRead(b *testing.B) {
	head, err := io.ReadAll(io.LimitReader(openBig(b), 64<<20))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	packets := 0
	for b.Loop() {
		sum, err := Read(bytes.NewReader(head), Options{}, func(*Payload) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		packets += sum.Packets
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
}

// BenchmarkRTP is what a packet of media costs.
func BenchmarkRTP(b *testing.B) {
	frame := udp4(b, "\x80\x00"+strings.Repeat("\xd5\x53", 85))
	file := pcapFile(1, bytes.Split(bytes.Repeat(append(frame, "|cut|"...), 10_000), []byte("|cut|"))...)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if sum, err := Read(bytes.NewReader(file), Options{}, nil); err != nil || sum.NotSIP != 10_000 {
			b.Fatal(err, sum)
		}
	}
	b.ReportMetric(float64(10_000*b.N)/b.Elapsed().Seconds(), "packets/s")
}
