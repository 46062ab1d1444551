package codes

import (
	"net/netip"
	"strings"
	"sync"
)

// Words that Prefix gives where a number has no prefix to count by.
const (
	ShortNumber = "short" // up to 6 digits: extensions, emergency and service numbers
	LocalNumber = "local" // 7 to 10 digits without 0: a number of the same area
	FeatureCode = "feature"
	UserName    = "name"       // a SIP user name
	Unassigned  = "unassigned" // no country has these digits
)

// Normalize is the number in a form to compare by. From a SIP or tel URI, with
// or without display name and brackets, it takes the user; parameters go.
// Spaces, dashes, dots and parentheses are dropped, and what is left is digits,
// * and # after an optional +. Something else is a user name and stays as it
// is. A URI without user, only an address, gives "".
//
//	"Reception" <sip:+49-30-555-0100@192.0.2.1;user=phone>   +49305550100
//	tel:(030) 555.0100;phone-context=+49                     0305550100
//	sip:*21%23@pbx.example.net                               *21#
//	sip:alice.smith@example.net                              alice.smith
func Normalize(number string) string {
	if isDialled(number) { // nearly all of them
		return number
	}
	s := strings.TrimSpace(number)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s, _, _ = strings.Cut(s[i+1:], ">")
	}
	s, uri := trimScheme(strings.TrimSpace(s))
	user, _, at := strings.Cut(s, "@")
	s, _, _ = strings.Cut(user, ";")
	if uri && !at && isAddress(s) {
		return ""
	}
	if uri {
		s, _, _ = strings.Cut(s, ":") // a password, or the port of a host
		s, _, _ = strings.Cut(s, "?")
	}
	s = strings.TrimSpace(escapes.Replace(s))
	if digits := separators.Replace(s); isDialled(digits) {
		return digits
	}
	return s
}

var (
	separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")
	// The characters of numbers that URIs escape.
	escapes = strings.NewReplacer("%23", "#", "%2B", "+", "%2b", "+", "%2A", "*", "%2a", "*")
)

// trimScheme takes sip:, sips: or tel: off.
func trimScheme(s string) (rest string, uri bool) {
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return s[len(scheme):], true
		}
	}
	return s, false
}

// isAddress is true for an IP address with or without port.
func isAddress(s string) bool {
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// isDialled is true for digits, * and # after an optional +.
func isDialled(s string) bool {
	dialled, _ := scanNumber(s)
	return dialled
}

// Prefix is the part of a number by which destinations are counted, and its
// name. The number may be in any form that Normalize takes. The first rule that
// fits decides:
//
//	nothing                            ""           ""
//	a user name                        "name"       "SIP user name"
//	has * or #                         "feature"    "feature code"
//	+ and a country code               "49"         "Germany"
//	up to 6 digits                     "short"      "extension or service number"
//	00 and a country code              "49"         "Germany"
//	0 and more                         "030"        "national number"
//	11 digits or more, no 0 in front   "49"         "Germany"
//	7 to 10 digits                     "local"      "number without area code"
//
// Country codes are those of ITU-T E.164, the longest that fits; the North
// American plan is one code, "1". Where digits begin no assigned code, it is
// "unassigned". Long national numbers that are dialled without 0 (11 digits for
// Chinese mobiles, beginning with 1) look international: where a site dials so, its
// own prefixes have to be configured.
func Prefix(number string) (prefix, name string) {
	n := number
	dialled, feature := scanNumber(n)
	if !dialled {
		n = Normalize(number)
		dialled, feature = scanNumber(n)
	}
	switch {
	case n == "":
		return "", ""
	case !dialled:
		return UserName, "SIP user name"
	case feature:
		return FeatureCode, "feature code"
	case n[0] == '+':
		return country(n[1:])
	case len(n) <= 6:
		return ShortNumber, "extension or service number"
	case n[0] == '0' && n[1] == '0':
		return country(n[2:])
	case n[0] == '0':
		return n[:3], "national number"
	case len(n) >= 11:
		return country(n)
	}
	return LocalNumber, "number without area code"
}

// scanNumber tells whether s is digits, * and # after an optional +, and
// whether it has * or #.
func scanNumber(s string) (dialled, feature bool) {
	if s != "" && s[0] == '+' {
		s = s[1:]
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' <= 9:
		case c == '*' || c == '#':
			feature = true
		default:
			return false, false
		}
	}
	return s != "", feature
}

// country is the longest assigned country code that digits begin with.
func country(digits string) (code, name string) {
	table := countries()
	at := 1 // a country code of n digits stands at 10^n and its value
	var best *countryCode
	for i := 0; i < min(3, len(digits)) && digits[i]-'0' <= 9; i++ {
		at = at*10 + int(digits[i]-'0')
		if table[at].code != "" {
			best = &table[at]
		}
	}
	if best == nil {
		return Unassigned, "no assigned country code"
	}
	return best.code, best.name
}

type countryCode struct{ code, name string }

var countries = sync.OnceValue(func() *[2000]countryCode {
	table := &[2000]countryCode{}
	for _, r := range rows("country.tsv") {
		at := 1
		for _, c := range r.text("code") {
			at = at*10 + int(c-'0')
		}
		table[at] = countryCode{r.text("code"), r.text("name")}
	}
	return table
})

// International is the country code of a number and what follows it, where the
// number's form shows that it has one by the rules of Prefix; else empty.
func International(number string) string {
	n := Normalize(number)
	if !isDialled(n) || strings.ContainsAny(n, "*#") {
		return ""
	}
	digits, plus := strings.CutPrefix(n, "+")
	switch {
	case plus:
		return digits
	case len(n) <= 6:
		return ""
	case strings.HasPrefix(n, "00"):
		return n[2:]
	case n[0] != '0' && len(n) >= 11:
		return n
	}
	return ""
}
