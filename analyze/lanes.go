package analyze

import (
	"cmp"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Lane is one trunk or peer over the period, as its attempts, registrations or
// OPTIONS show it.
type Lane struct {
	Name   string
	Method string // INVITE, REGISTER, OPTIONS
	Step   time.Duration
	Bins   []LaneBin
	Count  int64
}

// LaneBin is a step of a lane. Without a request nothing is known of it.
type LaneBin struct{ Rated, Failed int64 }

// Happening is what a device reported.
type Happening struct {
	Time    time.Time
	Kind    string // BOOTUP, OFFLINE, ONLINE, FAILED ...
	Device  string
	Subject string
	Text    string
}

const (
	laneBins  = 168 // an hour of a week
	maxLanes  = 12
	maxEvents = 500
)

// lanes are the attempts of the largest trunks, each followed by the
// registrations and OPTIONS exchanged with it, then those with others.
func lanes(d Data, q Query) []Lane {
	b, n := binsOf(d, q)
	if n == 0 {
		return nil
	}
	for n > laneBins {
		b.step, n = b.step*2, (n+1)/2
	}
	type key struct{ method, name string }
	all := map[key]*Lane{}
	legs := q
	legs.Scope, legs.Method = ScopeLeg, AnyMethod
	selectFrom(d, legs, q.headline()).cells(d, func(c Cell, p *store.Profile) {
		k := key{p.Method, p.Trunk}
		if p.Method != "INVITE" {
			k.name = cmp.Or(p.Trunk, p.Peer)
		}
		if p.Method != "INVITE" && p.Method != "REGISTER" && p.Method != "OPTIONS" || k.name == "" || !rated(p) {
			return
		}
		l := all[k]
		if l == nil {
			l = &Lane{Name: k.name, Method: p.Method, Step: time.Duration(b.step) * time.Microsecond, Bins: make([]LaneBin, n)}
			all[k] = l
		}
		bin := &l.Bins[min(int64(n-1), (c.Time-b.from)/b.step)]
		bin.Rated += c.N
		l.Count += c.N
		if p.Outcome == codes.Failed {
			bin.Failed += c.N
		}
	})
	trunks := map[string]int64{}
	list := make([]Lane, 0, len(all))
	for k, l := range all {
		if k.method == "INVITE" {
			trunks[k.name] = l.Count
		}
		list = append(list, *l)
	}
	slices.SortFunc(list, func(x, y Lane) int {
		return cmp.Or(cmp.Compare(trunks[y.Name], trunks[x.Name]), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Method, y.Method))
	})
	return list[:min(len(list), maxLanes)]
}

// happenings are the first events of the period.
func happenings(d Data, q Query) []Happening {
	var list []Happening
	for _, e := range d.Events {
		if t, ok := local(e.Time, q.zone()); ok && q.Period.contains(e.Time) && len(list) < maxEvents {
			list = append(list, Happening{t, e.Kind, e.Device, e.Subject, e.Text})
		}
	}
	return list
}
