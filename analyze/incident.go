package analyze

import (
	"cmp"
	"math"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// The search for incidents is a scan statistic (Kulldorff 1997): of every trunk
// and code, the contiguous quarter hours whose failures are least likely at the
// rate of the rest of the period.
const (
	maxIncidents = 5
	minExcess    = 5    // failures above expectation
	maxBins      = 1000 // longer periods get wider bins
	maxSeries    = 40   // the ones with most failures; the rest cannot exceed them
	// The score is a log-likelihood ratio: exp(-score) is about the chance of one
	// window. minScore on top of ln(windows x series), the price of having looked
	// at all of them, leaves a chance of 5 %.
	minScore = 3
)

// seriesKey is what fails together. The cause tells apart only records without a
// code.
type seriesKey struct {
	trunk string
	code  int
	cause string
}

// series is failures and attempts by bin.
type series struct {
	seriesKey
	x, n    []int64
	total   int64
	relayed int64 // failures that a leg further on had first
}

func keyOf(p *store.Profile) seriesKey {
	k := seriesKey{trunk: p.Trunk, code: nearestCode(p)}
	if k.code == codes.Unknown {
		k.cause = cmp.Or(p.Cause, p.Reason)
	}
	return k
}

// binning cuts the period into bins.
type binning struct{ from, step int64 }

func binsOf(d Data, q Query) (b binning, n int) {
	if q.Period.From.IsZero() || q.Period.To.IsZero() {
		return binning{}, 0
	}
	b = binning{floor(q.Period.From.UnixMicro(), quarter), d.step()}
	length := q.Period.To.UnixMicro() - b.from
	for length/b.step >= maxBins {
		b.step *= 2
	}
	return b, int((length + b.step - 1) / b.step)
}

// incidents are the stretches in which a trunk failed with a code far more often
// than in the rest of the period, worst first. They are looked for leg by leg: a
// dead trunk behind a working failover fails nobody's call.
func incidents(d Data, q Query) []Incident {
	q.Scope = ScopeLeg
	b, n := binsOf(d, q)
	if n == 0 {
		return nil
	}
	all := seriesOf(d, q, b, n)
	windows := float64(n) * float64(n+1) / 2 * float64(max(1, len(all)))
	threshold := minScore + math.Log(windows)
	var found []window
	for _, s := range all {
		for range maxIncidents {
			w := s.worst()
			if w.score < threshold || float64(w.x)-w.expected < minExcess {
				break
			}
			found = append(found, w)
			s.remove(w)
		}
	}
	// Where two tell of the same calls, the leg that failed first tells it better
	// than the one that passed the failure on.
	slices.SortFunc(found, func(a, b window) int {
		return cmp.Or(cmp.Compare(a.passedOn(), b.passedOn()), cmp.Compare(b.score, a.score),
			cmp.Compare(a.trunk, b.trunk), cmp.Compare(a.code, b.code), cmp.Compare(a.first, b.first))
	})
	return describe(d, q, b, found)
}

func seriesOf(d Data, q Query, b binning, n int) []*series {
	byKey, attempts := map[seriesKey]*series{}, map[string][]int64{}
	selectFrom(d, q, q.headline()).cells(d, func(c Cell, p *store.Profile) {
		if !rated(p) {
			return
		}
		bin := (c.Time - b.from) / b.step
		if attempts[p.Trunk] == nil {
			attempts[p.Trunk] = make([]int64, n)
		}
		attempts[p.Trunk][bin] += c.N
		if p.Outcome != codes.Failed {
			return
		}
		k := keyOf(p)
		s := byKey[k]
		if s == nil {
			s = &series{seriesKey: k, x: make([]int64, n)}
			byKey[k] = s
		}
		s.x[bin] += c.N
		s.total += c.N
		if p.CauseCode > 0 && p.CauseCode != p.Code {
			s.relayed += c.N
		}
	})
	var all []*series
	for k, s := range byKey {
		if s.total >= minExcess {
			s.n = slices.Clone(attempts[k.trunk])
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *series) int {
		return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.trunk, b.trunk), cmp.Compare(a.code, b.code), cmp.Compare(a.cause, b.cause))
	})
	return all[:min(len(all), maxSeries)]
}

// window is bins [first, last] of a series.
type window struct {
	*series
	first, last     int
	x, n            int64
	expected, score float64
}

