package ingest

import (
	"fmt"
	"strings"

	"callsift/store/codes"
)

// KamailioTable reads the tables of the acc module of Kamailio and OpenSIPS as
// CSV with a header: acc and missed_calls, which have the same columns, and
// acc_cdrs. Columns may stand in any order and more may follow (the
// administrator's extras, as in the log).
//
//	id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_ip,dst_ouser
//	1,INVITE,a1,b2,77@192.0.2.10,486,Busy Here,2026-11-10 09:00:00,201,192.0.2.10,3312345
//
//	id,start_time,end_time,duration,callid,src_user,dst_ouser
//	1,2026-11-10 09:00:00.120,2026-11-10 09:01:00.340,60.220,77@192.0.2.10,201,3312345
//
// time is that of the final response, in the database's zone, which the file
// does not name: Input.Zone, else UTC (Kamailio writes local time, with db_mode's
// time functions UTC). A failed call stands in acc and in missed_calls: with the
// same Call-ID and code it is one record. In acc_cdrs duration is seconds from
// start_time to end_time and counts from the INVITE unless cdr_start_on_confirmed
// is set, so it is no talk time. It has no result: a duration over 0 is counted as
// an answered call, 0 as not connected.
var KamailioTable = Format{
	Name:        "kamailio-acc-table",
	Description: "Kamailio/OpenSIPS tables acc, missed_calls and acc_cdrs as CSV with a header",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     "id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,dst_ouser\n1,INVITE,a1,b2,77@192.0.2.10,486,Busy Here,2026-11-10 09:00:00,201,3312345\n",
	Sniff: func(head []byte) bool {
		return sniffHeader(head, accColumns, "method", "callid", "sip_code", "time") ||
			sniffHeader(head, accColumns, "id", "start_time", "end_time", "duration") && !sniffHeader(head, accColumns, "disposition")
	},
	Read: readKamailioTable,
}

const accColumns = 64

func readKamailioTable(in *Input, out Sink) error {
	rows := newRowReader(in, out, accColumns)
	clock := newSourceClock(in)
	var header map[string]int
	columns := 0
	for rows.next() {
		if header == nil {
			header, columns = rows.header(), rows.n
			continue
		}
		if rows.n != columns {
			rows.reject(fmt.Sprintf("%d fields, want %d as in the header", rows.n, columns))
			continue
		}
		c := CDR{Place: rows.at}
		var wrong string
		if hasAll(header, "sip_code") {
			if method := rows.named(header, "method"); method != "INVITE" && method != "" {
				continue
			}
			wrong = accRow(&c, rows, header, clock)
		} else {
			wrong = accCDRRow(&c, rows, header, clock)
		}
		if wrong != "" {
			rows.reject(wrong)
			continue
		}
		c.Caller = rows.named(header, "src_user", "from_user", "caller", "src", "src_number", "calling_number")
		c.Callee = rows.named(header, "dst_ouser", "dst_user", "to_user", "callee", "dst", "dst_number", "called_number")
		c.Peer = rows.named(header, "src_ip", "source_ip", "ip", "sip_ip")
		c.UserAgent = rows.named(header, "ua", "user_agent")
		out.CDR(&c)
	}
	clock.ledger(in)
	return rows.lines.err
}

// accTime reads a DATETIME or Unix seconds.
func accTime(clock *sourceClock, s string) (micros int64, ambiguous bool, wrong string) {
	if at := epochMicros(s); at != 0 {
		return at, false, ""
	}
	at, ambiguous, ok := clock.text(s)
	if !ok {
		return 0, false, fmt.Sprintf("time %q, want a date and time", clip(s))
	}
	return at, ambiguous, ""
}

// accRow reads a row of acc or missed_calls.
func accRow(c *CDR, rows *rowReader, header map[string]int, clock *sourceClock) (wrong string) {
	at, ambiguous, wrong := accTime(clock, rows.named(header, "time"))
	if wrong != "" {
		return wrong
	}
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	return c.fillAcc(rows.named(header, "callid"), rows.named(header, "from_tag"), rows.named(header, "sip_code"), rows.named(header, "sip_reason"), at)
}

// accCDRRow reads a row of acc_cdrs.
func accCDRRow(c *CDR, rows *rowReader, header map[string]int, clock *sourceClock) (wrong string) {
	start, ambiguous, wrong := accTime(clock, rows.named(header, "start_time"))
	if wrong != "" {
		return wrong
	}
	duration := spanMillis(rows.named(header, "duration"))
	if duration < 0 {
		return fmt.Sprintf("duration %q, want seconds", clip(rows.named(header, "duration")))
	}
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	c.Code, c.CauseQ850, c.Talk = codes.Unknown, -1, -1
	c.Start, c.End = start, start+duration*1000
	c.Outcome, c.Reason = codes.Answered, "duration over 0"
	if duration == 0 {
		c.Outcome, c.Reason = codes.NotConnected, "duration 0"
	}
	c.CallID = rows.named(header, "callid", "call_id", "sip_call_id")
	c.ID, c.Link = c.CallID, c.CallID
	if c.ID == "" {
		c.ID = rows.named(header, "id")
	}
	c.Recorded = strings.TrimSpace(rows.text)
	return ""
}
