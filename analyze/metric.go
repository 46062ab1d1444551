package analyze

import (
	"fmt"
	"slices"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// Definition says what a metric is: its formula and where that comes from.
type Definition struct {
	Name    string // asr, pdd_p95 ...
	Label   string // "Answer seizure ratio (ASR)"
	Formula string // "answered / (calls - redirected - in progress - completed elsewhere)"
	Source  string // "ITU-T E.425 §1.3"
	Unit    string // "%", "ms", "s", "calls", "calls/s"
	Kind    string // KindRatio or KindQuantity
	Method  string // the requests it is about: INVITE, REGISTER

	of func(*frame) Metric
}

// The kinds of metric.
const (
	KindRatio    = "ratio"
	KindQuantity = "quantity"
)

// minN is what a ratio or percentile needs under it to be more than an anecdote.
const minN = 30

// Metrics lists all metrics in the order in which they are shown.
func Metrics() []Definition { return slices.Clone(definitions) }

// MetricsOf computes the named metrics, or all where none is named, over what
// the query selects without what is flagged as scanner, truncated start or
// orphan; a query that asks for a flag itself gets what it asked for. The error
// names a metric that does not exist.
func MetricsOf(d Data, q Query, names ...string) ([]Metric, error) {
	f := &frame{d: d, q: q, selections: map[string]*selection{}, counts: map[string]map[int64]*Tally{}}
	var defs []Definition
	for _, name := range names {
		i := slices.IndexFunc(definitions, func(def Definition) bool { return def.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("--metrics: no metric %q; metrics are %s", name, strings.Join(metricNames(), ", "))
		}
		defs = append(defs, definitions[i])
	}
	if len(names) == 0 {
		defs = definitions
	}
	var ms []Metric
	for _, def := range defs {
		ms = append(ms, f.metric(def))
	}
	return ms, nil
}

func metricNames() []string {
	var names []string
	for _, def := range definitions {
		names = append(names, def.Name)
	}
	return names
}

// frame is what the metrics of one query share.
type frame struct {
	d          Data
	q          Query
	method     string // of the metric being computed
	selections map[string]*selection
	counts     map[string]map[int64]*Tally // by method and profile
	sweeps     *traffic
}

func (f *frame) metric(def Definition) Metric {
	f.method = def.Method
	m := def.of(f)
	m.Name, m.Label, m.Unit, m.Kind = def.Name, def.Label, def.Unit, def.Kind
	m.Definition = def.Formula + "; " + def.Source
	return m
}

func (f *frame) selection() *selection {
	s := f.selections[f.method]
	if s == nil {
		q := f.q
		// A REGISTER has no legs, and a query of another method asks for its figures.
		if q.method() == "INVITE" || f.method != "INVITE" {
			q.Method = f.method
		}
		keep := headline
		if q.asksFlag() {
			keep = nil
		}
		s = selectFrom(f.d, q, keep)
		f.selections[f.method] = s
	}
	return s
}

// perProfile sums the selected cells by profile, which is all that a ratio needs.
func (f *frame) perProfile() map[int64]*Tally {
	counts := f.counts[f.method]
	if counts == nil {
		counts = map[int64]*Tally{}
		f.selection().cells(f.d, func(c Cell, p *store.Profile) {
			t := counts[c.Profile]
			if t == nil {
				t = &Tally{}
				counts[c.Profile] = t
			}
			t.add(c.Cell, p.Outcome)
		})
		f.counts[f.method] = counts
	}
	return counts
}

// sum adds the profiles for which keep is true; nil keeps all.
func (f *frame) sum(keep func(*store.Profile) bool) Tally {
	var sum Tally
	for id, t := range f.perProfile() {
		if keep == nil || keep(f.d.Profiles[id]) {
			sum = sum.Plus(*t)
		}
	}
	return sum
}

// ratioOf makes a proportion: num is counted only inside den.
func ratioOf(num, den func(*store.Profile) bool) func(*frame) Metric {
	return func(f *frame) Metric {
		n := f.sum(func(p *store.Profile) bool { return den(p) && num(p) }).Count
		return ratioMetric(n, f.sum(den).Count)
	}
}

func ratioMetric(num, den int64) Metric {
	m := Metric{Ratio: ratio(num, den), N: den}
	m.Value, m.OK = m.Ratio.Value()
	m.Note = smallN(den)
	return m
}

// noting adds how many rated calls a figure leaves out, and why.
func noting(of func(*frame) Metric, left func(*store.Profile) bool, why string) func(*frame) Metric {
	return func(f *frame) Metric {
		m := of(f)
		if n := f.sum(left).Count; n > 0 {
			m.Note = joinNotes(m.Note, fmt.Sprintf("%s left out: %s", thousands(n), why))
		}
		return m
	}
}

func countOf(num func(Tally) int64) func(*frame) Metric {
	return func(f *frame) Metric {
		t := f.sum(nil)
		return Metric{Value: float64(num(t)), N: t.Count, OK: true}
	}
}

func percentileOf(kind store.DelayKind, p float64, keep func(*store.Profile) bool) func(*frame) Metric {
	return func(f *frame) Metric {
		b := f.selection().delayBuckets(f.d, kind, keep)
		if b.n == 0 {
			return Metric{Note: "no such delay in the data"}
		}
		return Metric{Value: float64(b.percentile(p)), N: b.n, OK: true, Note: smallN(b.n)}
	}
}

// meanTalk is a mean in seconds over calls with a known end.
func meanTalk(keep func(*store.Profile) bool) func(*frame) Metric {
	return func(f *frame) Metric {
		t := f.sum(func(p *store.Profile) bool { return p.Outcome == codes.Answered && keep(p) })
		m := Metric{N: t.Talked, OK: t.Talked > 0, Note: smallN(t.Talked)}
		if m.OK {
			m.Value = float64(t.TalkMS) / 1000 / float64(t.Talked)
		}
		if open := t.Count - t.Talked; open > 0 {
			m.Note = joinNotes(m.Note, fmt.Sprintf("%s left out: their end is not known", thousands(open)))
		}
		return m
	}
}

func smallN(n int64) string {
	if n > 0 && n < minN {
		return fmt.Sprintf("n = %d, under %d", n, minN)
	}
	return ""
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// shortShare, slowAbandons, medianTalk, retransmissionRatio and noABR are the
// metrics that fit no pattern.

func shortShare(f *frame) Metric {
	t := f.sum(conversed)
	return ratioMetric(t.Short, t.Talked)
}

func slowAbandons(f *frame) Metric {
	if f.d.Calls == nil {
		return Metric{Note: "needs the calls one by one"}
	}
	var slow, early int64
	f.selection().calls(f.d, func(c Call, p *store.Profile) {
		if isEarlyAbandon(p) && c.Setup >= 0 {
			early++
			if c.Setup > 5000 {
				slow++
			}
		}
	})
	return ratioMetric(slow, early)
}

func medianTalk(f *frame) Metric {
	if f.d.Calls == nil {
		return Metric{Note: "needs the calls one by one"}
	}
	var talks []int64
	f.selection().calls(f.d, func(c Call, p *store.Profile) {
		if p.Outcome == codes.Answered && c.Talk >= 0 {
			talks = append(talks, c.Talk)
		}
	})
	if len(talks) == 0 {
		return Metric{}
	}
	slices.Sort(talks)
	n := int64(len(talks))
	return Metric{Value: float64(talks[(n-1)/2]) / 1000, N: n, OK: true, Note: smallN(n)}
}

func retransmissionRatio(f *frame) Metric {
	steps := f.d.Ledger.Steps
	m := ratioMetric(steps[store.StepRetransmissions], steps[store.StepMessages]-steps[store.StepDuplicates])
	m.Note = joinNotes(m.Note, "of the whole database")
	return m
}

// inviteTPS is load, not calls: a challenge and its answer are two transactions.
func inviteTPS(f *frame) Metric {
	n := f.d.Ledger.Steps[store.StepAttempts] + f.d.Ledger.Steps[store.StepFolded]
	seconds := coverageOf(f.d, Period{}).hours() * 3600
	if n == 0 || seconds == 0 {
		return Metric{Note: "no SIP messages in the data"}
	}
	return Metric{Value: float64(n) / seconds, N: n, OK: true, Note: "of the whole database"}
}

func noABR(f *frame) Metric { return Metric{Note: "n/a (no local-refusal data)"} }
