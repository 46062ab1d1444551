package store

import (
	"database/sql"
	"strings"
	"unicode/utf8"

	"callsift/store/codes"
)

// Quarter is the length of a roll-up's cell in microseconds.
const Quarter = 900_000_000

// shortCallMS: an answered call shorter than this is a short call (metrics.md
// §1, ALOC): people hang up at once when the audio is broken.
const shortCallMS = 6000

// Add stores a row that stands alone (bundle 0 or a new one) and counts it.
// It returns the row's id.
func (im *Import) Add(a *Attempt) int64 {
	profile := im.profileID(&a.Profile)
	im.count(a, profile, 1)
	return im.attempts.add(a, profile)
}

// count adds a row to the roll-ups, or takes it out with n = -1.
func (im *Import) count(a *Attempt, profile, n int64) {
	key := cellKey{a.Start / Quarter, profile}
	c := im.cells[key]
	c.N += n
	if a.Talk >= 0 && a.Profile.Outcome == codes.Answered {
		c.Talked += n
		c.TalkMS += n * a.Talk
		if a.Talk < shortCallMS {
			c.Short += n
		}
	}
	im.cells[key] = c
	for kind, ms := range a.delays() {
		if ms >= 0 {
			im.delays[delayKey{key.quarter, profile, DelayKind(kind), DelayBucket(ms)}] += n
		}
	}
	// The maps hold what has changed since the last flush; cells of a long
	// import would otherwise grow with the file.
	if len(im.cells) > 100_000 || len(im.delays) > 100_000 {
		im.flushCells()
	}
}

// delays lists the delays that are kept as distributions, by DelayKind.
func (a *Attempt) delays() [DelayBye + 1]int64 {
	d := [DelayBye + 1]int64{-1, a.PDD, a.Alert, a.Media, -1, -1, a.Bye}
	switch {
	case a.Profile.Method == "REGISTER" && a.Profile.Outcome == codes.Answered:
		d[DelayReg] = a.Setup
	case a.Profile.Outcome == codes.Failed && a.Profile.Code > 0:
		d[DelayFail] = a.Setup
	}
	return d
}

func (im *Import) flushCells() {
	for k, c := range im.cells {
		if c == (Cell{}) {
			continue
		}
		im.exec(`INSERT INTO rollup (quarter, profile, n, talked, talk_ms, short) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (quarter, profile) DO UPDATE SET n = n + excluded.n, talked = talked + excluded.talked, talk_ms = talk_ms + excluded.talk_ms, short = short + excluded.short`,
			k.quarter, k.profile, c.N, c.Talked, c.TalkMS, c.Short)
		if c.N < 0 {
			im.exec(`DELETE FROM rollup WHERE quarter = ? AND profile = ? AND n = 0`, k.quarter, k.profile)
		}
	}
	clear(im.cells)
	for k, n := range im.delays {
		if n == 0 {
			continue
		}
		im.exec(`INSERT INTO delay (quarter, profile, kind, bucket, n) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (quarter, profile, kind, bucket) DO UPDATE SET n = n + excluded.n`, k.quarter, k.profile, int(k.kind), k.bucket, n)
		if n < 0 {
			im.exec(`DELETE FROM delay WHERE quarter = ? AND profile = ? AND kind = ? AND bucket = ? AND n = 0`, k.quarter, k.profile, int(k.kind), k.bucket)
		}
	}
	clear(im.delays)
}

// Same counts the rows of other sources that say the same as a: what an
// overlapping export has brought already.
func (im *Import) Same(a *Attempt) int64 {
	im.attempts.flush()
	var n int64
	im.query(`SELECT count(*) FROM attempt WHERE start = ? AND source <> ? AND native_id = ? AND caller = ? AND callee = ? AND talk_ms = ? AND setup_ms = ? AND profile IN (?, ?)`,
		[]any{a.Start, im.Source.ID, a.NativeID, a.Caller, a.Callee, a.Talk, a.Setup, im.profileID(&a.Profile), im.joinedProfile(&a.Profile)},
		func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// joinedProfile is the id of the profile that a record of profile p has once it
// is joined into another call; 0: there is none.
func (im *Import) joinedProfile(p *Profile) int64 {
	key := p.key()
	key.Scope &^= ScopeCall
	return im.profiles.ids[key]
}

// Ranges lists the time ranges of other sources of a format.
func (im *Import) Ranges(format string) [][2]int64 {
	var list [][2]int64
	im.query(`SELECT first_time, last_time FROM source WHERE format = ? AND id <> ? AND first_time > 0`, []any{format, im.Source.ID}, func(r *sql.Rows) error {
		var w [2]int64
		err := r.Scan(&w[0], &w[1])
		list = append(list, w)
		return err
	})
	return list
}

// batch collects rows of one table and inserts them many at a time: through
// database/sql a row alone costs twice as much as one of fifty.
type batch struct {
	im    *Import
	args  []any
	rows  int
	next  int64 // id of the next row
	full  string
	width int
}

const batchRows = 50

func newBatch(im *Import, table string, width int) *batch {
	return &batch{im: im, width: width, full: insertSQL(table, width, batchRows), args: make([]any, 0, width*batchRows)}
}

func insertSQL(table string, width, rows int) string {
	row := "(" + strings.Repeat("?, ", width-1) + "?)"
	return "INSERT INTO " + table + " VALUES " + strings.Repeat(row+", ", rows-1) + row
}

// add queues a row and returns the id that it gets.
func (b *batch) add(a *Attempt, profile int64) int64 {
	if b.next == 0 {
		b.im.query(`SELECT coalesce(max(id), 0) FROM attempt`, nil, func(r *sql.Rows) error { return r.Scan(&b.next) })
		b.next++
	}
	id := b.next
	b.next++
	b.args = append(b.args, id, a.Call, a.Bundle, profile, a.Start, a.Caller, a.Callee, a.NativeID, a.PDD, a.Alert, a.Media, a.Setup, a.Talk, a.Bye, int64(a.Legs), a.Source, a.Offset, a.Length, a.Line)
	b.rows++
	if b.rows == batchRows {
		b.flush()
	}
	return id
}

func (b *batch) flush() {
	if b.rows == 0 {
		return
	}
	query := b.full
	if b.rows < batchRows {
		query = insertSQL("attempt", b.width, b.rows)
	}
	b.im.exec(query, b.args...)
	b.args, b.rows = b.args[:0], 0
}

func toValid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
