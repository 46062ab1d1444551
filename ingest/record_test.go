package ingest

import (
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"callsift/store/codes"
)

// encoded is a text in another charset.
func encoded(t *testing.T, text, name string) string {
	t.Helper()
	e, ok := map[string]encoding.Encoding{
		"utf16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"utf16le-bom": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"utf16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"gb18030":     simplifiedchinese.GB18030,
		"latin1":      charmap.ISO8859_1,
	}[name]
	if !ok {
		t.Fatalf("charset %q", name)
	}
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadTime(t *testing.T) {
	tests := []struct {
		text, day, month string // as day first, as month first; empty: no such date
		zoned, noSeconds bool
	}{
		{"2026-11-10 09:00:12", "2026-11-10 09:00:12", "same", false, false},
		{"2026-11-10T09:00:12Z", "2026-11-10 09:00:12", "same", true, false},
		{"2026-11-10T09:00:12.5+01:00", "2026-11-10 08:00:12.5", "same", true, false},
		{"2026-11-10 09:00:12 -0530", "2026-11-10 14:30:12", "same", true, false},
		{"2026/11/10 9:00", "2026-11-10 09:00:00", "same", false, true},
		{"10/11/2026 9:00:12", "2026-11-10 09:00:12", "2026-10-11 09:00:12", false, false},
		{"13/11/26 09:00", "2026-11-13 09:00:00", "", false, true},
		{"11/13/26 9:00 PM", "", "2026-11-13 21:00:00", false, true},
		{"12/11/26 12:05 am", "2026-11-12 00:05:00", "2026-12-11 00:05:00", false, true},
		{"10.11.2026 09:00:12", "2026-11-10 09:00:12", "same", false, false},
		{"10-Nov-2026 09:00:12", "2026-11-10 09:00:12", "same", false, false},
		{"Tue, 10 Nov 2026 09:00:12 GMT", "2026-11-10 09:00:12", "same", true, false},
		{"Nov 10, 2026 09:00:12", "2026-11-10 09:00:12", "same", false, false},
		{"2026年11月10日 下午3时00分12秒", "2026-11-10 15:00:12", "same", false, false},
		{"20261110090012", "2026-11-10 09:00:12", "same", false, false},
		{"1794301212", "2026-11-10 09:00:12", "same", true, false},
		{"1794301212.25", "2026-11-10 09:00:12.25", "same", true, false},
		{"1794301212250", "2026-11-10 09:00:12.25", "same", true, false},
	}
	show := func(sec, micros int64) string {
		return time.Unix(sec, micros*1000).UTC().Format("2006-01-02 15:04:05.999")
	}
	for _, test := range tests {
		if test.month == "same" {
			test.month = test.day
		}
		w, ok := readTime(test.text)
		day, month := "", ""
		if w.dayFirst != noCivil {
			day = show(w.dayFirst, w.micros)
		}
		if w.monthFirst != noCivil {
			month = show(w.monthFirst, w.micros)
		}
		if !ok || day != test.day || month != test.month || w.zoned != test.zoned || w.noSeconds != test.noSeconds {
			t.Errorf("%q: %v %q %q zoned %v no seconds %v, want %+v", test.text, ok, day, month, w.zoned, w.noSeconds, test)
		}
	}
	for _, bad := range []string{"", "2026-11-10", "2026-11-31 09:00:00", "31/31/2026 09:00", "2026-11-10 25:00:00", "2026-11-10 09:00:00 x",
		"3312345678901", "201", "12:00:00", "2026-11-10 13:00 PM", "0912345678", "99999999999999"} {
		if w, ok := readTime(bad); ok {
			t.Errorf("%q is read as %+v", bad, w)
		}
	}
}

func TestReadDuration(t *testing.T) {
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"83", 83000, true}, {"83.5", 83500, true}, {"0", 0, true}, {"", -1, true}, {"-4", -1, true},
		{"1:23", 83000, true}, {"0:01:23", 83000, true}, {"1h 1m 1s", 3661000, true}, {"1分23秒", 83000, true},
		{"83 sec", 83000, true}, {"2 小时", 7200000, true},
		{"NaN", 0, false}, {"1e300", 0, false}, {"1:2:3:4", 0, false}, {"soon", 0, false}, {"9999999:00:00", 0, false},
	}
	for _, test := range tests {
		if got, ok := readDuration(test.text); ok != test.ok || ok && got != test.want {
			t.Errorf("%q: %d %v, want %d %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

func TestRecordWords(t *testing.T) {
	for word, want := range map[string]codes.Outcome{
		"ANSWERED": codes.Answered, "Answered": codes.Answered, "No Answer": codes.User, "NO_ANSWER": codes.User, "未接": codes.User,
		"Cancelled": codes.Abandoned, "失败": codes.Failed, "CONGESTION": codes.Failed, "maybe": "",
	} {
		if got, _ := resultWord(word); got != want {
			t.Errorf("result %q: %q, want %q", word, got, want)
		}
	}
	for text, want := range map[string]int{"486": 486, "486 Busy Here": 486, "SIP 503": 503, "SIP/2.0 404 Not Found": 404, "17": -1, "99": -1, "ANSWERED": -1, "4861": -1} {
		if got := firstCode("", text); got != want {
			t.Errorf("code %q: %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{"17": 17, "17 User busy": 17, "USER_BUSY": 17, "User busy": 17, "AST_CAUSE_USER_BUSY": 17, "NORMAL_CLEARING": 16, "": -1, "x": -1, "200": -1} {
		if got := recordedCause(text); got != want {
			t.Errorf("cause %q: %d, want %d", text, got, want)
		}
	}
	for cell, want := range map[string]string{"Duration (s)": "duration", "Call_Date": "calldate", "主叫 号码（主）": "主叫号码", "\ufeffSrc": "src"} {
		if got := headerWord(cell); got != want {
			t.Errorf("header %q: %q, want %q", cell, got, want)
		}
	}
}

func TestCheckColumns(t *testing.T) {
	for _, test := range []struct {
		name, column string
		ok           bool
	}{{"start", "Date", true}, {"caller", "3", true}, {"moon", "Date", false}, {"start", " ", false}} {
		if err := CheckColumns(map[string]string{test.name: test.column}); (err == nil) != test.ok {
			t.Errorf("%s=%s: %v", test.name, test.column, err)
		}
	}
	if err := CheckColumns(nil); err != nil {
		t.Error(err)
	}
}

func TestCharsetOf(t *testing.T) {
	chinese := "主叫号码,被叫号码,开始时间,状态\n201,202,2026-11-10 09:00:00,未接\n"
	german := "Anrufer;Ziel;Zeit\nMüller;Böhm;2026-11-10 09:00\nGrün;Weiß;2026-11-10 09:00\n"
	for _, test := range []struct {
		name, text string
		want       charset
	}{
		{"UTF-8", chinese, charsetUTF8},
		{"UTF-8 cut inside a character", chinese[:len(chinese)-3], charsetUTF8},
		{"GB18030", encoded(t, chinese, "gb18030"), charsetGB18030},
		{"Latin-1", encoded(t, german, "latin1"), charsetLatin1},
		{"UTF-16 little", encoded(t, german, "utf16le"), charsetUTF16LE},
		{"UTF-16 big", encoded(t, german, "utf16be"), charsetUTF16BE},
		{"UTF-16 with a mark", encoded(t, chinese, "utf16le-bom"), charsetUTF16LE},
		{"zero bytes", "\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", charsetUTF8},
		{"nothing", "", charsetUTF8},
	} {
		if got := charsetOf([]byte(test.text)); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
