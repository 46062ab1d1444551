package analyze

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"callsift/store/codes"
)

// incident is a plant at one site: when, how strong, and whom it hits.
type incident struct {
	*plantedSite
	from, to time.Time
	daily    [2]int // only these hours of each day; 0, 0: all
	trunk    string
	prefix   string
	victim   string // an extension
	strength float64
}

func (in *incident) during(at time.Time) bool {
	if at.Before(in.from) || !at.Before(in.to) {
		return false
	}
	return in.daily[1] == 0 || at.Hour() >= in.daily[0] && at.Hour() < in.daily[1]
}

func (in *incident) strikes() bool { return in.r.Float64() < in.strength }

// plant is a kind of incident, or of what is none.
type plant struct {
	kind     string
	weeks    []string   // one of these; W46 where there are none
	days     [2]int     // begins on one of these, 0 is Monday
	hours    [2]float64 // at a time of the day between these
	lasts    [2]float64 // hours; 0: to the end of the week
	daily    int        // hours a day that it lasts on weekdays; 0: it does not come by the clock
	strength [2]float64 // of the calls that it can hit
	hit      func(in *incident, c *planted)
	volume   [2]float64 // factor of the second week
	more     func(in *incident, at time.Time) float64
	after    func(in *incident, week Period, calls []planted) []planted
	loses    bool // registrations fail meanwhile
	gap      bool // no source covers it

	want    func(in *incident) map[string]string // nil: no finding
	symptom string
	rule    string
	owner   Owner
}

func trunkAnd(code string) func(*incident) map[string]string {
	return func(in *incident) map[string]string { return map[string]string{"trunk": in.trunk, "code": code} }
}

func keysOf(list ...string) func(*incident) map[string]string {
	return func(*incident) map[string]string {
		keys := map[string]string{}
		for i := 0; i < len(list); i += 2 {
			keys[list[i]] = list[i+1]
		}
		return keys
	}
}

func victimAnd(code string) func(*incident) map[string]string {
	return func(in *incident) map[string]string { return map[string]string{"source": in.victim, "code": code} }
}

// trunkDown fails what goes out over the trunk, and what should come in does not.
func trunkDown(code int) func(in *incident, c *planted) {
	return func(in *incident, c *planted) {
		switch {
		case c.trunk != in.trunk || !in.strikes():
		case c.direction == codes.In:
			c.lost = true
		default:
			fail(c, code)
		}
	}
}

