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
// SELECT columns rest. Rows come in any order.
func eachNumbers(ctx context.Context, tx *sql.Tx, columns, rest string, args []any, f func([]int64)) error {
	var data []byte
	if err := tx.QueryRowContext(ctx, "SELECT packed_numbers("+columns+") "+rest, args...).Scan(&data); err != nil {
		return err
	}
	row := make([]int64, columnCount(columns))
	for len(data) > 0 {
		for i := range row {
			v, n := binary.Varint(data)
			if n <= 0 {
				return errors.New("packed numbers end early")
			}
			row[i], data = v, data[n:]
		}
		f(row)
	}
	return nil
}
