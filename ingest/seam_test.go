package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

// Logs of the same traffic in the ways in which programs write it.
var logStyles = map[string]func(b *strings.Builder, w traffic){
	"sipp": func(b *strings.Builder, w traffic) {
		fmt.Fprintf(b, "----------------------------------------------- %s\nUDP message %s\n\n%s\n",
			time.UnixMicro(w.at).UTC().Format("2006-01-02 15:04:05.000000"), way(w, fmt.Sprintf("sent (%d bytes):", len(w.text)), fmt.Sprintf("received [%d] bytes :", len(w.text))), w.text)
	},
	"asterisk": func(b *strings.Builder, w traffic) {
		fmt.Fprintf(b, "[%s] VERBOSE[2114] res_pjsip_logger.c: %s\n%s\n", time.UnixMicro(w.at).UTC().Format("2006-01-02 15:04:05.000"),
			way(w, fmt.Sprintf("<--- Transmitting SIP %s (%d bytes) to UDP:%s --->", kindOf(w), len(w.text), w.dst), fmt.Sprintf("<--- Received SIP %s (%d bytes) from UDP:%s --->", kindOf(w), len(w.text), w.src)),
			strings.ReplaceAll(w.text, "\r\n", "\n"))
	},
	"sngrep": func(b *strings.Builder, w traffic) {
		fmt.Fprintf(b, "%s %s -> %s\n%s\n", time.UnixMicro(w.at).UTC().Format("2006/01/02 15:04:05.000000"), w.src, w.dst, w.text)
	},
	"kamailio": func(b *strings.Builder, w traffic) { // two formats: SIP, and acc lines of what was refused
		at := time.UnixMicro(w.at).UTC()
		for _, line := range strings.Split(strings.TrimSuffix(w.text, "\r\n"), "\r\n") {
			fmt.Fprintf(b, "%s sbc1 sip[811]: %s\n", at.Format("2006-01-02T15:04:05.000000Z"), line)
		}
		if _, id, ok := strings.Cut(w.text, "Call-ID: "); ok && strings.HasPrefix(w.text, "SIP/2.0 4") && strings.Contains(w.text, " INVITE\r\n") && w.src == proxyAddr {
			id, _, _ = strings.Cut(id, "\r")
			fmt.Fprintf(b, "%s sbc1 kamailio[123]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=%d;method=INVITE;from_tag=f1;to_tag=t1;call_id=%s;code=%s;reason=x;src_user=201;src_ip=192.0.2.10;dst_ouser=3312345\n",
				at.Format("2006-01-02T15:04:05.000000Z"), at.Unix(), id, w.text[8:11])
		}
	},
	"syslog": func(b *strings.Builder, w traffic) {
		for _, line := range strings.Split(strings.TrimSuffix(w.text, "\r\n"), "\r\n") {
			fmt.Fprintf(b, "%s pbx sip[811]: %s\n", time.UnixMicro(w.at).UTC().Format("2006-01-02T15:04:05.000000Z"), line)
		}
	},
}

// inRecord reports whether a cut is inside an acc line. That is a record and not
// part of a message: what a cut leaves of it is one of its own.
func inRecord(data []byte, cut int) bool {
	from := bytes.LastIndexByte(data[:cut], '\n') + 1
	line, _, _ := bytes.Cut(data[from:], []byte{'\n'})
	return cut > from && bytes.Contains(line, []byte("acc_log_request"))
}

// way is one of two texts: the box at proxyAddr writes the log.
func way(w traffic, sent, received string) string {
	if w.src == proxyAddr {
		return sent
	}
	return received
}

func kindOf(w traffic) string {
	if strings.HasPrefix(w.text, "SIP/2.0") {
		return "response"
	}
	return "request"
}

// loggedScene is a log of some calls as the box in their middle writes it.
func loggedScene(seed uint64, calls int, style func(*strings.Builder, traffic)) []byte {
	s := &scene{Rand: rand.New(rand.NewPCG(seed, 7))}
	at := int64(1_794_301_200_000_000)
	for range calls {
		s.play(at)
		at += s.Int64N(4000 * ms)
	}
	return s.log(style)
}

// log is what the box in the middle writes.
func (s *scene) log(style func(*strings.Builder, traffic)) []byte {
	slices.SortStableFunc(s.wires, func(a, b traffic) int { return int(a.at - b.at) })
	var b strings.Builder
	for _, w := range s.wires {
		if w.src.Addr() == netip.MustParseAddr("192.0.2.10") || w.dst == proxyAddr {
			style(&b, w)
		}
	}
	return []byte(b.String())
}

