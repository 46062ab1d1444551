package analyze

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// planted is one call on its way into the store, which an incident may change.
type planted struct {
	at        time.Time
	direction codes.Direction
	trunk     string
	prefix    string
	agent     string
	caller    string
	callee    string
	extension string // that it is to; "" where it leaves the house
	outcome   codes.Outcome
	code      int
	rang      bool
	flags     codes.Flags
	setup     int64
	talk, pdd int64
	deadFirst string // an attempt on this trunk failed before
	scanner   bool
	lost      bool // there is no record of it
}

func fail(c *planted, code int) {
	c.outcome, c.code, c.talk, c.setup, c.pdd, c.rang = codes.Failed, code, -1, 60, -1, false
}

func refuse(c *planted, code int, setup int64) {
	c.outcome, c.code, c.talk, c.setup, c.rang = codes.User, code, -1, setup, false
}

// plantedSite is one site with its habits. No two seeds have the same: how many
// calls, extensions and devices, which trunk carries what, how often people are
// busy or away, how often and how unevenly calls fail.
type plantedSite struct {
	r          *rand.Rand
	volume     float64 // calls a quarter hour, of those of plantedLoad
	extensions []string
	busyness   []float64 // running sums by extension
	agents     map[string]string
	prefixes   []string
	share      []float64 // running sums by prefix
	over       []float64 // by prefix: how much of it goes over carrier-a
	incoming   float64   // how many of the calls with a trunk
	internal   float64   // of all
	failing    float64   // factor of the failure rates
	uneven     float64   // shape of the gamma that an hour's rate is drawn from
	away, busy float64   // of calls to people
	talkS      float64
	morning    int // hours by which the day begins later
}

const (
	ringTimeout  = 30_000
	oldFirmware  = "MX8 VER.2"
	ownPrefix    = "0711"
	costlyPrefix = "0900" // a tenth of its calls fails in every week
)

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

func newPlantedSite(r *rand.Rand) *plantedSite {
	s := &plantedSite{
		r: r, volume: math.Exp(between(r, 0, math.Log(4))), agents: map[string]string{},
		prefixes: []string{"030", "0171", "089", "44", costlyPrefix}, incoming: between(r, .15, .45), internal: between(r, .1, .3),
		failing: between(r, .6, 1.8), uneven: between(r, 1.2, 4), away: between(r, .08, .2), busy: between(r, .04, .1),
		talkS: between(r, 90, 200), morning: r.IntN(3) - 1,
	}
	var sum float64
	for i := range 25 + r.IntN(75) {
		e := itoa(101 + i)
		s.extensions = append(s.extensions, e)
		s.agents[e] = []string{"MX60 VER.1", "MX60 VER.1", "MX8 VER.1", "MX8 VER.1", oldFirmware}[i%5]
		sum += r.ExpFloat64() + .2
		s.busyness = append(s.busyness, sum)
	}
	sum = 0
	for _, usual := range []float64{3, 2, 1, 1, 1} {
		sum += usual * between(r, .6, 1.6)
		s.share = append(s.share, sum)
		s.over = append(s.over, between(r, .4, .75))
	}
	return s
}

// pick draws a place by running sums.
func pick(r *rand.Rand, sums []float64) int {
	i, _ := slices.BinarySearch(sums, r.Float64()*sums[len(sums)-1])
	return min(i, len(sums)-1)
}

func (s *plantedSite) extension() string { return s.extensions[pick(s.r, s.busyness)] }

// busiestOf is the extension of that place by busyness: 0 has most calls.
func (s *plantedSite) busiestOf(place int) string {
	order := slices.Clone(s.extensions)
	calls := func(e string) float64 {
		i := slices.Index(s.extensions, e)
		if i == 0 {
			return s.busyness[0]
		}
		return s.busyness[i] - s.busyness[i-1]
	}
	slices.SortFunc(order, func(a, b string) int {
		if calls(a) > calls(b) {
			return -1
		}
		return 1
	})
	return order[place]
}

func (s *plantedSite) carrier(share float64) string {
	if s.r.Float64() < share {
		return "carrier-a"
	}
	return "carrier-b"
}

// call makes one call of a usual week; uneven is the hour's factor of the failures.
func (s *plantedSite) call(at time.Time, uneven float64) planted {
	switch x := s.r.Float64(); {
	case x < s.internal:
		return s.toPeople(at, uneven, codes.Internal)
	case x < s.internal+(1-s.internal)*s.incoming:
		return s.toPeople(at, uneven, codes.In)
	}
	return s.outgoing(at, uneven)
}

func (s *plantedSite) answered(at time.Time) planted {
	r := s.r
	return planted{at: at, outcome: codes.Answered, code: 200, rang: true, setup: 3000 + int64(r.ExpFloat64()*7000), talk: 6000 + int64(r.ExpFloat64()*s.talkS*1000), pdd: 300 + int64(r.ExpFloat64()*900)}
}

