package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// AsteriskSQL reads dumps of Asterisk's database (asteriskcdrdb): the table cdr
// and others with its columns, and the table cel. The dialects are those of
// mysqldump, phpMyAdmin and Navicat, so: rows with or without column names, one or
// many in a statement, names in backquotes, double quotes or brackets, strings
// with \" \' and doubled quotes in them.
//
//	CREATE TABLE `cdr` (`calldate` datetime NOT NULL, `clid` varchar(80) NOT NULL, ...);
//	INSERT INTO `cdr` VALUES ('2026-11-10 09:00:00','\"Anna Example\" <201>','201','3312345678',
//	  'from-internal','PJSIP/201-0000002a','PJSIP/carrier-a-0000002b','Dial','PJSIP/3312345678@carrier-a,60',
//	  12,0,'NO ANSWER',3,'','1794297600.42','','','','201','Anna Example','','','','1794297600.42','','7');
//
// Columns mean what their names say, in the INSERT or in the CREATE TABLE above;
// without names the order is FreePBX's (see asterisk-custom). Tables that are
// neither cdr nor cel are passed over. A dump may hold the table twice, as a copy
// or an older state: a row that an earlier copy has as well counts once.
//
// The table cel has what no CDR has, the cause: the HANGUP of a CDR's channel
// (uniqueid) gives it the Q.850 cause and the state of Dial; where that channel
// ended normally, the cause of the other channels of the call (linkedid) if it is
// the same for all. A state of Dial decides what a call that was not answered is:
// BUSY and NOANSWER user, CANCEL abandoned, CONGESTION and CHANUNAVAIL failed.
// Hang-ups with a telling cause are events too (see asterisk-cel).
//
// Rows wait for cel until the dump's end, compressed, up to 64 MiB; what goes
// over that is handed out without waiting, which is said in a warning. Times
// and outcomes are found as in asterisk-csv.
var AsteriskSQL = Format{
	Name:        "asterisk-sql",
	Description: "SQL dump of Asterisk's cdr table, with cel for the causes",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     "INSERT INTO `cdr` (`calldate`,`clid`,`src`,`dst`,`dcontext`,`channel`,`dstchannel`,`lastapp`,`lastdata`,`duration`,`billsec`,`disposition`) VALUES ('2026-11-10 09:00:00','201','201','3312345678','from-internal','SIP/201-0000002a','','Dial','SIP/3312345678@carrier-a',12,0,'FAILED');",
	Sniff:       func(head []byte) bool { return sniffSQL(head) && !otherAccepts(head) },
	Read:        readSQL,
}

// dumpTable is what a dump told of a table.
type dumpTable struct {
	cdr   []recordColumn // nil: the table is no cdr, or its columns are not known
	cel   []int
	named bool // its columns are known
}

// tableOf finds out what a table is by its columns.
func tableOf(names []string) dumpTable {
	t := dumpTable{named: true}
	if columns := mapHeader(names, nil); missing(columns) == "" && isAsteriskCDR(names) {
		t.cdr = columns
	} else {
		t.cel = celHeader(names)
	}
	return t
}

// isAsteriskCDR wants the names that tell Asterisk's table from those of others.
func isAsteriskCDR(names []string) bool {
	n := 0
	for _, name := range names {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "disposition", "dcontext", "lastapp", "dstchannel", "billsec":
			n++
		}
	}
	return n >= 2
}

// sniffSQL wants a row or the definition of cdr or cel in the first bytes.
func sniffSQL(head []byte) bool {
	upper := bytes.ToUpper(head)
	if !(bytes.Contains(upper, []byte("INSERT")) && bytes.Contains(upper, []byte("INTO"))) && !bytes.Contains(upper, []byte("CREATE TABLE")) {
		return false
	}
	in := Input{Reader: bytes.NewReader(head)}
	r := newSQLReader(&in, discard{})
	for r.statement() {
		if r.rows > 0 || r.found {
			return true
		}
	}
	return r.rows > 0 || r.found
}

// sqlReader reads one dump.
type sqlReader struct {
	in      *Input
	out     Sink
	lex     *sqlLexer
	tables  map[string]dumpTable
	records *recordReader
	times   recordTimes // of cel's events
	hung    hangups
	spool   *recordSpool

	rows     int  // of cdr and cel
	found    bool // cdr or cel was defined
	copies   rowCopies
	table    string // of the last cdr row
	cells    []string
	warnings []string
}

