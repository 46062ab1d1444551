package safety

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// numbers begins a query from c, numbers from 1; a LIMIT ends them.
const numbers = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "

// sqlAttack is a query that wants more than to read this database, or more of
// the machine than it is given.
type sqlAttack struct {
	query string
	args  []string
	says  string // "": it may; what it prints is in gives
	gives string
}

const (
	onlyReads = "is refused: queries only read"
	sqlMemory = 400 // bound, MiB
	sqlCPU    = 20 * time.Second
)

var sqlAttacks = []sqlAttack{
	// Other files.
	{query: "ATTACH 'other.db' AS o", says: onlyReads},
	{query: "ATTACH ':memory:' AS o", says: onlyReads},
	{query: "DETACH main", says: onlyReads},
	{query: "VACUUM", says: onlyReads},
	{query: "VACUUM INTO 'other.db'", says: onlyReads},
	{query: "SELECT load_extension('./other.so')", says: "not authorized"},
	{query: "SELECT readfile('/etc/hostname')", says: "no such function: readfile"},
	{query: "SELECT writefile('other.db', 'x')", says: "no such function: writefile"},
	{query: "SELECT edit('x')", says: "no such function: edit"},
	{query: "SELECT fts3_tokenizer('simple', x'0102030405060708')", says: "sql: "},
	{query: "CREATE VIRTUAL TABLE temp.x USING fts3(a)", says: onlyReads},
	// Settings.
	{query: "PRAGMA writable_schema = 1", says: onlyReads},
	{query: "PRAGMA query_only = 0", says: onlyReads},
	{query: "PRAGMA journal_mode = DELETE", says: onlyReads},
	{query: "PRAGMA wal_checkpoint(TRUNCATE)", says: onlyReads},
	{query: "PRAGMA hard_heap_limit = 0", says: onlyReads},
	{query: "PRAGMA temp_store_directory = '/'", says: onlyReads},
	{query: "PRAGMA user_version = 1", says: onlyReads},
	{query: "SELECT * FROM pragma_writable_schema(1)", says: "sql: "},
	{query: "SELECT * FROM pragma_user_version(1)", says: "sql: "},
	{query: "PRAGMA database_list", says: onlyReads},
	// Writing, directly or behind a view, trigger or name.
	{query: "INSERT INTO source DEFAULT VALUES", says: onlyReads},
	{query: "REPLACE INTO source SELECT * FROM source", says: onlyReads},
	{query: "UPDATE attempt SET start = 0", says: onlyReads},
	{query: "UPDATE attempt SET start = 0 RETURNING id", says: onlyReads},
	{query: "DELETE FROM calls", says: "sql: "},
	{query: "INSERT INTO calls (trunk) VALUES ('x')", says: "sql: "},
	{query: "WITH x AS (SELECT 1) DELETE FROM attempt", says: onlyReads},
	{query: "EXPLAIN DELETE FROM attempt", says: onlyReads},
	{query: "CREATE TABLE x (a)", says: onlyReads},
	{query: "CREATE TEMP TABLE x (a)", says: onlyReads},
	{query: "CREATE TEMP VIEW calls AS SELECT 1", says: onlyReads},
	{query: "CREATE TEMP TRIGGER x AFTER INSERT ON source BEGIN DELETE FROM attempt; END", says: "sql: "},
	{query: "CREATE INDEX x ON attempt (caller)", says: onlyReads},
	{query: "ALTER TABLE source RENAME TO x", says: onlyReads},
	{query: "DROP TABLE attempt", says: onlyReads},
	{query: "INSERT INTO sqlite_master VALUES (1, 2, 3, 4, 5)", says: "sql: "},
	{query: "REINDEX", says: onlyReads},
	{query: "ANALYZE", says: onlyReads},
	{query: "BEGIN IMMEDIATE", says: onlyReads},
	{query: "COMMIT", says: onlyReads},
	{query: "SAVEPOINT x", says: onlyReads},
	// Several statements.
	{query: "SELECT 1; DELETE FROM attempt", says: "more than one statement"},
	{query: "SELECT ';'; -- ;\n DELETE FROM attempt", says: "more than one statement"},
	{query: "SELECT 1 /* ; */; PRAGMA query_only = 0;", says: "more than one statement"},
	// Time.
	{query: numbers + ") SELECT count(*) FROM c", args: []string{"--timeout", "300ms"}, says: "stopped after 300ms"},
	{query: numbers + ") SELECT i FROM c WHERE i < 0", args: []string{"--timeout", "300ms"}, says: "stopped after 300ms"},
	{query: "SELECT count(*) FROM attempt a, attempt b, attempt c, attempt d, attempt e", args: []string{"--timeout", "300ms"}, says: "stopped after 300ms"},
	{query: "SELECT instr(hex(zeroblob(4000000)), hex(zeroblob(1000000)) || '1')", args: []string{"--timeout", "300ms"}, says: "stopped after 300ms"}, // one step of minutes
	// Memory.
	{query: "SELECT zeroblob(2000000000)", says: "a value over 8 MiB"},
	{query: "SELECT randomblob(500000000)", says: "a value over 8 MiB"},
	{query: "SELECT length(zeroblob(500000000))", says: "a value over 8 MiB"},
	{query: "SELECT printf('%999999999d', 1)", says: "a value over 8 MiB"},
	{query: "SELECT replace(hex(zeroblob(4000000)), '0', 'xxxxxxxxxx')", says: "a value over 8 MiB"},
	{query: numbers + "LIMIT 100000) SELECT group_concat(hex(randomblob(500))) FROM c", says: "a value over 8 MiB"},
	{query: numbers + "LIMIT 3000000) SELECT i, i FROM c", says: "the result is over 64 MiB"},
	{query: numbers + "LIMIT 3000000) SELECT i, i FROM c", args: []string{"--format", "json"}, says: "the result is over 64 MiB"},
	{query: numbers + "LIMIT 50) SELECT hex(zeroblob(600000)) FROM c", gives: "000000"},
	{query: numbers + "LIMIT 400000) SELECT i, i AS j FROM c", args: []string{"--format", "md"}, gives: "| 400000 | 400000 |"},
	{query: numbers + "LIMIT 1000000) SELECT i, i AS j FROM c", args: []string{"--format", "csv"}, gives: "1000000,1000000\n"}, // written as it comes
	{query: numbers + "LIMIT 300000) SELECT count(*) FROM (SELECT i, hex(randomblob(100)) AS x FROM c ORDER BY x)", gives: "300000"},
	// What only reads is let through.
	{query: "PRAGMA table_info(attempt)", gives: "native_id"},
	{query: "EXPLAIN QUERY PLAN SELECT * FROM calls", gives: "SCAN"},
	{query: "SELECT ';' AS a -- ;", gives: ";"},
}

