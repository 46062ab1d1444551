package ingest

import (
	"bytes"
	"fmt"
	"strings"
)

// YeastarSQL reads dumps of the CDR tables of Yeastar S-Series PBXs: monthly
// tables (cdr_202611), of 35 columns in this order where the statement names none:
//
//	id, datetime, clid, src, dst, dcontext, srctrunk, dstrunk, lastapp, lastdata, duration, billable,
//	disposition, amaflags, calltype, accountcode, uniqueid, …
//
//	INSERT INTO `cdr_202611` VALUES (1,'2026-11-10 09:00:00','"Anna" <201>','201','3312345','DLPN_201','','carrier-a','Dial','…',12,0,'NO ANSWER','3','Outbound','','1794301200.42');
//
// One statement may hold many rows; text is escaped with \ or by doubling. Times
// are the PBX's local time: by the uniqueid, else Input.Zone, else UTC. Durations
// are seconds. There is no SIP status and no cause. Rows with one uniqueid are
// one call. Inserts into other tables are passed over.
var YeastarSQL = Format{
	Name:        "yeastar-sql",
	Description: "Yeastar S-Series CDR tables as an SQL dump",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     "INSERT INTO `cdr_202611` VALUES (1,'2026-11-10 09:00:00','\"Anna\" <201>','201','3312345','DLPN_201','','carrier-a','Dial','',12,0,'NO ANSWER','3','Outbound','','1794301200.42');",
	Sniff: func(head []byte) bool {
		t := sqlTable{}
		chunks := chunksOf(head)
		for {
			if _, ok := chunks.next(t.cut); !ok {
				return false
			}
			if t.yeastar() {
				return true
			}
		}
	},
	Read: readYeastarSQL,
}

// yeastarOrder is the order of columns where a statement names none.
var yeastarOrder = strings.Split("id,datetime,clid,src,dst,dcontext,srctrunk,dstrunk,lastapp,lastdata,duration,billable,disposition,amaflags,calltype,accountcode,uniqueid", ",")

// sqlTable cuts rows out of INSERT statements and keeps what the last
// statement said of them.
type sqlTable struct {
	name    string
	columns map[string]int // nil: the statement named none
	values  bool           // after VALUES
}

// yeastar reports whether the table of the last row is one of Yeastar's.
func (t *sqlTable) yeastar() bool {
	if t.columns != nil {
		return hasAll(t.columns, "datetime", "srctrunk", "disposition")
	}
	month, ok := strings.CutPrefix(t.name, "cdr_")
	return ok && len(month) == 6 && digits(month) > 200000
}

// maxSQLHead bounds what stands between INSERT and VALUES.
const maxSQLHead = 4 << 10

// cut is a cutter: of a row, ( … ).
func (t *sqlTable) cut(text []byte) (skip, n int, wrong string) {
	if t.values {
		for skip < len(text) && bytes.IndexByte([]byte(" \t\r\n,"), text[skip]) >= 0 {
			skip++
		}
		if skip == len(text) {
			return skip, 0, ""
		}
		if text[skip] == '(' {
			if skip > 0 {
				return skip, 0, ""
			}
			n, wrong = sqlRow(text)
			return 0, n, wrong
		}
		t.values = false
	}
	i := indexFold(text[skip:], "insert into")
	if i < 0 {
		return max(skip, len(text)-len("insert into")+1, 1), 0, ""
	}
	if skip += i; skip > 0 { // look again with all of it in sight
		return skip, 0, ""
	}
	head := text[:min(len(text), maxSQLHead)]
	if i := indexFold(head[1:], "insert into"); i >= 0 {
		head = head[:i+1]
	}
	end := indexFold(head, "values")
	if end < 0 {
		return len("insert into"), 0, ""
	}
	t.statement(string(head[len("insert into"):end]))
	return end + len("values"), 0, ""
}

