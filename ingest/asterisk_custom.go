package ingest

import "strings"

// AsteriskCustom reads rows of Asterisk's cdr_custom (cdr-custom/Master.csv) and
// of its cdr table saved without a header. cdr_custom writes what its
// configuration says; this is the order of the sample configuration
// (configs/samples/cdr_custom.conf.sample), every value in quotes, numbers too:
//
//	1 clid         6 dstchannel  11 end           16 accountcode
//	2 src          7 lastapp     12 duration      17 uniqueid
//	3 dst          8 lastdata    13 billsec       18 userfield
//	4 dcontext     9 start       14 disposition   19 sequence
//	5 channel     10 answer      15 amaflags
//
// For any other order, `import --columns start=4,caller=1,...` names the columns
// by number. The table's own order, with or without an id in front, is
//
//	calldate clid src dst dcontext channel dstchannel lastapp lastdata duration
//	billsec disposition amaflags accountcode uniqueid userfield did recordingfile
//	cnum cnam outbound_cnum outbound_cnam dst_cnam linkedid peeraccount sequence
//
// of which at least the first twelve are wanted; calldate may be yyyy-mm-dd or
// d/m/yyyy. Times, outcomes and legs are found as in asterisk-csv.
var AsteriskCustom = Format{
	Name:        "asterisk-custom",
	Description: "Asterisk cdr_custom in its sample order, or the cdr table's rows, as CSV without a header",
	Kind:        "cdr",
	Proof:       "real files, source code",
	Example: `"""Anna Example"" <201>","201","3312345678","from-internal","PJSIP/201-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/3312345678@carrier-a,60",` +
		`"2026-11-10 09:00:00","","2026-11-10 09:00:12","12","0","NO ANSWER","DOCUMENTATION","","1794297600.42","","7"`,
	Sniff: sniffAsteriskCustom,
	Read: func(in *Input, out Sink) error {
		return readTableAs(in, out, customHeader)
	},
}

// tableOrder is the FreePBX order of the cdr table; a dump without column names
// may have only the first of them.
const tableOrder = "start clid caller callee context channel dstchannel lastapp lastdata duration talk result . . uniqueid . . . . . . . . linkedid"

// customOrders are the orders in which rows without a header come: "." is a
// column without use for a CDR.
var customOrders = []struct {
	columns  []recordColumn
	min, max int // how many columns a row has
}{
	{columnOrder("clid caller callee context channel dstchannel lastapp lastdata start answer end duration talk result . . uniqueid"), 14, 22},
	{columnOrder(tableOrder), 12, 32},
	{columnOrder(". " + tableOrder), 13, 33},
}

func columnOrder(names string) []recordColumn {
	var list []recordColumn
	for _, name := range strings.Fields(names) {
		list = append(list, columnNames[name])
	}
	return list
}

// orderOf finds the order that makes sense of a row.
func orderOf(cells []string) ([]recordColumn, bool) {
	for _, o := range customOrders {
		if len(cells) < o.min || len(cells) > o.max {
			continue
		}
		var rec callRecord
		for i := range min(len(cells), len(o.columns)) {
			rec.set(o.columns[i], cells[i])
		}
		if soundRecord(&rec) {
			return o.columns, true
		}
	}
	return nil, false
}

// soundRecord wants what makes a row of Asterisk's a CDR: a disposition word, a
// start and two numbers.
func soundRecord(rec *callRecord) bool {
	v := &rec.values
	if outcome, _ := astDisposition(v[recResult]); outcome == "" {
		return false
	}
	_, ok := readTime(v[recStart])
	return ok && digits(strings.TrimPrefix(v[recDuration], "-")) >= 0 && digits(strings.TrimPrefix(v[recTalk], "-")) >= 0
}

// customHeader finds the order of the columns by the first rows.
func customHeader(lines *tableLines, mapping map[string]string) (h tableHeader, wrong string) {
	if numberedColumns(mapping) != nil {
		return readHeader(lines, mapping)
	}
	skip := 0
	for n := 0; n < maxTitleLines; n++ {
		end, next, _, ok := lines.peek(skip)
		if !ok || next > maxCSVLine {
			break
		}
		row := lines.set.decodeUnlessWide(lines.head()[skip:end])
		for _, comma := range []byte(",;\t") {
			if cells, open := splitTable(row, comma, nil); !open {
				if columns, ok := orderOf(cells); ok {
					return tableHeader{comma: comma, columns: columns, width: len(cells), words: true}, ""
				}
			}
		}
		skip = next
	}
	return h, "no row in an order that is known, want cdr_custom's sample order or --columns"
}

// sniffAsteriskCustom wants half of the first five rows in one order.
func sniffAsteriskCustom(head []byte) bool {
	lines := tableLinesOf(head)
	h, wrong := customHeader(lines, nil)
	if wrong != "" {
		return false
	}
	if _, wrong := readHeader(tableLinesOf(head), nil); wrong == "" {
		return false // a table that names its columns
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
		if _, ok := orderOf(cells); ok {
			good++
		}
	}
	return good > 0 && 2*good >= rows
}
