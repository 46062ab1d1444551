package main

import (
	"runtime"
	"testing"
	"time"
)

// TestCollectOften: a large heap is collected when it has grown by a quarter, a small
// one when it has doubled, and afterwards all is as it was.
func TestCollectOften(t *testing.T) {
	t.Setenv("GOGC", "")
	was := metric("/gc/gogc:percent")
	stop := collectOften()
	defer stop()
	paceIs := func(right func(percent uint64) bool) bool {
		for range 200 {
			runtime.GC()
			if right(metric("/gc/gogc:percent")) {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	large := make([]byte, 64<<20)
	if !paceIs(func(p uint64) bool { return p == leastGrowth }) {
		t.Errorf("with 64 MB kept: %d %%, want %d", metric("/gc/gogc:percent"), leastGrowth)
	}
	runtime.KeepAlive(large)
	large = nil
	if !paceIs(func(p uint64) bool { return p > leastGrowth }) {
		t.Errorf("with little kept: %d %%, want more than %d", metric("/gc/gogc:percent"), leastGrowth)
	}
	stop()
	runtime.GC()
	time.Sleep(20 * time.Millisecond)
	if now := metric("/gc/gogc:percent"); now != was {
		t.Errorf("afterwards %d %%, want %d as before", now, was)
	}
}
