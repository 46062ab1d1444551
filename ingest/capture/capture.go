// Package capture reads packet captures (pcap, pcapng) and hands out the SIP
// messages in them: IP fragments put together, TCP streams cut into messages,
// tunnels, WebSocket frames, SCTP chunks and HEP packets opened.
// Its one rule: memory is bounded whatever the file holds, and what is not
// handed out is counted in the Summary with its reason.
//
// All of it is ours and not gopacket's, each part for a reason that a test holds:
// places in the file and memory (file.go), headers (decode.go), first fragments
// without the rest (fragment.go), connections that come back on the same ports
// (stream.go), tunnels (tunnel.go).
package capture

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Transport is what carried a payload.
type Transport uint8

// The transports.
const (
	UDP Transport = iota + 1
	TCP
	TLS // in HEP packets only: the agent saw what was inside
	SCTP
	WS
)

// Payload is one SIP message found in a capture. A message over several TCP
// segments or fragments has the time, number and offset of the one that
// completes it, in the order of the stream; that is where Wireshark counts it
// too. A cut one has those of the last segment it got.
type Payload struct {
	Time      int64 // microseconds UTC; 0: the record has none (pcapng Simple Packet Block)
	Src, Dst  netip.AddrPort
	Transport Transport
	Data      []byte // from the start line on; valid only during the call
	Packet    int    // number of the packet, from 1, as Wireshark counts
	// Offset is the first byte of the packet's record in the file; the n-th
	// further message that the same packet completes has n added, so that no
	// two payloads share one.
	Offset int64
	// Cut: the capture does not hold the end of the message (snap length, lost
	// segment or fragment, end of the file).
	Cut bool
}

// Quoted is an ICMP or ICMPv6 error that quotes a SIP message: no message, but
// the notice that one did not arrive (RFC 792, RFC 4443).
type Quoted struct {
	Time       int64 // of the ICMP packet, microseconds UTC
	Packet     int
	Offset     int64
	From       netip.Addr     // who reports the error
	Src, Dst   netip.AddrPort // of the quoted packet
	Transport  Transport      // of the quoted packet
	V6         bool           // Type and Code are ICMPv6's
	Type, Code uint8
	Data       []byte // what is quoted of the message; valid only during the call
}

// Options of Read; the zero value is ready to use.
type Options struct {
	Quoted func(*Quoted) // called for every ICMP error that quotes SIP
}

// Warning is something about the capture that a reader of its numbers should know.
type Warning struct {
	Packet int
	Offset int64
	Text   string
}

// maxWarnings and maxReasons bound the lists of a Summary.
const (
	maxWarnings = 100
	maxReasons  = 64
)

// Summary is the ledger of one capture:
//
//	Packets + Rebuilt = UDP + TCP + SCTP + ICMP + Fragments + Skipped
//	UDP = Messages - OverTCP - OverSCTP + KeepAlives + NotSIP
type Summary struct {
	Packets   int
	LinkTypes map[string]int // packets by link type
	IP        int            // IPv4 and IPv6 packets
	UDP       int            // datagrams
	TCP       int            // segments
	SCTP      int            // packets
	ICMP      int
	Fragments int // IP fragments
	Rebuilt   int // packets put together from them, or from the first of them

	Messages   int // SIP messages handed out
	OverTCP    int // ... of them in TCP streams, WebSocket and HEP among these
	OverSCTP   int // ... of them in SCTP chunks
	OverWS     int // ... of them in WebSocket frames
	HEP        int // ... of them in HEP packets
	Cut        int // ... of them without their end
	Junk       int // ... of them behind other bytes in their datagram
	Quoted     int // ICMP errors that quote SIP; not among Messages
	KeepAlives int // datagrams of line ends and NULs (RFC 5626 §3.5.1)
	NotSIP     int // other datagrams: media, DNS ...

	Streams      int // directions of TCP connections that carried data
	StreamsSIP   int
	StreamsTLS   int
	StreamsWS    int // WebSocket
	StreamsHEP   int
	StreamsOther int // given up after a while without SIP
	GivenUp      int // in the middle of a message, since there were too many
	Gaps         int // places where a TCP stream lacks bytes
	Again        int // TCP segments whose bytes were there before

	Incomplete int            // fragmented packets never completed
	Skipped    map[string]int // packets not looked into, by reason

	Warnings     []Warning // the first 100
	MoreWarnings int       // how many more there were
}

// flow is one direction of a conversation.
type flow struct{ src, dst netip.AddrPort }

// place is where a packet stands; n counts the messages it has completed.
type place struct {
	packet int
	offset int64
	time   int64
	n      int64
}

