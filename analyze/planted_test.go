package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// Two weeks of a site's calls with the rhythm of day and week, failures that come
// in clusters, and callers who redial; into the second week an incident is
// planted. CALLSIFT_SEEDS=200 runs what the acceptance asks for; by default a few
// seeds of each kind.

// planted is one call on its way into the store, which an incident may change.
type planted struct {
	at        time.Time
	second    bool // of the two weeks
	trunk     string
	prefix    string
	agent     string
	caller    string
	callee    string
	outcome   codes.Outcome
	code      int
	rang      bool
	flags     codes.Flags
	setup     int64
	talk, pdd int64
	deadFirst bool // an attempt on trunk carrier-b failed before
	scanner   bool
	lost      bool // never happened
}

type plant struct {
	kind string
	// change is asked for every call of the second week that begins between from
	// and to; hours 0: all of them, else only [hourFrom, hourTo) each day.
	change           func(r *rand.Rand, c *planted)
	day, hour, lasts int // from day (0 Monday) and hour on for so many hours
	daily            [2]int
	want             map[string]string // nil: no finding
	symptom          string
	volume           float64 // factor of the second week
	registers        bool    // registrations fail meanwhile
	ceiling          bool
	week             string
}

func fail(c *planted, code int) {
	c.outcome, c.code, c.talk, c.setup, c.rang = codes.Failed, code, -1, 60, false
}

