package sip

import "testing"

// invite is an INVITE of about 900 bytes, as phones send them.
const invite = "INVITE sip:+493022224444@sip.example.net;transport=udp SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK-524287-1---7f3a1c55e0d1b2aa;rport\r\n" +
	"Max-Forwards: 70\r\n" +
	"Contact: <sip:1001@192.0.2.17:5060;transport=UDP>\r\n" +
	"To: <sip:+493022224444@sip.example.net>\r\n" +
	"From: \"Front Desk\" <sip:1001@sip.example.net>;tag=3f1b7c02\r\n" +
	"Call-ID: 9yHCJt0WvB4Zq2tQ1n3QYw..@192.0.2.17\r\n" +
	"CSeq: 1 INVITE\r\n" +
	"Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE\r\n" +
	"Supported: replaces, norefersub, extended-refer, timer\r\n" +
	"User-Agent: Exampli Phone 4.2.1\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 240\r\n" +
	"\r\n" +
	"v=0\r\n" +
	"o=- 3871921733 3871921733 IN IP4 192.0.2.17\r\n" +
	"s=call\r\n" +
	"c=IN IP4 192.0.2.17\r\n" +
	"t=0 0\r\n" +
	"m=audio 40230 RTP/AVP 8 0 18 101\r\n" +
	"a=rtpmap:18 G729/8000\r\n" +
	"a=fmtp:18 annexb=no\r\n" +
	"a=rtpmap:101 telephone-event/8000\r\n" +
	"a=fmtp:101 0-15\r\n" +
	"a=ptime:20\r\n" +
	"a=sendrecv\r\n"

func BenchmarkParse(b *testing.B) {
	raw := []byte(invite)
	var m Message
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	raw := []byte(invite)
	var m Message
	got := testing.AllocsPerRun(100, func() {
		if err := m.Parse(raw); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
	if m.Flags != 0 || len(m.Body) != 240 {
		t.Errorf("flags %v, body of %d bytes, want none and 240", m.Flags.Names(), len(m.Body))
	}
}
