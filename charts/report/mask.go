package report

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"callsift/analyze"
)

// Mask is the report with the telephone numbers in it masked: of each number of
// five digits and more, in one run, after a word such as ext, or in groups from +, 00
// or 0 on (+49 30 123-456), the first three stay, the others become x. Two numbers that
// would look the same are told apart by ~2, ~3 behind them, and one number looks the
// same everywhere. Shorter numbers are extensions, which whoever reads the report
// needs; they stay.
func Mask(r *analyze.Report, opt Options) (*analyze.Report, Options) {
	m := masker{known: map[string]string{}, used: map[string]int{}}
	out := m.copied(reflect.ValueOf(*r)).Interface().(analyze.Report)
	opt.Calls = m.copied(reflect.ValueOf(opt.Calls)).Interface().([]Call)
	opt.Where = m.copied(reflect.ValueOf(opt.Where)).Interface().([]analyze.Condition)
	opt.CallsCommand = m.text(opt.CallsCommand)
	return &out, opt
}

// unmasked are fields that hold no text of a call, but digits: checksums, zones, and
// times in links.
var unmasked = []string{"Checksum", "SHA256", "Zone", "TZ", "Rules", "Format"}

// masker keeps how each number looks.
type masker struct {
	known map[string]string
	used  map[string]int
}

// copied is a deep copy of a value in which every text is masked.
func (m masker) copied(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() { // another type is one of a few words
			return reflect.ValueOf(m.text(v.String()))
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(m.copied(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			if k.String() == "at" { // milliseconds
				out.SetMapIndex(k, v.MapIndex(k))
				continue
			}
			out.SetMapIndex(k, m.copied(v.MapIndex(k)))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !slices.Contains(unmasked, f.Name) {
				out.Field(i).Set(m.copied(v.Field(i)))
			}
		}
		return out
	}
	return v
}

// maskedFrom is how many digits make a telephone number, groupedFrom how many where
// it is written in groups.
const (
	maskedFrom  = 5
	groupedFrom = 7
)

// written is a telephone number as text has it: digits in one run, the word ext or
// the like directly before them; or from +, 00 or 0 on in groups, with spaces,
// dashes, slashes, points or brackets between them. Dates, times and fractions begin
// otherwise or have other signs between. A branch of SIP is none, whatever is in it.
var written = lazily(`(?i)z9hG4bK[^\s;,]*|(?:ext|exten|extension|tel|phone|fax|mobile|did|num|number|caller|callee|user|line)?(\+?[0-9]{5,}|(?:\+[0-9]{1,4}|00?[1-9][0-9]{0,4})(?:[ ()/.-]{1,2}[0-9]{1,12})+)`)

// text masks what looks like a telephone number in a text and is no part of a name,
// an address, a decimal number, a time or an id.
func (m masker) text(s string) string {
	if !strings.ContainsAny(s, "0123456789") {
		return s
	}
	var b strings.Builder
	done := 0
	for from := 0; from < len(s); {
		at := written().FindStringSubmatchIndex(s[from:])
		if at == nil {
			break
		}
		if at[2] < 0 {
			from += at[1]
			continue
		}
		whole, i, end := from+at[0], from+at[2], from+at[3]
		digits := onlyDigits(s[i:end])
		grouped := len(digits) < len(strings.TrimPrefix(s[i:end], "+"))
		if grouped && (len(digits) < groupedFrom || !standsAlone(s, whole, end)) { // its first group may be a number of its own
			grouped = false
			for end = i + 1; end < len(s) && isDigit(s[end]); end++ {
			}
			digits = onlyDigits(s[i:end])
		}
		if from = end; len(digits) >= maskedFrom && standsAlone(s, whole, end) {
			b.WriteString(s[done:i])
			if s[i] == '+' {
				b.WriteByte('+')
			}
			b.WriteString(m.number(digits))
			done = end
		}
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// standsAlone tells that what stands from i to end of s is not part of a longer word
// or of a number with a point. Chinese has no spaces between words.
func standsAlone(s string, i, end int) bool {
	letter := func(r rune) bool { return r == '_' || unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) }
	if i > 0 {
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		if (letter(before) || isDigit(s[i-1])) && !strings.HasSuffix(s[:i], "%2B") { // a + in a link
			return false
		}
		if (before == '.' || before == ':') && i > 1 && (isDigit(s[i-2]) || s[i-2] == ']') { // an address, a port, a fraction
			return false
		}
	}
	if end < len(s) {
		after, _ := utf8.DecodeRuneInString(s[end:])
		if letter(after) && !extension().MatchString(s[end:]) {
			return false
		}
		if after == '.' && end+1 < len(s) && isDigit(s[end+1]) {
			return false
		}
	}
	return true
}

// extension is what may follow a number directly: that of an extension.
var extension = lazily(`^(?i)(?:x|ext)[0-9]{1,6}\b`)

// number is how a number looks.
func (m masker) number(s string) string {
	if k, ok := m.known[s]; ok {
		return k
	}
	k := s[:3] + strings.Repeat("x", len(s)-3)
	m.used[k]++
	if n := m.used[k]; n > 1 {
		k += "~" + strconv.Itoa(n)
	}
	m.known[s] = k
	return k
}

// lazily compiles an expression when it is first used: those of all readers and
// writers together were 2 ms of the start of every command.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
