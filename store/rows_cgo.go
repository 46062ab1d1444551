//go:build !plainrows

package store

// int callsift_packed_rows(void);
// void callsift_huge_cache(void);
// unsigned char *callsift_kept(long long, long long *);
import "C"

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"unsafe"
)

var hugeCache = sync.OnceFunc(func() { C.callsift_huge_cache() })

// registerRows makes the functions of rows.c known to the connections opened from
// now on. Doing it twice is harmless.
func registerRows() error {
	hugeCache()
	if rc := C.callsift_packed_rows(); rc != 0 {
		return fmt.Errorf("SQLite extension packed_rows: result code %d", int(rc))
	}
	return nil
}

// rowWriter stores packed rows in one table.
type rowWriter struct{ stmt *sql.Stmt }

// newRowWriter prepares the statement. FAIL and not the usual ABORT: a row that
// fails ends the whole import, so SQLite need not be able to take back the rows
// of the same statement, for which it would copy every page. It does so all the
// same where an id is given, and looks whether there is a row of that id: both
// together were 9 to 15 % of SQLite's time for a CDR file, and 62 MB of copies for a
// million rows.
func newRowWriter(tx *sql.Tx, t bufferedTable) (*rowWriter, error) {
	columns := make([]string, t.width)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d", i)
	}
	into := t.name
	if t.rest != "" {
		into, columns = into+" ("+t.rest+")", columns[1:]
	}
	from := " SELECT " + strings.Join(columns, ", ") + " FROM packed_rows(?)"
	if t.conflict != "" {
		from += " WHERE true " + t.conflict // without WHERE, ON would be a join's
	}
	stmt, err := tx.Prepare("INSERT OR FAIL INTO " + into + from)
	return &rowWriter{stmt}, err
}

func (w *rowWriter) write(data []byte) error {
	_, err := w.stmt.Exec(data)
	return err
}

// packedRows hands out the rows of SELECT columns FROM from, packed, some at a time
// and each whole. All columns are numbers or texts.
func packedRows(ctx context.Context, tx *sql.Tx, columns, from string, args []any, f func(data []byte) error) error {
	return eachRow(ctx, tx, "SELECT pack_values("+columns+") FROM "+from, args, func(r *sql.Rows) error {
		var data sql.RawBytes
		if err := r.Scan(&data); err != nil {
			return err
		}
		return f(data)
	})
}

// blobs appends the blobs of SELECT column FROM from to buf, the size of each in 4 bytes
// (low first) before it.
func blobs(ctx context.Context, tx *sql.Tx, buf []byte, column, from string, args []any) ([]byte, error) {
	var at, count int64
	if err := tx.QueryRowContext(ctx, `SELECT kept_blobs()`).Scan(&at); err != nil {
		return buf, err
	}
	var n C.longlong
	C.callsift_kept(C.longlong(at), &n) // what a statement before left when it failed
	err := tx.QueryRowContext(ctx, "SELECT count(keep_blob("+column+")) FROM "+from, args...).Scan(&count)
	data := C.callsift_kept(C.longlong(at), &n)
	if err != nil {
		return buf, err
	}
	return append(buf, unsafe.Slice((*byte)(data), int(n))...), nil
}
