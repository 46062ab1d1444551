//go:build plainrows

package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
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
	row := "(" + strings.Repeat("?, ", w.width-1) + "?)"
	return "INSERT INTO " + w.name + " VALUES " + strings.Repeat(row+", ", rows-1) + row + " " + w.conflict
}

func (w *rowWriter) write(data []byte) error {
	var args []any
	for data = data[1:]; len(data) > 0; {
		for range w.width {
			v, n := packedValue(data)
			if n <= 0 {
				return errors.New("packed rows end early")
			}
			args, data = append(args, v), data[n:]
		}
		if len(args) == plainRows*w.width {
			if _, err := w.full.Exec(args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := w.tx.Exec(w.insert(len(args)/w.width), args...)
	return err
}

// packedValue reads one value and its length; n is 0 where the buffer ends in it.
func packedValue(b []byte) (v any, n int) {
	h, k := binary.Uvarint(b)
	size := int(h >> 2)
	if h&3 == 3 {
		size = 8
	}
	if k <= 0 || h&3 != 0 && size > len(b)-k {
		return nil, 0
	}
	switch h & 3 {
	case 0:
		return int64(h>>3) ^ -int64(h>>2&1), k
	case 1:
		return string(b[k : k+size]), k + size
	case 2:
		return append([]byte{}, b[k:k+size]...), k + size
	}
	return int64(binary.LittleEndian.Uint64(b[k:])), k + 8
}
