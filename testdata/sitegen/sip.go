package main

import (
	"fmt"
	"strings"
)

// sipMessage is one message on the gateway's trunk.
type sipMessage struct {
	at   int64
	out  bool // from the gateway to carrier-a
	text string
}

const (
	gatewayAddr = "192.168.10.60"
	carrierAddr = "203.0.113.10"
	carrierName = "sip.carrier-a.example"

	gatewayAgent = "NewRockTech MX60-48S VER.1.9.82.406/UA 2.0"
	carrierAgent = "carrier-a-sbc/7.2"
)

// party is one end of a dialog.
type party struct {
	user    string
	tag     string
	gateway bool
}

func (p *party) host() string {
	if p.gateway {
		return gatewayAddr
	}
	return carrierAddr
}

// agent is the header that names the box. The gateway sends User-Agent in its
// responses too, as many do.
func (p *party) agent(response bool) string {
	switch {
	case p.gateway:
		return "User-Agent: " + gatewayAgent
	case response:
		return "Server: " + carrierAgent
	}
	return "User-Agent: " + carrierAgent
}

// uri is what From and To hold.
func (p *party) uri(tagged bool) string {
	s := "<sip:" + p.user + "@" + carrierName + ">"
	if tagged {
		s += ";tag=" + p.tag
	}
	return s
}

func (p *party) contact() string {
	return fmt.Sprintf("Contact: <sip:%s@%s:5060>", p.user, p.host())
}

// sipRequest is a request; its replies are made from it.
type sipRequest struct {
	method, target string
	branch, callID string
	cseq           int
	from, to       *party
	inDialog       bool // To has a tag
}

func (q *sipRequest) text(body string, headers ...string) string {
	lines := []string{
		q.method + " " + q.target + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s:5060;rport;branch=%s", q.from.host(), q.branch),
		"Max-Forwards: 70",
		"From: " + q.from.uri(true),
		"To: " + q.to.uri(q.inDialog),
		"Call-ID: " + q.callID,
		fmt.Sprintf("CSeq: %d %s", q.cseq, q.method),
	}
	lines = append(lines, headers...)
	return finish(append(lines, q.from.agent(false)), body)
}

// reply is a response to q: "486 Busy Here".
func (q *sipRequest) reply(status, body string, headers ...string) string {
	lines := []string{
		"SIP/2.0 " + status,
		fmt.Sprintf("Via: SIP/2.0/UDP %s:5060;rport=5060;branch=%s", q.from.host(), q.branch),
		"From: " + q.from.uri(true),
		"To: " + q.to.uri(status[:3] != "100"),
		"Call-ID: " + q.callID,
		fmt.Sprintf("CSeq: %d %s", q.cseq, q.method),
	}
	lines = append(lines, headers...)
	return finish(append(lines, q.to.agent(true)), body)
}

func finish(lines []string, body string) string {
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	return strings.Join(lines, "\r\n")
}

// sdp offers or answers audio, or T.38 fax.
func sdp(p *party, port int64, fax bool) string {
	media := []string{fmt.Sprintf("m=audio %d RTP/AVP 8 101", port), "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv"}
	if fax {
		media = []string{fmt.Sprintf("m=image %d udptl t38", port), "a=T38FaxVersion:0"}
	}
	lines := append([]string{
		"v=0", fmt.Sprintf("o=- %d 1 IN IP4 %s", port*7919, p.host()), "s=-", "c=IN IP4 " + p.host(), "t=0 0",
	}, media...)
	return strings.Join(lines, "\r\n") + "\r\n"
}

// statusLines are the final responses with what the sender says about the cause.
var statusLines = map[int]struct{ line, reason string }{
	200: {"200 OK", ""},
	404: {"404 Not Found", `Reason: Q.850;cause=1;text="Unallocated number"`},
	408: {"408 Request Timeout", ""},
	415: {"415 Unsupported Media Type", ""},
	480: {"480 Temporarily Unavailable", `Reason: Q.850;cause=19;text="No answer from user"`},
	484: {"484 Address Incomplete", `Reason: Q.850;cause=28;text="Invalid number format"`},
	486: {"486 Busy Here", `Reason: Q.850;cause=17;text="User busy"`},
	487: {"487 Request Terminated", ""},
	500: {"500 Server Internal Error", `Reason: Q.850;cause=41;text="Temporary failure"`},
	503: {"503 Service Unavailable", `Reason: Q.850;cause=34;text="No circuit/channel available"`},
	603: {"603 Decline", `Reason: Q.850;cause=21;text="Call rejected"`},
}

// outcomes of SIP statuses; others are failures.
func sipOutcome(code int) string {
	switch code {
	case 200:
		return "answered"
	case 480, 486, 603:
		return "user"
	case 487:
		return "abandoned"
	}
	return "failed"
}
