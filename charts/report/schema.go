package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
	"unicode"
)

// schemaName changes when a field goes or changes its meaning; fields may be
// added without.
const schemaName = "callsift.report/1"

// document is report.json. Names are stable. Times are RFC 3339 in the report's
// zone, null where unknown. Ratios are fractions from 0 to 1; a ratio over 0 has
// the value null. Lists are never null.
//
//	schema      "callsift.report/1"
//	title       site or path
//	period      {label, from, to, zone}; half-open [from, to)
//	coverage    {hours, covered, gaps: [{from, to}]}
//	scope       "call" or "leg": what is counted
//	rules       version of the counting rules
//	checksum    of the sources read
//	verdict     sentences
//	kpis        [{name, label, definition, unit, kind, value, numerator, denominator,
//	            low, high, n, note, previous}]: value in unit, ratios as fractions with a
//	            95 % Wilson interval; previous has the same fields for the period before, or is null
//	codes       [{class, code, label, meaning, first_check, of_finals, of_failures,
//	            top_cause, calls, count and the outcomes}]: code 0 no response, -1 not recorded
//	trunks      [{trunk, asr, ner, failure, top_code, first, last, count and the outcomes}]
//	days        [{day, data, classes: {"4xx": n}}]: data false is unknown, not zero
//	trend       [{day, data, asr, ner}]
//	heatmap     {min_count, cells: [{weekday 1 (Monday) to 7, hour, state, count, rated, failed}]};
//	            state is "data", "no_data" or "skipped" (by the clock)
//	pdd         {n, p50_ms, p90_ms, p95_ms, p99_ms, error_bound, bins: [{low_ms, high_ms, n}]}; -1: none
//	pareto      [{code, cause_code, label, cause, failed, sum, other}]: causes of failures;
//	            sum is the ratio of this row and those above it to all failures
//	prefixes, user_agents, callers   [{name, asr, ner, failure, top_code, first, last, count and the
//	            outcomes}]: at most 20 each; callers is empty where the calls are too many
//	worst_hours [{from, to, rated, failed, expected, trunk, code, cause}]
//	load        [{time, data, peak, begun}]: conversations at once by quarter hour
//	marks       [{name, count, failed}]: calls by flag
//	lanes       [{name, method, step_s, rated: [n], failed: [n]}]: trunks over the period
//	events      [{time, kind, device, subject, text}]: what devices reported
//	changes     what callsift compare --format json prints: this period against the one before
//	findings    [{rank, title, symptom, scope, keys: {trunk, code ...}, from, to, ongoing, daily, count, failed,
//	            expected, excess, share, lift, lift_low, lift_high, coverage, cause, why, evidence, refute,
//	            confidence, owner, first_check, setting, calls}]: excess is failures above
//	            expectation, share is of all failures
//	incidents   [{from, to, trunk, code, cause, count, failed, expected, calls}]: stretches in which one
//	            trunk failed with one code far more often than in the rest of the period
//	actions     [{what, evidence, owner, verify, finding}]: finding is the rank of the finding
//	anomalies   [{metric, from, to, value, low, high, weeks}]
//	availability [{trunk, minutes, unavailable, ratio, spans: [{from, to}], note}]
//	targets     [{metric, at_least, at_most, value, met}]: value null where there is none
//	ledger      [{label, sign, n, note}]; sign "-" is taken off, "=" is the sum so far
//	outcomes    sums of the outcomes over all codes; they add up to count
//	excluded    [{name, count}]
//	sources     [{path, format, sha256, records, rejected, first, last, tz, tz_from, state, note}]
//	rejects     [{path, line, reason, count, sample}]
//	warnings    sentences
type document struct {
	Schema   string     `json:"schema"`
	Title    string     `json:"title"`
	Period   period     `json:"period"`
	Coverage coverage   `json:"coverage"`
	Scope    string     `json:"scope"`
	Rules    string     `json:"rules"`
	Checksum string     `json:"checksum"`
	Verdict  []string   `json:"verdict"`
	KPIs     []kpi      `json:"kpis"`
	Codes    []codeRow  `json:"codes"`
	Trunks   []trunkRow `json:"trunks"`
	Days     []dayRow   `json:"days"`
	Trend    []trendRow `json:"trend"`
	Heatmap  heatmap    `json:"heatmap"`
	PDD      delays     `json:"pdd"`

	Pareto       []paretoRow       `json:"pareto"`
	Prefixes     []groupRow        `json:"prefixes"`
	Agents       []groupRow        `json:"user_agents"`
	Callers      []groupRow        `json:"callers"`
	Worst        []hourRow         `json:"worst_hours"`
	Load         []loadRow         `json:"load"`
	Marks        []markRow         `json:"marks"`
	Lanes        []laneRow         `json:"lanes"`
	Events       []eventRow        `json:"events"`
	Changes      json.RawMessage   `json:"changes"`
	Findings     []json.RawMessage `json:"findings"`
	Incidents    []incident        `json:"incidents"`
	Actions      []actionRow       `json:"actions"`
	Anomalies    []anomalyRow      `json:"anomalies"`
	Availability []availabilityRow `json:"availability"`
	Targets      []targetRow       `json:"targets"`

	Ledger   []ledgerRow   `json:"ledger"`
	Outcomes analyze.Tally `json:"outcomes"`
	Excluded []excluded    `json:"excluded"`
	Sources  []sourceRow   `json:"sources"`
	Rejects  []rejectRow   `json:"rejects"`
	Warnings []string      `json:"warnings"`
}

