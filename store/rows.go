package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
)

// Rows of the big tables are packed into buffers and stored some hundred at a
// time by a goroutine of the import's own, while the caller makes the next ones:
// half the time of an import is SQLite's, and there are two cores.

// A buffer begins with the number of columns of a row. A value begins with a
// varint whose two lowest bits are its kind: 0 a number (zigzag, in the rest of
// the varint), 1 a text and 2 a blob (the rest is the length), 3 a number in the
// next 8 bytes.
const (
	kindNumber = iota
	kindText
	kindBlob
	kindWide
)

const (
	fullBuffer = 64 << 10 // bytes after which a buffer is handed over
	buffers    = 15       // how many there are: one being filled for each of eleven tables, and some under way
)

// rowQueue owns the goroutine. All methods are for the caller's goroutine.
type rowQueue struct {
	jobs chan rowJob
	free chan rowsDone
	idle chan error // the answer to a job without rows
	made int
	told *earlyWriter // of what was stored
}

// rowsDone is a buffer that can be used again, and the first error so far.
type rowsDone struct {
	buf []byte
	err error
}

type rowJob struct {
	to   *rowWriter
	data []byte
}

func newRowQueue(told *earlyWriter) *rowQueue {
	q := &rowQueue{told: told, jobs: make(chan rowJob, buffers), free: make(chan rowsDone, buffers), idle: make(chan error)}
	go q.run(q.jobs)
	return q
}

// run stores what comes until the queue is closed; after an error it only takes it.
func (q *rowQueue) run(jobs <-chan rowJob) {
	var err error
	for j := range jobs {
		switch {
		case j.to == nil:
			q.idle <- err
			continue
		case err == nil:
			err = j.to.write(j.data)
			q.told.wrote(len(j.data))
		}
		if cap(j.data) > 4*fullBuffer { // grown by one long row
			j.data = nil
		}
		q.free <- rowsDone{j.data[:0], err}
	}
	close(q.idle)
}

// wait returns when everything handed over is stored, with the first error.
func (q *rowQueue) wait() error {
	q.jobs <- rowJob{}
	return <-q.idle
}

// stop ends the goroutine and waits for its end. It may be called again.
func (q *rowQueue) stop() {
	if q.jobs != nil {
		close(q.jobs)
		<-q.idle
		q.jobs = nil
	}
}

// buffer gives an empty buffer, waiting for one if all are under way.
func (q *rowQueue) buffer() ([]byte, error) {
	var done rowsDone
	if q.made < buffers {
		select {
		case done = <-q.free:
		default:
			q.made++
			return make([]byte, 0, fullBuffer+fullBuffer/4), nil
		}
	} else {
		done = <-q.free
	}
	return done.buf, done.err
}

// bufferedTable is a table whose rows are buffered.
type bufferedTable struct {
	name     string
	width    int    // columns
	conflict string // ON CONFLICT clause
	rest     string // columns after the first, which SQLite fills with the next id; "": it is stored as packed
}

// rowBuffer packs rows of one table.
type rowBuffer struct {
	bufferedTable
	im  *Import
	to  *rowWriter // made with the first row
	buf []byte
}

// begin starts a row; as many values as the table has columns must follow.
func (b *rowBuffer) begin() {
	if len(b.buf) >= fullBuffer {
		b.flush()
	}
	if b.buf != nil {
		return
	}
	var err error
	if b.to == nil {
		if b.to, err = newRowWriter(b.im.tx, b.bufferedTable); err != nil {
			b.im.fail(err)
		}
	}
	if b.buf, err = b.im.queue.buffer(); err != nil {
		b.im.fail(err)
	}
	b.buf = append(b.buf, byte(b.width))
}

// flush hands over what is packed.
func (b *rowBuffer) flush() {
	if b.buf != nil {
		b.im.queue.jobs <- rowJob{b.to, b.buf}
		b.buf = nil
	}
}

func (b *rowBuffer) number(n int64) { b.buf = appendNumber(b.buf, n) }

func (b *rowBuffer) text(s string) { b.buf = appendText(b.buf, s) }

func (b *rowBuffer) blob(p []byte) { b.buf = appendBlob(b.buf, p) }

// appendNumber packs a number; nearly all are under 2^60 and take 1 to 5 bytes.
func appendNumber(buf []byte, n int64) []byte {
	h := uint64(n<<1^n>>63)<<2 + kindNumber
	if n >= 1<<60 || n < -1<<60 {
		return binary.LittleEndian.AppendUint64(append(buf, kindWide), uint64(n))
	}
	return binary.AppendUvarint(buf, h)
}

func appendText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))<<2|kindText), s...)
}

func appendBlob(buf, p []byte) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(p))<<2|kindBlob), p...)
}

func (b *rowBuffer) bool(on bool) {
	if on {
		b.number(1)
	} else {
		b.number(0)
	}
}

// packedValue reads one value and its length; n is 0 where the buffer ends in it.
func packedValue(b []byte) (v any, n int) {
	h, k := binary.Uvarint(b)
	size := int(h >> 2)
	if h&3 == kindWide {
		size = 8
	}
	if k <= 0 || h&3 != kindNumber && size > len(b)-k {
		return nil, 0
	}
	switch h & 3 {
	case kindNumber:
		return unpackNumber(h), k
	case kindText:
		return string(b[k : k+size]), k + size
	case kindBlob:
		return append([]byte{}, b[k:k+size]...), k + size
	}
	return int64(binary.LittleEndian.Uint64(b[k:])), k + 8
}

func unpackNumber(h uint64) int64 { return int64(h>>3) ^ -int64(h>>2&1) }

var errPacked = errors.New("packed rows end early, or in a value of another kind")

// eachNumbers runs f for every row of SELECT columns FROM from, which are all
// numbers; the slice is used again. The rows have no order. left is about how many
// are to come, this one with them: slices that outgrow themselves cost more than
// the rows.
func eachNumbers(ctx context.Context, tx *sql.Tx, columns, from string, args []any, width int, f func(row []int64, left int)) error {
	row := make([]int64, width)
	return packedRows(ctx, tx, columns, from, args, func(data []byte) error {
		left := 0
		for _, b := range data {
			left += int(^b >> 7) // a number ends with the byte whose highest bit is 0
		}
		left /= width
		for i := 0; len(data) > 0; i++ {
			h, k := binary.Uvarint(data)
			switch {
			case k > 0 && h&3 == kindNumber:
				row[i%width], data = unpackNumber(h), data[k:]
			case k > 0 && h&3 == kindWide && len(data) >= k+8:
				row[i%width], data = int64(binary.LittleEndian.Uint64(data[k:])), data[k+8:]
			default:
				return errPacked
			}
			if i%width == width-1 {
				f(row, max(1, left-i/width))
			}
		}
		return nil
	})
}
