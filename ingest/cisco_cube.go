package ingest

import (
	"fmt"
	"strconv"
	"strings"

	"callsift/store/codes"
)

// CiscoCUBE reads the file accounting of Cisco voice gateways and CUBE (gw-accounting
// file): CSV without a header, 130 columns with the template callhistory-detail,
// 23 with the compact one, one row a leg. The columns that are read:
//
//	 1 unix-time of the record       9 alert-time               14 h323-call-origin (answer or originate, or a number)
//	 2 call-id                      10 h323-connect-time        22 clid, 23 dnis
//	 3 cdr-type                     11 h323-disconnect-time     72 remote-media-address
//	 4 leg-type: 1 telephony, 2 IP  12 h323-disconnect-cause    82 out-, 85 in-trunkgroup-label
//	 5 h323-conf-id: the call       13 disconnect-text
//	 8 h323-setup-time
//
//	1794301212,4711,0,2,"0F1E2D3C 4B5A6978 8796A5B4 C3D2E1F0","201","","*09:00:00.123 UTC Tue Nov 10 2026","","*09:00:12.345 UTC Tue Nov 10 2026","*09:00:12.345 UTC Tue Nov 10 2026","11","user busy (17)","originate"
//
// The cause is hexadecimal: 10 is 16, normal clearing, 11 is 17, busy. A leg that
// was not answered has the time of its end as connect time too, or none. Times name
// their zone; one that is not UTC is only an abbreviation and taken as local:
// Input.Zone, else UTC. Legs with one h323-conf-id are one call. There is no SIP
// status.
var CiscoCUBE = Format{
	Name:        "cisco-cube",
	Description: "Cisco gateway and CUBE file accounting",
	Kind:        "cdr",
	Proof:       "source code",
	Example:     `1794301212,4711,0,2,"0F1E2D3C 4B5A6978 8796A5B4 C3D2E1F0","201","","*09:00:00.123 UTC Tue Nov 10 2026","","*09:00:12.345 UTC Tue Nov 10 2026","*09:00:12.345 UTC Tue Nov 10 2026","11","user busy (17)","originate",0,0,0,0,0,0,"","201","3312345"`,
	Sniff: func(head []byte) bool {
		return sniffRows(head, cubeColumns, func(r *rowReader) bool {
			_, _, _, ok := ciscoTime(r.col(10))
			return r.n >= cubeMinColumns && epochMicros(r.col(0)) != 0 && ok
		})
	},
	Read: readCiscoCUBE,
}

const (
	cubeColumns    = 140
	cubeMinColumns = 14
)

func readCiscoCUBE(in *Input, out Sink) error {
	rows := newRowReader(in, out, cubeColumns)
	clock := newSourceClock(in)
	for rows.next() {
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text), Code: codes.Unknown}
		if wrong := c.fillCUBE(rows, clock); wrong != "" {
			rows.reject(wrong)
			continue
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	return rows.lines.err
}

func (c *CDR) fillCUBE(rows *rowReader, clock *sourceClock) (wrong string) {
	if rows.n < cubeMinColumns {
		return fmt.Sprintf("%d fields, want %d or more", rows.n, cubeMinColumns)
	}
	if wrong := c.ciscoTimes(clock, rows.col(7), rows.col(9), rows.col(10)); wrong != "" {
		return wrong
	}
	c.ID, c.Link = rows.col(1), strings.ReplaceAll(rows.col(4), " ", "")
	c.CauseQ850 = hexCause(rows.col(11))
	c.Reason = firstOf(rows.col(12), reasonOfCause(c.CauseQ850))
	c.settleCause(c.Answer != 0)
	c.Caller, c.Callee = rows.col(21), firstOf(rows.col(22), rows.col(5))
	c.Peer = rows.col(71)
	c.Trunk = firstOf(rows.col(81), rows.col(84))
	return ""
}

// ciscoTimes sets a leg's times from Cisco's words for them.
func (c *CDR) ciscoTimes(clock *sourceClock, setup, connect, disconnect string) (wrong string) {
	var ok bool
	if c.End, ok = clock.cisco(disconnect); !ok {
		return fmt.Sprintf("h323-disconnect-time %q, want a time such as 09:00:12.345 UTC Tue Nov 10 2026", clip(disconnect))
	}
	if c.Start, ok = clock.cisco(setup); !ok {
		c.Start = c.End
	}
	c.Talk = 0
	if at, ok := clock.cisco(connect); ok && at < c.End {
		c.Answer = at
		c.Talk = (c.End - at) / 1000
	}
	return ""
}

// hexCause reads a Q.850 cause in hexadecimal; -1 for anything else.
func hexCause(s string) int {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X"), 16, 8)
	if err != nil || n > 127 {
		return -1
	}
	return int(n)
}
