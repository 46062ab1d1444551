package safety

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// workbook is an .xlsx file of one sheet.
func workbook(w io.Writer, sheet, shared func(w io.Writer)) {
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const packaged = "http://schemas.openxmlformats.org/package/2006/"
	const spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	z := zipWriter(w)
	part := func(name string, write func(w io.Writer)) {
		f, _ := z.Create(name)
		b := bufio.NewWriterSize(f, 1<<20)
		write(b)
		b.Flush()
	}
	is := func(text string) func(w io.Writer) { return func(w io.Writer) { io.WriteString(w, text) } }
	part("[Content_Types].xml", is(`<Types xmlns="`+packaged+`content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`))
	part("_rels/.rels", is(`<Relationships xmlns="`+packaged+`relationships"><Relationship Id="rId1" Type="`+office+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`))
	part("xl/workbook.xml", is(`<workbook xmlns="`+spreadsheet+`" xmlns:r="`+office+`"><sheets><sheet name="Calls" sheetId="1" r:id="rId1"/></sheets></workbook>`))
	part("xl/_rels/workbook.xml.rels", is(`<Relationships xmlns="`+packaged+`relationships"><Relationship Id="rId1" Type="`+office+`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+office+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`))
	part("xl/sharedStrings.xml", func(w io.Writer) {
		io.WriteString(w, `<sst xmlns="`+spreadsheet+`">`)
		shared(w)
		io.WriteString(w, `</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w io.Writer) {
		io.WriteString(w, `<worksheet xmlns="`+spreadsheet+`"><sheetData>`+sheetRow("Call Date", "Caller", "Callee", "Duration", "Talk", "Disposition"))
		sheet(w)
		io.WriteString(w, `</sheetData></worksheet>`)
	})
	z.Close()
}

// sheetRow is a row of texts; one that begins with < is a cell as it is.
func sheetRow(cells ...string) string {
	var b strings.Builder
	for _, c := range cells {
		if !strings.HasPrefix(c, "<") {
			c = `<c t="inlineStr"><is><t>` + strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(c) + `</t></is></c>`
		}
		b.WriteString(c)
	}
	return "<row>" + b.String() + "</row>"
}

func sheetCall(minute int) string {
	return sheetRow(fmt.Sprintf("2026-11-10 09:%02d:00", minute), "201", fmt.Sprintf("33123456%02d", minute), "12", "0", "BUSY")
}

func times(n int, text string) func(w io.Writer) {
	return func(w io.Writer) {
		for range n {
			io.WriteString(w, text)
		}
	}
}

// sheetInputs are workbooks made to hurt: nothing of them is read, and the part
// that is too much is named.
var sheetInputs = []hostile{
	{name: "workbook that unpacks to 2 GB", size: "2 MB", memory: 96, time: 60 * time.Second, refused: true, says: `unpacks to over 512 MiB at "xl/worksheets/sheet1.xml"`, file: "bomb.xlsx",
		write: func(w *bufio.Writer) { workbook(w, times(2<<10, strings.Repeat(" ", 1<<20)), times(0, "")) }},
	{name: "workbook of a row of ten million cells", size: "420 MB from 1 MB", memory: 96, time: 60 * time.Second, refused: true, says: `part "xl/worksheets/sheet1.xml": over 4 MiB between two elements <row>, after 3 of them`, file: "row.xlsx",
		write: func(w *bufio.Writer) {
			workbook(w, func(w io.Writer) {
				io.WriteString(w, sheetCall(1)+"<row>")
				times(250, strings.Repeat(`<c t="inlineStr"><is><t>a</t></is></c>`, 40_000))(w)
				io.WriteString(w, "</row>")
			}, times(0, ""))
		}},
	{name: "workbook of ten million shared texts", size: "200 MB", memory: 96, time: 60 * time.Second, refused: true, says: `part "xl/sharedStrings.xml": over 1000000 elements <si>`, file: "shared.xlsx",
		write: func(w *bufio.Writer) {
			workbook(w, times(1, sheetCall(1)), times(100, strings.Repeat("<si><t>a</t></si>", 100_000)))
		}},
	{name: "workbook of formulas and what has no value", size: "2 kB", memory: 96, time: 30 * time.Second, calls: 2, says: "#DIV/0!", file: "formula.xlsx",
		write: func(w *bufio.Writer) {
			workbook(w, func(w io.Writer) {
				io.WriteString(w, sheetCall(1))
				io.WriteString(w, sheetRow("2026-11-10 09:02:00", `<c t="str"><f>HYPERLINK("http://x","y")</f><v>=cmd|' /C calc'!A0</v></c>`, "@SUM(1)", `<c><f>6*2</f><v>12</v></c>`, `<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`, "BUSY"))
				io.WriteString(w, sheetCall(3))
			}, times(0, ""))
		}},
}
