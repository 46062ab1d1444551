package capture

import (
	"bytes"
	"encoding/binary"
)

// What runs over a TCP connection besides SIP itself: SIP in WebSocket (RFC 7118
// over RFC 6455) and HEP. Both directions of a connection are looked at alone,
// as everywhere in this package.

// streamKind is what a stream carries.
type streamKind uint8

const (
	streamOfSIP streamKind = iota
	streamHTTP             // the handshake of a WebSocket, perhaps
	streamWS
	streamHEP
)

// webSocket is the state of one direction of a WebSocket.
type webSocket struct {
	message []byte // of the frames so far, unmasked; a message may come in several (RFC 6455 §5.4)
	open    bool   // its last frame has not come
	lost    bool   // bytes are missing: the next frame is looked for
	skip    int    // bytes of a frame still to be passed over
}

// Frame opcodes (RFC 6455 §5.2).
const (
	wsContinuation = 0
	wsText         = 1
	wsBinary       = 2
	wsPong         = 10
)

// maxHandshake bounds the HTTP head before the frames.
const maxHandshake = 16 << 10

// recognise tells by a stream's first bytes what it carries. A connection whose
// handshake was not captured is known by a first frame that holds SIP.
func (t *streams) recognise(s *stream, b []byte) {
	switch {
	case bytes.HasPrefix(b, []byte("HEP3")):
		s.kind = streamHEP
		t.c.sum.StreamsHEP++
	case bytes.HasPrefix(b, []byte("GET ")) || bytes.HasPrefix(b, []byte("HTTP/1.1 101")):
		s.kind = streamHTTP
	case framesSIP(b):
		t.upgrade(s)
	}
}

func (t *streams) upgrade(s *stream) {
	s.kind, s.ws = streamWS, &webSocket{}
	t.c.sum.StreamsWS++
}

// cutWebSocket passes over the handshake, then hands out the messages of the
// frames in b; it returns what is left.
func (t *streams) cutWebSocket(s *stream, b []byte) []byte {
	if s.kind == streamHTTP {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			if len(b) > maxHandshake {
				s.kind = streamOfSIP // some other HTTP; its lines are junk between messages
			}
			return b
		}
		if !bytes.Contains(bytes.ToLower(b[:min(end, maxHandshake)]), []byte("\nupgrade: websocket")) {
			s.kind = streamOfSIP
			return t.cutSIP(s, b)
		}
		t.upgrade(s)
		b = b[end+4:]
	}
	w := s.ws
	if w.lost && framesSIP(b) {
		w.lost = false
	}
	if w.lost {
		return nil
	}
	for {
		n := min(w.skip, len(b))
		w.skip -= n
		b = b[n:]
		f, ok := readFrame(b)
		if !ok || s.dead {
			return b
		}
		if f.size > maxMessage || f.compressed || f.opcode > wsPong {
			b = t.oddFrame(s, &f, b)
			if s.dead {
				return nil
			}
			continue
		}
		if len(b) < f.head+f.size {
			return b
		}
		t.frame(s, &f, b[f.head:f.head+f.size])
		b = b[f.head+f.size:]
		s.tries = 0
	}
}

// oddFrame passes over a frame that holds no SIP that could be read.
func (t *streams) oddFrame(s *stream, f *wsFrame, b []byte) []byte {
	w := s.ws
	switch {
	case f.compressed:
		t.c.warn(s.at, "WebSocket messages are compressed (RFC 7692): what they carry is not read")
		t.bury(s)
		return nil
	case f.opcode > wsPong || f.size > 1<<30:
		w.lost = true
		return nil
	}
	w.message, w.open = nil, false
	w.skip = f.head + f.size
	return b
}

// wsFrame is the head of a frame.
type wsFrame struct {
	final, compressed bool
	opcode            byte
	masked            bool
	mask              [4]byte
	head, size        int
}

