//go:build plainrows

package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
)

func registerRows() error { return nil }

// rowWriter stores packed rows in one table, some rows an INSERT: through
// database/sql a row alone costs twice as much as one of fifty.
type rowWriter struct {
	bufferedTable
	tx   *sql.Tx
	full *sql.Stmt
}

const plainRows = 50

func newRowWriter(tx *sql.Tx, t bufferedTable) (*rowWriter, error) {
	w := &rowWriter{bufferedTable: t, tx: tx}
	var err error
	w.full, err = tx.Prepare(w.insert(plainRows))
	return w, err
}

func (w *rowWriter) insert(rows int) string {
	row := "(" + strings.Repeat("?, ", w.stored()-1) + "?)"
	into := w.name
	if w.rest != "" {
		into += " (" + w.rest + ")"
	}
	return "INSERT INTO " + into + " VALUES " + strings.Repeat(row+", ", rows-1) + row + " " + w.conflict
}

// stored is how many of a row's values are stored.
func (w *rowWriter) stored() int {
	if w.rest != "" {
		return w.width - 1
	}
	return w.width
}

func (w *rowWriter) write(data []byte) error {
	var args []any
	for data = data[1:]; len(data) > 0; {
		for i := range w.width {
			v, n := packedValue(data)
			if n <= 0 {
				return errPacked
			}
			if data = data[n:]; i > 0 || w.rest == "" {
				args = append(args, v)
			}
		}
		if len(args) == plainRows*w.stored() {
			if _, err := w.full.Exec(args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := w.tx.Exec(w.insert(len(args)/w.stored()), args...)
	return err
}

// packedRows hands out the rows of SELECT columns FROM from, packed, one at a time.
// All columns are numbers or texts.
func packedRows(ctx context.Context, tx *sql.Tx, columns, from string, args []any, f func(data []byte) error) error {
	var data []byte
	return eachRow(ctx, tx, "SELECT "+columns+" FROM "+from, args, func(r *sql.Rows) error {
		names, err := r.Columns()
		if err != nil {
			return err
		}
		row := make([]any, len(names))
		into := make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		data = data[:0]
		for i, v := range row {
			switch v := v.(type) {
			case int64:
				data = appendNumber(data, v)
			case string:
				data = appendText(data, v)
			default:
				return fmt.Errorf("column %s: %T, want a number or text: %w", names[i], v, errPacked)
			}
		}
		return f(data)
	})
}

// blobs appends the blobs of SELECT column FROM from to buf, the size of each in 4 bytes
// (low first) before it.
func blobs(ctx context.Context, tx *sql.Tx, buf []byte, column, from string, args []any) ([]byte, error) {
	err := eachRow(ctx, tx, "SELECT "+column+" FROM "+from, args, func(r *sql.Rows) error {
		var data sql.RawBytes
		err := r.Scan(&data)
		buf = append(binary.LittleEndian.AppendUint32(buf, uint32(len(data))), data...)
		return err
	})
	return buf, err
}