var plants = []plant{
	{kind: "trunk outage 503", day: 1, hour: 13, lasts: 3, want: map[string]string{"trunk": "carrier-a", "code": "503"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-a" && r.Float64() < .9 {
				fail(c, 503)
			}
		}},
	{kind: "carrier rejects a prefix 404", day: 2, hour: 9, lasts: 200, want: map[string]string{"trunk": "carrier-a", "prefix": "44", "code": "404"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-a" && c.prefix == "44" {
				fail(c, 404)
			}
		}},
	{kind: "codec mismatch 488 of a firmware", day: 1, hour: 8, lasts: 200, want: map[string]string{"user_agent": "MX8 VER.2", "code": "488"},
		change: func(r *rand.Rand, c *planted) {
			if c.agent == "MX8 VER.2" && r.Float64() < .4 {
				fail(c, 488)
			}
		}},
	{kind: "wrong password 403 of a device", day: 1, hour: 10, lasts: 200, want: map[string]string{"source": "117", "code": "403"},
		change: func(r *rand.Rand, c *planted) {
			if c.caller == "117" {
				fail(c, 403)
			}
		}},
	{kind: "registrar loss 480", day: 3, hour: 10, lasts: 3, symptom: SymptomUser, registers: true, want: map[string]string{"code": "480"},
		change: func(r *rand.Rand, c *planted) {
			if r.Float64() < .6 {
				c.outcome, c.code, c.rang, c.setup, c.talk = codes.User, 480, false, 40, -1
			}
		}},
	{kind: "channel ceiling at busy hours", day: 0, hour: 0, lasts: 120, daily: [2]int{10, 12}, ceiling: true, want: map[string]string{"trunk": "carrier-a", "code": "503"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-a" && r.Float64() < .35 {
				fail(c, 503)
			}
		}},
	{kind: "PDD rise with abandons", day: 2, hour: 8, lasts: 34, symptom: SymptomAbandoned, want: map[string]string{"trunk": "carrier-b"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-b" {
				c.pdd += 6000 + r.Int64N(3000)
				if r.Float64() < .3 {
					c.outcome, c.code, c.rang, c.setup, c.talk, c.pdd = codes.Abandoned, 487, false, 6500, -1, -1
				}
			}
		}},
	{kind: "ring time-out changed", day: 2, hour: 0, lasts: 200, symptom: SymptomUser, want: map[string]string{"code": "480"},
		change: func(r *rand.Rand, c *planted) {
			if c.code == 480 {
				c.setup = 10_000 + r.Int64N(60)
			} else if c.outcome == codes.Answered && r.Float64() < .22 {
				c.outcome, c.code, c.rang, c.setup, c.talk = codes.User, 480, true, 10_000+r.Int64N(60), -1
			}
		}},
	{kind: "extension forwards to a dead number", day: 1, hour: 9, lasts: 200, want: map[string]string{"source": "123", "code": "404"},
		change: func(r *rand.Rand, c *planted) {
			if c.caller == "123" {
				fail(c, 404)
				c.callee, c.prefix, c.trunk = "0301234567", "030", "carrier-a"
			}
		}},
	{kind: "T.38 re-INVITE drops", day: 1, hour: 8, lasts: 200, symptom: SymptomDropped, want: map[string]string{"user_agent": "MX8 VER.2"},
		change: func(r *rand.Rand, c *planted) {
			if c.agent == "MX8 VER.2" && c.outcome == codes.Answered && r.Float64() < .4 {
				c.flags |= codes.FlagDropped | codes.FlagMidCallProblem
				c.talk = 9000
			}
		}},
	{kind: "failover hides a dead trunk", day: 3, hour: 9, lasts: 5, want: map[string]string{"trunk": "carrier-b", "code": "503"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-b" {
				c.deadFirst, c.trunk = true, "carrier-a"
			}
		}},
	{kind: "trunk silent", day: 4, hour: 9, lasts: 2, want: map[string]string{"trunk": "carrier-b", "code": "0"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-b" {
				fail(c, codes.None)
				c.flags |= codes.FlagTimeout
				c.setup = 32_000
			}
		}},
	{kind: "outage in the week of the clock change", day: 6, hour: 9, lasts: 8, week: "2026-W43", want: map[string]string{"trunk": "carrier-a", "code": "503"},
		change: func(r *rand.Rand, c *planted) {
			if c.trunk == "carrier-a" {
				fail(c, 503)
			}
		}},
	{kind: "scanner flood", day: 2, hour: 3, lasts: 4, change: func(r *rand.Rand, c *planted) { c.scanner = true }},
	{kind: "volume doubles, same rate", volume: 2},
	{kind: "mix shift only", day: 0, hour: 0, lasts: 200,
		change: func(r *rand.Rand, c *planted) {
			if c.prefix == "030" && r.Float64() < .5 {
				c.prefix = "0900" // a tenth of its calls fails in every week
				if c.outcome == codes.Answered && r.Float64() < .1 {
					fail(c, 404)
				}
			}
		}},
	{kind: "night of the clock change", week: "2026-W43"},
	{kind: "data gap", day: 2, hour: 0, lasts: 30, change: func(r *rand.Rand, c *planted) { c.lost = true }},
	{kind: "nothing at all"},
}

var (
	plantedAgents   = []string{"MX60 VER.1", "MX60 VER.1", "MX8 VER.1", "MX8 VER.1", "MX8 VER.2"}
	plantedPrefixes = []string{"030", "030", "030", "0171", "0171", "089", "44", "0900"}
)