// readFrame reads the head of a frame; false if it is not all there.
func readFrame(b []byte) (f wsFrame, ok bool) {
	if len(b) < 2 {
		return f, false
	}
	f.final, f.compressed, f.opcode = b[0]&0x80 != 0, b[0]&0x40 != 0, b[0]&15
	f.masked, f.size, f.head = b[1]&0x80 != 0, int(b[1]&0x7f), 2
	switch f.size {
	case 126:
		if len(b) < 4 {
			return f, false
		}
		f.size, f.head = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return f, false
		}
		f.size, f.head = int(min(binary.BigEndian.Uint64(b[2:]), 1<<31)), 10
	}
	if f.masked {
		if len(b) < f.head+4 {
			return f, false
		}
		copy(f.mask[:], b[f.head:])
		f.head += 4
	}
	return f, true
}

// unmask appends a frame's payload to dst.
func (f *wsFrame) unmask(dst, payload []byte) []byte {
	at := len(dst)
	dst = append(dst, payload...)
	if f.masked {
		for i := range payload {
			dst[at+i] ^= f.mask[i&3]
		}
	}
	return dst
}

// frame takes one whole frame.
func (t *streams) frame(s *stream, f *wsFrame, payload []byte) {
	w := s.ws
	switch f.opcode {
	case wsText, wsBinary:
		t.endMessage(s, true) // one whose last frame never came
		w.message = f.unmask(w.message[:0], payload)
	case wsContinuation:
		if !w.open {
			return
		}
		if len(w.message)+len(payload) > maxMessage {
			t.endMessage(s, true)
			return
		}
		w.message = f.unmask(w.message, payload)
	default: // ping, pong, close
		return
	}
	w.open = true
	if f.final {
		t.endMessage(s, false)
	}
}

// endMessage hands out the SIP message that came in frames.
func (t *streams) endMessage(s *stream, cut bool) {
	w := s.ws
	if start, _ := findSIP(w.message); w.open && start >= 0 {
		t.emit(s, w.message[start:], cut)
	}
	w.message, w.open = w.message[:0], false
	if cap(w.message) > 16<<10 {
		w.message = nil
	}
}

// partialWebSocket hands out the beginning of a message whose rest will not
// come, be it in an unfinished frame. Bytes are missing after this.
func (t *streams) partialWebSocket(s *stream) {
	w := s.ws
	f, ok := readFrame(s.buf)
	if ok && !f.compressed && f.opcode <= wsBinary && len(s.buf) > f.head && len(w.message) <= maxMessage {
		if f.opcode != wsContinuation {
			t.endMessage(s, true)
			w.open = true
		}
		w.message = f.unmask(w.message, s.buf[f.head:min(len(s.buf), f.head+f.size)])
	}
	t.endMessage(s, true)
	w.lost, w.skip = true, 0
}

// framesSIP reports whether b begins with a WebSocket frame that begins with SIP.
func framesSIP(b []byte) bool {
	f, ok := readFrame(b)
	if !ok || !f.final || f.compressed || b[0]&0x30 != 0 || f.opcode != wsText && f.opcode != wsBinary || f.size > maxMessage {
		return false
	}
	payload := f.unmask(nil, b[f.head:min(len(b), f.head+f.size, f.head+maxStartLine)])
	start, _ := findSIP(payload)
	return start >= 0
}

// cutHEP hands out the messages of the HEP packets in b; it returns what is left.
func (t *streams) cutHEP(s *stream, b []byte) []byte {
	for len(b) >= 6 {
		size := int(binary.BigEndian.Uint16(b[4:]))
		if !bytes.HasPrefix(b, []byte("HEP3")) || size < 6 {
			next := bytes.Index(b[1:], []byte("HEP3")) // bytes were lost
			if next < 0 {
				return nil
			}
			b = b[1+next:]
			continue
		}
		if len(b) < size {
			return b
		}
		if t.c.hep(b[:size], TCP, &s.at, false) {
			t.carries(s)
		}
		b = b[size:]
		s.tries = 0
	}
	return b
}
