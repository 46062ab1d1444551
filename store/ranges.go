package store

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"
)

// ranges are stretches of time that sources cover, in order and apart from each other.
type ranges [][2]int64

// add brings in one more, and what it overlaps becomes one with it.
func (r *ranges) add(from, to int64) {
	list := *r
	i, _ := slices.BinarySearchFunc(list, from, func(x [2]int64, t int64) int { return cmp.Compare(x[1], t) })
	j := i
	for ; j < len(list) && list[j][0] <= to; j++ {
		from, to = min(from, list[j][0]), max(to, list[j][1])
	}
	*r = slices.Replace(list, i, j, [2]int64{from, to})
}

// sourceTimes are the times of the sources that have ended, by what they hold:
// "messages", "cdrs" or the name of a format. Each is read once in an import:
// reading them again for each of a hundred thousand files took hours.
type sourceTimes map[string]*ranges

// times are those of what sources hold; the caller must not keep them over the
// end of a source.
func (im *Import) times(what string) ranges {
	if r := im.covered[what]; r != nil {
		return *r
	}
	r := &ranges{}
	where, args := what+` > 0`, []any{im.Source.ID}
	if what != "messages" && what != "cdrs" {
		where, args = `'+' || format || '+' LIKE '%+' || ? || '+%'`, []any{what, im.Source.ID}
	}
	im.query(`SELECT first_time, last_time FROM source WHERE `+where+` AND id <> ? AND first_time > 0`, args, func(rows *sql.Rows) error {
		var from, to int64
		err := rows.Scan(&from, &to)
		r.add(from, to)
		return err
	})
	if im.covered == nil {
		im.covered = sourceTimes{}
	}
	im.covered[what] = r
	return *r
}

// ended adds the times of a source that has ended.
func (t sourceTimes) ended(s *Source) {
	if s.First == 0 {
		return
	}
	for what, r := range t {
		if what == "messages" && s.Messages > 0 || what == "cdrs" && s.CDRs > 0 || slices.Contains(strings.Split(s.Format, "+"), what) {
			r.add(s.First, s.Last)
		}
	}
}

// Ranges lists the times that other sources of a format cover.
func (im *Import) Ranges(format string) [][2]int64 { return im.times(format) }

// Watched lists the times that the sources which hold SIP messages cover, this
// one as far as it was read.
func (im *Import) Watched() [][2]int64 {
	list := im.times("messages")
	if im.Source.Messages > 0 && im.Source.First > 0 {
		list = slices.Clone(list)
		list.add(im.Source.First, im.Source.Last)
	}
	return list
}

// OtherRanges lists the times that sources other than s cover which hold SIP
// messages, or records, by the clock that all are put to.
func (im *Import) OtherRanges(sip bool, s *Source) [][2]int64 {
	what, own := "messages", s.Messages
	if !sip {
		what, own = "cdrs", s.CDRs
	}
	if own == 0 && !im.clocksDiffer() {
		return im.times(what)
	}
	var list ranges
	im.query(`SELECT s.first_time - coalesce(c.applied, 0), s.last_time - coalesce(c.applied, 0) FROM source s LEFT JOIN clock c ON c.source = s.id
		WHERE s.`+what+` > 0 AND s.first_time > 0 AND s.id <> ?`, []any{s.ID}, func(r *sql.Rows) error {
		var from, to int64
		err := r.Scan(&from, &to)
		list.add(from, to)
		return err
	})
	return list
}

// clocksDiffer reports whether any source's times are put to another's clock.
func (im *Import) clocksDiffer() (differ bool) {
	im.look(`SELECT EXISTS (SELECT 1 FROM clock WHERE applied <> 0)`, nil, func(r *sql.Rows) error { return r.Scan(&differ) })
	return differ
}
