package ingest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"callsift/ingest/sip"
	"callsift/store"
	"callsift/store/codes"
)

// Look is what a file was recognised as.
type Look struct {
	Path    string // "archive.zip!folder/file" for one of an archive
	Formats []*Format
	Packed  string // gzip, zstd ...
	Why     []Reason
	Near    []Near
	Records []Understood // the first three of each format
	Problem string       // why nothing can be said; "no known format ..."
}

// Reason is the part of a file by which a format knew it.
type Reason struct {
	Format *Format
	Line   int    // the last line that it needed; 0: the file is not text
	Text   string // that line, or the first bytes
}

// Near is another format that would read something of the file.
type Near struct {
	Format   *Format
	Records  int // that it finds in the beginning of the file
	Rejected int
	Reject   string // why the first one
}

// Understood is a record as a format reads it.
type Understood struct {
	Format *Format
	Kind   string // message, call, event
	Line   int
	Offset int64
	Fields [][2]string // name and value, those with one
}

const (
	lookRecords = 3
	lookBytes   = 4 << 20 // of which the records are taken
	lookWhole   = 64 << 20
	lookNear    = 3
)

// Examine finds out what a file is, or each file of an archive, and hands it to
// done. Its error is a cancelled ctx.
func Examine(ctx context.Context, path string, opt Options, done func(Look)) error {
	look := Look{Path: path}
	o, err := openFile(ctx, path, nil)
	if err != nil {
		look.Problem = statCause(err).Error()
		done(look)
		return ctx.Err()
	}
	defer o.close()
	if err := o.unpackBody(); err != nil {
		look.Problem = err.Error()
		done(look)
		return ctx.Err()
	}
	if head, err := o.head(); err == nil {
		if kind := archiveKind(head); kind != "" {
			broken := newArchive(ctx, o, path, kind).walk(func(m *archived, r io.Reader) error {
				one := Look{Path: m.path, Problem: m.problem}
				if m.problem == "" {
					mo := memberOpened(ctx, m, r)
					if err := mo.unpackBody(); err != nil {
						one.Problem = err.Error()
					} else {
						one.examine(mo, opt)
					}
				}
				done(one)
				return ctx.Err()
			})
			if broken != nil {
				look.Problem = broken.Error()
				done(look)
			}
			return ctx.Err()
		}
	}
	look.examine(o, opt)
	done(look)
	return ctx.Err()
}

func (l *Look) examine(o *opened, opt Options) {
	l.Packed = o.note
	head, err := o.head()
	switch {
	case err != nil:
		l.Problem = err.Error()
		return
	case len(head) == 0:
		l.Problem = "empty"
		return
	case archiveKind(head) != "":
		l.Problem = "archive in an archive: unpack it first"
		return
	}
	head = bytes.Clone(head)
	switch {
	case opt.Format != nil:
		l.Formats = []*Format{opt.Format}
	case opt.Columns != nil && detect(head) == nil && printable(head):
		l.Formats = []*Format{&CDRTable}
	default:
		l.Formats = detectAll(head)
	}
	limit := int64(lookBytes)
	if slices.Contains(l.Formats, &CDRSheet) { // its directory is at its end
		limit = lookWhole
	}
	text, _ := io.ReadAll(io.LimitReader(o.body, limit))
	zone, _ := opt.zoneOf(l.Path)
	input := func(b []byte) *Input {
		return &Input{Reader: bytes.NewReader(b), Path: l.Path, Zone: zone, ModTime: o.modTime, Columns: opt.Columns}
	}
	if len(l.Formats) > 0 {
		s := lookSink{each: map[*Format]int{}, format: l.Formats[0]}
		together(l.Formats).Read(input(text), &s)
		l.Records = s.records
		for _, f := range l.Formats {
			if r, ok := l.bannerOf(f, head); ok {
				l.Why = append(l.Why, r)
			} else if r, ok := reasonOf(f, head); ok {
				l.Why = append(l.Why, r)
			}
		}
	} else {
		l.Problem = "no known format; begins " + quoteHead(head)
	}
	if printable(head) { // what text readers find in a capture is its packets
		l.Near = l.near(head, input)
	}
}

