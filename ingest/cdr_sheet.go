package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// CDRSheet reads tables of calls in an Excel workbook (.xlsx). Every sheet with a
// header as in cdr-table is one; other sheets are left out, and named. A sheet
// may have up to 20 rows of a title above its header.
//
// Cells are read as they are stored, not as they are shown: a time that Excel
// took for one is a number of days since 1899-12-30, with its seconds even where
// the cell shows none, and a long number keeps all its digits. What Excel read
// out of a CSV that had lost the seconds before stays without them.
//
// A workbook is not read line by line: up to 64 MiB, and up to 512 MiB unpacked;
// for more see checkParts.
// The place of a record is its row: Line is the row's number in its sheet, and
// Offset counts rows over all sheets.
var CDRSheet = Format{
	Name:        "cdr-sheet",
	Description: "Table of calls in an Excel workbook (.xlsx)",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     "PK\x03\x04 [Content_Types].xml xl/workbook.xml xl/worksheets/sheet1.xml",
	Sniff:       sniffSheet,
	Read:        readSheets,
	Raw:         rawOfSheet,
}

const (
	maxWorkbook = 64 << 20  // bytes of a workbook
	maxSheet    = 512 << 20 // bytes of its parts
	sheetMemory = 16 << 20  // a larger part goes to a temporary file
)

// sniffSheet wants a zip archive whose first parts are those of a workbook.
func sniffSheet(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) &&
		(bytes.Contains(head, []byte("xl/workbook.xml")) || bytes.Contains(head, []byte("xl/worksheets/")) ||
			bytes.Contains(head, []byte("[Content_Types].xml")) && bytes.Contains(head, []byte("xl/")))
}

// openSheets opens a workbook within the limits.
func openSheets(src io.Reader) (*excelize.File, error) {
	data, err := io.ReadAll(io.LimitReader(src, maxWorkbook+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxWorkbook {
		return nil, fmt.Errorf("a workbook over %d MiB", maxWorkbook>>20)
	}
	if err := checkParts(data); err != nil {
		return nil, err
	}
	return excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxSheet, UnzipXMLSizeLimit: sheetMemory,
	})
}

// sheetReader reads the sheets of one workbook.
type sheetReader struct {
	in      *Input
	out     Sink
	records *recordReader
	offset  int64 // rows before this one, over all sheets
	header  tableHeader
}

func readSheets(in *Input, out Sink) error {
	book, err := openSheets(in)
	if err != nil {
		return &unopenedError{fmt.Errorf("workbook: %w", err)}
	}
	defer book.Close()
	r := &sheetReader{in: in, out: out, records: newRecordReader(in, out)}
	var left []string
	for _, name := range book.GetSheetList() {
		found, err := r.sheet(book, name)
		if err != nil {
			return fmt.Errorf("sheet %s: %w", name, err)
		}
		if !found {
			left = append(left, name)
		}
	}
	r.records.end(in)
	if len(left) > 0 {
		out.Warn(Place{Line: 1}, "no header with known words in sheet "+clip(strings.Join(left, ", ")))
	}
	return nil
}

// sheet reads one sheet; found is false if it has no table of calls.
func (r *sheetReader) sheet(book *excelize.File, name string) (found bool, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	r.header = tableHeader{columns: numberedColumns(r.in.Columns)}
	found = r.header.columns != nil
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns()
		if err != nil {
			return found, err
		}
		at := Place{Offset: r.offset, Length: 1, Line: number}
		r.offset++
		switch {
		case blankCells(cells):
		case found:
			r.row(at, cells)
		case number <= maxTitleLines+1:
			columns := mapHeader(cells[:min(len(cells), maxTableColumns)], r.in.Columns)
			if missing(columns) == "" {
				r.header.columns, found = columns, true
			}
		}
	}
	return found, rows.Error()
}

// row takes one row of a table of calls.
func (r *sheetReader) row(at Place, cells []string) {
	rec := &callRecord{Place: at, raw: strings.Join(cells, "\t"), has: hasOf(r.header.columns)}
	if len(rec.raw) > maxCSVLine {
		r.records.reject(at, fmt.Sprintf("a row over %d bytes", maxCSVLine), rec.raw)
		return
	}
	for i := range min(len(cells), len(r.header.columns)) {
		rec.set(r.header.columns[i], sheetValue(r.header.columns[i], cells[i]))
	}
	joinSheetTime(rec)
	r.records.add(rec)
}

// sheetValue makes text of a cell's number, by what its column is.
func sheetValue(column recordColumn, cell string) string {
	switch column {
	case recStart, recAnswer, recEnd:
		text, _ := excelDay(cell)
		return text
	case recDuration, recTalk:
		// A duration cell is a part of a day; seconds have no such fraction.
		if f, err := strconv.ParseFloat(cell, 64); err == nil && f > 0 && f < 1 {
			return strconv.FormatFloat(f*86400, 'f', 3, 64)
		}
	case recCaller, recCallee, recUnique, recLinked:
		if f, err := strconv.ParseFloat(cell, 64); err == nil && strings.ContainsAny(cell, "eE") && f > 0 && f < 1e15 {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	return cell
}

// joinSheetTime adds a date and a time of day in cells of their own.
func joinSheetTime(rec *callRecord) {
	v := &rec.values
	date, err := strconv.ParseFloat(v[recDate], 64)
	clock, err2 := strconv.ParseFloat(v[recTime], 64)
	if v[recStart] != "" || err != nil && err2 != nil {
		return
	}
	if text, ok := excelDay(strconv.FormatFloat(date+clock, 'f', -1, 64)); ok {
		v[recStart] = text
		return
	}
	if err2 == nil && clock >= 0 && clock < 1 {
		text, _ := excelDay(strconv.FormatFloat(40000+clock, 'f', -1, 64))
		v[recTime] = text[len("2009-07-06 "):]
	}
}

// rawOfSheet gives a row again as text with tabs.
func rawOfSheet(src io.Reader, at Place) ([]byte, error) {
	book, err := openSheets(src)
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	defer book.Close()
	left := at.Offset
	for _, name := range book.GetSheetList() {
		rows, err := book.Rows(name)
		if err != nil {
			return nil, err
		}
		for ; rows.Next(); left-- {
			cells, err := rows.Columns()
			if err != nil || left == 0 {
				rows.Close()
				return []byte(strings.Join(cells, "\t")), err
			}
		}
		rows.Close()
	}
	return nil, fmt.Errorf("no row %d in the workbook", at.Offset)
}
