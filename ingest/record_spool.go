package ingest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"callsift/store"
)

// What a spool holds.
const (
	spoolRecord = iota
	spoolReject
	spoolEvent
)

// spooled is a record, a reject or an event that waits for the source's end.
type spooled struct {
	kind   int
	rec    callRecord
	reason string
	event  *store.Event
}

func (s *spooled) handOut(r *recordReader) {
	switch s.kind {
	case spoolRecord:
		rec := s.rec
		r.add(&rec)
	case spoolReject:
		r.reject(s.rec.Place, s.reason, s.rec.raw)
	case spoolEvent:
		r.event(s.event)
	}
}

// maxSpool bounds a spool; rows of a dump shrink to about an eighth, so it holds
// more than a million.
const maxSpool = 64 << 20

// recordSpool keeps records compressed, in their order.
type recordSpool struct {
	data bytes.Buffer
	z    *zstd.Encoder
	buf  []byte
	full bool
}

func newRecordSpool() *recordSpool { return &recordSpool{} }

// add keeps one more; full is set when it was the last that fits.
func (p *recordSpool) add(s *spooled) {
	if p.z == nil {
		p.z, _ = zstd.NewWriter(&p.data, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	}
	b := append(p.buf[:0], byte(s.kind))
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(s.rec.Offset)
	number(int64(s.rec.Length))
	number(int64(s.rec.Line))
	switch s.kind {
	case spoolRecord, spoolReject:
		text(s.reason)
		text(s.rec.raw)
		for c, value := range s.rec.values {
			if s.rec.has[c] {
				b = append(b, byte(c))
				text(value)
			}
		}
		b = append(b, 0)
	case spoolEvent:
		e := s.event
		number(e.Time)
		number(int64(e.Code))
		text(e.Kind)
		text(e.Subject)
		text(e.Text)
	}
	p.buf = b
	p.z.Write(b) // into memory: cannot fail
	p.full = p.data.Len() > maxSpool
}

// drain hands out all that is kept, in order.
func (p *recordSpool) drain(r *recordReader) error {
	if p.z == nil {
		return nil
	}
	p.z.Close()
	z, err := zstd.NewReader(bytes.NewReader(p.data.Bytes()), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("rows kept for cel: %w", err)
	}
	defer z.Close()
	in := spoolReader{src: bufio.NewReader(z)}
	for {
		s, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("rows kept for cel: %w", err)
		}
		s.handOut(r)
	}
	p.z, p.data = nil, bytes.Buffer{}
	return nil
}

// spoolReader reads what a spool kept.
type spoolReader struct {
	src *bufio.Reader
	err error
}

func (s *spoolReader) number() int64 {
	n, err := binary.ReadVarint(s.src)
	if err != nil && s.err == nil {
		s.err = io.ErrUnexpectedEOF
	}
	return n
}

func (s *spoolReader) text() string {
	n := s.number()
	if s.err != nil || n < 0 || n > 4*maxSQLText {
		return ""
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(s.src, b); err != nil {
		s.err = io.ErrUnexpectedEOF
	}
	return string(b)
}

func (s *spoolReader) next() (e spooled, err error) {
	kind, err := s.src.ReadByte()
	if err != nil {
		return e, err
	}
	e.kind = int(kind)
	e.rec.Place = Place{Offset: s.number(), Length: int(s.number()), Line: int(s.number())}
	if e.kind == spoolEvent {
		e.event = &store.Event{Time: s.number(), Code: int(s.number()), Kind: s.text(), Subject: s.text(), Text: s.text(),
			Offset: e.rec.Offset, Line: int64(e.rec.Line)}
		return e, s.err
	}
	e.reason, e.rec.raw = s.text(), s.text()
	for {
		c, err := s.src.ReadByte()
		if err != nil || c == 0 || int(c) >= int(recordColumns) {
			return e, s.err
		}
		e.rec.has[c], e.rec.values[c] = true, s.text()
	}
}
