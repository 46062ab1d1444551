package sip

import (
	"bytes"
	"strings"
)

// Limits of one SDP body.
const (
	maxSDP     = 64 << 10 // bytes
	maxMedia   = 32       // m= lines
	maxFormats = 64       // of one m= line
)

// SDP is what a session description says about media (RFC 8866).
type SDP struct {
	Address string // session c=; empty: none
	Media   []Media
	Cut     bool // more lines, media or formats than are read
}

// Media is one m= line with the lines that belong to it.
type Media struct {
	Type      string // audio, video, image, ...
	Port      int    // 0: the medium is refused or closed
	Proto     string // RTP/AVP, RTP/SAVP, udptl, ...
	Codecs    []Codec
	Address   string // its own c=, else the session's; IPv4-mapped as IPv4
	Direction string // sendrecv (if nothing is said), sendonly, recvonly or inactive
	PTime     int    // milliseconds; 0: not said
}

// Codec is one format of an m= line.
type Codec struct {
	Format string // as written: for RTP the payload type
	Name   string // from a=rtpmap, else of the static payload type (RFC 3551), else empty
	Rate   int    // clock rate; 0: not known
}

// SDP returns the session description in the body, also one inside a multipart
// body; false if there is none. Lines end with CRLF or LF; a body that is cut
// gives what is there.
func (m *Message) SDP() (SDP, bool) {
	body := m.Body
	if len(body) > 5 && !bytes.HasPrefix(body, []byte("v=0")) {
		at := bytes.Index(body, []byte("\nv=0"))
		if at < 0 || !bytes.Contains(bytes.ToLower(m.Value("Content-Type")), []byte("multipart")) && len(trim(body[:at])) > 0 {
			return SDP{}, false
		}
		body = body[at+1:]
	}
	if !bytes.HasPrefix(body, []byte("v=0")) {
		return SDP{}, false
	}
	p := sdpParser{}
	if len(body) > maxSDP {
		body, p.sdp.Cut = body[:maxSDP], true
	}
	for len(body) > 0 {
		line := body
		if nl := bytes.IndexByte(body, '\n'); nl >= 0 {
			line, body = body[:nl], body[nl+1:]
		} else {
			body = nil
		}
		line = trim(line)
		if bytes.HasPrefix(line, []byte("--")) { // the next part of a multipart body
			break
		}
		if len(line) > 2 && line[1] == '=' {
			p.line(line[0], trim(line[2:]))
		}
	}
	return p.finish(), true
}

type sdpParser struct {
	sdp       SDP
	direction string // at session level
	ptime     int
	full      bool // maxMedia reached: further lines belong to media not kept
}

func (p *sdpParser) line(kind byte, value []byte) {
	switch {
	case kind == 'm':
		if len(p.sdp.Media) == maxMedia {
			p.full, p.sdp.Cut = true, true
			return
		}
		p.media(value)
	case p.full:
	case kind == 'c':
		p.address(connection(value))
	case kind == 'a':
		p.attribute(value)
	}
}

// current is the m= line that other lines belong to, nil at session level.
func (p *sdpParser) current() *Media {
	if n := len(p.sdp.Media); n > 0 {
		return &p.sdp.Media[n-1]
	}
	return nil
}

// media reads "audio 49170/2 RTP/AVP 0 8 101".
func (p *sdpParser) media(value []byte) {
	kind, rest := word(value)
	port, rest := word(rest)
	proto, rest := word(rest)
	if slash := bytes.IndexByte(port, '/'); slash >= 0 {
		port = port[:slash]
	}
	m := Media{Type: string(kind), Proto: string(proto)}
	m.Port, _ = number(port, 65535)
	rtp := bytes.Contains(proto, []byte("RTP"))
	for len(rest) > 0 {
		if len(m.Codecs) == maxFormats {
			p.sdp.Cut = true
			break
		}
		var format []byte
		format, rest = word(rest)
		c := Codec{Format: string(format)}
		if rtp {
			c.Name, c.Rate = staticCodec(c.Format)
		}
		m.Codecs = append(m.Codecs, c)
	}
	p.sdp.Media = append(p.sdp.Media, m)
}

