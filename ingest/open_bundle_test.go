package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/ingest/dialog"
	"callsift/store"
)

// longCalls is a SIPp log of calls that follow one another every ten seconds and talk
// for ten minutes.
func longCalls(n int) []byte {
	type message struct {
		at   time.Time
		text string
	}
	var log bytes.Buffer
	var all []message
	start := time.Date(2026, 11, 9, 9, 0, 0, 0, time.UTC)
	for i := range n {
		var one bytes.Buffer
		benchCall(&one, i)
		for k, text := range strings.SplitAfter(one.String(), "Content-Length: 0\r\n\r\n\n") {
			if text == "" {
				continue
			}
			at := start.Add(time.Duration(i)*10*time.Second + time.Duration(k)*100*time.Millisecond)
			if k >= 6 { // the BYE and its answer
				at = at.Add(10 * time.Minute)
			}
			heading, rest, _ := strings.Cut(text, "\n")
			all = append(all, message{at, heading[:len(heading)-26] + at.Format("2006-01-02 15:04:05.000000") + "\n" + rest})
		}
	}
	for at := start; len(all) > 0; at = at.Add(time.Second) {
		var later []message
		for _, m := range all {
			if m.at.Before(at) {
				log.WriteString(m.text)
			} else {
				later = append(later, m)
			}
		}
		all = later
	}
	return log.Bytes()
}

// TestLongCalls: calls of many minutes are assembled once.
func TestLongCalls(t *testing.T) {
	const calls = 300
	db := imported(t, written(t, "sipp.log", longCalls(calls)))
	if n := oneNumber(t, db, `SELECT count(*) FROM attempt WHERE talk_ms BETWEEN 599000 AND 601000`); n != calls {
		t.Errorf("%d calls of ten minutes, want %d", n, calls)
	}
	if n := oneNumber(t, db, `SELECT count(*) FROM evidence`); n != calls {
		t.Errorf("the messages of %d calls are kept in %d parts", calls, n)
	}
	checkLedger(t, db)
}

// TestOpenBundles: how much may be open at a time changes nothing but how often a
// bundle is assembled.
func TestOpenBundles(t *testing.T) {
	defer func(n int) { maxOpen = n }(maxOpen)
	s := &scene{Rand: rand.New(rand.NewPCG(5, 1))}
	at := int64(1_794_301_200_000_000)
	for range 150 {
		s.play(at)
		at += s.Int64N(20_000 * ms)
	}
	file := written(t, "scene.pcap", pcapOf(rawPcap(), s.packets()))
	whole := imported(t, file)
	want, bundles := logicalDump(t, whole), oneNumber(t, whole, `SELECT count(*) FROM evidence`)
	for _, bytes := range []int{0, 6 * bundleSize, 40 * bundleSize} {
		maxOpen = bytes
		db := imported(t, file)
		sameDump(t, fmt.Sprint(bytes, " bytes"), want, logicalDump(t, db))
		checkLedger(t, db)
		if n := oneNumber(t, db, `SELECT count(*) FROM evidence`); bytes == 0 && n <= bundles {
			t.Errorf("with nothing kept open %d parts of bundles, with all %d", n, bundles)
		}
	}
}

// TestBundleOver: which messages make a bundle look complete.
func TestBundleOver(t *testing.T) {
	for _, test := range []struct {
		messages string // method, or status of a response and method
		over     bool
	}{
		{"INVITE, 180 INVITE, 200 INVITE, ACK", false},
		{"INVITE, 200 INVITE, ACK, BYE, 200 BYE", true},
		{"INVITE, 200 INVITE, ACK, BYE, 481 BYE", true},
		{"INVITE, 486 INVITE", false},
		{"INVITE, 486 INVITE, ACK", true},
		{"INVITE, 407 INVITE, ACK, INVITE", false},
		{"INVITE, 407 INVITE, ACK, INVITE, 200 INVITE, ACK", false},
		{"INVITE, CANCEL, 200 CANCEL, 487 INVITE, ACK", true},
		{"INVITE, 200 INVITE, ACK, INFO, 200 INFO", false},
		{"INVITE, 200 INVITE, ACK, INVITE, 491 INVITE, ACK", false},
		{"INVITE, 200 INVITE, ACK, BYE, 200 BYE, ACK", true},
		{"INVITE, 200 INVITE, ACK, BYE, 200 BYE, 200 BYE", true},
		{"OPTIONS, 200 OPTIONS", true},
		{"OPTIONS, 200 OPTIONS, OPTIONS", false},
		{"REGISTER, 401 REGISTER, REGISTER, 200 REGISTER", false},
	} {
		var b openBundle
		for _, text := range strings.Split(test.messages, ", ") {
			m := dialog.Message{Method: text}
			if _, err := fmt.Sscanf(text, "%d %s", &m.Status, &m.Method); err != nil {
				m.Status, m.Method = 0, text
			}
			b.see(&m)
		}
		if b.over != test.over {
			t.Errorf("%s: over %v, want %v", test.messages, b.over, test.over)
		}
	}
}

