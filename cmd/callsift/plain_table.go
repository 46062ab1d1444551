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
	right  map[int]bool
	widths []int
	line   []byte
}

const columnGap = "  "

func (s *sheet) plain(w io.Writer) error {
	t := &plainTable{out: bufio.NewWriterSize(w, 64<<10), right: s.right, widths: make([]int, len(s.head))}
	t.measure(s.head)
	t.measure(s.footer)
	rows := 0
	s.each(func(cells []string) error {
		rows++
		t.measure(cells)
		return nil
	})
	t.print(s.head)
	if rows > 0 || s.footer == nil {
		t.rule()
	}
	err := s.each(func(cells []string) error {
		t.print(cells)
		_, err := t.out.Write(nil) // whoever reads it had enough
		return err
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

func (t *plainTable) measure(cells []string) {
	for i, c := range cells {
		t.widths[i] = max(t.widths[i], widthOf(clean(c)))
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
	t.line = t.line[:0]
	for i, c := range cells {
		c = clean(c)
		gap := t.widths[i] - widthOf(c)
		if t.right[i] {
			t.fill(gap)
			gap = 0
		}
		t.line = append(t.line, c...)
		t.fill(gap)
		t.line = append(t.line, columnGap...)
	}
	end := len(t.line)
	for end > 0 && t.line[end-1] == ' ' {
		end--
	}
	t.out.Write(append(t.line[:end], '\n'))
}

func (t *plainTable) fill(n int) {
	for range n {
		t.line = append(t.line, ' ')
	}
}

func (t *plainTable) rule() {
	n := 0
	for _, w := range t.widths {
		n += w + len(columnGap)
	}
	t.out.WriteString(strings.Repeat("─", n) + "\n")
}
