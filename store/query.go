package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Query runs one reading statement of the user's. columns is called once with
// the names, then row for every row; its cells are only valid during the call.
// A statement that writes, attaches a file or sets anything, a second statement
// and an empty text are refused before anything runs.
func (db *DB) Query(ctx context.Context, query string, columns func([]string) error, row func([]any) error) error {
	count, begin := statementCount(query)
	switch count {
	case 0:
		return errors.New("sql: no statement, want one SELECT")
	case 1:
	default:
		return errors.New("sql: more than one statement, want one")
	}
	// A connection of its own: what is asked of the authorizer here must not
	// hold for the program's own statements.
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return db.explain(err)
	}
	defer conn.Close()
	if err := bound(ctx, conn); err != nil {
		return db.explain(err)
	}
	refused := ""
	if err := authorize(conn, func(op int, a, b, _ string) int {
		if reads(op, a, b) {
			return sqlite3.SQLITE_OK
		}
		if refused == "" {
			refused = opWords(op, a, b, query[begin:])
		}
		return sqlite3.SQLITE_DENY
	}); err != nil {
		return err
	}
	defer authorize(conn, nil)
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return querySays(db, err, refused)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := columns(names); err != nil {
		return err
	}
	cells, into := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return querySays(db, rows.Err(), refused)
}

// What a statement of the user's may take: bytes of one value, and of all that
// SQLite holds in memory. What is sorted goes to a temporary file beyond its cache.
const (
	maxValue     = 8 << 20
	maxQueryHeap = 128 << 20
)

// bound sets these limits. That on memory holds for the process: SQLite has no other.
func bound(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA hard_heap_limit = %d", maxQueryHeap)); err != nil {
		return err
	}
	return conn.Raw(func(c any) error {
		c.(*sqlite3.SQLiteConn).SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, maxValue)
		return nil
	})
}

// raw is the part of *sql.Conn that authorize needs.
type raw interface{ Raw(func(any) error) error }

func authorize(conn raw, check func(op int, a, b, c string) int) error {
	return conn.Raw(func(c any) error {
		c.(*sqlite3.SQLiteConn).RegisterAuthorizer(check)
		return nil
	})
}

// sqliteRecursive is SQLITE_RECURSIVE of sqlite3.h, which the driver does not name.
const sqliteRecursive = 33

// readingPragmas describe the schema and set nothing.
var readingPragmas = []string{"table_info", "table_xinfo", "table_list", "index_list", "index_info"}

// ownFunctions are for this package, see rows.c.
var ownFunctions = []string{"keep_blob", "kept_blobs"}

// reads tells whether an operation of a statement only reads this database.
func reads(op int, a, b string) bool {
	switch op {
	case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqliteRecursive:
		return true
	case sqlite3.SQLITE_FUNCTION:
		return !slices.Contains(ownFunctions, strings.ToLower(b))
	case sqlite3.SQLITE_PRAGMA:
		return slices.Contains(readingPragmas, strings.ToLower(a)) || b == "" && strings.EqualFold(a, "user_version")
	}
	return false
}

// opWords names an operation of a statement that is refused.
func opWords(op int, a, b, statement string) string {
	if op == sqlite3.SQLITE_ATTACH && beginsWith(statement, "VACUUM") {
		return "VACUUM" // it attaches the file that it writes the database to
	}
	words := map[int]string{
		sqlite3.SQLITE_INSERT: "INSERT", sqlite3.SQLITE_UPDATE: "UPDATE", sqlite3.SQLITE_DELETE: "DELETE", sqlite3.SQLITE_ATTACH: "ATTACH",
		sqlite3.SQLITE_DETACH: "DETACH", sqlite3.SQLITE_PRAGMA: "PRAGMA " + a, sqlite3.SQLITE_TRANSACTION: "a transaction",
		sqlite3.SQLITE_FUNCTION: "the function " + b,
	}
	if w := words[op]; w != "" {
		return w
	}
	return "a statement that changes the database"
}

// beginsWith reports whether a statement begins with a word, in capitals or not.
func beginsWith(statement, word string) bool {
	return len(statement) >= len(word) && strings.EqualFold(statement[:len(word)], word)
}

// querySays turns what SQLite says about a user's statement into a sentence.
func querySays(db *DB, err error, refused string) error {
	var se sqlite3.Error
	switch {
	case err == nil:
		return nil
	case refused != "":
		return fmt.Errorf("sql: %s is refused: queries only read", refused)
	case errors.As(err, &se) && se.Code == sqlite3.ErrReadonly:
		return errors.New("sql: a statement that changes the database is refused: queries only read")
	case errors.As(err, &se) && se.Code == sqlite3.ErrTooBig:
		return fmt.Errorf("sql: a value over %d MiB", maxValue>>20)
	case errors.As(err, &se) && se.Code == sqlite3.ErrNomem:
		return fmt.Errorf("sql: the query needs more than %d MiB of memory", maxQueryHeap>>20)
	case errors.As(err, &se) && se.Code == sqlite3.ErrError:
		return fmt.Errorf("sql: %w", err)
	}
	return db.explain(err)
}

// statementCount counts SQL statements: runs of something between semicolons
// that stand outside of quotes and comments. It also tells where the first begins.
func statementCount(s string) (n, begin int) {
	inside := false
	for i := 0; i < len(s); {
		switch {
		case s[i] == ';':
			inside = false
			i++
		case strings.IndexByte(" \t\r\n\f", s[i]) >= 0:
			i++
		case strings.HasPrefix(s[i:], "--"):
			i = after(s, i+2, "\n")
		case strings.HasPrefix(s[i:], "/*"):
			i = after(s, i+2, "*/")
		default:
			if !inside {
				if n, inside = n+1, true; n == 1 {
					begin = i
				}
			}
			i = afterToken(s, i)
		}
	}
	return n, begin
}

// afterToken skips a quoted text or one byte. A doubled quote inside a text is
// two texts that touch, which makes no difference here.
func afterToken(s string, i int) int {
	switch c := s[i]; c {
	case '\'', '"', '`':
		return after(s, i+1, string(c))
	case '[':
		return after(s, i+1, "]")
	}
	return i + 1
}

// after is the place behind the next end, or the end of s.
func after(s string, i int, end string) int {
	if j := strings.Index(s[min(i, len(s)):], end); j >= 0 {
		return i + j + len(end)
	}
	return len(s)
}
