package ingest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"callsift/ingest/dialog"
	"callsift/store"
)

// Step is one message of a call, or one record that a call was made from.
type Step struct {
	Time     int64 // microseconds UTC; 0: unknown
	Src, Dst netip.AddrPort
	Text     string // "INVITE", "180 Ringing", or "CDR"
	Key      string // Call-ID of the message, link or id of the record: calls may be of several
	SDP      bool
	Again    bool   // a retransmission of an earlier step
	Detail   string // Reason, Warning, Retry-After; the disposition of a CDR
	Path     string // the source, and where in it
	Format   string
	Offset   int64
	Length   int64
	Line     int64
}

// Trace lists the messages that a call was made from, with those of all Call-IDs
// that were joined to it and without the copies that other sources hold, and the
// records of the same call, all in order of time.
func Trace(ctx context.Context, db *store.DB, call *store.Attempt) ([]Step, error) {
	sources, err := db.Sources(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[int64]*store.Source{}
	for i := range sources {
		byID[sources[i].ID] = &sources[i]
	}
	parts, err := db.Parts(ctx, call)
	if err != nil {
		return nil, err
	}
	seams, err := db.Seams(ctx)
	if err != nil {
		return nil, err
	}
	hidden := hiddenBy(seams)
	clocks, err := db.Clocks(ctx)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i := range parts {
		p := &parts[i]
		var more []Step
		switch {
		case p.Record != nil:
			more = []Step{recordStep(p.Record, byID)}
		case p.Kind == "cdr":
			more = cdrSteps(p.Evidence, byID)
		default:
			more, err = sipSteps(p.Evidence, call, i > 0, byID, hidden, clocks)
			if err != nil {
				return nil, err
			}
		}
		for k := range more {
			more[k].Key = p.Key
		}
		steps = append(steps, more...)
	}
	slices.SortStableFunc(steps, func(x, y Step) int { return cmp.Compare(x.Time, y.Time) })
	return steps, nil
}

func recordStep(r *store.Attempt, sources map[int64]*store.Source) Step {
	s := Step{Time: r.Start, Text: "CDR", Detail: r.Profile.Reason, Offset: r.Offset, Length: r.Length, Line: r.Line}
	s.from(sources[r.Source])
	return s
}

func (s *Step) from(src *store.Source) {
	if src != nil {
		s.Path, s.Format = src.Path, src.Format
	}
}

func cdrSteps(evidence []store.Evidence, sources map[int64]*store.Source) []Step {
	var all []linkedCDR
	for _, e := range evidence {
		all = unpackCDRs(all, e.Source, e.Data)
	}
	var steps []Step
	for _, r := range distinct(all) {
		text := "CDR"
		if r.Role != "" {
			text += " " + r.Role
		}
		s := Step{Time: r.Start, Text: text, Detail: r.Reason, Offset: r.Offset, Length: int64(r.Length), Line: int64(r.Line)}
		s.from(sources[r.source])
		steps = append(steps, s)
	}
	return steps
}

// sipSteps picks the messages of one call out of those of its Call-ID; of a
// joined Call-ID those of its one call.
func sipSteps(evidence []store.Evidence, call *store.Attempt, joined bool, sources map[int64]*store.Source, hidden hidden, clocks map[int64]store.Clock) ([]Step, error) {
	var msgs []dialog.Message
	for _, e := range evidence {
		var err error
		if msgs, err = unpack(msgs, e.Source, e.Data); err != nil {
			return nil, err
		}
	}
	msgs, _ = hidden.drop(onCommonClock(msgs, clocks))
	seen := map[string]bool{}
	var steps []Step
	list := messagesOf(msgs, call, joined)
	for _, i := range reportsOn(msgs, list) {
		m := &msgs[i]
		s := Step{Time: m.Time, Src: m.Dst, Dst: m.Src, Text: m.Phrase, Detail: "quotes " + m.Method, Offset: m.Offset, Length: int64(m.Length), Line: int64(m.Line)}
		s.from(sources[m.Source])
		steps = append(steps, s)
	}
	for _, i := range list {
		m := &msgs[i]
		s := Step{Time: m.Time, Src: m.Src, Dst: m.Dst, Text: m.Method, SDP: m.Flags&dialog.HasSDP != 0, Detail: messageDetail(m),
			Offset: m.Offset, Length: int64(m.Length), Line: int64(m.Line)}
		if m.Status != 0 {
			s.Text = fmt.Sprintf("%d %s", m.Status, m.Phrase)
		}
		via := ""
		if len(m.Vias) > 0 {
			via = m.Vias[0]
		}
		key := fmt.Sprint(m.Status, m.Method, m.CSeq, via, m.ToTag, m.Src, m.Dst, m.RSeq)
		s.Again, seen[key] = seen[key], true
		s.from(sources[m.Source])
		steps = append(steps, s)
	}
	return steps, nil
}

// messagesOf lists the messages of a call by index, in order of time.
func messagesOf(msgs []dialog.Message, call *store.Attempt, joined bool) []int {
	result := dialog.Assemble(msgs, dialog.Context{})
	var list []int
	for i := range result.Calls {
		c := &result.Calls[i]
		if len(result.Calls) > 1 && (c.Method != call.Profile.Method || c.Start != call.Start && !joined) {
			continue
		}
		list = append(list, c.Messages...)
		for j := range c.Legs {
			list = append(list, c.Legs[j].Messages...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	slices.SortStableFunc(list, func(a, b int) int {
		x, y := &msgs[a], &msgs[b]
		return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.Source, y.Source), cmp.Compare(x.Offset, y.Offset))
	})
	return list
}

// reportsOn lists the reports by index that a message of a list did not arrive.
func reportsOn(msgs []dialog.Message, list []int) []int {
	var found []int
	for i := range msgs {
		m := &msgs[i]
		if m.Flags&dialog.Undelivered != 0 && len(m.Vias) > 0 && slices.ContainsFunc(list, func(k int) bool {
			return len(msgs[k].Vias) > 0 && msgs[k].Vias[0] == m.Vias[0] && msgs[k].CSeq == m.CSeq
		}) {
			found = append(found, i)
		}
	}
	return found
}

// messageDetail is what else a message says about a failure.
func messageDetail(m *dialog.Message) string {
	var b bytes.Buffer
	for _, r := range m.Reasons {
		fmt.Fprintf(&b, " Reason: %s %d %s", r.Protocol, r.Cause, r.Text)
	}
	if m.Warning != "" {
		fmt.Fprintf(&b, " Warning: %s", m.Warning)
	}
	if m.RetryAfter >= 0 {
		fmt.Fprintf(&b, " Retry-After: %d s", m.RetryAfter)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// maxRaw bounds what Raw reads for one record.
const maxRaw = 1 << 20

// Raw reads the original bytes of a step from its source: the region of the
// file with all log prefixes, or the SIP message out of a packet.
func Raw(ctx context.Context, s *Step) ([]byte, error) {
	if s.Path == Stdin || strings.HasPrefix(s.Path, Stdin+"!") {
		return nil, fmt.Errorf("read from standard input: the original bytes are gone")
	}
	if first, second, ok := joinedPaths(ctx, s.Path); ok {
		return rawAcross(ctx, s, first, second)
	}
	var raw []byte
	err := withMember(ctx, s.Path, func(o *opened) (err error) {
		raw, err = rawOf(o, s)
		return err
	})
	return raw, err
}

// joinedPaths are the two sources that go on in one another, by the path of what they are together.
func joinedPaths(ctx context.Context, path string) (first, second string, ok bool) {
	there := func(path string) bool {
		return withMember(ctx, path, func(*opened) error { return nil }) == nil
	}
	for i := 0; ; {
		n := strings.Index(path[i:], joinedBy)
		if n < 0 {
			return "", "", false
		}
		i += n
		first, second = path[:i], path[i+len(joinedBy):]
		if !there(path) && there(first) && there(second) {
			return first, second, true
		}
		i++
	}
}

// rawAcross reads a step that may begin in one source and end in the next.
func rawAcross(ctx context.Context, s *Step, first, second string) ([]byte, error) {
	var raw []byte
	left := min(s.Length, maxRaw)
	skip := s.Offset
	for _, path := range [...]string{first, second} {
		err := withMember(ctx, path, func(o *opened) error {
			n, err := io.CopyN(io.Discard, o.body, skip)
			skip -= n
			if err != nil {
				return nil // all of it is in the second
			}
			part, err := io.ReadAll(io.LimitReader(o.body, left))
			raw, left = append(raw, part...), left-int64(len(part))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("%s: shorter than when it was imported", s.Path)
	}
	return raw, nil
}

// rawOf reads a step from its opened source.
func rawOf(o *opened, s *Step) ([]byte, error) {
	at := Place{Offset: s.Offset, Length: int(min(s.Length, maxRaw)), Line: int(s.Line)}
	if f := FormatNamed(s.Format); f != nil && f.Raw != nil {
		return f.Raw(o.reader(), at)
	}
	raw := make([]byte, at.Length)
	_, err := io.CopyN(io.Discard, o.body, at.Offset)
	if err == nil {
		_, err = io.ReadFull(o.body, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: shorter than when it was imported", s.Path)
	}
	return raw, nil
}