var plants = []plant{
	{kind: "trunk outage 503", days: [2]int{0, 4}, hours: [2]float64{8, 13}, lasts: [2]float64{2.5, 5}, strength: [2]float64{.6, 1},
		hit: trunkDown(503), want: trunkAnd("503"), symptom: SymptomFailed, rule: "trunk refuses, no resources", owner: Carrier},
	{kind: "carrier rejects one prefix 404", days: [2]int{0, 2}, hours: [2]float64{8, 14}, strength: [2]float64{.7, 1},
		hit: func(in *incident, c *planted) {
			if c.trunk == in.trunk && c.prefix == in.prefix && in.strikes() {
				fail(c, 404)
			}
		},
		want: func(in *incident) map[string]string {
			return map[string]string{"trunk": in.trunk, "prefix": in.prefix, "code": "404"}
		}, symptom: SymptomFailed, rule: "carrier rejects a prefix", owner: Carrier},
	{kind: "codec mismatch 488 from one firmware", days: [2]int{0, 3}, hours: [2]float64{8, 14}, strength: [2]float64{.3, .9},
		hit: func(in *incident, c *planted) {
			if c.agent == oldFirmware && in.strikes() {
				fail(c, 488)
			}
		}, want: keysOf("user_agent", oldFirmware, "code", "488"), symptom: SymptomFailed, rule: "codec mismatch", owner: Ours},
	{kind: "wrong password 403 on one device", days: [2]int{0, 2}, hours: [2]float64{8, 14}, strength: [2]float64{1, 1},
		hit: func(in *incident, c *planted) {
			if c.caller == in.victim {
				fail(c, 403)
				c.flags |= codes.FlagAuthRejected
			}
		}, want: victimAnd("403"), symptom: SymptomFailed, rule: "wrong password", owner: Ours},
	{kind: "registrar loss 480", days: [2]int{0, 4}, hours: [2]float64{8, 13}, lasts: [2]float64{2, 5}, strength: [2]float64{.5, .95}, loses: true,
		hit: func(in *incident, c *planted) {
			if c.extension != "" && in.strikes() {
				refuse(c, 480, 40)
			}
		}, want: keysOf("code", "480"), symptom: SymptomUser, rule: "registrar lost", owner: Ours},
	{kind: "channel ceiling at busy hours", days: [2]int{0, 1}, hours: [2]float64{9, 14}, daily: 2, strength: [2]float64{0, 1}, more: campaign, after: ceiling,
		want: trunkAnd("503"), symptom: SymptomFailed, rule: "channel ceiling", owner: Ours},
	{kind: "PDD rise with abandons", days: [2]int{0, 2}, hours: [2]float64{8, 12}, lasts: [2]float64{24, 48}, strength: [2]float64{.2, .4},
		hit: func(in *incident, c *planted) {
			switch {
			case c.trunk != in.trunk || c.direction != codes.Out:
			case in.strikes():
				c.outcome, c.code, c.rang, c.setup, c.talk, c.pdd = codes.Abandoned, 487, false, 5000+in.r.Int64N(4000), -1, -1
			case c.pdd >= 0:
				c.pdd += 5000 + in.r.Int64N(4000)
			}
		}, want: func(in *incident) map[string]string { return map[string]string{"trunk": in.trunk} },
		symptom: SymptomAbandoned, rule: "slow set-up", owner: Carrier},
	{kind: "ring time-out changed", days: [2]int{0, 3}, hours: [2]float64{0, 14}, strength: [2]float64{.3, .5},
		hit: func(in *incident, c *planted) {
			limit := int64(30_000 * in.strength)
			if c.extension != "" && c.rang && c.setup > limit {
				refuse(c, 480, limit+in.r.Int64N(60))
				c.rang = true
			}
		}, want: keysOf("code", "480"), symptom: SymptomUser, rule: "ring time changed", owner: Ours},
	{kind: "one extension forwards to a dead number", days: [2]int{0, 2}, hours: [2]float64{8, 14}, strength: [2]float64{1, 1},
		hit: func(in *incident, c *planted) {
			if c.extension == in.victim {
				fail(c, 404)
				c.direction, c.caller, c.agent, c.extension = codes.Out, in.victim, in.agents[in.victim], ""
				c.callee, c.prefix, c.trunk = in.prefix+"1234567", in.prefix, in.trunk
			}
		}, want: victimAnd("404"), symptom: SymptomFailed, rule: "dead destination", owner: Customer},
	{kind: "T.38 re-INVITE drops", days: [2]int{0, 3}, hours: [2]float64{8, 14}, strength: [2]float64{.25, .6},
		hit: func(in *incident, c *planted) {
			if c.agent == oldFirmware && c.outcome == codes.Answered && in.strikes() {
				c.flags |= codes.FlagDropped | codes.FlagReinviteRejected
				c.talk = 8000 + in.r.Int64N(4000)
			}
		}, want: keysOf("user_agent", oldFirmware), symptom: SymptomDropped, rule: "dropped by a re-INVITE", owner: Ours},
	{kind: "failover hides a dead trunk", days: [2]int{0, 4}, hours: [2]float64{8, 12}, lasts: [2]float64{2.5, 6}, strength: [2]float64{.9, 1},
		hit: func(in *incident, c *planted) {
			switch {
			case c.trunk != in.trunk || !in.strikes():
			case c.direction == codes.In:
				c.lost = true
			default:
				c.deadFirst, c.trunk = in.trunk, map[string]string{"carrier-a": "carrier-b", "carrier-b": "carrier-a"}[in.trunk]
			}
		}, want: trunkAnd("503"), symptom: SymptomFailed, rule: "dead trunk behind failover", owner: Carrier},
	{kind: "trunk silent", days: [2]int{0, 4}, hours: [2]float64{8, 13}, lasts: [2]float64{2.5, 5}, strength: [2]float64{.9, 1},
		hit: func(in *incident, c *planted) {
			if trunkDown(codes.None)(in, c); c.code == codes.None {
				c.flags |= codes.FlagTimeout
				c.setup = 32_000
			}
		}, want: trunkAnd("0"), symptom: SymptomFailed, rule: "trunk silent", owner: Ours},
	{kind: "outage in a night of the clock change", weeks: []string{"2026-W13", "2026-W43"}, days: [2]int{5, 5}, hours: [2]float64{16, 18}, lasts: [2]float64{18, 24}, strength: [2]float64{.8, 1},
		hit: trunkDown(503), want: trunkAnd("503"), symptom: SymptomFailed, rule: "trunk refuses, no resources", owner: Carrier},

	{kind: "scanner flood", days: [2]int{0, 6}, hours: [2]float64{0, 18}, lasts: [2]float64{1, 5}, after: scannerFlood},
	{kind: "volume doubles, same rate", volume: [2]float64{1.8, 2.3}},
	{kind: "mix shift only", days: [2]int{0, 0}, hours: [2]float64{0, 0}, strength: [2]float64{.3, .8},
		hit: func(in *incident, c *planted) {
			// Calls to a prefix become calls to another, which fail as those always do.
			if c.direction == codes.Out && c.prefix == "030" && in.strikes() {
				for at := c.at; c.prefix != costlyPrefix; {
					*c = in.outgoing(at, 1)
				}
			}
		}},
	{kind: "night of the clock change", weeks: []string{"2026-W13", "2026-W14", "2026-W43", "2026-W44"}},
	{kind: "data gap", days: [2]int{0, 3}, hours: [2]float64{0, 20}, lasts: [2]float64{20, 40}, gap: true},
	{kind: "nothing at all"},
}

