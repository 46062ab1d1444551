package analyze

import (
	"cmp"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// ParetoRow is one cause of failures: a code with the most telling of Q.850,
// Warning and phrase. Other stands for all that the table does not list; Causes
// says how many.
type ParetoRow struct {
	Code, CauseCode int
	Label           string
	Cause           string
	Failed          int64
	Sum             Ratio // this row and those above it, of all failures
	Other           bool
	Causes          int // of the other row
}

// The table of causes ends where it explains this much, or at so many rows
// (weekly_report.md §2).
const (
	paretoShare = .8
	paretoRows  = 10
)

// pareto ranks the causes of failures; the other row is always there.
func pareto(d Data, q Query) []ParetoRow {
	type cause struct {
		code, nearest int
		text          string
	}
	failed := map[cause]int64{}
	var total int64
	selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome == codes.Failed {
			failed[cause{p.Code, nearestCode(p), cmp.Or(p.Cause, p.Reason)}] += c.N
			total += c.N
		}
	})
	if total == 0 {
		return nil
	}
	var causes []cause
	for c := range failed {
		causes = append(causes, c)
	}
	slices.SortFunc(causes, func(a, b cause) int {
		return cmp.Or(cmp.Compare(failed[b], failed[a]), cmp.Compare(a.code, b.code), cmp.Compare(a.nearest, b.nearest), cmp.Compare(a.text, b.text))
	})
	var rows []ParetoRow
	var sum int64
	for _, c := range causes {
		if len(rows) == paretoRows || float64(sum) >= paretoShare*float64(total) {
			break
		}
		sum += failed[c]
		rows = append(rows, ParetoRow{Code: c.code, CauseCode: c.nearest, Label: codes.Label(c.code), Cause: c.text, Failed: failed[c], Sum: ratio(sum, total)})
	}
	return append(rows, ParetoRow{Other: true, Label: "other", Failed: total - sum, Sum: ratio(total, total), Causes: len(causes) - len(rows)})
}

// HourRow is one hour of the period with the failures that the period's rate
// gives for it.
type HourRow struct {
	From, To                    time.Time
	Count, Rated, Failed        int64
	Expected                    float64
	TopTrunk, TopCode, TopCause string
}

// Excess is failures above expectation.
func (h HourRow) Excess() float64 { return float64(h.Failed) - h.Expected }

// worstHours are the five hours with most failures above what the period's rate
// gives for them, worst first.
func worstHours(d Data, q Query) []HourRow {
	hours := map[int64]*HourRow{}
	trunks, code, causes := tops[int64]{}, tops[int64]{}, tops[int64]{}
	var rates Tally
	selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
		t, ok := local(c.Time, q.zone())
		if !ok || !rated(p) {
			return
		}
		// The clock hour: zones may be half an hour off.
		from := t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
		at := from.UnixMicro()
		h := hours[at]
		if h == nil {
			h = &HourRow{From: from, To: from.Add(time.Hour)}
			hours[at] = h
		}
		h.Count += c.N
		h.Rated += c.N
		rates.Count += c.N
		if p.Outcome == codes.Failed {
			h.Failed += c.N
			rates.Failed += c.N
			trunks.add(at, p.Trunk, c.N)
			code.add(at, codes.Label(p.Code), c.N)
			causes.add(at, cmp.Or(p.Cause, p.Reason), c.N)
		}
	})
	var rows []HourRow
	for at, h := range hours {
		h.Expected = float64(h.Rated) * float64(rates.Failed) / float64(max(1, rates.Count))
		h.TopTrunk, h.TopCode, h.TopCause = trunks.top(at), code.top(at), causes.top(at)
		if h.Excess() >= 1 {
			rows = append(rows, *h)
		}
	}
	slices.SortFunc(rows, func(a, b HourRow) int {
		return cmp.Or(cmp.Compare(b.Excess(), a.Excess()), a.From.Compare(b.From))
	})
	return rows[:min(5, len(rows))]
}

// callerRows are the sources with most failures; nil where the calls are too
// many to be read one by one.
func callerRows(d Data, q Query) []GroupRow {
	if d.Calls == nil {
		return nil
	}
	type sums struct {
		Tally
		ner, nerRated int64
		first, last   int64
	}
	groups, failures := map[string]*sums{}, tops[string]{}
	selectFrom(d, q, nil).calls(d, func(c Call, p *store.Profile) {
		g := groups[c.Caller]
		if g == nil {
			g = &sums{first: c.Start, last: c.Start}
			groups[c.Caller] = g
		}
		g.add(cellOf(c, p).Cell, p.Outcome)
		g.first, g.last = min(g.first, c.Start), max(g.last, c.Start)
		if nerRated(p) {
			g.nerRated++
			if inNER(p) {
				g.ner++
			}
		}
		if p.Outcome == codes.Failed {
			failures.add(c.Caller, codes.Label(p.Code), 1)
		}
	})
	rows := make([]GroupRow, 0, len(groups))
	for name, g := range groups {
		r := GroupRow{Name: name, Tally: g.Tally, TopCode: failures.top(name),
			ASR: ratio(g.Answered, g.Rated()), NER: ratio(g.ner, g.nerRated), Failure: ratio(g.Failed, g.Rated())}
		r.First, _ = local(floor(g.first, quarter), q.zone())
		r.Last, _ = local(floor(g.last, quarter), q.zone())
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b GroupRow) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return rows[:min(len(rows), maxGroups)]
}

// maxGroups bounds the rows of prefixes, user agents and sources in a report.
const maxGroups = 20

// Mark counts the calls with a flag, and how many of them failed.
type Mark struct {
	Name          string
	Count, Failed int64
}

// marks counts the flags of all calls that the query selects.
func marks(d Data, q Query) []Mark {
	counts := make([]Mark, len(codes.FlagList()))
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		for i := range counts {
			if flagsOf(p)>>i&1 == 1 {
				counts[i].Count += c.N
				if p.Outcome == codes.Failed {
					counts[i].Failed += c.N
				}
			}
		}
	})
	var list []Mark
	for i, name := range codes.FlagList() {
		if m := counts[i]; m.Count > 0 {
			m.Name = name
			list = append(list, m)
		}
	}
	return list
}
