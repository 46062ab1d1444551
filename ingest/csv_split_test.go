package ingest

import (
	"strings"
	"testing"
)

// BenchmarkSplitCSV: the fields of one Master.csv row.
func BenchmarkSplitCSV(b *testing.B) {
	row := `"","1528","44201851792","from-internal","""Zoë"" <1528>","PJSIP/1528-00000002","PJSIP/carrier-a-00000003","Dial","PJSIP/44201851792@carrier-a,60,TtWw","2026-03-02 00:00:00","2026-03-02 00:00:08","2026-03-02 00:00:16",16,8,"ANSWERED","DOCUMENTATION","1772409600.2",""`
	var fields [astMaxColumns]csvField
	b.SetBytes(int64(len(row)))
	for b.Loop() {
		if n, open := splitCSV(row, fields[:]); n != 18 || open {
			b.Fatal(n, open)
		}
	}
}

// TestIndexByte: the same answer as the library's, at every place and length.
func TestIndexByte(t *testing.T) {
	for n := range 40 {
		for at := range n + 1 {
			s := []byte(strings.Repeat("\x21\x23\x00\xa2\xff", 8)[:n]) // neighbours of the quote, and its bits with the highest set
			if at < n {
				s[at] = '"'
			}
			for from := range n + 1 {
				want := n
				if i := strings.IndexByte(string(s[from:]), '"'); i >= 0 {
					want = from + i
				}
				if got := indexByte(string(s), from, '"'); got != want {
					t.Fatalf("%q from %d: %d, want %d", s, from, got, want)
				}
			}
		}
	}
}
