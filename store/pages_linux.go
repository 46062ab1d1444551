//go:build linux && (amd64 || arm64)

package store

import (
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

// A short command, such as a breakdown, touches some 1,500 pages of memory for the first
// time. On a virtual machine each took 8 to 13 us, up to a fifth of the command's time.
// So the memory that every command uses whole, the first of Go's heap and SQLite's page
// cache (rows.c), asks for huge pages, which nearly all systems give to who asks. It
// is no more memory than an import takes anyway.

// firstHeap is what Go's heap begins with, aligned to itself.
const firstHeap = 4 << 20

// onHeap is there for its address.
var onHeap *[64]byte

// init comes before those of most of the libraries, which take the larger part of it.
func init() {
	onHeap = new([64]byte)
	askHuge(uintptr(unsafe.Pointer(onHeap))&^(firstHeap-1), firstHeap)
}

// largerHeap is how much more of the heap asks for huge pages: about what an import of a
// capture comes to use. Small pages were a thirtieth of its CPU time, a twentieth of a
// breakdown's, a tenth by caller.
const largerHeap = 16 << 20

// hugeHeap makes the heap larger and asks huge pages for that; it is used once the block is
// collected. Memory fresh from the system is not touched by it.
var hugeHeap = sync.OnceFunc(func() {
	block := make([]byte, largerHeap)
	askHuge(uintptr(unsafe.Pointer(unsafe.SliceData(block))), largerHeap)
	runtime.KeepAlive(block)
})

// askHuge asks for huge pages. Where the system has none the pages stay small.
func askHuge(at, size uintptr) {
	const adviseHugePages = 14
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, at, size, adviseHugePages)
}