type period struct {
	Label string     `json:"label,omitempty"`
	From  *time.Time `json:"from"`
	To    *time.Time `json:"to"`
	Zone  string     `json:"zone,omitempty"`
}

type coverage struct {
	Hours   float64  `json:"hours"`
	Covered float64  `json:"covered"`
	Gaps    []period `json:"gaps"`
}

type ratio struct {
	Value       *float64 `json:"value"`
	Numerator   int64    `json:"numerator"`
	Denominator int64    `json:"denominator"`
	Low         *float64 `json:"low"`
	High        *float64 `json:"high"`
}

type kpi struct {
	Name       string `json:"name"`
	Label      string `json:"label"`
	Definition string `json:"definition"`
	Unit       string `json:"unit"`
	Kind       string `json:"kind"`
	ratio
	N        int64  `json:"n"`
	Note     string `json:"note"`
	Previous *kpi   `json:"previous"`
}

type codeRow struct {
	Class      string `json:"class"`
	Code       int    `json:"code"`
	Label      string `json:"label"`
	Meaning    string `json:"meaning"`
	FirstCheck string `json:"first_check"`
	analyze.Tally
	OfFinals   ratio    `json:"of_finals"`
	OfFailures ratio    `json:"of_failures"`
	TopCause   string   `json:"top_cause"`
	Calls      []string `json:"calls"`
}

type trunkRow struct {
	Trunk string `json:"trunk"`
	analyze.Tally
	ASR     ratio      `json:"asr"`
	NER     ratio      `json:"ner"`
	Failure ratio      `json:"failure"`
	TopCode string     `json:"top_code"`
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
}

type dayRow struct {
	Day     string           `json:"day"`
	Data    bool             `json:"data"`
	Classes map[string]int64 `json:"classes"`
}

type trendRow struct {
	Day  string `json:"day"`
	Data bool   `json:"data"`
	ASR  ratio  `json:"asr"`
	NER  ratio  `json:"ner"`
}

type heatmap struct {
	MinCount int64      `json:"min_count"`
	Cells    []heatCell `json:"cells"`
}

type heatCell struct {
	Weekday int    `json:"weekday"`
	Hour    int    `json:"hour"`
	State   string `json:"state"`
	Count   int64  `json:"count"`
	Rated   int64  `json:"rated"`
	Failed  int64  `json:"failed"`
}

type delays struct {
	N          int64   `json:"n"`
	P50        int64   `json:"p50_ms"`
	P90        int64   `json:"p90_ms"`
	P95        int64   `json:"p95_ms"`
	P99        int64   `json:"p99_ms"`
	ErrorBound float64 `json:"error_bound"`
	Bins       []bin   `json:"bins"`
}

type bin struct {
	LowMS  int64 `json:"low_ms"`
	HighMS int64 `json:"high_ms"`
	N      int64 `json:"n"`
}

type paretoRow struct {
	Code      int    `json:"code"`
	CauseCode int    `json:"cause_code"`
	Label     string `json:"label"`
	Cause     string `json:"cause"`
	Failed    int64  `json:"failed"`
	Sum       ratio  `json:"sum"`
	Other     bool   `json:"other"`
}

type groupRow struct {
	Name string `json:"name"`
	analyze.Tally
	ASR     ratio      `json:"asr"`
	NER     ratio      `json:"ner"`
	Failure ratio      `json:"failure"`
	TopCode string     `json:"top_code"`
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
}

type hourRow struct {
	From     *time.Time `json:"from"`
	To       *time.Time `json:"to"`
	Rated    int64      `json:"rated"`
	Failed   int64      `json:"failed"`
	Expected float64    `json:"expected"`
	Trunk    string     `json:"trunk"`
	Code     string     `json:"code"`
	Cause    string     `json:"cause"`
}

type loadRow struct {
	Time  *time.Time `json:"time"`
	Data  bool       `json:"data"`
	Peak  int64      `json:"peak"`
	Begun int64      `json:"begun"`
}

