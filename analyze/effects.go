package analyze

import (
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

// effects takes the change of failures apart by trunk and prefix.
func (x *comparer) effects() Effects {
	type stratum struct{ trunk, prefix string }
	count := func(d Data, q Query) (map[stratum]Ratio, Ratio) {
		rows, all := map[stratum]Ratio{}, Ratio{}
		if q.Period.From.IsZero() {
			return rows, all
		}
		selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
			if !rated(p) {
				return
			}
			s := stratum{p.Trunk, p.Prefix}
			r := rows[s]
			r.Den, all.Den = r.Den+c.N, all.Den+c.N
			if p.Outcome == codes.Failed {
				r.Num, all.Num = r.Num+c.N, all.Num+c.N
			}
			rows[s] = r
		})
		return rows, all
	}
	now, allNow := count(x.now, x.q)
	before, all := count(x.before, x.beforeQ)
	e := Effects{Total: float64(allNow.Num - all.Num)}
	if all.Den == 0 {
		return Effects{}
	}
	p1, _ := all.Value()
	e.Volume = float64(allNow.Den-all.Den) * p1
	var terms []float64
	for s, b := range before {
		if n := now[s]; n.Den > 0 && b.Den > 0 {
			r2, _ := n.Value()
			r1, _ := b.Value()
			terms = append(terms, float64(b.Den)*(r2-r1))
		}
	}
	slices.Sort(terms)
	for _, t := range terms {
		e.Rate += t
	}
	e.Mix = e.Total - e.Rate - e.Volume
	return e
}
