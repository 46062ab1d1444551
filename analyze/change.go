package analyze

// Arrow says which way a figure went where that is both significant and large
// enough to matter.
type Arrow string

// The arrows.
const (
	Up   Arrow = "▲"
	Down Arrow = "▼"
)

// Change is one row of a comparison: a figure now and before.
type Change struct {
	Key    string // value of the table's key, or name of the metric
	Label  string
	Unit   string // "%", "ms", "s", "calls"
	Kind   string // KindRatio or KindQuantity
	Now    Ratio  // of a ratio: failures of attempts
	Before Ratio
	// Of any kind; ratios as fractions. Not OK: there is no such value.
	NowValue, BeforeValue float64
	NowOK, BeforeOK       bool
	Diff                  float64 // NowValue - BeforeValue; OK where both are
	Low, High             float64 // 95 % interval of Diff, widened by the dispersion; Tested only
	Z, P                  float64 // of Diff, divided by the root of Phi; Tested only
	Phi                   float64 // dispersion, at least 1
	Tested                bool
	Significant           bool // Benjamini-Hochberg at 5 % within the table
	Material              bool // over the threshold below which nobody cares
	Arrow                 Arrow
	Median                float64 // of the last four periods, this one not among them
	MedianOK              bool
	Weeks                 int    // periods that Median is made of
	Note                  string // "low volume", "baseline", "bursty (φ = 2.3)"
	New, Gone             bool   // not there before; not there now
}

// Effects takes the change of the number of failures apart; they sum to Total.
type Effects struct {
	Total  float64 // failures now - failures before
	Rate   float64 // the same traffic at the new rates
	Mix    float64 // the same rates with the traffic spread anew
	Volume float64 // more or less of the same traffic
}

// ChangeTable is a comparison by one key; By "kpi" is the table of metrics.
type ChangeTable struct {
	By   string
	What string // what the ratio of a row is: "failed of all calls", "calls that ended so"
	Rows []Change
	Note string
}

// Comparison is one period against another.
type Comparison struct {
	Scope, Method string
	Zone          string
	Now           Period
	Before        Period
	With          string // "period", or "median" of Weeks earlier ones
	Weeks         int
	Baseline      bool // there is nothing to compare with
	Tables        []ChangeTable
	Effects       Effects
	LeftOut       []string // days that are in no figure: holidays, and the same weekdays of the other weeks
	Warnings      []string
}

// Table is the table of a key; nil where there is none.
func (c *Comparison) Table(by string) *ChangeTable {
	for i := range c.Tables {
		if c.Tables[i].By == by {
			return &c.Tables[i]
		}
	}
	return nil
}
