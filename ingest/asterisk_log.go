package ingest

import (
	"bytes"
	"fmt"
	"io"

	"callsift/store"
)

// AsteriskLog reads Asterisk's log files (full, messages) that hold no SIP
// messages: the lines that tell of failures become events. The time is local,
// with or without a date's year (logger.conf, dateformat):
//
//	[2026-11-10 09:00:00] NOTICE[2114][C-0000002a] chan_sip.c: Call from '' (192.0.2.7:5060) to extension '0049301' rejected because extension not found in context 'default'.
//	[2026-11-10 09:00:00] NOTICE[2114] res_pjsip/pjsip_distributor.c: Request 'INVITE' from '<sip:100@192.0.2.1>' failed for '192.0.2.7:5060' (callid: 1@192.0.2.7) - No matching endpoint found
//	[2026-11-10 09:00:00] VERBOSE[2114][C-0000002a] chan_sip.c:     -- Got SIP response 486 "Busy Here" back from 192.0.2.10:5060
//	[2026-11-10 09:00:00] VERBOSE[2114][C-0000002a] app_dial.c:   == Everyone is busy/congested at this time (1:0/1/0)
//	[2026-11-10 09:00:00] WARNING[2114][C-0000002a] app_dial.c: Unable to create channel of type 'SIP' (cause 20 - Subscriber absent)
//	[2026-11-10 09:00:00] NOTICE[2114] chan_sip.c: Peer 'carrier-a' is now UNREACHABLE!  Last qualify: 12
//	[2026-11-10 09:00:00] NOTICE[2114] chan_sip.c: Registration from '<sip:100@192.0.2.1>' failed for '192.0.2.7:5060' - Wrong password
//
// They are context for the calls of the same minutes, no calls: those come from
// CDRs or SIP messages. All other lines are passed over. Where such a file holds
// SIP messages as well, the format is that of the messages, and these lines are
// events all the same.
var AsteriskLog = Format{
	Name:        "asterisk-log",
	Description: "Asterisk log (full, messages) without SIP messages: lines that tell of failures",
	Kind:        "event",
	Proof:       "source code",
	Example:     `[2026-11-10 09:00:00] VERBOSE[2114][C-0000002a] chan_sip.c:     -- Got SIP response 486 "Busy Here" back from 192.0.2.10:5060`,
	Sniff:       sniffAsteriskLog,
	Read:        readAsteriskLog,
	Rotates:     true, // a part of a log with SIP messages may have none
}

// asteriskFailures are the lines that are events, by a piece of their text.
// subject and code stand behind the marks named, up to a quote, blank or bracket.
var asteriskFailures = []struct {
	mark          string
	kind          string
	subject, code string
}{
	{"rejected because extension not found", "EXTENSION_NOT_FOUND", "to extension '", ""},
	{" - No matching endpoint found", "NO_ENDPOINT", "failed for '", ""},
	{" - Failed to authenticate", "AUTH_FAILED", "failed for '", ""},
	{"Registration from ", "REGISTER_FAILED", "failed for '", ""},
	{"Got SIP response ", "SIP_RESPONSE", "back from ", "Got SIP response "},
	{"Everyone is busy/congested at this time", "ALL_BUSY", "", ""},
	{"Unable to create channel of type ", "NO_CHANNEL", "of type '", "(cause "},
	{"is now UNREACHABLE", "UNREACHABLE", "Peer '", ""},
	{" is now Unreachable", "UNREACHABLE", "Endpoint ", ""},
}

// asteriskLevels are the words behind a log line's time.
var asteriskLevels = []string{"NOTICE[", "WARNING[", "ERROR[", "VERBOSE[", "DEBUG[", "SECURITY[", "DTMF["}

// asteriskLevel is where the text behind a log line's time and level begins; -1
// if the line is none of Asterisk's.
func asteriskLevel(line []byte) int {
	if len(line) < 20 || line[0] != '[' {
		return -1
	}
	end := bytes.IndexByte(line[:min(len(line), 64)], ']')
	if end < 0 {
		return -1
	}
	rest := bytes.TrimLeft(line[end+1:], " ")
	for _, level := range asteriskLevels {
		if bytes.HasPrefix(rest, []byte(level)) {
			return len(line) - len(rest) + len(level)
		}
	}
	return -1
}

// asteriskLogLine reads a line that tells of a failure; its time and place are
// the caller's to set.
func asteriskLogLine(line []byte) (e store.Event, ok bool) {
	at := asteriskLevel(line)
	if at < 0 {
		return e, false
	}
	text := line[at:]
	if i := bytes.IndexByte(text, ' '); i >= 0 {
		text = bytes.TrimLeft(text[i:], " ")
	}
	text = text[:min(len(text), maxSample)]
	for _, f := range asteriskFailures {
		if !bytes.Contains(text, []byte(f.mark)) || f.kind == "REGISTER_FAILED" && !bytes.Contains(text, []byte("' failed for '")) {
			continue
		}
		e.Kind, e.Text = f.kind, string(bytes.ToValidUTF8(bytes.TrimSpace(text), []byte("?")))
		e.Subject = clip(afterMark(text, f.subject))
		e.Code = max(0, digits(afterMark(text, f.code)))
		return e, true
	}
	return e, false
}

// afterMark is what stands behind a mark, up to a quote, blank or bracket.
func afterMark(text []byte, mark string) string {
	_, rest, ok := bytes.Cut(text, []byte(mark))
	if !ok || mark == "" {
		return ""
	}
	if i := bytes.IndexAny(rest, "' )"); i >= 0 {
		rest = rest[:i]
	}
	return string(rest)
}

// sniffAsteriskLog wants Asterisk's levels on half of the first lines, and no SIP message.
func sniffAsteriskLog(head []byte) bool {
	lines := csvLinesOf(head)
	rows, good := 0, 0
	for rows < 40 {
		end, next, whole, ok := lines.peek(0)
		if !ok || !whole && rows > 0 {
			break
		}
		line := lines.head()[:end]
		lines.take(next, 1)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		rows++
		if asteriskLevel(line) >= 0 {
			good++
		}
	}
	return good > 0 && 2*good >= rows && sniffSIPText(head) == ""
}

func readAsteriskLog(in *Input, out Sink) error {
	clock := stampClock{zone: in.Zone, modTime: in.ModTime}
	lines := newLineReader(in)
	var last stamp
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		if long > 0 {
			out.Reject(Place{Offset: ln.off, Length: int(long), Line: ln.no},
				fmt.Sprintf("line of %d bytes, want at most %d", long, maxTextLine), ln.text[:min(len(ln.text), maxSample)])
			continue
		}
		if asteriskLevel(ln.text) < 0 {
			continue
		}
		if st, ok := clock.parse(ln.text); ok {
			last = st
		}
		if e, ok := asteriskLogLine(ln.text); ok {
			e.Time, e.Offset, e.Line = last.time, ln.off, int64(ln.no)
			out.Event(&e)
		}
	}
	if clock.local {
		in.TZ, in.TZFrom = "UTC", "default"
		if in.Zone != nil {
			in.TZ, in.TZFrom = in.Zone.String(), "flag"
		}
	}
	if clock.noYear {
		out.Warn(Place{Line: 1}, fmt.Sprintf("times without a year and no file time to tell it: %d taken", unknownYear))
	}
	if clock.byFile != 0 {
		out.Warn(Place{Line: 1}, yearNote(clock.byFile))
	}
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}
