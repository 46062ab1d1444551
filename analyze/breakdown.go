package analyze

import (
	"bytes"
	"cmp"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"time"

	"callsift/store"
)

// countBy counts what the query selects by its keys. Nothing is left out: flagged
// calls are in it unless a condition says otherwise. The error names a key that
// does not exist.
func countBy(d Data, q Query) (Breakdown, error) {
	g, err := newGrouper(q)
	if err != nil {
		return Breakdown{}, err
	}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		if !g.byCaller() {
			g.add(c.Cell, p)
			return
		}
		talk := int64(-1)
		if c.Talked > 0 { // a call, not several
			talk = c.TalkMS
		}
		group, outcome := g.callerGroup(c.Profile, c.Time, p)
		g.callers.add(g.callers.caller(c.Caller), group, int32(c.N), outcome, talk)
	})
	g.endCallers()
	return g.breakdown(), nil
}

// UncountableError says why calls cannot be counted (R11).
type UncountableError string

func (e UncountableError) Error() string { return string(e) }

// settledBreakdown is the breakdown with what d, which holds all of the period, says
// about it. The error is an UncountableError.
func settledBreakdown(b Breakdown, d Data, q Query) (Breakdown, error) {
	if why := Uncountable(d, q); why != "" {
		return Breakdown{}, UncountableError(why)
	}
	b.Warning = UnjoinedWarning(d, q)
	return b, nil
}

// breakdown is what was counted, largest first, then by the keys' values.
func (g *grouper) breakdown() Breakdown {
	b := Breakdown{Scope: g.q.scope(), Method: g.q.method(), By: g.q.By, Period: g.q.Period, counted: g}
	if g.byCaller() {
		b.callers = g.callers.sorted(g.q.Top, g.callerOrder())
		b.Total, b.More = g.callers.total, g.callers.rows-len(b.callers)
		return b
	}
	rank := g.ranks(func(keys []string) []string { return keys })
	for _, x := range g.groups {
		if x.tally.Count != 0 {
			b.Total = b.Total.Plus(x.tally)
			b.groups = append(b.groups, x)
		}
	}
	slices.SortFunc(b.groups, func(x, y *group) int {
		return cmp.Or(cmp.Compare(y.tally.Count, x.tally.Count), cmp.Compare(rank[x.number], rank[y.number]))
	})
	if top := g.q.Top; top > 0 && top < len(b.groups) {
		b.groups, b.More = b.groups[:top], len(b.groups)-top
	}
	return b
}

// Len is the number of rows, without those that Query.Top leaves out.
func (b Breakdown) Len() int { return len(b.groups) + len(b.callers) }

// Rows hands out the rows with their places, largest first, then by the keys'
// values. They are made one by one, since there may be millions: each, and its keys'
// slice, is only valid until the next.
func (b Breakdown) Rows() iter.Seq2[int, *Row] {
	return func(yield func(int, *Row) bool) {
		var r Row
		for i, x := range b.groups {
			r.Keys = append(r.Keys[:0], x.keys...)
			r.Code, r.Tally = x.code, x.tally
			if !yield(i, &r) {
				return
			}
		}
		g := b.counted
		for i := range b.callers {
			c := &b.callers[i]
			x := g.groups[c.group-1]
			r.Keys = append(r.Keys[:0], x.keys...)
			r.Keys[g.callerAt] = g.callers.text(c.caller)
			r.Code, r.Tally = x.code, *g.callers.tallies.at(c.tally)
			if !yield(i, &r) {
				return
			}
		}
	}
}

// Share is the row's part of all that was counted.
func (b Breakdown) Share(r Row) Ratio { return ratio(r.Count, b.Total.Count) }

// FailureShare is the row's part of all failures.
func (b Breakdown) FailureShare(r Row) Ratio { return ratio(r.Failed, b.Total.Failed) }

// MarshalJSON writes the stable form: the keys' values stand in each row beside
// the counts, codes as numbers, times as RFC 3339, an open bound as "".
func (b Breakdown) MarshalJSON() ([]byte, error) {
	rows := make([]json.RawMessage, 0, b.Len())
	for _, r := range b.Rows() {
		row, err := rowJSON(b.By, r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	by := b.By
	if by == nil {
		by = []string{}
	}
	return json.Marshal(struct {
		Scope  string            `json:"scope"`
		Method string            `json:"method"`
		By     []string          `json:"by"`
		From   string            `json:"from"`
		To     string            `json:"to"`
		Rows   []json.RawMessage `json:"rows"`
		Total  Tally             `json:"total"`
		Warn   string            `json:"warning,omitempty"`
	}{b.Scope, b.Method, by, rfc3339(b.Period.From), rfc3339(b.Period.To), rows, b.Total, b.Warning})
}

func rowJSON(by []string, r *Row) ([]byte, error) {
	var w bytes.Buffer
	w.WriteByte('{')
	for i, name := range by {
		w.WriteString(strconv.Quote(name) + ":")
		if name == "code" || name == "cause_code" {
			w.WriteString(r.Keys[i])
		} else {
			value, err := json.Marshal(r.Keys[i])
			if err != nil {
				return nil, err
			}
			w.Write(value)
		}
		w.WriteByte(',')
	}
	counts, err := json.Marshal(r.Tally)
	if err != nil {
		return nil, err
	}
	w.Write(counts[1:])
	return w.Bytes(), nil
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
