package sip

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the results of this run into testdata")

// TestDamage reads what logs make of messages. Each archive in testdata holds
// a message and what is read from it. In the message, CUT at the end marks
// that the line end before it is not part of it.
func TestDamage(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			message, want := &archive.Files[0], &archive.Files[1]
			got := dump(undo(message.Data))
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// undo restores what a text file cannot hold.
func undo(b []byte) []byte {
	b, _ = bytes.CutSuffix(b, []byte("\nCUT\n"))
	return b
}

// dump says what is read from a message.
func dump(raw []byte) string {
	var m Message
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	if err := m.Parse(raw); err != nil {
		say("reject: %v", err)
	}
	if m.IsRequest() {
		say("request: %s | %s", m.Method, m.URI)
	} else {
		say("response: %d | %s", m.Status, m.Phrase)
	}
	say("call-id: %s", m.CallID)
	say("cseq: %s | %s", m.CSeq, m.CSeqMethod)
	for _, value := range [][]byte{m.From, m.To} {
		display, uri, _ := AddrSpec(value)
		u := ParseURI(uri)
		say("party: %s | %s | %s | %s", display, uri, u.User, u.Host)
	}
	say("tags: %s | %s", m.FromTag, m.ToTag)
	say("top via: %s | %s", m.SentBy, m.Branch)
	for v := range m.Vias() {
		say("via: %s | %s | %d | %s", v.Transport, v.Host, v.Port, v.Branch)
	}
	say("flags: %s", strings.Join(m.Flags.Names(), " "))
	say("body: %d bytes", len(m.Body))
	if sdp, ok := m.SDP(); ok {
		for _, media := range sdp.Media {
			say("media: %s %s:%d %s %v", media.Type, media.Address, media.Port, media.Direction, media.CodecNames())
		}
	}
	for _, r := range m.Reasons() {
		say("reason: %+v", r)
	}
	return out.String()
}

// lineEnds are the ways in which logs end lines.
var lineEnds = map[string]string{"CRLF": "\r\n", "LF": "\n", "CR": "\r", "CRCRLF": "\r\r\n"}

func TestLineEnds(t *testing.T) {
	want := dump([]byte(invite))
	for name, end := range lineEnds {
		t.Run(name, func(t *testing.T) {
			raw := strings.ReplaceAll(invite, "\r\n", end)
			var m Message
			if err := m.Parse([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			got, rest := dump([]byte(raw)), want
			if end != "\r\n" { // the body is another one, and bare CRs end no lines of SDP
				got, _, _ = strings.Cut(got, "flags:")
				rest, _, _ = strings.Cut(rest, "flags:")
			}
			if d := cmp.Diff(rest, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			equal(t, "start of the body", string(m.Body[:3]), "v=0")
		})
	}
}

func TestLeadingLineEnds(t *testing.T) {
	var m Message
	if err := m.Parse([]byte("\r\n\r\n" + invite)); err != nil || m.Flags != 0 {
		t.Errorf("error %v, flags %v, want none", err, m.Flags.Names())
	}
}

// TestCutAnywhere cuts a message at every byte: it is read as far as it goes,
// and says that it was cut.
func TestCutAnywhere(t *testing.T) {
	whole := []byte(invite)
	headers := bytes.Index(whole, []byte("\r\n\r\n"))
	for n := range whole {
		var m Message
		err := m.Parse(whole[:n])
		switch {
		case n > headers+4 && (err != nil || m.Flags&^BodyShort != 0):
			t.Errorf("cut at %d: error %v, flags %v", n, err, m.Flags.Names())
		case n < headers && err == nil && m.Flags&NoEmptyLine == 0:
			t.Errorf("cut at %d: flags %v, want no_empty_line", n, m.Flags.Names())
		}
	}
}
