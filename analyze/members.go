package analyze

import (
	"cmp"
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

// fewCalls is how many calls of a finding are looked at one by one where the
// period has too many to be read.
const fewCalls = 400

// fewOthers: fewer calls without the symptom say nothing about who calls there;
// those of other hours do.
const fewOthers = 20

// membersOf are calls with the driver's symptom, keys and time, and beside them
// calls with the same keys and time without it. complete: they are all there.
func (d *driver) membersOf(data Data) (with, without []Call, complete bool) {
	exposed, having := d.profilesOf(data)
	short := d.g.name == SymptomShort
	var elsewhere []Call
	put := func(c Call) {
		if d.g.bySource && c.Caller != *d.keys[0] {
			return
		}
		b := int((c.Start - d.g.from) / quarter)
		if b < 0 || b >= len(d.in) || !d.in[b] {
			if !having[c.Profile] && c.Start >= d.g.from {
				elsewhere = append(elsewhere, c)
			}
			return
		}
		switch {
		case short && (c.Talk < 0 || c.Talk >= shortMS), !having[c.Profile]:
			without = append(without, c)
		default:
			with = append(with, c)
		}
	}
	if data.Calls != nil {
		for _, c := range data.Calls {
			if exposed[c.Profile] {
				put(c)
			}
		}
		if len(without) < fewOthers {
			without = append(without, elsewhere...)
		}
		return with, without, true
	}
	if data.few == nil {
		return nil, nil, false
	}
	from, to := d.span()
	others := except(exposed, having)
	for _, ids := range []map[int64]bool{having, others} {
		if len(ids) > 0 {
			for _, c := range data.few(ids, from, to, fewCalls) {
				put(c)
			}
		}
	}
	if len(without) < fewOthers && len(others) > 0 {
		without = append(without, data.few(others, d.g.from, from, fewCalls)...)
	}
	return with, without, false
}

func except(all, without map[int64]bool) map[int64]bool {
	rest := map[int64]bool{}
	for id := range all {
		if !without[id] {
			rest[id] = true
		}
	}
	return rest
}

// span is the driver's time in microseconds.
func (d *driver) span() (from, to int64) {
	first, last := len(d.in), -1
	for b, in := range d.in {
		if in {
			first, last = min(first, b), b
		}
	}
	return d.g.from + int64(first)*quarter, d.g.from + int64(last+1)*quarter
}

// spread is over how many callers, callees and hours the calls of a driver are.
type spread struct {
	calls            int
	callers, callees int
	top, topCallee   string
	topShare         float64
	topCalleeShare   float64
	effective        float64 // how many equally busy callers would be as uneven
	topHours         int     // different hours in which the busiest caller has one
	otherShare       float64 // of the busiest caller, of the calls without the symptom
	wishes           float64 // of the calls: different callers, numbers and quarter hours
	othersWishes     float64 // of the calls: wishes of other callers than the busiest
	known            bool    // the callers are
}

func spreadOf(with, without []Call) spread {
	s := spread{calls: len(with)}
	callers, callees := map[string]int{}, map[string]int{}
	for _, c := range with {
		if c.Caller != "" {
			callers[c.Caller]++
		}
		if c.Callee != "" {
			callees[c.Callee]++
		}
	}
	s.callers, s.callees = len(callers), len(callees)
	var n int
	s.top, n = mostOf(callers)
	if len(with) == 0 || len(callers) == 0 {
		return s
	}
	s.known = true
	s.topShare = float64(n) / float64(len(with))
	s.topCallee, n = mostOf(callees)
	s.topCalleeShare = float64(n) / float64(len(with))
	var sum, squares float64
	for _, n := range callers {
		sum, squares = sum+float64(n), squares+float64(n)*float64(n)
	}
	s.effective = sum * sum / squares
	wishes, hours := map[wish]bool{}, map[int64]bool{}
	for _, c := range with {
		wishes[wish{caller: c.Caller, callee: c.Callee, quarter: floor(c.Start, quarter)}] = true
		if c.Caller == s.top {
			hours[c.Start/hour] = true
		}
	}
	s.topHours = len(hours)
	s.wishes = float64(len(wishes)) / float64(len(with))
	for w := range wishes {
		if w.caller != s.top {
			s.othersWishes++
		}
	}
	s.othersWishes /= float64(len(with))
	same := 0
	for _, c := range without {
		if c.Caller == s.top {
			same++
		}
	}
	if len(without) > 0 {
		s.otherShare = float64(same) / float64(len(without))
	}
	return s
}

func mostOf(counts map[string]int) (name string, n int) {
	for k, c := range counts {
		if c > n || c == n && k < name {
			name, n = k, c
		}
	}
	return name, n
}

const (
	minCallers = 2.5 // effective callers of what is no single caller's
	minHours   = 6   // different hours of what is one caller's lasting trouble
	manyHours  = 24  // in so many nobody redials
)

// oneCaller names the caller where one has nearly all of the calls, or so many
// that the rest is as usual, and stands out by it. worth is false where it is a
// redialler's burst: one caller, for a few hours or for the same few numbers
// only. searched: the search by caller looks at it, with that caller's own calls.
func (d *driver) oneCaller(searched bool) (worth bool) {
	s := d.spread
	if d.g.bySource {
		// The search was by wishes: no redialling is in it.
		d.source = *d.keys[0]
		return d.source != "" && s.topHours >= minHours
	}
	if !s.known {
		return true
	}
	if s.otherShare <= .5 && (s.topShare >= holdShare || s.topShare >= .5 && d.usualWithoutTop()) {
		d.source = s.top
		return !searched && d.lasts()
	}
	if s.effective < minCallers && s.otherShare <= .5 {
		return false
	}
	return d.standsOnce()
}

// usualWithoutTop: what the other callers have is no excess.
func (d *driver) usualWithoutTop() bool {
	rest := d.x * d.spread.othersWishes
	return rest-d.expected < minCases || rest < minLift*d.expected
}

// lasts: the one caller's calls fail in many different hours, and as wishes.
func (d *driver) lasts() bool {
	if d.spread.topHours >= manyHours {
		once := d.x * d.spread.wishes
		return once-d.expected >= minCases && once >= minLift*d.expected
	}
	return d.spread.topHours >= minHours && d.standsOnce()
}

// standsOnce: redialling the same number within a quarter of an hour is one wish:
// what is left must still be an excess.
func (d *driver) standsOnce() bool {
	once := d.x * d.spread.wishes
	return once-d.expected >= minCases && once >= minLift*d.expected && d.marginOf(once) >= minMargin
}

// setups are the known times to the final response, sorted.
func setups(calls []Call) []int64 {
	var list []int64
	for _, c := range calls {
		if c.Setup >= 0 {
			list = append(list, c.Setup)
		}
	}
	slices.Sort(list)
	return list
}

// narrow is the middle of the times and how many of them lie within 5 % (or 150
// ms) of it: nearly all where a timer ended the calls.
func narrow(times []int64) (middle int64, share float64) {
	if len(times) == 0 {
		return -1, 0
	}
	middle = times[len(times)/2]
	slack := max(150, middle/20)
	n := 0
	for _, t := range times {
		if t >= middle-slack && t <= middle+slack {
			n++
		}
	}
	return middle, float64(n) / float64(len(times))
}

// others are calls of the period with the driver's keys and symptom outside its
// time, or of the period before where the driver has all of it: what was usual.
func (d *driver) others(data Data) []Call {
	_, having := d.profilesOf(data)
	from, to := d.span()
	var list []Call
	keep := func(c Call) {
		if having[c.Profile] && (c.Start < from || c.Start >= to) {
			list = append(list, c)
		}
	}
	for _, c := range data.Calls {
		keep(c)
	}
	if len(list) >= 20 || data.few == nil {
		return list
	}
	end := d.g.from
	start := end
	for _, p := range data.Past {
		start = min(start, p.Period.From.UnixMicro())
	}
	if start < end {
		list = append(list, data.few(having, start, end, fewCalls)...)
	}
	return list
}

// firstFew are the names of three different calls: the first, and two more from
// the rest, so that not all are from the same minute.
func firstFew(calls []Call) []string {
	named := slices.DeleteFunc(slices.Clone(calls), func(c Call) bool { return c.Name == "" })
	slices.SortFunc(named, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	var names []string
	for _, at := range []int{0, len(named) / 2, len(named) - 1} {
		for i := max(0, at); i < len(named); i++ {
			if !slices.Contains(names, named[i].Name) {
				names = append(names, named[i].Name)
				break
			}
		}
	}
	return names
}

// ofMethod are the profiles of requests of a method that ended.
func ofMethod(data Data, method string, keep func(*store.Profile) bool) map[int64]bool {
	ids := map[int64]bool{}
	for id, p := range data.Profiles {
		if p.Method == method && p.Scope&store.ScopeCall != 0 && p.Outcome != codes.InProgress && !p.Scanner && (keep == nil || keep(p)) {
			ids[id] = true
		}
	}
	return ids
}
