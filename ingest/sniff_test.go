package ingest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOneFormatEach: exactly one format accepts each sample, and it is the one
// whose folder the sample is in.
func TestOneFormatEach(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		if FormatNamed(name) == nil {
			continue
		}
		c := readCase(t, file)
		head := []byte(c.input)
		for _, f := range Formats {
			if got, want := f.Sniff(head[:min(len(head), headSize)]), f.Name == name && c.sniffed; got != want {
				t.Errorf("%s: %s accepts it: %v, want %v", file, f.Name, got, want)
			}
		}
	}
}

// TestExamples: each format's own example is accepted by it alone.
func TestExamples(t *testing.T) {
	for _, f := range []Format{AsteriskCSV, AsteriskTable, AsteriskCustom, AsteriskSQL, AsteriskCEL, AsteriskAMI, AsteriskAMIJSON, AsteriskLog, CDRTable, CDRSheet, CDRJSON} {
		for _, other := range Formats {
			if got, want := other.Sniff([]byte(f.Example)), other.Name == f.Name; got != want {
				t.Errorf("%s accepts the example of %s: %v", other.Name, f.Name, got)
			}
		}
	}
}

// TestNoFormat: what is none of a site's files is taken for none.
func TestNoFormat(t *testing.T) {
	for _, text := range []string{
		"", "\n\n", "hello, world\n", "# README\n\nA table:\n\n| start | caller | result |\n|---|---|---|\n| a | b | c |\n",
		"<!DOCTYPE html><html><body><table><tr><td>start</td></tr></table></body></html>",
		"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", "{}", "[]", `{"name":"x","start":1}`,
		"name,date,amount\nx,2026-11-10 09:00:00,12\n", "CREATE TABLE users (id int, name text);\nINSERT INTO users VALUES (1,'x');\n",
		"PK\x03\x04\x14\x00\x00\x00\x08\x00word/document.xml", "date,from,to,subject\n2026-11-10 09:00:00,a,b,c\n",
	} {
		if f := detect([]byte(text)); f != nil {
			t.Errorf("%q is taken for %s", text, f.Name)
		}
	}
	for _, file := range []string{"../go.mod", "formats.go", "record_words.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if f := detect(text); f != nil {
			t.Errorf("%s is taken for %s", file, f.Name)
		}
	}
}
