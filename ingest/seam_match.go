package ingest

import (
	"cmp"
	"path"
	"strings"

	"callsift/store"
)

// match is a pair that may go together, with how well.
type match struct {
	tail, head *store.Piece
	names      int   // how far the names are from being those of one rotated log
	folders    int   // 0: both are in one folder
	apart      int   // bytes in which the names differ
	gap        int64 // µs from the end of the one to the beginning of the other
}

// lead is the piece that tells more of how both are to be read: part of a message
// may be of no known format, or have no time.
func (w match) lead() *store.Piece {
	tells := func(p *store.Piece) (n int) {
		for _, name := range strings.Split(p.Format, "+") {
			if isSIPText(FormatNamed(name)) {
				n += 2
			}
		}
		if p.First != 0 {
			n++
		}
		return n
	}
	if tells(w.head) > tells(w.tail) {
		return w.head
	}
	return w.tail
}

// format is that in which both are read together.
func (w match) format() *Format {
	lead, other := w.lead(), w.head
	if lead == w.head {
		other = w.tail
	}
	return formatOfAll(lead.Format, other.Format)
}

// oneLog reports whether sources of two formats may be parts of one log. A part
// that begins or ends inside a message may look like SIP of another kind, or like
// nothing at all ("").
func oneLog(a, b string, names int) bool {
	return a == b && a != "" || a != b && names < otherNames
}

func betterSeam(a, b match) int {
	return cmp.Or(cmp.Compare(a.names, b.names), cmp.Compare(a.folders, b.folders), cmp.Compare(a.apart, b.apart), cmp.Compare(a.gap, b.gap))
}

func folder(name string) string { return path.Dir(strings.ReplaceAll(name, `\`, "/")) }

// logName is the name of a file without its folder and what compressed it.
func logName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, ext := range [...]string{".gz", ".zst", ".bz2", ".xz"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// How far the names of two files are from being those of one rotated log.
const (
	sameLog     = iota // sip.log.1 and sip.log, sip.log-20261109 and sip.log-20261110
	sameLetters        // sip-1.log and sip-2.log
	otherNames
)

func unlike(a, b string) int {
	a, b = logName(a), logName(b)
	number := func(r rune) bool { return r >= '0' && r <= '9' }
	stem := func(s string) string { return strings.TrimRight(strings.TrimRightFunc(s, number), "-._") }
	letters := func(s string) string {
		return strings.Trim(strings.Map(func(r rune) rune {
			if number(r) {
				return -1
			}
			return r
		}, s), "-._")
	}
	switch {
	case stem(a) == stem(b):
		return sameLog
	case letters(a) == letters(b):
		return sameLetters
	}
	return otherNames
}

// apart is how many bytes two names have between what they begin and end with alike.
func apart(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return max(len(a), len(b))
}