// scan is one pass over a capture.
type scan struct {
	opt     Options
	visit   func(*Payload) error
	sum     Summary
	links   map[uint16]*int
	decoder decoder
	frags   *fragments
	streams *streams
	chunks  *chunks
	payload Payload
	absent  int   // bytes of the packet that the capture lacks
	depth   int   // tunnels around the packet at hand
	err     error // of visit
}

// Read hands every SIP message of a pcap or pcapng file to visit, in the order
// in which they are complete. A file that ends in the middle of a packet gives
// all whole packets and a warning. The error is visit's, the reader's, or says
// where and why nothing more can be read; what was visited before stays good. A reader with a
// method Chunk() ([]byte, error), which gives bytes that are valid until it is called again, is
// read without copying them.
func Read(r io.Reader, opt Options, visit func(*Payload) error) (Summary, error) {
	c := newScan(opt, visit)
	err := c.packets(r)
	if c.err == nil {
		c.drain()
	}
	for link, n := range c.links {
		c.sum.LinkTypes[linkName(link)] += *n
	}
	if c.err != nil {
		return c.sum, c.err
	}
	return c.sum, err
}

func newScan(opt Options, visit func(*Payload) error) *scan {
	c := &scan{opt: opt, visit: visit, links: map[uint16]*int{}, frags: newFragments(), chunks: newChunks()}
	c.sum.LinkTypes = map[string]int{}
	c.sum.Skipped = map[string]int{}
	c.streams = newStreams(c)
	return c
}

// packets reads all records of the file.
func (c *scan) packets(r io.Reader) error {
	f, err := newFile(r)
	if err != nil {
		return err
	}
	defer f.close()
	var rec record
	var link *int
	var was uint16
	for c.err == nil {
		err := f.next(&rec)
		switch {
		case err == nil:
			c.sum.Packets++
			if link == nil || rec.link != was {
				link, was = c.linkCount(rec.link), rec.link
			}
			*link++
			c.packet(&rec)
		case err == io.EOF:
			return nil
		case err == errCut:
			c.warn(place{packet: c.sum.Packets + 1, offset: f.at}, "the file ends inside this record")
			return nil
		default:
			skip, ok := err.(skipError)
			if !ok {
				return fmt.Errorf("record after packet %d, byte %d: %w", c.sum.Packets, f.at, err)
			}
			c.sum.Packets++
			c.skip(string(skip))
		}
	}
	return nil
}

// linkCount is where packets of a link type are counted.
func (c *scan) linkCount(link uint16) *int {
	if c.links[link] == nil {
		c.links[link] = new(int)
	}
	return c.links[link]
}

// drain hands out what waits for packets that did not come.
func (c *scan) drain() {
	for e := c.frags.order.Front(); e != nil; e = c.frags.order.Front() {
		c.drop(e.Value.(*pending))
	}
	c.streams.drain()
	c.chunks.drain(c)
}

// emit hands out the message in c.payload, complete but for its place; without a
// time of its own it has the packet's. carrier is what brought it here.
func (c *scan) emit(carrier Transport, at *place) {
	if c.err != nil {
		return
	}
	c.sum.Messages++
	switch carrier {
	case TCP:
		c.sum.OverTCP++
	case SCTP:
		c.sum.OverSCTP++
	}
	p := &c.payload
	if p.Cut {
		c.sum.Cut++
	}
	if p.Time == 0 {
		p.Time = at.time
	}
	p.Packet, p.Offset = at.packet, at.offset+at.n
	at.n++
	c.err = c.visit(p)
}

// warn notes text about the packet at a place.
func (c *scan) warn(at place, text string) {
	if len(c.sum.Warnings) == maxWarnings {
		c.sum.MoreWarnings++
		return
	}
	c.sum.Warnings = append(c.sum.Warnings, Warning{at.packet, at.offset, text})
}

// skip counts a packet that is not looked into.
func (c *scan) skip(reason string) {
	if _, ok := c.sum.Skipped[reason]; !ok && len(c.sum.Skipped) >= maxReasons {
		reason = "other"
	}
	c.sum.Skipped[reason]++
}

// ErrNoMessage says that there is no message at the place asked for.
var ErrNoMessage = errors.New("no SIP message at this offset")

// At reads a capture again and returns the message whose Payload had this
// Offset, with Data of its own; ErrNoMessage if there is none. It reads from
// the start: a message in a stream or in fragments needs what came before it.
func At(r io.Reader, offset int64) (Payload, error) {
	found := errors.New("found")
	var hit Payload
	_, err := Read(r, Options{}, func(p *Payload) error {
		if p.Offset != offset {
			return nil
		}
		hit = *p
		hit.Data = append([]byte(nil), p.Data...)
		return found
	})
	if err == found {
		return hit, nil
	}
	if err == nil {
		err = ErrNoMessage
	}
	return Payload{}, err
}