func newSQLReader(in *Input, out Sink) *sqlReader {
	r := &sqlReader{in: in, out: out, lex: newSQLLexer(in), tables: map[string]dumpTable{}, records: newRecordReader(in, out)}
	r.records.hung, r.records.words = &r.hung, true
	r.times.clock.zone = in.Zone
	r.spool = newRecordSpool()
	return r
}

func readSQL(in *Input, out Sink) error {
	r := newSQLReader(in, out)
	for r.statement() {
	}
	if err := r.spool.drain(r.records); err != nil {
		return err
	}
	zone, from := r.times.ledger()
	r.records.end(in)
	if in.TZ == "" {
		in.TZ, in.TZFrom = zone, from
	}
	if r.copies.dropped > 0 {
		out.Warn(Place{Line: 1}, fmt.Sprintf("%d rows that an earlier copy of the table has as well: counted once", r.copies.dropped))
	}
	if r.copies.full && r.copies.sections > 1 {
		out.Warn(Place{Line: 1}, fmt.Sprintf("several copies of a table of over %d rows: not all that are repeated were found", maxRowCopies))
	}
	if r.hung.lost > 0 {
		out.Warn(Place{Line: 1}, fmt.Sprintf("%d channels of cel over %d: their causes are not joined", r.hung.lost, maxHangups))
	}
	for _, w := range r.warnings {
		out.Warn(Place{Line: 1}, w)
	}
	return r.lex.err
}

// statement reads the next statement; false at the end.
func (r *sqlReader) statement() bool {
	t := r.lex.next()
	switch strings.ToUpper(t.text) {
	case "INSERT", "REPLACE":
		if t.kind == 'w' {
			r.insert()
			return true
		}
	case "CREATE":
		if t.kind == 'w' {
			r.create()
			return true
		}
	case "LOCK":
		if r.lex.next(); t.kind == 'w' {
			if _, ok := r.tables[r.lex.name()]; ok {
				r.copies.section()
			}
		}
	}
	if t.kind != 0 && t.kind != ';' {
		r.lex.skip()
	}
	return t.kind != 0
}

// create keeps the columns that CREATE TABLE names.
func (r *sqlReader) create() {
	if t := r.lex.next(); !strings.EqualFold(t.text, "TABLE") {
		r.lex.skip()
		return
	}
	name := r.lex.name()
	for name == "if" || name == "not" || name == "exists" {
		name = r.lex.name()
	}
	if t := r.lex.next(); t.kind != '(' {
		if t.kind != ';' && t.kind != 0 {
			r.lex.skip()
		}
		return
	}
	var names []string
	for _, item := range r.lex.parentheses() {
		if len(item) == 0 {
			continue
		}
		switch strings.ToUpper(item[0].text) {
		case "PRIMARY", "KEY", "UNIQUE", "INDEX", "CONSTRAINT", "FULLTEXT", "FOREIGN", "SPATIAL", "CHECK":
			if item[0].kind == 'w' {
				continue
			}
		}
		names = append(names, item[0].text)
	}
	r.lex.skip()
	table := tableOf(names)
	if table.cdr != nil || table.cel != nil || len(r.tables) < 1000 {
		r.tables[strings.Clone(name)] = table
	}
	r.found = r.found || table.cdr != nil || table.cel != nil
	if table.cdr != nil {
		r.copies.section()
	}
}

// insert reads the rows of INSERT [IGNORE] INTO table [(names)] VALUES (...), (...);
func (r *sqlReader) insert() {
	name := r.lex.name()
	for name == "into" || name == "ignore" || name == "delayed" || name == "low_priority" {
		name = r.lex.name()
	}
	table := r.tables[name]
	t := r.lex.next()
	if t.kind == '(' {
		var names []string
		for _, item := range r.lex.parentheses() {
			if len(item) > 0 {
				names = append(names, item[0].text)
			}
		}
		table = tableOf(names)
		t = r.lex.next()
	}
	if !strings.EqualFold(t.text, "VALUES") && !strings.EqualFold(t.text, "VALUE") {
		if t.kind != ';' && t.kind != 0 {
			r.lex.skip()
		}
		return
	}
	if table.named && table.cdr == nil && table.cel == nil {
		r.lex.skip()
		return
	}
	r.insertRows(strings.Clone(name), table)
}

func (r *sqlReader) insertRows(name string, table dumpTable) {
	for {
		t := r.lex.next()
		switch t.kind {
		case '(':
			r.row(name, table)
		case ',':
		case ';', 0:
			return
		default:
			r.lex.skip()
			return
		}
	}
}

