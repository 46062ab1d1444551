package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"callsift/store/codes"
)

// One trouble is one finding, however many records and boxes saw it: what tells
// of the same calls, or of the same hours in records that name no SIP code, is
// told as corroboration of the finding that says more.

// untold drops drivers that tell of calls which a more certain one has told: a
// trunk's outage as its callers and their devices saw it.
func untold(all []*driver) []*driver {
	slices.SortStableFunc(all, func(a, b *driver) int { return cmp.Compare(b.margin, a.margin) })
	toldBy := map[int64]*driver{}
	var kept []*driver
	for _, d := range all {
		if by := tellerOf(d.members, toldBy); by != nil {
			by.same = append(by.same, d)
			continue
		}
		for _, c := range d.members {
			if toldBy[c.Call] == nil {
				toldBy[c.Call] = d
			}
		}
		kept = append(kept, d)
	}
	return kept
}

// tellerOf is the driver that has told half of the calls or more; nil where
// there is none, the first of several where half of them are told at all.
func tellerOf(calls []Call, toldBy map[int64]*driver) *driver {
	counts := map[*driver]int{}
	var first *driver
	shared := 0
	for _, c := range calls {
		d := toldBy[c.Call]
		if d == nil {
			continue
		}
		shared++
		counts[d]++
		if first == nil || counts[d] > counts[first] {
			first = d
		}
	}
	if 2*shared < len(calls) {
		return nil
	}
	return first
}

// twinOverlap is the part of the time of both that two findings share, for them
// to be of the same hours.
const twinOverlap = .8

// untwinned puts drivers whose records name no SIP code under the one of the same
// hours that other boxes recorded with a code, so that it says what went wrong.
func untwinned(all []*driver, data Data) []*driver {
	boxes := map[*driver]map[string]bool{}
	for _, d := range all {
		boxes[d] = d.boxes(data)
	}
	var kept []*driver
	for _, d := range all {
		i := slices.IndexFunc(all, func(o *driver) bool { return o.explains(d) && !meet(boxes[o], boxes[d]) })
		if i >= 0 {
			all[i].twins = append(all[i].twins, d)
			continue
		}
		kept = append(kept, d)
	}
	return kept
}

// explains: both are failures of the same hours, and only this one has a code.
func (d *driver) explains(o *driver) bool {
	return d.g.name == SymptomFailed && o.g.name == SymptomFailed && d.mode != nil && o.mode != nil &&
		d.mode.code != codes.Unknown && o.mode.code == codes.Unknown && d.source == "" && o.source == "" &&
		overlap(d.in, o.in) >= twinOverlap
}

// boxes are what wrote the driver's records.
func (d *driver) boxes(data Data) map[string]bool {
	names := map[string]bool{}
	_, having := d.profilesOf(data)
	for id := range having {
		p := data.Profiles[id]
		names[cmp.Or(p.Device, p.Format)] = true
	}
	return names
}

func meet(a, b map[string]bool) bool {
	for name := range a {
		if b[name] {
			return true
		}
	}
	return false
}

// maxViews is how many other views of the same calls are told.
const maxViews = 2

// alsoSeen says where else the driver's calls, or its hours, stand in the data.
func (d *driver) alsoSeen(data Data) []string {
	var list []string
	for _, o := range d.same {
		if o.source == "" && o.differs(d) && len(list) < maxViews {
			list = append(list, "The same calls in another view: "+o.summary()+".")
		}
	}
	for _, o := range d.twins {
		list = append(list, fmt.Sprintf("In the same hours %s, in records without a SIP code (%s): most likely the same trouble, seen by another box.",
			o.summary(), strings.Join(slices.Sorted(maps.Keys(o.boxes(data))), ", ")))
	}
	return list
}

// differs: the driver shows in another way than the other, not only more or less
// of it: with another symptom or code, or on another trunk.
func (d *driver) differs(o *driver) bool {
	trunk, others := d.keys[0], o.keys[0]
	return d.g.name != o.g.name || d.mode != nil && o.mode != nil && *d.mode != *o.mode ||
		!d.g.bySource && trunk != nil && others != nil && *trunk != *others
}

// summary is the driver's numbers without its time.
func (d *driver) summary() string {
	f := Finding{Keys: d.keyValues(), Failed: int64(d.x + .5), Count: int64(d.n + .5)}
	return fmt.Sprintf("%s, where %s", d.what(&f), wereExpected(d.expected))
}
