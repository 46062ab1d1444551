package ingest

import (
	"bufio"
	"io"
	"strings"
)

// sqlToken is one token of a SQL dump.
type sqlToken struct {
	kind byte   // 'w' word or number, 's' quoted text, 'i' quoted name, else the character itself; 0: the end
	text string // without quotes and escapes, at most maxSQLText bytes
}

// maxSQLText bounds a value and what is kept of a row.
const maxSQLText = 64 << 10

// sqlLexer takes a dump apart. It knows strings with ” and backslashes in them,
// names in `x`, "x" and [x], and comments; it holds no more than one token and,
// while a row is kept, the row.
type sqlLexer struct {
	r      *bufio.Reader
	offset int64
	line   int
	err    error // other than the end
	keep   []byte
	kept   bool // keep the bytes that are read
	ahead  *sqlToken
}

func newSQLLexer(src io.Reader) *sqlLexer {
	return &sqlLexer{r: bufio.NewReaderSize(src, headSize), line: 1}
}

// char takes the next byte; -1 at the end.
func (l *sqlLexer) char() int {
	c, err := l.r.ReadByte()
	if err != nil {
		if err != io.EOF {
			l.err = err
		}
		return -1
	}
	l.offset++
	if c == '\n' {
		l.line++
	}
	if l.kept && len(l.keep) <= maxSQLText {
		l.keep = append(l.keep, c)
	}
	return int(c)
}

// peek is the next byte without taking it; -1 at the end.
func (l *sqlLexer) peek() int {
	b, err := l.r.Peek(1)
	if err != nil {
		return -1
	}
	return int(b[0])
}

// next takes the next token; comments count as blanks.
func (l *sqlLexer) next() sqlToken {
	if l.ahead != nil {
		t := *l.ahead
		l.ahead = nil
		return t
	}
	l.blanks()
	c := l.char()
	switch {
	case c < 0:
		return sqlToken{}
	case c == '\'' || c == '"':
		return sqlToken{'s', l.quoted(byte(c), true)}
	case c == '`':
		return sqlToken{'i', l.quoted('`', false)}
	case c == '[':
		return sqlToken{'i', l.quoted(']', false)}
	case sqlWordByte(byte(c)):
		return sqlToken{'w', l.word(byte(c))}
	}
	return sqlToken{kind: byte(c)}
}

// back gives one token back.
func (l *sqlLexer) back(t sqlToken) { l.ahead = &t }

func sqlWordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '+' || c == '$' || c == '@' || c >= 0x80
}

func (l *sqlLexer) word(first byte) string {
	text := []byte{first}
	for c := l.peek(); c >= 0 && sqlWordByte(byte(c)); c = l.peek() {
		l.char()
		if len(text) < maxSQLText {
			text = append(text, byte(c))
		}
	}
	return string(text)
}

// quoted takes what stands up to the closing quote.
func (l *sqlLexer) quoted(end byte, escapes bool) string {
	var text []byte
	for {
		c := l.char()
		switch {
		case c < 0:
			return string(text)
		case c == '\\' && escapes:
			c = unescaped(l.char())
		case byte(c) == end:
			if l.peek() != int(end) {
				return string(text)
			}
			l.char()
		}
		if c >= 0 && len(text) < maxSQLText {
			text = append(text, byte(c))
		}
	}
}

// unescaped is what a backslash and a character stand for in MySQL.
func unescaped(c int) int {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case '0':
		return 0
	}
	return c
}

// blanks passes over blanks and comments.
func (l *sqlLexer) blanks() {
	for {
		switch c := l.peek(); c {
		case ' ', '\t', '\r', '\n', 0xef, 0xbb, 0xbf: // a byte order mark as well
			l.char()
		case '#':
			l.restOfLine()
		case '-', '/':
			two, _ := l.r.Peek(2)
			if string(two) == "--" {
				l.restOfLine()
			} else if string(two) == "/*" {
				l.comment()
			} else {
				return
			}
		default:
			return
		}
	}
}

func (l *sqlLexer) restOfLine() {
	for c := l.char(); c >= 0 && c != '\n'; c = l.char() {
	}
}

func (l *sqlLexer) comment() {
	l.char()
	l.char()
	for c := l.char(); c >= 0; c = l.char() {
		if c == '*' && l.peek() == '/' {
			l.char()
			return
		}
	}
}

// skip passes over the rest of a statement.
func (l *sqlLexer) skip() {
	for t := l.next(); t.kind != 0 && t.kind != ';'; t = l.next() {
	}
}

// name reads a table's name, the last part of `db`.`table`, and takes it.
func (l *sqlLexer) name() string {
	t := l.next()
	name := t.text
	if t.kind != 'w' && t.kind != 'i' && t.kind != 's' {
		l.back(t)
		return ""
	}
	for {
		t = l.next()
		if t.kind == 'w' && strings.HasPrefix(t.text, ".") { // `db`.table
			if name = t.text[1:]; name == "" {
				name = l.next().text
			}
			continue
		}
		l.back(t)
		break
	}
	return strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
}

// parentheses takes the tokens of a bracket at depth one, its opening one being
// taken, as lists: between commas.
func (l *sqlLexer) parentheses() (list [][]sqlToken) {
	item := []sqlToken{}
	for depth := 1; ; {
		t := l.next()
		switch t.kind {
		case 0:
			return list
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return append(list, item)
			}
		}
		if t.kind == ',' && depth == 1 {
			list, item = append(list, item), nil
			if len(list) > maxTableColumns {
				return list
			}
		} else if depth == 1 && len(item) < 2 {
			t.text = strings.Clone(t.text[:min(len(t.text), 128)])
			item = append(item, t)
		}
	}
}

// values takes a row of values, its opening bracket being taken; whole is false
// if the dump ends inside it.
func (l *sqlLexer) values(cells []string) (list []string, whole bool) {
	value := ""
	for depth := 1; ; {
		t := l.next()
		switch {
		case t.kind == 0:
			return cells, false
		case t.kind == '(':
			depth++
		case t.kind == ')':
			if depth--; depth == 0 {
				return append(cells, value), true
			}
		case t.kind == ',' && depth == 1:
			if cells = append(cells, value); len(cells) > maxTableColumns {
				cells = cells[:maxTableColumns]
			}
			value = ""
		case depth == 1 && len(l.keep) <= maxSQLText:
			if value = t.text; t.kind == 'w' && strings.EqualFold(value, "NULL") {
				value = ""
			}
		}
	}
}
