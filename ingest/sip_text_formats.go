package ingest

import "callsift/store"

// Names of the formats that are SIP inside text. One reader reads all of them;
// the name says which program's banners stand in the file.
const (
	familySIPp    = "sipp-log"
	familyPJSIP   = "asterisk-pjsip-log"
	familyChanSIP = "asterisk-chansip-log"
	familyCisco   = "cisco-ccsip-log"
	familyOracle  = "oracle-sipmsg"
	familySngrep  = "sngrep-text"
	familyHOMER   = "homer-text"
	familySyslog  = "sip-syslog"
	familyText    = "sip-text"
)

// sippLog is the message log of SIPp (-trace_msg, NAME_PID_messages.log). Local
// time with microseconds stands behind a rule of dashes; a second line tells
// direction and transport, with two kinds of brackets; no addresses: the sender
// of a request and the receiver of a response are read from the top Via. Line
// ends of messages are CRLF. A message for a call already closed is printed a
// second time under "Dead call"; it counts once.
//
//	----------------------------------------------- 2026-11-16 08:12:08.588729
//	UDP message sent (497 bytes):
//
//	INVITE sip:100@example.net SIP/2.0
//	...
//	----------------------------------------------- 2026-11-16 08:12:08.612411
//	UDP message received [307] bytes :
var sippLog = sipTextFormat(familySIPp, "SIPp message log (-trace_msg)", "real files",
	"----------------------------------------------- 2026-11-16 08:12:08.588729\nUDP message sent (497 bytes):\n")

// asteriskPJSIPLog is what Asterisk prints after "pjsip set logger on", on its
// command line or in the file full. The banner has the peer; in full it also has
// the local time, on the command line nothing does and the time of the last log
// line above it is taken. The message's lines have no prefix, and LF for CRLF;
// the byte count is of the message with CRLF. A body without a last line end is
// followed by the next banner in the same line.
//
//	[2026-11-16 16:05:41] VERBOSE[2114] res_pjsip_logger.c: <--- Received SIP request (948 bytes) from UDP:192.0.2.10:5060 --->
//	INVITE sip:100@192.0.2.1 SIP/2.0
//	...
//	<--- Transmitting SIP response (510 bytes) to UDP:[2001:db8::1]:5060 --->
var asteriskPJSIPLog = sipTextFormat(familyPJSIP, "Asterisk messages, pjsip set logger on", "real files, source code",
	"<--- Received SIP request (948 bytes) from UDP:192.0.2.10:5060 --->\n")

// asteriskChanSIPLog is what Asterisk prints after "sip set debug on" (chan_sip).
// A line of dashes follows each message. Depending on the logger every line has
// a local time in brackets, without a year by default, or none has.
//
//	<--- SIP read from UDP:192.0.2.10:5060 --->
//	INVITE sip:100@192.0.2.1 SIP/2.0
//	...
//	<------------->
//	--- (13 headers 10 lines) ---
//	Reliably Transmitting (NAT) to 192.0.2.10:5060:
//	...
//	---
//	Retransmitting #1 (no NAT) to 192.0.2.10:5060:
//	<--- Transmitting (NAT) to 192.0.2.10:5060 --->
var asteriskChanSIPLog = sipTextFormat(familyChanSIP, "Asterisk messages, sip set debug on (chan_sip)", "real files",
	"<--- SIP read from UDP:192.0.2.10:5060 --->\n")

// ciscoCCSIPLog is "debug ccsip messages" of Cisco IOS and CUBE. The time has no
// year; "*" or "." before it says that the clock is not set. Releases before
// 17.8 name no peer. Through syslog each line has a PRI and a sequence number.
//
//	018628: Nov 16 15:32:45.306: //4538/2FD863BAA01F/SIP/Msg/ccsipDisplayMsg:
//	Received:
//	INVITE sip:100@192.0.2.1:5060 SIP/2.0
var ciscoCCSIPLog = sipTextFormat(familyCisco, "Cisco IOS/CUBE debug ccsip messages", "documentation",
	"Nov 16 15:32:45.306: //4538/2FD863BAA01F/SIP/Msg/ccsipDisplayMsg:\nReceived:\n")