// row reads one row of cdr or cel, or of a table that nothing is known of.
func (r *sqlReader) row(name string, table dumpTable) {
	at := Place{Offset: r.lex.offset - 1, Line: r.lex.line}
	r.lex.keep, r.lex.kept = append(r.lex.keep[:0], '('), true
	cells, whole := r.lex.values(r.cells[:0])
	r.lex.kept, r.cells = false, cells
	at.Length = int(r.lex.offset - at.Offset)
	raw := charsetUTF8.decode(r.lex.keep)
	for i := range cells {
		cells[i] = charsetUTF8.decode([]byte(cells[i]))
	}
	if !table.named {
		switch columns, ok := orderOf(cells); {
		case ok:
			table.cdr = columns
		case strings.Contains(name, "cdr"):
			table.cdr = customOrders[1].columns
		case strings.Contains(name, "cel"):
		default:
			return
		}
	}
	if table.cdr != nil {
		r.rows++
		r.cdr(at, name, table, raw, whole)
	} else {
		r.cel(at, table.cel, raw, whole)
	}
}

func (r *sqlReader) cdr(at Place, name string, table dumpTable, raw string, whole bool) {
	columns := table.cdr
	if name != r.table {
		r.table = name
		r.copies.section()
	}
	wrong := ""
	switch {
	case len(raw) > maxSQLText:
		wrong = fmt.Sprintf("a row over %d bytes", maxSQLText)
	case !whole:
		wrong = "a row without its end"
	case table.named && len(r.cells) != len(columns):
		wrong = fmt.Sprintf("%d values, want %d", len(r.cells), len(columns))
	}
	if wrong != "" {
		r.hold(spooled{kind: spoolReject, rec: callRecord{Place: at, raw: raw[:min(len(raw), maxSample)]}, reason: wrong})
		return
	}
	rec := callRecord{Place: at, raw: raw, has: hasOf(columns)}
	for i := range min(len(r.cells), len(columns)) {
		rec.set(columns[i], r.cells[i])
	}
	if !r.copies.repeated(&rec) {
		r.hold(spooled{kind: spoolRecord, rec: rec})
	}
}

func (r *sqlReader) cel(at Place, columns []int, raw string, whole bool) {
	e, ok := celRow(r.cells, columns)
	if !ok || !whole {
		if columns != nil {
			r.hold(spooled{kind: spoolReject, rec: callRecord{Place: at, raw: raw[:min(len(raw), maxSample)]}, reason: "no event of cel, want its type and time"})
		}
		return
	}
	r.rows++
	r.hung.add(&e)
	if event, ok := e.event(at, &r.times); ok {
		r.hold(spooled{kind: spoolEvent, rec: callRecord{Place: at}, event: event})
	}
}

// hold lets something wait for the dump's end.
func (r *sqlReader) hold(s spooled) {
	if !r.spool.full {
		r.spool.add(&s)
		if !r.spool.full {
			return
		}
		r.warnings = append(r.warnings, fmt.Sprintf("a dump of over %d MiB of rows: causes of cel behind line %d are not joined to the rows before", maxSpool>>20, s.rec.Line))
		if err := r.spool.drain(r.records); err != nil {
			r.warnings = append(r.warnings, err.Error())
		}
		return
	}
	s.handOut(r.records)
}

// rowCopies finds rows that an earlier copy of the same table had.
type rowCopies struct {
	before, now map[uint64]int32 // how often each row was seen, in earlier copies and in this one
	sections    int
	dropped     int
	full        bool
}

// maxRowCopies bounds the rows that are remembered.
const maxRowCopies = 1 << 20

// section begins another copy.
func (c *rowCopies) section() {
	if len(c.now) == 0 && c.sections > 0 {
		return
	}
	c.sections++
	if c.before == nil {
		c.before, c.now = map[uint64]int32{}, map[uint64]int32{}
		return
	}
	for key, n := range c.now {
		c.before[key] = max(c.before[key], n)
	}
	clear(c.now)
}

// repeated counts a row and reports whether an earlier copy had it. Rows that
// are equal within a copy are different calls.
func (c *rowCopies) repeated(rec *callRecord) bool {
	key := textKey(strings.Join(slices.Clone(rec.values[:]), "\x00"))
	if len(c.before)+len(c.now) >= maxRowCopies {
		if _, ok := c.before[key]; !ok {
			c.full = true
			return false
		}
	}
	c.now[key]++
	if c.now[key] > c.before[key] {
		return false
	}
	c.dropped++
	return true
}
