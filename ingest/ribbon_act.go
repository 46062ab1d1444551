package ingest

import (
	"fmt"
	"strings"

	"callsift/store/codes"
)

// RibbonACT reads the accounting files (.ACT) of Ribbon, formerly Sonus, SBCs
// and gateways: CSV, one row an event of a call. STOP is a call that was
// answered, ATTEMPT one that was not; START and INTERMEDIATE are steps of it
// and passed over, as are rows about the device. The columns that are read:
//
//	 1 STOP or ATTEMPT   2 gateway   3 accounting id   5 zone   6 start date   7 start time
//	STOP     10 ticks to answer  11 end date  12 end time  14 ticks of talk  15 disconnect reason
//	ATTEMPT                                   10 end time                    12 disconnect reason
//	and, counted from the reason: 5 calling, 6 called number, 16 route as GATEWAY:TRUNKGROUP,
//	18 remote address, 19 ingress trunk group
//
//	ATTEMPT,SBC1,0x0001042B00000010,95396662,GMT+01:00-Berlin,11/10/2026,10:00:00.6,13,0,10:00:12.8,6,17,VoIP,IP-TO-IP,PART,,201,3312345,,0,,0,,0,,ROUTE,1,SBC1:TG_CARRIER,192.0.2.1,198.51.100.7,TG_PBX,…,"SIP,77@192.0.2.10,…"
//
// Dates are MM/DD/YYYY, times local with tenths; the zone column gives the
// offset from UTC, which is taken unless Input.Zone is given: whether it follows
// summer time is not known. A tick is 10 ms. The reason is Q.850, decimal. A
// quoted field of its own holds the SIP data of either side: the Call-ID second
// and the status or method that ended the leg nineteenth; it is percent-encoded.
// Retries of one call with one ingress Call-ID, as after a challenge, are one call.
var RibbonACT = Format{
	Name:        "ribbon-act",
	Description: "Ribbon (Sonus) SBC accounting files",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     `ATTEMPT,SBC1,0x0001042B00000010,95396662,GMT+01:00-Berlin,11/10/2026,10:00:00.6,13,0,10:00:12.8,6,17,VoIP,IP-TO-IP,PART,,201,3312345,,0,,0,,0,,ROUTE,1,SBC1:TG_CARRIER,192.0.2.1,198.51.100.7,TG_PBX`,
	Sniff: func(head []byte) bool {
		return sniffRows(head, ribbonColumns, func(r *rowReader) bool {
			_, ok := ribbonKinds[r.col(0)]
			_, slashed := ribbonTime(r.col(5), r.col(6))
			return ok && slashed && r.n > 15
		})
	},
	Read: readRibbonACT,
}

const ribbonColumns = 400

// ribbonKinds are the rows of calls and where their disconnect reason stands; 0: none.
var ribbonKinds = map[string]int{"START": 0, "INTERMEDIATE": 0, "STOP": 14, "ATTEMPT": 11}

// ribbonTime reads MM/DD/YYYY and hh:mm:ss.s as civil microseconds.
func ribbonTime(date, clock string) (micros int64, ok bool) {
	f := strings.Split(date, "/")
	var at clockFields
	if len(f) != 3 || timeOfDay([]byte(clock), &at) != len(clock) {
		return 0, false
	}
	sec, ok := civilSeconds(digits(f[2]), digits(f[0]), digits(f[1]), at.hour, at.min, at.sec)
	return sec*1e6 + int64(at.micro), ok
}

// ribbonReader reads one source.
type ribbonReader struct {
	clock *sourceClock
	told  bool // the zone column gave an offset
	seen  offsetsSeen
}

func readRibbonACT(in *Input, out Sink) error {
	rows := newRowReader(in, out, ribbonColumns)
	r := ribbonReader{clock: newSourceClock(in)}
	for rows.next() {
		reason := ribbonKinds[rows.col(0)]
		if reason == 0 {
			continue
		}
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text), Code: codes.Unknown}
		if wrong := r.fill(&c, rows, reason); wrong != "" {
			rows.reject(wrong)
			continue
		}
		out.CDR(&c)
	}
	r.clock.ledger(in)
	if r.told {
		in.TZ, in.TZFrom = r.seen.String(), "zone column"
	}
	return rows.lines.err
}

func (r *ribbonReader) fill(c *CDR, rows *rowReader, reason int) (wrong string) {
	if rows.n < reason+8 {
		return fmt.Sprintf("%d fields, want %d or more", rows.n, reason+8)
	}
	start, ok := ribbonTime(rows.col(5), rows.col(6))
	if !ok {
		return fmt.Sprintf("start %q, want MM/DD/YYYY,hh:mm:ss.s", clip(rows.col(5)+","+rows.col(6)))
	}
	var ambiguous bool
	if c.Start, ambiguous = r.utc(start, rows.col(4)); ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	c.Talk = 0
	if reason == ribbonKinds["STOP"] {
		answer, talk := digits(rows.col(9)), digits(rows.col(13))
		if answer < 0 || talk < 0 {
			return fmt.Sprintf("answer after %q and talk of %q, want ticks of 10 ms", clip(rows.col(9)), clip(rows.col(13)))
		}
		c.Answer = c.Start + int64(answer)*10_000
		c.Talk = int64(talk) * 10
		c.End = c.Answer + c.Talk*1000
	} else if end, ok := ribbonTime(rows.col(5), rows.col(9)); ok { // the time has no date of its own
		if end < start {
			end += 86400 * 1e6
		}
		c.End = c.Start + end - start
	}
	c.CauseQ850 = digits(rows.col(reason))
	if c.CauseQ850 > 127 {
		c.CauseQ850 = -1
	}
	c.ID, c.Device = rows.col(2), rows.col(1)
	c.Caller, c.Callee = rows.col(reason+5), rows.col(reason+6)
	if _, group, ok := strings.Cut(rows.col(reason+16), ":"); ok {
		c.Trunk = group
	}
	if c.Peer = rows.col(reason + 18); c.Peer == "0.0.0.0" {
		c.Peer = ""
	}
	r.sip(c, rows)
	c.Reason = reasonOfCause(c.CauseQ850)
	c.settleCause(c.Answer != 0)
	return ""
}

// sip reads the ingress side's SIP data: the first field that begins with SIP.
func (r *ribbonReader) sip(c *CDR, rows *rowReader) {
	for i := 15; i < rows.n && i < ribbonColumns; i++ {
		f := strings.Split(rows.col(i), ",")
		if f[0] != "SIP" || len(f) < 2 {
			continue
		}
		c.CallID, c.Link = f[1], f[1]
		if len(f) > 18 && c.Answer == 0 {
			if code := sipStatus(f[18]); code >= 300 {
				c.Code = code
				if challenge(code) {
					c.Flags |= codes.FlagChallengeUnanswered
				}
			}
		}
		return
	}
}

// utc is the instant of civil microseconds by Input.Zone, else the zone column,
// GMT-08:00-Pacific(US).
func (r *ribbonReader) utc(civil int64, zone string) (micros int64, ambiguous bool) {
	var st logStamp
	if rest, ok := strings.CutPrefix(zone, "GMT"); ok && r.clock.clock.zone == nil && len(rest) >= 6 {
		if st.fractionAndZone(rest[:6]); st.zoned {
			r.told = true
			r.seen.add(-st.civil)
			return civil + st.civil*1e6, false
		}
	}
	sec, ambiguous := r.clock.utc(floorDiv(civil, 1e6))
	return sec*1e6 + civil%1e6, ambiguous
}
