package safety

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

// zipWriter is a zip.Writer for bombs.
func zipWriter(w io.Writer) *zip.Writer {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return newRepeating(w) })
	return z
}

// repeating deflates, and does not compress a piece a third time that was written twice
// running: with the race detector, four gigabytes of zeros took eight minutes. Long pieces
// only: what the second one was packed to refers to the piece before it, and nothing else.
type repeating struct {
	to     io.Writer
	z      *flate.Writer
	packed bytes.Buffer // what z made of the last piece
	piece  []byte       // the last one
	twice  bool         // packed is of its second time, or a later one
}

const window = 32 << 10 // how far DEFLATE refers back (RFC 1951 §2)

func newRepeating(w io.Writer) (*repeating, error) {
	r := &repeating{to: w}
	var err error
	r.z, err = flate.NewWriter(&r.packed, flate.DefaultCompression)
	return r, err
}

func (r *repeating) Write(p []byte) (int, error) {
	same := len(p) >= window && bytes.Equal(p, r.piece)
	if !same || !r.twice {
		r.packed.Reset()
		r.z.Write(p) // into a buffer: no error
		r.z.Flush()
		r.piece, r.twice = append(r.piece[:0], p...), same
	}
	if _, err := r.to.Write(r.packed.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (r *repeating) Close() error {
	r.packed.Reset()
	r.z.Close()
	_, err := r.to.Write(r.packed.Bytes())
	return err
}

// TestRepeating: what is not compressed again unpacks to what was written.
func TestRepeating(t *testing.T) {
	var packed, want bytes.Buffer
	r, err := newRepeating(&packed)
	if err != nil {
		t.Fatal(err)
	}
	piece := bytes.Repeat([]byte("abc\x00 "), window/4)
	for _, p := range [][]byte{[]byte("head"), piece, piece, piece, piece, []byte("ab"), []byte("ab"), []byte("ab"), piece, piece[:window], piece[:window], piece[:window], []byte("end")} {
		r.Write(p)
		want.Write(p)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(flate.NewReader(&packed))
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes, %v, want the %d that were written", len(got), err, want.Len())
	}
}
