package analyze

import "testing"

func TestParseTarget(t *testing.T) {
	bound := func(f *float64) float64 {
		if f == nil {
			return -1
		}
		return *f
	}
	for _, x := range []struct {
		metric, text string
		least, most  float64
		err          string
	}{
		{"ner", ">= 97%", .97, -1, ""},
		{"isa", "<=1", -1, .01, ""},
		{"pdd_p95", "<= 6 s", -1, 6000, ""},
		{"pdd_p95", "<= 800 ms", -1, 800, ""},
		{"calls", ">= 10 calls", 10, -1, ""},
		{"moon", ">= 1", 0, 0, `no metric "moon"; metrics are `},
		{"ner", "97%", 0, 0, `ner: "97%", want >= or <= and a number, such as ">= 97%"`},
		{"ner", ">= lots", 0, 0, `ner: ">= lots", want a number of %`},
		{"pdd_p95", "<= 6 h", 0, 0, `pdd_p95: "<= 6 h", want a number of ms`},
	} {
		got, err := ParseTarget(x.metric, x.text)
		if x.err != "" {
			if err == nil || len(err.Error()) < len(x.err) || err.Error()[:len(x.err)] != x.err {
				t.Errorf("%s %s: error %v, want %s", x.metric, x.text, err, x.err)
			}
			continue
		}
		if err != nil || bound(got.AtLeast) != x.least || bound(got.AtMost) != x.most {
			t.Errorf("%s %s: %v %v %v", x.metric, x.text, bound(got.AtLeast), bound(got.AtMost), err)
		}
	}
}

func TestTargets(t *testing.T) {
	low, high := .95, .5
	ms := []Metric{{Name: "ner", Value: .96, OK: true}, {Name: "asr", Value: .6, OK: true}}
	s := newSite(t)
	s.add("2026-11-10 10:00", answered(), 9)
	s.add("2026-11-10 10:00", user(486), 1)
	q := Query{Targets: []Target{{Metric: "ner", AtLeast: &low}, {Metric: "asr", AtMost: &high}, {Metric: "ser", AtLeast: &low}, {Metric: "ira", AtMost: &high}}}
	got := targetResults(s.Data, q, ms)
	if len(got) != 4 || !got[0].Met || got[1].Met || got[2].Met || got[2].Value != .9 || got[3].OK || got[3].Met {
		t.Errorf("%+v", got)
	}
	if list := targetResults(s.Data, Query{}, ms); len(list) != 0 {
		t.Errorf("a target that nobody set: %+v", list)
	}
}