func (w window) passedOn() int {
	if 2*w.relayed > w.total {
		return 1
	}
	return 0
}

// worst is the window with the greatest score. It begins and ends in bins with a
// failure, since any other is a worse one made longer.
func (s *series) worst() window {
	best := window{series: s}
	var bins []int
	var X, N int64
	sumX, sumN := make([]int64, len(s.x)+1), make([]int64, len(s.x)+1)
	for i, x := range s.x {
		X, N = X+x, N+s.n[i]
		sumX[i+1], sumN[i+1] = X, N
		if x > 0 {
			bins = append(bins, i)
		}
	}
	whole := logLikelihood(X, N)
	for i, first := range bins {
		for _, last := range bins[i:] {
			x, n := sumX[last+1]-sumX[first], sumN[last+1]-sumN[first]
			if n == N || x*(N-n) <= (X-x)*n {
				continue
			}
			if score := logLikelihood(x, n) + logLikelihood(X-x, N-n) - whole; score > best.score {
				rate := float64(X-x) / float64(N-n)
				best = window{s, first, last, x, n, rate * float64(n), score}
			}
		}
	}
	return best
}

// logLikelihood of x failures in n tries at their own rate.
func logLikelihood(x, n int64) float64 {
	return xlogx(x) + xlogx(n-x) - xlogx(n)
}

func xlogx(x int64) float64 {
	if x <= 0 {
		return 0
	}
	return float64(x) * math.Log(float64(x))
}

func (s *series) remove(w window) {
	for i := w.first; i <= w.last; i++ {
		s.x[i], s.n[i] = 0, 0
	}
}

// describe gives the windows their names, times and examples, and drops those
// that share most of their calls with one before.
func describe(d Data, q Query, b binning, found []window) []Incident {
	members := make([][]Call, len(found))
	sel := selectFrom(d, q, q.headline())
	if d.Calls == nil && d.few != nil {
		for i, w := range found {
			ids := map[int64]bool{}
			for id, p := range sel.profiles() {
				if p.Outcome == codes.Failed && keyOf(p) == w.seriesKey {
					ids[id] = true
				}
			}
			from := b.from + int64(w.first)*b.step
			members[i] = d.few(ids, from, b.from+int64(w.last+1)*b.step, fewMembers)
		}
	}
	sel.calls(d, func(c Call, p *store.Profile) {
		if p.Outcome != codes.Failed {
			return
		}
		k, bin := keyOf(p), int((c.Start-b.from)/b.step)
		for i, w := range found {
			if w.seriesKey == k && bin >= w.first && bin <= w.last {
				members[i] = append(members[i], c)
			}
		}
	})
	causes := tops[seriesKey]{}
	sel.cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome == codes.Failed && p.Cause != "" {
			causes.add(keyOf(p), p.Cause, c.N)
		}
	})
	told := map[int64]bool{}
	var list []Incident
	for i, w := range found {
		if sharesMost(members[i], told) || len(list) == maxIncidents {
			continue
		}
		list = append(list, Incident{
			From: time.UnixMicro(b.from + int64(w.first)*b.step).In(q.zone()), To: time.UnixMicro(b.from + int64(w.last+1)*b.step).In(q.zone()),
			Trunk: w.trunk, Code: w.code, Cause: causes.top(w.seriesKey),
			Count: w.n, Failed: w.x, Expected: w.expected, Score: w.score, Calls: firstNames(members[i]),
		})
		for _, c := range members[i] {
			told[c.Call] = true
		}
	}
	slices.SortStableFunc(list, func(a, b Incident) int { return cmp.Compare(b.Score, a.Score) })
	return list
}

// fewMembers is how many calls of a window stand for it where they are too many
// to be read: enough to see whether two windows are about the same calls.
const fewMembers = 50

func sharesMost(calls []Call, told map[int64]bool) bool {
	shared := 0
	for _, c := range calls {
		if told[c.Call] {
			shared++
		}
	}
	return shared > 0 && 2*shared >= len(calls)
}

// firstNames are the names of the first few different calls.
func firstNames(calls []Call) []string {
	slices.SortFunc(calls, earlier)
	var names []string
	for _, c := range calls {
		if c.Name != "" && !slices.Contains(names, c.Name) && len(names) < maxExamples {
			names = append(names, c.Name)
		}
	}
	return names
}
