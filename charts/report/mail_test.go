package report

import (
	"archive/zip"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"callsift/charts/internal/sample"
)

// unzipped is all that stands in a zip file.
func unzipped(t *testing.T, data []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(&b, r)
		r.Close()
	}
	return b.String()
}

// parts are the parts of a mail by content type, nested ones too.
func parts(t *testing.T, kind string, body io.Reader, into map[string][]string) {
	t.Helper()
	media, param, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatalf("%q: %v", kind, err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		into[media] = append(into[media], string(data))
		return
	}
	for r := multipart.NewReader(body, param["boundary"]); ; {
		p, err := r.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		parts(t, p.Header.Get("Content-Type"), p, into)
	}
}

// mail.eml parses, holds a short text, the same as HTML and three charts that the
// HTML shows, has no telephone number, and is the same on a second run.
func TestMail(t *testing.T) {
	r := sample.Hotel()
	r.Verdict = append(r.Verdict, "Most of them from 03023125408.")
	data, err := letter(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if want := "Hotel Seeblick: call failures 2026-W46: 6.9 % failed (before 2.9 %)"; err != nil || subject != want {
		t.Errorf("subject %q, want %q", subject, want)
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(r.Period.To) {
		t.Errorf("date %v, %v, want the end of the period", at, err)
	}
	got := map[string][]string{}
	parts(t, m.Header.Get("Content-Type"), m.Body, got)
	if len(got["text/plain"]) != 1 || len(got["text/html"]) != 1 || len(got["image/png"]) != 3 {
		t.Fatalf("%d texts, %d pages, %d pictures", len(got["text/plain"]), len(got["text/html"]), len(got["image/png"]))
	}
	text, page := got["text/plain"][0], got["text/html"][0]
	if n := strings.Count(text, "\n"); n > mailLines {
		t.Errorf("%d lines, want at most %d:\n%s", n, mailLines, text)
	}
	for _, want := range []string{"6.9 %", "171 of 188 calls over trunk carrier-a", "030xxxxxxxx", "calls 4,032 = answered 2,871"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the text:\n%s", want, text)
		}
	}
	if strings.Contains(text+page, "03023125408") {
		t.Error("a telephone number in the mail")
	}
	for _, name := range mailCharts {
		if !strings.Contains(page, `src="cid:`+name+`@callsift"`) || !bytes.Contains(data, []byte("Content-Id: <"+name+"@callsift>")) {
			t.Errorf("chart %s is not in the mail", name)
		}
	}
	if again, _ := letter(r, Options{}); !bytes.Equal(again, data) {
		t.Error("another mail on a second run")
	}
	open, err := letter(r, Options{OpenMail: true})
	if err != nil || !bytes.Contains(open, []byte("03023125408")) {
		t.Errorf("no number where it is asked for: %v", err)
	}
}

// A mail is made of any report, in at most 20 lines, without foreign markup.
func TestMailExtremes(t *testing.T) {
	for name, r := range sample.Extremes() {
		if n := len(mailBody(r, "")); n > mailLines {
			t.Errorf("%s: %d lines", name, n)
		}
		data, err := letter(r, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := map[string][]string{}
		parts(t, m.Header.Get("Content-Type"), m.Body, got)
		if strings.Contains(got["text/html"][0], "<script") || strings.ContainsAny(got["text/plain"][0], "\x1b\u202e") {
			t.Errorf("%s: foreign markup or control characters", name)
		}
	}
}
