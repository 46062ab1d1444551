package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"callsift/store"
)

// FreeSwitchLog reads the hang-ups of freeswitch.log: each tells which channel
// ended in which state and by which cause. They are events, not calls: the log
// names no numbers but in the channel's name.
//
//	0f1e2d3c-0000-4000-8000-000000000001 2026-11-10 09:00:12.123456 [NOTICE] sofia.c:8736 Hangup sofia/internal/201@192.0.2.1 [CS_EXECUTE] [USER_BUSY]
//
// The uuid in front is optional, and some versions put the idle CPU (98.53%)
// behind the time, which is local: Input.Zone, else UTC. Lines may carry the
// colours of a terminal. A log with SIP messages in it (siptrace) is SIP text
// and not this format.
//
// The event is HANGUP, its subject the channel, its code the number of the
// cause, its text the cause and the channel's state.
var FreeSwitchLog = Format{
	Name:        "freeswitch-log",
	Description: "FreeSWITCH freeswitch.log, hang-up lines",
	Kind:        "event",
	Proof:       "real files",
	Example:     "2026-11-10 09:00:12.123456 [NOTICE] sofia.c:8736 Hangup sofia/internal/201@192.0.2.1 [CS_EXECUTE] [USER_BUSY]",
	Sniff:       sniffFreeSwitchLog,
	Line:        isHangup,
	Read:        readFreeSwitchLog,
}

// fsHangup is a hang-up line, taken apart.
type fsHangup struct{ before, channel, state, cause string }

// parseHangup takes a hang-up line apart; ok is false for any other line.
func parseHangup(line []byte) (h fsHangup, ok bool) {
	at := bytes.Index(line, []byte(" Hangup "))
	if at < 0 || bytes.IndexByte(line[:at], '[') < 0 {
		return h, false
	}
	f := strings.Fields(withoutColours(string(line[at+len(" Hangup "):])))
	if len(f) < 3 || !bracketed(f[1]) || !bracketed(f[2]) {
		return h, false
	}
	h = fsHangup{withoutColours(string(line[:at])), valid(f[0]), valid(f[1][1 : len(f[1])-1]), valid(f[2][1 : len(f[2])-1])}
	return h, true
}

func bracketed(s string) bool { return len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' }

// withoutColours takes a terminal's colour escapes out.
func withoutColours(s string) string {
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return s
		}
		end := strings.IndexByte(s[i:min(len(s), i+16)], 'm')
		if end < 0 {
			return s
		}
		s = s[:i] + s[i+end+1:]
	}
}

func sniffFreeSwitchLog(head []byte) bool {
	if bytes.Contains(head, sipVersion) {
		return false
	}
	lines := lineReader{buf: head, hi: len(head), err: io.EOF}
	for {
		ln, _, ok := lines.next()
		if !ok {
			return false
		}
		if isHangup(ln.text) {
			return true
		}
	}
}

func isHangup(line []byte) bool {
	h, ok := parseHangup(line)
	return ok && strings.HasPrefix(h.state, "CS_")
}

func readFreeSwitchLog(in *Input, out Sink) error {
	lines := newLineReader(in)
	clock := newSourceClock(in)
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		h, ok := parseHangup(ln.text)
		if long > 0 || !ok {
			continue
		}
		at := Place{Offset: ln.off, Length: len(ln.text), Line: ln.no}
		cause, known := freeSwitchCause(h.cause)
		st, stamped := findStamp([]byte(h.before))
		if !known || !stamped || st.noYear {
			out.Reject(at, fmt.Sprintf("hang-up %q, want a time and the name of a cause", clip(h.cause)), ln.text[:min(len(ln.text), maxSample)])
			continue
		}
		sec := st.civil
		if !st.zoned {
			sec, _ = clock.utc(st.civil)
		}
		out.Event(&store.Event{
			Time: sec*1e6 + st.micros, Kind: "HANGUP", Subject: clipText([]byte(h.channel)), Code: cause,
			Text: h.cause + " in " + clip(h.state), Offset: at.Offset, Line: int64(at.Line),
		})
	}
	clock.ledger(in)
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}
