package sip

import (
	"strings"
	"testing"
)

func TestSDP(t *testing.T) {
	for _, tc := range []struct {
		name, contentType, body string
		want                    SDP
		none                    bool
	}{
		{name: "offer", body: "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\na=sendonly\r\na=ptime:30\r\n" +
			"m=audio 4000/2 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n" +
			"m=video 0 RTP/SAVP 96\r\nc=IN IP6 ::ffff:192.0.2.6/127\r\na=rtpmap:96 H264/90000\r\na=inactive\r\n",
			want: SDP{Address: "192.0.2.5", Media: []Media{
				{Type: "audio", Port: 4000, Proto: "RTP/AVP", Codecs: []Codec{{"8", "PCMA", 8000}, {"101", "telephone-event", 8000}},
					Address: "192.0.2.5", Direction: "sendonly", PTime: 20},
				{Type: "video", Proto: "RTP/SAVP", Codecs: []Codec{{"96", "H264", 90000}}, Address: "192.0.2.6", Direction: "inactive", PTime: 30},
			}}},
		{name: "fax, LF, no session address", body: "v=0\nm=image 5000 udptl t38\nc=IN IP4 198.51.100.3\n",
			want: SDP{Media: []Media{{Type: "image", Port: 5000, Proto: "udptl", Codecs: []Codec{{Format: "t38"}}, Address: "198.51.100.3", Direction: "sendrecv"}}}},
		{name: "multipart", contentType: `multipart/mixed;boundary="b1"`,
			body: "--b1\r\nContent-Type: application/isup\r\n\r\n\x01\x11\x00\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2.5\r\nm=audio 4000 RTP/AVP 0\r\n--b1--\r\nm=audio 1 RTP/AVP 0\r\n",
			want: SDP{Address: "192.0.2.5", Media: []Media{{Type: "audio", Port: 4000, Proto: "RTP/AVP", Codecs: []Codec{{"0", "PCMU", 8000}}, Address: "192.0.2.5", Direction: "sendrecv"}}}},
		{name: "cut in an m line", body: "v=0\r\nc=IN IP4 192.0.2.5\r\nm=audio 40",
			want: SDP{Address: "192.0.2.5", Media: []Media{{Type: "audio", Port: 40, Address: "192.0.2.5", Direction: "sendrecv"}}}},
		{name: "empty m line", body: "v=0\r\nm= \r\n"},
		{name: "port out of range", body: "v=0\r\nm=audio 70000 RTP/AVP\r\n", want: SDP{Media: []Media{{Type: "audio", Proto: "RTP/AVP", Direction: "sendrecv"}}}},
		{name: "no body", none: true},
		{name: "other body", contentType: "application/xml", body: "<a/>\nv=0\n", none: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := response(t, "Content-Type: "+tc.contentType)
			m.Body = []byte(tc.body)
			got, ok := m.SDP()
			equal(t, "an SDP", ok, !tc.none)
			equal(t, "SDP", got, tc.want)
		})
	}
}

func TestSDPLimits(t *testing.T) {
	m := &Message{Body: []byte("v=0\r\n" + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 40))}
	sdp, _ := m.SDP()
	equal(t, "media, cut", []any{len(sdp.Media), sdp.Cut}, []any{maxMedia, true})
	m.Body = []byte("v=0\r\nm=audio 1 RTP/AVP" + strings.Repeat(" 0", 100))
	sdp, _ = m.SDP()
	equal(t, "formats, cut", []any{len(sdp.Media[0].Codecs), sdp.Cut}, []any{maxFormats, true})
}

func TestCodecNames(t *testing.T) {
	m := Media{Codecs: []Codec{{"8", "PCMA", 8000}, {"98", "pcma", 16000}, {"101", "telephone-event", 8000}, {"13", "CN", 8000}, {"97", "", 0}}}
	equal(t, "codecs", m.CodecNames(), []string{"PCMA", "97"})
}
