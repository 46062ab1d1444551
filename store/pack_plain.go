//go:build plainrows

package store

import (
	"context"
	"database/sql"
)

func registerNumbers() error { return nil }

// eachNumbers runs f for every row of a query whose columns are whole numbers:
// SELECT columns rest. left is how many rows are to come, 0 where that is not
// known, as here.
func eachNumbers(ctx context.Context, tx *sql.Tx, columns, rest string, args []any, f func(row []int64, left int)) error {
	row := make([]int64, columnCount(columns))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	return eachRow(ctx, tx, "SELECT "+columns+" "+rest, args, func(r *sql.Rows) error {
		err := r.Scan(into...)
		if err == nil {
			f(row, 0)
		}
		return err
	})
}