// TestIdlest: of bundles that look complete and others those go first that have been
// idle for long, the complete ones after a quarter of the time.
func TestIdlest(t *testing.T) {
	const second = 1_000_000
	var c collector
	c.open = map[string]*openBundle{}
	add := func(name string, at int64, over bool) {
		b := c.bundle("sip", []byte(name), at*second)
		b.over = over
		c.touched(b)
	}
	add("a", 100, false)
	add("b", 150, true)
	add("c", 160, false)
	add("d", 199, true)
	add("a", 170, false) // goes on; its clock is behind, and it counts as of now
	c.now = 200 * second
	var order []string
	for b := c.idlest(); b != nil; b = c.idlest() {
		order = append(order, b.key)
		b.unlink()
	}
	if got := strings.Join(order, " "); got != "b c d a" {
		t.Errorf("closed in the order %s, want b c d a", got)
	}
}

// TestIdlestOfTwoClocks: one complete call of a box whose clock is far ahead does not
// keep the others open.
func TestIdlestOfTwoClocks(t *testing.T) {
	for _, ahead := range []int64{3600, 1 << 62} {
		c := collector{open: map[string]*openBundle{}}
		add := func(name string, at int64, over bool) {
			b := c.bundle("sip", []byte(name), at)
			b.over = over
			c.touched(b)
		}
		add("ahead", ahead*1_000_000, true)
		for i := range int64(5) {
			add(fmt.Sprint("done", i), 100+i, true)
			add(fmt.Sprint("alive", i), 100+i, false)
		}
		if b := c.idlest(); b.key != "ahead" {
			t.Errorf("ahead by %d s: %s goes first", ahead, b.key)
		}
	}
}

// registrations is a capture of a phone that registers every so often, and others that ask
// for options in between.
func registrations(n int, every time.Duration, others int) []byte {
	var packets [][]byte
	phone, proxy := netip.MustParseAddrPort("192.0.2.10:5060"), netip.MustParseAddrPort("192.0.2.1:5060")
	at := int64(1_794_301_200_000_000)
	put := func(at int64, start, callID, method string, i int) {
		text := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%s%d\r\nFrom: <sip:201@example.net>;tag=a\r\nTo: <sip:201@example.net>\r\n"+
			"Call-ID: %s\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n", start, callID, i, callID, i+1, method)
		w := traffic{at: at, src: phone, dst: proxy, text: text}
		if strings.HasPrefix(start, "SIP/") {
			w.src, w.dst = proxy, phone
		}
		packets = append(packets, udpRecord(w))
	}
	for i := range n {
		put(at, "REGISTER sip:example.net SIP/2.0", "phone", "REGISTER", i)
		put(at+20_000, "SIP/2.0 200 OK", "phone", "REGISTER", i)
		for k := range others {
			put(at+int64(k+1)*1_000_000, "OPTIONS sip:example.net SIP/2.0", fmt.Sprint("other-", i, "-", k), "OPTIONS", 0)
		}
		at += every.Microseconds()
	}
	return pcapOf(rawPcap(), packets)
}

// TestLongRegistration: a phone that keeps its Call-ID for weeks is cut into parts where
// nothing is under way, so that nothing shows of it, however much else is open.
func TestLongRegistration(t *testing.T) {
	defer func(n int) { maxOpen = n }(maxOpen)
	const n = 5000
	file := written(t, "phone.pcap", registrations(n, 5*time.Minute, 1))
	for _, open := range []int{maxOpen, 0} {
		maxOpen = open
		db := imported(t, file)
		if got := oneNumber(t, db, `SELECT count(*) FROM attempt a JOIN profile p ON p.id = a.profile WHERE p.method = 'REGISTER' AND p.code = 200`); got != n {
			t.Errorf("%d bytes open: %d registrations, want %d", open, got, n)
		}
		if got := oneNumber(t, db, `SELECT count(*) FROM warning`); got != 0 {
			t.Errorf("%d bytes open: %d warnings", open, got)
		}
		if got := oneNumber(t, db, `SELECT count(*) FROM bundle WHERE key LIKE 'phone%'`); open > 0 && got < 2 {
			t.Errorf("%d bundles of the phone: the test needs more registrations", got)
		}
		checkLedger(t, db)
	}
}

