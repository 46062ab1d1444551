package words

import (
	"strings"
	"testing"
)

func TestSay(t *testing.T) {
	for _, x := range [][2]string{
		{"", ""},
		{"Key figures", "关键指标"},
		{"6.9 % failed", "失败 6.9 %"},
		{"503 Service Unavailable", "503 Service Unavailable"},
		{"Tue 2026-11-10 14:00–17:30", "2026-11-10 周二 14:00–17:30"},
		{"Nov 9", "11月9日"},
		{"Counted: calls that failed · Europe/Berlin", "统计对象:失败的呼叫 · Europe/Berlin"},
		{"122 of 135 attempts on trunk 203.0.113.10 failed with 503 Service Unavailable, Tue 10 Nov 14:00–17:30",
			"中继 203.0.113.10 的尝试:135 次中 122 次失败(503 Service Unavailable),11月10日 周二 14:00–17:30"},
		{"19 callers and 27 called numbers are concerned. The refusals say Retry-After: 30 s.", "涉及 19 个主叫和 27 个被叫号码。拒绝中带 Retry-After:30 秒。"},
		{"calls\u00a04,032 = answered\u00a02,871 + failed\u00a0277", "呼叫 4,032 = 已应答 2,871 + 失败 277"},
		{"carrier-a", "carrier-a"},
	} {
		if got := Chinese.Say(x[0]); got != x[1] {
			t.Errorf("%q is %q, want %q", x[0], got, x[1])
		}
		for _, l := range []Lang{"", "en"} {
			if got := l.Say(x[0]); got != x[0] {
				t.Errorf("%q in English is %q", x[0], got)
			}
		}
	}
}

// A translation has a place for each value of its key, and no other.
func TestPlaces(t *testing.T) {
	for key, to := range zh() {
		if strings.HasPrefix(key, "{n} ") {
			continue // the page's script fills it
		}
		want := strings.Count(key, "{")
		got := strings.Count(to, place)
		for i := range want {
			got += strings.Count(to, "{"+string(rune('1'+i))+"}")
		}
		if got != want || to == "" {
			t.Errorf("%q has %d places, %q has %d", key, want, to, got)
		}
	}
}

// No key stands in two tables: which of the two would be said is chance.
func TestNoKeyTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range []map[string]string{zhReport(), zhRules(), zhTitles(), zhCodes(), zhMore()} {
		for key := range table {
			if seen[key] {
				t.Errorf("%q stands in two tables", key)
			}
			seen[key] = true
		}
	}
}
