package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"callsift/store/codes"
)

// RadiusDetail reads the detail files of RADIUS accounting servers (FreeRADIUS:
// radacct/…/detail-YYYYMMDD) with the voice attributes that Cisco began and
// gateways and SBCs of many makers send: a line with the server's local time,
// attributes on indented lines, an empty line.
//
//	Tue Nov 10 09:00:12 2026
//		Acct-Status-Type = Stop
//		Acct-Session-Id = "00004711"
//		Calling-Station-Id = "201"
//		Called-Station-Id = "3312345"
//		h323-conf-id = "h323-conf-id=0F1E2D3C 4B5A6978 8796A5B4 C3D2E1F0"
//		h323-setup-time = "h323-setup-time=09:00:00.123 UTC Tue Nov 10 2026"
//		h323-connect-time = "h323-connect-time=09:00:12.345 UTC Tue Nov 10 2026"
//		h323-disconnect-time = "h323-disconnect-time=09:00:12.345 UTC Tue Nov 10 2026"
//		h323-disconnect-cause = "h323-disconnect-cause=11"
//		Acct-Session-Time = 0
//		Timestamp = 1794301212
//
// A value may repeat its attribute's name, and an attribute may come inside
// Cisco-AVPair. The cause is hexadecimal Q.850. Only Stop and Failed records are
// calls; Start, Interim-Update, Accounting-On are passed over. Times name their
// zone; one that is not UTC is taken as local: Input.Zone, else UTC. Without them
// the end is Timestamp (Unix time of arrival) less Acct-Delay-Time, and
// Acct-Session-Time, seconds of talk, leads back to the answer. Sip-Response-Code,
// where Kamailio or another proxy sends it, is the SIP status. Legs with one
// h323-conf-id, else one Call-ID, are one call.
var RadiusDetail = Format{
	Name:        "radius-detail",
	Description: "RADIUS accounting detail files with voice attributes",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     "Tue Nov 10 09:00:12 2026\n\tAcct-Status-Type = Stop\n\tCalling-Station-Id = \"201\"\n\tCalled-Station-Id = \"3312345\"\n\th323-disconnect-time = \"h323-disconnect-time=09:00:12.345 UTC Tue Nov 10 2026\"\n\th323-disconnect-cause = \"h323-disconnect-cause=11\"\n",
	Sniff:       sniffRadius,
	Read:        readRadius,
}

// radAttribute reads an indented line, name = value.
func radAttribute(line []byte) (name, value string, ok bool) {
	if len(line) == 0 || line[0] != '\t' && line[0] != ' ' {
		return "", "", false
	}
	name, value, ok = strings.Cut(strings.TrimSpace(string(line)), " = ")
	name = strings.ToLower(name)
	if !ok || name == "" || strings.ContainsAny(name, " \t\"") {
		return "", "", false
	}
	value = strings.Trim(valid(strings.TrimSpace(value)), `"'`)
	if name == "cisco-avpair" {
		if inner, rest, ok := strings.Cut(value, "="); ok {
			name, value = strings.ToLower(strings.TrimSpace(inner)), rest
		}
	}
	if inner, rest, ok := strings.Cut(value, "="); ok && strings.EqualFold(inner, name) {
		value = rest
	}
	return name, strings.TrimSpace(value), true
}

// sniffRadius wants the status of an accounting record and a voice attribute:
// RADIUS serves networks too.
func sniffRadius(head []byte) bool {
	lines := lineReader{buf: head, hi: len(head), err: io.EOF}
	status, voice := false, false
	for !status || !voice {
		ln, _, ok := lines.next()
		if !ok {
			return false
		}
		if name, _, ok := radAttribute(ln.text); ok {
			status = status || name == "acct-status-type"
			voice = voice || strings.HasPrefix(name, "h323-") || strings.HasPrefix(name, "sip-")
		}
	}
	return true
}

// radRecord is one record being read.
type radRecord struct {
	at     Place
	values map[string]string
	raw    []byte // the beginning
	half   bool   // its last line has no end
}