// connection reads "IN IP4 192.0.2.1/127".
func connection(value []byte) string {
	_, rest := word(value)
	_, rest = word(rest)
	a, _ := word(rest)
	if slash := bytes.IndexByte(a, '/'); slash >= 0 {
		a = a[:slash]
	}
	return string(normalHost(a))
}

func (p *sdpParser) address(a string) {
	m := p.current()
	switch {
	case m == nil:
		p.sdp.Address = a
	case m.Address == "":
		m.Address = a
	}
}

func (p *sdpParser) attribute(value []byte) {
	name, arg := value, []byte(nil)
	if colon := bytes.IndexByte(value, ':'); colon >= 0 {
		name, arg = value[:colon], trim(value[colon+1:])
	}
	direction, ptime := &p.direction, &p.ptime
	m := p.current()
	if m != nil {
		direction, ptime = &m.Direction, &m.PTime
	}
	switch string(name) {
	case "sendrecv", "sendonly", "recvonly", "inactive":
		*direction = string(name)
	case "ptime":
		if dot := bytes.IndexByte(arg, '.'); dot >= 0 {
			arg = arg[:dot]
		}
		*ptime, _ = number(arg, 10000)
	case "rtpmap":
		if m != nil {
			m.rtpmap(arg)
		}
	}
}

// rtpmap reads "101 telephone-event/8000".
func (m *Media) rtpmap(value []byte) {
	format, rest := word(value)
	name, _ := word(rest)
	var rate []byte
	if slash := bytes.IndexByte(name, '/'); slash >= 0 {
		name, rate = name[:slash], name[slash+1:]
	}
	if slash := bytes.IndexByte(rate, '/'); slash >= 0 {
		rate = rate[:slash]
	}
	for i := range m.Codecs {
		if c := &m.Codecs[i]; c.Format == string(format) {
			c.Name = string(name)
			c.Rate, _ = number(rate, 1<<24)
		}
	}
}

// finish fills in what the media take from the session level.
func (p *sdpParser) finish() SDP {
	for i := range p.sdp.Media {
		m := &p.sdp.Media[i]
		if m.Address == "" {
			m.Address = p.sdp.Address
		}
		if m.Direction == "" {
			m.Direction = p.direction
		}
		if m.Direction == "" {
			m.Direction = "sendrecv"
		}
		if m.PTime == 0 {
			m.PTime = p.ptime
		}
	}
	return p.sdp
}

// staticCodec names the static RTP payload types (RFC 3551 §6).
func staticCodec(format string) (name string, rate int) {
	switch format {
	case "0":
		return "PCMU", 8000
	case "3":
		return "GSM", 8000
	case "4":
		return "G723", 8000
	case "5":
		return "DVI4", 8000
	case "6":
		return "DVI4", 16000
	case "7":
		return "LPC", 8000
	case "8":
		return "PCMA", 8000
	case "9":
		return "G722", 8000
	case "10", "11":
		return "L16", 44100
	case "12":
		return "QCELP", 8000
	case "13":
		return "CN", 8000
	case "14":
		return "MPA", 90000
	case "15":
		return "G728", 8000
	case "16":
		return "DVI4", 11025
	case "17":
		return "DVI4", 22050
	case "18":
		return "G729", 8000
	case "25":
		return "CelB", 90000
	case "26":
		return "JPEG", 90000
	case "28":
		return "nv", 90000
	case "31":
		return "H261", 90000
	case "32":
		return "MPV", 90000
	case "33":
		return "MP2T", 90000
	case "34":
		return "H263", 90000
	}
	return "", 0
}

// CodecNames returns the names of the codecs offered, by their names or else
// formats, without repetition and without telephone-event and comfort noise.
func (m Media) CodecNames() []string {
	var names []string
	seen := map[string]bool{"TELEPHONE-EVENT": true, "CN": true}
	for _, c := range m.Codecs {
		name := c.Name
		if name == "" {
			name = c.Format
		}
		if key := strings.ToUpper(name); !seen[key] {
			seen[key] = true
			names = append(names, name)
		}
	}
	return names
}
