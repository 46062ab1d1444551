package safety

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// evil is put into every field that a source can fill: HTML, and what steers a
// terminal: ESC sequences, C1 controls, a change of direction, NUL and bell.
const evil = "\x1b]0;owned\x07\x1b[31m\u009b2J\u202e\x00\x08<script>alert(1)</script><img src=x onerror=alert(2)>"

// formulas are the beginnings that a spreadsheet takes for a formula.
var formulas = []string{"=1+cmd|' /C calc'!A0", "+49*2", "-2+3", "@SUM(1)", "\t=1", "\r=1"}

// evilSources are sources of several kinds with evil and formulas in all fields
// that a log, a CDR, an XML record, a workbook, an archive or a file's name has.
func evilSources(t *testing.T, dir string) []string {
	var log, table, om strings.Builder
	for i, formula := range formulas {
		bad := strings.NewReplacer("\r", "", "\x00", "").Replace(formula + evil) // a line of SIP ends at a CR
		text := call(i*4, 60_000*i) + call(100+4*i+2, 60_000*i+9000)
		text = strings.NewReplacer("Phone 0", bad, "Phone 2", bad, "486 Busy Here", "486 "+bad, "503 Service Unavailable", "503 "+bad,
			fmt.Sprintf("<sip:2%02d@", i*4%50), "<sip:"+bad+"@", "Content-Length: 0", "Warning: 399 gw \""+bad+"\"\r\nReason: Q.850;cause=34;text=\""+bad+"\"\r\nServer: "+bad+"\r\nContent-Length: 0").Replace(text)
		log.WriteString(text)
		r := strings.NewReplacer(`"BUSY"`, `"BUSY`+formula+evil+`"`, "carrier-a", formula+evil, fmt.Sprintf(`"2%02d"`, 40+i), `"`+formula+evil+`"`, "4412", formula+evil, "from-internal", formula+evil).Replace(row(40 + i))
		table.WriteString(r)
		x := html.EscapeString(bad)
		fmt.Fprintf(&om, strings.NewReplacer("<CPN>201", "<CPN>"+x, "<CDPN>", "<CDPN>"+x, "02030000", x, "<Route>IP", "<Route>"+x).Replace(omRecord), 100+i, 100+i, i%10)
		fmt.Fprintf(&om, "2026-11-10 09:01:00\n<Event attribute=\"%s\"><ext id=\"%s\"/></Event>\n", x, x)
	}
	log.WriteString(logged(400_000, "INVITE sip:x@example.net SIP/2.0\r\nVia: "+evil+"\r\nFrom: "+evil+"\r\nTo: =1\r\n\r\n"))
	log.WriteString(logged(401_000, evil+" sip:x@example.net SIP/2.0\r\nVia: "+evil+"\r\n\r\n"))
	table.WriteString(evil + ",=x\n" + "=" + evil + "\n")
	var sheet strings.Builder
	workbook(&sheet, func(w io.Writer) {
		for i, formula := range formulas {
			bad := strings.NewReplacer("\x00", "", "\x08", "", "\x1b", "", "\x07", "").Replace(formula + evil) // XML has none of these
			io.WriteString(w, sheetRow(fmt.Sprintf("2026-11-10 10:%02d:00", i), bad, bad, "12", "0", "BUSY"))
			io.WriteString(w, sheetRow(bad, bad, bad, bad, bad, bad))
		}
	}, times(0, ""))
	return []string{write(t, dir, "=evil\x1b[31m\u009b2J<script>.log", log.String()), write(t, dir, "@evil.csv", rows(0, 20)+table.String()),
		write(t, dir, "+om\x1b[1m.xml", fmt.Sprintf(omRecord, 1, 1, 1)+om.String()), write(t, dir, "-\u202esheet.xlsx", sheet.String()),
		write(t, dir, "=names\a.tar", hostileTar(t)), write(t, dir, "no\x1b[5mformat", evil+evil), write(t, dir, "cut\x1b[5m.gz", gzipped(log.String())[:900])}
}

// steers finds what would reach the terminal as more than text.
func steers(text string) int {
	return strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || unicode.Is(unicode.Bidi_Control, r)
	})
}

// tables are the commands that print tables, in each of their formats.
var tables = [][]string{
	{"breakdown", "--by", "class,code,cause"}, {"breakdown", "--by", "reason,outcome"}, {"breakdown", "--by", "trunk,peer,direction"}, {"breakdown", "--by", "source,prefix"},
	{"breakdown", "--by", "user_agent,device,site"}, {"breakdown", "--by", "hour,format"}, {"breakdown", "--by", "method,released,flag"}, {"breakdown", "--by", "code,cause_code,cause_q850", "--scope", "leg"},
	{"breakdown", "--by", "trunk", "--where", "code=" + evil}, {"breakdown", "--by", "trunk", "--where", "trunk!=" + evil},
	{"calls", "--limit", "0"}, {"calls", "--limit", "0", "--scope", "leg"}, {"ledger"}, {"sources"}, {"rejects"}, {"check"}, {"metrics"}, {"metrics", "--define"},
	{"compare", "--from", "2026-11-10T09:00", "--to", "2026-11-10T09:10", "--with", "2026-11-10T09:10..2026-11-10T09:20"}, {"formats"}, {"config", "check"},
	{"sql", "SELECT * FROM calls"}, {"sql", "SELECT * FROM attempts"}, {"sql", "SELECT * FROM sources"}, {"sql", "SELECT * FROM profile"}, {"sql", "SELECT * FROM reject"}, {"sql", "SELECT * FROM warning"}, {"sql", "SELECT * FROM event"},
	{"sql", "SELECT data AS \"=a\x1b[1m\" FROM evidence"}, {"sql", "SELECT path || char(27) || '[31m' || char(155) || char(8238), '=' || path, -path, +1.5 FROM sources"},
}

