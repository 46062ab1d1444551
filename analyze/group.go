package analyze

import (
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

// add counts a cell of a profile; by caller it is one call. The caller's text may be
// a view.
func (g *grouper) add(c store.Cell, p *store.Profile, caller string) {
	n := g.profileNumber(c.Profile, p)
	x := g.group(int(n.values-1), g.timeNumber(c.Time))
	if g.byCaller() {
		g.callers.add(uint32(x.number), caller, c, int(n.outcome))
	} else {
		x.tally.add(c, p.Outcome)
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