// background makes one call of a usual week.
func background(r *rand.Rand, at time.Time, burst float64) planted {
	n := r.IntN(45)
	c := planted{at: at, caller: itoa(101 + n), agent: plantedAgents[n%len(plantedAgents)], outcome: codes.Answered, code: 200,
		prefix: plantedPrefixes[r.IntN(len(plantedPrefixes))], trunk: "carrier-a", setup: 6000 + r.Int64N(9000), talk: 20_000 + r.Int64N(200_000), pdd: 600 + r.Int64N(1800), rang: true}
	c.callee = c.prefix + itoa(1_000_000+r.IntN(400_000))
	switch x := r.Float64(); {
	case x < .15:
		c.trunk, c.prefix, c.callee = "", "short", itoa(101+r.IntN(45))
	case x < .45:
		c.trunk = "carrier-b"
	}
	rate := 1.
	if c.prefix == "0900" {
		rate = 6
	}
	switch x := r.Float64(); {
	case x < .012*burst*rate:
		fail(&c, 404)
	case x < .012*burst*rate+.006*burst:
		if c.trunk != "" {
			fail(&c, 503)
		}
	case x < .024*burst+.012*(rate-1)*burst:
		fail(&c, 408)
	case x > .93:
		c.outcome, c.code, c.talk, c.rang, c.setup = codes.User, 486, -1, false, 200+r.Int64N(4000)
	case x > .79:
		c.outcome, c.code, c.talk, c.setup = codes.User, 480, -1, 30_000+r.Int64N(60)
	case x > .74:
		c.outcome, c.code, c.talk = codes.Abandoned, 487, -1
	case x > .735:
		c.outcome, c.code, c.talk, c.rang, c.pdd = codes.Abandoned, 487, -1, false, -1
	case x > .725:
		c.talk = 1000 + r.Int64N(4000)
	case x > .723:
		c.flags |= codes.FlagDropped
	}
	return c
}

// load is how many calls a quarter hour usually has.
func plantedLoad(t time.Time) float64 {
	day := []float64{.3, .2, .2, .2, .2, .3, 1, 4, 9, 13, 15, 14, 10, 11, 13, 13, 11, 7, 3, 2, 1, .8, .6, .4}[t.Hour()]
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		day *= .3
	}
	return day
}

// plantedDB writes two weeks into a store, with the plant in the second, and says
// when the plant was there.
func plantedDB(t testing.TB, p plant, seed uint64, zone *time.Location) (*store.DB, Query, []Period) {
	r := rand.New(rand.NewPCG(seed, uint64(len(p.kind))))
	w, err := ParseWeek(cmp.Or(p.week, "2026-W46"), time.Time{}, zone)
	if err != nil {
		t.Fatal(err)
	}
	start := w.before().From
	day := func(d, h int) time.Time {
		return time.Date(w.From.Year(), w.From.Month(), w.From.Day()+d, h, 0, 0, 0, zone)
	}
	from := day(p.day, p.hour)
	to := from.Add(time.Duration(p.lasts) * time.Hour)
	if p.daily[1] > 0 {
		to = day(5, 0)
	}
	if to.After(w.To) {
		to = w.To
	}
	during := func(at time.Time) bool {
		if p.change == nil || at.Before(from) || !at.Before(to) {
			return false
		}
		return p.daily[1] == 0 || at.Hour() >= p.daily[0] && at.Hour() < p.daily[1]
	}
	var when []Period
	for at := w.From; at.Before(w.To); at = at.Add(15 * time.Minute) {
		if during(at) {
			when = append(when, Period{From: at, To: at.Add(15 * time.Minute)})
		}
	}
	var calls []planted
	add := func(c planted) {
		c.second = !c.at.Before(w.From)
		if c.second && during(c.at) {
			p.change(r, &c)
		}
		if !c.lost {
			calls = append(calls, c)
		}
	}
	burst := 1.
	for at := start; at.Before(w.To); at = at.Add(15 * time.Minute) {
		if at.Minute() == 0 {
			// Failures cluster: the rate of an hour is gamma with shape 2.
			burst = (r.ExpFloat64() + r.ExpFloat64()) / 2
		}
		load := plantedLoad(at)
		if p.volume > 0 && !at.Before(w.From) {
			load *= p.volume
		}
		for range poisson(r, load) {
			add(background(r, at.Add(time.Duration(r.Int64N(int64(15*time.Minute)))), burst))
		}
	}
	for range 6 { // somebody redials a wrong number
		c := background(r, start.Add(time.Duration(r.IntN(14*96))*15*time.Minute), 1)
		c.caller = itoa(101 + r.IntN(15))
		fail(&c, 404)
		for range 8 + r.IntN(15) {
			c.at = c.at.Add(time.Duration(20+r.IntN(60)) * time.Second)
			if c.at.Before(w.To) && !during(c.at) {
				calls = append(calls, c)
			}
		}
	}
	if p.kind == "scanner flood" {
		for range 3000 {
			at := from.Add(time.Duration(r.Int64N(int64(4 * time.Hour))))
			c := planted{at: at, caller: "100", callee: "00" + itoa(r.IntN(1e6)), agent: "friendly-scanner", code: 401, outcome: codes.Failed, scanner: true, setup: 1, talk: -1, pdd: -1}
			calls = append(calls, c)
		}
	}
	slices.SortStableFunc(calls, func(a, b planted) int { return a.at.Compare(b.at) })
	return plantedStore(t, p, r, calls, during, start, w.To), Query{Period: w, Zone: zone}, when
}

