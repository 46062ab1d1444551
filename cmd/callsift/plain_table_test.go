package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPlainTable: a sheet is printed as the table library prints it, with wide and
// combining characters, control characters, empty cells and a footer.
func TestPlainTable(t *testing.T) {
	parts := []string{"", "a", "trunk-7", "1,234", "–", "北京网关", "e\u0301", "\x1b[31m", "\u202e", "\t", "ﬀ", " x ", "─"}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		s := newSheet("name", "calls>", "长的标题>", "note")
		if n%2 == 0 {
			s.footer = []string{"total", "9", "", "x"}
		}
		for range random.IntN(8) {
			var cells []string
			for range s.head {
				cells = append(cells, parts[random.IntN(len(parts))]+parts[random.IntN(len(parts))])
			}
			s.add(cells...)
		}
		var plain, pretty bytes.Buffer
		if err := s.plain(&plain); err != nil {
			t.Fatal(err)
		}
		if err := s.pretty(&pretty, "table"); err != nil {
			t.Fatal(err)
		}
		if plain.String() != pretty.String() {
			t.Fatalf("got\n%s\nwant\n%s", &plain, &pretty)
		}
	}
}

// TestPlainTableMany: the cells of rows that are made when printed are not kept.
func TestPlainTableMany(t *testing.T) {
	const rows = 20_000
	s := newSheet("caller", "calls>")
	held, most := 0, 0
	s.made = func(f func([]string, *rowTail) error) error {
		for i := range rows {
			held++
			most = max(most, held)
			if err := f([]string{fmt.Sprint(i)}, &rowTail{cells: []string{"1"}}); err != nil {
				return err
			}
			held--
		}
		return nil
	}
	var out bytes.Buffer
	if err := s.write(&out, "table"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != rows+2 || most != 1 {
		t.Errorf("%d lines, %d rows at a time; want %d and 1", n, most, rows+2)
	}
	if err := s.write(&brokenPipe{}, "table"); err != io.ErrClosedPipe {
		t.Errorf("error %v of a reader that had enough, want %v", err, io.ErrClosedPipe)
	}
}

// TestTableInParts: rows that are handed out in two parts, the second of which many
// have in common, are printed as whole ones.
func TestTableInParts(t *testing.T) {
	tails := []*rowTail{{cells: []string{"1", "–"}}, {cells: []string{"1,234", "a long one"}}, {cells: []string{"", ""}}, {cells: []string{"北京网关", "\x1b[31m"}}}
	whole, parts := newSheet("caller", "prefix", "calls>", "note"), newSheet("caller", "prefix", "calls>", "note")
	whole.footer = []string{"total", "", "1,235", ""}
	parts.footer = whole.footer
	firsts := [][]string{{"4420", "44"}, {"", "e\u0301"}, {"+49 30 123456", ""}, {" ", ""}}
	for i := range 40 {
		whole.add(append(append([]string{}, firsts[i/4%4]...), tails[i%4].cells...)...)
	}
	parts.made = func(f func([]string, *rowTail) error) error {
		for i := range 40 {
			if err := f(firsts[i/4%4], tails[i%4]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, format := range []string{"table", "csv", "md"} {
		var got, want bytes.Buffer
		if err := errors.Join(parts.write(&got, format), whole.write(&want, format)); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%s: got\n%s\nwant\n%s", format, &got, &want)
		}
	}
}

type brokenPipe struct{}

func (*brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
