package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// AsteriskTable reads Asterisk's cdr table saved as text with a header: the
// download of FreePBX's "CDR Reports" (16 columns), phpMyAdmin's and other
// tools' CSV (26 columns and more, the word NULL, sipcallid among them), rows
// of cdr_custom that somebody gave a header. The columns stand in any order;
// those that are known mean what they mean in the table:
//
//	calldate, start   answer   end        duration, billsec   seconds
//	clid  src  dst    dcontext  channel  dstchannel  lastapp  lastdata
//	disposition       uniqueid  linkedid  sipcallid
//
// Times, outcomes, trunks and legs are found as in asterisk-csv; the end of a
// call is calldate + duration. What else such files are found with (charsets,
// delimiters, broken quotes, lost seconds) is as in cdr-table.
var AsteriskTable = Format{
	Name:        "asterisk-table",
	Description: "Asterisk cdr table as CSV with a header in any order (FreePBX CDR Reports, phpMyAdmin)",
	Kind:        "cdr",
	Proof:       "real files",
	Example: "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,accountcode,uniqueid,userfield\n" +
		`"2026-11-10 09:00:00","""Anna Example"" <201>","201","3312345678","from-internal","PJSIP/201-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/3312345678@carrier-a,60","12","0","NO ANSWER","3","","1794297600.42",""`,
	Sniff: func(head []byte) bool { return sniffTable(head) == tableAsterisk && !otherAccepts(head) },
	Read:  readTable,
}

// CDRTable reads any table of calls that is text with a header whose words are
// known, in English or Chinese, or named by --columns. A table of calls has the
// start of the call, the calling or the called number, and a result, an end or a
// duration:
//
//	start (date and time in one column or two), answer, end; duration, talk
//	caller, callee; result, cause (Q.850), code (SIP); trunk, direction
//	开始时间 接通时间 结束时间 时长 通话时长 主叫 被叫 状态 挂断原因 中继 呼叫方向
//
// Delimiters are comma, semicolon, tab or bar; lines end in LF, CRLF or a lone
// CR; a quote that is not doubled inside quotes, as in ""Anna Example" <1115>",
// belongs to the text. UTF-8, UTF-16, GB18030 or Latin-1, with or without a byte
// order mark. Up to 20 lines of a title may stand above the header.
//
// Times may be in most notations; of dd/mm and mm/dd the rows decide, else it is
// dd/mm. Local times have Input.Zone, else UTC, unless an Asterisk uniqueid tells
// the offset; that also gives the seconds back which Excel takes off on saving.
// Durations are seconds or h:mm:ss. Where a table has no column for the result,
// a call with talk is answered, one without not connected; a table whose only
// measure is a duration is a bill, and that is its talk. Where a result and a
// duration stand together the duration is the call's, ringing and all, and the
// talk is not known without an answer time.
var CDRTable = Format{
	Name:        "cdr-table",
	Description: "Table of calls as CSV, TSV or with semicolons; header in English or Chinese, or --columns",
	Kind:        "cdr",
	Proof:       "real files",
	Example: "主叫号码,被叫号码,开始时间,通话时长,中继,状态\n" +
		"201,3312345678,2026-11-10 09:00:00,0,carrier-a,未接\n",
	Sniff: func(head []byte) bool { return sniffTable(head) == tableOther && !otherAccepts(head) },
	Read:  readTable,
}

// The kinds of table by their headers.
const (
	tableNone = iota
	tableOther
	tableAsterisk
)

const (
	maxTableColumns = 256
	maxTitleLines   = 20
)

// tableHeader is what the header of a table says.
type tableHeader struct {
	comma   byte
	columns []recordColumn
	row     string // the header itself; empty: the table has none
	width   int    // cells of a row where there is no header; 0: not known
	words   bool   // results are Asterisk's disposition words
}

