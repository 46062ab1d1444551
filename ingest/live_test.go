package ingest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// liveEnv makes the test of fresh evidence fail where its programs are absent.
const liveEnv = "CALLSIFT_LIVE"

// The laboratory is on the loopback network: callers at 127.0.8.11 and on, the
// proxy, a far end for each outcome at 127.0.8.31 and on. The proxy sends a copy
// of every message as HEP3 to hepAddr, where nobody listens.
const (
	liveProxy = "127.0.8.1"
	hepAddr   = "127.0.8.2"
	hepPort   = "9060"
)

// liveCalls is what happens: how many calls end how.
var liveCalls = []struct {
	name  string
	final string // what the far end answers; cancel: it rings until the caller gives up
	code  int    // what the caller sees: the proxy turns a 503 into 500 (RFC 3261 16.7)
	count int
}{
	{"answer", "200 OK", 200, 12},
	{"busy", "486 Busy Here", 486, 9},
	{"unknown", "404 Not Found", 404, 8},
	{"down", "503 Service Unavailable", 500, 7},
	{"cancel", "cancel", 487, 6},
}

const proxyConfig = `#!KAMAILIO
debug=1
log_stderror=yes
children=2
disable_tcp=yes
listen=udp:` + liveProxy + `:5060
auto_aliases=no
mpath="%s"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "siptrace.so"
loadmodule "acc.so"
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
modparam("acc", "report_cancels", 1)
modparam("acc", "log_level", 1)
modparam("acc", "log_extra", "src_user=$fU;src_ip=$si;dst_ouser=$tU")
modparam("siptrace", "duplicate_uri", "sip:` + hepAddr + `:` + hepPort + `")
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "trace_mode", 1)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  if (is_method("INVITE")) { setflag(1); setflag(2); setflag(3); record_route(); }
%s  t_relay();
}
`

func scenario(steps ...string) string {
	return "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n<scenario name=\"s\">\n" + strings.Join(steps, "\n") + "\n</scenario>\n"
}

func sends(lines ...string) string {
	return "<send><![CDATA[\n\n" + strings.Join(lines, "\n") + "\nContent-Length: 0\n\n]]></send>"
}

// farScenario answers as a far end that ends calls so.
func farScenario(final string) string {
	answer := func(status, to, cseq string) string {
		return sends("SIP/2.0 "+status, "[last_Via:]", "[last_Record-Route:]", "[last_From:]", "[last_To:]"+to, "[last_Call-ID:]", cseq, "Contact: <sip:far@[local_ip]:[local_port]>")
	}
	const tag = ";tag=[pid]far[call_number]"
	switch final {
	case "cancel": // the pause: else one child of the proxy may pass on the 487 before another has answered the CANCEL
		return scenario(`<recv request="INVITE"/>`, answer("180 Ringing", tag, "[last_CSeq:]"), `<recv request="CANCEL"/>`,
			answer("200 OK", "", "[last_CSeq:]"), `<pause milliseconds="300"/>`, answer("487 Request Terminated", tag, "CSeq: 1 INVITE"), `<recv request="ACK"/>`)
	case "200 OK":
		return scenario(`<recv request="INVITE"/>`, answer("180 Ringing", tag, "[last_CSeq:]"), answer(final, tag, "[last_CSeq:]"),
			`<recv request="ACK"/>`, `<recv request="BYE"/>`, answer("200 OK", "", "[last_CSeq:]"))
	}
	return scenario(`<recv request="INVITE"/>`, answer(final, tag, "[last_CSeq:]"), `<recv request="ACK"/>`)
}

// nearScenario is a caller who sees this code.
func nearScenario(name string, code int) string {
	const from, id = "From: <sip:201@example.net>;tag=[pid]near[call_number]", "Call-ID: [call_id]"
	uri := "sip:" + name + "@" + liveProxy
	first := func(method, via, to string) string {
		return sends(method+" "+uri+" SIP/2.0", via, "Max-Forwards: 70", from, to, id, "CSeq: 1 "+method, "Contact: <sip:near@[local_ip]:[local_port]>")
	}
	const via, lastVia = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]", "[last_Via:]"
	steps := []string{first("INVITE", via, "To: <"+uri+">"), `<recv response="100" optional="true"/>`}
	switch code {
	case 200:
		inside := func(method, cseq string) string {
			return sends(method+" [next_url] SIP/2.0", via, "[routes]", "Max-Forwards: 70", from, "[last_To:]", id, "CSeq: "+cseq+" "+method)
		}
		steps = append(steps, `<recv response="180" optional="true"/>`, `<recv response="200" rrs="true"/>`, inside("ACK", "1"), `<pause milliseconds="300"/>`,
			inside("BYE", "2"), `<recv response="200"/>`)
	case 487:
		steps = append(steps, `<recv response="180"/>`, `<pause milliseconds="300"/>`, first("CANCEL", lastVia, "To: <"+uri+">"),
			`<recv response="200"/>`, `<recv response="487"/>`, first("ACK", lastVia, "[last_To:]"))
	default:
		steps = append(steps, fmt.Sprintf(`<recv response="%d"/>`, code), first("ACK", lastVia, "[last_To:]"))
	}
	return scenario(steps...)
}

