package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"callsift/store/codes"
)

// Minute counts what began and ended in one minute: INVITE calls at call scope.
// Running sums of it are the conversations at the minute's start, exactly, so
// the busiest moment of a year is found without reading its calls.
type Minute struct {
	Start    int64 // microseconds UTC
	Begun    int64 // first INVITEs
	Answered int64 // conversations begun
	Ended    int64 // conversations ended
}

const minuteUS = 60_000_000

// UnknownTalkMS is how long a conversation of unknown end is taken to last: the
// default Session-Expires of RFC 4028.
const UnknownTalkMS = 1_800_000

// Conversation is when the talk of an answered call began and ended,
// microseconds; known is false where the end is assumed.
func (a *Attempt) Conversation() (from, to int64, known bool) {
	from = a.Start + max(0, a.Setup)*1000
	if a.Talk < 0 {
		return from, from + UnknownTalkMS*1000, false
	}
	return from, from + a.Talk*1000, true
}

// countMinute adds a call to the minutes, or takes it out with n = -1.
func (im *Import) countMinute(a *Attempt, n int64) {
	if a.Start <= 0 || a.Profile.Method != "INVITE" || a.Profile.Scope < ScopeCall {
		return
	}
	im.minute(a.Start).begun += n
	if a.Profile.Outcome != codes.Answered {
		return
	}
	if from, to, _ := a.Conversation(); to > from { // else: never two at once
		im.minute(from).answered += n
		im.minute(to).ended += n
	}
}

// minuteSlots: a source's calls are near each other in time, so that nearly all
// counts of an import fall into these few slots and the map stays out of the way.
const minuteSlots = 1024

type minuteCount struct{ minute, begun, answered, ended int64 }

// minute is where to count at a time.
func (im *Import) minute(t int64) *minuteCount {
	k := t / minuteUS
	m := &im.minutes[k&(minuteSlots-1)]
	if m.minute != k {
		im.storeMinute(m)
		*m = minuteCount{minute: k}
	}
	return m
}

func (im *Import) storeMinutes() {
	for i := range im.minutes {
		im.storeMinute(&im.minutes[i])
		im.minutes[i] = minuteCount{}
	}
}

func (im *Import) storeMinute(m *minuteCount) {
	if m.begun == 0 && m.answered == 0 && m.ended == 0 {
		return
	}
	b := &im.minuteRows
	b.begin()
	for _, n := range [...]int64{m.minute, m.begun, m.answered, m.ended} {
		b.number(n)
	}
	if m.begun < 0 || m.answered < 0 || m.ended < 0 {
		im.exec(`DELETE FROM minute WHERE minute = ? AND begun = 0 AND answered = 0 AND ended = 0`, m.minute)
	}
}

// Minutes lists the minutes of [from, to), microseconds UTC, and how many
// conversations were going on at from.
func (db *DB) Minutes(ctx context.Context, from, to int64) (list []Minute, active int64, err error) {
	if to == 0 {
		to = 1 << 62
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(answered - ended), 0) FROM minute WHERE minute < ?`, from/minuteUS).Scan(&active); err != nil {
			return err
		}
		return eachNumbers(ctx, tx, `minute, begun, answered, ended`, `minute WHERE minute >= ? AND minute < ?`, []any{from / minuteUS, to / minuteUS}, 4, func(v []int64, left int) {
			list = slices.Grow(list, left)
			list = append(list, Minute{v[0] * minuteUS, v[1], v[2], v[3]})
		})
	})
	slices.SortFunc(list, func(a, b Minute) int { return cmp.Compare(a.Start, b.Start) })
	return list, active, err
}
