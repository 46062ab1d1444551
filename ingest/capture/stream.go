package capture

import (
	"bytes"
	"container/list"
	"fmt"
	"slices"

	"callsift/ingest/sip"
)

// TCP streams are put in order here and not by gopacket's reassembly: there, a
// connection that ends with RST from one side and opens again from the same
// ports is lost until it is flushed, and SIP devices that send from port 5060
// do just that. Here every direction stands alone and a SYN begins it anew.
//
// Bounds: the streams used least recently go first when there are too many or
// they hold too much; a gap is waited for by packet time.
const (
	maxStreams     = 16 << 10  // directions of connections remembered
	maxStreamBytes = 64 << 20  // held by all of them
	maxMessage     = 256 << 10 // held of one message
	maxQueue       = 256       // segments of a stream waiting for one before them
	maxQueueBytes  = 256 << 10
	maxJunk        = 16 << 10      // bytes without a start line: not SIP
	maxTries       = 1024          // segments of one message
	gapWait        = 5e6           // microseconds that a missing segment is waited for
	idleTime       = 30 * 60 * 1e6 // ... that a stream is remembered
	window         = 1 << 20       // sequence numbers further off are another connection
	segOverhead    = 96            // bytes of memory counted for each waiting segment beside its data
)

// segment is one that waits for those before it.
type segment struct {
	seq     uint32
	data    []byte
	missing int
	at      place
}

// stream is one direction of a TCP connection.
type stream struct {
	way    flow
	elem   *list.Element
	opened bool   // next is known
	isn    uint32 // of the SYN, if one was seen
	syn    bool
	next   uint32 // sequence number of the next byte
	buf    []byte // the beginning of a message
	queue  []segment
	queued int   // bytes that queue takes
	since  int64 // when the queue began
	held   int   // bytes accounted for
	at     place // of the last segment taken
	seen   int64
	tries  int  // segments since buf began
	junk   int  // bytes passed over before the first message
	begun  bool // data was seen
	sip    bool // a message was found
	dead   bool // not SIP: only a SYN brings it back
	kind   streamKind
	ws     *webSocket // of a WebSocket stream
}

// streams are all directions of all connections.
type streams struct {
	c      *scan
	byFlow map[flow]*stream
	lru    *list.List // least recently used first
	bytes  int
}

func newStreams(c *scan) *streams {
	return &streams{c: c, byFlow: map[flow]*stream{}, lru: list.New()}
}

// segment takes one TCP segment; missing bytes of it were not captured.
func (t *streams) segment(way flow, tcp *decoder, missing int, at *place) {
	if len(tcp.payload) == 0 && missing == 0 && !tcp.syn && !tcp.fin && !tcp.rst {
		return // a bare acknowledgement
	}
	s := t.byFlow[way]
	if s == nil {
		if len(tcp.payload) == 0 && !tcp.syn {
			return
		}
		s = &stream{way: way}
		s.elem = t.lru.PushBack(s)
		t.byFlow[way] = s
	} else {
		t.lru.MoveToBack(s.elem)
	}
	s.seen = max(s.seen, at.time)
	t.take(s, tcp, missing, at)
	t.account(s)
	t.evict(at.time)
}

// take finds the place of a segment in its stream.
func (t *streams) take(s *stream, tcp *decoder, missing int, at *place) {
	seq := tcp.seq
	if tcp.syn {
		if !s.syn || s.isn != seq {
			t.finish(s)
			*s = stream{way: s.way, elem: s.elem, held: s.held, seen: at.time, syn: true, isn: seq, opened: true, next: seq + 1}
		}
		seq++
	}
	if s.dead {
		return
	}
	if !s.opened { // the capture began in mid-stream
		s.opened, s.next = true, seq
	}
	if len(tcp.payload) > 0 || missing > 0 {
		t.order(s, segment{seq, tcp.payload, missing, *at})
	}
	if (tcp.fin || tcp.rst) && len(s.queue) == 0 && int32(seq+uint32(len(tcp.payload)+missing)-s.next) >= 0 {
		t.partial(s)
	}
}

