package ingest

import (
	"context"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"testing"

	"callsift/store"
)

// TestCutUnknown: a compressed file of no known format whose end is missing is told
// of as damaged, also where that is far behind what formats are known by.
func TestCutUnknown(t *testing.T) {
	var b strings.Builder
	h := fnv.New128a()
	for b.Len() < 4*headSize { // what does not pack well
		h.Write([]byte("word"))
		b.WriteString(hex.EncodeToString(h.Sum(nil)) + "\n")
	}
	for _, name := range []string{"gzip", "zstd", "xz"} {
		for _, text := range []string{"nothing that is known\n", b.String()} {
			whole := packed(t, name, text)
			for _, left := range []int{0, 1, 9} {
				var got FileResult
				file := write(t, "notes", whole[:len(whole)-left])
				err := Run(context.Background(), openStore(t), []string{file}, Options{}, func(r FileResult) { got = r })
				if err != nil {
					t.Fatal(err)
				}
				state, says := store.Unknown, "not a format that callsift knows"
				if left > 0 {
					state, says = store.Unreadable, "compressed data ends early"
				}
				if got.Source.State != state || got.Err == nil || !strings.Contains(got.Err.Error(), says) || got.Source.Size != int64(len(whole)-left) {
					t.Errorf("%s of %d bytes without the last %d: %s, %d bytes, %v; want %s", name, len(text), left, got.Source.State, got.Source.Size, got.Err, state)
				}
			}
		}
	}
}
