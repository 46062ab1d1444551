package ingest

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"callsift/store"
)

const consoleINVITE = "<--- Received SIP request (350 bytes) from UDP:192.0.2.20:5060 --->\nINVITE sip:212@192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK1\nFrom: <sip:201@192.0.2.10>;tag=a\nTo: <sip:212@192.0.2.10>\nCall-ID: console1\nCSeq: 1 INVITE\nContent-Length: 0\n\n"

// TestUntimedMessages: Asterisk's console has no times but in the lines between
// messages; a call must not be one of 1970 for that.
func TestUntimedMessages(t *testing.T) {
	modified := time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ name, log, remark, want string }{
		{"before the first time", consoleINVITE + "[Nov 10 09:00:00] WARNING[12]: res_pjsip.c: late\n" + strings.Replace(consoleINVITE, "console1", "console2", 1),
			"messages before the first time of the source: 1; that time taken", "2026-11-10T09:00:00Z"},
		{"none at all", consoleINVITE, "messages without a time, and none near them: 1; the file's own time taken", "2026-11-12T10:00:00Z"},
	} {
		var times []int64
		s := &stubSink{message: func(o *Observation) { times = append(times, o.Time) }}
		if err := readSIPText(&Input{Reader: strings.NewReader(tt.log), ModTime: modified}, s); err != nil {
			t.Fatal(err)
		}
		if len(times) == 0 || time.UnixMicro(times[0]).UTC().Format(time.RFC3339) != tt.want {
			t.Errorf("%s: times %v, want %s first", tt.name, times, tt.want)
		}
		if !strings.Contains(strings.Join(s.warnings, "\n"), tt.remark) {
			t.Errorf("%s: remarks %q, want %q", tt.name, s.warnings, tt.remark)
		}
	}
	var none []int64
	s := &stubSink{message: func(o *Observation) { none = append(none, o.Time) }}
	if readSIPText(&Input{Reader: strings.NewReader(consoleINVITE)}, s); len(none) != 1 || none[0] != 0 {
		t.Errorf("no time anywhere: %v, want 0", none)
	}
}

// stubSink hands messages on and keeps remarks.
type stubSink struct {
	discard
	message  func(*Observation)
	warnings []string
}

func (s *stubSink) Message(o *Observation)    { s.message(o) }
func (s *stubSink) Warn(_ Place, text string) { s.warnings = append(s.warnings, text) }

// TestUTF16Log: PowerShell writes UTF-16; a log or a Master.csv in it is read as
// any other, and its records are found again.
func TestUTF16Log(t *testing.T) {
	wide := func(text string, big bool) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			if big {
				b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
			} else {
				b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
			}
		}
		return b.String()
	}
	log := "[Nov 10 09:00:00] NOTICE[12]: Größe\n" + consoleINVITE
	for _, big := range []bool{false, true} {
		path := textFile(t, "console.log", wide(log, big))
		db := newDB(t, path, textFile(t, "Master.csv", wide(masterRow(0, "201", "212345", "BUSY", 0, 7), big)))
		got := tell(t, db)
		if !strings.Contains(got, "call console1 ") || !strings.Contains(got, "201>212345 > user -1") {
			t.Fatalf("want both calls, got\n%s", got)
		}
		found, err := db.Find(context.Background(), "console1")
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		steps, err := Trace(context.Background(), db, &found[0])
		if err != nil || len(steps) != 1 {
			t.Fatal(steps, err)
		}
		raw, err := Raw(context.Background(), &steps[0])
		if err != nil || !strings.HasPrefix(string(raw), "INVITE sip:212@192.0.2.10 SIP/2.0\n") {
			t.Errorf("raw %q, %v", raw, err)
		}
	}
}

// TestTimelines: what the ledger says of gaps and of clocks that were set.
func TestTimelines(t *testing.T) {
	const minute = 60_000_000
	see := func(back int64, times ...[2]int64) []store.Gap {
		var l timeline
		for i, x := range times {
			l.see(1+x[0]*minute, 1+x[1]*minute, back, i+1)
		}
		return l.notable()
	}
	even := func(from, n int64) (list [][2]int64) {
		for i := range n {
			list = append(list, [2]int64{from + i, from + i})
		}
		return list
	}
	if got := see(backMessage, even(0, 100)...); got != nil {
		t.Errorf("no gap: %v", got)
	}
	got := see(backMessage, append(append(even(0, 100), even(400, 100)...), even(490, 50)...)...)
	if len(got) != 2 || got[0] != (store.Gap{Line: 101, From: 1 + 99*minute, To: 1 + 400*minute}) || got[1] != (store.Gap{Line: 201, Back: true, From: 1 + 499*minute, To: 1 + 490*minute}) {
		t.Errorf("a gap of five hours and a clock set back nine minutes: %v", got)
	}
	// Records stand in the order of their ends, or the newest comes first.
	if got := see(backRecord, [2]int64{0, 9}, [2]int64{8, 10}, [2]int64{2, 11}, [2]int64{10, 12}); got != nil {
		t.Errorf("long calls: %v", got)
	}
	var newest [][2]int64
	for i := int64(50); i > 0; i-- {
		newest = append(newest, [2]int64{10 * i, 10 * i})
	}
	if got := see(backRecord, newest...); got != nil {
		t.Errorf("the newest first: %v", got)
	}
	if got := see(backRecord, even(0, 3)...); got != nil {
		t.Errorf("three records: %v", got)
	}
}