func poisson(r *rand.Rand, mean float64) (n int) {
	for limit, x := math.Exp(-mean), r.Float64(); x > limit; x *= r.Float64() {
		n++
	}
	return n
}

func plantedStore(t testing.TB, p plant, r *rand.Rand, calls []planted, during func(time.Time) bool, from, to time.Time) *store.DB {
	db, err := store.OpenTemp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	im, err := db.Begin(context.Background(), store.Source{Path: "planted.log", SHA256: "aa", Format: "test", State: store.Imported})
	if err != nil {
		t.Fatal(err)
	}
	scanners := map[string]bool{}
	for i, c := range calls {
		a := store.Attempt{
			Profile: store.Profile{Scope: store.ScopeBoth, Method: "INVITE", Outcome: c.outcome, Code: c.code, CauseQ850: -1, TrunkHint: c.trunk, PrefixHint: c.prefix,
				UserAgent: c.agent, Device: "pbx", Rang: c.rang, Flags: c.flags},
			Start: c.at.UnixMicro(), Caller: c.caller, Callee: c.callee, NativeID: fmt.Sprintf("%d-%s", i, c.caller), Legs: 1,
			PDD: c.pdd, Alert: -1, Media: -1, Setup: c.setup, Talk: c.talk, Bye: -1,
		}
		if c.scanner && c.agent == "friendly-scanner" {
			scanners[c.agent] = true
		}
		if c.deadFirst {
			call := a
			call.Profile.Scope, call.Profile.Flags, call.Legs = store.ScopeCall, c.flags|codes.FlagRecovered, 2
			if c.outcome == codes.Failed {
				call.Profile.Flags = c.flags
			}
			id := im.Add(&call)
			dead := a
			dead.Call, dead.Profile.Scope, dead.Profile.TrunkHint = id, store.ScopeLeg, "carrier-b"
			dead.Profile.Outcome, dead.Profile.Code, dead.Profile.Rang, dead.Talk, dead.PDD, dead.Setup = codes.Failed, 503, false, -1, -1, 50
			im.Add(&dead)
			a.Call, a.Profile.Scope = id, store.ScopeLeg
		}
		im.Add(&a)
	}
	for at := from; at.Before(to); at = at.Add(15 * time.Minute) {
		for range 3 {
			reg := store.Attempt{Profile: store.Profile{Scope: store.ScopeBoth, Method: "REGISTER", Outcome: codes.Answered, Code: 200, CauseQ850: -1, Device: "pbx"},
				Start: at.Add(time.Duration(r.IntN(900)) * time.Second).UnixMicro(), Legs: 1, PDD: -1, Alert: -1, Media: -1, Setup: 30, Talk: -1, Bye: -1}
			if p.registers && during(at) {
				reg.Profile.Outcome, reg.Profile.Code = codes.Failed, 503
			}
			im.Add(&reg)
		}
	}
	im.Seen(from.UnixMicro() + 1)
	im.Seen(to.UnixMicro() - 1)
	im.Settle(func(profiles []*store.Profile, _ map[int64]int64) {
		for _, p := range profiles {
			p.Class, p.Trunk, p.Prefix, p.Cause, p.Scanner = codes.ClassOf(p.Code), p.TrunkHint, p.PrefixHint, codes.Label(p.Code), scanners[p.UserAgent]
		}
	})
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	return db
}