// order takes a segment if it is the next one, else keeps it for later.
func (t *streams) order(s *stream, seg segment) {
	ahead := int32(seg.seq - s.next)
	if ahead > window || ahead < -window {
		// Another connection on the same ports, whose SYN was not captured.
		t.finish(s)
		s.next, ahead = seg.seq, 0
		s.kind, s.ws, s.begun = streamOfSIP, nil, false
	}
	if ahead <= 0 {
		t.next(s, seg)
		t.dequeue(s)
		return
	}
	seg.data = slices.Clone(seg.data)
	if len(s.queue) == 0 {
		s.since = seg.at.time
	}
	// Behind those with the same number: the bytes that came first stand.
	i := len(s.queue)
	for i > 0 && int32(s.queue[i-1].seq-seg.seq) > 0 {
		i--
	}
	s.queue = slices.Insert(s.queue, i, seg)
	s.queued += len(seg.data) + segOverhead
	if len(s.queue) > maxQueue || s.queued > maxQueueBytes || seg.at.time-s.since > gapWait {
		t.leap(s)
	}
}

// dequeue takes what no longer waits.
func (t *streams) dequeue(s *stream) {
	for len(s.queue) > 0 && int32(s.queue[0].seq-s.next) <= 0 {
		seg := s.queue[0]
		s.queue = s.queue[1:]
		s.queued -= len(seg.data) + segOverhead
		s.since = seg.at.time
		t.next(s, seg)
	}
	if len(s.queue) == 0 {
		s.queue, s.queued = nil, 0
	}
}

// leap gives up on the bytes before the first waiting segment.
func (t *streams) leap(s *stream) {
	t.gap(s, int(s.queue[0].seq-s.next), s.queue[0].at)
	s.next = s.queue[0].seq
	t.dequeue(s)
}

// gap notes that n bytes of the stream are not in the capture.
func (t *streams) gap(s *stream, n int, at place) {
	t.partial(s)
	t.c.sum.Gaps++
	if s.sip {
		t.c.warn(at, fmt.Sprintf("%d bytes of the TCP stream from %v to %v are missing before this", n, s.way.src, s.way.dst))
	}
}

// next takes a segment that begins at or before the next byte of the stream.
func (t *streams) next(s *stream, seg segment) {
	old := int(s.next - seg.seq)
	end := len(seg.data) + seg.missing
	if old >= end {
		t.c.sum.Again++
		return
	}
	s.next = seg.seq + uint32(end)
	if s.dead {
		return
	}
	s.at = seg.at
	if old < len(seg.data) {
		t.data(s, seg.data[old:])
	}
	if seg.missing > 0 {
		t.gap(s, seg.missing, seg.at)
	}
}

// data cuts the stream into messages; b is what comes after s.buf.
func (t *streams) data(s *stream, b []byte) {
	if !s.begun {
		s.begun = true
		t.c.sum.Streams++
		if len(b) > 2 && b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 { // TLS record (RFC 8446 §5.1)
			t.c.sum.StreamsTLS++
			t.bury(s)
			return
		}
		t.recognise(s, b)
	}
	if len(s.buf) > 0 {
		s.buf = append(s.buf, b...)
		b = s.buf
	}
	switch s.kind {
	case streamHEP:
		b = t.cutHEP(s, b)
	case streamHTTP, streamWS:
		b = t.cutWebSocket(s, b)
	default:
		b = t.cutSIP(s, b)
	}
	if s.dead {
		return
	}
	t.keep(s, b)
	if !s.sip && s.kind <= streamHTTP && s.junk+len(s.buf) > maxJunk && !startsSIP(s.buf) {
		t.c.sum.StreamsOther++
		t.bury(s)
	}
}

