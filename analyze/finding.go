package analyze

import (
	"strconv"
	"time"
)

// KeyValue is one key with the value that the calls of a finding share.
type KeyValue struct{ Key, Value string }

// Owner says whose trouble a finding is; "" where the data does not tell.
type Owner string

// The owners.
const (
	Ours     Owner = "ours"
	Carrier  Owner = "carrier"
	Customer Owner = "customer"
)

// The symptoms that findings are about.
const (
	SymptomFailed    = "failed"
	SymptomUser      = "user"      // busy, unavailable, declined, in numbers that are not people's
	SymptomAbandoned = "abandoned" // before ringing
	SymptomDropped   = "dropped"   // answered and lost
	SymptomShort     = "short"     // answered and over within 6 s
)

// Finding is one thing that went wrong: calls that share some keys and a
// stretch of time, and failed more often than was to be expected.
type Finding struct {
	Rank    int
	Title   string // one sentence with its numbers
	Symptom string
	Scope   string     // of the counts: call or leg
	Keys    []KeyValue // at most three
	From    time.Time
	To      time.Time
	Ongoing bool   // it lasts to the end of the data of the period
	Daily   string // "10:00–12:00" where it came at the same hours of several days, else ""

	Count, Failed    int64 // attempts with these keys in that time (the code apart), and those that failed so
	Expected, Excess float64
	Share            float64 // Excess of all failures of the period, or of all calls with the symptom
	// Lift is Failed / Expected, each with a half added so that nothing expected is
	// no division by 0, with a 95 % interval.
	Lift, LiftLow, LiftHigh float64
	Coverage                float64 // how much of the excess of those hours the keys hold
	Callers, Callees        int     // different numbers among the calls that were looked at

	Cause      string // "Q.850 34 No circuit/channel available"
	Owner      Owner
	Why        string   // what the rule concludes, a sentence
	FirstCheck string   // what to look at first
	Setting    string   // what is known of it on a New Rock device; "" where nothing is
	Evidence   []string // what else in the data speaks for it, a sentence each
	Refute     []string // what would speak against it, with its numbers
	Confidence float64  // 1 - the chance of such an excess anywhere in a usual period
	Calls      []string // at most three

	rule   string // name of the rule that concluded it
	verify string
}

// Value is the value of one of the finding's keys; "" where it is not one.
func (f *Finding) Value(key string) string {
	for _, k := range f.Keys {
		if k.Key == key {
			return k.Value
		}
	}
	return ""
}

// Code is the status that the finding is about; ok is false where it is not
// about one.
func (f *Finding) Code() (code int, ok bool) {
	code, err := strconv.Atoi(f.Value("code"))
	return code, err == nil
}

// Action is a line of the action list.
type Action struct {
	What     string // what to check or do
	Evidence string
	Owner    Owner
	Verify   string // how to see next week that it helped
	Finding  int    // rank of the finding it follows from
}

// Anomaly is a stretch of hours in which a figure left the band that the same
// hours of earlier weeks give.
type Anomaly struct {
	Metric    string // calls, failed
	From, To  time.Time
	Value     float64 // over the stretch
	Low, High float64 // the band of the earlier weeks
	Weeks     int     // how many weeks the band is made of
}

// Availability is a trunk's minutes: unavailable ones had at least 3 attempts of
// which half or more failed by the network or for want of resources; minutes
// that no source covers are unknown, not available.
type Availability struct {
	Trunk       string
	Covered     int64 // minutes
	Unavailable int64
	Spans       []Period // the unavailable minutes, neighbours joined
	Ratio       Ratio    // available of covered minutes
	Note        string
}

// Target is a bound that the user set for a metric; nil is no bound. Ratios are
// fractions.
type Target struct {
	Metric          string
	AtLeast, AtMost *float64
}

// TargetResult is a target beside what was measured.
type TargetResult struct {
	Target
	Label string
	Unit  string
	Value float64
	OK    bool // the metric has a value
	Met   bool
}
