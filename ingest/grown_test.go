package ingest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// sourceRows is the ledger without what names rows and files.
func sourceRows(t *testing.T, db *store.DB) [][]any {
	t.Helper()
	return selected(t, db, `SELECT format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, sha256, size FROM source ORDER BY path`)
}

// TestGrown: a file that grows and is imported each time, cut in the middle of a
// record: the database is what the last state alone gives, beside another source
// that holds some of the same.
func TestGrown(t *testing.T) {
	uac := mustRead(t, "../cmd/callsift/testdata/input/uac.log")
	for name, text := range map[string]string{
		"uac.log":    uac,
		"Master.csv": strings.Join(masterRows(200), "\n") + "\n",
		"om.xml":     strings.Join(omRecords(40), "\n") + "\n",
		"mixed.log":  mixedLog(120, "sip", "acc", "csv", "text"),
		"sheet.csv":  strings.Join(strings.SplitAfter(AsteriskTable.Example, "\n"), ""),
	} {
		dir := t.TempDir()
		path, other := filepath.Join(dir, name), filepath.Join(dir, "other-"+name)
		put := func(path, text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put(other, text[:len(text)*2/5])
		put(path, text)
		want := imported(t, other, path)
		db := tempDB(t)
		take(t, db, other)
		had := false // something of the file
		for n := 1; n <= 4; n++ {
			put(path, text[:len(text)*n/4])
			r := take(t, db, path)[0]
			if grown := strings.Contains(r.Source.Note, "grown: its first "); grown != had {
				t.Errorf("%s, part %d: note %q", name, n, r.Source.Note)
			}
			had = r.Source.State == store.Imported
		}
		if !had {
			t.Errorf("%s was not read", name)
		}
		sameDump(t, name, logicalDump(t, want), logicalDump(t, db))
		if diff := cmp.Diff(sourceRows(t, want), sourceRows(t, db)); diff != "" {
			t.Errorf("%s: ledger of sources (-at once +grown)\n%s", name, diff)
		}
		checkLedger(t, db)
		checkRollups(t, db)
	}
}

// TestGrownAndTurned: the log is turned over after it was imported: what it had
// is in messages.1 now, and more.
func TestGrownAndTurned(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rows := masterRows(300)
	db := tempDB(t)
	now := file("Master.csv", strings.Join(rows[:100], "\n")+"\n")
	take(t, db, now)
	old := file("Master.csv.1", strings.Join(rows[:200], "\n")+"\n")
	file("Master.csv", strings.Join(rows[200:], "\n")+"\n")
	files, _ := Expand([]string{dir})
	if want := []string{old, now}; !slices.Equal(files, want) {
		t.Errorf("order %v, want %v", files, want)
	}
	results := take(t, db, files...)
	if !strings.Contains(results[0].Source.Note, "bytes had been read before, from "+now) || results[1].Source.Note != "" {
		t.Errorf("notes %q and %q", results[0].Source.Note, results[1].Source.Note)
	}
	sameDump(t, "turned over", logicalDump(t, imported(t, old, now)), logicalDump(t, db))
	if n := oneNumber(t, db, `SELECT count(*) FROM source`); n != 2 {
		t.Errorf("%d sources, want 2", n)
	}
}

func TestRotated(t *testing.T) {
	files := []string{"x/app.conf", "x/messages", "x/messages.1", "x/messages.10.gz", "x/messages.2.gz", "x/a-20261110", "x/a-20261109.gz", "x/a", "b.log.1", "b.log", "trunk-7.pcap", "trunk.pcap"}
	inTime(files)
	want := []string{"x/app.conf", "x/messages.10.gz", "x/messages.2.gz", "x/messages.1", "x/messages", "x/a-20261109.gz", "x/a-20261110", "x/a", "b.log.1", "b.log", "trunk-7.pcap", "trunk.pcap"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
