// Package analyze is the read side: breakdowns, metrics, comparisons. It gives
// numbers, never text for people or pictures, and warnings as values.
//
// Everything starts from two things that the store gives: the profiles (what is
// counted) and the cells (how often, per quarter hour and profile). Filtering,
// grouping and the calendar happen here in Go, so that one narrow query serves
// every table and no engine's date functions are needed.
package analyze

import "time"

// Period is the half-open stretch [From, To) in From's zone.
type Period struct {
	From, To time.Time
	Label    string // "2026-W46", or the two dates
}

// Tally counts what a group of attempts, calls or requests became. The outcomes
// sum to Count.
type Tally struct {
	Count              int64 `json:"count"`
	Answered           int64 `json:"answered"`
	User               int64 `json:"user"`
	Abandoned          int64 `json:"abandoned"`
	Failed             int64 `json:"failed"`
	Redirected         int64 `json:"redirected"`
	InProgress         int64 `json:"in_progress"`
	CompletedElsewhere int64 `json:"completed_elsewhere"`
	NotConnected       int64 `json:"not_connected"`
	TalkMS             int64 `json:"talk_ms"` // of Talked
	Talked             int64 `json:"talked"`  // answered with a known end
	Short              int64 `json:"short"`   // of Talked: under 6 s
}

// Rated is the denominator of the failure rate and of ASR: what had a chance to
// be answered and is known to have ended (metrics.md §5).
func (t Tally) Rated() int64 {
	return t.Count - t.Redirected - t.InProgress - t.CompletedElsewhere
}

// Row is one row of a breakdown: its keys' values in the order asked for.
type Row struct {
	Keys []string
	Code int // numeric code where one of the keys is code, else 0
	Tally
}

// Breakdown is a table of counts by keys, largest first: see Rows.
type Breakdown struct {
	Scope   string // call or leg
	Method  string
	By      []string
	Period  Period
	Total   Tally  // of all, also of the rows that Query.Top leaves out
	More    int    // how many rows those are
	Warning string // a sentence about calls that may be counted twice; "" if there are none

	counted *grouper
	groups  []*group    // the rows
	callers []callerRow // the rows, where one of the keys is the caller
}

// Ratio is a proportion with what it was made of. A ratio over 0 has no value.
type Ratio struct {
	Num, Den  int64
	Low, High float64 // Wilson 95 % interval, as fractions
}

// Value is Num/Den as a fraction; ok is false where Den is 0.
func (r Ratio) Value() (v float64, ok bool) {
	if r.Den == 0 {
		return 0, false
	}
	return float64(r.Num) / float64(r.Den), true
}

// Metric is one figure with its definition.
type Metric struct {
	Name       string // asr, ner, pdd_p95 ...
	Label      string // "Answer seizure ratio (ASR)"
	Definition string // formula and source: "answered / (attempts - redirected - in progress), ITU-T E.425"
	Unit       string // "%", "ms", "s", "calls"
	Kind       string // ratio, quantity
	Ratio      Ratio  // kind ratio
	Value      float64
	N          int64  // what it was computed over
	OK         bool   // false: undefined or no data, shown as "–"
	Note       string // "n/a (no local-refusal data)", "n = 7, under 30"
}

// DayClasses is one day's calls by response class.
type DayClasses struct {
	Day    time.Time
	Data   bool             // false: no source covers this day (unknown, not zero)
	Counts map[string]int64 // class -> calls
}

// DayRatios is one day's ASR and NER.
type DayRatios struct {
	Day      time.Time
	Data     bool
	ASR, NER Ratio
}

// HeatCell is one hour of the week.
type HeatCell struct {
	Count, Rated, Failed int64
	Data                 bool    // some source covers it
	Missing              bool    // the clock skipped this hour
	Hours                float64 // clock hours of the period that the cell holds: 2 where the clock went back
}

// Heat is the week by weekday (Monday first) and hour.
type Heat struct {
	Cells    [7][24]HeatCell
	MinCount int64 // cells with fewer calls are hatched
}

// Bin is one bar of a histogram.
type Bin struct {
	LowMS, HighMS int64 // [Low, High)
	N             int64
}

// Histogram is a distribution of a delay.
type Histogram struct {
	Bins               []Bin
	N                  int64
	P50, P90, P95, P99 int64 // milliseconds, -1: none
	ErrorBound         float64
}

// CodeRow is one response code with what the vocabulary says about it.
type CodeRow struct {
	Class      string
	Code       int
	Label      string // "503 Service Unavailable", "no response", "no code in the record"
	Meaning    string
	FirstCheck string
	Tally
	OfFinals, OfFailures Ratio
	TopCause             string
	Examples             []string // call ids, at most 3
}

// GroupRow is one trunk, peer or other party with its figures.
type GroupRow struct {
	Name string
	Tally
	ASR, NER, Failure Ratio
	TopCode           string    // most frequent code among the failures
	First, Last       time.Time // starts of the first and last quarter hour with an attempt
}

// Incident is a contiguous stretch in which one trunk and code failed far more
// often than in the rest of the period.
type Incident struct {
	From, To time.Time
	Trunk    string
	Code     int
	Cause    string
	Count    int64 // attempts on the trunk in that time
	Failed   int64
	Expected float64 // failures at the rate of the rest of the period
	Score    float64 // log-likelihood ratio against the rest of the period
	Calls    []string
}

// Excluded is what the headline leaves out, with its count.
type Excluded struct {
	Name  string
	Count int64
}

// SourceRow is one line of the input ledger.
type SourceRow struct {
	Path, Format, SHA256, TZ, TZFrom, State, Note string
	Records, Rejected                             int64
	First, Last                                   time.Time
}

// RejectRow is one reason for rejected input with a sample.
type RejectRow struct {
	Path, Reason, Sample string
	Line, Count          int64
}

// LedgerLine is one step of the counting ledger: "messages 4032", "- duplicates 12".
type LedgerLine struct {
	Label string
	Sign  string // "", "-", "="
	N     int64
	Note  string
}

// Report is the data of the weekly report: every form shows these numbers.
type Report struct {
	Title     string // site or path
	Period    Period
	Hours     float64 // length of the period
	Covered   float64 // hours with data
	Gaps      []Period
	Scope     string
	Zone      string
	Checksum  string // of the sources read
	Rules     string // version of the counting rules
	Verdict   []string
	KPIs      []Metric
	Previous  map[string]Metric // by name, the period before; empty: no data
	Codes     []CodeRow
	Trunks    []GroupRow
	TrunkNote string // what the trunk rows count, and why their sum may exceed the calls
	Pareto    []ParetoRow
	Prefixes  []GroupRow // at most 20 each of these three
	Agents    []GroupRow
	Callers   []GroupRow // by failures; nil where the calls are too many to be read one by one
	Worst     []HourRow
	Load      []LoadPoint
	Marks     []Mark // flags of the calls
	Lanes     []Lane // of each trunk over time
	Happened  []Happening
	Days      []DayClasses
	Trend     []DayRatios
	Heat      Heat
	PDD       Histogram
	Incidents []Incident
	Findings  []Finding  // what went wrong, most excess failures first, at most seven
	Actions   []Action   // what to do about it
	Changes   Comparison // this period against the one before and the median of the last four
	Anomalies []Anomaly
	Trunking  []Availability // by trunk, the least available first
	Targets   []TargetResult // empty: the user set none
	Excluded  []Excluded
	Ledger    []LedgerLine
	Sources   []SourceRow
	Rejects   []RejectRow
	Warnings  []string
}
