package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseTarget reads a bound that the user sets for a metric: ">= 97%", "<= 6 s".
// A number without a unit is in the metric's own.
func ParseTarget(metric, text string) (Target, error) {
	i := slices.IndexFunc(definitions, func(d Definition) bool { return d.Name == metric })
	if i < 0 {
		return Target{}, fmt.Errorf("no metric %q; metrics are %s", metric, strings.Join(metricNames(), ", "))
	}
	rest := strings.TrimSpace(text)
	least := strings.HasPrefix(rest, ">=")
	if !least && !strings.HasPrefix(rest, "<=") {
		return Target{}, fmt.Errorf("%s: %q, want >= or <= and a number, such as \">= 97%%\"", metric, text)
	}
	rest = strings.TrimSpace(rest[2:])
	number := strings.TrimRight(rest, "% abcdefghijklmnopqrstuvwxyz/")
	value, err := strconv.ParseFloat(number, 64)
	factor, ok := unitFactor(definitions[i].Unit, strings.TrimSpace(rest[len(number):]))
	if err != nil || !ok {
		return Target{}, fmt.Errorf("%s: %q, want a number of %s", metric, text, definitions[i].Unit)
	}
	value *= factor
	if least {
		return Target{Metric: metric, AtLeast: &value}, nil
	}
	return Target{Metric: metric, AtMost: &value}, nil
}

// unitFactor turns what a user writes into what the metric is kept in; ratios are
// fractions.
func unitFactor(unit, written string) (factor float64, ok bool) {
	switch {
	case unit == "%":
		return .01, written == "" || written == "%"
	case unit == "ms" && written == "s", unit == "s" && written == "min":
		return map[string]float64{"s": 1000, "min": 60}[written], true
	}
	return 1, written == "" || written == unit
}

// targetResults puts the user's targets beside what was measured.
func targetResults(d Data, q Query, ms []Metric) []TargetResult {
	var list []TargetResult
	for _, t := range q.Targets {
		m := metricNamed(ms, t.Metric)
		if m.Name == "" {
			more, err := MetricsOf(d, q, t.Metric)
			if err != nil {
				continue // ParseTarget knows the names
			}
			m = more[0]
		}
		r := TargetResult{Target: t, Label: m.Label, Unit: m.Unit, Value: m.Value, OK: m.OK}
		r.Met = m.OK && (t.AtLeast == nil || m.Value >= *t.AtLeast) && (t.AtMost == nil || m.Value <= *t.AtMost)
		list = append(list, r)
	}
	return list
}
