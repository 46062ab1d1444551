package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/wneessen/go-mail"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
	"callsift/charts/internal/words"
)

// mailLines is the longest text of a mail.
const mailLines = 20

// mailCharts are drawn inside the mail, as wide as a mail is on a telephone and in a
// preview.
var mailCharts = []string{"pareto", "heatmap", "trend"}

//go:embed mail.html
var mailText string

var mailTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("mail").Funcs(template.FuncMap{"clean": show.Clean}).Parse(mailText))
})

// mailView is what the mail's template sees.
type mailView struct {
	Title, Lang, Lead  string
	Now, Before        string
	Facts, Rest, Notes []string
	Rows               []mailRow
	Images             []mailImage
	Color              map[string]template.CSS
}

type mailRow struct{ Label, Now, Before string }

type mailImage struct {
	Src template.HTMLAttr // of our own making
	Alt string
}

// Mail is the report as a mail to be sent: a text of at most 20 lines, the same as
// HTML, and the charts that say most inside it. Telephone numbers are masked unless
// the options say that they are not to be.
func Mail(r *analyze.Report, opt Options) (*mail.Msg, error) {
	if !opt.OpenMail {
		r, opt = Mask(r, opt)
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	l := opt.lang()
	m.Subject(mailSubject(r, l))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, strings.Join(mailBody(r, opt.lang()), "\r\n")+"\r\n")
	v := mailView{
		Title: mailSubject(r, l), Lang: cmp.Or(opt.Chart.Lang, "en"), Now: l.Say("now"), Before: l.Say("before"), Facts: mailFacts(r, l), Notes: mailFindings(r, l), Rows: mailKPIs(r, l),
		Color: map[string]template.CSS{},
	}
	for name, ink := range map[string]string{"text": "text", "muted": "muted", "line": "grid", "bad": "failed"} {
		v.Color[name] = template.CSS(charts.Color(ink, false))
	}
	if len(r.Verdict) > 0 {
		v.Lead = l.Say(r.Verdict[0])
		for _, s := range r.Verdict[1:] {
			v.Rest = append(v.Rest, l.Say(s))
		}
	}
	if err := embedCharts(m, &v, r, opt); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := mailTemplate().Execute(&b, v); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	m.AddAlternativeString(mail.TypeTextHTML, b.String())
	return m, nil
}

// embedCharts draws the charts of a mail that have something to show.
func embedCharts(m *mail.Msg, v *mailView, r *analyze.Report, opt Options) error {
	o := opt.drawings()
	o.Width, o.Height, o.Scale, o.Dark = 640, 0, 2, false
	for _, name := range mailCharts {
		fig, err := charts.New(name, r)
		if err != nil {
			return err
		}
		if fig.Empty != "" {
			continue
		}
		if fig.Height() == 0 {
			o.Height = 440
		} else {
			o.Height = fig.Height()
		}
		var b bytes.Buffer
		if err := charts.Render(&b, fig, "png", o); err != nil {
			return err
		}
		if err := m.EmbedReader(name+".png", &b, mail.WithFileContentID("<"+name+"@callsift>"), mail.WithFileContentType("image/png")); err != nil {
			return fmt.Errorf("mail: %w", err)
		}
		v.Images = append(v.Images, mailImage{template.HTMLAttr(`src="cid:` + name + `@callsift"`), opt.lang().Say(fig.Title) + ". " + opt.lang().Say(fig.Alt)})
	}
	return nil
}

func mailSubject(r *analyze.Report, l words.Lang) string {
	s := show.Clean(r.Title + ": " + l.Say("call failures") + " " + periodName(r))
	for _, m := range r.KPIs {
		if m.Name == "failure_rate" && m.OK {
			s += ": " + l.Say(plainSpaces(valueOf(m))+" failed")
			if before := r.Previous[m.Name]; before.OK {
				s += " (" + l.Say("before") + " " + plainSpaces(valueOf(before)) + ")"
			}
		}
	}
	return s
}

