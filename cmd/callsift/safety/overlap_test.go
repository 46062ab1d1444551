package safety

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"testing"
)

// overlapMemory is the bound on an import that overlaps with another one, MiB.
const overlapMemory = 72

// TestOverlap: an export all of whose rows the database has already, and as many
// again, takes no more memory for being twice as long.
func TestOverlap(t *testing.T) {
	sizes := []int{60_000, 120_000}
	if full {
		sizes = []int{2_500_000, 5_000_000}
	}
	var took []result
	for _, n := range sizes {
		db := filepath.Join(t.TempDir(), "callsift.db")
		read := func(from, to int) result {
			r := callsift(t, func(w io.Writer) error {
				b := bufio.NewWriterSize(w, 1<<20)
				for i := from; i < to; i++ {
					b.WriteString(row(i))
				}
				return b.Flush()
			}, "import", "--quiet", "--db", db, "-")
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.err)
			}
			return r
		}
		read(0, 2*n)
		r := read(n, 3*n)
		if calls := callsIn(t, db); calls != 3*n {
			t.Errorf("%d calls, want %d", calls, 3*n)
		}
		t.Logf("%d of %d: %s, %s", n, 2*n, mebibytes(r.memory), seconds(r.cpu))
		if r.memory > overlapMemory<<20 {
			t.Errorf("%s of memory, want %d MiB at most", mebibytes(r.memory), overlapMemory)
		}
		took = append(took, r)
	}
	if ratio := float64(took[1].memory) / float64(max(1, took[0].memory)); ratio > flat {
		t.Errorf("twice as many take %.2f times the memory, want %.2f at most", ratio, flat)
	}
	name, bound := "rows of an export, half of which another has", fmt.Sprintf("%d MiB", overlapMemory)
	if full {
		figure("full", name, thousands(2*sizes[1]), mebibytes(took[1].memory), bound, seconds(took[1].cpu), "")
		return
	}
	figure("growing", name, thousands(2*sizes[0])+" and "+thousands(2*sizes[1]), mebibytes(took[0].memory), mebibytes(took[1].memory), bound, seconds(took[1].cpu), "–")
}