// mistakes are command lines that are wrong in each argument that is told back.
var mistakes = [][]string{
	{evil}, {"help", evil}, {"import", evil}, {"import", "--format", evil, "x"}, {"import", "--tz", evil, "x"}, {"import", "--columns", evil, "x"}, {"import", "--" + evil}, {"import", "--skew", evil, "x"},
	{"ledger", "--db", evil}, {"ledger", "--format", evil}, {"ledger", evil}, {"ledger", "--config", evil}, {"breakdown", "--by", evil}, {"breakdown", "--where", evil}, {"breakdown", "--where", evil + "=1"}, {"breakdown", "--week", evil},
	{"breakdown", "--from", evil}, {"breakdown", "--to", evil}, {"breakdown", "--tz", evil}, {"breakdown", "--scope", evil}, {"breakdown", "--method", evil}, {"breakdown", "--week-start", evil},
	{"chart", evil, "--out", "x.png"}, {"chart", "codes", "--out", evil}, {"chart", "codes", "--out", "x.png", "--size", evil}, {"chart", "codes", "--out", "x.png", "--font", evil}, {"chart", "codes", "--out", "x.png", "--lang", evil}, {"chart", "ladder", "--call", evil, "--out", "x.svg"},
	{"call", evil}, {"calls", "--limit", evil}, {"compare", "--with", evil}, {"compare", "--holidays", evil}, {"compare", "--fail-over", evil}, {"compare", "--fail-on", evil}, {"metrics", "--metrics", evil},
	{"explain", evil}, {"explain", "q850", evil}, {"explain", "warning", evil}, {"explain", "om", evil}, {"formats", evil}, {"formats", "--as", evil, "x"}, {"config", evil}, {"config", "check", "--config", evil}, {"completion", evil},
	{"sql", "SELECT " + evil}, {"sql", "SELECT * FROM \"" + evil + "\""}, {"sql", "--timeout", evil, "SELECT 1"}, {"prune", "--before", evil}, {"prune", "--before", "2026-01-01", "--tz", evil}, {"sources", "remove", evil}, {"rejects", evil},
	{"report", "--out", evil + "/x", "--mail-to", evil}, {"report", "--evidence", evil}, {"report", "--tz", evil},
}

// TestOutput: whatever a source or an argument says, no command hands it to the
// terminal as more than text, to a spreadsheet as a formula or to a browser as markup.
func TestOutput(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	db := filepath.Join(dir, "a.db")
	sources := evilSources(t, dir)
	outputs := map[string]result{}
	run := func(name string, args ...string) result {
		for i, a := range args { // no system hands on a NUL
			args[i] = strings.ReplaceAll(a, "\x00", "")
		}
		r := callsift(t, nil, append(args, "--db", db)...)
		outputs[name] = r
		return r
	}
	if r := run("import", append([]string{"import"}, sources...)...); r.status != 0 {
		t.Fatal(r.err)
	}
	run("import again", append([]string{"import"}, sources...)...)
	run("formats of files", append([]string{"formats"}, sources...)...)
	ids := strings.Fields(callsift(t, nil, "calls", "--db", db, "--format", "csv", "--limit", "0", "--where", "outcome!=answered").out)
	calls := 0
	for _, line := range ids {
		if id, _, ok := strings.Cut(line, ","); ok && strings.HasPrefix(id, "202611") && calls < 12 {
			calls++
			run("call "+id, "call", id)
			run("call --raw "+id, "call", "--raw", id)
			run("ladder "+id, "chart", "ladder", "--call", id, "--out", filepath.Join(dir, "report", id+".svg"))
		}
	}
	if calls < 12 {
		t.Errorf("%d calls looked at, want 12", calls)
	}
	folder := filepath.Join(dir, "report")
	if r := run("report", "report", "--from", "2026-11-10", "--to", "2026-11-11", "--title", "=<script>"+evil, "--show-sql", "--out", folder); r.status != 0 {
		t.Fatal(r.err)
	}
	run("charts", "chart", "all", "--from", "2026-11-10", "--to", "2026-11-11", "--out", folder)
	write(t, dir, "callsift.toml", "[trunks.\"=carrier<script>alert(1)</script>\\u001B[31m\"]\naddresses = [\"192.0.2.0/28\"]\n[prefixes]\n\"33\" = \"=France<script>alert(1)</script>\\u001B[31m\"\n[[zones]]\nfiles = \"x\"\nzone = \"UTC\"\n")
	for _, format := range []string{"table", "json", "csv", "md"} {
		for _, args := range tables {
			run(strings.Join(args, " ")+" "+format, append(slices.Clone(args), "--format", format)...)
		}
	}
	for _, args := range mistakes {
		name := "mistake: " + strings.Join(args, " ")
		run(name, slices.Clone(args)...)
		if slices.Contains(args, "--db") { // the last one holds
			outputs[name] = callsift(t, nil, strings.Split(strings.ReplaceAll(strings.Join(args, "\n"), "\x00", ""), "\n")...)
		}
	}
	write(t, dir, "callsift.toml", "[trunks."+strings.ReplaceAll(evil, "\x00", "")+"\n")
	run("broken configuration", "ledger")
	write(t, dir, "callsift.toml", "[[zones]]\nfiles = \"x\"\nzone = \"Moon\\u001B[31m\"\n")
	run("configuration without such a zone", "ledger")
	cells := 0
	for name, r := range outputs {
		for _, text := range []string{r.out, r.err} {
			if at := steers(text); at >= 0 {
				t.Errorf("%s: byte %d steers the terminal: %.60q", name, at, text[max(0, at-20):])
			}
		}
		if strings.HasSuffix(name, " md") && marked(r.out) {
			t.Errorf("%s: markup of a source in Markdown", name)
		}
		if strings.HasSuffix(name, " csv") && r.status == 0 {
			cells += noFormulas(t, name, r.out)
		}
	}
	pages := reportFiles(t, folder, &cells)
	figure("output", "outputs searched for what steers a terminal", len(outputs))
	figure("output", "cells of CSV exports and workbooks searched for formulas", cells)
	figure("output", "pages, pictures, mails of the report searched for markup of the sources", pages)
}