// toPeople is a call to an extension, from outside or from another.
func (s *plantedSite) toPeople(at time.Time, uneven float64, d codes.Direction) planted {
	r, c := s.r, s.answered(at)
	c.direction, c.extension = d, s.extension()
	if d == codes.In {
		c.trunk, c.prefix = s.carrier(.6), ownPrefix
		c.caller, c.agent, c.callee = "0"+itoa(151_000_000+int(3000*r.ExpFloat64())), c.trunk+"-sbc", ownPrefix+"55"+c.extension
	} else {
		c.caller, c.prefix, c.callee = s.extension(), "short", c.extension
		c.agent = s.agents[c.caller]
	}
	c.setup = min(c.setup, ringTimeout-1000)
	f := s.failing * uneven
	switch x := r.Float64(); {
	case x < .004*f:
		fail(&c, 404)
	case x < .006*f:
		fail(&c, 408)
	case x < .007*f:
		fail(&c, 488)
	case x > 1-s.away:
		refuse(&c, 480, ringTimeout+r.Int64N(60))
		c.rang = true
	case x > 1-s.away-s.busy:
		refuse(&c, 486, 100+r.Int64N(300))
	case x > 1-s.away-s.busy-.01:
		refuse(&c, 480, 40+r.Int64N(100)) // do not disturb, or not registered
	case x > 1-s.away-s.busy-.06:
		c.outcome, c.code, c.talk, c.setup = codes.Abandoned, 487, -1, 2000+r.Int64N(25_000)
	default:
		s.odd(&c)
	}
	return c
}

func (s *plantedSite) outgoing(at time.Time, uneven float64) planted {
	r, c := s.r, s.answered(at)
	k := pick(r, s.share)
	c.direction, c.caller, c.prefix, c.trunk = codes.Out, s.extension(), s.prefixes[k], s.carrier(s.over[k])
	c.agent, c.callee = s.agents[c.caller], c.prefix+itoa(1_000_000+r.IntN(400_000))
	f, costly := s.failing*uneven, 1.
	if c.prefix == costlyPrefix {
		costly = 6
	}
	switch x := r.Float64(); {
	case x < .012*f*costly:
		fail(&c, 404)
	case x < .012*f*costly+.006*f:
		fail(&c, 503)
	case x < .012*f*costly+.011*f:
		fail(&c, 408)
	case x < .012*f*costly+.013*f:
		fail(&c, 403)
	case x < .012*f*costly+.014*f:
		fail(&c, 488)
	case x > 1-s.busy:
		refuse(&c, 486, 800+r.Int64N(4000))
	case x > 1-s.busy-s.away/2:
		refuse(&c, 480, 20_000+r.Int64N(40_000))
		c.rang = true
	case x > 1-s.busy-s.away:
		c.outcome, c.code, c.talk, c.setup = codes.Abandoned, 487, -1, 4000+r.Int64N(40_000)
	case x > 1-s.busy-s.away-.006:
		c.outcome, c.code, c.talk, c.rang, c.pdd, c.setup = codes.Abandoned, 487, -1, false, -1, 1500+r.Int64N(4000)
	default:
		s.odd(&c)
	}
	return c
}

// odd makes some answered calls short or cut off.
func (s *plantedSite) odd(c *planted) {
	switch x := s.r.Float64(); {
	case x < .012:
		c.talk = 1000 + s.r.Int64N(4500)
	case x < .015:
		c.flags |= codes.FlagDropped
	}
}

// plantedLoad is how many calls a quarter hour of a middling site has.
func plantedLoad(t time.Time) float64 {
	day := []float64{.3, .2, .2, .2, .2, .3, 1, 4, 9, 13, 15, 14, 10, 11, 13, 13, 11, 7, 3, 2, 1, .8, .6, .4}[t.Hour()]
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		day *= .3
	}
	return day
}

// weeks are the calls of [start, end). more is a factor of the calls at a time.
func (s *plantedSite) weeks(start, end time.Time, more func(time.Time) float64) []planted {
	var calls []planted
	uneven, day := 1., 1.
	for at := start; at.Before(end); at = at.Add(15 * time.Minute) {
		if at.Minute() == 0 {
			// Failures cluster: half of an hour's rate is the last hour's, half is new.
			uneven = (uneven + gamma(s.r, s.uneven)) / 2
		}
		if at.Hour() == 0 && at.Minute() == 0 {
			day = between(s.r, .85, 1.15)
		}
		load := plantedLoad(at.Add(-time.Duration(s.morning)*time.Hour)) * s.volume * day * more(at)
		for range poisson(s.r, load) {
			calls = append(calls, s.call(at.Add(time.Duration(s.r.Int64N(int64(15*time.Minute)))), uneven))
		}
	}
	for range 4 + int(4*s.volume) { // somebody redials a wrong number
		c := s.outgoing(start.Add(time.Duration(s.r.Int64N(int64(end.Sub(start))))), 1)
		fail(&c, []int{404, 404, 404, 403, 408}[s.r.IntN(5)])
		for range 5 + s.r.IntN(15) {
			c.at = c.at.Add(time.Duration(15+s.r.IntN(75)) * time.Second)
			if c.at.Before(end) {
				calls = append(calls, c)
			}
		}
	}
	return calls
}

