package ingest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"callsift/store/codes"
)

// CiscoCUCM reads the flat CDR files of Cisco Unified Communications Manager
// (cdr_StandAloneCluster_01_…): CSV with a header, a second line that gives the
// columns' types, and one row a leg. About 130 columns; those that are read:
//
//	globalCallID_callManagerId, globalCallID_callId   the call; legs share them
//	pkid                                              the record
//	dateTimeOrigination, dateTimeConnect, dateTimeDisconnect   Unix seconds, UTC; connect 0: not answered
//	duration                                          seconds of talk
//	callingPartyNumber, originalCalledPartyNumber, finalCalledPartyNumber
//	origCause_value, destCause_value                  Q.850, decimal; 0: the other side cleared
//	origDeviceName, destDeviceName                    SEP… is a phone, other names are trunks and gateways
//	origIpAddr, destIpAddr                            32-bit numbers, signed, first octet lowest
//
//	"cdrRecordType","globalCallID_callManagerId","globalCallID_callId",…
//	INTEGER,INTEGER,INTEGER,…
//	1,1,115001,…
//
// A cause over 127 (393216 call split, 458752 conference and their kin) tells of a
// transfer or conference, which is no failure and no cause. Failed calls have
// connect 0 and duration 0. There is no SIP status.
var CiscoCUCM = Format{
	Name:        "cisco-cucm",
	Description: "Cisco Unified Communications Manager CDR flat files",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     "\"cdrRecordType\",\"globalCallID_callManagerId\",\"globalCallID_callId\",\"dateTimeOrigination\",\"origCause_value\",\"destCause_value\",\"dateTimeConnect\",\"dateTimeDisconnect\"\nINTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER\n1,1,115001,1794301200,0,17,0,1794301212\n",
	Sniff: func(head []byte) bool {
		return sniffHeader(head, cucmColumns, "globalcallid_callid", "datetimeorigination", "destcause_value")
	},
	Read: readCiscoCUCM,
}

const cucmColumns = 250

func readCiscoCUCM(in *Input, out Sink) error {
	rows := newRowReader(in, out, cucmColumns)
	var header map[string]int
	columns := 0
	for rows.next() {
		if strings.EqualFold(rows.col(0), "cdrRecordType") || header == nil {
			header, columns = rows.header(), rows.n // files put together repeat it
			continue
		}
		if kind := strings.ToUpper(rows.col(0)); kind == "INTEGER" || strings.HasPrefix(kind, "VARCHAR") {
			continue
		}
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text), Code: codes.Unknown, CauseQ850: -1}
		wrong := ""
		if rows.n != columns {
			wrong = fmt.Sprintf("%d fields, want %d as in the header", rows.n, columns)
		} else {
			wrong = c.fillCUCM(rows, header)
		}
		if wrong != "" {
			rows.reject(wrong)
			continue
		}
		out.CDR(&c)
	}
	return rows.lines.err
}

func (c *CDR) fillCUCM(rows *rowReader, header map[string]int) (wrong string) {
	get := func(name string) string { return rows.named(header, name) }
	c.Start, c.Answer, c.End = epochMicros(get("datetimeorigination")), epochMicros(get("datetimeconnect")), epochMicros(get("datetimedisconnect"))
	if c.Start == 0 {
		return fmt.Sprintf("dateTimeOrigination %q, want Unix seconds", clip(get("datetimeorigination")))
	}
	c.Talk = 0
	if c.Answer != 0 {
		c.Talk = spanMillis(get("duration"))
	}
	c.ID = get("pkid")
	if node, call := get("globalcallid_callmanagerid"), get("globalcallid_callid"); call != "" {
		c.Link = strings.Join([]string{get("globalcallid_clusterid"), node, call}, "|")
	}
	c.Caller = get("callingpartynumber")
	c.Callee = firstOf(get("originalcalledpartynumber"), get("finalcalledpartynumber"))
	c.CauseQ850 = cucmCause(get("origcause_value"), get("destcause_value"))
	c.Reason = reasonOfCause(c.CauseQ850)
	c.settleCause(c.Answer != 0)

	from, to := get("origdevicename"), get("destdevicename")
	switch fromPhone, toPhone := cucmPhone(from), cucmPhone(to); {
	case from == "" || to == "":
	case fromPhone && toPhone:
		c.Direction = codes.Internal
	case fromPhone:
		c.Direction, c.Trunk, c.Peer = codes.Out, to, cucmAddress(get("destipaddr"))
	case toPhone:
		c.Direction, c.Trunk, c.Peer = codes.In, from, cucmAddress(get("origipaddr"))
	}
	return ""
}

// cucmCause is the cause of the side that cleared: the other has 0. -1: neither
// says.
func cucmCause(orig, dest string) int {
	for _, s := range [...]string{dest, orig} {
		if n := digits(s); n > 0 && n <= 127 {
			return n
		}
	}
	return -1
}

// cucmPhone tells a phone's device name from a trunk's, gateway's or port's.
func cucmPhone(name string) bool {
	for _, p := range [...]string{"SEP", "CSF", "BOT", "TCT", "TAB", "ATA"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// cucmAddress turns a signed little-endian number into an address: 239138826 is
// 10.248.64.14. Newer versions write addresses as text elsewhere.
func cucmAddress(s string) string {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 || n < -1<<31 || n >= 1<<32 {
		return ""
	}
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b).String()
}
