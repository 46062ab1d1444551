package ingest

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callsift/store"
)

// factsOf imports the messages of call 7, each a start line with header lines and
// a body behind it, and reads the facts.
func factsOf(t *testing.T, messages ...[4]string) Facts {
	t.Helper()
	var log strings.Builder
	for k, m := range messages {
		start, cseq, headers, body := m[0], m[1], m[2], m[3]
		totag := ""
		if strings.HasPrefix(start, "SIP/") && !strings.Contains(start, "100") {
			totag = "t" + cseq[:1]
		}
		text := strings.Replace(sipMessage(7, start, cseq, "201", "33123700", totag), "z9hG4bK7-", "z9hG4bK7-"+cseq[:1], 1)
		text = strings.Replace(text, "Content-Length: 0\r\n\r\n", headers+"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body, 1)
		log.WriteString(logged(1000+100*k, text))
	}
	db := imported(t, written(t, "uac.log", []byte(log.String())))
	var calls []store.Attempt
	err := db.Attempts(context.Background(), store.Filter{}, func(a *store.Attempt) error {
		calls = append(calls, *a)
		return nil
	})
	if err != nil || len(calls) != 1 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	f, err := FactsOf(context.Background(), db, &calls[0])
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	inviteLine = "INVITE sip:33123700@example.net SIP/2.0"
	sdpHeader  = "Content-Type: application/sdp\r\n"
	offerOf2   = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 97 101\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	namesPCMA  = "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n"
)

func TestFactsOfCodecs(t *testing.T) {
	got := factsOf(t,
		[4]string{inviteLine, "1 INVITE", sdpHeader, offerOf2},
		[4]string{"SIP/2.0 100 Trying", "1 INVITE"},
		[4]string{"SIP/2.0 488 Not Acceptable Here", "1 INVITE", "Warning: 304 example.net \"Media type not available\"\r\n" + sdpHeader, namesPCMA})
	want := Facts{Offered: []string{"G729", "iLBC"}, Answered: []string{"PCMA"}, Trying: true, Warning: "304 Media type not available"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFactsOfRetryAfter(t *testing.T) {
	got := factsOf(t,
		[4]string{inviteLine, "1 INVITE", sdpHeader, offerOf2},
		[4]string{"SIP/2.0 503 Service Unavailable", "1 INVITE", "Retry-After: 30\r\n"})
	if got.RetryAfter != "30 s" || got.Trying || got.Answered != nil {
		t.Errorf("%+v", got)
	}
}

// Credentials for the challenge's nonce are told from those for an old one.
func TestFactsOfNonces(t *testing.T) {
	call := func(used string) Facts {
		return factsOf(t,
			[4]string{inviteLine, "1 INVITE", sdpHeader, offerOf2},
			[4]string{"SIP/2.0 401 Unauthorized", "1 INVITE", "WWW-Authenticate: Digest realm=\"example.net\", nonce=\"n1\"\r\n"},
			[4]string{inviteLine, "2 INVITE", "Authorization: Digest username=\"201\", realm=\"example.net\", nonce=\"" + used + "\", response=\"0\"\r\n" + sdpHeader, offerOf2},
			[4]string{"SIP/2.0 403 Forbidden", "2 INVITE"})
	}
	if f := call("n1"); !f.Authorized || !f.OwnNonce || f.Nonces != 1 {
		t.Errorf("own nonce: %+v", f)
	}
	if f := call("n0"); !f.Authorized || f.OwnNonce || f.Nonces != 1 {
		t.Errorf("old nonce: %+v", f)
	}
}