// statement reads what stands between INSERT INTO and VALUES.
func (t *sqlTable) statement(s string) {
	name, list, named := strings.Cut(s, "(")
	t.name, t.columns, t.values = strings.ToLower(strings.Trim(name, " \t\r\n`\"[]")), nil, true
	if i := strings.LastIndexByte(t.name, '.'); i >= 0 {
		t.name = strings.Trim(t.name[i+1:], "`\"[]")
	}
	if !named {
		return
	}
	t.columns = map[string]int{}
	for i, c := range strings.Split(list, ",") {
		t.columns[strings.ToLower(strings.Trim(c, " \t\r\n`\"[])"))] = i
	}
}

// sqlRow is how long the row is that text begins with. A line that begins a new
// statement inside it cut it off.
func sqlRow(text []byte) (n int, wrong string) {
	var quote byte
	limit := min(len(text), maxChunk)
	if i := indexFold(text[:limit], "\ninsert into"); i >= 0 {
		limit = i
	}
	for i := 0; i < limit; i++ {
		switch b := text[i]; {
		case quote != 0 && b == '\\':
			i++
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '\'' || b == '"':
			quote = b
		case b == ')':
			return i + 1, ""
		}
	}
	return limit, "no end of the row before the next statement or the end"
}

// sqlFields are the values of a row: text without its quotes, NULL as empty.
func sqlFields(row []byte) []string {
	var fields []string
	var field []byte
	var quote byte
	for i := 1; i < len(row); i++ {
		b := row[i]
		switch {
		case quote != 0 && b == '\\' && i+1 < len(row):
			i++
			field = append(field, row[i])
		case quote != 0 && b == quote && i+1 < len(row) && row[i+1] == quote:
			i++
			field = append(field, b)
		case quote != 0:
			if b != quote {
				field = append(field, b)
			} else {
				quote = 0
			}
		case b == '\'' || b == '"':
			quote = b
		case b == ',' || b == ')':
			s := strings.TrimSpace(valid(string(field)))
			if strings.EqualFold(s, "null") {
				s = ""
			}
			fields, field = append(fields, s), field[:0]
		default:
			field = append(field, b)
		}
	}
	return fields
}

func readYeastarSQL(in *Input, out Sink) error {
	chunks := newChunkReader(in)
	clock := newSourceClock(in)
	order := map[string]int{}
	for i, name := range yeastarOrder {
		order[name] = i
	}
	t := sqlTable{}
	for {
		row, ok := chunks.next(t.cut)
		if !ok {
			break
		}
		if !t.yeastar() {
			continue
		}
		wrong := row.wrong
		c := CDR{Place: row.Place}
		if wrong == "" {
			columns := t.columns
			if columns == nil {
				columns = order
			}
			wrong = yeastarRow(&c, sqlFields(row.text), columns, clock)
		}
		if wrong != "" {
			out.Reject(row.Place, wrong, row.sample())
			continue
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	return chunks.err
}

func yeastarRow(c *CDR, fields []string, columns map[string]int, clock *sourceClock) (wrong string) {
	if len(fields) < len(yeastarOrder) && len(fields) < len(columns) {
		return fmt.Sprintf("%d values, want %d or more", len(fields), min(len(yeastarOrder), len(columns)))
	}
	get := func(names ...string) string {
		for _, name := range names {
			if i, ok := columns[name]; ok && i < len(fields) && fields[i] != "" {
				return fields[i]
			}
		}
		return ""
	}
	record := pbxRecord{
		start: get("datetime"), id: get("uniqueid"), caller: get("src"), callee: get("dst"), clid: get("clid"),
		duration: get("duration"), talk: get("billable", "billsec"), status: get("disposition"),
		from: get("srctrunk"), to: get("dstrunk", "dsttrunk"), kind: get("calltype"),
		app: get("lastapp"), data: get("lastdata"), context: get("dcontext"),
		channel: get("channel"), dstChannel: get("dstchannel"),
	}
	c.Recorded = strings.Join(fields[min(1, len(fields)):], "\x00") // the row's number changes from dump to dump
	return record.fill(c, clock)
}
