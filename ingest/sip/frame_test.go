package sip

import (
	"strings"
	"testing"
)

func TestIsStartLine(t *testing.T) {
	for line, want := range map[string]bool{
		"INVITE sip:a@example.net SIP/2.0":        true,
		"INVITE sip:a@example.net SIP/2.0\r":      true,
		"OPTIONS sip:a@example.net; lr SIP/2.0  ": true,
		"SIP/2.0 200 OK":                          true,
		"SIP/2.0 100":                             true,
		"SIP/2.0 4294967301 x":                    false,
		"SIP/2.0 OK":                              false,
		"INVITE sip:a@example.net SIP/3.0":        false,
		"INVITE SIP/2.0":                          false,
		"<- received INVITE sip:a@b SIP/2.0":      false,
		"Via: SIP/2.0/UDP 192.0.2.1":              false,
		"":                                        false,
	} {
		equal(t, line, IsStartLine([]byte(line)), want)
	}
}

func TestFrame(t *testing.T) {
	head := "OPTIONS sip:a@example.net SIP/2.0\r\nCall-ID: c\r\n"
	for _, tc := range []struct {
		name, data string
		skip, size int
		complete   bool
	}{
		{"no body", head + "\r\nSIP/2.0 200 OK\r\n", 0, len(head) + 2, true},
		{"body", head + "Content-Length: 4\r\n\r\nbodyINVITE", 0, len(head) + 25, true},
		{"compact and folded", head + "l:\r\n 4\r\n\r\nbody", 0, len(head) + 14, true},
		{"body not there yet", head + "l: 9\r\n\r\nbody", 0, len(head) + 12, false},
		{"headers not there yet", head, 0, 0, false},
		{"keep-alives before it", "\r\n\r\n" + head + "\r\n", 4, len(head) + 2, true},
		{"junk before it", "junk\r\nmore\r\n" + head + "\r\n", 12, len(head) + 2, true},
		{"negative length", head + "Content-Length: -9\r\n\r\nbody", 0, len(head) + 22, true},
		{"two lengths", head + "l: 4\r\nl: 2\r\n\r\nbody", 0, len(head) + 14, true},
		{"length twice", head + "l: 4\r\nl: 4\r\n\r\nbody", 0, len(head) + 18, true},
		{"LF only", strings.ReplaceAll(head, "\r", "") + "l:4\n\nbody", 0, len(head) - 2 + 9, true},
		{"nothing", "", 0, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			skip, size, complete := Frame([]byte(tc.data))
			equal(t, "skip, size, complete", []any{skip, size, complete}, []any{tc.skip, tc.size, tc.complete})
		})
	}
}
