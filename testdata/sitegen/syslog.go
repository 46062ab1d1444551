package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// syslog writes the messages as the gateway's syslog server did, one file
// before and one after the rotation. Every line has the time and the host.
func syslog(messages []sipMessage) (before, after []byte) {
	var old, young bytes.Buffer
	for _, m := range messages {
		b := &old
		if m.at >= rotation {
			b = &young
		}
		head := local(m.at).Format("2006-01-02T15:04:05.000-07:00") + " mx60 sip[211]: "
		for line := range strings.SplitSeq(strings.TrimSuffix(m.text, "\r\n"), "\r\n") {
			b.WriteString(head)
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return old.Bytes(), young.Bytes()
}

// capture is the messages of five minutes as a pcap file: microseconds, little
// endian, Ethernet.
func capture(messages []sipMessage, t *truth) []byte {
	le := binary.LittleEndian
	var f []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 262144, 1} {
		f = le.AppendUint32(f, v)
	}
	id := uint16(41_000)
	for _, m := range messages {
		if m.at < captureBegin || m.at >= captureEnd {
			continue
		}
		id++
		frame := frame(&m, id)
		for _, v := range []uint32{uint32(m.at / second), uint32(m.at % second), uint32(len(frame)), uint32(len(frame))} {
			f = le.AppendUint32(f, v)
		}
		f = append(f, frame...)
		t.Records.CaptureMessages++
	}
	return f
}

// frame is a message in UDP, IPv4 and Ethernet.
func frame(m *sipMessage, id uint16) []byte {
	src, dst := netip.MustParseAddr(gatewayAddr).As4(), netip.MustParseAddr(carrierAddr).As4()
	macs := []byte{0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x60} // to the router, from the gateway
	ttl := byte(64)
	if !m.out {
		src, dst, ttl = dst, src, 57
		macs = append(macs[6:12:12], macs[:6]...)
	}
	be := binary.BigEndian
	udp := be.AppendUint16(nil, 5060)
	udp = be.AppendUint16(udp, 5060)
	udp = be.AppendUint16(udp, uint16(8+len(m.text)))
	udp = append(append(udp, 0, 0), m.text...)
	pseudo := append(append([]byte{}, src[:]...), dst[:]...)
	pseudo = append(pseudo, 0, 17)
	pseudo = be.AppendUint16(pseudo, uint16(len(udp)))
	be.PutUint16(udp[6:], checksum(append(pseudo, udp...)))

	ip := []byte{0x45, 0x68, 0, 0, 0, 0, 0x40, 0, ttl, 17, 0, 0}
	be.PutUint16(ip[2:], uint16(20+len(udp)))
	be.PutUint16(ip[4:], id)
	ip = append(append(ip, src[:]...), dst[:]...)
	be.PutUint16(ip[10:], checksum(ip))

	eth := append(macs, 0x08, 0x00)
	return append(append(eth, ip...), udp...)
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
