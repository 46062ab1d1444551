package store

import (
	"database/sql"
	"errors"
)

// exec runs a statement, prepared once, unless an error has happened. It sees
// all rows before it.
func (im *Import) exec(query string, args ...any) sql.Result {
	im.drain()
	return im.beside(query, args...)
}

// beside is exec for a statement that has nothing to do with the buffered tables.
func (im *Import) beside(query string, args ...any) sql.Result {
	if im.err != nil {
		return nil
	}
	stmt, err := im.prepare(query)
	if err != nil {
		im.err = err
		return nil
	}
	res, err := stmt.Exec(args...)
	if err != nil {
		if first := im.queue.wait(); first != nil { // what made this one fail too
			err = first
		}
		im.err = err
	}
	return res
}

// insert is exec for one row; it returns the row's id.
func (im *Import) insert(query string, args ...any) int64 {
	res := im.beside(query, args...)
	if im.err != nil {
		return 0
	}
	id, err := res.LastInsertId()
	if err != nil {
		im.err = err
	}
	return id
}

func (im *Import) prepare(query string) (*sql.Stmt, error) {
	if s := im.stmts[query]; s != nil {
		return s, nil
	}
	s, err := im.tx.Prepare(query)
	if err == nil {
		im.stmts[query] = s
	}
	return s, err
}

// query runs f for every row of a query, unless an error has happened. It sees
// all rows before it.
func (im *Import) query(query string, args []any, f func(*sql.Rows) error) {
	im.drain()
	im.look(query, args, f)
}

// look is query for what the buffered rows of this import cannot change.
func (im *Import) look(query string, args []any, f func(*sql.Rows) error) {
	if im.err != nil {
		return
	}
	stmt, err := im.prepare(query)
	if err != nil {
		im.err = err
		return
	}
	rows, err := stmt.Query(args...)
	if err != nil {
		im.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err == errEnough {
			return
		} else if err != nil {
			im.err = err
			return
		}
	}
	im.err = rows.Err()
}

// errEnough is what f of query and look returns to get no more rows.
var errEnough = errors.New("enough rows")
