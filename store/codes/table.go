package codes

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

// The vocabulary lies in tab-separated files with one header line. Columns are
// read by name; a broken file is a fault of this source and stops the program,
// which the tests see first.
//
//go:embed *.tsv
var files embed.FS

// row is one line of a table.
type row struct {
	file  string
	head  []string
	cells []string
}

// rows are the lines of an embedded table after its header.
func rows(file string) []row {
	data, err := files.ReadFile(file)
	if err != nil {
		panic(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var list []row
	for i, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(head) {
			panic(fmt.Sprintf("%s:%d: %d cells, want %d", file, i+2, len(cells), len(head)))
		}
		list = append(list, row{file, head, cells})
	}
	return list
}

// text is the cell of a column.
func (r row) text(column string) string {
	for i, h := range r.head {
		if h == column {
			return r.cells[i]
		}
	}
	panic(fmt.Sprintf("%s: no column %q", r.file, column))
}

// number is the cell of a column of whole numbers.
func (r row) number(column string) int {
	n, err := strconv.Atoi(r.text(column))
	if err != nil {
		panic(fmt.Sprintf("%s: column %s: %v", r.file, column, err))
	}
	return n
}

// yes is true for 1 and y, false for 0 and n.
func (r row) yes(column string) bool {
	switch s := r.text(column); s {
	case "1", "y":
		return true
	case "0", "n":
		return false
	default:
		panic(fmt.Sprintf("%s: column %s: %q, want 0, 1, n or y", r.file, column, s))
	}
}
