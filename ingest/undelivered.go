package ingest

import (
	"bytes"
	"fmt"

	"callsift/ingest/capture"
)

// An ICMP error quotes the packet that could not be delivered. Where that is a
// SIP request to which nothing else comes back, the call failed in transport
// (RFC 3261 §8.1.3.1, §18.4). It is no message: it is counted nowhere, and kept
// with the messages of its Call-ID as evidence.

// readQuoted hands the requests to out that the network reported as undelivered.
func readQuoted(q *capture.Quoted, out Sink) {
	why := unreachable(q)
	// The quotation is cut as a rule: its last line would give half a value.
	end := bytes.LastIndex(q.Data, []byte("\r\n"))
	if why == "" || end < 0 || bytes.HasPrefix(q.Data, []byte("SIP/")) {
		return
	}
	out.Message(&Observation{
		Place: Place{Offset: q.Offset, Length: len(q.Data), Line: q.Packet},
		Time:  q.Time, Src: q.Src, Dst: q.Dst, Transport: captureTransport(q.Transport),
		Cut: true, Undelivered: why, Raw: append(q.Data[:end+2:end+2], "\r\n"...),
	})
}

// unreachable says what an ICMP error reports, "" where a sender has to ignore it
// (time exceeded, source quench, packet too big).
func unreachable(q *capture.Quoted) string {
	switch {
	case q.V6 && q.Type == 1:
		names := map[uint8]string{0: "network", 1: "prohibited", 3: "host", 4: "port"}
		return icmpText(names[q.Code])
	case !q.V6 && q.Type == 3 && q.Code != 4:
		names := map[uint8]string{0: "network", 1: "host", 2: "protocol", 3: "port", 9: "prohibited", 10: "prohibited", 13: "prohibited"}
		return icmpText(names[q.Code])
	case q.V6 && q.Type == 4, !q.V6 && q.Type == 12:
		return "ICMP parameter problem"
	}
	return ""
}

func icmpText(what string) string {
	switch what {
	case "":
		return "ICMP destination unreachable"
	case "prohibited":
		return "ICMP communication prohibited"
	}
	return fmt.Sprintf("ICMP %s unreachable", what)
}
