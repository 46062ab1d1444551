package ingest

import (
	"fmt"
	"strings"

	"callsift/store/codes"
)

// YeastarCSV reads the CDR export of the web interface of Yeastar S- and
// P-Series PBXs: CSV with a header; columns in any order.
//
//	ID,Time,Call From,Call To,Call Duration(s),Ring Duration(s),Talk Duration(s),Status,Reason,Source Trunk,Destination Trunk,Communication Type,DID
//	1794301200.42,2026-11-10 09:00:00,201,3312345,12,12,0,NO ANSWER,,,carrier-a,Outbound,
//
// Time is the PBX's local time: by the ID where it is Asterisk's uniqueid, else
// Input.Zone, else UTC; dates with slashes are read day first. Durations are
// seconds or hh:mm:ss. Status is ANSWERED, NO ANSWER, BUSY, FAILED or VOICEMAIL;
// a call that voice mail took is not connected and flagged pbx_answered. There is no
// SIP status; a P-Series Reason is kept as text. Rows with one ID are one call.
var YeastarCSV = Format{
	Name:        "yeastar-csv",
	Description: "Yeastar S- and P-Series CDR export with a header",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     "ID,Time,Call From,Call To,Call Duration(s),Talk Duration(s),Status,Source Trunk,Destination Trunk,Communication Type\n1794301200.42,2026-11-10 09:00:00,201,3312345,12,0,NO ANSWER,,carrier-a,Outbound\n",
	Sniff: func(head []byte) bool {
		r := rowsOfHead(head, yeastarColumns)
		if !r.next() {
			return false
		}
		h := yeastarHeader(r)
		return hasAll(h, "time", "call from", "call to", "talk duration", "communication type")
	},
	Read: readYeastarCSV,
}

const yeastarColumns = 64

// yeastarHeader is the header without units: "Talk Duration(s)" is "talk duration".
func yeastarHeader(r *rowReader) map[string]int {
	names := map[string]int{}
	for name, i := range r.header() {
		name, _, _ = strings.Cut(name, "(")
		names[strings.TrimSpace(name)] = i
	}
	return names
}

func readYeastarCSV(in *Input, out Sink) error {
	rows := newRowReader(in, out, yeastarColumns)
	clock := newSourceClock(in)
	var header map[string]int
	columns := 0
	for rows.next() {
		if header == nil {
			header, columns = yeastarHeader(rows), rows.n
			continue
		}
		if rows.n != columns {
			rows.reject(fmt.Sprintf("%d fields, want %d as in the header", rows.n, columns))
			continue
		}
		get := func(names ...string) string { return rows.named(header, names...) }
		record := pbxRecord{
			start: get("time"), id: get("id", "call id"), caller: get("call from"), callee: get("call to"),
			duration: get("call duration"), talk: get("talk duration"), status: get("status", "call status"),
			from: get("source trunk", "src trunk"), to: get("destination trunk", "dest trunk"),
			kind: get("communication type"), reason: get("reason"),
		}
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text)}
		if wrong := record.fill(&c, clock); wrong != "" {
			rows.reject(wrong)
			continue
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	return rows.lines.err
}

// pbxRecord is a record of a PBX that is Asterisk inside, as text.
type pbxRecord struct {
	start, id, link          string
	caller, callee           string
	duration, talk, status   string
	from, to, kind, reason   string // trunks of either side, the direction's word
	channel, dstChannel      string
	app, data, context, clid string
}

// fill makes a record of it; the result is why it is none, or empty.
func (p *pbxRecord) fill(c *CDR, clock *sourceClock) (wrong string) {
	civil, _, _, ok := civilText(p.start)
	if !ok {
		return fmt.Sprintf("time %q, want a date and time", clip(p.start))
	}
	word := strings.ToUpper(strings.ReplaceAll(p.status, "_", " "))
	outcome, _ := astDisposition(word)
	if word == "VOICEMAIL" || word == "ABANDONED" {
		outcome = codes.NotConnected
	}
	if outcome == "" {
		return fmt.Sprintf("status %q, want ANSWERED, NO ANSWER, BUSY, FAILED or VOICEMAIL", clip(p.status))
	}
	duration, talk := spanMillis(p.duration), spanMillis(p.talk)
	if duration < 0 || talk < 0 {
		return fmt.Sprintf("duration %q and talk %q, want seconds", clip(p.duration), clip(p.talk))
	}
	u := parseUniqueID(p.id)
	start, ambiguous := clock.utcNear(civil, u)
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	c.Start, c.End, c.Talk = start*1e6, start*1e6+duration*1000, talk
	c.ID, c.Link, c.Device = p.id, p.link, u.system
	if c.Link == "" {
		c.Link = p.id
	}
	c.Caller, c.Callee = firstOf(bareNumber(p.caller), clidNumber(p.clid)), bareNumber(p.callee)
	c.Code, c.CauseQ850, c.Outcome, c.Reason = codes.Unknown, -1, outcome, firstOf(p.reason, word)
	switch {
	case word == "ABANDONED":
		c.Outcome = codes.Abandoned
	case word == "VOICEMAIL", outcome == codes.Answered && p.dstChannel == "" && noConversation[strings.ToLower(p.app)]:
		c.Outcome = codes.NotConnected
		c.Flags |= codes.FlagPBXAnswered
	case outcome == codes.Answered:
		c.Answer = c.End - min(talk, duration)*1000
	}
	p.route(c)
	return ""
}

// bareNumber takes the name off a number, Anna<201>.
func bareNumber(s string) string {
	if strings.HasSuffix(s, ">") {
		return firstOf(clidNumber(s), s)
	}
	return s
}

// route sets trunk and direction: by the record's own words, else by its channels.
func (p *pbxRecord) route(c *CDR) {
	way := astRoute(p.channel, p.dstChannel, p.app, p.data, p.context, c.Caller, c.Callee)
	c.Trunk, c.Peer, c.Direction = way.trunk, way.address, way.direction
	switch strings.ToLower(p.kind) {
	case "inbound":
		c.Direction = codes.In
	case "outbound":
		c.Direction = codes.Out
	case "internal":
		c.Direction = codes.Internal
	}
	switch {
	case p.to != "" && (c.Direction == codes.Out || p.from == ""):
		c.Trunk, c.Direction = p.to, codes.Out
	case p.from != "":
		c.Trunk, c.Direction = p.from, codes.In
	}
	if c.Direction == codes.Internal {
		c.Trunk = ""
	}
}
