package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"callsift/analyze"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// packDate stands in every file that wants a date of its own, so that the same
// report is the same file.
var packDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// textColumns hold text even where it looks like a number: a trunk may be called
// 9001, a caller 201.
var textColumns = map[string]bool{"name": true, "label": true, "trunk": true, "cause": true, "path": true, "sha256": true, "note": true, "calls": true, "reason": true,
	"sample": true, "definition": true, "unit": true, "top_code": true, "top_cause": true, "meaning": true, "first_check": true, "class": true, "key": true, "title": true, "what": true, "evidence": true,
	"by": true, "keys": true, "owner": true, "why": true, "setting": true, "refute": true, "verify": true, "arrow": true, "method": true, "kind": true, "device": true, "subject": true, "text": true}

// workbook writes the tables as report.xlsx: a sheet a table with real numbers
// and dates (in the report's zone), and native charts on the sheet of the codes
// and of the days.
func workbook(r *analyze.Report, l words.Lang) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	style, err := newStyles(f)
	if err != nil {
		return nil, err
	}
	list := tables(r)
	for i, t := range list {
		name := sheetName(t.name, l)
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err != nil {
			return nil, fmt.Errorf("report.xlsx: %s: %w", t.name, err)
		}
	}
	// Before the rows: a sheet that has been written takes no chart any more.
	if err := nativeCharts(f, r, l); err != nil {
		return nil, fmt.Errorf("report.xlsx: %w", err)
	}
	for _, t := range list {
		if err := fillSheet(f, t, l, style); err != nil {
			return nil, fmt.Errorf("report.xlsx: %s: %w", t.name, err)
		}
	}
	when := packDate.Format(time.RFC3339)
	if err := f.SetDocProps(&excelize.DocProperties{Title: show.Clean(r.Title + ": " + l.Say("call failures") + " " + periodName(r)), Creator: "callsift", Created: when, Modified: when}); err != nil {
		return nil, fmt.Errorf("report.xlsx: %w", err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("report.xlsx: %w", err)
	}
	return settledZip(b.Bytes())
}

// styles are those of the cells.
type styles struct{ bold, date, day, share int }

