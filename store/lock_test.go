package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	nobody := func(Holder) { t.Error("waits for nobody") }
	// A file that a killed process left behind holds nobody up.
	if err := os.WriteFile(path+"-lock", []byte(`{"pid":1,"host":"gone","command":"import","since":"2026-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	release, err := Lock(context.Background(), path, "import", 0, nobody)
	if err != nil {
		t.Fatal(err)
	}
	var who Holder
	_, err = Lock(context.Background(), path, "prune", 150*time.Millisecond, func(h Holder) { who = h })
	if err == nil || !strings.Contains(err.Error(), "locked by PID") || !strings.Contains(err.Error(), "(import since ") {
		t.Errorf("second lock: %v", err)
	}
	if who.PID != os.Getpid() || who.Command != "import" {
		t.Errorf("held by %+v", who)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Lock(ctx, path, "prune", time.Hour, func(Holder) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: %v", err)
	}
	release()
	if _, err := os.Stat(path + "-lock"); err == nil {
		t.Error("the lock's file is left behind")
	}
	if release, err = Lock(context.Background(), path, "import", 0, nobody); err != nil {
		t.Fatal(err)
	}
	release()
}

// TestLockOne: of many that want it one at a time has it, though the file comes
// and goes.
func TestLockOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callsift.db")
	var inside, rounds atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				release, err := Lock(context.Background(), path, "import", time.Minute, func(Holder) {})
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				time.Sleep(time.Millisecond)
				rounds.Add(1)
				inside.Add(-1)
				release()
			}
		})
	}
	wg.Wait()
	if rounds.Load() != 24 {
		t.Errorf("%d rounds, want 24", rounds.Load())
	}
}
