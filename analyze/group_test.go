package analyze

import (
	stdcmp "cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
	"callsift/store/codes"
)

// countedSimply is countBy as one would write it first.
func countedSimply(d Data, q Query) []Row {
	sums := map[string]*Row{}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		r := Row{}
		for _, name := range q.By {
			k, _ := keyNamed("", name)
			switch {
			case k.of != nil:
				r.Keys = append(r.Keys, k.of(p))
			case k.at != nil:
				r.Keys = append(r.Keys, timeKey(name, c.Time, q.zone()))
			default:
				r.Keys = append(r.Keys, c.Caller)
			}
			if name == "code" {
				r.Code = p.Code
			}
		}
		id := fmt.Sprintf("%q", r.Keys)
		if sums[id] == nil {
			sums[id] = &r
		}
		sums[id].add(c.Cell, p.Outcome)
	})
	var rows []Row
	for _, r := range sums {
		if r.Count > 0 {
			rows = append(rows, *r)
		}
	}
	slices.SortFunc(rows, func(x, y Row) int {
		if x.Count != y.Count {
			return int(y.Count - x.Count)
		}
		return slices.Compare(x.Keys, y.Keys)
	})
	return rows
}

// randomCallers are texts that begin alike, end in NULs, are longer than what is kept
// in place, or are not there.
func randomCallers(r *rand.Rand) []string {
	list := []string{"", "\x00", "101", "101\x00", "4420", strings.Repeat("9", 15), strings.Repeat("9", 16), strings.Repeat("9", 17), strings.Repeat("9", 16) + "\x00", "ünknown caller with a long name"}
	for range 30 {
		list = append(list, strings.Repeat("0", r.IntN(20))+fmt.Sprint(r.IntN(300)))
	}
	return list
}

// TestCountedAsSimply: whatever is asked for, the rows and their order are those of
// the simple way of counting.
func TestCountedAsSimply(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := randomData(t, r)
		callers := randomCallers(r)
		cells := s.Cells
		s.Cells = nil
		for _, c := range cells {
			for range c.N { // one by one, as they are read where a key is the caller
				one := Cell{Cell: store.Cell{Time: c.Time, Profile: c.Profile, N: 1}, Caller: callers[r.IntN(len(callers))]}
				if s.Profiles[c.Profile].Outcome == codes.Answered {
					one.Talked, one.TalkMS = 1, r.Int64N(100_000)
					if one.TalkMS < shortMS {
						one.Short = 1
					}
				}
				s.Cells = append(s.Cells, one)
			}
		}
		s.Profiles[s.Cells[0].Profile].Outcome = "some other"
		s.Cells[1].Cell = store.Cell{Time: s.Cells[1].Time, Profile: s.Cells[1].Profile}
		names := Keys()
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		q := Query{By: names[:1+r.IntN(3)], Scope: []string{ScopeCall, ScopeLeg}[r.IntN(2)], Zone: time.FixedZone("", 60*15*(r.IntN(40)-20))}
		if seed%2 == 0 && !slices.Contains(q.By, "source") {
			q.By[r.IntN(len(q.By))] = "source"
		}
		if seed%3 == 0 {
			q.Where = mustWhere(t, "hour!=5", "source!=101")
		}
		b, err := countBy(s.Data, q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(countedSimply(s.Data, q), rowsIn(b)); diff != "" {
			t.Fatalf("seed %d, by %v:\n%s", seed, q.By, diff)
		}
	}
}

// TestManyCallers: more than there are places for at first, each found again.
func TestManyCallers(t *testing.T) {
	var table callerTable
	const callers = 50_000
	for round := range 3 {
		for i := range callers {
			table.add(table.caller(fmt.Sprint(i/3, strings.Repeat("x", i%20))), uint32(i%3), 1, 0, int64(round))
		}
	}
	order := func(x, y callerRow) int {
		a, _ := strconv.Atoi(strings.TrimRight(table.text(x.caller), "x"))
		b, _ := strconv.Atoi(strings.TrimRight(table.text(y.caller), "x"))
		return stdcmp.Or(stdcmp.Compare(a, b), stdcmp.Compare(x.group, y.group))
	}
	table.endPart(0, order)
	list := table.sorted(0, order)
	if len(list) != callers || len(table.counts) > 4*callers {
		t.Fatalf("%d counts in %d slots, want %d", len(list), len(table.counts), callers)
	}
	for i := range list {
		c := &list[i]
		if want, got := (Tally{Count: 3, Answered: 3, Talked: 3, TalkMS: 3, Short: 3}), *table.tallies.at(c.tally); got != want || c.n != 3 || c.group != uint32(i%3)+1 || table.text(c.caller) != fmt.Sprint(i/3, strings.Repeat("x", i%20)) {
			t.Fatalf("count %d: %q of group %d: %+v, want %+v", i, table.text(c.caller), c.group, got, want)
		}
	}
}

// TestTallies: a tally that is kept once for many is that of the calls that were
// added, and so is one of its own; there are never many that are kept for all.
func TestTallies(t *testing.T) {
	var tallies tallies
	r := rand.New(rand.NewPCG(3, 4))
	numbers, want := make([]uint32, 5000), make([]Tally, 5000)
	for range 100_000 {
		i := int(r.ExpFloat64()*500) % len(want) // some have hundreds, some none
		o, n, talk := r.Int32N(1+int32(len(codes.Outcomes))), int32(1), int64(-1)
		c := store.Cell{}
		if i%7 == 0 {
			n = r.Int32N(3)
		}
		if i%2 == 0 && o == 0 {
			talk = r.Int64N(9000)
			c.Talked, c.TalkMS = int64(n), int64(n)*talk
			if talk < 6000 {
				c.Short = int64(n)
			}
		}
		c.N = int64(n)
		numbers[i] = tallies.plus(numbers[i], n, o, talk)
		want[i].add(c, outcomeAt(o))
	}
	own := 0
	for i, n := range numbers {
		if got := *tallies.at(n); n != 0 && got != want[i] {
			t.Fatalf("tally %d: %+v, want %+v", i, got, want[i])
		}
		if n&ownTally != 0 {
			own++
		}
	}
	if own == 0 || tallies.own.n != own || len(tallies.few) > 24_310 { // of up to 8 calls with 9 outcomes
		t.Errorf("%d own tallies of %d rows, %d for all", tallies.own.n, own, len(tallies.few))
	}
	few := len(tallies.few)
	for i := range numbers {
		if n := numbers[i]; n&ownTally == 0 && want[i].Count < 3 {
			numbers[i] = tallies.plus(n, 1, 3, -1)
		}
	}
	if len(tallies.few) > few+100 || tallies.own.n != own {
		t.Errorf("%d tallies for all after %d: each row has one", len(tallies.few), few)
	}
}
