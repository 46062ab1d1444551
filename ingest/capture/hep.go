package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// HEP (Homer Encapsulation Protocol) is how proxies and capture agents send
// copies of SIP messages to a collector, over UDP (port 9060) or TCP. Version 3
// is a row of chunks: vendor, type and length (of the whole chunk) of two bytes
// each, then the value, all big endian; versions 1 and 2 have a fixed header.
// See github.com/sipcapture/HEP. The message counts with the addresses, the time
// and the transport that the packet tells; it is as if the capture had been
// taken where the agent stood.

// Types of chunks; vendor 0.
const (
	hepProtocol   = 2
	hepSrc4       = 3
	hepDst4       = 4
	hepSrc6       = 5
	hepDst6       = 6
	hepSrcPort    = 7
	hepDstPort    = 8
	hepSeconds    = 9
	hepMicros     = 10
	hepKind       = 11 // 1: SIP
	hepPayload    = 15
	hepCompressed = 16 // gzip or zlib
)

// isHEP reports whether data begins as a HEP packet does.
func isHEP(data []byte) bool {
	if len(data) >= 4 && string(data[:4]) == "HEP3" {
		return len(data) >= 6
	}
	return len(data) > 16 && (data[0] == 1 || data[0] == 2) && (data[2] == 2 && data[1] >= 16 && data[1] <= 28 || data[2] == 10 && data[1] >= 40 && data[1] <= 52) &&
		hepTransport(data[3]) != 0
}

// hep hands out the SIP message of a HEP packet; false if there is none in it.
func (c *scan) hep(data []byte, carrier Transport, at *place, cut bool) bool {
	var p Payload
	var ok bool
	if data[0] == 'H' {
		p, ok = hep3(data)
	} else {
		p, ok = hep2(data, at.time)
	}
	if !ok {
		return false
	}
	start, junk := findSIP(p.Data)
	if start < 0 {
		return false
	}
	if junk {
		c.sum.Junk++
		c.warn(*at, "other bytes before the SIP message of this HEP packet")
	}
	p.Data = p.Data[start:]
	p.Cut = p.Cut || cut
	c.sum.HEP++
	c.payload = p
	c.emit(carrier, at)
	return true
}

// hep3 reads the chunks of a packet.
func hep3(data []byte) (p Payload, ok bool) {
	kind := uint64(1)
	var src, dst netip.Addr
	var srcPort, dstPort uint16
	var packed []byte
	for b := data[6:]; len(b) >= 6; {
		vendor, typ, size := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), int(binary.BigEndian.Uint16(b[4:]))
		if size < 6 {
			return p, false
		}
		value := b[6:max(6, min(size, len(b)))]
		p.Cut = size > len(b)
		b = b[min(size, len(b)):]
		if vendor != 0 {
			continue
		}
		switch typ {
		case hepProtocol:
			p.Transport = hepTransport(byte(bigEndian(value)))
		case hepSrc4, hepSrc6:
			src, _ = netip.AddrFromSlice(value)
		case hepDst4, hepDst6:
			dst, _ = netip.AddrFromSlice(value)
		case hepSrcPort:
			srcPort = uint16(bigEndian(value))
		case hepDstPort:
			dstPort = uint16(bigEndian(value))
		case hepSeconds:
			p.Time += int64(uint32(bigEndian(value))) * 1e6
		case hepMicros:
			p.Time += int64(bigEndian(value) % 1e6)
		case hepKind:
			kind = bigEndian(value)
		case hepPayload:
			p.Data = value
		case hepCompressed:
			packed = value
		}
	}
	if p.Data == nil && packed != nil {
		p.Data = inflate(packed)
	}
	if src.IsValid() && dst.IsValid() {
		p.Src, p.Dst = netip.AddrPortFrom(src.Unmap(), srcPort), netip.AddrPortFrom(dst.Unmap(), dstPort)
	}
	return p, kind == 1 && len(p.Data) > 0
}

// hep2 reads a packet of version 1 or 2: version, length, address family,
// protocol, ports, addresses; version 2 has seconds, microseconds and an agent's
// number behind them. The ports are big endian; the time is written as the
// machine has it, so the order that comes nearer to the packet's own time is taken.
func hep2(data []byte, now int64) (p Payload, ok bool) {
	size := 4
	if data[2] == 10 {
		size = 16
	}
	head := 8 + 2*size
	p.Transport = hepTransport(data[3])
	if len(data) < head {
		return p, false
	}
	src, _ := netip.AddrFromSlice(data[8 : 8+size])
	dst, _ := netip.AddrFromSlice(data[8+size : head])
	p.Src = netip.AddrPortFrom(src, binary.BigEndian.Uint16(data[4:]))
	p.Dst = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(data[6:]))
	p.Data = data[head:]
	if data[0] == 1 {
		return p, true
	}
	if len(data) < head+12 {
		return p, false
	}
	little, big := hep2Time(binary.LittleEndian, data[head:]), hep2Time(binary.BigEndian, data[head:])
	p.Time = little
	if max(big-now, now-big) < max(little-now, now-little) {
		p.Time = big
	}
	p.Data = data[head+12:]
	return p, true
}

func hep2Time(order binary.ByteOrder, b []byte) int64 {
	return int64(order.Uint32(b))*1e6 + int64(order.Uint32(b[4:])%1e6)
}

// hepTransport turns the protocol number of a HEP packet into a transport, 0 if
// it is none that carries SIP. 22 and 50 are what Kamailio and OpenSIPS write
// for TLS and WebSocket, which have no number.
func hepTransport(protocol byte) Transport {
	switch protocol {
	case 6:
		return TCP
	case 17:
		return UDP
	case 22:
		return TLS
	case 50:
		return WS
	case 132:
		return SCTP
	}
	return 0
}

// bigEndian is a number of one to eight bytes; longer ones are cut.
func bigEndian(b []byte) (n uint64) {
	for _, x := range b[:min(len(b), 8)] {
		n = n<<8 | uint64(x)
	}
	return n
}

// inflate unpacks a compressed payload, at most maxMessage bytes of it.
func inflate(b []byte) []byte {
	var r io.Reader
	var err error
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return nil
	}
	data, _ := io.ReadAll(io.LimitReader(r, maxMessage))
	return data
}