// cutSIP hands out the messages in b and returns what is left: the beginning of
// one more.
func (t *streams) cutSIP(s *stream, b []byte) []byte {
	for len(b) > 0 {
		skip, size, complete := sip.Frame(b)
		b = b[skip:]
		if !s.sip {
			s.junk += skip
		}
		if !complete {
			break
		}
		if startsSIP(b[:size]) { // Frame gives up on a line that is longer than any head, too
			t.emit(s, b[:size], size > sip.MaxHead && !hasHead(b[:size]))
		}
		b = b[size:]
		s.tries = 0
	}
	return b
}

// keep remembers the beginning of a message for the segments to come.
func (t *streams) keep(s *stream, rest []byte) {
	s.tries++
	switch {
	case len(rest) == 0:
		s.buf, s.tries = nil, 0
	case len(rest) > maxMessage || s.tries > maxTries:
		s.buf = rest
		t.partial(s)
	case len(s.buf) > 0:
		s.buf = append(s.buf[:0], rest...)
	default:
		s.buf = slices.Clone(rest)
	}
}

// carries notes that a message was found in the stream.
func (t *streams) carries(s *stream) {
	if !s.sip {
		s.sip = true
		t.c.sum.StreamsSIP++
	}
}

// emit hands out a message of the stream.
func (t *streams) emit(s *stream, data []byte, cut bool) {
	t.carries(s)
	transport := TCP
	if s.kind == streamWS {
		transport = WS
		t.c.sum.OverWS++
	}
	t.c.payload = Payload{Src: s.way.src, Dst: s.way.dst, Transport: transport, Data: data, Cut: cut}
	t.c.emit(TCP, &s.at)
}

// partial hands out the message whose end will not come.
func (t *streams) partial(s *stream) {
	switch {
	case s.kind == streamWS && s.ws != nil:
		t.partialWebSocket(s)
	case s.kind == streamOfSIP && startsSIP(s.buf):
		t.emit(s, s.buf, true)
	}
	s.buf, s.tries = nil, 0
}

// startsSIP reports whether b begins with a whole start line.
func startsSIP(b []byte) bool {
	nl := bytes.IndexByte(b, '\n')
	return nl >= 0 && sip.IsStartLine(b[:nl])
}

// hasHead reports whether the header section of a message ends.
func hasHead(b []byte) bool {
	return bytes.Contains(b, []byte("\n\r\n")) || bytes.Contains(b, []byte("\n\n"))
}

// bury gives up a stream that is not SIP.
func (t *streams) bury(s *stream) {
	s.dead = true
	s.buf, s.queue, s.queued, s.ws = nil, nil, 0, nil
}

// finish hands out all that a stream still holds.
func (t *streams) finish(s *stream) {
	for len(s.queue) > 0 {
		t.leap(s)
	}
	t.partial(s)
}

// account keeps the sum of what the streams hold.
func (t *streams) account(s *stream) {
	held := cap(s.buf) + s.queued
	if s.ws != nil {
		held += cap(s.ws.message)
	}
	t.bytes += held - s.held
	s.held = held
}

// evict forgets streams until the bounds hold.
func (t *streams) evict(now int64) {
	for e := t.lru.Front(); e != nil; e = t.lru.Front() {
		s := e.Value.(*stream)
		idle := now-s.seen > idleTime
		if len(t.byFlow) <= maxStreams && t.bytes <= maxStreamBytes && !idle {
			return
		}
		if !idle && len(s.buf)+len(s.queue) > 0 {
			if t.c.sum.GivenUp++; t.c.sum.GivenUp == 1 {
				t.c.warn(s.at, fmt.Sprintf("here the TCP stream from %v to %v is given up in the middle of a message: over %d streams, or %d MiB, at once", s.way.src, s.way.dst, maxStreams, maxStreamBytes>>20))
			}
		}
		t.forget(s)
	}
}

// forget finishes a stream and removes it.
func (t *streams) forget(s *stream) {
	t.finish(s)
	t.account(s)
	t.lru.Remove(s.elem)
	delete(t.byFlow, s.way)
}

// drain finishes all streams.
func (t *streams) drain() {
	for e := t.lru.Front(); e != nil; e = t.lru.Front() {
		t.forget(e.Value.(*stream))
	}
}
