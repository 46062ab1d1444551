package dialog

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"callsift/ingest/sip"
	"callsift/store/codes"
)

const corpus = "../../../shared/corpus/"

// labPcap reads a capture on Ethernet with UDP and TCP: messages by Call-ID.
func labPcap(t testing.TB, path string) map[string][]Message {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no corpus: %v", err)
	}
	calls := map[string][]Message{}
	streams := map[[2]netip.AddrPort][]byte{}
	for at, n := 24, int64(1); at+16 <= len(raw); n++ {
		le := binary.LittleEndian
		when := int64(le.Uint32(raw[at:]))*1e6 + int64(le.Uint32(raw[at+4:]))
		size := int(le.Uint32(raw[at+8:]))
		pkt := raw[at+16 : at+16+size]
		at += 16 + size
		ip := pkt[14:]
		src, _ := netip.AddrFromSlice(ip[12:16])
		dst, _ := netip.AddrFromSlice(ip[16:20])
		l4 := ip[int(ip[0]&15)*4 : binary.BigEndian.Uint16(ip[2:])]
		ends := [2]netip.AddrPort{netip.AddrPortFrom(src, binary.BigEndian.Uint16(l4)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(l4[2:]))}
		add := func(text []byte, flags MessageFlags) {
			m, id, ok := parseSIP(string(text))
			if !ok {
				return
			}
			m.Time, m.Src, m.Dst, m.Source, m.Offset = when, ends[0], ends[1], 1, n
			m.Flags |= FromCapture | flags
			calls[id] = append(calls[id], m)
		}
		switch ip[9] {
		case 17:
			add(l4[8:], 0)
		case 6:
			buf := append(streams[ends], l4[int(l4[12]>>4)*4:]...)
			for len(buf) > 0 {
				skip, size, complete := sip.Frame(buf)
				if !complete {
					break
				}
				add(buf[skip:skip+size], OverStream)
				buf = buf[skip+size:]
			}
			streams[ends] = buf
		}
	}
	return calls
}

// labLogs adds what is in SIPp message logs.
func labLogs(t testing.TB, dir string, calls map[string][]Message) {
	files, _ := filepath.Glob(dir + "/*.log")
	if len(files) == 0 {
		t.Skip("no corpus: " + dir)
	}
	for k, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, part := range bytes.Split(raw, []byte("-----------------------------------------------")) {
			banner, text, ok := bytes.Cut(part, []byte("\n\n"))
			if !ok || len(banner) < 27 {
				continue
			}
			when, err := time.Parse("2006-01-02 15:04:05.000000", strings.TrimSpace(string(banner[:27])))
			if err != nil {
				continue // SIPp's own remarks
			}
			text = append(bytes.TrimRight(text, "\n"), "\r\n\r\n"...)
			m, id, ok := parseSIP(string(text))
			if !ok {
				continue
			}
			m.Time, m.Source, m.Offset = when.UnixMicro(), int64(10+k), int64(n)
			if bytes.Contains(banner, []byte("received")) {
				m.Flags |= Received
			} else {
				m.Flags |= Sent
			}
			calls[id] = append(calls[id], m)
		}
	}
}

type truth struct {
	Invite   map[string]int `json:"invite_final"`
	Register map[string]int `json:"register_final"`
	Options  map[string]int `json:"options_final"`
	Groups   []struct {
		Name, Source, Final string
		Calls               int
	}
}

