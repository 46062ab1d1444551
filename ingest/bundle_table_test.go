package ingest

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The table finds what a map does, through thousands of bundles that come and go.
func TestBundleTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	table, want := newBundleTable(), map[string]*openBundle{}
	for step := range 200_000 {
		key := fmt.Sprint(r.IntN(1 + step%3000))
		b := want[key]
		if got := table.find([]byte(key)); got != b {
			t.Fatalf("step %d: %q is %p, want %p", step, key, got, b)
		}
		if b != nil {
			table.remove(b)
			delete(want, key)
		} else {
			want[key] = &openBundle{key: key}
			table.add(want[key])
		}
		if table.n != len(want) {
			t.Fatalf("step %d: %d bundles, want %d", step, table.n, len(want))
		}
	}
	for key, b := range want {
		if table.find([]byte(key)) != b {
			t.Errorf("%q is lost", key)
		}
	}
}