func newStyles(f *excelize.File) (s styles, err error) {
	stamp, day, percent := "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "0.0%"
	for _, x := range []struct {
		id    *int
		style excelize.Style
	}{{&s.bold, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DCE6F1"}}}}, {&s.date, excelize.Style{CustomNumFmt: &stamp}}, {&s.day, excelize.Style{CustomNumFmt: &day}}, {&s.share, excelize.Style{CustomNumFmt: &percent}}} {
		if *x.id, err = f.NewStyle(&x.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// settledZip writes a zip file again with its members in order and without the
// times at which they were made.
func settledZip(data []byte) ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(in.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		part, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate})
		if err == nil {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				_, err = part.Write(settledTypes(f.Name, data))
			}
		}
		r.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

var typeDefault = lazily(`<Default [^>]*></Default>`)

// settledTypes puts the list of file types, which comes in any order, in one.
func settledTypes(name string, data []byte) []byte {
	if name != "[Content_Types].xml" {
		return data
	}
	list := typeDefault().FindAllString(string(data), -1)
	slices.Sort(list)
	i := -1
	return typeDefault().ReplaceAllFunc(data, func([]byte) []byte {
		i++
		return []byte(list[i])
	})
}

func fillSheet(f *excelize.File, t table, l words.Lang, style styles) error {
	if err := layOut(f, sheetName(t.name, l)); err != nil {
		return err
	}
	w, err := f.NewStreamWriter(sheetName(t.name, l))
	if err != nil {
		return err
	}
	for i, h := range t.head {
		if err := w.SetColWidth(i+1, i+1, columnWidth(h, t.rows, i)); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(t.head))
	for i, h := range t.head {
		head[i] = excelize.Cell{StyleID: style.bold, Value: sheetName(h, l)}
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	unit := slices.Index(t.head, "unit")
	for i, row := range t.rows {
		cells := make([]any, len(row))
		for k, s := range row {
			column := t.head[k]
			if unit >= 0 && row[unit] == "%" && ofUnit[column] {
				column = "share"
			}
			cells[k] = typed(column, s, l, style)
		}
		if err := w.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

// layOut makes a sheet one page wide on paper.
func layOut(f *excelize.File, name string) error {
	yes, wide, one, any := true, "landscape", 1, 0
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}); err != nil {
		return err
	}
	return f.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &wide, FitToWidth: &one, FitToHeight: &any})
}

// columnWidth is how wide a column needs to be, in characters, within reason.
func columnWidth(head string, rows [][]string, i int) float64 {
	w := utf8.RuneCountInString(head)
	for _, row := range rows {
		w = max(w, min(60, utf8.RuneCountInString(row[i])))
	}
	if !textColumns[head] {
		w = min(w, 18) // numbers are rounded, dates have no zone
	}
	return float64(max(w, 7)) + 2
}

// shareColumns hold fractions, which are shown as percentages.
var shareColumns = map[string]bool{"asr": true, "asr_low": true, "asr_high": true, "ner": true, "ner_low": true, "ner_high": true, "failure": true, "failure_low": true,
	"failure_high": true, "of_finals": true, "of_failures": true, "of_failures_so_far": true, "share": true, "confidence": true, "available": true}

// ofUnit are the columns whose numbers are in the unit that another column names.
var ofUnit = map[string]bool{"value": true, "low": true, "high": true, "previous": true}

// typed is a cell of a CSV file as what it is. A text stays one whatever it
// begins with: it is never taken for a formula.
func typed(column, s string, l words.Lang, style styles) any {
	switch {
	case s == "":
		return nil
	case textColumns[column]:
		return show.Clean(l.Say(strings.TrimPrefix(s, "'")))
	case s == "true", s == "false":
		return s == "true"
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && shareColumns[column] {
		return excelize.Cell{StyleID: style.share, Value: n}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		// A spreadsheet knows no zones: the wall clock of the report's.
		return excelize.Cell{StyleID: style.date, Value: time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)}
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return excelize.Cell{StyleID: style.day, Value: t}
	}
	return show.Clean(l.Say(strings.TrimPrefix(s, "'")))
}

// nativeCharts draws what a spreadsheet can draw itself.
func nativeCharts(f *excelize.File, r *analyze.Report, l words.Lang) error {
	same, gap := false, uint(40)
	dark := excelize.Font{Color: "404040", Size: 9}
	add := func(sheet, at string, c excelize.Chart, title, names, values string) error {
		c.Title = excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title}}}
		c.Series = []excelize.ChartSeries{{Name: title, Categories: names, Values: values, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"3B6FB6"}}}}
		c.Legend, c.VaryColors, c.GapWidth = excelize.ChartLegend{Position: "none"}, &same, &gap
		c.XAxis.Font, c.YAxis.Font, c.YAxis.MajorGridLines = dark, dark, true
		return f.AddChart(sheet, at, &c)
	}
	if n := len(r.Codes); n > 0 {
		// Column C is the label, H what failed: see codeTable.
		sheet := sheetName("codes", l)
		if err := add(sheet, "C"+strconv.Itoa(n+4), excelize.Chart{
			Type: excelize.Bar, Dimension: excelize.ChartDimension{Width: 720, Height: uint(120 + 24*min(n, 40))}, XAxis: excelize.ChartAxis{ReverseOrder: true},
		}, l.Say("Failed by response code"), fmt.Sprintf("'%s'!$C$2:$C$%d", sheet, n+1), fmt.Sprintf("'%s'!$H$2:$H$%d", sheet, n+1)); err != nil {
			return err
		}
	}
	if n := len(r.Trend); n > 0 {
		sheet := sheetName("trend", l)
		none, all := 0.0, 1.0
		return add(sheet, "C"+strconv.Itoa(n+4), excelize.Chart{
			Type: excelize.Line, Dimension: excelize.ChartDimension{Width: 720, Height: 320}, XAxis: excelize.ChartAxis{NumFmt: excelize.ChartNumFmt{CustomNumFmt: "yyyy-mm-dd"}},
			YAxis: excelize.ChartAxis{NumFmt: excelize.ChartNumFmt{CustomNumFmt: "0%"}, Minimum: &none, Maximum: &all},
		}, l.Say("ASR by day"), fmt.Sprintf("'%s'!$A$2:$A$%d", sheet, n+1), fmt.Sprintf("'%s'!$C$2:$C$%d", sheet, n+1))
	}
	return nil
}