// marked reports whether a text has markup of a source in it as such.
func marked(text string) bool {
	return strings.Contains(text, "<script>alert") || strings.Contains(text, "<img src=x") || strings.Contains(text, "<script>\\x")
}

// noFormulas counts the cells of a CSV text; none may begin like a formula.
func noFormulas(t *testing.T, name, text string) (cells int) {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord = -1
	all, err := reader.ReadAll()
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, r := range all {
		for _, c := range r {
			cells++
			if _, err := strconv.ParseFloat(c, 64); err != nil && c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("%s: cell %q is a formula", name, c)
			}
		}
	}
	return cells
}

// reportFiles searches all files of a report.
func reportFiles(t *testing.T, folder string, cells *int) (pages int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, name := string(data), filepath.Base(path)
		switch filepath.Ext(path) {
		case ".csv":
			*cells += noFormulas(t, name, text)
		case ".xlsx":
			*cells += noFormulaCells(t, name, path)
		case ".eml":
			pages++
			for _, part := range mailParts(t, data) {
				if strings.Contains(part, "<html") && marked(part) || steers(part) >= 0 {
					t.Errorf("%s: a part holds markup of a source, or steers a terminal", name)
				}
			}
		case ".html", ".svg", ".md", ".txt", ".json":
			pages++
			if marked(text) && filepath.Ext(path) != ".json" {
				t.Errorf("%s holds markup of a source", name)
			}
			if at := steers(text); at >= 0 {
				t.Errorf("%s: byte %d steers a terminal: %.60q", name, at, text[max(0, at-20):])
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if pages == 0 {
		t.Error("no report")
	}
	return pages
}

// noFormulaCells counts the cells of a workbook; none may be a formula.
func noFormulaCells(t *testing.T, name, path string) (cells int) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Error(err)
			return cells
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || strings.Contains(f.Name, "worksheets") && (strings.Contains(string(text), "<f>") || strings.Contains(string(text), "<f ")) {
			t.Errorf("%s: %s has a formula, or %v", name, f.Name, err)
		}
		cells += strings.Count(string(text), "<c ")
	}
	return cells
}

// mailParts are the texts of a mail, decoded, and its headers.
func mailParts(t *testing.T, data []byte) (parts []string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Error(err)
		return nil
	}
	for name, values := range m.Header {
		for _, v := range values {
			text, err := new(mime.WordDecoder).DecodeHeader(v)
			if err != nil {
				t.Error(err)
			}
			parts = append(parts, name+": "+text)
		}
	}
	var walk func(kind, encoding string, body io.Reader)
	walk = func(kind, encoding string, body io.Reader) {
		media, params, err := mime.ParseMediaType(kind)
		if err != nil {
			t.Error(err)
			return
		}
		if strings.HasPrefix(media, "multipart/") {
			r := multipart.NewReader(body, params["boundary"])
			for {
				p, err := r.NextRawPart()
				if err != nil {
					return
				}
				walk(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
			}
		}
		if !strings.HasPrefix(media, "text/") {
			return
		}
		switch strings.ToLower(encoding) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		parts = append(parts, string(text))
	}
	walk(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	if len(parts) < 4 {
		t.Errorf("a mail of %d headers and parts", len(parts))
	}
	return parts
}
