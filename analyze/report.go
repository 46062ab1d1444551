package analyze

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"callsift/store"
	"callsift/store/codes"
)

// Rules names the counting rules, so that two reports can be told to have
// counted alike.
const Rules = "R1-R14, set 1"

// timeUnknown names what no period can hold.
const timeUnknown = "time_unknown"

// kpis of the report, in order.
var kpis = []string{
	"calls", "answered", "asr", "ner", "seer", "failure_rate", "isa", "aloc", "pdd_p50", "pdd_p95", "peak_calls", "cps_minute",
	"short_calls", "drops", "abandon_early", "abandon_ringing", "recovered", "ira",
}

// BuildReport fills the weekly report from the data of its period and of the
// period before; previous is empty where there is none.
// Where calls cannot be counted (Uncountable), it counts attempts and says why.
func BuildReport(current, previous Data, q Query, title string) Report {
	q = bounded(current, q)
	warnings := slices.Clone(current.Warnings)
	if why := Uncountable(current, q); why != "" {
		q.Scope = ScopeLeg
		warnings = append(warnings, strings.Replace(strings.TrimPrefix(why, "--scope call: "), "use --scope leg", "so this report counts attempts", 1))
	} else if text := UnjoinedWarning(current, q); text != "" {
		warnings = append(warnings, text)
	}
	cover := coverageOf(current, q.Period)
	r := Report{
		Title: title, Period: q.Period, Hours: q.Period.To.Sub(q.Period.From).Hours(), Covered: cover.hours(), Gaps: cover.gaps(),
		Scope: q.scope(), Zone: q.zone().String(), Checksum: checksum(current.Sources), Rules: Rules,
		Sources: current.Sources, Rejects: current.Rejects, Warnings: warnings,
		Previous: map[string]Metric{},
	}
	before := q
	before.Period = q.Period.before()
	if current.Past == nil && len(previous.Cells) > 0 {
		current.Past = []Past{{Period: before.Period, Data: previous}}
	}
	// Each of these two takes as long as half of the rest.
	var beside sync.WaitGroup
	beside.Go(func() { r.Changes = compare(current, previous, q, before.Period, false, CompareKeys) })
	beside.Go(func() { r.Findings = Findings(current, q) })
	r.KPIs, _ = MetricsOf(current, q, kpis...)
	if c := coverageOf(previous, before.Period); len(previous.Cells) > 0 && c.hours() > 0 {
		ms, _ := MetricsOf(previous, before, kpis...)
		for _, m := range ms {
			r.Previous[m.Name] = m
		}
	}
	r.Codes = codeRows(current, q)
	legs := q
	legs.Scope = ScopeLeg
	r.Trunks = groupRows(current, legs, func(p *store.Profile) string { return p.Trunk })
	r.TrunkNote = trunkNote(current, q, r.Trunks)
	r.Days, r.Trend, r.Heat = dayClasses(current, q), dayRatios(current, q), heat(current, q)
	r.PDD = selectFrom(current, q, q.headline()).delayBuckets(current, store.DelayPDD, nil).histogram()
	r.Pareto, r.Worst, r.Load = pareto(current, q), worstHours(current, q), loadCurve(current, q)
	r.Prefixes = largestGroups(groupRows(current, q, func(p *store.Profile) string { return p.Prefix }))
	r.Agents = largestGroups(groupRows(current, q, func(p *store.Profile) string { return p.UserAgent }))
	r.Callers, r.Marks = callerRows(current, q), marks(current, q)
	r.Lanes, r.Happened = lanes(current, q), happenings(current, q)
	r.Incidents = incidents(current, q)
	r.Anomalies = anomalies(current, q)
	r.Trunking = availability(current, q)
	r.Targets = targetResults(current, q, r.KPIs)
	r.Excluded = excluded(current, q)
	r.Ledger = ledgerLines(current, q)
	beside.Wait()
	r.Actions = actionsOf(r.Findings)
	r.Verdict = verdict(current, q, &r)
	return r
}

// largestGroups is nil where no record names the key.
func largestGroups(rows []GroupRow) []GroupRow {
	if len(rows) == 1 && rows[0].Name == "" {
		return nil
	}
	return rows[:min(len(rows), maxGroups)]
}

func trunkNote(d Data, q Query, rows []GroupRow) string {
	var attempts, calls int64
	for _, row := range rows {
		attempts += row.Count
	}
	selectFrom(d, q, nil).cells(d, func(c Cell, _ *store.Profile) { calls += c.N })
	if q.scope() == ScopeLeg || attempts == calls {
		return "Rows count attempts on each trunk."
	}
	return "Rows count attempts on each trunk: " + plural(attempts, "attempt", "attempts") + " for " + plural(calls, "call", "calls") +
		", since a call that tries several legs is an attempt on each."
}

