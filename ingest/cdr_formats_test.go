package ingest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callsift/store/codes"
)

// TestSniffOne: exactly one format accepts each sample, its own, and each
// format's own example.
func TestSniffOne(t *testing.T) {
	accepted := func(head string) string {
		var names []string
		for _, f := range Formats {
			if f.Sniff([]byte(head)) {
				names = append(names, f.Name)
			}
		}
		return strings.Join(names, " ")
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		c := readCase(t, file)
		want := filepath.Base(filepath.Dir(file))
		if FormatNamed(want) == nil {
			continue // data of another kind of test
		}
		if !c.sniffed {
			want = ""
		}
		if got := accepted(c.input[:min(len(c.input), headSize)]); got != want {
			t.Errorf("%s: accepted by %q, want %q", file, got, want)
		}
	}
	for _, f := range Formats {
		if got := accepted(f.Example); f.Example != "" && f.Kind != "sip" && got != f.Name {
			t.Errorf("example of %s: accepted by %q", f.Name, got)
		}
	}
	for name, head := range map[string]string{
		"nothing": "", "a page": "<html><head><title>Status</title></head><body><p>Model: X</p></body></html>",
		"a JPEG": "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "a README": "# Calls\n\nReads CDRs, logs (SIP/2.0) and captures.\n\n    INSERT INTO cdr VALUES (1);\n",
		"JSON": `{"a":{"b":[1,2,{"c":"}"}]}}`, "another table": "id,name,start\n1,x,2026-11-10 09:00:00\n",
		"network RADIUS": "Tue Nov 10 10:00:12 2026\n\tAcct-Status-Type = Stop\n\tCalled-Station-Id = \"00-00-5E-00-53-01\"\n",
	} {
		if got := accepted(head); got != "" {
			t.Errorf("%s: accepted by %q", name, got)
		}
	}
}

func TestOutcomeOfCause(t *testing.T) {
	tests := map[int]codes.Outcome{
		-1: codes.NotConnected, 0: codes.NotConnected, 1: codes.Failed, 16: codes.Abandoned, 17: codes.User,
		18: codes.User, 19: codes.User, 20: codes.User, 21: codes.User, 22: codes.Failed, 23: codes.Redirected, 24: codes.User,
		26: codes.CompletedElsewhere, 27: codes.Failed, 31: codes.NotConnected, 34: codes.Failed, 41: codes.Failed,
		102: codes.Failed, 127: codes.NotConnected, 487: codes.Abandoned, 702: codes.CompletedElsewhere, 703: codes.NotConnected,
		806: codes.User, 809: codes.Failed, 999: codes.NotConnected,
	}
	for cause, want := range tests {
		if got := outcomeOfCause(cause); got != want {
			t.Errorf("outcomeOfCause(%d) = %s, want %s", cause, got, want)
		}
	}
}

func TestFreeSwitchCause(t *testing.T) {
	for word, want := range map[string]int{
		"USER_BUSY": 17, "NO_ANSWER": 19, "CALL_REJECTED": 21, "UNALLOCATED_NUMBER": 1, "ORIGINATOR_CANCEL": 487,
		"NORMAL_TEMPORARY_FAILURE": 41, "NO_USER_RESPONSE": 18, "RECOVERY_ON_TIMER_EXPIRE": 102, "NORMAL_CLEARING": 16,
	} {
		if got, ok := freeSwitchCause(word); !ok || got != want {
			t.Errorf("%s = %d, %v, want %d", word, got, ok, want)
		}
	}
	if _, ok := freeSwitchCause("ANSWERED"); ok {
		t.Error("ANSWERED is a cause")
	}
}

func TestCiscoTime(t *testing.T) {
	c := newSourceClock(&Input{Zone: time.FixedZone("x", 3600)})
	for text, want := range map[string]string{
		"*17:02:12.523 UTC Fri Feb 22 2013":   "2013-02-22T17:02:12.523Z",
		".17:02:12.523 CET Fri Feb 22 2013":   "2013-02-22T16:02:12.523Z",
		"18:57:52.320  UTC Mon Dec 05 2022":   "2022-12-05T18:57:52.32Z",
		"18:57:52  GMT Mon Dec 5 2022":        "2022-12-05T18:57:52Z",
		"18:57:52.320 UTC Mon Dec 32 2022":    "?",
		"18:57:52.320 UTC Mon Dec 05":         "?",
		"25:57:52.320 UTC Mon Dec 05 2022":    "?",
		"":                                    "?",
		"18:57:52.320x UTC Mon Dec 05 2022":   "?",
		"18:57:52.320 UTC Mon Dec 05 2022 at": "?",
	} {
		got, _ := c.cisco(text)
		if stampText(got) != want {
			t.Errorf("%q: %s, want %s", text, stampText(got), want)
		}
	}
}

func TestSpanMillis(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "12": 12000, "12.5": 12500, "60.2204": 60220, "00:01:12": 72000, "1:12": 72000, "": -1, "x": -1, "1.x": -1, "1:2:3:4": -1, "-3": -1, "1:x": -1,
	} {
		if got := spanMillis(text); got != want {
			t.Errorf("spanMillis(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestCUCMAddress(t *testing.T) {
	for text, want := range map[string]string{"239138826": "10.248.64.14", "-922733376": "192.52.0.201", "0": "", "": "", "99999999999": ""} {
		if got := cucmAddress(text); got != want {
			t.Errorf("cucmAddress(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestHostileChunks: text made to be slow takes time in proportion to its length. The slowest
// takes a third of a second.
func TestHostileChunks(t *testing.T) {
	const bound = 10 * time.Second * raceSlows
	for _, f := range []Format{FreeSwitchJSON, FreeSwitchXML, GrandstreamJSON, YeastarSQL, NewRockDevice, KamailioAcc, RadiusDetail, AudioCodesCDR} {
		for _, piece := range []string{"{", "{\n", "}", `{"`, "<cdr ", "<cdr>", "<deviceinfo ", "</cdr>", "INSERT INTO cdr_202611 VALUES (", "(1,'", "\ninsert into", "<a>", "\tx = y\n", "ACC: a: timestamp=1;method=", "CALL_END|"} {
			text := strings.Repeat(piece, (maxChunk+maxChunk/8)/len(piece))
			begin := time.Now()
			if err := f.Read(&Input{Reader: strings.NewReader(text)}, discard{}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took > bound {
				t.Errorf("%s: %d bytes of %q took %s", f.Name, len(text), piece, took)
			} else if took > time.Second {
				t.Logf("%s: %q took %s", f.Name, piece, took)
			}
		}
	}
}
