package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// formats of tabular output.
var outputFormats = []string{"table", "json", "csv", "md"}

// checkFormat is the usage error for an unknown --format.
func checkFormat(f string) error {
	for _, known := range outputFormats {
		if f == known {
			return nil
		}
	}
	return usagef("--format: no format %q; formats are %s", f, strings.Join(outputFormats, ", "))
}

// sheet is a table on its way to the user. Columns in right are right-aligned
// numbers; those in wrap hold sentences, which a table on a terminal breaks.
type sheet struct {
	head   []string
	wrap   map[int]bool
	right  map[int]bool
	rows   [][]string
	made   func(f func([]string, *rowTail) error) error // in place of rows: hands out each, every time it is called
	footer []string
}

// rowTail is the last cells of a row, which many have in common: they are measured and
// set once.
type rowTail struct {
	cells    []string
	measured bool
	line     []byte // as plainTable prints it
}

// each hands out the rows, and ends with the first error.
func (s *sheet) each(f func([]string) error) error {
	if s.made != nil {
		cells := make([]string, 0, len(s.head))
		return s.made(func(first []string, rest *rowTail) error {
			cells = append(append(cells[:0], first...), rest.cells...)
			return f(cells)
		})
	}
	for _, r := range s.rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// newSheet makes a sheet with these columns. A name that ends in ">" is a
// column of numbers, one that ends in "~" a column of sentences.
func newSheet(head ...string) *sheet {
	s := &sheet{right: map[int]bool{}, wrap: map[int]bool{}}
	for i, h := range head {
		if n, ok := strings.CutSuffix(h, ">"); ok {
			s.right[i] = true
			h = n
		} else if n, ok := strings.CutSuffix(h, "~"); ok {
			s.wrap[i] = true
			h = n
		}
		s.head = append(s.head, h)
	}
	return s
}

func (s *sheet) add(cells ...string) { s.rows = append(s.rows, cells) }

// write prints the sheet as table, csv or md.
func (s *sheet) write(w io.Writer, format string) error {
	if format == "csv" {
		return s.csv(w)
	}
	if format == "table" && len(s.wrap) == 0 {
		return s.plain(w)
	}
	return s.pretty(w, format)
}

// pretty prints the sheet with the table library: md, and tables with columns that wrap.
func (s *sheet) pretty(w io.Writer, format string) error {
	t := table.NewWriter()
	t.SetStyle(plainStyle())
	safe := cleanAll
	if format == "md" {
		safe = markdownAll
	}
	t.AppendHeader(row(safe(s.head)))
	s.each(func(r []string) error {
		t.AppendRow(row(safe(r)))
		return nil
	})
	if s.footer != nil {
		t.AppendFooter(row(s.footer))
	}
	var columns []table.ColumnConfig
	for i := range s.head {
		align := text.AlignLeft
		if s.right[i] {
			align = text.AlignRight
		}
		col := table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, AlignFooter: align}
		if s.wrap[i] && format == "table" {
			col.WidthMax, col.WidthMaxEnforcer = 44, text.WrapSoft
		}
		columns = append(columns, col)
	}
	t.SetColumnConfigs(columns)
	out := t.Render()
	if format == "md" {
		out = t.RenderMarkdown()
	}
	for _, line := range strings.Split(out, "\n") {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

func plainStyle() table.Style {
	st := table.StyleDefault
	st.Format = table.FormatOptions{Header: text.FormatDefault, Footer: text.FormatDefault, Row: text.FormatDefault}
	st.Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	st.Box = table.BoxStyle{MiddleHorizontal: "─", PaddingRight: "  ", LeftSeparator: "", MiddleSeparator: "─", RightSeparator: ""}
	return st
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}

func (s *sheet) csv(w io.Writer) error {
	cw := csv.NewWriter(w)
	cw.Write(guardAll(s.head))
	cells := make([]string, len(s.head))
	err := s.each(func(r []string) error {
		for i, c := range r {
			if s.right[i] {
				c = plainNumber(c)
			}
			cells[i] = guard(c, s.right[i])
		}
		return cw.Write(cells[:len(r)])
	})
	cw.Flush()
	return cmp.Or(err, cw.Error())
}

// plainNumber writes a number as programs read it: "1,234" as 1234, "5.0 %" as 5.0%.
func plainNumber(cell string) string {
	return strings.ReplaceAll(strings.ReplaceAll(cell, ",", ""), " %", "%")
}

// guard keeps a spreadsheet from taking a cell for a formula. In a column of
// numbers a number stays one; elsewhere it is a telephone number that begins with +.
func guard(cell string, numbers bool) string {
	cell = clean(cell)
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil && numbers {
		return cell
	}
	return "'" + cell
}

func guardAll(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = guard(c, false)
	}
	return out
}

// clean makes text from a source safe for a terminal: control characters, and
// those that turn the direction of writing, are shown as what they are.
func clean(s string) string {
	if printable(s) || strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafeRune(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printable: nothing but ASCII that can be seen, as nearly all texts are.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

func cleanAll(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = clean(c)
	}
	return out
}

// writeJSON writes a value in the form that people and programs can read. What
// JSON lets stand and a terminal obeys (C1 controls, changes of direction) is escaped.
func writeJSON(w io.Writer, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	out := text.Bytes()
	if bytes.ContainsFunc(out, steers) {
		var b bytes.Buffer
		for _, r := range string(out) {
			if steers(r) {
				fmt.Fprintf(&b, "\\u%04x", r)
			} else {
				b.WriteRune(r)
			}
		}
		out = b.Bytes()
	}
	_, err := w.Write(out)
	return err
}

// steers is unsafeRune for JSON, whose line ends are its own.
func steers(r rune) bool { return r != '\n' && unsafeRune(r) }

// markdownAll makes cells safe for a terminal and for what turns Markdown into HTML.
func markdownAll(cells []string) []string {
	out := cleanAll(cells)
	for i, c := range out {
		out[i] = strings.ReplaceAll(c, "<", "&lt;")
	}
	return out
}

// count writes a number with thousands separated.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes a share; "–" where there is none.
func percent(num, den int64) string {
	if den == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(num)/float64(den), 'f', 1, 64) + " %"
}

// at writes a time of the store in a zone; "" for none.
func at(us int64, zone *time.Location) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).In(zone).Format("2006-01-02 15:04:05.000")
}

// rfc3339 writes a time of the store for machines; "" for none.
func rfc3339(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.999999Z07:00")
}

// seconds writes milliseconds as seconds; "" where unknown.
func seconds(ms int64) string {
	if ms < 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", float64(ms)/1000)
}
