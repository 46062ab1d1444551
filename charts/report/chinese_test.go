package report

import (
	"bytes"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"callsift/charts/internal/words/left"
	"callsift/store/codes"
)

// names are those of the sample site and of its formats, and ids of metrics, marks
// and keys, which are the same in every language.
var names = regexp.MustCompile(`\b(site|sip\.carrier-a\.example|carrier-[ab](-sbc)?|asterisk-csv|sip-syslog|newrock-om|pcap|gzip|uniqueid|connected|devel|kpi|pbx_answered|mid_call_problem|reinvite_rejected|user_agent|` +
	`abandon_early|abandon_ringing|aloc|cps_minute|drops|failure_rate|ira|isa|peak_calls|seer|short_calls|asr|ner|calls|answered|pdd_p\d+|recovered|Chart \d|Normal|Office( Theme)?|lt)\b|` +
	`Reason: Q\.850.*|\{(all|n|what)\}|/[^ \n]*/[^ \n]*`)

// No English is left in any form of the sample site's report in Chinese, nor in what
// the terminal shows, but names, the protocol's words and raw messages.
func TestNoEnglishLeft(t *testing.T) {
	const font = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
	if _, err := os.Stat(font); err != nil {
		t.Skip("fonts-wqy-microhei is not installed: the report in Chinese is not made")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "callsift")
	if out, err := exec.Command("go", "build", "-o", program, "callsift/cmd/callsift").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, "-q", "report", "--week", "2026-W46", "--lang", "zh", "--font", font, "--out", dir, "../../testdata/site")
	shown, err := cmd.Output()
	if err != nil {
		t.Fatalf("report: %v", err)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	check := func(form, text string) {
		if n := len(regexp.MustCompile(`\p{Han}`).FindAllString(text, -1)); n < 60 {
			t.Errorf("%s: %d Chinese characters in all", form, n)
		}
		told := 0
		for line := range strings.Lines(text) {
			for _, c := range codes.AllSIP() { // a cause may be a phrase alone
				line = strings.ReplaceAll(line, c.Phrase, "")
			}
			if en := left.English(names.ReplaceAllString(line, " ")); en != "" && told < 12 {
				told++
				t.Errorf("%s: %q is left in %q", form, en, line[:min(len(line), 300)])
			}
		}
	}
	check("terminal", strings.ReplaceAll(string(shown), dir+"/report.html", ""))
	check("report.md", string(read("report.md")))
	check("report.html", visible(string(read("report.html"))))
	var cells []string
	for _, m := range regexp.MustCompile(`<t[^>]*>([^<]*)</t>|<sheet name="([^"]*)"`).FindAllStringSubmatch(unzipped(t, read("report.xlsx")), -1) {
		cells = append(cells, html.UnescapeString(m[1]+m[2]))
	}
	check("report.xlsx", strings.Join(cells, "\n"))
	check("mail.eml", letterText(t, read("mail.eml")))
	if pdf, err := exec.Command("pdftotext", "-layout", filepath.Join(dir, "report.pdf"), "-").Output(); err == nil {
		check("report.pdf", string(pdf))
	} else {
		t.Logf("no pdftotext here: report.pdf is not read: %v", err)
	}
}

// visible is what a reader of a page may see or hear: no script, no raw lines and no ids.
func visible(page string) string {
	for _, tag := range []string{"style", "script", "pre", "code"} {
		page = regexp.MustCompile(`(?s)<`+tag+`[^>]*>.*?</`+tag+`>`).ReplaceAllString(page, "")
	}
	var said []string
	for _, m := range regexp.MustCompile(` (?:title|aria-label|data-(?:filter|sorted|told|span|all))="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		said = append(said, m[1])
	}
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "\n") + strings.Join(said, "\n"))
}

// letterText is the subject and the texts of a mail.
func letterText(t *testing.T, data []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	texts := []string{subject}
	var walk func(kind string, body io.Reader)
	walk = func(kind string, body io.Reader) {
		media, params, _ := mime.ParseMediaType(kind)
		if strings.HasPrefix(media, "text/") {
			text, err := io.ReadAll(quotedprintable.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, visible(string(text)))
		}
		if !strings.HasPrefix(media, "multipart/") {
			return
		}
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err != nil {
				return
			}
			walk(p.Header.Get("Content-Type"), p)
		}
	}
	walk(m.Header.Get("Content-Type"), m.Body)
	if len(texts) != 3 {
		t.Errorf("%d texts in the mail, want its subject, plain and HTML", len(texts))
	}
	return strings.Join(texts, "\n")
}
