// Package left tells which English words stand in a Chinese text, for tests.
package left

import (
	"regexp"
	"slices"
	"strings"
)

// stays are the words that a Chinese text keeps: the protocol's, the trade's and
// those of programs. What has a capital other than its first letter, or a digit, is
// a name anyway.
const stays = ` callsift SIP phone trunk Asterisk Kamailio SER FreeSWITCH Reason Retry-After Call-ID Call-IDs User-Agent re-INVITE Warning Contact Accept Content-Type
Content-Length Record-Route Via Allow Require Unsupported Supported Diversion History-Info Max-Breadth Proxy-Authorization Request-URI To From Date Session-Expires
Min-SE Min-Expires Geolocation Identity Referred-By Resource-Priority Security-Client Call-Info Network Blocked New Rock offer nonce realm info leg tag
tel sips sip timer precondition path yes required allow redirect_method timers pjsip show contacts dispatcher text Server ms outbound Wilson Benjamini-Hochberg carrier-a `

var (
	word   = regexp.MustCompile("[A-Za-z0-9][A-Za-z0-9'_-]*[A-Za-z0-9]")
	quoted = regexp.MustCompile("`[^`]*`|sip:[^ 。,;]*(;[a-z=]*)?|[a-z]+/[^ ]*|[a-z0-9]+(\\.[a-z0-9]+)+|[0-9]{3} [A-Z][A-Za-z-]*( [A-Z][A-Za-z-]*)*|--[a-z]+( [a-z=]+)?|callsift [a-z]+")
)

// English is the first English word of a text, "" if there is none.
func English(text string) string {
	for _, w := range word.FindAllString(quoted.ReplaceAllString(text, " "), -1) {
		if strings.ContainsAny(w, "0123456789") || w[1:] != strings.ToLower(w[1:]) || slices.Contains(strings.Fields(stays), w) {
			continue
		}
		return w
	}
	return ""
}
