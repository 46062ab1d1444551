package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"unsafe"
)

// CallerQuery says which rows EachCaller reads, and what of them beside profile and
// caller: each value that is not asked for saves a tenth of the time.
type CallerQuery struct {
	From, To    int64 // rows that begin in [From, To), microseconds UTC; To 0: no end
	Start, Talk bool
}

// CallerRow is what a breakdown by caller counts.
type CallerRow struct {
	Profile int64
	Start   int64 // 0 where not asked for
	Talk    int64 // -1 where not asked for
	Caller  string
}

// callersAtOnce bounds how many rows EachCaller reads in one statement; four times as
// many took no less time. Where to stop is looked up in the index first: a statement
// with a LIMIT, and the place of each row to go on from, took half as long again.
const callersAtOnce = 25_000

// EachCaller hands out the rows that the query selects. The caller's text is only valid
// during the call. f runs beside the reading of the next rows, which takes about as long
// as counting what was read.
func (db *DB) EachCaller(ctx context.Context, q CallerQuery, f func(*CallerRow)) error {
	if q.To == 0 {
		q.To = 1 << 62
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := callerReader{CallerQuery: q, ctx: ctx, full: make(chan []byte, 1), used: make(chan []byte, 3)}
	var readErr, err error
	go func() {
		defer close(r.full)
		readErr = db.snapshot(ctx, r.read)
	}()
	for data := range r.full {
		if err == nil {
			if err = q.unpack(data, f); err != nil {
				cancel()
			}
		}
		r.used <- data[:0]
	}
	if err != nil {
		return db.explain(err)
	}
	return readErr
}

// callerReader reads packed rows, some at a time.
type callerReader struct {
	CallerQuery
	ctx  context.Context
	tx   *sql.Tx
	full chan []byte
	used chan []byte // there are at most three: one is filled, one waits, one is unpacked
}

func (r *callerReader) read(tx *sql.Tx) error {
	r.tx = tx
	for from := r.From; from < r.To; {
		to, err := r.after(`SELECT start FROM attempt WHERE start >= ? AND start < ? ORDER BY start LIMIT 1 OFFSET ?`, r.To, from, r.To)
		switch {
		case err != nil:
		case to > from:
			err = r.rows(`start >= ? AND start < ?`, from, to)
		default: // as many at one time: records without a time, for one
			err = r.readAt(from)
			to++
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// readAt reads the rows that begin at one time.
func (r *callerReader) readAt(start int64) error {
	for id := int64(math.MinInt64); id < math.MaxInt64; {
		last, err := r.after(`SELECT id FROM attempt WHERE start = ? AND id > ? ORDER BY id LIMIT 1 OFFSET ?`, math.MaxInt64, start, id)
		if err == nil {
			err = r.rows(`start = ? AND id > ? AND id <= ?`, start, id, last)
		}
		if err != nil {
			return err
		}
		id = last
	}
	return nil
}

// after is where to stop reading: what the query finds after as many rows as are read
// at once, or else end.
func (r *callerReader) after(query string, end int64, args ...any) (int64, error) {
	err := r.tx.QueryRowContext(r.ctx, query, append(args, callersAtOnce)...).Scan(&end)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return end, err
}

func (r *callerReader) rows(where string, args ...any) error {
	columns := `profile`
	if r.Start {
		columns += `, start`
	}
	if r.Talk {
		columns += `, talk_ms`
	}
	var buf []byte
	select {
	case buf = <-r.used:
	default:
	}
	err := packedRows(r.ctx, r.tx, columns+`, caller`, `attempt WHERE `+where, args, func(data []byte) error {
		buf = append(buf, data...)
		return nil
	})
	if err == nil {
		r.full <- buf
	}
	return err
}

// unpack hands out packed rows.
func (q CallerQuery) unpack(data []byte, f func(*CallerRow)) error {
	row := CallerRow{Talk: -1}
	var numbers []*int64
	for _, n := range []struct {
		asked bool
		to    *int64
	}{{true, &row.Profile}, {q.Start, &row.Start}, {q.Talk, &row.Talk}} {
		if n.asked {
			numbers = append(numbers, n.to)
		}
	}
	for len(data) > 0 {
		for _, to := range numbers {
			h, k := binary.Uvarint(data)
			if k <= 0 || h&3 != kindNumber {
				return errPacked
			}
			*to, data = unpackNumber(h), data[k:]
		}
		h, k := binary.Uvarint(data)
		size := int(h >> 2)
		if k <= 0 || h&3 != kindText || size > len(data)-k {
			return errPacked
		}
		caller := data[k : k+size]
		row.Caller, data = unsafe.String(unsafe.SliceData(caller), size), data[k+size:]
		f(&row)
	}
	return nil
}