// bannerOf is the line that announces the first SIP message of a log, or that
// message's first line where no program's banner does.
func (l *Look) bannerOf(f *Format, head []byte) (Reason, bool) {
	if !isSIPText(f) {
		return Reason{}, false
	}
	for _, r := range l.Records {
		lines := strings.Split(string(head), "\n")
		at := r.Line
		if r.Format != f || at < 1 || at > len(lines) {
			continue
		}
		if f.Name != familySyslog && f.Name != familyText {
			for up := at - 1; up > 0 && up >= at-3; up-- {
				if strings.TrimSpace(lines[up-1]) != "" {
					at = up
					break
				}
			}
		}
		return Reason{Format: f, Line: at, Text: valid(strings.TrimSuffix(lines[at-1], "\r"))}, true
	}
	return Reason{}, false
}

// reasonOf finds how much of a file a format needs to know it.
func reasonOf(f *Format, head []byte) (Reason, bool) {
	if bytes.IndexByte(head, 0) >= 0 && !charsetOf(head).wide() {
		n := 4 // magic numbers
		for n < len(head) && !f.Sniff(head[:n]) {
			n *= 2
		}
		return Reason{Format: f, Text: fmt.Sprintf("% X", head[:min(n, 16, len(head))])}, f.Sniff(head)
	}
	if f.Line != nil {
		for at, n := 0, 1; at < len(head); n++ {
			line, _, _ := bytes.Cut(head[at:], []byte{'\n'})
			if f.Line(bytes.TrimSuffix(line, []byte{'\r'})) {
				return Reason{Format: f, Line: n, Text: valid(string(line))}, true
			}
			at += len(line) + 1
		}
	}
	if !f.Sniff(head) {
		return Reason{}, false
	}
	ends := []int{}
	for at := 0; at < len(head); {
		i := bytes.IndexAny(head[at:], "\r\n")
		if i < 0 {
			break
		}
		at += i + 1
		if at < len(head) && head[at-1] == '\r' && head[at] == '\n' {
			at++
		}
		ends = append(ends, at)
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(head) {
		ends = append(ends, len(head))
	}
	n, _ := slices.BinarySearchFunc(ends, true, func(end int, _ bool) int {
		if f.Sniff(head[:end]) {
			return 0
		}
		return -1
	})
	n = min(n, len(ends)-1)
	from := 0
	if n > 0 {
		from = ends[n-1]
	}
	text := charsetOf(head).decode(bytes.TrimRight(head[from:ends[n]], "\r\n"))
	return Reason{Format: f, Line: n + 1, Text: text}, true
}

// near lists other formats that find records in the beginning of a file.
func (l *Look) near(head []byte, input func([]byte) *Input) []Near {
	var list []Near
	sipRead := false
	for _, f := range l.Formats {
		sipRead = sipRead || isSIPText(f)
	}
	for _, f := range Formats {
		if slices.Contains(l.Formats, f) || isSIPText(f) && sipRead {
			continue
		}
		s := lookSink{each: map[*Format]int{}, format: f, most: 1 << 30}
		f.Read(input(head), &s)
		if s.n > 0 {
			list = append(list, Near{f, s.n, s.rejected, s.reject})
			sipRead = sipRead || isSIPText(f)
		}
	}
	slices.SortStableFunc(list, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.Records-b.Rejected, a.Records-a.Rejected), cmp.Compare(b.Records, a.Records))
	})
	return list[:min(len(list), lookNear)]
}

// isSIPText reports whether a format is one of those that share the reader of
// SIP inside text: what one finds, all find.
func isSIPText(f *Format) bool {
	return f != nil && slices.ContainsFunc(sipTextFormats, func(s Format) bool { return s.Name == f.Name })
}