// excluded is what the headline figures leave out, by the first reason that holds.
func excluded(d Data, q Query) []Excluded {
	var list []Excluded
	if !q.asksFlag() {
		counts := map[codes.Flags]int64{}
		reasons := []codes.Flags{codes.FlagScanner, codes.FlagTruncatedStart, codes.FlagOrphan}
		selectFrom(d, q, func(p *store.Profile) bool { return !headline(p) }).cells(d, func(c Cell, p *store.Profile) {
			i := slices.IndexFunc(reasons, func(f codes.Flags) bool { return flagsOf(p)&f != 0 })
			counts[reasons[i]] += c.N
		})
		for _, f := range reasons {
			if counts[f] > 0 {
				list = append(list, Excluded{Name: f.Names()[0], Count: counts[f]})
			}
		}
	}
	if d.Untimed > 0 {
		list = append(list, Excluded{Name: timeUnknown, Count: d.Untimed})
	}
	return list
}

// ledgerLines are the steps from messages to calls, of the whole database, and
// the calls of the period by outcome. A sum that does not come out says so.
func ledgerLines(d Data, q Query) []LedgerLine {
	steps := d.Ledger.Steps
	l := &ledger{}
	if steps[store.StepMessages] > 0 {
		l.open("SIP messages read", steps[store.StepMessages])
		l.minus("duplicates: the same message seen twice", steps[store.StepDuplicates])
		l.minus("retransmissions: sent again", steps[store.StepRetransmissions])
		l.minus("unusable: breaking the grammar too far", steps[store.StepUnusable])
		l.close("messages used", l.left)
		l.open("transactions that they make up", steps[store.StepTransactions])
		l.minus("folded: challenge answered, digits sent in parts", steps[store.StepFolded])
		l.minus("inside a dialog: ACK, BYE, re-INVITE and others", steps[store.StepInDialog]+steps[store.StepAcks])
		l.minus("CANCEL", steps[store.StepCancels])
		l.minus("of dialogs whose start was not seen", steps[store.StepOrphans])
		l.minus("requests of other methods", steps[store.StepRequests])
		l.close("call attempts in SIP messages", steps[store.StepAttempts])
	}
	if steps[store.StepRecords] > 0 {
		l.open("call detail records read", steps[store.StepRecords])
		l.minus("the same record in another source", steps[store.StepSameRecords])
		l.close("call detail records used", l.left)
	}
	l.open("attempts in the database", d.Ledger.Attempts)
	l.minus("further attempts of the same calls", d.Ledger.Attempts-d.Ledger.Calls)
	l.close("calls in the database", d.Ledger.Calls)

	t := Tally{}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) { t.add(c.Cell, p.Outcome) })
	what := map[string]string{ScopeCall: "calls", ScopeLeg: "attempts"}[q.scope()] + " of the period"
	l.lines = append(l.lines, LedgerLine{Label: what, N: t.Count})
	var sum int64
	for _, o := range codes.Outcomes {
		if n := t.Of(o); n > 0 {
			l.lines = append(l.lines, LedgerLine{Label: string(o), Sign: "+", N: n})
			sum += n
		}
	}
	l.left = sum
	l.close(what, t.Count)
	return l.lines
}

// ledger keeps the running rest, so that the closing line can be checked.
type ledger struct {
	lines []LedgerLine
	left  int64
}

func (l *ledger) open(label string, n int64) {
	l.left = n
	l.lines = append(l.lines, LedgerLine{Label: label, N: n})
}

func (l *ledger) minus(label string, n int64) {
	l.left -= n
	if n != 0 {
		l.lines = append(l.lines, LedgerLine{Label: label, Sign: "-", N: n})
	}
}

func (l *ledger) close(label string, n int64) {
	line := LedgerLine{Label: label, Sign: "=", N: n}
	if n != l.left {
		line.Note = "the lines above give " + thousands(l.left)
	}
	l.lines = append(l.lines, line)
}

// checksum is of the sources' checksums in order, so that the place and order of
// the files do not matter.
func checksum(sources []SourceRow) string {
	var sums []string
	for _, s := range sources {
		if s.SHA256 != "" {
			sums = append(sums, s.SHA256)
		}
	}
	if len(sums) == 0 {
		return ""
	}
	slices.Sort(sums)
	h := sha256.New()
	for _, s := range slices.Compact(sums) {
		h.Write([]byte(s + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// metricNamed is the metric of that name, or one that is not OK.
func metricNamed(ms []Metric, name string) Metric {
	i := slices.IndexFunc(ms, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}
	}
	return ms[i]
}

// largest orders by count, then by name.
func largest(n, m int64, a, b string) int { return cmp.Or(cmp.Compare(m, n), cmp.Compare(a, b)) }
