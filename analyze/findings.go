package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"callsift/store/codes"
)

// Findings are what went wrong in the period of the query, most excess failures
// first, at most seven. Earlier periods in d.Past say what was to be expected;
// without them the rest of the period does.
func Findings(d Data, q Query) []Finding {
	calls := q.scope()
	if q.method() != "INVITE" || Uncountable(d, q) != "" {
		calls = ScopeLeg
	}
	var all []*driver
	for _, s := range symptoms(calls) {
		if q.method() != "INVITE" {
			s.scope = ScopeCall
			if s.name != SymptomFailed {
				continue
			}
		}
		g := newGrid(d, q, s)
		if g == nil {
			return nil
		}
		judge := func(x *driver) bool { return x.judge(d) }
		if s.name == symptomUnanswered {
			for _, m := range g.allModes() {
				if t := g.timerGrid(d, m); t != nil {
					all = append(all, t.search(judge)...)
				}
			}
		}
		all = append(all, g.search(judge)...)
		if s.name == SymptomFailed && d.Calls != nil {
			all = append(all, newSourceGrid(d, q, s).search(judge)...)
		}
	}
	all = untwinned(untold(all), d)
	slices.SortStableFunc(all, func(a, b *driver) int { return cmp.Compare(b.excess(), a.excess()) })
	var list []Finding
	for _, x := range all[:min(len(all), maxFindings)] {
		f := x.finding(d)
		f.Rank = len(list) + 1
		list = append(list, f)
	}
	return list
}

// judge looks at the calls of a driver: whether it is more than one redialling
// caller, and where it is what users do, whether it is not users.
func (d *driver) judge(data Data) bool {
	with, without, _ := d.membersOf(data)
	d.members, d.spread = with, spreadOf(with, without)
	if !d.oneCaller(data.Calls != nil && d.g.name == SymptomFailed) {
		return false
	}
	d.gather(data)
	if d.has(proofDelay) && d.g.name == SymptomAbandoned && d.slowFrom(data) {
		with, without, _ = d.membersOf(data)
		d.members, d.spread, d.proofs = with, spreadOf(with, without), nil
		d.gather(data)
	}
	if d.g.proof && (d.source != "" || !d.notPeople()) {
		return false
	}
	if d.source != "" {
		d.keepSource()
	}
	if d.g.told != nil {
		d.tellIn(d.g.told)
	}
	return d.excess() >= minCases
}

// keepSource leaves only the calls of the one caller, which is the key in place
// of those that its calls have anyway.
func (d *driver) keepSource() {
	var calls []Call
	for _, c := range d.members {
		if c.Caller == d.source {
			calls = append(calls, c)
		}
	}
	d.members = calls
}

// finding puts a driver into words.
func (d *driver) finding(data Data) Finding {
	f := Finding{
		Symptom: d.g.name, Scope: d.g.q.scope(), Count: int64(math.Round(d.n)), Failed: int64(math.Round(d.x)),
		Expected: d.expected, Excess: d.excess(), Coverage: d.coverage,
		Callers: d.spread.callers, Callees: d.spread.callees, Calls: firstFew(d.members),
		Confidence: min(.999, 1-math.Exp(-d.margin)),
	}
	if f.Symptom == symptomUnanswered {
		f.Symptom = SymptomUser
	}
	f.From, f.To, f.Ongoing = d.ends()
	if d.stay.daily {
		f.Daily = clock(d.stay.from) + "–" + clock(d.stay.to)
	}
	f.Keys = d.keyValues()
	if all := d.total(); all > 0 {
		f.Share = min(1, f.Excess/all)
	}
	f.Lift = (d.x + .5) / (d.expected + .5)
	width := math.Exp(1.96 * math.Sqrt(d.phi) * math.Sqrt(1/(d.x+.5)+1/(d.restE+.5)))
	f.LiftLow, f.LiftHigh = f.Lift/width, f.Lift*width
	f.Cause = d.cause(data)
	for _, p := range d.proofs {
		f.Evidence = append(f.Evidence, p.text)
	}
	f.Evidence = append(f.Evidence, d.alsoSeen(data)...)
	f.Title = d.title(&f)
	ruleFor(d, &f, q850Of(f.Cause)).apply(&f)
	f.Refute = append(f.Refute, d.counter()...)
	return f
}

// total is the symptom's cases of the whole period, of all modes.
func (d *driver) total() float64 {
	var n int64
	for _, lists := range d.g.nowX {
		for _, k := range sumSpots(lists, len(lists)) {
			n += k
		}
	}
	return float64(n)
}

func clock(quarters int) string { return fmt.Sprintf("%02d:%02d", quarters/4, quarters%4*15) }

func (d *driver) keyValues() []KeyValue {
	var list []KeyValue
	for k, v := range d.keys {
		if v != nil && d.source == "" {
			list = append(list, KeyValue{dims[k].name, *v})
		}
	}
	if d.source != "" {
		list = append(list, KeyValue{"source", d.source})
	}
	if d.mode != nil && d.g.modes {
		if d.mode.code == codes.Unknown && d.mode.cause != "" {
			list = append(list, KeyValue{"cause", d.mode.cause})
		} else {
			list = append(list, KeyValue{"code", itoa(d.mode.code)})
		}
	}
	return list
}