// campaign brings more calls than the channels carry, at hours of the day.
func campaign(in *incident, at time.Time) float64 {
	if in.during(at) {
		return 6 + 4*in.strength
	}
	return 1
}

// ceiling refuses calls over the trunk beyond its channels, which are enough for
// a usual week and not for the campaign.
func ceiling(in *incident, week Period, calls []planted) []planted {
	var before, asked []span
	for _, c := range calls {
		if c.trunk != in.trunk || c.outcome != codes.Answered {
			continue
		}
		s := span{from: c.at.UnixMicro(), to: c.at.UnixMicro() + (c.setup+c.talk)*1000}
		if c.at.Before(week.From) {
			before = append(before, s)
		} else if in.during(c.at) {
			asked = append(asked, s)
		}
	}
	channels := max(peakOf(before, Period{}).n+1, peakOf(asked, Period{}).n*45/100)
	var ends []int64
	for i := range calls {
		c := &calls[i]
		if c.trunk != in.trunk || c.at.Before(week.From) {
			continue
		}
		ends = slices.DeleteFunc(ends, func(end int64) bool { return end <= c.at.UnixMicro() })
		switch {
		case int64(len(ends)) >= channels && c.outcome != codes.Failed:
			fail(c, 503)
		case c.outcome != codes.Failed:
			ends = append(ends, c.at.UnixMicro()+(c.setup+max(0, c.talk))*1000)
		}
	}
	return calls
}

