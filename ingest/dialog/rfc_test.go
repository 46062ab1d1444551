package dialog

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestRFCFlows assembles the call flows that RFC 3665 and RFC 3666 print, and
// compares each section with what is to come of it.
func TestRFCFlows(t *testing.T) {
	for _, name := range []string{"rfc3665", "rfc3666"} {
		text, err := os.ReadFile("../../../shared/reference/rfc/" + name + ".txt")
		if err != nil {
			t.Skipf("the RFC's text is not here: %v", err)
		}
		file := "testdata/rfc/" + name + ".txtar"
		want, err := txtar.ParseFile(file)
		if err != nil && !*update {
			t.Fatal(err)
		}
		got := &txtar.Archive{}
		if want != nil {
			got.Comment = want.Comment
		}
		for _, sec := range rfcSections(string(text)) {
			s := newScene("")
			sec.messages(s)
			if len(s.msgs) == 0 {
				continue
			}
			r := Assemble(s.msgs, Context{CoverageEnd: lastTime(s.msgs) + 3600e6})
			checkCounts(t, r.Counts)
			checkResult(t, s.msgs, r)
			got.Files = append(got.Files, txtar.File{Name: sec.title, Data: []byte(show(s, r))})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(txtar.Format(want)), string(txtar.Format(got))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

type rfcSection struct {
	title string
	lines []string
}

var (
	rfcTitle   = regexp.MustCompile(`^([23456]\.[0-9]+)\. +(\S.*)$`)
	rfcMessage = regexp.MustCompile(`^   F([0-9]+) (.*?) *(?:F[0-9]+ )?([A-Z][A-Za-z]*(?: ?[0-9]| Server| ALG| Proxy)?) ?-> ?([A-Z][A-Za-z]*(?: ?[0-9]| Server| ALG| Proxy)?)$`)
	rfcSame    = regexp.MustCompile(`(?:[Ss]ame as|Resend of) (?:Message )?F([0-9]+)`)
	rfcPage    = regexp.MustCompile(`\n+Johnston, et al\.[^\n]*\n\f?\n*RFC [^\n]*\n+`)
	rfcComment = regexp.MustCompile(`(?s) */\*.*?\*/ *\n`)
)

func rfcSections(text string) []rfcSection {
	text = strings.ReplaceAll(text, "\r", "")
	text = rfcPage.ReplaceAllString(text, "\n") // no empty line: a page may end inside a header section
	text = rfcComment.ReplaceAllString(text, "")
	var out []rfcSection
	for _, line := range strings.Split(text, "\n") {
		if m := rfcTitle.FindStringSubmatch(line); m != nil && !strings.Contains(line, " . ") {
			out = append(out, rfcSection{title: m[1] + " " + strings.TrimSpace(m[2])})
			continue
		}
		if len(out) > 0 {
			s := &out[len(out)-1]
			s.lines = append(s.lines, line)
		}
	}
	return out
}

// messages appends the section's messages, a quarter of a second apart; those
// sent again keep their distance of half a second and more.
func (sec *rfcSection) messages(s *scene) {
	now := int64(sceneStart)
	byNumber := map[int]Message{}
	for i, line := range sec.lines {
		head := rfcMessage.FindStringSubmatch(line)
		if head == nil {
			continue
		}
		var text bytes.Buffer
		for _, l := range sec.lines[i+1:] {
			if rfcMessage.MatchString(l) {
				break
			}
			if text.Len() == 0 && strings.TrimSpace(l) == "" {
				continue
			}
			text.WriteString(strings.TrimPrefix(l, "   ") + "\n")
		}
		n, _ := strconv.Atoi(head[1])
		m, _, ok := parseSIP(text.String())
		if same := rfcSame.FindStringSubmatch(text.String()); same != nil && !ok {
			k, _ := strconv.Atoi(same[1])
			m, ok = byNumber[k], byNumber[k].Method != ""
			now += 500e3
		}
		if !ok {
			continue // ISUP, ISDN, DNS
		}
		byNumber[n] = m
		now += 250e3
		m.Time, m.Source, m.Offset, m.Flags = now, 1, int64(n), m.Flags|FromCapture
		m.Src, m.Dst = s.addr(rfcHost(head[3])), s.addr(rfcHost(head[4]))
		s.msgs = append(s.msgs, m)
	}
}

// rfcHost is the host's name in one spelling.
func rfcHost(name string) string {
	switch name {
	case "A":
		name = "Alice"
	case "B":
		name = "Bob"
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(name), " ", "-"), "ngw1", "ngw-1")
}
