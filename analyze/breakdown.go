package analyze

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"callsift/store"
)

// BreakdownOf counts what the query selects by its keys, largest first, then by
// the keys' values. Nothing is left out: flagged calls are in it unless a
// condition says otherwise. The error names a key that does not exist, or says why
// calls cannot be counted (R11).
func BreakdownOf(d Data, q Query) (Breakdown, error) {
	if why := Uncountable(d, q); why != "" {
		return Breakdown{}, errors.New(why)
	}
	b, err := countBy(d, q)
	b.Warning = UnjoinedWarning(d, q)
	return b, err
}

func countBy(d Data, q Query) (Breakdown, error) {
	b := Breakdown{Scope: q.scope(), Method: q.method(), By: q.By, Period: q.Period}
	g, err := newGrouper(q)
	if err != nil {
		return Breakdown{}, err
	}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		g.tally(c, p).add(c.Cell, p.Outcome)
		b.Total.add(c.Cell, p.Outcome)
	})
	b.Rows = g.rows()
	slices.SortFunc(b.Rows, func(x, y Row) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), slices.Compare(x.Keys, y.Keys))
	})
	return b, nil
}

// grouper finds the row of a cell. The values of a profile's keys and of a
// time's keys are worked out once each and numbered, because there are few of
// them and many cells.
type grouper struct {
	keys     []key
	zone     *time.Location
	byCaller bool

	profiles, times  map[int64]int
	pValues, tValues groupValues
	tallies          map[group]*Tally
}

type group struct {
	profile, time int
	caller        string
}

// groupValues numbers combinations of values.
type groupValues struct {
	number map[string]int
	values [][]string
}

func newGrouper(q Query) (*grouper, error) {
	g := &grouper{zone: q.zone(), profiles: map[int64]int{}, times: map[int64]int{}, tallies: map[group]*Tally{}}
	g.pValues.number, g.tValues.number = map[string]int{}, map[string]int{}
	for _, name := range q.By {
		k, err := keyNamed("--by", name)
		if err != nil {
			return nil, err
		}
		g.keys = append(g.keys, k)
		g.byCaller = g.byCaller || name == "source"
	}
	return g, nil
}

func (g *grouper) tally(c Cell, p *store.Profile) *Tally {
	pn, ok := g.profiles[c.Profile]
	if !ok {
		pn = g.pValues.add(g.keys, func(k key) (string, bool) {
			if k.of == nil {
				return "", false
			}
			return k.of(p), true
		})
		g.profiles[c.Profile] = pn
	}
	tn, ok := g.times[c.Time]
	if !ok {
		tn = g.tValues.add(g.keys, func(k key) (string, bool) {
			return timeKey(k.name, c.Time, g.zone), k.at != nil
		})
		g.times[c.Time] = tn
	}
	id := group{profile: pn, time: tn}
	if g.byCaller {
		id.caller = c.Caller
	}
	t := g.tallies[id]
	if t == nil {
		t = &Tally{}
		g.tallies[id] = t
	}
	return t
}

func (v *groupValues) add(keys []key, value func(key) (string, bool)) int {
	values := make([]string, 0, len(keys))
	var id []byte
	for _, k := range keys {
		if s, ok := value(k); ok {
			values = append(values, s)
			id = strconv.AppendInt(id, int64(len(s)), 10)
			id = append(append(id, ':'), s...)
		}
	}
	n, ok := v.number[string(id)]
	if !ok {
		n = len(v.values)
		v.number[string(id)] = n
		v.values = append(v.values, values)
	}
	return n
}

func (g *grouper) rows() []Row {
	rows := make([]Row, 0, len(g.tallies))
	for id, t := range g.tallies {
		if t.Count == 0 {
			continue
		}
		r := Row{Keys: make([]string, 0, len(g.keys)), Tally: *t}
		pv, tv := g.pValues.values[id.profile], g.tValues.values[id.time]
		for _, k := range g.keys {
			var value string
			switch {
			case k.of != nil:
				value, pv = pv[0], pv[1:]
			case k.at != nil:
				value, tv = tv[0], tv[1:]
			default:
				value = id.caller
			}
			if k.name == "code" {
				r.Code, _ = strconv.Atoi(value)
			}
			r.Keys = append(r.Keys, value)
		}
		rows = append(rows, r)
	}
	return rows
}

// Share is the row's part of all that was counted.
func (b Breakdown) Share(r Row) Ratio { return ratio(r.Count, b.Total.Count) }

// FailureShare is the row's part of all failures.
func (b Breakdown) FailureShare(r Row) Ratio { return ratio(r.Failed, b.Total.Failed) }

// MarshalJSON writes the stable form: the keys' values stand in each row beside
// the counts, codes as numbers, times as RFC 3339, an open bound as "".
func (b Breakdown) MarshalJSON() ([]byte, error) {
	rows := make([]json.RawMessage, 0, len(b.Rows))
	for _, r := range b.Rows {
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

func rowJSON(by []string, r Row) ([]byte, error) {
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
