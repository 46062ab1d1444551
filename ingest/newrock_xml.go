package ingest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// omElement is an element below the root: its name in lower case, its
// attributes and its text.
type omElement struct {
	name  string
	attrs map[string]string
	text  string
}

// omDocument is one record: what it says and nothing about how it was written.
type omDocument struct {
	attrs    map[string]string // of the root, names in lower case
	elements []omElement       // in the order of the text
	values   map[string]string // text of the first element of each name
}

// omMaxElements bounds the work on one record; real ones have under 15.
const omMaxElements = 200

// parseOM reads a record leniently: what is not markup of the expected kind is
// passed over. Nothing in it is an error; missing elements are just missing.
func parseOM(text []byte) omDocument {
	d := omDocument{values: map[string]string{}}
	at := tagEnd(text)
	_, d.attrs, _ = openTag(text[:at])
	for broken := 0; at < len(text) && len(d.elements) < omMaxElements && broken < omMaxElements; {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i
		if bytes.HasPrefix(text[at:], []byte("<!--")) {
			end := bytes.Index(text[at:], []byte("-->"))
			if end < 0 {
				break
			}
			at += end
			continue
		}
		end := tagEnd(text[at:])
		if end == 0 {
			at++
			broken++
			continue
		}
		e := omElement{}
		var empty bool
		e.name, e.attrs, empty = openTag(text[at : at+end])
		at += end
		if e.name == "" { // a closing tag
			continue
		}
		if !empty {
			e.text = elementText(text[at:])
		}
		d.add(e)
		if !empty && !omContainers[e.name] && !omNames[e.name] {
			at = afterClose(text, at, e.name)
		}
	}
	return d
}

// omNames are the elements that are read.
var omNames = map[string]bool{
	"callid": true, "timestart": true, "timeend": true, "type": true, "route": true, "cpn": true, "cdpn": true,
	"duration": true, "trunknumber": true, "ext": true, "trunk": true, "outer": true, "visitor": true,
	"code": true, "reason": true,
}

// omContainers are the elements whose children are read.
var omContainers = map[string]bool{"err": true, "waiting": true}

func (d *omDocument) add(e omElement) {
	d.elements = append(d.elements, e)
	if _, have := d.values[e.name]; !have || d.values[e.name] == "" {
		d.values[e.name] = e.text
	}
}

// afterClose passes over an unknown element and its children.
func afterClose(text []byte, at int, name string) int {
	if i := indexFold(text[at:], "</"+name); i >= 0 {
		return at + i
	}
	return at
}

// tagEnd is where the tag at the front of text ends, after its '>'; 0 if it does not.
func tagEnd(text []byte) int {
	var quote byte
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		case c == '<' && i > 0:
			return 0
		}
	}
	return 0
}

// openTag reads <name a="1" b='2'/>. The name is empty if it is no opening
// tag. A logger may have escaped the quotes: \".
func openTag(tag []byte) (name string, attrs map[string]string, empty bool) {
	s := strings.TrimSuffix(strings.TrimPrefix(string(tag), "<"), ">")
	s = strings.ReplaceAll(s, `\"`, `"`)
	if strings.HasSuffix(s, "/") {
		s, empty = s[:len(s)-1], true
	}
	end := strings.IndexAny(s, " \t\r\n")
	if end < 0 {
		end = len(s)
	}
	name = strings.ToLower(s[:end])
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return "", nil, false
	}
	for rest := s[end:]; ; {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			return name, attrs, empty
		}
		after = strings.TrimLeft(after, " \t\r\n")
		if after == "" || after[0] != '"' && after[0] != '\'' {
			return name, attrs, empty
		}
		value, tail, ok := strings.Cut(after[1:], after[:1])
		if !ok {
			return name, attrs, empty
		}
		if attrs == nil {
			attrs = map[string]string{}
		}
		attrs[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(unescape(value))
		rest = tail
	}
}

// elementText is the text up to the next tag, without the space around it.
func elementText(text []byte) string {
	if rest, ok := bytes.CutPrefix(text, []byte("<![CDATA[")); ok {
		if i := bytes.Index(rest, []byte("]]>")); i >= 0 {
			return strings.TrimSpace(valid(string(rest[:i])))
		}
	}
	if i := bytes.IndexByte(text, '<'); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSpace(unescape(string(text)))
}

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// unescape resolves XML's five entities and numeric ones; others stay as they are.
func unescape(s string) string {
	s = valid(s)
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "&")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, _, ok := strings.Cut(rest[:min(len(rest), 12)], ";")
		r := entity(name)
		if !ok || r < 0 {
			b.WriteByte('&')
			s = rest
			continue
		}
		b.WriteRune(r)
		s = rest[len(name)+1:]
	}
}

func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	number, ok := strings.CutPrefix(name, "#")
	if !ok || len(number) > 8 {
		return -1
	}
	base := 10
	if strings.HasPrefix(number, "x") || strings.HasPrefix(number, "X") {
		number, base = number[1:], 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || n > utf8.MaxRune || n < 0x20 || !utf8.ValidRune(rune(n)) {
		return -1
	}
	return rune(n)
}