func readTruth(t testing.TB, path string) truth {
	var tr truth
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no corpus: %v", err)
	}
	if err := json.Unmarshal(raw, &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// assembleAll assembles every Call-ID of a source.
func assembleAll(calls map[string][]Message) (all []Call, counts Counts) {
	end := int64(0)
	for _, msgs := range calls {
		for i := range msgs {
			end = max(end, msgs[i].Time)
		}
	}
	for _, msgs := range calls {
		r := Assemble(msgs, Context{CoverageEnd: end})
		all = append(all, r.Calls...)
		counts.Add(r.Counts)
	}
	return all, counts
}

func codeCounts(calls []Call, method string) map[string]int {
	n := map[string]int{}
	for i := range calls {
		if c := &calls[i]; c.Method == method {
			code := strconv.Itoa(c.Code)
			if c.Code == codes.None {
				code = "none"
			}
			n[code]++
		}
	}
	return n
}

func checkTruth(t *testing.T, calls []Call, tr truth, methods ...string) {
	t.Helper()
	for _, m := range methods {
		want := map[string]map[string]int{"INVITE": tr.Invite, "REGISTER": tr.Register, "OPTIONS": tr.Options}[m]
		got := codeCounts(calls, m)
		for code := range want {
			if got[code] != want[code] {
				t.Errorf("%s %s: %d, want %d", m, code, got[code], want[code])
			}
		}
		for code := range got {
			if _, ok := want[code]; !ok {
				t.Errorf("%s %s: %d, want 0", m, code, got[code])
			}
		}
	}
}

func TestLabSmall(t *testing.T) {
	tr := readTruth(t, corpus+"lab-small/truth.json")
	for _, name := range []string{"capture", "logs", "both"} {
		t.Run(name, func(t *testing.T) {
			calls := map[string][]Message{}
			if name != "logs" {
				calls = labPcap(t, corpus+"lab-small/lab.pcap")
			}
			if name != "capture" {
				labLogs(t, corpus+"lab-small/sipp", calls)
			}
			all, counts := assembleAll(calls)
			checkTruth(t, all, tr, "INVITE", "REGISTER", "OPTIONS")
			checkGroups(t, all, tr)
			checkCounts(t, counts)
			t.Logf("%+v", counts)
		})
	}
}

// checkGroups compares codes by the caller's address, and what each group is about.
func checkGroups(t *testing.T, calls []Call, tr truth) {
	t.Helper()
	for _, g := range tr.Groups {
		n := 0
		for i := range calls {
			c := &calls[i]
			if !c.From.IsValid() || c.From.Addr().String() != g.Source || c.Flags&codes.FlagOrphan != 0 {
				continue
			}
			code := strconv.Itoa(c.Code)
			if c.Code == 0 {
				code = "none"
			}
			if code == g.Final || g.Name == "r_badpw" && code == "401" {
				n++
			} else {
				t.Errorf("%s: code %s, want %s", g.Name, code, g.Final)
			}
			checkGroup(t, g.Name, c)
		}
		if n != g.Calls {
			t.Errorf("%s: %d calls, want %d", g.Name, n, g.Calls)
		}
	}
}

func checkGroup(t *testing.T, name string, c *Call) {
	t.Helper()
	flagged := func(f codes.Flags) {
		if c.Flags&f == 0 {
			t.Errorf("%s: flags %v, want %v too", name, c.Flags.Names(), f.Names())
		}
	}
	switch name {
	case "a_503", "c_503":
		if c.CauseCode != 503 || c.CauseQ850 != 34 {
			t.Errorf("%s: cause %d, Q.850 %d, want 503, 34", name, c.CauseCode, c.CauseQ850)
		}
	case "c_failover":
		flagged(codes.FlagRecovered)
	case "a_noauth", "r_scan":
		flagged(codes.FlagChallengeUnanswered)
	case "a_badpw", "r_badpw":
		flagged(codes.FlagAuthRejected)
	case "a_408ring":
		if !c.Rang {
			t.Errorf("%s: did not ring", name)
		}
	case "c_blackhole":
		if c.Outcome != codes.InProgress { // the last ones began just before the capture ended
			flagged(codes.FlagTimeout)
		}
		if c.Retransmissions == 0 {
			t.Errorf("%s: no retransmissions", name)
		}
	case "c_302":
		flagged(codes.FlagRedirectUnfollowed)
	case "a_answer", "c_answer":
		if c.Outcome != codes.Answered || c.Released != "caller" || c.Talk < 0 || c.Bye < 0 {
			t.Errorf("%s: %s, released by %q, talk %d, bye %d", name, c.Outcome, c.Released, c.Talk, c.Bye)
		}
		if c.Flags&^codes.FlagRetransmitted != 0 {
			t.Errorf("%s: flags %v", name, c.Flags.Names())
		}
	case "a_calleebye", "c_calleebye":
		if c.Released != "callee" {
			t.Errorf("%s: released by %q", name, c.Released)
		}
	}
}

func checkCounts(t testing.TB, c Counts) {
	t.Helper()
	eq := func(name string, x, y int) {
		if x != y {
			t.Errorf("%s: %d, want %d in %+v", name, x, y, c)
		}
	}
	eq("messages", c.Messages, c.Duplicates+c.Unusable+c.Retransmissions+c.Kept)
	eq("transactions", c.Transactions, c.Invites+c.InDialog+c.Acks+c.Cancels+c.Requests+c.Orphaned)
	eq("invites", c.Invites, c.Attempts+c.Retries)
	eq("attempts", c.Attempts, c.Calls+c.Hops+c.Further)
	eq("requests", c.Requests, c.Others+c.RequestRetries+c.RequestHops)
}
