//go:build !linux || (!amd64 && !arm64)

package store

// hugeHeap is there for Linux.
func hugeHeap() {}
