package analyze

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"
)

// Sites with two weeks of calls, into the second of which an incident is planted.
// CALLSIFT_SEEDS=200 runs what the acceptance asks for; by default a few seeds of
// each kind.

// findingsOf loads a planted store as the report does.
func findingsOf(t *testing.T, s *plantedStore, q Query) (Data, []Finding) {
	ctx := context.Background()
	current, err := load(ctx, s.db, q, oneByOne)
	if err != nil {
		t.Fatal(err)
	}
	before := q
	before.Period = q.Period.before()
	previous, err := load(ctx, s.db, before, oneByOne)
	if err != nil {
		t.Fatal(err)
	}
	if current.Past, err = loadPast(ctx, s.db, q, current, previous); err != nil {
		t.Fatal(err)
	}
	return current, Findings(current, q)
}

// judged says what is wrong with the findings; "" if nothing is.
func (p plant) judged(list []Finding, in *incident, end time.Time) string {
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
	keys := map[string]string{}
	for _, k := range f.Keys {
		keys[k.Key] = k.Value
	}
	if want := p.want(in); !maps.Equal(keys, want) {
		return fmt.Sprintf("keys %v, want %v: %s", keys, want, f.Title)
	}
	if f.Symptom != p.symptom {
		return fmt.Sprintf("symptom %s, want %s: %s", f.Symptom, p.symptom, f.Title)
	}
	if o := overlapInTime(f, in, end); o < .8 {
		return fmt.Sprintf("overlap %.2f with %s: %s", o, in.when(), f.Title)
	}
	if f.rule != p.rule || f.Owner != p.owner {
		return fmt.Sprintf("told as %q of %s, want %q of %s: %s %v", f.rule, f.Owner, p.rule, p.owner, f.Title, f.Evidence)
	}
	return ""
}

func (in *incident) when() string {
	s := stretch(in.from, in.to)
	if in.daily[1] > 0 {
		s = fmt.Sprintf("%d–%d h of %s", in.daily[0], in.daily[1], s)
	}
	return s
}

// overlapInTime is the minutes that the finding and the incident share, of all
// that one of them has.
func overlapInTime(f Finding, in *incident, end time.Time) float64 {
	from, to, found := strings.Cut(f.Daily, "–")
	until := f.To
	if f.Ongoing {
		until = end
	}
	both, any := 0, 0
	for at := in.from.AddDate(0, 0, -8); at.Before(end); at = at.Add(time.Minute) {
		clock := at.Format("15:04")
		there := !at.Before(f.From) && at.Before(until) && (!found || clock >= from && clock < to)
		if in.during(at) && there {
			both++
		}
		if in.during(at) || there {
			any++
		}
	}
	return float64(both) / float64(any)
}

// gapIsUnknown: what no source covers is a gap of that length, and no trunk is
// said to have been available in it.
func gapIsUnknown(d Data, q Query, in *incident) string {
	c := coverageOf(d, q.Period)
	missing := in.to.Sub(in.from).Hours()
	if got := q.Period.To.Sub(q.Period.From).Hours() - c.hours(); got < missing-2 || got > missing+2 {
		return fmt.Sprintf("%.1f hours unknown, want about %.1f", got, missing)
	}
	for _, a := range availability(d, q) {
		if a.Covered > int64(c.hours()*60+.5) {
			return fmt.Sprintf("%d minutes of %s are known, of %.0f hours", a.Covered, a.Trunk, c.hours())
		}
	}
	return ""
}

// seedTally is how the seeds of a kind came out.
type seedTally struct {
	kind                string
	seeds, right, extra int
}

func (p plant) run(t *testing.T, seeds int) seedTally {
	zone := zoneNamed(t, "Europe/Berlin")
	count := seedTally{kind: p.kind, seeds: seeds}
	for seed := range seeds {
		s, q, in := plantedWeeks(t, p, uint64(seed+1), zone)
		data, list := findingsOf(t, s, q)
		bad := p.judged(list, in, q.Period.To)
		if bad == "" && p.gap {
			bad = gapIsUnknown(data, q, in)
		}
		if bad == "" {
			count.right++
		} else {
			t.Logf("seed %d: %s", seed+1, bad)
		}
		if len(list) > 1 {
			count.extra += len(list) - 1
		}
		s.db.Close()
	}
	return count
}

func TestPlantedIncidents(t *testing.T) {
	seeds, clean := 3, 12
	if s := os.Getenv("CALLSIFT_SEEDS"); s != "" {
		fmt.Sscan(s, &seeds)
		clean = seeds
	}
	table := fmt.Sprintf("%-40s %9s  %6s  %s\n", "kind", "right", "", "further findings a seed")
	all, wrong := 0, 0
	for _, p := range plants {
		t.Run(strings.ReplaceAll(p.kind, " ", "-"), func(t *testing.T) {
			n := seeds
			if p.kind == "nothing at all" {
				n = clean
			}
			c := p.run(t, n)
			all, wrong = all+n, wrong+n-c.right
			table += fmt.Sprintf("%-40s %3d of %3d  %4.1f %%  %.2f\n", p.kind, c.right, n, 100*float64(c.right)/float64(n), float64(c.extra)/float64(n))
			if slack := max(1, n/20); n-c.right > slack {
				t.Errorf("%d of %d wrong, want at most %d", n-c.right, n, slack)
			}
		})
	}
	if wrong*20 > all {
		t.Errorf("%d of %d wrong, want at most one in twenty", wrong, all)
	}
	t.Log("\n" + table)
}
