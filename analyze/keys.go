package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"callsift/store"
	"callsift/store/codes"
)

// key is something that calls are counted by: a property of the profile, of the
// time in the query's zone, or the caller's number.
type key struct {
	name   string
	of     func(*store.Profile) string
	at     func(time.Time) string
	values []string            // the closed vocabulary, if it is one
	norm   func(string) string // a value as users write it -> as it is stored
}

var weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// keyTable is in the order in which help texts name the keys.
var keyTable = []key{
	{name: "class", of: classOf, values: classes, norm: strings.ToLower},
	{name: "code", of: func(p *store.Profile) string { return strconv.Itoa(p.Code) }, norm: codeValue},
	{name: "cause", of: func(p *store.Profile) string { return p.Cause }},
	{name: "reason", of: func(p *store.Profile) string { return p.Reason }},
	{name: "outcome", of: func(p *store.Profile) string { return string(p.Outcome) }, values: outcomeNames(), norm: strings.ToLower},
	{name: "trunk", of: func(p *store.Profile) string { return p.Trunk }},
	{name: "peer", of: func(p *store.Profile) string { return p.Peer }},
	{name: "direction", of: func(p *store.Profile) string { return string(p.Direction) }, values: []string{"in", "out", "internal", ""}, norm: strings.ToLower},
	{name: "source"},
	{name: "prefix", of: func(p *store.Profile) string { return p.Prefix }},
	{name: "user_agent", of: func(p *store.Profile) string { return p.UserAgent }},
	{name: "device", of: func(p *store.Profile) string { return p.Device }},
	{name: "site", of: func(p *store.Profile) string { return p.Site }},
	{name: "hour", at: func(t time.Time) string { return t.Format("15") }, values: hours(), norm: hourValue},
	{name: "weekday", at: func(t time.Time) string { return t.Format("Mon") }, values: weekdays, norm: weekdayValue},
	{name: "day", at: func(t time.Time) string { return t.Format(time.DateOnly) }},
	{name: "week", at: weekLabel},
	{name: "format", of: func(p *store.Profile) string { return p.Format }},
	{name: "method", of: func(p *store.Profile) string { return p.Method }, norm: strings.ToUpper},
	{name: "released", of: func(p *store.Profile) string { return p.Released }, values: []string{"caller", "callee", "network", ""}},
	{name: "cause_code", of: func(p *store.Profile) string { return strconv.Itoa(nearestCode(p)) }, norm: codeValue},
	{name: "cause_q850", of: func(p *store.Profile) string { return strconv.Itoa(p.CauseQ850) }},
	{name: "flag", of: func(p *store.Profile) string { return strings.Join(flagsOf(p).Names(), "+") }, values: codes.FlagList(), norm: strings.ToLower},
}

// classes in the order in which they are shown.
var classes = []string{"1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "none", "unknown"}

// Keys lists the names that breakdowns and conditions take.
func Keys() []string {
	names := make([]string, len(keyTable))
	for i, k := range keyTable {
		names[i] = k.name
	}
	return names
}

func keyNamed(flag, name string) (key, error) {
	for _, k := range keyTable {
		if k.name == name {
			return k, nil
		}
	}
	return key{}, fmt.Errorf("%s: no key %q; keys are %s", flag, name, strings.Join(Keys(), ", "))
}

// ParseKeys reads the value of --by: names with commas between.
func ParseKeys(s string) ([]string, error) {
	var by []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, err := keyNamed("--by", name); err != nil {
			return nil, err
		}
		if slices.Contains(by, name) {
			return nil, fmt.Errorf("--by: key %q twice", name)
		}
		by = append(by, name)
	}
	return by, nil
}

// Condition is one --where: the key's value is, or with Not is not, one of Values.
type Condition struct {
	Key    string
	Not    bool
	Values []string
}

// ParseCondition reads key=value, key!=value, and key=one,other. A flag
// condition holds where the call carries one of the flags.
func ParseCondition(s string) (Condition, error) {
	name, values, ok := strings.Cut(s, "=")
	if !ok {
		return Condition{}, fmt.Errorf("--where: %q; want key=value or key!=value", s)
	}
	c := Condition{Key: strings.ToLower(strings.TrimSpace(strings.TrimSuffix(name, "!"))), Not: strings.HasSuffix(name, "!")}
	k, err := keyNamed("--where", c.Key)
	if err != nil {
		return Condition{}, err
	}
	for v := range strings.SplitSeq(values, ",") {
		v = strings.TrimSpace(v)
		if k.norm != nil {
			v = k.norm(v)
		}
		if len(k.values) > 0 && !slices.Contains(k.values, v) {
			return Condition{}, fmt.Errorf("--where: no %s %q; want %s", c.Key, v, strings.TrimRight(strings.Join(k.values, ", "), ", "))
		}
		c.Values = append(c.Values, v)
	}
	return c, nil
}

func (c Condition) holds(value string) bool { return slices.Contains(c.Values, value) != c.Not }

// holdsFlags is true where one of the named flags is set.
func (c Condition) holdsFlags(f codes.Flags) bool {
	for _, v := range c.Values {
		if f&codes.FlagNamed(v) != 0 {
			return !c.Not
		}
	}
	return c.Not
}

func (c Condition) String() string {
	op := "="
	if c.Not {
		op = "!="
	}
	return c.Key + op + strings.Join(c.Values, ",")
}

// flagsOf joins the flag that only the whole database can tell.
func flagsOf(p *store.Profile) codes.Flags {
	if p.Scanner {
		return p.Flags | codes.FlagScanner
	}
	return p.Flags
}

// classOf is the profile's class, from the code where it is not settled yet.
func classOf(p *store.Profile) string {
	if p.Class != "" {
		return p.Class
	}
	return codes.ClassOf(p.Code)
}

// nearestCode is the status nearest the failure: the deepest leg's, else the one
// that the caller saw.
func nearestCode(p *store.Profile) int {
	if p.CauseCode > 0 {
		return p.CauseCode
	}
	return p.Code
}

func outcomeNames() []string {
	var names []string
	for _, o := range codes.Outcomes {
		names = append(names, string(o))
	}
	return names
}

func hours() []string {
	var hs []string
	for h := range 24 {
		hs = append(hs, fmt.Sprintf("%02d", h))
	}
	return hs
}

func codeValue(s string) string {
	switch strings.ToLower(s) {
	case "none":
		return strconv.Itoa(codes.None)
	case "unknown":
		return strconv.Itoa(codes.Unknown)
	}
	return s
}

func hourValue(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

func weekdayValue(s string) string {
	if len(s) < 3 {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:3])
}

func weekLabel(t time.Time) string {
	year, week := t.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}