// readHeader takes the lines up to the header away. wrong says why there is
// none; then nothing is taken.
func readHeader(lines *tableLines, mapping map[string]string) (h tableHeader, wrong string) {
	if columns := numberedColumns(mapping); columns != nil {
		end, _, _, _ := lines.peek(0)
		h = tableHeader{comma: delimiterOf(lines.text(end)), columns: columns}
		return h, missing(columns)
	}
	wrong = "no header with known words"
	skip, taken := 0, 0
	for n := 0; n <= maxTitleLines; n++ {
		end, next, _, ok := lines.peek(skip)
		if !ok || next > maxCSVLine {
			break
		}
		row := lines.set.decodeUnlessWide(lines.head()[skip:end])
		comma, columns, why := headerOf(row, mapping)
		taken++
		if why == "" {
			lines.take(next, taken)
			return tableHeader{comma: comma, columns: columns, row: row, words: hasWord(row, comma, "disposition")}, ""
		}
		if len(columns) > 0 {
			wrong = why
		}
		skip = next
	}
	return h, wrong
}

// decodeUnlessWide decodes a line of which UTF-16 was decoded before.
func (c charset) decodeUnlessWide(line []byte) string {
	if c.wide() {
		return string(line)
	}
	return c.decode(line)
}

// headerOf reads a line as a header, with the delimiter that makes most words
// known. columns is empty if it has no known word.
func headerOf(row string, mapping map[string]string) (comma byte, columns []recordColumn, wrong string) {
	best := 0
	for _, c := range []byte(",;\t|") {
		cells, open := splitTable(row, c, nil)
		if open || len(cells) < 2 || len(cells) > maxTableColumns {
			continue
		}
		list := mapHeader(cells, mapping)
		known := 0
		for _, m := range list {
			if m != recNone {
				known++
			}
		}
		if known > best {
			best, comma, columns = known, c, list
		}
	}
	if best < 3 {
		return 0, nil, "no header with known words"
	}
	return comma, columns, missing(columns)
}