// findingsOf loads a planted store as the report does.
func findingsOf(t testing.TB, db *store.DB, q Query) []Finding {
	ctx := context.Background()
	current, err := load(ctx, db, q, oneByOne)
	if err != nil {
		t.Fatal(err)
	}
	before := q
	before.Period = q.Period.before()
	previous, err := load(ctx, db, before, oneByOne)
	if err != nil {
		t.Fatal(err)
	}
	if current.Past, err = loadPast(ctx, db, q, current, previous); err != nil {
		t.Fatal(err)
	}
	return Findings(current, q)
}

// judged says what is wrong with the findings; "" if nothing is.
func (p plant) judged(list []Finding, when []Period) string {
	if p.want == nil {
		if len(list) > 0 {
			return "a finding: " + list[0].Title
		}
		return ""
	}
	if len(list) == 0 {
		return "no finding"
	}
	f := list[0]
	if p.symptom != "" && f.Symptom != p.symptom {
		return "symptom " + f.Symptom + ": " + f.Title
	}
	keys := map[string]string{}
	for _, k := range f.Keys {
		keys[k.Key] = k.Value
	}
	if fmt.Sprint(keys) != fmt.Sprint(p.want) {
		return fmt.Sprintf("keys %v: %s", keys, f.Title)
	}
	if o := windowOverlap(f, when); o < .8 {
		return fmt.Sprintf("overlap %.2f: %s", o, f.Title)
	}
	return ""
}

// windowOverlap weighs quarter hours by the calls that they usually have: a
// window that ends in an empty night ends nowhere in particular.
func windowOverlap(f Finding, when []Period) float64 {
	truth := map[int64]bool{}
	for _, p := range when {
		truth[p.From.Unix()] = true
	}
	var both, any float64
	var hours [2]string
	if f.Daily != "" {
		hours[0], hours[1], _ = strings.Cut(f.Daily, "–")
	}
	for at := when[0].From.AddDate(0, 0, -7); at.Before(when[0].From.AddDate(0, 0, 8)); at = at.Add(15 * time.Minute) {
		found := !at.Before(f.From) && at.Before(f.To)
		if clock := at.Format("15:04"); f.Daily != "" && (clock < hours[0] || clock >= hours[1]) {
			found = false
		}
		w := plantedLoad(at)
		if found && truth[at.Unix()] {
			both += w
		}
		if found || truth[at.Unix()] {
			any += w
		}
	}
	return both / any
}

func TestPlantedIncidents(t *testing.T) {
	seeds, clean := 4, 12
	if s := os.Getenv("CALLSIFT_SEEDS"); s != "" {
		fmt.Sscan(s, &seeds)
		clean = seeds
	}
	zone := zoneNamed(t, "Europe/Berlin")
	var table []string
	for _, p := range plants {
		t.Run(strings.ReplaceAll(p.kind, " ", "-"), func(t *testing.T) {
			n := seeds
			if p.kind == "nothing at all" {
				n = clean
			}
			right := 0
			var wrong []string
			for seed := range n {
				db, q, when := plantedDB(t, p, uint64(seed+1), zone)
				if bad := p.judged(findingsOf(t, db, q), when); bad == "" {
					right++
				} else {
					wrong = append(wrong, fmt.Sprintf("seed %d: %s", seed+1, bad))
				}
				db.Close()
			}
			table = append(table, fmt.Sprintf("%-40s %3d of %3d right", p.kind, right, n))
			if slack := max(1, n/20); n-right > slack {
				t.Errorf("%d of %d wrong, want at most %d", n-right, n, slack)
			}
			for _, w := range wrong[:min(3, len(wrong))] {
				t.Log(w)
			}
		})
	}
	t.Log("\n" + strings.Join(table, "\n"))
}