// gamma draws with mean 1 by adding up exponentials: whole shapes and the mixture
// of the two next to others.
func gamma(r *rand.Rand, shape float64) (sum float64) {
	n := int(shape)
	if r.Float64() < shape-float64(n) {
		n++
	}
	for range n {
		sum += r.ExpFloat64()
	}
	return sum / float64(n)
}

func poisson(r *rand.Rand, mean float64) (n int) {
	for limit, x := math.Exp(-mean), r.Float64(); x > limit; x *= r.Float64() {
		n++
	}
	return n
}

// plantedStore is a database of the calls and of a registration now and then, in
// one source, or in several where there is a gap between them.
type plantedStore struct {
	t         *testing.T
	r         *rand.Rand
	db        *store.DB
	registers func(time.Time) bool // they succeed
	scanners  map[string]bool
}

func newPlantedStore(t *testing.T, r *rand.Rand) *plantedStore {
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &plantedStore{t: t, r: r, db: db, registers: func(time.Time) bool { return true }, scanners: map[string]bool{}}
}

func (s *plantedStore) source(calls []planted, from, to time.Time) {
	path := "planted-" + from.Format("0102") + ".log"
	im, err := s.db.Begin(context.Background(), store.Source{Path: path, SHA256: path, Format: "test", State: store.Imported})
	if err != nil {
		s.t.Fatal(err)
	}
	for i, c := range calls {
		if !c.lost && !c.at.Before(from) && c.at.Before(to) {
			s.add(im, i, c)
		}
	}
	for at := from; at.Before(to); at = at.Add(15 * time.Minute) {
		for range 3 {
			reg := store.Attempt{Profile: store.Profile{Scope: store.ScopeBoth, Method: "REGISTER", Outcome: codes.Answered, Code: 200, CauseQ850: -1, Device: "pbx"},
				Start: at.Add(time.Duration(s.r.IntN(900)) * time.Second).UnixMicro(), Legs: 1, PDD: -1, Alert: -1, Media: -1, Setup: 30, Talk: -1, Bye: -1}
			if !s.registers(at) {
				reg.Profile.Outcome, reg.Profile.Code = codes.Failed, 503
			}
			im.Add(&reg)
		}
	}
	im.Seen(from.UnixMicro() + 1)
	im.Seen(to.UnixMicro() - 1)
	im.Settle(func(profiles []*store.Profile, _ map[int64]int64) {
		for _, p := range profiles {
			p.Class, p.Trunk, p.Prefix, p.Cause = codes.ClassOf(p.Code), p.TrunkHint, p.PrefixHint, codes.Label(p.Code)
			p.Direction, p.Scanner = p.DirHint, s.scanners[p.UserAgent]
		}
	})
	if err := im.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

// add stores a call, or where another trunk was tried before, the call and its
// two attempts.
func (s *plantedStore) add(im *store.Import, i int, c planted) {
	a := store.Attempt{
		Profile: store.Profile{Scope: store.ScopeBoth, Method: "INVITE", Outcome: c.outcome, Code: c.code, CauseQ850: -1, TrunkHint: c.trunk, PrefixHint: c.prefix,
			DirHint: c.direction, UserAgent: c.agent, Device: "pbx", Rang: c.rang, Flags: c.flags},
		Start: c.at.UnixMicro(), Caller: c.caller, Callee: c.callee, NativeID: fmt.Sprintf("%d-%s", i, c.caller), Legs: 1,
		PDD: c.pdd, Alert: -1, Media: -1, Setup: c.setup, Talk: c.talk, Bye: -1,
	}
	if c.scanner {
		s.scanners[c.agent] = true
	}
	if c.deadFirst != "" {
		call := a
		call.Profile.Scope, call.Legs = store.ScopeCall, 2
		if c.outcome != codes.Failed {
			call.Profile.Flags |= codes.FlagRecovered
		}
		id := im.Add(&call)
		dead := a
		dead.Call, dead.Profile.Scope, dead.Profile.TrunkHint = id, store.ScopeLeg, c.deadFirst
		dead.Profile.Outcome, dead.Profile.Code, dead.Profile.Rang, dead.Talk, dead.PDD, dead.Setup = codes.Failed, 503, false, -1, -1, 50
		im.Add(&dead)
		a.Call, a.Profile.Scope = id, store.ScopeLeg
	}
	im.Add(&a)
}