// livePrograms finds the programs; without one the test is skipped, or fails
// where liveEnv asks for it.
func livePrograms(t *testing.T) (modules string) {
	t.Helper()
	absent := ""
	for _, name := range []string{"kamailio", "sipp", "tcpdump"} {
		if _, err := exec.LookPath(name); err != nil {
			absent = name
		}
	}
	found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/siptrace.so")
	if absent == "" && len(found) == 0 {
		absent = "kamailio's module siptrace"
	}
	if absent == "" && os.Geteuid() != 0 {
		absent = "the right to capture packets"
	}
	switch {
	case absent == "":
		return filepath.Dir(found[0]) + "/"
	case os.Getenv(liveEnv) != "":
		t.Fatalf("no %s, and $%s is set", absent, liveEnv)
	}
	t.Skipf("no %s", absent)
	return ""
}

// TestLiveEvidence: calls through a proxy, seen four ways: packets, the proxy's
// HEP copies, the callers' own logs, the proxy's accounting. Each, imported by
// itself, tells the same outcomes of the same calls.
func TestLiveEvidence(t *testing.T) {
	modules := livePrograms(t)
	// One laboratory at a time: its addresses are fixed. No other program needs this port.
	var lock net.Listener
	waitFor(t, "the laboratory, in use", func() (ok bool) {
		var err error
		lock, err = net.Listen("tcp", liveProxy+":5060")
		return err == nil
	})
	t.Cleanup(func() { lock.Close() })
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, text string) string {
		if err := os.WriteFile(path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	start := func(name string, args ...string) (*exec.Cmd, string) {
		out, err := os.Create(path(name + ".out"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { out.Close() })
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if cmd.ProcessState == nil {
				cmd.Process.Kill()
				cmd.Wait()
			}
		})
		return cmd, path(name + ".out")
	}
	stop := func(cmd *exec.Cmd) {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}
	packets, _ := start("packets", "tcpdump", "-i", "lo", "-s", "0", "-U", "-w", path("packets.pcap"), "udp port 5060 or udp port 5070")
	copies, _ := start("copies", "tcpdump", "-i", "lo", "-s", "0", "-U", "-w", path("copies.pcap"), "udp dst port "+hepPort)
	for _, name := range []string{"packets.pcap", "copies.pcap"} {
		waitFor(t, name, func() bool { info, err := os.Stat(path(name)); return err == nil && info.Size() >= 24 })
	}
	var routes strings.Builder
	for i, c := range liveCalls {
		fmt.Fprintf(&routes, "  if ($rU == %q) { $du = \"sip:127.0.8.%d:5060\"; }\n", c.name, 31+i)
		start("far-"+c.name, "sipp", "-sf", put("far-"+c.name+".xml", farScenario(c.final)), "-i", fmt.Sprintf("127.0.8.%d", 31+i), "-p", "5060", "-nostdin")
	}
	config := put("kamailio.cfg", fmt.Sprintf(proxyConfig, modules, routes.String()))
	proxy, accLog := start("proxy", "kamailio", "-f", config, "-DD", "-E", "-m", "64", "-M", "8", "-P", path("pid"), "-Y", dir)
	time.Sleep(2 * time.Second)
	var callers []*exec.Cmd
	var logs []string
	for i, c := range liveCalls {
		log := path("near-" + c.name + "_messages.log")
		logs = append(logs, log)
		cmd, _ := start("near-"+c.name, "sipp", "-sf", put("near-"+c.name+".xml", nearScenario(c.name, c.code)), "-i", fmt.Sprintf("127.0.8.%d", 11+i), "-p", "5070",
			"-m", fmt.Sprint(c.count), "-r", "5", "-nostdin", "-timeout", "30", "-trace_msg", "-message_file", log, liveProxy+":5060")
		callers = append(callers, cmd)
	}
	for i, cmd := range callers {
		if err := cmd.Wait(); err != nil {
			t.Errorf("callers of %s: %v\n%s", liveCalls[i].name, err, tail(path("near-"+liveCalls[i].name+".out")))
		}
	}
	time.Sleep(time.Second) // the last accounting lines and packets
	stop(proxy)
	stop(packets)
	stop(copies)
	if t.Failed() {
		t.Fatalf("the proxy said\n%s", tail(accLog))
	}

	var want [][]any
	for _, c := range liveCalls {
		outcome := map[int]string{200: "answered", 486: "user", 404: "failed", 500: "failed", 487: "abandoned"}[c.code]
		want = append(want, []any{int64(c.code), outcome, int64(c.count)})
	}
	byCode := func(rows [][]any) map[string]string {
		m := map[string]string{}
		for _, r := range rows {
			m[fmt.Sprint(r[0])] = fmt.Sprint(r[1:])
		}
		return m
	}
	for name, files := range map[string][]string{
		"packets": {path("packets.pcap")}, "HEP": {path("copies.pcap")}, "callers' logs": logs, "accounting": {accLog},
	} {
		got := selected(t, imported(t, files...), `SELECT code, outcome, count(*) FROM calls GROUP BY code, outcome ORDER BY code`)
		if diff := cmp.Diff(byCode(want), byCode(got)); diff != "" {
			t.Errorf("%s: calls by code (-made +seen)\n%s", name, diff)
		}
	}
	// All four together are the same calls, each once.
	all := append([]string{path("packets.pcap"), path("copies.pcap"), accLog}, logs...)
	got := selected(t, imported(t, all...), `SELECT code, outcome, count(*) FROM calls GROUP BY code, outcome ORDER BY code`)
	if diff := cmp.Diff(byCode(want), byCode(got)); diff != "" {
		t.Errorf("all together: calls by code (-made +seen)\n%s", diff)
	}
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 300 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: not there after 30 s", what)
}

// tail is the end of a file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}