func scannerFlood(in *incident, _ Period, calls []planted) []planted {
	for range 300 + in.r.IntN(4000) {
		at := in.from.Add(time.Duration(in.r.Int64N(int64(in.to.Sub(in.from)))))
		calls = append(calls, planted{at: at, direction: codes.In, trunk: "192.0.2.66", caller: "100", callee: "00" + itoa(in.r.IntN(1e6)),
			agent: "friendly-scanner", code: 401, outcome: codes.Failed, scanner: true, setup: 1, talk: -1, pdd: -1})
	}
	return calls
}

// plantedWeeks is two weeks of a site with the plant in the second, as the report
// would ask for them.
func plantedWeeks(t *testing.T, p plant, seed uint64, zone *time.Location) (*plantedStore, Query, *incident) {
	r := rand.New(rand.NewPCG(seed, uint64(len(p.kind))))
	name := "2026-W46"
	if len(p.weeks) > 0 {
		name = p.weeks[int(seed)%len(p.weeks)]
	}
	w := week(t, name, zone)
	site := newPlantedSite(r)
	in := p.at(site, w)
	calls := site.weeks(w.before().From, w.To, func(at time.Time) float64 {
		switch {
		case p.volume[1] > 0 && !at.Before(w.From):
			return between(r, p.volume[0], p.volume[1])
		case p.more != nil:
			return p.more(in, at)
		}
		return 1
	})
	if p.hit != nil {
		calls = in.befall(p, calls, w.To)
	}
	byTime := func(a, b planted) int { return a.at.Compare(b.at) }
	slices.SortStableFunc(calls, byTime)
	if p.after != nil {
		calls = p.after(in, w, calls)
		slices.SortStableFunc(calls, byTime)
	}
	s := newPlantedStore(t, r)
	if p.loses {
		s.registers = func(at time.Time) bool { return !in.during(at) }
	}
	if p.gap {
		s.source(calls, w.before().From, in.from)
		s.source(calls, in.to, w.To)
	} else {
		s.source(calls, w.before().From, w.To)
	}
	return s, Query{Period: w, Zone: zone}, in
}

// at draws when and whom the plant hits.
func (p plant) at(site *plantedSite, w Period) *incident {
	r := site.r
	in := &incident{plantedSite: site, trunk: []string{"carrier-a", "carrier-b"}[r.IntN(2)], prefix: []string{"030", "0171", "089", "44"}[r.IntN(4)],
		victim: site.busiestOf(r.IntN(6)), strength: between(r, p.strength[0], p.strength[1])}
	day := w.From.Day() + p.days[0] + r.IntN(p.days[1]-p.days[0]+1)
	minutes := int(60 * between(r, p.hours[0], p.hours[1]))
	if p.daily > 0 {
		minutes = 0
		h := int(between(r, p.hours[0], p.hours[1]))
		in.daily = [2]int{h, h + p.daily}
	}
	in.from = time.Date(w.From.Year(), w.From.Month(), day, 0, minutes, 0, 0, w.From.Location())
	in.to = in.from.Add(time.Duration(60*between(r, p.lasts[0], p.lasts[1])) * time.Minute)
	switch {
	case p.daily > 0:
		in.to = time.Date(w.From.Year(), w.From.Month(), w.From.Day()+5, 0, 0, 0, 0, w.From.Location())
	case p.lasts[1] == 0 || in.to.After(w.To):
		in.to = w.To
	}
	return in
}

// befall lets the calls of the incident's time meet with it. Of those whose calls
// failed, some try again.
func (in *incident) befall(p plant, calls []planted, end time.Time) []planted {
	for i := 0; i < len(calls); i++ {
		c := &calls[i]
		if !in.during(c.at) {
			continue
		}
		before := *c
		p.hit(in, c)
		if c.outcome == codes.Failed && before.outcome != codes.Failed && in.r.Float64() < .3 {
			again := before
			again.at = again.at.Add(time.Duration(15+in.r.IntN(90)) * time.Second)
			if again.at.Before(end) {
				calls = append(calls, again)
			}
		}
	}
	return calls
}
