package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQueryOnlyReads(t *testing.T) {
	dir := t.TempDir()
	w, err := Open(filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	db, err := OpenReader(filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	attached := filepath.Join(dir, "x.db")
	for _, c := range []struct{ query, want string }{
		{"SELECT count(*) FROM calls", ""},
		{"SELECT ';' -- a; b\n;", ""},
		{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3) SELECT i FROM n", ""},
		{"PRAGMA table_info(attempt)", ""},
		{"PRAGMA user_version", ""},
		{"EXPLAIN QUERY PLAN SELECT * FROM calls", ""},
		{"", "no statement, want one SELECT"},
		{"-- nothing", "no statement, want one SELECT"},
		{"SELECT 1; SELECT 2", "more than one statement, want one"},
		{"INSERT INTO source DEFAULT VALUES", "INSERT is refused: queries only read"},
		{"DELETE FROM attempt", "DELETE is refused: queries only read"},
		{"UPDATE attempt SET start = 0", "UPDATE is refused: queries only read"},
		{"DROP TABLE attempt", "is refused: queries only read"},
		{"CREATE TEMP TABLE x (a)", "is refused: queries only read"},
		{"ATTACH '" + attached + "' AS x", "ATTACH is refused: queries only read"},
		{"ATTACH '' AS vacuum", "ATTACH is refused: queries only read"},
		{"VACUUM", "VACUUM is refused: queries only read"},
		{"; -- tidy up\n vacuum main;", "VACUUM is refused: queries only read"},
		{"VACUUM INTO '" + attached + "'", "VACUUM is refused: queries only read"},
		{"BEGIN", "a transaction is refused: queries only read"},
		{"PRAGMA query_only = 0", "PRAGMA query_only is refused: queries only read"},
		{"PRAGMA user_version = 9", "PRAGMA user_version is refused: queries only read"},
		{"SELECT * FROM nosuch", "no such table: nosuch"},
		{"selec", "syntax error"},
	} {
		err := db.Query(t.Context(), c.query, func([]string) error { return nil }, func([]any) error { return nil })
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.query, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.query, err, c.want)
		}
	}
	if _, err := os.Stat(attached); err == nil {
		t.Error("a query made a file")
	}
	// The connection is ours again: own statements are not judged by the user's rules.
	if _, err := db.Sources(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStatementCount(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, " ;; ": 0, "/* a; b": 0, "--": 0, "SELECT 1": 1, "SELECT 1;": 1, "SELECT 'it''s; ok'": 1, `SELECT "a;b", [c;d], ` + "`e;f`": 1,
		"SELECT 1;--x\n;": 1, "SELECT 1; x": 2, "SELECT 1;\x00x": 2, "a;b;c": 3, "SELECT 'open": 1, "/*": 0,
	} {
		if got, _ := statementCount(s); got != want {
			t.Errorf("%q: %d statements, want %d", s, got, want)
		}
	}
}
