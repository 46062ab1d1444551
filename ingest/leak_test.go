package ingest

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

// TestNoGoroutineLeft: an import leaves no goroutine behind, whether it came to
// its end, was stopped in the middle, or the input was damaged.
func TestNoGoroutineLeft(t *testing.T) {
	dir := t.TempDir()
	whole := []byte(strings.Join(masterRows(2000), ""))
	packed := gzipped(t, whole)
	damaged := written(t, "damaged.csv.gz", packed[:len(packed)/2])
	path := written(t, "whole.csv", whole)
	log := written(t, "a.log", []byte(sipCall(1, 0, "201", "33123001")))
	before := runtime.NumGoroutine()
	for i := range 3 {
		db, err := store.Open(filepath.Join(dir, string(rune('a'+i))+".db"))
		if err != nil {
			t.Fatal(err)
		}
		for left := range 12 {
			Run(stoppedAfter(left), db, []string{path, log}, Options{}, func(FileResult) {})
		}
		ctx, cancel := context.WithCancel(context.Background())
		Run(ctx, db, []string{path}, Options{Progress: func(_ string, read, _ int64) {
			if read > 0 {
				cancel()
			}
		}}, func(FileResult) {})
		cancel()
		take(t, db, damaged, log, path)
		checkDB(t, db)
		db.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, want %d as before\n%s", n, before, stacks[:runtime.Stack(stacks, true)])
	}
}
