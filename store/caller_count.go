package store

import (
	"context"
	"database/sql"
	"encoding/binary"
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
		e.Text = unsafe.Slice(unsafe.StringData(caller), len(caller)) // it is only read
	}
	part := e.Caller.part()
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
	b := &im.callerRows
	b.begin()
	b.number(int64(part))
	b.number(p.first)
	b.number(p.last)
	b.blob(p.data)
}

// flushCallers brings table caller_count up to date. What was taken out stands in it
// still, with what takes it back: where nothing of that may stay, all is counted anew.
func (im *Import) flushCallers() {
	im.callers.flush()
	if !im.db.erasing {
		return
	}
	im.exec(`DELETE FROM caller_count`)
	if im.err == nil {
		im.err = fillCallers(im.tx)
	}
}

// idsAtOnce is how many rows are read at once where all are read in the order of
// their ids.
const idsAtOnce = 50_000

// fillCallers makes table caller_count, which is empty, from the rows.
func fillCallers(tx *sql.Tx) error {
	ctx := context.Background()
	var storeErr error
	c := callerCounts{full: func(part int, p *callerPack) {
		if _, err := tx.Exec(`INSERT INTO caller_count (part, first, last, data) VALUES (?, ?, ?, ?)`, part, p.first, p.last, p.data); err != nil && storeErr == nil {
			storeErr = err
		}
	}}
	var id, last int64
	err := tx.QueryRow(`SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM attempt`).Scan(&id, &last)
	for ; err == nil && id <= last; id += idsAtOnce {
		var rows []byte
		err = packedRows(ctx, tx, `profile, start, caller`, `attempt WHERE id >= ? AND id < ?`, []any{id, id + idsAtOnce}, func(data []byte) error {
			rows = append(rows, data...)
			return nil
		})
		if err == nil {
			err = CallerQuery{Start: true}.unpack(rows, func(r *CallerRow) { c.add(r.Caller, r.Start, r.Profile, 1) })
		}
	}
	c.flush()
	if err == nil {
		err = storeErr
	}
	return err
}

// CallerPart is what table caller_count holds of a part of the callers.
type CallerPart struct {
	from, to int64  // quarter hours
	packs    []byte // each behind its size, see blobs
}

// Each hands out the part's entries. They have no order, and some may take back others.
// An entry is only valid during the call.
func (p *CallerPart) Each(f func(*CallerEntry)) error {
	for rest := p.packs; len(rest) > 0; {
		size := binary.LittleEndian.Uint32(rest)
		if err := unpackCallers(rest[4:4+size], p.from, p.to, f); err != nil {
			return err
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
			*p = CallerPart{from: from / Quarter, to: quarterEnd(to), packs: p.packs[:0]}
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