func plainSpaces(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func mailFacts(r *analyze.Report, l words.Lang) []string {
	return []string{
		fmt.Sprintf("%s – %s %s", l.Say(show.Moment(r.Period.From)), l.Say(show.Moment(r.Period.To)), show.Clean(r.Zone)),
		l.Say(fmt.Sprintf("coverage %s of %s, scope %s, rules %s", show.Hours(r.Covered), show.Hours(r.Hours), r.Scope, show.Clean(r.Rules))),
	}
}

// mailBody is the text of the mail.
func mailBody(r *analyze.Report, l words.Lang) []string {
	lines := append([]string{show.Clean(r.Title) + ": " + l.Say("call failures") + " " + periodName(r)}, mailFacts(r, l)...)
	lines = append(lines, "")
	verdict := verdictLines(saidAll(r.Verdict, l))
	if len(verdict) == 0 {
		verdict = []string{l.Say(fmt.Sprintf("No %s in %s.", show.Scope(r.Scope), periodName(r)))}
	}
	lines = append(append(lines, verdict...), "")
	for _, k := range mailKPIs(r, l) {
		lines = append(lines, pad(k.Label, 42)+" "+right(k.Now, 10)+"   "+l.Say("before")+" "+right(k.Before, 10))
	}
	end := []string{"", l.Say(equation(r))}
	var found []string
	for _, f := range mailFindings(r, l) {
		more := verdictLines([]string{f})
		for i := range more {
			more[i] = [...]string{"! ", "  "}[min(i, 1)] + more[i]
		}
		if len(lines)+1+len(found)+len(more)+len(end) <= mailLines {
			found = append(found, more...)
		}
	}
	if len(found) > 0 {
		lines = append(append(lines, ""), found...)
	}
	lines = append(lines, end...)
	for i, l := range lines {
		lines[i] = strings.TrimRight(cutTo(plainSpaces(show.Clean(l)), summaryWidth), " ")
	}
	return lines
}

// mailKPIs are the figures of a mail.
func mailKPIs(r *analyze.Report, l words.Lang) []mailRow {
	var rows []mailRow
	for _, name := range []string{"calls", "failure_rate", "asr", "ner", "pdd_p95"} {
		for _, m := range r.KPIs {
			if m.Name == name {
				rows = append(rows, mailRow{show.Clean(l.Say(m.Label)), plainSpaces(l.Say(valueOf(m))), plainSpaces(l.Say(valueOf(r.Previous[name])))})
			}
		}
	}
	return rows
}

// mailFindings are the first findings, or incidents, as a sentence each.
func mailFindings(r *analyze.Report, l words.Lang) []string {
	var out []string
	for _, f := range r.Findings[:min(3, len(r.Findings))] {
		out = append(out, show.Clean(l.Say(f.Title)))
	}
	if r.Findings == nil {
		for _, in := range r.Incidents[:min(3, len(r.Incidents))] {
			out = append(out, show.Clean(l.Say(show.Span(in.From, in.To))+": "+l.Say(incidentTitle(r, in))))
		}
	}
	return out
}

// letter is mail.eml: the mail as a file, to be opened and sent by hand. Its date is
// the end of the period and its boundaries are fixed, so that it is the same file
// every time.
func letter(r *analyze.Report, opt Options) ([]byte, error) {
	m, err := Mail(r, opt)
	if err != nil {
		return nil, err
	}
	if err := m.FromFormat("callsift", "callsift@localhost.invalid"); err != nil {
		return nil, err
	}
	m.SetGenHeader("X-Unsent", "1") // a mail program opens it for writing
	date := r.Period.To
	if date.IsZero() {
		date = packDate
	}
	m.SetDateWithValue(date)
	m.SetMessageIDWithValue(fmt.Sprintf("report.%s.%s@callsift.invalid", date.UTC().Format("20060102"), show.Cut(strings.Map(wordRune, r.Checksum), 16)))
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("mail.eml: %w", err)
	}
	return settledBoundaries(b.Bytes()), nil
}

func wordRune(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

var boundary = lazily(`boundary="?([0-9A-Za-z]{30,})"?`)

// settledBoundaries replaces the random boundaries of a mail.
func settledBoundaries(data []byte) []byte {
	for i, m := range boundary().FindAllSubmatch(data, -1) {
		data = bytes.ReplaceAll(data, m[1], fmt.Appendf(nil, "callsift-part-%d", i+1))
	}
	return data
}