// delimiterOf guesses a delimiter from a row: the most frequent.
func delimiterOf(row string) byte {
	best, most := byte(','), 0
	for _, c := range []byte(",;\t|") {
		if n := strings.Count(row, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// sniffTable finds out whether a file is a table of calls: a header with what
// is needed, and times in half of the first rows.
func sniffTable(head []byte) int {
	lines := tableLinesOf(head)
	h, wrong := readHeader(lines, nil)
	if wrong != "" {
		return tableNone
	}
	rows, good := 0, 0
	for n := 0; n < 20 && rows < 5; n++ {
		end, next, whole, ok := lines.peek(0)
		if !ok || !whole && rows > 0 {
			break
		}
		cells, _ := splitTable(lines.text(end), h.comma, nil)
		lines.take(next, 1)
		if blankCells(cells) {
			continue
		}
		rows++
		var rec callRecord
		for i := range min(len(cells), len(h.columns)) {
			rec.set(h.columns[i], cells[i])
		}
		if _, ok := readTime(rec.startText()); ok {
			good++
		}
	}
	if good == 0 || 2*good < rows {
		return tableNone
	}
	if h.words && (hasWord(h.row, h.comma, "calldate") || hasWord(h.row, h.comma, "dcontext", "dstchannel", "lastapp")) {
		return tableAsterisk
	}
	return tableOther
}

// hasWord reports whether a header has one of some words.
func hasWord(header string, comma byte, words ...string) bool {
	cells, _ := splitTable(header, comma, nil)
	for _, cell := range cells {
		if slices.Contains(words, headerWord(cell)) {
			return true
		}
	}
	return false
}

func blankCells(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// splitTable appends the cells of a row with any delimiter to cells, and
// reports whether it ended inside quotes. Quotes are read as splitCSV does.
func splitTable(row string, comma byte, cells []string) ([]string, bool) {
	for at := 0; len(cells) <= maxTableColumns; {
		if at < len(row) && row[at] == '"' {
			text, next, open := quotedCell(row, at+1, comma)
			cells = append(cells, text)
			if open || next < 0 {
				return cells, open
			}
			at = next
			continue
		}
		end := strings.IndexByte(row[at:], comma)
		if end < 0 {
			return append(cells, row[at:]), false
		}
		cells = append(cells, row[at:at+end])
		at += end + 1
	}
	return cells, false
}

// quotedCell reads a cell whose text begins at row[at]; next is where the
// following cell begins, -1 after the last one.
func quotedCell(row string, at int, comma byte) (text string, next int, open bool) {
	doubled := false
	for i := at; ; i++ {
		q := strings.IndexByte(row[i:], '"')
		if q < 0 {
			text, next, open = row[at:], -1, true
			break
		}
		i += q
		if i+1 == len(row) {
			text, next = row[at:i], -1
			break
		}
		if row[i+1] == comma {
			text, next = row[at:i], i+2
			break
		}
		if row[i+1] == '"' {
			doubled = true
			i++
		}
	}
	if doubled {
		text = strings.ReplaceAll(text, `""`, `"`)
	}
	return text, next, open
}

// tableReader reads one source.
type tableReader struct {
	lines   *tableLines
	header  tableHeader
	records *recordReader
	has     [recordColumns]bool
	cells   []string
}

func readTable(in *Input, out Sink) error {
	return readTableAs(in, out, readHeader)
}

// readTableAs reads a table whose columns header finds out.
func readTableAs(in *Input, out Sink, header func(*tableLines, map[string]string) (tableHeader, string)) error {
	t := &tableReader{lines: newTableLines(in), records: newRecordReader(in, out)}
	var wrong string
	t.header, wrong = header(t.lines, in.Columns)
	t.has, t.records.words = hasOf(t.header.columns), t.header.words
	for {
		end, next, whole, ok := t.lines.peek(0)
		if !ok {
			break
		}
		t.line(end, next, whole, wrong)
	}
	t.records.end(in)
	if t.lines.set == charsetGB18030 || t.lines.set == charsetLatin1 {
		name := [...]string{"GB18030", "Latin-1"}[t.lines.set-charsetGB18030]
		out.Warn(Place{Line: 1}, "not UTF-8: read as "+name+", which is a guess")
	}
	return t.lines.err
}

// line reads the line of length end, and those after it if a quoted cell goes on there.
func (t *tableReader) line(end, next int, whole bool, wrong string) {
	at := t.lines.place(end)
	if !whole && end >= maxCSVLine {
		t.records.reject(at, fmt.Sprintf("a line over %d bytes", maxCSVLine), t.lines.text(maxSample))
		t.lines.skipLine()
		return
	}
	row, lines := t.lines.text(end), 1
	open := false
	t.cells, open = splitTable(row, t.header.comma, t.cells[:0])
	if blankCells(t.cells) || row == t.header.row && row != "" { // exports put together repeat their header
		t.lines.take(next, 1)
		return
	}
	if open {
		if e, n, l, ok := t.joined(next); ok {
			end, next, lines = e, n, l
			at, row = t.lines.place(end), t.lines.text(end)
		} else if wrong == "" {
			wrong = fmt.Sprintf("a quote that is not closed in field %d", len(t.cells))
		}
	}
	if wrong == "" {
		wrong = t.count(whole)
	}
	if wrong != "" {
		t.records.reject(at, wrong, row)
	} else {
		rec := &callRecord{Place: at, raw: row, has: t.has, cut: !whole}
		for i := range min(len(t.cells), len(t.header.columns)) {
			rec.set(t.header.columns[i], t.cells[i])
		}
		t.records.add(rec)
	}
	t.lines.take(next, lines)
}

// count checks the number of cells: cells may be missing only behind the last
// known column, and be too many only if they are empty or nothing tells how many
// there are.
func (t *tableReader) count(whole bool) string {
	h := &t.header
	want := max(len(h.columns), h.width)
	n := len(t.cells)
	for n > want && strings.TrimSpace(t.cells[n-1]) == "" {
		n--
	}
	least := len(h.columns)
	if h.width > 0 {
		want, least = h.width, min(h.width, least)
	}
	for whole && least > 0 && h.columns[least-1] == recNone {
		least--
	}
	if n < least || n > want && (h.row != "" || h.width > 0) || !whole && h.width > 0 && n != h.width {
		return fmt.Sprintf("%d fields, want %d", len(t.cells), want)
	}
	return ""
}

// joined tries whether a row goes on in the next lines, from the unread byte
// next on: a line end inside quotes.
func (t *tableReader) joined(next int) (end, after, lines int, ok bool) {
	first := len(t.cells)
	for lines := 2; lines <= 8 && next < maxCSVLine/2; lines++ {
		end, after, _, ok := t.lines.peek(next)
		if !ok {
			break
		}
		cells, open := splitTable(t.lines.text(end), t.header.comma, nil)
		if !open && (len(cells) == len(t.header.columns) || len(cells) == t.header.width) {
			t.cells = cells
			return end, after, lines, true
		}
		next = after
	}
	t.cells = t.cells[:first]
	return 0, 0, 0, false
}
