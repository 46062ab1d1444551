package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"callsift/ingest/sip"
	"callsift/store"
)

func TestSIPCLFGolden(t *testing.T) { goldenFormat(t, sipCLF) }

func FuzzSIPCLF(f *testing.F) { fuzzFormat(f, sipCLF) }

func TestSIPCLFSniff(t *testing.T) {
	index, fields, _ := strings.Cut(sipCLF.Example, "\n")
	for name, test := range map[string]struct {
		head string
		want bool
	}{
		"the example":       {sipCLF.Example, true},
		"small hex digits":  {strings.ToLower(index[1:]) + "\n" + fields, false}, // without the letter
		"small hex":         {"A" + strings.ToLower(index[1:]) + "\n" + fields, true},
		"fields alone":      {fields, true},
		"index alone":       {index + "\n", false},
		"other flags":       {strings.Replace(fields, "RORUU", "XORUU", 1), false},
		"another log first": {"Nov 16 10:00:00 host x\n" + sipCLF.Example, false},
		"nothing":           {"", false},
	} {
		if got := sipCLF.Sniff([]byte(test.head)); got != test.want {
			t.Errorf("%s: Sniff = %v, want %v", name, got, test.want)
		}
	}
}

// inputOf is the input of a golden case.
func inputOf(t *testing.T, file string) string {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(a.Files[0].Data)
}

// parsing is a Sink that holds every message against the SIP parser.
type parsing struct {
	discard
	t    *testing.T
	said []string
}

func (p *parsing) Message(o *Observation) {
	var m sip.Message
	if err := m.Parse(o.Raw); err != nil {
		p.t.Errorf("%q: %v", o.Raw, err)
	}
	if m.Flags.Malformed() {
		p.t.Errorf("%q is malformed", o.Raw)
	}
	p.said = append(p.said, string(o.Raw))
}

func TestSIPCLFMessages(t *testing.T) {
	p := parsing{t: t}
	if err := sipCLF.Read(&Input{Reader: strings.NewReader(inputOf(t, "testdata/sip-clf/fork.txtar"))}, &p); err != nil {
		t.Fatal(err)
	}
	want := "SIP/2.0 486 Busy Here\r\n" +
		"Via: SIP/2.0/UDP clf.invalid;branch=z9hG4bK-c-C6-12\r\nVia: SIP/2.0/UDP clf.invalid;branch=z9hG4bK-s-S1-88\r\n" +
		"From: <sip:1001@example.net:5060>;tag=f1\r\nTo: <sip:bob@example.net>;tag=b2\r\nCall-ID: c1@example.net\r\nCSeq: 1 INVITE\r\n" +
		"Reason: Q.850;cause=17\r\nContent-Length: 0\r\n\r\n"
	if d := cmp.Diff(want, p.said[7]); d != "" {
		t.Error(d)
	}
}

// TestSIPCLFCall: the records of a forked call are one call of two branches
// below the caller's hop, with a retransmission.
func TestSIPCLFCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proxy.clf")
	if err := os.WriteFile(path, []byte(inputOf(t, "testdata/sip-clf/fork.txtar")), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	if err := Run(ctx, db, []string{path}, Options{}, func(r FileResult) {
		if r.Err != nil || r.Source.Format != "sip-clf" || r.Source.Rejected != 0 {
			t.Errorf("%+v", r)
		}
	}); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = db.Query(ctx, "SELECT p.outcome, p.code, a.legs, a.talk_ms FROM attempt a JOIN profile p ON p.id = a.profile WHERE a.call = 0",
		func([]string) error { return nil }, func(row []any) error { got = append(got, strings.TrimSpace(fmt.Sprintln(row...))); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"answered 200 3 -1"}, got); d != "" {
		t.Error(d)
	}
}
