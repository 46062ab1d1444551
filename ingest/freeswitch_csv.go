package ingest

import (
	"fmt"
	"strings"

	"callsift/store/codes"
)

// FreeSwitchCSV reads what FreeSWITCH's mod_cdr_csv writes with the templates of
// its sample configuration, one row a leg, without a header:
//
//	example  15  caller_id_name, caller_id_number, destination_number, context, start_stamp, answer_stamp,
//	             end_stamp, duration, billsec, hangup_cause, uuid, bleg_uuid, accountcode, read_codec, write_codec
//	sql      13  the first 13 of these in INSERT INTO cdr VALUES (...);
//	linksys  17  the 15, sip_user_agent, sip_p_rtp_stat
//	snom     20  the 15, sip_user_agent, call_clientcode, sip_rtp_rxstat, sip_rtp_txstat, sofia_record_file
//	asterisk 18  the columns of Asterisk's Master.csv, with hangup_cause in the disposition's place
//
// All text is quoted; quotes in names are not doubled. Stamps are local time
// without a zone: Input.Zone, else UTC. duration and billsec are seconds; the
// answer stamp of an unanswered call is empty. The result is hangup_cause, the
// name of a Q.850 cause or of one of FreeSWITCH's own: it is stored as its
// number. There is no SIP status. NORMAL_CLEARING without an answer is not an
// answered call: it only says that nobody talked.
//
// A row whose bleg_uuid names another leg is linked with that leg's row, if the
// other leg is written too (the setting legs=ab).
var FreeSwitchCSV = Format{
	Name:        "freeswitch-csv",
	Description: "FreeSWITCH mod_cdr_csv, templates example, sql, snom, linksys and asterisk",
	Kind:        "cdr",
	Proof:       "source code",
	Example:     `"Anna","201","3312345","default","2026-11-10 09:00:00","","2026-11-10 09:00:12","12","0","USER_BUSY","0f1e2d3c-0000-4000-8000-000000000001","","","PCMA","PCMA"`,
	Sniff: func(head []byte) bool {
		return sniffRows(head, fsColumns, func(r *rowReader) bool { return fsTemplateOf(r) != nil && fsSound(r, fsTemplateOf(r)) == "" })
	},
	Read: readFreeSwitchCSV,
}

const fsColumns = 24

// fsTemplate says where a template has its columns; -1: it has none of that.
type fsTemplate struct {
	caller, callee, context, start, answer, end, duration, billsec, cause, uuid, bleg int
	agent, channel, far                                                               int
}

var (
	fsExample  = fsTemplate{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1}
	fsPhone    = fsTemplate{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, -1, -1}
	fsAsterisk = fsTemplate{1, 2, 3, 9, 10, 11, 12, 13, 14, 16, -1, -1, 5, 6}
)

// fsTemplateOf tells the template by the number of columns; nil: none has so many.
func fsTemplateOf(r *rowReader) *fsTemplate {
	switch r.n {
	case 13:
		if strings.HasPrefix(r.text, fsInsert) {
			return &fsExample
		}
	case 15:
		return &fsExample
	case 17, 20:
		return &fsPhone
	case 18:
		return &fsAsterisk
	}
	return nil
}

const fsInsert = "INSERT INTO cdr VALUES ("

// fsSound checks the columns that make a row a CDR; the result is what is wrong, or empty.
func fsSound(r *rowReader, t *fsTemplate) string {
	if _, ok := freeSwitchCause(r.col(t.cause)); !ok {
		return fmt.Sprintf("hangup_cause %q, want the name of a cause", clip(r.col(t.cause)))
	}
	if _, _, _, ok := civilText(r.col(t.start)); !ok {
		return fmt.Sprintf("start_stamp %q, want a date and time", clip(r.col(t.start)))
	}
	if digits(r.col(t.duration)) < 0 || digits(r.col(t.billsec)) < 0 {
		return fmt.Sprintf("duration %q and billsec %q, want seconds", clip(r.col(t.duration)), clip(r.col(t.billsec)))
	}
	return ""
}

func readFreeSwitchCSV(in *Input, out Sink) error {
	rows := newRowReader(in, out, fsColumns)
	clock := newSourceClock(in)
	names := interned{}
	for rows.next() {
		t := fsTemplateOf(rows)
		if t == nil {
			rows.reject(fmt.Sprintf("%d fields, want 15, 17, 18 or 20, or 13 in an INSERT", rows.n))
			continue
		}
		if wrong := fsSound(rows, t); wrong != "" {
			rows.reject(wrong)
			continue
		}
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text), Code: codes.Unknown}
		fsRow(&c, rows, t, clock)
		c.UserAgent = names.intern(rows.col(t.agent))
		out.CDR(&c)
	}
	clock.ledger(in)
	return rows.lines.err
}

// fsRow fills a record from a sound row.
func fsRow(c *CDR, rows *rowReader, t *fsTemplate, clock *sourceClock) {
	c.Caller, c.Callee = rows.col(t.caller), rows.col(t.callee)
	start, ambiguous, _ := clock.text(rows.col(t.start))
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	duration, talk := int64(digits(rows.col(t.duration))), int64(digits(rows.col(t.billsec)))
	c.Start, c.End = start, start+duration*1e6
	c.Reason = rows.col(t.cause)
	c.CauseQ850, _ = freeSwitchCause(c.Reason)
	answered := rows.col(t.answer) != ""
	c.Talk = 0
	if answered {
		c.Talk = talk * 1000
		c.Answer = c.End - min(talk, duration)*1e6
	}
	c.settleFreeSwitch(answered)
	c.ID = rows.col(t.uuid)
	if other := rows.col(t.bleg); other != "" && c.ID != "" {
		c.Link = min(c.ID, other) + "|" + max(c.ID, other)
	}
	c.Direction = contextHint(rows.col(t.context))
	if rows.col(t.context) == "public" { // the context of unauthenticated calls in the sample configuration
		c.Direction = codes.In
	}
	if trunk := fsGateway(rows.col(t.far)); trunk != "" {
		c.Trunk, c.Direction = trunk, codes.Out
	} else if trunk := fsGateway(rows.col(t.channel)); trunk != "" {
		c.Trunk, c.Direction = trunk, codes.In
	}
}

// settleFreeSwitch is settleCause with FreeSWITCH's NORMAL_CLEARING, which a
// caller who hangs up does not cause: that is ORIGINATOR_CANCEL.
func (c *CDR) settleFreeSwitch(answered bool) {
	c.settleCause(answered)
	if !answered && c.Code <= 0 && c.CauseQ850 == 16 {
		c.Outcome = codes.NotConnected
	}
}

// fsGateway is the gateway of a channel name: carrier-a of
// sofia/gateway/carrier-a/3312345, the host of sofia/external/3312345@host.
func fsGateway(channel string) string {
	rest, ok := strings.CutPrefix(channel, "sofia/")
	if !ok {
		return ""
	}
	profile, rest, _ := strings.Cut(rest, "/")
	switch {
	case profile == "gateway":
		name, _, _ := strings.Cut(rest, "/")
		return name
	case strings.HasPrefix(profile, "external"):
		if _, host, ok := strings.Cut(rest, "@"); ok {
			return bareName(host)
		}
	}
	return ""
}
