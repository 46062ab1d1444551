package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Cell counts the attempts of one profile in one quarter hour (or hour).
type Cell struct {
	Time    int64 // start, microseconds UTC; 0 for attempts of unknown time
	Profile int64
	N       int64
	Talked  int64 // answered with a known end
	TalkMS  int64
	Short   int64 // of Talked: under 6 s
}

// DelayKind names a distribution.
type DelayKind int

// The delays that are kept as distributions.
const (
	DelayPDD   DelayKind = 1 // t1 to the first response that tells the caller something
	DelayAlert DelayKind = 2 // t1 to the first 180
	DelayMedia DelayKind = 3 // t1 to the first 18x with SDP
	DelayFail  DelayKind = 4 // t1 to the failure response (SRD, failed)
	DelayReg   DelayKind = 5 // registration request delay (RRD)
	DelayBye   DelayKind = 6 // session disconnect delay (SDD)
)

// Delay counts delays of one kind that fell into one bucket.
type Delay struct {
	Time    int64
	Profile int64
	Kind    DelayKind
	Bucket  int
	N       int64
}

// Cells reads the roll-up of [from, to), microseconds UTC (both 0: everything),
// summed to steps of step microseconds, a multiple of Quarter, in order of time
// and profile.
func (db *DB) Cells(ctx context.Context, from, to, step int64) ([]Cell, error) {
	s := steps{step: step}
	err := db.EachCell(ctx, from, to, s.add)
	slices.SortFunc(s.cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Profile, b.Profile)) })
	return s.cells, err
}

// EachCell reads the roll-up of [from, to) by quarter hours: in the order of its
// key, though nobody promises it. left is about how many are to come, this
// one with them.
func (db *DB) EachCell(ctx context.Context, from, to int64, f func(c Cell, left int)) error {
	return db.eachCell(ctx, `quarter, profile, n, talked, talk_ms, short`, 6, from, to, func(v []int64, left int) {
		f(Cell{v[0] * Quarter, v[1], v[2], v[3], v[4], v[5]}, left)
	})
}

// EachCount is EachCell without what was talked: a tenth to a fifth less time.
func (db *DB) EachCount(ctx context.Context, from, to int64, f func(c Cell)) error {
	return db.eachCell(ctx, `quarter, profile, n`, 3, from, to, func(v []int64, _ int) {
		f(Cell{Time: v[0] * Quarter, Profile: v[1], N: v[2]})
	})
}

// A period of the roll-up is read by days, or in this many parts if it is longer: the
// memory of one part is used again for the next, and fresh memory for all of a week
// took a sixth of a breakdown's time.
const (
	cellDay   = 96 // quarter hours
	cellParts = 16
)

func (db *DB) eachCell(ctx context.Context, columns string, width int, from, to int64, f func(v []int64, left int)) error {
	return db.snapshot(ctx, func(tx *sql.Tx) error {
		at, end := from/Quarter, quarterEnd(to)
		step := max(cellDay, (end-at)/cellParts)
		if to == 0 {
			step = end - at
		}
		for ; at < end; at += step {
			days := 1 // that are about as long, this one with them
			if step == cellDay {
				days = int((end-at-1)/step) + 1
			}
			err := eachNumbers(ctx, tx, columns, `rollup WHERE quarter >= ? AND quarter < ?`, []any{at, min(at+step, end)}, width, func(v []int64, left int) {
				f(v, left*days)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// steps sums cells to longer steps while they are read, which takes less than
// GROUP BY or keeping them all.
type steps struct {
	step  int64
	cells []Cell
	at    []int // by profile, whose ids are dense: its last place in cells
}

func (s *steps) add(c Cell, left int) {
	if s.step == Quarter {
		s.cells = append(slices.Grow(s.cells, left), c)
		return
	}
	c.Time -= c.Time % s.step
	if c.Profile >= int64(len(s.at)) {
		s.at = append(s.at, make([]int, c.Profile+1-int64(len(s.at)))...)
	}
	if i := s.at[c.Profile]; i < len(s.cells) && s.cells[i].Profile == c.Profile && s.cells[i].Time == c.Time {
		s.cells[i].plus(c)
		return
	}
	if len(s.cells) == cap(s.cells) { // not more than a half of what is to come: fresh memory costs more than the rows
		s.cells = slices.Grow(s.cells, max(left/2, len(s.cells)/4, 16))
	}
	s.at[c.Profile] = len(s.cells)
	s.cells = append(s.cells, c)
}

// Delays reads the distributions of the given kinds in [from, to), summed over
// time, in order of kind, profile and bucket.
func (db *DB) Delays(ctx context.Context, from, to int64, kinds ...DelayKind) ([]Delay, error) {
	sums := map[Delay]int64{}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		return eachNumbers(ctx, tx, `kind, profile, bucket, n`, `delay WHERE quarter >= ? AND quarter < ?`, []any{from / Quarter, quarterEnd(to)}, 4, func(v []int64, _ int) {
			if d := (Delay{Time: from, Kind: DelayKind(v[0]), Profile: v[1], Bucket: int(v[2])}); slices.Contains(kinds, d.Kind) {
				sums[d] += v[3]
			}
		})
	})
	list := make([]Delay, 0, len(sums))
	for d, n := range sums {
		d.N = n
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Delay) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Bucket, b.Bucket))
	})
	return list, err
}

func quarterEnd(to int64) int64 {
	if to == 0 {
		return 1 << 62
	}
	return (to + Quarter - 1) / Quarter
}

// DelayHours is Delays with the profiles summed and the hours kept: the delays of
// one kind in [from, to) of the given profiles, by hour UTC.
func (db *DB) DelayHours(ctx context.Context, from, to int64, kind DelayKind, profiles map[int64]bool) ([]Delay, error) {
	ids := make([]string, 0, len(profiles))
	for _, id := range slices.Sorted(maps.Keys(profiles)) {
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	var list []Delay
	err := db.each(ctx, `SELECT quarter / 4, bucket, sum(n) FROM delay WHERE quarter >= ? AND quarter < ? AND kind = ? AND profile IN (`+strings.Join(ids, ",")+`)
		GROUP BY 1, 2 ORDER BY 1, 2`, []any{from / Quarter, quarterEnd(to), int(kind)}, func(r *sql.Rows) error {
		d := Delay{Kind: kind}
		err := r.Scan(&d.Time, &d.Bucket, &d.N)
		d.Time *= 4 * Quarter
		list = append(list, d)
		return err
	})
	return list, err
}

// AttemptMinutes counts the rows that begin in [from, to) by minute and profile.
func (db *DB) AttemptMinutes(ctx context.Context, from, to int64) ([]Cell, error) {
	var list []Cell
	err := db.each(ctx, `SELECT start / 60000000, profile, count(*) FROM attempt WHERE start >= ? AND start < ? GROUP BY 1, 2 ORDER BY 1, 2`, []any{from, to}, func(r *sql.Rows) error {
		var c Cell
		err := r.Scan(&c.Time, &c.Profile, &c.N)
		c.Time *= minuteUS
		list = append(list, c)
		return err
	})
	return list, err
}