// TestSQLAttacks: nothing that `callsift sql` is asked changes a file or takes more
// than its bounds.
func TestSQLAttacks(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	wellDone(t, "import", write(t, dir, "a.log", calls(0, 100)))
	wellDone(t, "ledger") // what a reader leaves beside the database is there
	before := filesOf(t, dir)
	worst, longest := int64(0), time.Duration(0)
	for _, c := range sqlAttacks {
		r := callsift(t, nil, append([]string{"sql", c.query}, c.args...)...)
		switch {
		case c.says != "":
			refused(t, r, c.says)
		case r.status != 0 || !strings.Contains(r.out, c.gives):
			t.Errorf("%s: status %d, %q%q, want %q", c.query, r.status, r.err, r.out[:min(200, len(r.out))], c.gives)
		}
		if r.memory > sqlMemory<<20 || r.cpu > sqlCPU {
			t.Errorf("%s: %s and %s, want %d MiB and %s at most", c.query, mebibytes(r.memory), seconds(r.cpu), sqlMemory, seconds(sqlCPU))
		}
		worst, longest = max(worst, r.memory), max(longest, r.cpu)
	}
	if after := filesOf(t, dir); !bytes.Equal(before, after) {
		t.Error("a query changed a file, or made one")
	}
	figure("sql", "queries tried", len(sqlAttacks))
	figure("sql", "files changed or made", 0)
	figure("sql", "most memory (bound "+mebibytes(sqlMemory<<20)+")", mebibytes(worst))
	figure("sql", "most CPU time (bound "+seconds(sqlCPU)+")", seconds(longest))
}

// filesOf is the names and bytes of all files in a folder. What SQLite's readers
// write to share a database among them is left out.
func filesOf(t *testing.T, dir string) []byte {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, f := range list {
		all = append(append(all, f.Name()...), '\n')
		if strings.HasSuffix(f.Name(), "-shm") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}