// rotate writes data in parts as a rotated log: pbx.log.2, pbx.log.1, pbx.log.
func rotate(t testing.TB, dir string, data []byte, cuts ...int) []string {
	t.Helper()
	slices.Sort(cuts)
	var files []string
	from := 0
	for i, to := range append(cuts, len(data)) {
		name := filepath.Join(dir, "pbx.log")
		if n := len(cuts) - i; n > 0 {
			name += fmt.Sprint(".", n)
		}
		if err := os.WriteFile(name, data[from:to], 0o600); err != nil {
			t.Fatal(err)
		}
		files, from = append(files, name), to
	}
	return files
}

// TestSplitAnywhere: a log that is cut at any byte into rotated files, which are
// read in any order, is the log.
func TestSplitAnywhere(t *testing.T) {
	step := 499
	if testing.Short() {
		step = 2999
	}
	for style, write := range logStyles {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			data := loggedScene(1, 12, write)
			dir := t.TempDir()
			whole := filepath.Join(dir, "whole.log")
			if err := os.WriteFile(whole, data, 0o600); err != nil {
				t.Fatal(err)
			}
			want := logicalDump(t, imported(t, whole))
			r := rand.New(rand.NewPCG(3, uint64(len(style))))
			for cut := 1 + r.IntN(step); cut < len(data); cut += 1 + r.IntN(2*step) {
				if inRecord(data, cut) {
					continue
				}
				files := rotate(t, dir, data, cut)
				if cut%2 == 0 {
					slices.Reverse(files)
				}
				db := imported(t, files...)
				checkLedger(t, db)
				sameDump(t, fmt.Sprintf("cut at %d, %q", cut, data[max(0, cut-60):min(cut+60, len(data))]), want, logicalDump(t, db))
				db.Close()
				if t.Failed() {
					return
				}
			}
		})
	}
}

// TestSplitAtEveryByte: every byte of a log of four messages is a place at which a
// rotation may cut. Each cut has a log of its own, with other Call-IDs and days
// after the one before, so that one database takes them all. Where CALLSIFT_LIVE is not set, every seventh byte does.
func TestSplitAtEveryByte(t *testing.T) {
	step := 7
	switch {
	case testing.Short():
		step = 37
	case os.Getenv(liveEnv) != "": // a minute for each style
		step = 1
	}
	for style, write := range logStyles {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			logOf := func(cut int) []byte {
				s := &scene{Rand: rand.New(rand.NewPCG(11, 7))}
				at := int64(1_000_000_000_000_000) + int64(cut)*48*3600_000*ms
				s.newHop().fail(at, 486, "Busy Here", 900*ms)
				for i := range s.wires {
					s.wires[i].text = strings.ReplaceAll(s.wires[i].text, "@198.51.100.1", fmt.Sprintf("@cut%05d.example.net", cut))
				}
				return s.log(write)
			}
			dir := t.TempDir()
			var wholes, parts []string
			for cut := 1; cut < len(logOf(1)); cut += step {
				data := logOf(cut)
				if inRecord(data, cut) {
					continue
				}
				whole := filepath.Join(dir, fmt.Sprint("whole", cut, ".log"))
				if err := os.WriteFile(whole, data, 0o600); err != nil {
					t.Fatal(err)
				}
				wholes = append(wholes, whole)
				part := filepath.Join(dir, fmt.Sprint(cut))
				if err := os.Mkdir(part, 0o700); err != nil {
					t.Fatal(err)
				}
				files := rotate(t, part, data, cut)
				if cut%2 == 0 {
					slices.Reverse(files)
				}
				parts = append(parts, files...)
			}
			db := imported(t, parts...)
			checkLedger(t, db)
			sameDump(t, "cut at every byte", logicalDump(t, imported(t, wholes...)), logicalDump(t, db))
		})
	}
}

// TestSplitInParts: three or four parts, imported by commands of their own.
func TestSplitInParts(t *testing.T) {
	for style, write := range logStyles {
		data := loggedScene(2, 10, write)
		want := logicalDump(t, imported(t, written(t, "whole.log", data)))
		r := rand.New(rand.NewPCG(9, uint64(len(style))))
		for n := range 6 {
			cuts := make([]int, 2+n%2)
			for i := range cuts {
				cuts[i] = (i+1)*len(data)/(len(cuts)+1) + r.IntN(len(data)/8)
				for inRecord(data, cuts[i]) {
					cuts[i]++
				}
			}
			files := rotate(t, t.TempDir(), data, cuts...)
			r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			db := tempDB(t)
			for _, f := range files {
				take(t, db, f)
			}
			checkLedger(t, db)
			sameDump(t, fmt.Sprint(style, " cut at ", cuts, " ", files), want, logicalDump(t, db))
			if t.Failed() {
				return
			}
		}
	}
}

