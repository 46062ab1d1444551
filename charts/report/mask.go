package report

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"callsift/analyze"
)

// Mask is the report with the telephone numbers in it masked: of each number of
// five digits and more the first three stay, the others become x. Two numbers that
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

// maskedFrom is how many digits make a telephone number.
const maskedFrom = 5

// text masks what looks like a telephone number in a text: a run of digits that is
// no part of a name, an address, a decimal number or a time.
func (m masker) text(s string) string {
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		end := i
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if end-i >= maskedFrom && standsAlone(s, i, end) {
			b.WriteString(s[done:i])
			b.WriteString(m.number(s[i:end]))
			done = end
		}
		i = end
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// standsAlone tells that the digits from i to end of s are not part of a longer word
// or of a number with a point.
func standsAlone(s string, i, end int) bool {
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80 }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	if i > 0 {
		before := s[i-1]
		if letter(before) && !strings.HasSuffix(s[:i], "%2B") { // a + in a link
			return false
		}
		if (before == '.' || before == ':') && i > 1 && digit(s[i-2]) { // an address, a port, a fraction
			return false
		}
	}
	if end < len(s) {
		after := s[end]
		if letter(after) {
			return false
		}
		if after == '.' && end+1 < len(s) && digit(s[end+1]) {
			return false
		}
	}
	return true
}

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
