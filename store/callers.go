package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"unsafe"
)

// callersAtOnce bounds how many rows EachCaller reads in one statement.
const callersAtOnce = 100_000

// EachCaller hands out the calling numbers of the rows that begin in [from, to),
// microseconds UTC (to 0: no end), each with its profile, start and talk: what a
// breakdown by caller counts. The text is only valid during the call.
func (db *DB) EachCaller(ctx context.Context, from, to int64, f func(start, profile, talk int64, caller string)) error {
	if to == 0 {
		to = 1 << 62
	}
	return db.snapshot(ctx, func(tx *sql.Tx) error {
		last := int64(-1) // id of the last row, which began at from
		for n := callersAtOnce; n == callersAtOnce; {
			n = 0
			err := packedRows(ctx, tx, `start, id, profile, talk_ms, caller`,
				`(SELECT start, id, profile, talk_ms, caller FROM attempt WHERE start >= ? AND (start > ? OR id > ?) AND start < ? ORDER BY start, id LIMIT ?)`,
				[]any{from, from, last, to, callersAtOnce}, func(data []byte) error {
					for len(data) > 0 {
						var v [4]int64
						for i := range v {
							h, k := binary.Uvarint(data)
							if k <= 0 || h&3 != kindNumber {
								return errPacked
							}
							v[i], data = unpackNumber(h), data[k:]
						}
						h, k := binary.Uvarint(data)
						if size := int(h >> 2); k <= 0 || h&3 != kindText || size > len(data)-k {
							return errPacked
						}
						caller := data[k : k+int(h>>2)]
						data = data[k+len(caller):]
						if v[0] > from || v[0] == from && v[1] > last {
							from, last = v[0], v[1]
						}
						f(v[0], v[2], v[3], unsafe.String(unsafe.SliceData(caller), len(caller)))
						n++
					}
					return nil
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
