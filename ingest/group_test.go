package ingest

import (
	"context"
	"errors"
	"testing"
)

// TestGroupInterrupted: files of one command that is stopped in the last of them
// leave the database as it was; a second command gives what an undisturbed one gives.
func TestGroupInterrupted(t *testing.T) {
	files := sippLogs(t)
	want := logicalDump(t, imported(t, files...))

	db := tempDB(t)
	take(t, db, files[0])
	before := logicalDump(t, db)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	last := files[len(files)-1]
	opt := Options{Progress: func(path string, _, _ int64) {
		if path == last {
			stop()
		}
	}}
	told := 0
	err := Run(ctx, db, files, opt, func(FileResult) { told++ })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Run: %v, want a cancelled context", err)
	}
	if told > 1 { // the file that was there before
		t.Errorf("%d files reported, and nothing was kept", told)
	}
	sameDump(t, "after the interruption", before, logicalDump(t, db))
	take(t, db, files...)
	sameDump(t, "the second time", want, logicalDump(t, db))
	checkLedger(t, db)
}

// TestGroupDuplicate: a file and its copy in one command are one source and a duplicate.
func TestGroupDuplicate(t *testing.T) {
	db := tempDB(t)
	text := []byte(call("a"))
	first, second := written(t, "a.log", text), written(t, "b.log", text)
	results := take(t, db, first, second)
	if len(results) != 2 || results[0].Source.Messages == 0 || results[1].Source.State != "duplicate" || results[1].Already != first {
		t.Errorf("%+v", results)
	}
	checkLedger(t, db)
}