// TestSeamRemoved: without one of two sources that go on in one another the
// database is that of the other, rejects and all, and with it again that of both.
func TestSeamRemoved(t *testing.T) {
	data := loggedScene(3, 10, logStyles["asterisk"])
	at := bytes.Index(data[len(data)/2:], []byte("\nFrom:")) + len(data)/2 + 4
	files := rotate(t, t.TempDir(), data, at)
	db := imported(t, files...)
	both := fullDump(t, db)
	if n := oneNumber(t, db, `SELECT count(*) FROM source WHERE state = 'joined'`); n != 1 {
		t.Fatalf("%d seams, want 1", n)
	}
	for i, f := range files {
		list, err := db.Sources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s, _ := store.SourceNamed(list, f)
		if _, err := Remove(t.Context(), db, s); err != nil {
			t.Fatal(err)
		}
		checkLedger(t, db)
		sameDump(t, "without "+f, fullDump(t, imported(t, files[1-i])), fullDump(t, db))
		take(t, db, f)
		sameDump(t, "with "+f+" again", both, fullDump(t, db))
	}
}

// fullDump is a logicalDump with the ledger of sources, rejects and kinds of messages.
func fullDump(t testing.TB, db *store.DB) string {
	t.Helper()
	lines := []string{logicalDump(t, db)}
	for _, q := range [...]string{
		`SELECT path, sha256, state, messages, cdrs, events, rejected, first_time, last_time FROM source ORDER BY 1`,
		`SELECT s.path, r.line, r.offset, r.reason, r.sample, r.records FROM reject r JOIN source s ON s.id = r.source ORDER BY 1, 2, 3`,
		`SELECT s.path, m.method, m.status, m.n FROM message_count m JOIN source s ON s.id = m.source ORDER BY 1, 2, 3`,
	} {
		for _, row := range selected(t, db, q) {
			lines = append(lines, fmt.Sprint(row...))
		}
	}
	return strings.Join(lines, "\n")
}

// TestSeamRaw: the message that a rotation cut leads back to its bytes in both files.
func TestSeamRaw(t *testing.T) {
	data := loggedScene(3, 4, logStyles["sipp"])
	at := bytes.Index(data[len(data)/2:], []byte("\nFrom:")) + len(data)/2 + 4
	db := imported(t, rotate(t, t.TempDir(), data, at)...)
	var calls []store.Attempt
	if err := db.Attempts(t.Context(), store.Filter{}, func(a *store.Attempt) error {
		calls = append(calls, *a)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	seen := false
	for i := range calls {
		steps, err := Trace(t.Context(), db, &calls[i])
		if err != nil {
			t.Fatal(err)
		}
		for i := range steps {
			s := &steps[i]
			if !strings.Contains(s.Path, joinedBy) {
				continue
			}
			raw, err := Raw(t.Context(), s)
			if err != nil || int64(len(raw)) != s.Length || !bytes.Contains(data, raw) || !bytes.Contains(raw, []byte("Call-ID: ")) {
				t.Errorf("%s %d: %q, %v", s.Path, s.Offset, raw, err)
			}
			seen = seen || int64(at) > s.Offset && int64(at) < s.Offset+s.Length
		}
	}
	if !seen {
		t.Error("the message that was cut is in no trace")
	}
}

// TestSeamGrown: the file that another goes on in is read again when it has grown.
func TestSeamGrown(t *testing.T) {
	data := loggedScene(5, 12, logStyles["sipp"])
	dir := t.TempDir()
	at := bytes.Index(data[len(data)/3:], []byte("\nFrom:")) + len(data)/3 + 4
	rotate(t, dir, data[:len(data)*2/3], at)
	old, now := filepath.Join(dir, "pbx.log.1"), filepath.Join(dir, "pbx.log")
	db := imported(t, old, now)
	if err := os.WriteFile(now, data[at:], 0o600); err != nil {
		t.Fatal(err)
	}
	take(t, db, now)
	checkLedger(t, db)
	sameDump(t, "grown", logicalDump(t, imported(t, written(t, "whole.log", data))), logicalDump(t, db))
}

// TestSeamHealed: what a kill between the sources and their seam left undone, the
// next import does, though it finds nothing new.
func TestSeamHealed(t *testing.T) {
	data := loggedScene(6, 8, logStyles["asterisk"])
	at := bytes.Index(data[len(data)/2:], []byte("\nFrom:")) + len(data)/2 + 4
	files := rotate(t, t.TempDir(), data, at)
	db := tempDB(t)
	g := group{ctx: t.Context(), db: db, done: func(FileResult) {}, more: true}
	for _, f := range files {
		if err := g.file(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.commit(); err != nil {
		t.Fatal(err)
	}
	checkLedger(t, db)
	for _, r := range take(t, db, files...) {
		if r.Already == "" {
			t.Errorf("%s was read again", r.Path)
		}
	}
	checkLedger(t, db)
	sameDump(t, "healed", logicalDump(t, imported(t, written(t, "whole.log", data))), logicalDump(t, db))
}
