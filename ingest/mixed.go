package ingest

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
)

// A log may hold records of several formats: SIP messages, acc lines, CDRs and
// hang-ups that different parts of a box wrote to one syslog. Each of them is
// read by its own reader, over the same bytes, block by block in turn. The source
// then has the names of all, with + between them, and each record its own format.

// detectAll finds the formats of a file by its first bytes: the one that accepts
// it, and those that have lines of their own in it. nil: none.
func detectAll(head []byte) []*Format {
	first := detect(head)
	if first == nil || first.Line == nil && first.Kind != "sip" && first != &AsteriskLog || bytes.IndexByte(head, 0) >= 0 {
		if first == nil {
			return nil
		}
		return []*Format{first}
	}
	parts := []*Format{first}
	add := func(f *Format) {
		if f != nil && !slices.Contains(parts, f) {
			parts = append(parts, f)
		}
	}
	if first.Kind != "sip" {
		if family := sniffSIPText(head); family != "" {
			// SIP text has the lines of Asterisk's log in hand as well.
			parts = slices.DeleteFunc(parts, func(f *Format) bool { return f == &AsteriskLog })
			add(FormatNamed(family))
		}
	}
	for _, f := range Formats {
		if f.Line != nil && f != first && hasLine(head, f) {
			add(f)
		}
	}
	slices.SortFunc(parts, func(a, b *Format) int { return slices.Index(Formats, a) - slices.Index(Formats, b) })
	return parts
}

// hasLine reports whether one of the lines of head is a record of a format. The
// last one may be cut and is left out, if there are others.
func hasLine(head []byte, f *Format) bool {
	for len(head) > 0 {
		line, rest, whole := bytes.Cut(head, []byte{'\n'})
		if !whole && len(line) == headSize {
			return false
		}
		if f.Line(bytes.TrimSuffix(line, []byte{'\r'})) {
			return true
		}
		head = rest
	}
	return false
}

// together is the format of a file in several formats.
func together(parts []*Format) *Format {
	if len(parts) == 1 {
		return parts[0]
	}
	var names []string
	rotates := false
	for _, f := range parts {
		names = append(names, f.Name)
		rotates = rotates || f.Rotates
	}
	return &Format{Name: strings.Join(names, "+"), Rotates: rotates, Read: func(in *Input, out Sink) error { return readMixed(parts, in, out) }}
}

// formatOfAll is the format of what sources of these formats make together, as
// their names stand in the ledger; nil: all are unknown. Of SIP there is one.
func formatOfAll(sources ...string) *Format {
	var parts []*Format
	for _, source := range sources {
		for _, name := range strings.Split(source, "+") {
			f := FormatNamed(name)
			sip := func(have *Format) bool { return isSIPText(f) && isSIPText(have) }
			if f != nil && !slices.Contains(parts, f) && !slices.ContainsFunc(parts, sip) {
				parts = append(parts, f)
			}
		}
	}
	if slices.ContainsFunc(parts, isSIPText) { // it has the lines of Asterisk's log in hand
		parts = slices.DeleteFunc(parts, func(f *Format) bool { return f == &AsteriskLog })
	}
	if len(parts) == 0 {
		return nil
	}
	slices.SortFunc(parts, func(a, b *Format) int { return slices.Index(Formats, a) - slices.Index(Formats, b) })
	return together(parts)
}

// formatIn is the format of a bundle's rows where the source has several: a link
// names its own, and of SIP there is one.
func formatIn(source, kind, key string) string {
	if !strings.Contains(source, "+") {
		return source
	}
	if family, _, ok := strings.Cut(key, " "); ok && kind == "cdr" {
		for _, name := range strings.Split(source, "+") {
			if recordFamily(name) == family {
				return name
			}
		}
	}
	for _, name := range strings.Split(source, "+") {
		if f := FormatNamed(name); f != nil && f.Kind == "sip" {
			return name
		}
	}
	return source
}

// mixedBlock is how much each reader is given at a time.
const mixedBlock = 64 << 10

// errEnough ends a reader that is not to go on.
var errEnough = errors.New("enough")

// feed hands a reader the blocks of a source.
type feed struct {
	format *Format
	in     Input
	rest   []byte
	more   func(struct{}) bool // waits for the next block
	ended  bool
	cause  error // how the source ended

	next func() (struct{}, bool)
	stop func()
	err  error // of the reader
	done bool
}

func (f *feed) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if f.ended {
			return 0, f.cause
		}
		if !f.more(struct{}{}) {
			return 0, errEnough
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// readMixed reads a source in several formats. The readers take turns, so that
// the order of what they find depends on the source alone.
func readMixed(parts []*Format, in *Input, out Sink) error {
	use := func(*Format) {}
	if s, ok := out.(interface{ use(*Format) }); ok {
		use = s.use
	}
	feeds := make([]*feed, len(parts))
	for i, part := range parts {
		f := &feed{format: part, in: *in}
		f.in.Reader = f
		f.next, f.stop = iter.Pull(iter.Seq[struct{}](func(yield func(struct{}) bool) {
			f.more = yield
			f.err = part.Read(&f.in, out)
			f.done = true
		}))
		defer f.stop()
		feeds[i] = f
	}
	turn := func(f *feed, block []byte) {
		if f.rest = block; f.done {
			return
		}
		use(f.format)
		f.next()
	}
	for _, f := range feeds {
		turn(f, nil) // up to its first read
	}
	var carry []byte
	buf := make([]byte, mixedBlock)
	for ended := false; !ended; {
		n, err := io.ReadFull(in, buf)
		ended = err != nil
		block := append(carry, buf[:n]...)
		carry = nil
		if cut := bytes.LastIndexByte(block, '\n') + 1; !ended && cut > 0 {
			carry = slices.Clone(block[cut:])
			block = block[:cut]
		}
		if ended && err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		for _, f := range feeds {
			own := block
			if f.format.Rows {
				own = onlyLines(block, f.format)
			}
			if f.ended = ended; ended {
				f.cause = err
			}
			turn(f, own)
		}
	}
	var failed error
	for _, f := range feeds {
		for !f.done { // what is left of the last block
			turn(f, f.rest)
		}
		if failed == nil {
			failed = f.err
		}
		in.addZone(f.in.TZ, f.in.TZFrom)
	}
	return failed
}

// addZone adds a part's zone to what is known of the source's.
func (in *Input) addZone(tz, from string) {
	switch {
	case from == "" || in.TZ == tz && in.TZFrom == from:
	case in.TZFrom == "":
		in.TZ, in.TZFrom = tz, from
	default:
		in.TZ, in.TZFrom = in.TZ+"; "+tz, in.TZFrom+"; "+from
	}
}

// onlyLines is a block with all lines blank but those of a format.
func onlyLines(block []byte, f *Format) []byte {
	own := bytes.Clone(block)
	for at := 0; at < len(own); {
		end := len(own)
		if i := bytes.IndexByte(own[at:], '\n'); i >= 0 {
			end = at + i
		}
		if line := own[at:end]; !f.Line(bytes.TrimSuffix(line, []byte{'\r'})) {
			for i := range line {
				line[i] = ' '
			}
		}
		at = end + 1
	}
	return own
}