// oracleSIPMsg is sipmsg.log of an Oracle (Acme Packet) SBC: local time without
// a year, both addresses, a rule of dashes behind each message.
//
//	Nov 16 13:01:21.044 On [0:0]192.0.2.1:5060 received from 192.0.2.10:5060
//	INVITE sip:100@192.0.2.1:5060 SIP/2.0
var oracleSIPMsg = sipTextFormat(familyOracle, "Oracle SBC sipmsg.log", "documentation",
	"Nov 16 13:01:21.044 On [0:0]192.0.2.1:5060 received from 192.0.2.10:5060\n")

// sngrepText is sngrep's "save as txt": local time with microseconds and both
// addresses above each message, empty lines below.
//
//	2026/11/16 16:05:41.123456 192.0.2.10:5060 -> 192.0.2.1:5060
//	INVITE sip:100@192.0.2.1 SIP/2.0
var sngrepText = sipTextFormat(familySngrep, "sngrep text export", "source code",
	"2026/11/16 16:05:41.123456 192.0.2.10:5060 -> 192.0.2.1:5060\n")

// homerText is the text export of HOMER: transport, time and both addresses
// above each message.
//
//	proto:UDP 2026-11-16T16:05:41.123Z  192.0.2.10:5060 ---> 192.0.2.1:5060
//
//	INVITE sip:100@192.0.2.1 SIP/2.0
var homerText = sipTextFormat(familyHOMER, "HOMER text export", "source code",
	"proto:UDP 2026-11-16T16:05:41.123Z  192.0.2.10:5060 ---> 192.0.2.1:5060\n")

// sipSyslog is SIP in the syslog of gateways and PBXs, New Rock MX, HX and OM
// among them, whose own line prefixes nothing public describes: so nothing is
// asked of a prefix but that it begins with a time (RFC 3164, RFC 5424, ISO
// 8601, in brackets or not, behind a PRI or not). Every line of a message may
// have one, or only the first; line ends may be written as #015#012; a logger
// may cut a message at 1,024 bytes or send the rest in a second datagram. The
// host name is the device. A year comes from the file's own time.
//
//	<189>Nov 16 13:35:40 mx60 sip[211]: INVITE sip:100@192.0.2.1 SIP/2.0
//	<189>Nov 16 13:35:40 mx60 sip[211]: Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776
//
//	2026-11-16T13:35:40+01:00 mx60 sip: SIP/2.0 200 OK#015#012Via: SIP/2.0/UDP 192.0.2.10
var sipSyslog = sipTextFormat(familySyslog, "SIP messages in syslog and other logs with a time on the line", "documentation",
	"<189>Nov 16 13:35:40 mx60 sip[211]: INVITE sip:100@192.0.2.1 SIP/2.0\n")

// sipText is any text with whole SIP messages in it and nothing else that is
// known: no time, addresses from the top Via.
//
//	INVITE sip:100@192.0.2.1 SIP/2.0
//	Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776
var sipText = sipTextFormat(familyText, "SIP messages in plain text", "source code",
	"INVITE sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776\n")

// sipTextFormats are all formats that are SIP inside text. At most one of them
// accepts a file, so their order does not matter.
var sipTextFormats = []Format{
	sippLog, asteriskPJSIPLog, asteriskChanSIPLog, ciscoCCSIPLog, oracleSIPMsg, sngrepText, homerText, sipSyslog, sipText,
}

// sipTextFormat is a format that the reader of SIP inside text reads.
func sipTextFormat(name, description, proof, example string) Format {
	return Format{
		Name: name, Description: description, Kind: "sip", Proof: proof, Example: example,
		Sniff: func(head []byte) bool { return sniffSIPText(head) == name },
		Read:  readSIPText,
	}
}

// discardSink takes everything and keeps nothing.
type discardSink struct{}

func (discardSink) Message(*Observation)         {}
func (discardSink) CDR(*CDR)                     {}
func (discardSink) Event(*store.Event)           {}
func (discardSink) Reject(Place, string, []byte) {}
func (discardSink) Warn(Place, string)           {}
