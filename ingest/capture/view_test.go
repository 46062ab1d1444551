package capture

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// chunky hands out its bytes in pieces and spoils each piece once the next is asked for, as
// memory that is used again does.
type chunky struct {
	io.Reader
	r    *rand.Rand
	rest []byte
	last []byte
	end  error
}

func (c *chunky) Chunk() ([]byte, error) {
	for i := range c.last {
		c.last[i] = 0xee
	}
	n := min(c.r.IntN(50), len(c.rest)) // empty ones too
	c.last, c.rest = bytes.Clone(c.rest[:n]), c.rest[n:]
	if len(c.rest) == 0 {
		return c.last, c.end
	}
	return c.last, nil
}

func TestView(t *testing.T) {
	data := make([]byte, 5000)
	end := errors.New("the end")
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		var in io.Reader = iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(data)))
		want := io.EOF
		if seed%2 == 0 {
			in, want = &chunky{r: r, rest: data, end: end}, end
		}
		v := newView(in)
		for at := 0; ; {
			n := r.IntN(200)
			b, err := v.peek(n)
			if left := data[at:]; n > len(left) {
				if !bytes.Equal(b, left) || err != want {
					t.Fatalf("seed %d: %d bytes at %d are %d, %v; want the last %d, %v", seed, n, at, len(b), err, len(left), want)
				}
			} else if !bytes.Equal(b, left[:n]) || err != nil {
				t.Fatalf("seed %d: %d bytes at %d are others, or %v", seed, n, at, err)
			}
			n = r.IntN(300)
			passed, err := v.pass(n)
			at += passed
			if passed != n {
				if at != len(data) || err != want {
					t.Fatalf("seed %d: passed %d of %d bytes, to %d, %v; want all, or to %d, %v", seed, passed, n, at, err, len(data), want)
				}
				break
			}
		}
		v.close()
	}
}

func TestViewNoProgress(t *testing.T) {
	v := newView(readerFunc(func([]byte) (int, error) { return 0, nil }))
	if b, err := v.peek(1); len(b) != 0 || err != io.ErrNoProgress {
		t.Errorf("a reader that reads nothing gives %q, %v", b, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
