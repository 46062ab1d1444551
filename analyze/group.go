package analyze

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// grouper counts cells by the values of keys. The values of a profile's keys and of
// a time's keys are worked out once each and numbered, because there are few of them
// and many cells.
type grouper struct {
	q        Query
	keys     []key
	zone     *time.Location
	callerAt int // place of the caller among the keys; len(keys): it is none of them

	profiles         []profileNumber // by profile id
	times            map[int64]int
	lastTime         int64 // cells come in the order of time
	lastNumber       int
	pValues, tValues groupValues

	at      [][]*group // by the numbers of time and profile
	groups  []*group
	callers callerTable

	before, after []uint32 // ranks of the groups by the keys before and after the caller
}

// profileNumber is what is needed of a profile with every cell.
type profileNumber struct {
	values  int32 // number of its keys' values, and 1; 0: not asked for yet
	outcome int8  // place of its outcome in codes.Outcomes; len(codes.Outcomes): none of them
}

// group is what profile and time say. By caller it is divided.
type group struct {
	number int
	keys   []string // "" for the caller
	code   int
	tally  Tally
}

// groupValues numbers combinations of values.
type groupValues struct {
	number map[string]int
	values [][]string
}

func newGrouper(q Query) (*grouper, error) {
	g := &grouper{q: q, zone: q.zone(), times: map[int64]int{}, lastNumber: -1}
	g.pValues.number, g.tValues.number = map[string]int{}, map[string]int{}
	for _, name := range q.By {
		k, err := keyNamed("--by", name)
		if err != nil {
			return nil, err
		}
		g.keys = append(g.keys, k)
	}
	g.callerAt = len(g.keys)
	if i := slices.Index(q.By, "source"); i >= 0 {
		g.callerAt = i
	}
	return g, nil
}

func (g *grouper) byCaller() bool { return g.callerAt < len(g.keys) }

// add counts a cell of a profile.
func (g *grouper) add(c store.Cell, p *store.Profile) {
	x := g.group(int(g.profileNumber(c.Profile, p).values-1), g.timeNumber(c.Time))
	x.tally.add(c, p.Outcome)
}

// callerGroup is the number of a caller's group, and the place of the outcome in codes.Outcomes.
func (g *grouper) callerGroup(profile, at int64, p *store.Profile) (group uint32, outcome int32) {
	of := g.profileNumber(profile, p)
	return uint32(g.group(int(of.values-1), g.timeNumber(at)).number), int32(of.outcome)
}

// endCallers ends a part of the callers: the following are others.
func (g *grouper) endCallers() {
	if !g.byCaller() {
		return
	}
	g.callers.endPart(g.q.Top, g.callerOrder())
}

// merge takes in what another grouper of the same query counted, of other callers.
func (g *grouper) merge(o *grouper) {
	numbers := map[string]uint32{}
	for _, x := range g.groups {
		numbers[groupID(x.keys)] = uint32(x.number)
	}
	groups := make([]uint32, len(o.groups))
	for i, x := range o.groups {
		n, ok := numbers[groupID(x.keys)]
		if !ok {
			n = uint32(len(g.groups))
			x.number = int(n)
			g.groups = append(g.groups, x)
		}
		groups[i] = n
	}
	g.callers.merge(&o.callers, groups)
}

// callerOrder is the order of rows by caller: largest first, then by the keys' values.
func (g *grouper) callerOrder() func(x, y callerRow) int {
	if len(g.before) != len(g.groups) {
		g.before = g.ranks(func(keys []string) []string { return keys[:g.callerAt] })
		g.after = g.ranks(func(keys []string) []string { return keys[g.callerAt+1:] })
	}
	return func(x, y callerRow) int {
		if x.n != y.n {
			return cmp.Compare(y.n, x.n)
		}
		if a, b := g.before[x.group-1], g.before[y.group-1]; a != b {
			return cmp.Compare(a, b)
		}
		if order := g.callers.compare(x.caller, y.caller); order != 0 {
			return order
		}
		return cmp.Compare(g.after[x.group-1], g.after[y.group-1])
	}
}

func (g *grouper) profileNumber(profile int64, p *store.Profile) profileNumber {
	if profile >= int64(len(g.profiles)) {
		g.profiles = append(g.profiles, make([]profileNumber, profile+1-int64(len(g.profiles)))...)
	}
	n := &g.profiles[profile]
	if n.values > 0 {
		return *n
	}
	n.values = 1 + int32(g.pValues.add(g.keys, func(k key) (string, bool) {
		if k.of == nil {
			return "", false
		}
		return k.of(p), true
	}))
	n.outcome = int8(len(codes.Outcomes))
	if i := slices.Index(codes.Outcomes, p.Outcome); i >= 0 {
		n.outcome = int8(i)
	}
	return *n
}

func (g *grouper) timeNumber(at int64) int {
	if at == g.lastTime && g.lastNumber >= 0 {
		return g.lastNumber
	}
	n, ok := g.times[at]
	if !ok {
		n = g.tValues.add(g.keys, func(k key) (string, bool) {
			return timeKey(k.name, at, g.zone), k.at != nil
		})
		g.times[at] = n
	}
	g.lastTime, g.lastNumber = at, n
	return n
}

func (v *groupValues) add(keys []key, value func(key) (string, bool)) int {
	values := make([]string, 0, len(keys))
	for _, k := range keys {
		if s, ok := value(k); ok {
			values = append(values, s)
		}
	}
	id := groupID(values)
	n, ok := v.number[id]
	if !ok {
		n = len(v.values)
		v.number[id] = n
		v.values = append(v.values, values)
	}
	return n
}

// groupID is different for different values.
func groupID(values []string) string {
	var id []byte
	for _, s := range values {
		id = strconv.AppendInt(id, int64(len(s)), 10)
		id = append(append(id, ':'), s...)
	}
	return string(id)
}

func (g *grouper) group(profile, time int) *group {
	for time >= len(g.at) {
		g.at = append(g.at, nil)
	}
	of := g.at[time]
	if profile < len(of) && of[profile] != nil {
		return of[profile]
	}
	if profile >= len(of) {
		of = append(of, make([]*group, len(g.pValues.values)-len(of))...)
		g.at[time] = of
	}
	of[profile] = g.newGroup(g.pValues.values[profile], g.tValues.values[time])
	return of[profile]
}

func (g *grouper) newGroup(pv, tv []string) *group {
	x := &group{number: len(g.groups), keys: make([]string, len(g.keys))}
	for i, k := range g.keys {
		switch {
		case k.of != nil:
			x.keys[i], pv = pv[0], pv[1:]
		case k.at != nil:
			x.keys[i], tv = tv[0], tv[1:]
		}
		if k.name == "code" {
			x.code, _ = strconv.Atoi(x.keys[i])
		}
	}
	g.groups = append(g.groups, x)
	return x
}

// ranks numbers the groups in the order of a part of their keys, equal ones alike.
func (g *grouper) ranks(part func(keys []string) []string) []uint32 {
	list := slices.Clone(g.groups)
	slices.SortFunc(list, func(x, y *group) int { return slices.Compare(part(x.keys), part(y.keys)) })
	ranks := make([]uint32, len(list))
	for i, x := range list {
		if i > 0 {
			ranks[x.number] = ranks[list[i-1].number]
			if !slices.Equal(part(x.keys), part(list[i-1].keys)) {
				ranks[x.number]++
			}
		}
	}
	return ranks
}
