//go:build !plainrows

package store

// int callsift_packed_numbers(void);
import "C"

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// registerNumbers makes packed_numbers (pack.c) known to the connections opened
// from now on. Doing it twice is harmless.
func registerNumbers() error {
	if rc := C.callsift_packed_numbers(); rc != 0 {
		return fmt.Errorf("SQLite extension packed_numbers: result code %d", int(rc))
	}
	return nil
}

// eachNumbers runs f for every row of a query whose columns are whole numbers:
// SELECT columns rest. left is how many rows are to come, this one with them, 0
// where that is not known.
func eachNumbers(ctx context.Context, tx *sql.Tx, columns, rest string, args []any, f func(row []int64, left int)) error {
	return eachRow(ctx, tx, "SELECT packed_numbers("+columns+") "+rest, args, func(r *sql.Rows) error {
		var data sql.RawBytes
		if err := r.Scan(&data); err != nil {
			return err
		}
		row := make([]int64, columnCount(columns))
		left := 0
		for _, b := range data {
			left += int(^b >> 7) // a number ends with the byte whose highest bit is 0
		}
		left /= len(row)
		for ; len(data) > 0; left-- {
			for i := range row {
				v, n := binary.Varint(data)
				if n <= 0 {
					return errors.New("packed numbers end early")
				}
				row[i], data = v, data[n:]
			}
			f(row, left)
		}
		return nil
	})
}