func readRadius(in *Input, out Sink) error {
	lines := newLineReader(in)
	clock := newSourceClock(in)
	var r radRecord
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		name, value, attribute := radAttribute(ln.text)
		if !attribute || long > 0 {
			r.half = r.half || ln.eol == 0 && len(ln.text) > 0
			r.finish(out, clock)
			if len(bytes.TrimSpace(ln.text)) > 0 && long == 0 {
				r.begin(ln)
			}
			continue
		}
		if r.values == nil {
			r.begin(ln)
		}
		if len(r.values) < 300 {
			if r.values[name] == "" {
				r.values[name] = value
			}
		}
		r.keep(ln)
	}
	r.finish(out, clock)
	clock.ledger(in)
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}

func (r *radRecord) begin(ln textLine) {
	*r = radRecord{at: Place{Offset: ln.off, Line: ln.no}, values: map[string]string{}, raw: r.raw[:0]}
	r.keep(ln)
}

func (r *radRecord) keep(ln textLine) {
	r.half = ln.eol == 0
	r.at.Length = int(ln.off-r.at.Offset) + len(ln.text)
	if room := maxSample - len(r.raw); room > 0 {
		r.raw = append(append(r.raw, ln.text[:min(room, len(ln.text))]...), '\n')
	}
}

// finish hands the record out, if one was being read and it is a call's end.
func (r *radRecord) finish(out Sink, clock *sourceClock) {
	v := r.values
	r.values = nil
	if len(v) == 0 {
		return
	}
	if r.half {
		out.Reject(r.at, "a last record without its end", r.raw)
		return
	}
	switch status := v["acct-status-type"]; status {
	case "Stop", "2", "Failed", "15":
	case "":
		out.Reject(r.at, "a record without Acct-Status-Type", r.raw)
		return
	default:
		return
	}
	c := CDR{Place: r.at, Code: codes.Unknown}
	if wrong := c.fillRadius(v, clock); wrong != "" {
		out.Reject(r.at, wrong, r.raw)
		return
	}
	out.CDR(&c)
}

func (c *CDR) fillRadius(v map[string]string, clock *sourceClock) (wrong string) {
	c.CauseQ850 = hexCause(v["h323-disconnect-cause"])
	c.Code = sipStatus(v["sip-response-code"])
	if v["h323-disconnect-time"] != "" {
		wrong = c.ciscoTimes(clock, v["h323-setup-time"], v["h323-connect-time"], v["h323-disconnect-time"])
	} else {
		wrong = c.radiusTimes(v)
	}
	if wrong != "" {
		return wrong
	}
	if codes.ClassOf(c.Code) == "2xx" && c.Answer == 0 || c.Code < 200 {
		c.Code = codes.Unknown
	}
	c.settleCause(c.Answer != 0)
	c.Reason = firstOf(reasonOfCause(c.CauseQ850), v["acct-terminate-cause"])
	c.ID = v["acct-session-id"]
	c.CallID = firstOf(v["call-id"], v["sip-call-id"], v["h323-incoming-call-id"])
	c.Link = firstOf(strings.ReplaceAll(v["h323-conf-id"], " ", ""), c.CallID)
	c.Caller, c.Callee = codes.Normalize(v["calling-station-id"]), codes.Normalize(v["called-station-id"])
	c.Peer = v["h323-remote-address"]
	c.Trunk = firstOf(v["out-trunkgroup-label"], v["in-trunkgroup-label"])
	c.Device = firstOf(v["nas-identifier"], v["h323-gw-id"], v["nas-ip-address"])
	c.Recorded = strings.Join([]string{c.Device, c.ID, v["h323-conf-id"], v["h323-call-origin"], v["h323-disconnect-time"], v["timestamp"]}, "|")
	return ""
}

// radiusTimes sets a record's times from the server's clock.
func (c *CDR) radiusTimes(v map[string]string) (wrong string) {
	c.End = epochMicros(firstOf(v["timestamp"], v["event-timestamp"]))
	if c.End == 0 {
		return "neither h323-disconnect-time nor Timestamp"
	}
	c.End -= int64(max(digits(v["acct-delay-time"]), 0)) * 1e6
	c.Start, c.Talk = c.End, 0
	if talk := digits(v["acct-session-time"]); talk > 0 {
		c.Talk = int64(talk) * 1000
		c.Answer = c.End - int64(talk)*1e6
		c.Start = c.Answer
	}
	return ""
}
