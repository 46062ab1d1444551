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
		g.add(c.Cell, p, c.Caller)
	})
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

// breakdownRow is a row that was counted, with what it is sorted by: of a million rows
// nearly all have the same few counts and groups, and their counts are all over the
// memory.
type breakdownRow struct {
	count         int64
	before, after uint32 // ranks of the keys before and after the caller
	a, b          uint64 // beginning of the caller's text
	group         *group
	caller        *callerCount // nil: the group itself
}

// breakdown is what was counted, largest first, then by the keys' values.
func (g *grouper) breakdown() Breakdown {
	b := Breakdown{Scope: g.q.scope(), Method: g.q.method(), By: g.q.By, Period: g.q.Period, counted: g}
	before := g.ranks(func(keys []string) []string { return keys[:g.callerAt] })
	if !g.byCaller() {
		b.rows = make([]breakdownRow, 0, len(g.groups))
		for _, x := range g.groups {
			if x.tally.Count != 0 {
				b.Total = b.Total.Plus(x.tally)
				b.rows = append(b.rows, breakdownRow{count: x.tally.Count, before: before[x.number], group: x})
			}
		}
	} else {
		after := g.ranks(func(keys []string) []string { return keys[g.callerAt+1:] })
		b.rows = make([]breakdownRow, 0, g.callers.n)
		for i := range g.callers.n {
			c := g.callers.counted(uint32(i))
			if c.n == 0 {
				continue
			}
			r := breakdownRow{count: int64(c.n), before: before[c.group], after: after[c.group], group: g.groups[c.group], caller: c}
			r.a, r.b = c.heads()
			b.rows = append(b.rows, r)
			b.Total = b.Total.Plus(c.tally())
		}
	}
	slices.SortFunc(b.rows, g.compare)
	return b
}

func (g *grouper) compare(x, y breakdownRow) int {
	switch {
	case x.count != y.count:
		return cmp.Compare(y.count, x.count)
	case x.before != y.before:
		return cmp.Compare(x.before, y.before)
	case x.a != y.a:
		return cmp.Compare(x.a, y.a)
	case x.b != y.b:
		return cmp.Compare(x.b, y.b)
	case x.caller != nil && x.caller.size != y.caller.size: // long, or with a NUL
		return cmp.Compare(g.callers.text(x.caller), g.callers.text(y.caller))
	}
	return cmp.Compare(x.after, y.after)
}

// Len is the number of rows.
func (b Breakdown) Len() int { return len(b.rows) }

// Rows hands out the rows with their places, largest first, then by the keys'
// values. They are made one by one, since there may be millions: each, and its keys'
// slice, is only valid until the next.
func (b Breakdown) Rows() iter.Seq2[int, *Row] {
	return func(yield func(int, *Row) bool) {
		var r Row
		for i := range b.rows {
			x := &b.rows[i]
			r.Keys = append(r.Keys[:0], x.group.keys...)
			r.Code, r.Tally = x.group.code, x.group.tally
			if x.caller != nil {
				r.Keys[b.counted.callerAt] = b.counted.callers.text(x.caller)
				r.Tally = x.caller.tally()
			}
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
