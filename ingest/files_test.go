package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestReaderInChunks: a large plain file is handed out in chunks where it lies in memory, and
// nothing else is; size and hash are those of the file however far it was read.
func TestReaderInChunks(t *testing.T) {
	large := make([]byte, 3*blockSize+12345)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(large); i++ {
		large[i] = byte(r.Uint32())
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(large)
	z.Close()
	utf16 := append([]byte("\xff\xfe"), bytes.Repeat([]byte("a\x00"), blockSize)...)
	for _, test := range []struct {
		name   string
		file   []byte
		want   []byte
		chunks bool
	}{
		{"plain", large, large, true},
		{"small", large[:blockSize], large[:blockSize], false},
		{"gzip", packed.Bytes(), large, false},
		{"UTF-16", utf16, bytes.Repeat([]byte("a"), blockSize), false},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if err := os.WriteFile(path, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, chunks := range []int{0, 1, 2, 1 << 30} { // how many before the rest is read
			var ticks int64
			o, err := openFile(t.Context(), path, func(n int64) { ticks += n })
			if err != nil {
				t.Fatal(err)
			}
			if err := o.unpackBody(); err != nil {
				t.Fatal(err)
			}
			if _, err := o.head(); err != nil {
				t.Fatal(err)
			}
			r := o.reader()
			own, ok := r.(interface{ Chunk() ([]byte, error) })
			if ok != test.chunks {
				t.Fatalf("%s: has chunks: %v, want %v", test.name, ok, test.chunks)
			}
			var got []byte
			for range chunks {
				if !ok {
					break
				}
				data, err := own.Chunk()
				got = append(got, data...)
				if err != nil {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
			}
			if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(append(got, rest...), test.want) {
				t.Errorf("%s, %d chunks and the rest: other bytes, or %v", test.name, chunks, err)
			}
			if err := o.rest(); err != nil {
				t.Error(err)
			}
			sum := sha256.Sum256(test.file)
			if o.sha() != hex.EncodeToString(sum[:]) || o.raw.n != int64(len(test.file)) || ticks != o.raw.n {
				t.Errorf("%s: sha %s of %d bytes, %d told of; want %x of %d", test.name, o.sha(), o.raw.n, ticks, sum, len(test.file))
			}
			o.close()
		}
	}
}

// TestChunksHashTheRest: of a file that is given up after its first chunk the hash is that of
// all of it; one that is cancelled ends with the next chunk.
func TestChunksHashTheRest(t *testing.T) {
	file := bytes.Repeat([]byte("0123456789abcdef"), blockSize/8)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, cancelled := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		o, err := openFile(ctx, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.unpackBody(); err != nil {
			t.Fatal(err)
		}
		r := o.reader().(bodyReader)
		if _, err := r.Chunk(); err != nil {
			t.Fatal(err)
		}
		if cancelled {
			cancel()
			if data, err := r.Chunk(); len(data) > 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("after the cancellation: %d bytes, %v", len(data), err)
			}
		} else if sum := sha256.Sum256(file); o.sha() != hex.EncodeToString(sum[:]) || o.raw.n != int64(len(file)) {
			t.Errorf("sha %s of %d bytes, want %x of %d", o.sha(), o.raw.n, sum, len(file))
		}
		o.close()
		cancel()
	}
}
