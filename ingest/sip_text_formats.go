package ingest

import "callsift/store"

// Names of the formats that are SIP inside text. One reader reads all of them;
// the name says which program's banners stand in the file.
const (
	familySIPp       = "sipp-log"
	familyPJSIP      = "asterisk-pjsip-log"
	familyChanSIP    = "asterisk-chansip-log"
	familyCisco      = "cisco-ccsip-log"
	familyOracle     = "oracle-sipmsg"
	familySngrep     = "sngrep-text"
	familyHOMER      = "homer-text"
	familyFreeSWITCH = "freeswitch-siptrace"
	familyAudioCodes = "audiocodes-syslog"
	familyBlink      = "blink-log"
	familyJAIN       = "jain-sip-log"
	familyPJSUA      = "pjsua-log"
	familySIPDump    = "kamailio-sipdump"
	familySyslog     = "sip-syslog"
	familyText       = "sip-text"
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

// freeSWITCHSIPTrace is what FreeSWITCH prints after "sofia global siptrace on",
// on its console or in freeswitch.log. The banner has a time of day and no date:
// that is the one nearest to the log line above it, or below it where the trace
// comes first; without any, the file's own. Messages stand three blanks in,
// between rules of dashes; lines may have colours, and a uuid or Call-ID put
// before them. The port may be missing.
//
//	recv 282 bytes from udp/[192.0.2.10]:5060 at 15:46:48.570890:
//	   ------------------------------------------------------------------------
//	   SIP/2.0 100 Trying
//	   ...
//	   ------------------------------------------------------------------------
//	2026-11-16 15:46:49.954601 [NOTICE] sofia.c:1090 Hangup sofia/internal/1001@example.net
var freeSWITCHSIPTrace = sipTextFormat(familyFreeSWITCH, "FreeSWITCH sofia siptrace", "real files",
	"recv 282 bytes from udp/[192.0.2.10]:5060 at 15:46:48.570890:\n")

// audioCodesSyslog is the syslog of AudioCodes gateways and SBCs. Every record
// has a number, S, the session, SID, and at its end the device's time without a
// year. A message follows its banner in the same record, its line ends as they
// are or, through rsyslog, as #012; what does not fit is in the records with the
// next numbers and the same session. Missing numbers are warned of: the
// messages in those records are lost. The interface is a name, so the local
// address is only known from the message.
//
//	Nov 16 14:47:14 192.0.2.1 [S=7633] [SID=cd9263:28:2920] (N 1790) ---- Incoming SIP Message from 192.0.2.10:5061 to SIPInterface #1 (TRUNK) TLS TO(#553) SocketID(12) ---- #012INVITE sip:100@192.0.2.1 SIP/2.0#012Via: ... [Time:16-11@14:47:14.279]
var audioCodesSyslog = sipTextFormat(familyAudioCodes, "AudioCodes syslog with SIP messages", "real files",
	"[S=7633] [SID=cd9263:28:2920] (N 1790) ---- Incoming SIP Message from 192.0.2.10:5061 to SIPInterface #1 (TRUNK) TLS TO(#553) SocketID(12) ----\n")

// blinkLog is sip_trace.txt of Blink and other SIPSIMPLE clients: local time,
// and both addresses in a line below.
//
//	2026-11-16 20:18:15.778903 [blink 5985]: RECEIVED: Packet 173, +0:00:41.736959
//	192.0.2.10:443 -(SIP over TLS)-> 198.51.100.7:43685
//	SIP/2.0 200 OK
var blinkLog = sipTextFormat(familyBlink, "Blink and SIPSIMPLE SIP trace", "real files",
	"2026-11-16 20:18:15.778903 [blink 5985]: RECEIVED: Packet 173, +0:00:41.736959\n192.0.2.10:443 -(SIP over TLS)-> 198.51.100.7:43685\n")

// jainSIPLog is the server log of JAIN-SIP (Restcomm, Mobicents, Android
// clients): elements of XML without a root, the message as CDATA, the time in
// milliseconds of the epoch. Attributes stand in one line or one to a line.
//
//	<message from="192.0.2.10:5080" to="192.0.2.1:5060" time="1794823605776" isSender="true" transactionId="z9hg4bk7" callId="7@192.0.2.10" firstLine="INVITE sip:100@192.0.2.1 SIP/2.0">
//	<![CDATA[INVITE sip:100@192.0.2.1 SIP/2.0
//	...
//	]]></message>
var jainSIPLog = sipTextFormat(familyJAIN, "JAIN-SIP message log", "real files, source code",
	"<message from=\"192.0.2.10:5080\" to=\"192.0.2.1:5060\" time=\"1794823605776\" isSender=\"true\" firstLine=\"INVITE sip:100@192.0.2.1 SIP/2.0\">\n")

// pjsuaLog is the log of pjsua and other PJSIP clients at level 5: a time of day
// without date (see freeSWITCHSIPTrace), the peer, "--end msg--" below.
//
//	15:25:54.229           pjsua_core.c  .TX 1056 bytes Request msg INVITE/cseq=1 (tdta0x55) to UDP 192.0.2.1:5060:
//	INVITE sip:100@192.0.2.1 SIP/2.0
//	...
//	--end msg--
var pjsuaLog = sipTextFormat(familyPJSUA, "PJSIP client log (pjsua)", "documentation",
	"15:25:54.229           pjsua_core.c  .TX 1056 bytes Request msg INVITE/cseq=1 (tdta0x55) to UDP 192.0.2.1:5060:\n")

// kamailioSIPDump is a file of Kamailio's module sipdump: a block of fields with
// the time of the epoch and both addresses, the message, a line of bars.
//
//	====================
//	tag: rcv
//	pid: 11808
//	process: 8
//	time: 1794823605.374411
//	date: Mon Nov 16 10:06:45 2026
//	proto: udp ipv4
//	srcip: 192.0.2.10
//	srcport: 5080
//	dstip: 192.0.2.1
//	dstport: 5060
//	~~~~~~~~~~~~~~~~~~~~
//	INVITE sip:100@192.0.2.1 SIP/2.0
//	...
//	||||||||||||||||||||
var kamailioSIPDump = sipTextFormat(familySIPDump, "Kamailio sipdump file", "source code",
	"====================\ntag: rcv\npid: 11808\nprocess: 8\ntime: 1794823605.374411\n")

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
	sippLog, asteriskPJSIPLog, asteriskChanSIPLog, ciscoCCSIPLog, oracleSIPMsg, sngrepText, homerText,
	freeSWITCHSIPTrace, audioCodesSyslog, blinkLog, jainSIPLog, pjsuaLog, kamailioSIPDump, sipSyslog, sipText,
}

// sipTextFormat is a format that the reader of SIP inside text reads.
func sipTextFormat(name, description, proof, example string) Format {
	return Format{
		Name: name, Description: description, Kind: "sip", Proof: proof, Example: example,
		Sniff: func(head []byte) bool { return sniffSIPText(head) == name },
		Read:  readSIPText, Rotates: true,
	}
}

// discardSink takes everything and keeps nothing.
type discardSink struct{}

func (discardSink) Message(*Observation)         {}
func (discardSink) CDR(*CDR)                     {}
func (discardSink) Event(*store.Event)           {}
func (discardSink) Reject(Place, string, []byte) {}
func (discardSink) Warn(Place, string)           {}
