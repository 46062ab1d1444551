package analyze

import (
	"fmt"
	"slices"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// verdict is the report in a few sentences, each with its numbers.
func verdict(d Data, q Query, r *Report) []string {
	what := nouns(q)
	failure := metricNamed(r.KPIs, "failure_rate")
	calls := metricNamed(r.KPIs, "calls")
	if calls.N == 0 {
		if r.Covered == 0 {
			return []string{fmt.Sprintf("No source covers %s: nothing is known about its calls.", q.Period.Label)}
		}
		return []string{fmt.Sprintf("No %s in %s; sources cover %.0f of its %.0f hours.", what[1], q.Period.Label, r.Covered, r.Hours)}
	}
	list := []string{failureSentence(failure, what) + previousClause(q, r)}
	list = append(list, answerSentence(r, what))
	list = append(list, driverSentences(d, q, r)...)
	if r.Covered < r.Hours-.5 {
		list = append(list, fmt.Sprintf("Sources cover %.0f of %.0f hours; the rest is unknown, not zero.", r.Covered, r.Hours))
	}
	if s := excludedSentence(r.Excluded); s != "" {
		list = append(list, s)
	}
	return list
}

func nouns(q Query) [2]string {
	switch {
	case q.method() != "INVITE":
		return [2]string{"request", "requests"}
	case q.scope() == ScopeLeg:
		return [2]string{"attempt", "attempts"}
	}
	return [2]string{"call", "calls"}
}

func failureSentence(m Metric, what [2]string) string {
	rate, ok := m.Ratio.Value()
	if !ok {
		return "No " + what[0] + " came to an end that counts."
	}
	return fmt.Sprintf("%s of %s failed (%s, 95 %% interval %.1f–%.1f %%)", thousands(m.Ratio.Num), plural(m.Ratio.Den, what[0], what[1]),
		percent(rate), 100*m.Ratio.Low, 100*m.Ratio.High)
}

func previousClause(q Query, r *Report) string {
	if _, ok := metricNamed(r.KPIs, "failure_rate").Ratio.Value(); !ok {
		return ""
	}
	name := "the period before"
	if len(daysOf(q.Period)) == 7 && isDayStart(q.Period.To) {
		name = "the week before"
	}
	m, known := r.Previous["failure_rate"]
	rate, ok := m.Ratio.Value()
	if !known || !ok {
		return "; there is no data of " + name + "."
	}
	now, before, change := "", fmt.Sprintf("%s of %s", percent(rate), thousands(m.Ratio.Den)), ""
	if t := r.Changes.Table("kpi"); t != nil {
		for _, row := range t.Rows {
			if row.Key != "failure_rate" {
				continue
			}
			// What is called a change must be one of the figures beside it: those
			// of the days that were compared.
			if len(r.Changes.LeftOut) > 0 && row.NowOK && row.BeforeOK {
				now = fmt.Sprintf("; without the holidays and their weekdays: %s of %s", percent(row.NowValue), thousands(row.Now.Den))
				before = fmt.Sprintf("%s of %s", percent(row.BeforeValue), thousands(row.Before.Den))
			}
			switch {
			case !row.Tested:
			case row.Significant:
				change = ", a significant change"
			default:
				change = ", no significant change of the week as a whole"
			}
		}
	}
	return fmt.Sprintf("%s; %s: %s%s.", now, name, before, change)
}

func answerSentence(r *Report, what [2]string) string {
	asr, ner := metricNamed(r.KPIs, "asr"), metricNamed(r.KPIs, "ner")
	rate, ok := asr.Ratio.Value()
	if !ok {
		return plural(metricNamed(r.KPIs, "calls").N, what[0], what[1]) + " in all."
	}
	s := fmt.Sprintf("%s of %s answered (ASR %s)", thousands(asr.Ratio.Num), thousands(asr.Ratio.Den), percent(rate))
	if rate, ok := ner.Ratio.Value(); ok {
		s += fmt.Sprintf("; the network did its part for %s of %s (NER %s)", thousands(ner.Ratio.Num), thousands(ner.Ratio.Den), percent(rate))
	}
	return s + "."
}

// driverSentences name the trunk and code with most failures, and then the
// incidents that this did not cover.
func driverSentences(d Data, q Query, r *Report) []string {
	failures := map[seriesKey]int64{}
	var total int64
	sel := selectFrom(d, q, q.headline())
	sel.cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome == codes.Failed {
			failures[keyOf(p)] += c.N
			total += c.N
		}
	})
	if total == 0 {
		return nil
	}
	var keys []seriesKey
	for k := range failures {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b seriesKey) int {
		return largest(failures[a], failures[b], fmt.Sprint(a), fmt.Sprint(b))
	})
	top := keys[0]
	s := fmt.Sprintf("%.0f %% of the failures (%s of %s) are %s", 100*float64(failures[top])/float64(total), thousands(failures[top]), thousands(total), failureName(top))
	told := slices.IndexFunc(r.Incidents, func(i Incident) bool { return i.Trunk == top.trunk && i.Code == top.code })
	if told >= 0 {
		s += within(d, sel, top, r.Incidents[told], failures[top])
	}
	list := []string{s + "."}
	for i, in := range r.Incidents {
		if i != told && len(list) < 3 {
			list = append(list, incidentSentence(in))
		}
	}
	return list
}

// within says how many of the failures fell into the incident.
func within(d Data, sel *selection, k seriesKey, in Incident, all int64) string {
	var n int64
	sel.cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome == codes.Failed && keyOf(p) == k && (Period{From: in.From, To: in.To}).contains(c.Time) {
			n += c.N
		}
	})
	switch {
	case n == 0:
		return ""
	case n == all:
		return ", all " + stretch(in.From, in.To)
	}
	return fmt.Sprintf(", %s of them %s", thousands(n), stretch(in.From, in.To))
}

func incidentSentence(in Incident) string {
	return fmt.Sprintf("%s: %s of %s were %s; the rate of the rest of the period gives %.1f.", stretch(in.From, in.To),
		thousands(in.Failed), plural(in.Count, "attempt", "attempts"), failureName(seriesKey{in.Trunk, in.Code, in.Cause}), in.Expected)
}

func failureName(k seriesKey) string {
	name := codes.Label(k.code)
	if k.code == codes.Unknown && k.cause != "" {
		name = k.cause
	}
	if k.trunk == "" {
		return name + " from an unknown trunk"
	}
	return name + " from trunk " + k.trunk
}

func excludedSentence(list []Excluded) string {
	var parts []string
	for _, x := range list {
		name := strings.ReplaceAll(x.Name, "_", " ")
		if x.Name == timeUnknown {
			name = "of unknown time"
		}
		parts = append(parts, thousands(x.Count)+" "+name)
	}
	if len(parts) == 0 {
		return ""
	}
	return "Not in these figures: " + strings.Join(parts, ", ") + "."
}
