package ingest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestReadAhead: what is read ahead is what the reader would have read itself, in every
// kind of row and wherever a window ends.
func TestReadAhead(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var b strings.Builder
	begin := time.Date(2026, 11, 9, 8, 0, 0, 0, time.UTC)
	for i := range 9000 {
		at := begin.Add(time.Duration(i) * time.Second)
		end := "\n"
		if r.IntN(50) == 0 {
			end = "\r\n"
		}
		clid := fmt.Sprintf(`"""Anna Example"" <%d>"`, 100+i%50)
		switch r.IntN(60) {
		case 0:
			b.WriteString("\n")
		case 1:
			fmt.Fprintf(&b, "no row at all, %d%s", i, end)
			continue
		case 2: // a quoted field that goes on in the next line
			clid = "\"Anna\nExample\""
		case 3:
			clid = `"never closed`
		case 4:
			if i%8 == 0 {
				b.WriteString(strings.Repeat("x", r.IntN(2*maxCSVLine)) + end)
				continue
			}
		case 5:
			clid = `""Anna Example" <1115>"`
		}
		words := []string{"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "LATER"}
		fmt.Fprintf(&b, `"","%d","3312345","from-internal",%s,"PJSIP/%d-%08x","PJSIP/carrier-%c-%08x","Dial","PJSIP/3312345@carrier-a,60","%s",,"%s",%d,%d,"%s","DOCUMENTATION","%d.%d",""%s`,
			100+i%50, clid, 100+i%50, i, 'a'+rune(i%3), i, at.Format(time.DateTime), at.Add(12*time.Second).Format(time.DateTime), 12, r.IntN(14), words[min(r.IntN(12), 4)], at.Unix(), i-i%7%2, end)
	}
	text := b.String()
	defer func(n int) { minAhead = n }(minAhead)
	for _, text := range []string{text, strings.TrimRight(text, "\r\n"), strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), "\n", "\r"), text[:300_000]} {
		minAhead = len(text) + 1
		want := readAll(t, AsteriskCSV, strings.NewReader(text), time.UTC, time.Time{})
		minAhead = 1
		if got := readAll(t, AsteriskCSV, strings.NewReader(text), time.UTC, time.Time{}); got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Fatalf("from byte %d of the listing on:\n%.300s\nwant\n%.300s", i, got[max(0, i-100):], want[max(0, i-100):])
		}
		if strings.Count(want, "\n") < 500 {
			t.Fatalf("only this was read:\n%s", want)
		}
	}
}
