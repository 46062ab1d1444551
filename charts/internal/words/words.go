// Package words holds what the report says in other languages than English: one
// table of texts, in zh.go. Its one rule: a text is made in English, by whoever knows
// its numbers, and the other language is found by it. So the same sentence stands in
// every form, and the packages that count know of no language.
package words

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lang is a language: "" or "en" is English, "zh" Chinese.
type Lang string

// Chinese is the one language beside English.
const Chinese Lang = "zh"

// Known tells whether there are words in a language.
func Known(lang string) bool { return lang == "" || lang == "en" || Lang(lang) == Chinese }

// Say is a text in the language; what the table does not have stays as it is. A key
// of the table may have places, {} or, for what has no letters, {#}: what stands
// there is said in turn.
func (l Lang) Say(text string) string {
	if l != Chinese || text == "" {
		return text
	}
	if s, ok := said.Load(text); ok {
		return s.(string)
	}
	s, _ := chinese(text, 0)
	said.Store(text, s)
	return s
}

// said keeps what was said before: the same texts stand in every form.
var said sync.Map

// pattern is a key of the table with places.
type pattern struct {
	before, after string // what the text begins and ends with
	find          *regexp.Regexp
	weight        int // characters that are no place
	to            string
}

// place is where a value stands, number where one without letters does.
const place, number = "{}", "{#}"

var patterns = sync.OnceValue(func() []pattern {
	var list []pattern
	for key, to := range zh() {
		parts := strings.Split(strings.ReplaceAll(key, number, place), place)
		if len(parts) == 1 {
			continue
		}
		quoted := make([]string, len(parts))
		weight := 0
		for i, p := range parts {
			quoted[i] = regexp.QuoteMeta(p)
			weight += len(p)
		}
		find := "(?s)^" + quoted[0]
		for i, rest := 1, key; i < len(quoted); i++ {
			at := strings.Index(rest, "{")
			value := "(.+?)"
			if strings.HasPrefix(rest[at:], number) {
				value = "([^A-Za-z]*?[0-9–][^A-Za-z,;:]*?)"
			}
			find += value + quoted[i]
			rest = rest[strings.Index(rest, "}")+1:]
		}
		list = append(list, pattern{parts[0], parts[len(parts)-1], regexp.MustCompile(find + "$"), weight, to})
	}
	slices.SortFunc(list, func(a, b pattern) int { // the most telling first
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.find.String(), b.find.String()))
	})
	return list
})

// deepest is how deep texts stand in texts.
const deepest = 24

// chinese gives a text in Chinese; ok is false where nothing of it was found.
func chinese(text string, depth int) (s string, ok bool) {
	plain := strings.ReplaceAll(text, "\u00a0", " ")
	if s, ok := zh()[plain]; ok {
		return s, true
	}
	if depth == deepest || !strings.ContainsFunc(plain, letter) {
		return text, false
	}
	for _, lead := range []string{"Check first: ", "check first: "} { // the sentences after it are said one by one
		if rest, ok := strings.CutPrefix(plain, lead); ok {
			rest, _ = chinese(rest, depth+1)
			return zh()["Check first:"] + rest, true
		}
	}
	for _, cut := range []func(string) []string{parts, sentences} {
		if list := cut(plain); len(list) > 1 {
			return joined(list, depth)
		}
	}
	for _, p := range patterns() {
		if !strings.HasPrefix(plain, p.before) || !strings.HasSuffix(plain, p.after) {
			continue
		}
		if m := p.find.FindStringSubmatch(plain); m != nil {
			return filled(p.to, m[1:], depth), true
		}
	}
	if rest, ok := strings.CutSuffix(plain, "."); ok && rest != "" {
		if s, ok := chinese(rest, depth+1); ok {
			return s + "。", true
		}
	}
	for _, by := range [][2]string{{"; ", ";"}, {": ", ":"}, {", ", "、"}} {
		if s, ok := pieces(plain, by, depth); ok {
			return s, true
		}
	}
	if s := dates(plain); s != plain {
		return s, true
	}
	return text, false
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// parts are those of a line with points between them, sentences those of a paragraph;
// what stands between belongs to the part before it.
func parts(s string) []string { return strings.SplitAfter(s, " · ") }

func sentences(s string) []string {
	var out []string
	from := 0
	for i := 1; i+2 < len(s); i++ {
		if s[i] == '.' && s[i+1] == ' ' && (s[i+2] >= 'A' && s[i+2] <= 'Z' || s[i+2] >= '0' && s[i+2] <= '9') {
			out, from = append(out, s[from:i+2]), i+2
		}
	}
	return append(out, s[from:])
}

// joined says each part, without what stands behind it.
func joined(list []string, depth int) (string, bool) {
	var b strings.Builder
	any := false
	for _, x := range list {
		text := strings.TrimSuffix(strings.TrimSuffix(x, " "), " ·")
		s, ok := chinese(text, depth+1)
		any = any || ok
		b.WriteString(s)
		if behind := x[len(text):]; behind != " " || !ok {
			b.WriteString(behind)
		}
	}
	return b.String(), any
}

// filled puts the values into their places: {} in order, {2} the second.
func filled(to string, values []string, depth int) string {
	for i, v := range values {
		v, _ = chinese(v, depth+1)
		to = strings.Replace(to, place, v, 1)
		to = strings.Replace(to, "{"+string(rune('1'+i))+"}", v, 1)
	}
	return to
}

// prose is a text of which a piece cannot stay English beside Chinese ones; names can.
var prose = lazily(`[a-z]{2,} [a-z]{2,}`)

// pieces says a text piece by piece, if some are known and the others are names.
func pieces(text string, by [2]string, depth int) (string, bool) {
	parts := strings.Split(text, by[0])
	if len(parts) == 1 {
		return "", false
	}
	any := false
	for i, p := range parts {
		s, ok := chinese(p, depth+1)
		if !ok && prose().MatchString(p) {
			return "", false
		}
		parts[i], any = s, any || ok
	}
	return strings.Join(parts, by[1]), any
}

var (
	months  = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
	dayLong = lazily(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{4}-\d\d-\d\d)\b`)
	dayText = lazily(`\b(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b`)
	dayDate = lazily(`\b(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{1,2})\b`)
)

// dates writes the days of a text as Chinese does.
func dates(s string) string {
	day := func(name string) string {
		if name == "" {
			return ""
		}
		return zh()[name]
	}
	month := func(name string) string {
		return strings.TrimLeft(time.Date(2000, time.Month(strings.Index(months, name)/4+1), 1, 0, 0, 0, 0, time.UTC).Format("1"), "0")
	}
	s = dayLong().ReplaceAllStringFunc(s, func(x string) string {
		m := dayLong().FindStringSubmatch(x)
		return m[2] + " " + day(m[1])
	})
	s = dayText().ReplaceAllStringFunc(s, func(x string) string {
		m := dayText().FindStringSubmatch(x)
		return strings.TrimSpace(month(m[3]) + "月" + m[2] + "日 " + day(m[1]))
	})
	return dayDate().ReplaceAllStringFunc(s, func(x string) string {
		m := dayDate().FindStringSubmatch(x)
		return strings.TrimSpace(month(m[2]) + "月" + m[3] + "日 " + day(m[1]))
	})
}

// lazily compiles an expression when it is first used: those of all readers and
// writers together were 2 ms of the start of every command.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
