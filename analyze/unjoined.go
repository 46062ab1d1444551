package analyze

import (
	"fmt"
	"slices"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// Where a back-to-back agent gives a call a new Call-ID and nothing sure joins
// the two legs, a count of calls counts the call twice (R11). A few such calls are
// worth a sentence beside the numbers; where they are all that a box does, calls
// cannot be counted, and only attempts are.

// refuseFrom is how many calls a box must have relayed, all of them unjoined, for
// its calls to be called uncountable: fewer are no pattern.
const refuseFrom = 20

// relayed is what one box passed on under new Call-IDs.
type relayed struct {
	unjoined, joined int64
	formats          []string
}

// relays lists the boxes that pass calls on, as far as the query's period tells,
// and the number of calls in all.
func relays(d Data, q Query) (boxes map[string]*relayed, calls int64) {
	q = Query{Period: q.Period, Zone: q.Zone}
	boxes = map[string]*relayed{}
	count := func(p *store.Profile, n int64) {
		r := boxes[p.FromAddr]
		if r == nil {
			r = &relayed{}
			boxes[p.FromAddr] = r
		}
		r.joined += n
		if n < 0 && p.Flags&codes.FlagUnjoined != 0 {
			r.unjoined -= n
			if !slices.Contains(r.formats, p.Format) {
				r.formats = append(r.formats, p.Format)
			}
		}
	}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		calls += c.N
		count(p, -c.N)
	})
	q.Scope = ScopeLeg
	// What a box sent beyond the calls that begin with it, it sent for another's.
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) { count(p, c.N) })
	return boxes, calls
}

// Uncountable is why the calls of the query's period cannot be counted, as a
// sentence that names the source; "" where they can.
func Uncountable(d Data, q Query) string {
	if q.scope() != ScopeCall || q.method() != "INVITE" || q.asksFlag() {
		return ""
	}
	boxes, calls := relays(d, q)
	for _, addr := range sortedAddrs(boxes) {
		r := boxes[addr]
		if r.unjoined >= refuseFrom && r.joined <= 0 && 3*r.unjoined >= calls {
			slices.Sort(r.formats)
			return fmt.Sprintf("--scope call: %s of the %s calls are second legs of calls that %s (%s) passed on under new Call-IDs, and nothing in the messages joins them; use --scope leg",
				thousands(r.unjoined), thousands(calls), addr, strings.Join(r.formats, ", "))
		}
	}
	return ""
}

// UnjoinedWarning is a sentence about calls that may be counted twice; "" where
// there are none.
func UnjoinedWarning(d Data, q Query) string {
	if q.scope() != ScopeCall || q.method() != "INVITE" {
		return ""
	}
	boxes, calls := relays(d, q)
	var n int64
	var names []string
	for _, addr := range sortedAddrs(boxes) {
		if r := boxes[addr]; r.unjoined > 0 {
			n += r.unjoined
			names = append(names, addr)
		}
	}
	if n == 0 {
		return ""
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return fmt.Sprintf("%s of %s calls look like second legs of other calls (through %s) and could not be joined to one of them for sure: they are counted as calls of their own; --where flag=unjoined lists them, --scope leg counts attempts",
		thousands(n), thousands(calls), strings.Join(names, ", "))
}

func sortedAddrs(boxes map[string]*relayed) []string {
	var addrs []string
	for a := range boxes {
		addrs = append(addrs, a)
	}
	slices.Sort(addrs)
	return addrs
}
