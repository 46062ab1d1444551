package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"unsafe"
)

// fullCallerPack is how many bytes of a part are stored at once: all parts together
// gather half a megabyte, and a row takes two pages.
const fullCallerPack = 16 << 10

// callerSchema is the version of the schema from which on there is table caller_count.
const callerSchema = 7

// callerCounts gather what table caller_count gets.
type callerCounts struct {
	packs [callerParts]callerPack
	full  func(part int, p *callerPack) // stores a pack
}

// add counts a row of a caller n times, 1 or -1.
func (c *callerCounts) add(caller string, start, profile, n int64) {
	e := CallerEntry{Quarter: start / Quarter, Profile: profile, N: n}
	var ok bool
	if e.Caller, ok = CallerOf(caller); !ok {
		e.Text = unsafe.Slice(unsafe.StringData(caller), len(caller)) // only read, and only until it is packed
	}
	part := e.part()
	p := &c.packs[part]
	p.add(&e)
	if len(p.data) >= fullCallerPack {
		c.full(part, p)
		p.data = p.data[:0]
	}
}

// flush stores what was gathered.
func (c *callerCounts) flush() {
	for part := range c.packs {
		if p := &c.packs[part]; len(p.data) > 0 {
			c.full(part, p)
			p.data = p.data[:0]
		}
	}
}

// countCaller adds a row to the counts by caller, or takes it out with n = -1.
func (im *Import) countCaller(a *Attempt, profile, n int64) {
	if !im.db.erasing { // else all are counted anew
		im.callers.add(a.Caller, a.Start, profile, n)
	}
}

func (im *Import) storeCallers(part int, p *callerPack) {
	im.callersTaken = im.callersTaken || p.fewer > 0
	b := &im.callerRows
	b.begin()
	for _, n := range [...]int64{int64(part), p.first, p.last, p.fewer} {
		b.number(n)
	}
	b.blob(p.data)
}

// fewerAllowed is how many entries may take back others, beside half as many as there
// are rows, before all is counted anew.
const fewerAllowed = 10_000

// flushCallers brings table caller_count up to date. What was taken out stands in it
// still, with what takes it back. Where nothing of that may stay, or where it is too
// much (dialogs without an end are assembled again by every import), all rows are
// counted anew: a second for some millions.
func (im *Import) flushCallers() {
	im.callers.flush()
	anew := im.db.erasing
	if im.callersTaken && !anew {
		im.query(`SELECT (SELECT sum(fewer) FROM caller_count) > ? + (SELECT coalesce(sum(n), 0) FROM profile_total) / 2`, []any{fewerAllowed}, func(r *sql.Rows) error { return r.Scan(&anew) })
	}
	if !anew {
		return
	}
	im.exec(`DELETE FROM caller_count`)
	if im.err == nil {
		im.err = fillCallers(context.Background(), im.tx)
	}
}

// rowsAtOnce is how many rows are read at once where all are read in the order of
// their ids.
const rowsAtOnce = 50_000

// fillCallers makes table caller_count, which is empty, from the rows.
func fillCallers(ctx context.Context, tx *sql.Tx) error {
	var storeErr error
	c := callerCounts{full: func(part int, p *callerPack) {
		if _, err := tx.Exec(`INSERT INTO caller_count (part, first, last, fewer, data) VALUES (?, ?, ?, ?, ?)`, part, p.first, p.last, p.fewer, p.data); err != nil && storeErr == nil {
			storeErr = err
		}
	}}
	for id, last := int64(math.MinInt64), int64(0); id < math.MaxInt64; id = last {
		last = math.MaxInt64
		err := tx.QueryRowContext(ctx, `SELECT id FROM attempt WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?`, id, rowsAtOnce).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var rows []byte
		err = packedRows(ctx, tx, `profile, start, caller`, `attempt WHERE id > ? AND id <= ?`, []any{id, last}, func(data []byte) error {
			rows = append(rows, data...)
			return nil
		})
		if err == nil {
			err = CallerQuery{Start: true}.unpack(rows, func(r *CallerRow) { c.add(r.Caller, r.Start, r.Profile, 1) })
		}
		if err != nil {
			return err
		}
	}
	c.flush()
	return storeErr
}

// CallerPart is what table caller_count holds of a part of the callers.
type CallerPart struct {
	db       *DB
	from, to int64  // quarter hours
	packs    []byte // each behind its size, see blobs
}

// Each hands out the part's entries. They have no order, and some may take back others.
// An entry is only valid during the call.
func (p *CallerPart) Each(f func(*CallerEntry)) error {
	for rest := p.packs; len(rest) > 0; {
		size := binary.LittleEndian.Uint32(rest)
		if err := unpackCallers(rest[4:4+size], p.from, p.to, f); err != nil {
			return p.db.explain(err)
		}
		rest = rest[4+size:]
	}
	return nil
}

// CallerParts hands out how the calls that begin in [from, to), microseconds UTC on
// quarter hours (to 0: no end), count by caller, one part of the callers after the
// other: a caller's entries are all in the same. next gives the CallerPart to fill, a
// new or a used one, and f gets it.
func (db *DB) CallerParts(ctx context.Context, from, to int64, next func() *CallerPart, f func(*CallerPart)) error {
	return db.snapshot(ctx, func(tx *sql.Tx) error {
		for part := range callerParts {
			p := next()
			*p = CallerPart{db: db, from: from / Quarter, to: quarterEnd(to), packs: p.packs[:0]}
			var err error
			p.packs, err = blobs(ctx, tx, p.packs, `data`, `caller_count WHERE part = ? AND first < ? AND last >= ?`, []any{part, p.to, p.from})
			if err != nil {
				return err
			}
			f(p)
		}
		return nil
	})
}