type markRow struct {
	Name   string `json:"name"`
	Count  int64  `json:"count"`
	Failed int64  `json:"failed"`
}

type laneRow struct {
	Name   string  `json:"name"`
	Method string  `json:"method"`
	Step   float64 `json:"step_s"`
	Rated  []int64 `json:"rated"`
	Failed []int64 `json:"failed"`
}

type eventRow struct {
	Time    *time.Time `json:"time"`
	Kind    string     `json:"kind"`
	Device  string     `json:"device"`
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
}

type incident struct {
	From     *time.Time `json:"from"`
	To       *time.Time `json:"to"`
	Trunk    string     `json:"trunk"`
	Code     int        `json:"code"`
	Cause    string     `json:"cause"`
	Count    int64      `json:"count"`
	Failed   int64      `json:"failed"`
	Expected float64    `json:"expected"`
	Calls    []string   `json:"calls"`
}

type actionRow struct {
	What     string        `json:"what"`
	Evidence string        `json:"evidence"`
	Owner    analyze.Owner `json:"owner"`
	Verify   string        `json:"verify"`
	Finding  int           `json:"finding"`
}

type anomalyRow struct {
	Metric string     `json:"metric"`
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`
	Value  *float64   `json:"value"`
	Low    *float64   `json:"low"`
	High   *float64   `json:"high"`
	Weeks  int        `json:"weeks"`
}

type availabilityRow struct {
	Trunk       string   `json:"trunk"`
	Minutes     int64    `json:"minutes"`
	Unavailable int64    `json:"unavailable"`
	Ratio       ratio    `json:"ratio"`
	Spans       []period `json:"spans"`
	Note        string   `json:"note"`
}

type targetRow struct {
	Metric  string   `json:"metric"`
	AtLeast *float64 `json:"at_least"`
	AtMost  *float64 `json:"at_most"`
	Value   *float64 `json:"value"`
	Met     bool     `json:"met"`
}

type ledgerRow struct {
	Label string `json:"label"`
	Sign  string `json:"sign"`
	N     int64  `json:"n"`
	Note  string `json:"note"`
}

type excluded struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

type sourceRow struct {
	Path     string     `json:"path"`
	Format   string     `json:"format"`
	SHA256   string     `json:"sha256"`
	Records  int64      `json:"records"`
	Rejected int64      `json:"rejected"`
	First    *time.Time `json:"first"`
	Last     *time.Time `json:"last"`
	TZ       string     `json:"tz"`
	TZFrom   string     `json:"tz_from"`
	State    string     `json:"state"`
	Note     string     `json:"note"`
}

type rejectRow struct {
	Path   string `json:"path"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
	Sample string `json:"sample"`
}

// encode writes report.json, indented, with a newline at the end.
func encode(r *analyze.Report) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(newDocument(r)); err != nil {
		return nil, fmt.Errorf("report.json: %w", err)
	}
	return escapeSteering(b.Bytes()), nil
}

// escapeSteering escapes what JSON lets stand and a terminal obeys: C1 controls and
// changes of direction.
func escapeSteering(text []byte) []byte {
	steers := func(r rune) bool { return r > 0x7e && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	if !bytes.ContainsFunc(text, steers) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if steers(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// incidentTitle is an incident as one sentence.
func incidentTitle(r *analyze.Report, in analyze.Incident) string {
	s := fmt.Sprintf("%s failed with %s", show.Counted(in.Failed, r.Scope), codeLabel(r, in.Code))
	if in.Trunk != "" {
		s += " on " + in.Trunk
	}
	return s
}

// codeLabel is what the report calls a code.
func codeLabel(r *analyze.Report, code int) string {
	for _, c := range r.Codes {
		if c.Code == code {
			return c.Label
		}
	}
	return fmt.Sprint(code)
}

// firstCheck is the vocabulary's advice for a code of the report.
func firstCheck(r *analyze.Report, code int) string {
	for _, c := range r.Codes {
		if c.Code == code {
			return c.FirstCheck
		}
	}
	return ""
}

// outcomes sums the outcomes over all codes.
func outcomes(r *analyze.Report) (t analyze.Tally) {
	for _, c := range r.Codes {
		t.Count += c.Count
		t.Answered += c.Answered
		t.User += c.User
		t.Abandoned += c.Abandoned
		t.Failed += c.Failed
		t.Redirected += c.Redirected
		t.InProgress += c.InProgress
		t.CompletedElsewhere += c.CompletedElsewhere
		t.NotConnected += c.NotConnected
		t.TalkMS += c.TalkMS
		t.Talked += c.Talked
		t.Short += c.Short
	}
	return t
}
