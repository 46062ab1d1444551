// Package words holds what the report says in other languages than English: one
// table of texts, in zh.go. Its one rule: the English text is the key, so that the
// code reads as what it says, and a text without a translation stays readable.
package words

import (
	"fmt"
	"time"
)

// Lang is a language: "" or "en" is English, "zh" Chinese.
type Lang string

// Chinese is the one language beside English.
const Chinese Lang = "zh"

// Known tells whether there are words in a language.
func Known(lang string) bool { return lang == "" || lang == "en" || lang == string(Chinese) }

// T is a text in the language.
func (l Lang) T(text string) string {
	if l == Chinese {
		if s, ok := zh[text]; ok {
			return s
		}
	}
	return text
}

// F is a text in the language with its values. The Chinese one may take them in
// another order: %[2]s.
func (l Lang) F(format string, args ...any) string { return fmt.Sprintf(l.T(format), args...) }

// Weekday is the short name of a day of the week.
func (l Lang) Weekday(d time.Weekday) string { return l.T(d.String()[:3]) }
