package ingest

import (
	"fmt"
	"io"
	"slices"

	"callsift/ingest/capture"
)

// Packet captures: tcpdump, Wireshark, sngrep, the "network capture" page of
// New Rock gateways. Read are pcap (micro- and nanoseconds, both byte orders)
// and pcapng (several interfaces, any resolution), over Ethernet with VLAN tags,
// Linux SLL and SLL2, raw IP and BSD loopback; IPv4 and IPv6 with fragments put
// together; IP in IP, GRE (ERSPAN too), VXLAN, MPLS and PPPoE opened; SIP in UDP
// on any port, in TCP streams, in WebSocket (clear) and in SCTP. Times are UTC.
//
// HEP packets (versions 1 to 3, over UDP or TCP), which proxies send to a
// collector such as HOMER, count as the message in them, with the addresses and
// time that they tell.
//
// A message's Place is the packet that completes it: Offset that of its record
// in the file (plus n for the n-th further message that the packet completes),
// Length that of the message, Line the packet number as Wireshark shows it.
// capture.At finds the message again by the Offset.
//
// Not messages: SIP quoted in ICMP errors (see readQuoted), keep-alives, what TLS hides. What
// was not looked into is warned of, once for each reason.
//
// The first bytes of a pcap file, and of a pcapng file, both little endian:
//
//	d4 c3 b2 a1 02 00 04 00 00 00 00 00 00 00 00 00 00 00 04 00 01 00 00 00
//	0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00
var (
	pcapFormat = Format{
		Name:        "pcap",
		Description: "packet capture (tcpdump, Wireshark), SIP over UDP, TCP, SCTP and WebSocket, HEP",
		Kind:        "sip",
		Proof:       "real files",
		Example:     "d4 c3 b2 a1 02 00 04 00 00 00 00 00 00 00 00 00",
		Sniff:       func(head []byte) bool { return capture.Sniff(head) == "pcap" },
		Read:        readCapture,
		Raw:         rawOfCapture,
	}
	pcapngFormat = Format{
		Name:        "pcapng",
		Description: "packet capture of several interfaces (Wireshark, dumpcap), SIP over UDP, TCP, SCTP and WebSocket, HEP",
		Kind:        "sip",
		Proof:       "real files",
		Example:     "0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00",
		Sniff:       func(head []byte) bool { return capture.Sniff(head) == "pcapng" },
		Read:        readCapture,
		Raw:         rawOfCapture,
	}
)

// rawOfCapture gives the SIP message at a place again. It reads the capture from
// its start: a stream or fragment needs what came before.
func rawOfCapture(r io.Reader, at Place) ([]byte, error) {
	p, err := capture.At(r, at.Offset)
	return p.Data, err
}

// readCapture hands the messages of a capture to out, then its warnings.
func readCapture(in *Input, out Sink) error {
	var seen Observation
	// Not in: its Reader may have a method Chunk.
	sum, err := capture.Read(in.Reader, capture.Options{Quoted: func(q *capture.Quoted) { readQuoted(q, out) }}, func(p *capture.Payload) error {
		seen.Offset, seen.Length, seen.Line = p.Offset, len(p.Data), p.Packet
		seen.Time, seen.Src, seen.Dst = p.Time, p.Src, p.Dst
		seen.Transport, seen.Cut, seen.Raw = captureTransport(p.Transport), p.Cut, p.Data
		out.Message(&seen)
		return nil
	})
	for _, w := range sum.Warnings {
		out.Warn(Place{Offset: w.Offset, Line: w.Packet}, w.Text)
	}
	for _, text := range captureNotes(&sum) {
		out.Warn(Place{}, text)
	}
	return err
}

func captureTransport(t capture.Transport) Transport {
	switch t {
	case capture.UDP:
		return UDP
	case capture.TCP:
		return TCP
	case capture.TLS:
		return TLS
	case capture.SCTP:
		return SCTP
	case capture.WS:
		return WS
	}
	return TransportUnknown
}

// harmless are packets that never carry SIP: not worth a sentence.
var harmless = []string{"ARP", "LLC", "LinkLayerDiscovery", "CiscoDiscovery", "EAPOL", "IP protocol 2 (IGMP)"}

// captureNotes says in sentences what of a capture is not among its messages.
func captureNotes(sum *capture.Summary) []string {
	var notes []string
	note := func(n int, format string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, n))
		}
	}
	if sum.Messages == 0 {
		notes = append(notes, fmt.Sprintf("no SIP message in %d packets (%d UDP, %d TCP)", sum.Packets, sum.UDP, sum.TCP))
	}
	note(sum.MoreWarnings, "%d more warnings about packets")
	note(sum.Cut, "%d messages without their end")
	note(sum.GivenUp, "%d TCP streams were given up in the middle of a message: too many at once")
	note(sum.Incomplete, "%d fragmented packets never completed")
	note(sum.Quoted, "%d ICMP errors quote SIP messages; these are not counted as messages")
	note(sum.HEP, "%d messages came in HEP packets: they stand with the addresses and times that these tell")
	note(sum.StreamsTLS, "%d TCP streams are TLS: what they carry cannot be read")
	reasons := make([]string, 0, len(sum.Skipped))
	for reason := range sum.Skipped {
		if !slices.Contains(harmless, reason) {
			reasons = append(reasons, reason)
		}
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		notes = append(notes, fmt.Sprintf("%d packets not looked into: %s", sum.Skipped[reason], reason))
	}
	return notes
}
