package main

import (
	"bufio"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// plainTable prints a sheet without columns to wrap, in two passes: the first finds
// the widths. It prints what the table library does, which for a million rows took
// 15 s and held every line and cell in memory several times.
type plainTable struct {
	out    *bufio.Writer
	right  []bool
	widths []int
	line   []byte
}

const columnGap = "  "

func (s *sheet) plain(w io.Writer) error {
	t := &plainTable{out: bufio.NewWriterSize(w, 64<<10), right: make([]bool, len(s.head)), widths: make([]int, len(s.head))}
	for i := range t.right {
		t.right[i] = s.right[i]
	}
	t.measure(0, s.head)
	t.measure(0, s.footer)
	rows := 0
	s.parts(func(first []string, rest *rowTail) error {
		rows++
		t.measure(0, first)
		if !rest.measured {
			t.measure(len(first), rest.cells)
			rest.measured = true
		}
		return nil
	})
	t.print(s.head)
	if rows > 0 || s.footer == nil {
		t.rule()
	}
	err := s.parts(func(first []string, rest *rowTail) error {
		t.line = t.set(t.line[:0], 0, first)
		if rest.line == nil {
			rest.line = t.set([]byte{}, len(first), rest.cells)
		}
		t.line = append(t.line, rest.line...)
		return t.end()
	})
	if err != nil {
		return err
	}
	if s.footer != nil {
		t.rule()
		t.print(s.footer)
	}
	return t.out.Flush()
}

// parts hands out the rows in two parts.
func (s *sheet) parts(f func([]string, *rowTail) error) error {
	if s.made != nil {
		return s.made(f)
	}
	none := &rowTail{}
	return s.each(func(cells []string) error { return f(cells, none) })
}

// measure widens the columns from one on.
func (t *plainTable) measure(column int, cells []string) {
	for i, c := range cells {
		t.widths[column+i] = max(t.widths[column+i], widthOf(clean(c)))
	}
}

// widthOf is how many columns of a terminal a cell takes.
func widthOf(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return text.StringWidthWithoutEscSequences(s)
		}
	}
	return len(s)
}

func (t *plainTable) print(cells []string) {
	t.line = t.set(t.line[:0], 0, cells)
	t.end()
}

// set appends the cells of the columns from one on.
func (t *plainTable) set(line []byte, column int, cells []string) []byte {
	for i, c := range cells {
		c = clean(c)
		gap := t.widths[column+i] - widthOf(c)
		if t.right[column+i] {
			line = fill(line, gap)
			gap = 0
		}
		line = append(line, c...)
		line = fill(line, gap+len(columnGap))
	}
	return line
}

func fill(line []byte, n int) []byte {
	for range n {
		line = append(line, ' ')
	}
	return line
}

// end writes the line. The error is that of a reader who had enough.
func (t *plainTable) end() error {
	end := len(t.line)
	for end > 0 && t.line[end-1] == ' ' {
		end--
	}
	_, err := t.out.Write(append(t.line[:end], '\n'))
	return err
}

func (t *plainTable) rule() {
	n := 0
	for _, w := range t.widths {
		n += w + len(columnGap)
	}
	t.out.WriteString(strings.Repeat("─", n) + "\n")
}