// cause is the most frequent one of the calls.
func (d *driver) cause(data Data) string {
	_, having := d.profilesOf(data)
	causes := tops[int]{}
	for _, c := range data.Cells {
		b := (c.Time - d.g.from) / quarter
		if p := data.Profiles[c.Profile]; having[c.Profile] && p.Cause != "" && b >= 0 && b < int64(len(d.in)) && d.in[b] {
			causes.add(0, p.Cause, c.N)
		}
	}
	return causes.top(0)
}

// title is the finding as one sentence with its numbers: what and when.
func (d *driver) title(f *Finding) string {
	when := stretch(f.From, f.To)
	if f.Daily != "" {
		when = fmt.Sprintf("%s on %s", f.Daily, stretchDays(f))
	} else if f.Ongoing {
		when = "since " + instant(f.From, false)
	}
	return d.what(f) + ", " + when
}

// what is the finding without its time.
func (d *driver) what(f *Finding) string {
	what := nouns(d.g.q)
	where := ""
	for _, k := range f.Keys {
		switch k.Key {
		case "trunk":
			where += " on trunk " + k.Value
		case "prefix":
			where += " to prefix " + k.Value
		case "user_agent":
			where += " from " + k.Value
		case "device":
			where += " of device " + k.Value
		case "source":
			where += " by caller " + k.Value
		}
	}
	how := map[string]string{
		SymptomFailed: "failed", SymptomUser: "ended", symptomUnanswered: "rang and ended", SymptomAbandoned: "were given up before ringing",
		SymptomDropped: "were cut off", SymptomShort: "were over within 6 s",
	}[d.g.name]
	if d.mode != nil && d.g.modes {
		name := codes.Label(d.mode.code)
		switch {
		case d.mode.code == codes.None:
			name = "no response"
		case d.mode.code == codes.Unknown && d.mode.cause != "":
			name = d.mode.cause
		}
		how += " with " + name
	}
	if d.g.name == SymptomDropped || d.g.name == SymptomShort {
		what = [2]string{"answered " + what[0], "answered " + what[1]}
	}
	number := thousands(f.Failed) + " of " + plural(f.Count, what[0], what[1])
	if d.source != "" && !d.g.bySource { // the count is that of all callers
		number = plural(int64(len(d.members)), what[0], what[1])
	}
	return number + where + " " + how
}

// wereExpected is what was to be expected in place of it.
func wereExpected(e float64) string { return expectation(e) + " were to be expected" }

func stretchDays(f *Finding) string {
	last := f.To.Add(-1)
	return f.From.Format("Mon 2 Jan") + " to " + last.Format("Mon 2 Jan")
}

func expectation(e float64) string {
	if e >= 10 {
		return thousands(int64(math.Round(e)))
	}
	return fmt.Sprintf("%.1f", e)
}

// counter gives the numbers that would change one's mind: how the siblings did
// in the same time, how the same calls did in the past, and how many callers.
func (d *driver) counter() []string {
	var list []string
	if d.keys.size() > 0 && d.source == "" {
		cells := d.g.byStratumAll(d.mode, d.in)
		own := d.g.sumOf(cells, d.keys)
		rest := d.g.sumOf(cells, choice{}).minus(own)
		if rest.n >= 1 {
			list = append(list, fmt.Sprintf("Attempts without these keys in the same time: %.0f of %s had it, %s were to be expected.", rest.x, thousands(int64(rest.n)), expectation(rest.e)))
		}
	}
	if d.g.hasPast() {
		l := d.g.lineOf(d.mode, d.keys)
		list = append(list, fmt.Sprintf("The earlier weeks had %.0f such cases with these keys, where their usual rate gives %s.", l.pastX, expectation(l.pastE)))
	}
	if s := d.spread; s.known {
		list = append(list, fmt.Sprintf("%s among the %s looked at; the busiest made %.0f %% of them.", plural(int64(s.callers), "caller", "callers"), plural(int64(s.calls), "call", "calls"), 100*s.topShare))
	}
	return list
}

// byStratumAll is byStratum with what was told before.
func (g *grid) byStratumAll(m *mode, in []bool) []counts3 {
	kept := g.cleared
	g.cleared = nil
	cells := g.byStratum(m, in)
	g.cleared = kept
	return cells
}

// actionsOf are the lines of the action list.
func actionsOf(findings []Finding) []Action {
	var list []Action
	for _, f := range findings {
		list = append(list, Action{What: f.FirstCheck, Evidence: f.Title, Owner: f.Owner, Verify: f.verify, Finding: f.Rank})
	}
	return list
}

// Sentence is the finding for a list: what, when, why, and against what.
func (f *Finding) Sentence() string {
	s := f.Title
	if f.Cause != "" && !strings.Contains(s, f.Cause) {
		s += " (" + f.Cause + ")"
	}
	return s + "; " + wereExpected(f.Expected) + "."
}