// lookSink keeps the first records of each format.
type lookSink struct {
	format   *Format
	most     int // for counting alone
	n        int
	rejected int
	reject   string
	each     map[*Format]int
	records  []Understood
	parsed   sip.Message
}

func (s *lookSink) use(f *Format) { s.format = f }

func (s *lookSink) take(kind string, line int, offset int64, fields func() [][2]string) {
	s.n++
	if s.each[s.format]++; s.most == 0 && s.each[s.format] <= lookRecords {
		list := slices.DeleteFunc(fields(), func(f [2]string) bool { return f[1] == "" })
		s.records = append(s.records, Understood{s.format, kind, line, offset, list})
	}
}

func (s *lookSink) Message(o *Observation) {
	if err := s.parsed.Parse(o.Raw); err != nil && o.Undelivered == "" {
		s.Reject(o.Place, err.Error(), nil)
		return
	}
	s.take("message", o.Line, o.Offset, func() [][2]string { return messageFields(o, &s.parsed) })
}

func (s *lookSink) CDR(c *CDR) {
	s.take("call", c.Line, c.Offset, func() [][2]string { return cdrFields(c) })
}

func (s *lookSink) Event(e *store.Event) {
	s.take("event", int(e.Line), e.Offset, func() [][2]string {
		return [][2]string{{"time", lookTime(e.Time)}, {"event", e.Kind}, {"device", e.Device}, {"subject", e.Subject}, {"code", lookNumber(int64(e.Code), 0)}, {"text", e.Text}}
	})
}

func (s *lookSink) Reject(_ Place, reason string, _ []byte) {
	if s.rejected++; s.reject == "" {
		s.reject = reason
	}
}

func (s *lookSink) Warn(Place, string) {}

func messageFields(o *Observation, m *sip.Message) [][2]string {
	first := fmt.Sprintf("%s %s", m.Method, m.URI)
	if !m.IsRequest() {
		first = strings.TrimSpace(fmt.Sprintf("%d %s", m.Status, m.Phrase))
	}
	if o.Undelivered != "" {
		first = o.Undelivered
	}
	address := func(valid bool, s string) string {
		if valid {
			return s
		}
		return ""
	}
	return [][2]string{
		{"time", lookTime(o.Time)}, {"message", first}, {"cseq", strings.TrimSpace(fmt.Sprintf("%s %s", m.CSeq, m.CSeqMethod))},
		{"source", address(o.Src.IsValid(), o.Src.String())}, {"destination", address(o.Dst.IsValid(), o.Dst.String())},
		{"transport", [...]string{"", "UDP", "TCP", "TLS", "WS", "WSS", "SCTP"}[o.Transport]}, {"heading", [...]string{"", "sent", "received"}[o.Heading]},
		{"from", string(m.From)}, {"to", string(m.To)}, {"call_id", string(m.CallID)}, {"device", o.Device},
	}
}

func cdrFields(c *CDR) [][2]string {
	return [][2]string{
		{"start", lookTime(c.Start)}, {"answer", lookTime(c.Answer)}, {"end", lookTime(c.End)}, {"talk_ms", lookNumber(c.Talk, -1)},
		{"caller", c.Caller}, {"callee", c.Callee}, {"outcome", string(c.Outcome)}, {"reason", c.Reason},
		{"code", lookNumber(int64(c.Code), codes.Unknown)}, {"cause_q850", lookNumber(int64(c.CauseQ850), -1)},
		{"trunk", c.Trunk}, {"peer", c.Peer}, {"direction", string(c.Direction)}, {"device", c.Device}, {"user_agent", c.UserAgent},
		{"id", c.ID}, {"link", c.Link}, {"role", c.Role}, {"call_id", c.CallID}, {"flags", strings.Join(c.Flags.Names(), ",")},
	}
}

func lookTime(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.999999Z07:00")
}

func lookNumber(n, none int64) string {
	if n == none {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
