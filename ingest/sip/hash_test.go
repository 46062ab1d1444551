package sip

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestLastWords(t *testing.T) {
	text := []byte("\x01\xffabcdefghijklmnop")
	for n := range 16 {
		var padded [16]byte
		copy(padded[:], text[:n])
		first, second := lastWords(text[:n:n])
		if want := binary.LittleEndian.Uint64(padded[:]); first != want {
			t.Errorf("%d bytes: first %x, want %x", n, first, want)
		}
		if want := binary.LittleEndian.Uint64(padded[8:]); second != want {
			t.Errorf("%d bytes: second %x, want %x", n, second, want)
		}
	}
}

// TestHash: the hash is the same whether Parse has begun it or not, for messages however they are written.
func TestHash(t *testing.T) {
	const plain = "INVITE sip:201@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:202@example.net>;tag=a\r\nTo: <sip:201@example.net>\r\n" +
		"Call-ID: c1\r\nCSeq: 1 INVITE\r\nSubject: folded\r\n over\r\n\tlines\r\nContent-Length: 15\r\n\r\nv=0\r\ns=x\r\nm=a b\r\n"
	body := strings.Index(plain, "v=0")
	for name, text := range map[string]string{
		"CRLF":              plain,
		"LF":                strings.ReplaceAll(plain, "\r\n", "\n"),
		"CR":                strings.ReplaceAll(plain, "\r\n", "\r"),
		"CR LF and LF":      strings.Replace(plain, "\r\n", "\n", 3),
		"two CRs":           strings.ReplaceAll(plain, "\r\n", "\r\r\n"),
		"lines before":      "\r\n\r\n" + plain,
		"no body":           plain[:body],
		"no empty line":     plain[:body-2] + plain[body:],
		"white space after": plain + " \r\n\x00\n",
		"ends in a header":  plain[:body-9],
		"ends in the fold":  plain[:strings.Index(plain, "\tlines")+3],
		"long":              strings.Replace(plain, "folded", strings.Repeat("x", MaxHead), 1),
	} {
		var m Message
		if err := m.Parse([]byte(text)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := m.Hash(), Hash([]byte(text)); got != want {
			t.Errorf("%s: %x with the lines that were parsed, %x without", name, got, want)
		}
		if at := strings.Index(text, "v=0"); name == "CRLF" && m.whole != at {
			t.Errorf("parsing has seen the line ends of %d bytes, want %d", m.whole, at)
		}
	}
	// Line ends do not count, but where the lines are does.
	if Hash([]byte(plain)) != Hash([]byte(strings.ReplaceAll(plain, "\r\n", "\n"))) {
		t.Error("CRLF and LF differ")
	}
	if Hash([]byte("a\nb")) == Hash([]byte("ab")) {
		t.Error("two lines are as one")
	}
}
