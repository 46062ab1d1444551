package analyze

import (
	"cmp"
	"slices"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// daily sums the selected cells by local day.
func daily[T any](d Data, s *selection, days []time.Time, add func(*T, Cell, *store.Profile)) []T {
	rows := make([]T, len(days))
	s.cells(d, func(c Cell, p *store.Profile) {
		i, found := slices.BinarySearchFunc(days, time.UnixMicro(c.Time), time.Time.Compare)
		if !found {
			i--
		}
		if i >= 0 {
			add(&rows[i], c, p)
		}
	})
	return rows
}

// dayEnd is where the i-th day ends.
func dayEnd(days []time.Time, i int) time.Time {
	y, m, d := days[i].Date()
	return dayStart(y, m, d+1, days[i].Location())
}

// dayClasses counts each day's calls by class; all calls, flagged ones too.
func dayClasses(d Data, q Query) []DayClasses {
	days, cover := daysOf(q.Period), coverageOf(d, q.Period)
	rows := daily(d, selectFrom(d, q, nil), days, func(row *DayClasses, c Cell, p *store.Profile) {
		if row.Counts == nil {
			row.Counts = map[string]int64{}
		}
		row.Counts[classOf(p)] += c.N
	})
	for i := range rows {
		rows[i].Day = days[i]
		rows[i].Data = len(rows[i].Counts) > 0 || cover.touches(days[i], dayEnd(days, i))
		if rows[i].Counts == nil {
			rows[i].Counts = map[string]int64{}
		}
	}
	return rows
}

// dayRatios is each day's ASR and NER, of what the headline counts.
func dayRatios(d Data, q Query) []DayRatios {
	type sums struct{ count, answered, rated, ner, nerRated int64 }
	days, cover := daysOf(q.Period), coverageOf(d, q.Period)
	rows := daily(d, selectFrom(d, q, q.headline()), days, func(s *sums, c Cell, p *store.Profile) {
		s.count += c.N
		if rated(p) {
			s.rated += c.N
		}
		if p.Outcome == codes.Answered {
			s.answered += c.N
		}
		if nerRated(p) {
			s.nerRated += c.N
			if inNER(p) {
				s.ner += c.N
			}
		}
	})
	out := make([]DayRatios, len(rows))
	for i, s := range rows {
		out[i] = DayRatios{
			Day: days[i], Data: s.count > 0 || cover.touches(days[i], dayEnd(days, i)),
			ASR: ratio(s.answered, s.rated), NER: ratio(s.ner, s.nerRated),
		}
	}
	return out
}

// headline is the filter of headline figures; nil where the user asked by flag.
func (q Query) headline() func(*store.Profile) bool {
	if q.asksFlag() {
		return nil
	}
	return headline
}

// heat counts by weekday and hour of the zone.
func heat(d Data, q Query) Heat {
	var h Heat
	cover := coverageOf(d, q.Period)
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		t, ok := local(c.Time, q.zone())
		if !ok {
			return
		}
		cell := &h.Cells[(int(t.Weekday())+6)%7][t.Hour()]
		cell.Data = true
		cell.Count += c.N
		if rated(p) {
			cell.Rated += c.N
		}
		if p.Outcome == codes.Failed {
			cell.Failed += c.N
		}
	})
	if !q.Period.From.IsZero() && !q.Period.To.IsZero() {
		h.clock(q, cover)
	}
	h.MinCount = h.minCount()
	return h
}

// clock walks the period by quarter hours, which every zone's hours are made of.
func (h *Heat) clock(q Query, cover coverage) {
	for t := q.Period.From; t.Before(q.Period.To); t = t.Add(15 * time.Minute) {
		w := t.In(q.zone())
		cell := &h.Cells[(int(w.Weekday())+6)%7][w.Hour()]
		cell.Hours += .25
		cell.Data = cell.Data || cover.touches(t, t.Add(15*time.Minute))
	}
	for _, day := range daysOf(q.Period) {
		y, m, d := day.Date()
		for hour := range 24 {
			t := time.Date(y, m, d, hour, 0, 0, 0, day.Location())
			cell := &h.Cells[(int(day.Weekday())+6)%7][hour]
			cell.Missing = cell.Missing || t.Hour() != hour && cell.Hours == 0
		}
	}
}

// minCount is 20 (weekly_report.md §2) where a usual hour has as many calls; on a
// smaller site the median hour, so that not all of the map is hatched, but
// never under 5.
func (h *Heat) minCount() int64 {
	var counts []int64
	for _, day := range h.Cells {
		for _, c := range day {
			if c.Count > 0 {
				counts = append(counts, c.Count)
			}
		}
	}
	if len(counts) == 0 {
		return 20
	}
	slices.Sort(counts)
	return min(20, max(5, counts[len(counts)/2]))
}