// TestLongDialog: a call is not cut where it is quiet, however often it is refreshed.
func TestLongDialog(t *testing.T) {
	const refreshes = 3000
	var packets [][]byte
	phone, proxy := netip.MustParseAddrPort("192.0.2.10:5060"), netip.MustParseAddrPort("192.0.2.1:5060")
	at, cseq := int64(1_794_301_200_000_000), 0
	put := func(start, method string) {
		text := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-%d-%s\r\nFrom: <sip:201@example.net>;tag=a\r\nTo: <sip:202@example.net>;tag=b\r\n"+
			"Call-ID: long\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n", start, cseq, method, cseq, method)
		if method == "INVITE" && start != "SIP/2.0 200 OK" {
			text = strings.Replace(text, ";tag=b", "", 1)
		}
		w := traffic{at: at, src: phone, dst: proxy, text: text}
		if strings.HasPrefix(start, "SIP/") {
			w.src, w.dst = proxy, phone
		}
		packets = append(packets, udpRecord(w))
		at += 20_000
	}
	ask := func(method string) {
		cseq++
		put(method+" sip:202@example.net SIP/2.0", method)
		put("SIP/2.0 200 OK", method)
	}
	ask("INVITE")
	put("ACK sip:202@example.net SIP/2.0", "ACK")
	for range refreshes {
		at += 60_000_000
		ask("UPDATE")
	}
	ask("BYE")
	db := imported(t, written(t, "call.pcap", pcapOf(rawPcap(), packets)))
	if n := oneNumber(t, db, `SELECT count(*) FROM bundle`); n != 1 {
		t.Errorf("%d bundles, want 1", n)
	}
	if n := oneNumber(t, db, `SELECT sum(length(data)) FROM evidence`); n < maxBundle/2 || n > maxBundle {
		t.Errorf("a pack of %d bytes, want one between %d and %d", n, maxBundle/2, maxBundle)
	}
	if n := oneNumber(t, db, fmt.Sprintf(`SELECT count(*) FROM attempt WHERE talk_ms > 60000 * %d`, refreshes)); n != 1 {
		t.Errorf("%d calls of %d minutes, want 1", n, refreshes)
	}
	checkLedger(t, db)
}

// TestBatch: messages keep their order and lose nothing where some do not fit a batch,
// and where rejects and reports of undelivered ones stand between them.
func TestBatch(t *testing.T) {
	db := tempDB(t)
	im, err := db.Begin(t.Context(), store.Source{Path: "batch", Format: "pcap", State: store.Imported})
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(newAssembler(im), &pcapFormat, false)
	buf := make([]byte, 0, 2*batchBytes)
	at := func(i int) Place { return Place{Offset: int64(i), Length: len(buf), Line: i + 1} }
	const n = 3 * batchSize
	var want []int64
	rejects := 0
	for i := range n {
		body, undelivered := "", ""
		switch i % 10 {
		case 3:
			body = strings.Repeat("x", batchBytes)
		case 5:
			body = strings.Repeat("y", batchBytes/3)
		case 7:
			c.Reject(at(i), "no message", nil)
			rejects++
			continue
		case 9:
			undelivered = "ICMP port unreachable"
		}
		buf = fmt.Appendf(buf[:0], "OPTIONS sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5080;branch=z9hG4bK%d\r\nFrom: <sip:1001@example.net>;tag=%d\r\n"+
			"To: <sip:100@192.0.2.1>\r\nCall-ID: long@192.0.2.10\r\nCSeq: %d OPTIONS\r\nContent-Length: %d\r\n\r\n%s", i, i, i+1, len(body), body)
		c.Message(&Observation{Place: at(i), Time: int64(1_794_301_200_000_000 + i*1000), Raw: buf, Undelivered: undelivered})
		clear(buf) // the reader's memory is its own again
		want = append(want, int64(i))
	}
	c.finish()
	if err := c.asm.finish(); err != nil {
		t.Fatal(err)
	}
	_, _, evidence := im.Evidence(1)
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, e := range evidence {
		list, err := unpack(nil, 1, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			m := &list[i]
			if tag := fmt.Sprint(m.Offset); m.FromTag != tag || m.CSeq != fmt.Sprint(m.Offset+1) || !strings.HasSuffix(m.Vias[0], "z9hG4bK"+tag) {
				t.Errorf("message at %d: tag %s, CSeq %s, Via %s", m.Offset, m.FromTag, m.CSeq, m.Vias[0])
			}
			if has := m.Flags&dialog.Undelivered != 0; has != (m.Offset%10 == 9) {
				t.Errorf("message at %d: undelivered %v", m.Offset, has)
			}
			got = append(got, m.Offset)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := oneNumber(t, db, `SELECT sum(records) FROM reject`); got != int64(rejects) {
		t.Errorf("%d rejects, want %d", got, rejects)
	}
}
