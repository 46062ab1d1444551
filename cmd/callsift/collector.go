package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// An import keeps its memory small by collecting garbage often: not, as is usual,
// when the heap has doubled, but when it has grown by a quarter. A capture that
// allocates 70 MB in all and keeps 14 takes 2 % more time so, and half of the memory
// beyond what it keeps. A small heap has little to save and was collected every few
// milliseconds, a sixth of the time of a small site: it may always grow by three
// megabytes, and to as much as a capture comes to keep.
const (
	leastGrowth = 25 // percent of what is kept
	freeGrowth  = 3 << 20
	freeHeap    = 12 << 20
	mostGrowth  = 100 * freeHeap / (4 << 20) // Go's smallest heap is 4 MB for 100 %
)

// collectOften sets the collector's pace so, until stop is called. GOGC still decides.
func collectOften() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	p := &collectorPace{was: debug.SetGCPercent(mostGrowth)}
	p.setAfterNext()
	return p.stop
}

type collectorPace struct {
	mu      sync.Mutex
	was     int // percent
	stopped bool
}

// setAfterNext sets the pace anew after the next collection, which finds the block
// made here unused.
func (p *collectorPace) setAfterNext() {
	runtime.AddCleanup(new([16]byte), (*collectorPace).set, p)
}

func (p *collectorPace) set() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	kept := max(1, metric("/gc/heap/live:bytes"))
	growth := max(freeGrowth, freeHeap-min(freeHeap, kept))
	debug.SetGCPercent(int(min(mostGrowth, max(leastGrowth, growth*100/kept))))
	p.setAfterNext()
}

func (p *collectorPace) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	debug.SetGCPercent(p.was)
}

// metric is one figure of package runtime/metrics.
func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
