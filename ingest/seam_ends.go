package ingest

import (
	"bytes"
	"io"

	"callsift/ingest/sip"
	"callsift/store"
)

// maxPiece bounds an end that is kept. Messages are a few kilobytes.
const maxPiece = 16 << 10

// endsReader keeps the end of what passes, and counts lines.
type endsReader struct {
	r     io.Reader
	n     int64
	lines int64
	ring  []byte // the last bytes, up to twice maxPiece
}

func (e *endsReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.n += int64(n)
	e.lines += int64(bytes.Count(p[:n], []byte{'\n'}))
	last := p[max(0, n-maxPiece):n]
	if len(e.ring)+len(last) > 2*maxPiece {
		e.ring = e.ring[:copy(e.ring, e.ring[max(0, len(e.ring)-maxPiece):])]
	}
	e.ring = append(e.ring, last...)
	return n, err
}

// from is what passed from an offset on, nil if that is too long ago.
func (e *endsReader) from(offset int64) []byte {
	kept := e.ring[max(0, len(e.ring)-maxPiece):]
	if back := e.n - offset; back >= 0 && back <= int64(len(kept)) {
		return kept[int64(len(kept))-back:]
	}
	return nil
}

// recordEnds are the places between the records of a source.
type recordEnds struct {
	first, beforeLast, last int64
	any                     bool
}

func (r *recordEnds) add(at Place) {
	end := at.Offset + int64(at.Length)
	if !r.any {
		r.first, r.any = end, true
	}
	r.beforeLast, r.last = r.last, max(r.last, end)
}

// pieceOf is the ends of a source that was read to its end; head is its beginning.
func pieceOf(e *endsReader, at recordEnds, head []byte) (p store.Piece, ok bool) {
	if !at.any {
		if p, ok = wholePiece(head, e.n); ok {
			return p, true
		}
	}
	if at.first <= min(maxPiece, int64(len(head))) {
		p.Head = head[:at.first]
	}
	from := at.beforeLast // the last record may go on
	if p.Tail = e.from(from); p.Tail == nil {
		from = at.last
		p.Tail = e.from(from)
	}
	if p.Tail == nil { // far behind the last record: what another may begin with
		from = max(0, e.n-maxPiece)
		p.Tail = e.from(from)
		if i := bytes.IndexByte(p.Tail, '\n'); i >= 0 && at.last <= from {
			from += int64(i) + 1
			p.Tail = p.Tail[i+1:]
		} else {
			p.Tail = nil
		}
	}
	p.TailOffset, p.TailLine = from, e.lines-int64(bytes.Count(p.Tail, []byte{'\n'}))+1
	return p, len(p.Head) > 0 || len(p.Tail) > 0
}

// wholePiece is the piece of a source of size bytes in which no record was found:
// all of it, where it may be less than one.
func wholePiece(head []byte, size int64) (p store.Piece, ok bool) {
	if size > maxPiece || int64(len(head)) < size || !printable(head) {
		return p, false
	}
	return store.Piece{Head: head, Tail: head, TailLine: 1}, true
}

// pieceReading is what is made of a piece when it is read for itself.
type pieceReading struct {
	discardSink
	callIDs []string
	whole   int // messages that are whole, have a time, tell their way; each adds one
	bytes   int // of messages
	events  []store.Event
	rejects []pieceReject
	useless []store.MessageCount // kinds of the messages among rejects
}

type pieceReject struct {
	at     Place
	reason string
	sample []byte
}

func (p *pieceReading) Message(o *Observation) {
	var m sip.Message
	if err := m.Parse(o.Raw); err != nil {
		p.Reject(o.Place, err.Error(), o.Raw)
		if len(m.Method) > 0 || m.Status != 0 {
			k := store.MessageCount{Status: m.Status}
			if m.IsRequest() {
				k.Method = clipText(m.Method)
			}
			p.useless = append(p.useless, k)
		}
		return
	}
	if o.Undelivered != "" {
		return
	}
	for _, good := range [...]bool{!o.Cut, o.Time != 0 && !o.Guessed, o.Heading != HeadingUnknown || o.Src.IsValid(), m.Countable()} {
		if good {
			p.whole++
		}
	}
	p.bytes += len(o.Raw)
	p.callIDs = append(p.callIDs, string(clipKey(m.CallID)))
}

func (p *pieceReading) Event(e *store.Event) { p.events = append(p.events, *e) }

func (p *pieceReading) Reject(at Place, reason string, sample []byte) {
	p.rejects = append(p.rejects, pieceReject{at, reason, bytes.Clone(sample)})
}
