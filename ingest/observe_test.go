package ingest

import (
	"encoding/binary"
	"testing"
)

func TestLastWords(t *testing.T) {
	text := []byte("\x01\xffabcdefghijklmnop")
	for n := range 16 {
		var padded [16]byte
		copy(padded[:], text[:n])
		first, second := lastWords(text[:n:n])
		if want := binary.LittleEndian.Uint64(padded[:]); first != want {
			t.Errorf("%d bytes: first %x, want %x", n, first, want)
		}
		if want := binary.LittleEndian.Uint64(padded[8:]); second != want {
			t.Errorf("%d bytes: second %x, want %x", n, second, want)
		}
	}
}