// codeRows is the table of response codes, largest first.
func codeRows(d Data, q Query) []CodeRow {
	q.By = []string{"class", "code"}
	b, _ := countBy(d, q)
	causes := tops[int]{}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome != codes.Answered && p.Cause != "" {
			causes.add(p.Code, p.Cause, c.N)
		}
	})
	examples := exampleCalls(d, q, func(p *store.Profile) int { return p.Code })
	finals := b.Total.Count - b.Total.InProgress
	var rows []CodeRow
	for _, r := range b.Rows() {
		row := CodeRow{
			Class: r.Keys[0], Code: r.Code, Label: codes.Label(r.Code), Tally: r.Tally,
			OfFinals: ratio(r.Count-r.InProgress, finals), OfFailures: b.FailureShare(*r),
			TopCause: causes.top(r.Code), Examples: examples[r.Code],
		}
		if entry, ok := codes.SIP(r.Code); ok {
			row.Meaning, row.FirstCheck = entry.Meaning, entry.FirstCheck
		}
		rows = append(rows, row)
	}
	return rows
}

// tops counts names within groups.
type tops[K comparable] map[K]map[string]int64

func (t tops[K]) add(group K, name string, n int64) {
	if t[group] == nil {
		t[group] = map[string]int64{}
	}
	t[group][name] += n
}

// top is the most frequent name, of equals the first in the alphabet.
func (t tops[K]) top(group K) string {
	var best string
	for name, n := range t[group] {
		if m := t[group][best]; best == "" || n > m || n == m && name < best {
			best = name
		}
	}
	return best
}

const maxExamples = 3

// exampleCalls are the first calls of each group that are not answered.
func exampleCalls[K comparable](d Data, q Query, groupOf func(*store.Profile) K) map[K][]string {
	if d.Calls == nil && d.few != nil {
		return fewExamples(d, q, groupOf)
	}
	first := map[K][]Call{}
	selectFrom(d, q, nil).calls(d, func(c Call, p *store.Profile) {
		if p.Outcome == codes.Answered || c.Name == "" {
			return
		}
		k := groupOf(p)
		list := append(first[k], c)
		slices.SortFunc(list, earlier)
		first[k] = list[:min(len(list), maxExamples)]
	})
	names := map[K][]string{}
	for k, list := range first {
		names[k] = firstNames(list)
	}
	return names
}

// fewExamples reads the first calls of each group from the quarter hour in which
// the roll-up has the first of them.
func fewExamples[K comparable](d Data, q Query, groupOf func(*store.Profile) K) map[K][]string {
	type place struct {
		at       int64
		profiles map[int64]bool
	}
	first := map[K]place{}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		if p.Outcome == codes.Answered {
			return
		}
		k := groupOf(p)
		f, ok := first[k]
		if !ok || c.Time < f.at {
			f = place{c.Time, map[int64]bool{}}
		}
		if c.Time == f.at {
			f.profiles[p.ID] = true
		}
		first[k] = f
	})
	names := map[K][]string{}
	for k, f := range first {
		names[k] = firstNames(d.few(f.profiles, f.at, f.at+d.step(), maxExamples))
	}
	return names
}

func earlier(a, b Call) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// groupRows is one row for each value of a key, largest first, flagged calls too.
func groupRows(d Data, q Query, of func(*store.Profile) string) []GroupRow {
	type sums struct {
		Tally
		ner, nerRated int64
		first, last   int64
	}
	groups, failures := map[string]*sums{}, tops[string]{}
	selectFrom(d, q, nil).cells(d, func(c Cell, p *store.Profile) {
		name := of(p)
		g := groups[name]
		if g == nil {
			g = &sums{first: c.Time, last: c.Time}
			groups[name] = g
		}
		g.add(c.Cell, p.Outcome)
		g.first, g.last = min(g.first, c.Time), max(g.last, c.Time)
		if nerRated(p) {
			g.nerRated += c.N
			if inNER(p) {
				g.ner += c.N
			}
		}
		if p.Outcome == codes.Failed {
			failures.add(name, codes.Label(p.Code), c.N)
		}
	})
	rows := make([]GroupRow, 0, len(groups))
	for name, g := range groups {
		r := GroupRow{
			Name: name, Tally: g.Tally, TopCode: failures.top(name),
			ASR: ratio(g.Answered, g.Rated()), NER: ratio(g.ner, g.nerRated), Failure: ratio(g.Failed, g.Rated()),
		}
		r.First, _ = local(floor(g.first, quarter), q.zone())
		r.Last, _ = local(floor(g.last, quarter), q.zone())
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b GroupRow) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return rows
}
