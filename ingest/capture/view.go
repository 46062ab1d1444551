package capture

import (
	"io"
	"sync"
)

// view shows the bytes of a reader in pieces of any length. A reader that has its bytes in
// memory hands them out itself (method Chunk): a file read ahead is then not copied once more,
// which took 1 % of a capture's time. Only what goes on in the next chunk is copied.
type view struct {
	next   func() ([]byte, error) // what it gives is valid until it is called again
	cur    []byte                 // what is shown next
	behind []byte                 // what follows cur
	joined []byte                 // the memory of cur where that is of several chunks
	buf    *[chunkSize]byte       // of a reader without Chunk
	err    error                  // behind all
}

const chunkSize = 256 << 10

// buffers are for one capture after the other: a switch that writes a capture a call
// leaves thousands of small ones.
var buffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

func newView(r io.Reader) view {
	if own, ok := r.(interface{ Chunk() ([]byte, error) }); ok {
		return view{next: own.Chunk}
	}
	buf := buffers.Get().(*[chunkSize]byte)
	return view{buf: buf, next: func() ([]byte, error) {
		n, err := r.Read(buf[:])
		return buf[:n], err
	}}
}

func (v *view) close() {
	if v.buf != nil {
		buffers.Put(v.buf)
	}
	*v = view{}
}

// peek shows the next n bytes, until the next call of any method; fewer with the error behind
// them.
func (v *view) peek(n int) ([]byte, error) {
	if len(v.cur) >= n {
		return v.cur[:n], nil
	}
	return v.join(n)
}

// join is peek for bytes that are not all in cur.
func (v *view) join(n int) ([]byte, error) {
	if len(v.cur) == 0 && (len(v.behind) > 0 || v.fetch()) {
		v.cur, v.behind = v.behind, nil
	}
	if len(v.cur) >= n {
		return v.cur[:n], nil
	}
	v.joined = append(v.joined[:0], v.cur...) // before the chunk that it is in goes
	for len(v.joined) < n && (len(v.behind) > 0 || v.fetch()) {
		more := min(n-len(v.joined), len(v.behind))
		v.joined, v.behind = append(v.joined, v.behind[:more]...), v.behind[more:]
	}
	if v.cur = v.joined; len(v.cur) < n {
		return v.cur, v.err
	}
	return v.cur, nil
}

// fetch gets the next chunk; false: there is none.
func (v *view) fetch() bool {
	for empty := 0; len(v.behind) == 0; empty++ {
		if empty == 100 && v.err == nil {
			v.err = io.ErrNoProgress
		}
		if v.err != nil {
			return false
		}
		v.behind, v.err = v.next()
	}
	return true
}

// pass goes over n bytes; over fewer with the error behind them.
func (v *view) pass(n int) (int, error) {
	for left := n; ; {
		done := min(left, len(v.cur))
		v.cur = v.cur[done:]
		if left -= done; left == 0 {
			return n, nil
		}
		if len(v.behind) == 0 && !v.fetch() {
			return n - left, v.err
		}
		v.cur, v.behind = v.behind, nil
	}
}
