package analyze

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
					one.Talked, one.TalkMS, one.Short = 1, r.Int64N(100_000), r.Int64N(2)
				}
				s.Cells = append(s.Cells, one)
			}
		}
		s.Profiles[s.Cells[0].Profile].Outcome = "some other"
		s.Cells[1].N, s.Cells[1].Talked = 0, 0
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
			table.count(uint32(i%3), fmt.Sprint(i/3, strings.Repeat("x", i%20))).add(store.Cell{N: 1, Talked: 1, TalkMS: int64(round)}, 0)
		}
	}
	if table.n != callers || len(table.slots) > 4*callers {
		t.Fatalf("%d counts in %d slots, want %d", table.n, len(table.slots), callers)
	}
	for i := range callers {
		c := table.counted(uint32(i))
		if want := (Tally{Count: 3, Answered: 3, Talked: 3, TalkMS: 3}); c.tally() != want || c.group != uint32(i%3) || table.text(c) != fmt.Sprint(i/3, strings.Repeat("x", i%20)) {
			t.Fatalf("count %d: %q of group %d: %+v, want %+v", i, table.text(c), c.group, c.tally(), want)
		}
	}
}
