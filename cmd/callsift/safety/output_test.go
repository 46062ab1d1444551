package safety

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// evil is put into every field that a source can fill: a formula, HTML, and
// what steers a terminal: ESC sequences, C1 controls, a change of direction.
const evil = "\x1b]0;owned\x07\x1b[31m\u009b2J\u202e<script>alert(1)</script>"

// evilSources are a log and a CDR export with evil and formulas in all fields.
func evilSources(t *testing.T, dir string) []string {
	var log strings.Builder
	for i, formula := range []string{"=1+cmd|' /C calc'!A0", "+49*2", "-2+3", "@SUM(1)", "\t=1"} {
		text := call(i*4, 60_000*i)
		text = strings.ReplaceAll(text, "Phone 0", formula+evil)
		text = strings.ReplaceAll(text, "486 Busy Here", "486 "+formula+evil)
		text = strings.ReplaceAll(text, fmt.Sprintf("<sip:2%02d@", i*4%50), "<sip:"+formula+evil+"@")
		log.WriteString(text)
	}
	log.WriteString(logged(400_000, "INVITE sip:x@example.net SIP/2.0\r\nVia: "+evil+"\r\nFrom: "+evil+"\r\nTo: =1\r\n\r\n"))
	var table strings.Builder
	for i, formula := range []string{"=1", "+1x", "-1x", "@a"} {
		r := strings.ReplaceAll(row(40+i), `"BUSY"`, `"BUSY`+formula+evil+`"`)
		r = strings.ReplaceAll(r, "carrier-a", formula+evil)
		r = strings.ReplaceAll(r, fmt.Sprintf(`"2%02d"`, 40+i), `"`+formula+evil+`"`)
		table.WriteString(r)
	}
	table.WriteString(evil + ",=x\n")
	return []string{write(t, dir, "=evil\x1b[31m\u009b2J<script>.log", log.String()), write(t, dir, "@evil.csv", rows(0, 20)+table.String())}
}

// steers finds what would reach the terminal as more than text.
func steers(text string) int {
	return strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || unicode.Is(unicode.Bidi_Control, r)
	})
}

// TestOutput: whatever a source says, no command hands it to the terminal as
// more than text, to a spreadsheet as a formula or to a browser as markup.
func TestOutput(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "a.db")
	sources := evilSources(t, dir)
	imported := callsift(t, nil, append([]string{"import", "--db", db}, sources...)...)
	if imported.status != 0 {
		t.Fatal(imported.err)
	}
	outputs := map[string]result{"import": imported, "import again": callsift(t, nil, append([]string{"import", "--db", db}, sources...)...),
		"missing": callsift(t, nil, "import", "--db", db, "no\x1b[31mfile"), "no database": callsift(t, nil, "ledger", "--db", "no\x1b[31mdb"),
		"bad query": callsift(t, nil, "sql", "--db", db, "SELECT \x1b[31m"), "removed": callsift(t, nil, "sources", "remove", "--db", db, "no\x1b[31m")}
	ids := strings.Fields(callsift(t, nil, "sql", "--db", db, "--format", "csv", "SELECT native_id FROM calls WHERE outcome <> 'answered' LIMIT 3").out)[1:]
	for _, format := range []string{"table", "json", "csv", "md"} {
		for _, args := range [][]string{
			{"breakdown", "--by", "trunk,cause,user_agent"}, {"breakdown", "--by", "source,reason"}, {"breakdown", "--by", "code", "--scope", "leg"}, {"calls", "--limit", "0"}, {"ledger"}, {"sources"}, {"rejects"}, {"check"},
			{"sql", "SELECT * FROM calls"}, {"sql", "SELECT * FROM profile"}, {"sql", "SELECT * FROM reject"}, {"sql", "SELECT data AS \"=a\x1b[1m\" FROM evidence"}, {"metrics"},
		} {
			name := strings.Join(args, " ") + " " + format
			outputs[name] = callsift(t, nil, append(args, "--db", db, "--format", format)...)
		}
	}
	for _, id := range ids {
		outputs["call "+id] = callsift(t, nil, "call", "--db", db, id)
		outputs["call --raw "+id] = callsift(t, nil, "call", "--raw", "--db", db, id)
	}
	folder := filepath.Join(dir, "report")
	outputs["report"] = callsift(t, nil, "report", "--db", db, "--from", "2026-11-10", "--to", "2026-11-11", "--title", "<script>"+evil, "--out", folder)
	cells := 0
	for name, r := range outputs {
		for _, text := range []string{r.out, r.err} {
			if at := steers(text); at >= 0 {
				t.Errorf("%s: byte %d steers the terminal: %.60q", name, at, text[max(0, at-20):])
			}
		}
		if strings.HasSuffix(name, " md") && strings.Contains(r.out, "<script>") {
			t.Errorf("%s: a script in Markdown", name)
		}
		if strings.HasSuffix(name, " csv") {
			cells += noFormulas(t, name, r.out)
		}
	}
	pages := reportFiles(t, folder, &cells)
	figure("output", "outputs searched for what steers a terminal", len(outputs))
	figure("output", "cells of CSV exports searched for formulas", cells)
	figure("output", "pages and pictures of the report searched for markup of the sources", pages)
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
		text := string(data)
		switch filepath.Ext(path) {
		case ".csv":
			*cells += noFormulas(t, filepath.Base(path), text)
		case ".html", ".svg", ".md", ".txt":
			pages++
			if strings.Contains(text, "<script>alert") {
				t.Errorf("%s holds a script of a source", filepath.Base(path))
			}
			if at := steers(text); at >= 0 {
				t.Errorf("%s: byte %d steers a terminal: %.60q", filepath.Base(path), at, text[max(0, at-20):])
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
