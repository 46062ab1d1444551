//go:build linux && (amd64 || arm64)

package store

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// TestHugePages: the beginning of the heap is where huge pages are asked for.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip("the system has no huge pages on demand")
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	at, found := uint64(uintptr(unsafe.Pointer(onHeap))), false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uint64
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			found = at >= from && at < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && found {
			if !strings.Contains(flags+" ", " hg ") {
				t.Errorf("the heap at %x has flags %s", at, flags)
			}
			return
		}
	}
	t.Errorf("no memory at %x", at)
}
