package ingest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"callsift/ingest/dialog"
	"callsift/store"
)

// A log that is rotated by size may be cut anywhere, in the middle of a message.
// So of every text source the ends are kept: the bytes up to behind its first
// message and those from before its last one. After an import the ends of all
// sources are tried on one another. Where the end of one and the beginning of
// another make more of a message than each alone, both are read together as a
// third source, "a.log.1 + a.log"; what the two have of it themselves then counts
// as duplicates. Which sources go together depends on what they hold and on
// their names, never on the order in which they came.

// Bounds of what may go together.
const (
	seamTries   = 6                     // sources that the end of one is tried on
	seamBack    = 5 * 1_000_000         // that the next may begin before the end, in µs
	seamForward = 24 * 3600 * 1_000_000 // after it
	joinedBy    = " + "                 // between the paths of two sources that are read together
)

// seamMaker finds out which sources go on in which, and makes it so.
type seamMaker struct {
	ctx    context.Context
	db     *store.DB
	err    error // the first of the database
	pieces []store.Piece
	zone   map[int64]*time.Location // by source
	alone  map[seamEnd]*pieceReading
}

// seamEnd is one end of a source.
type seamEnd struct {
	*store.Piece
	tail bool
}

// bytes are those of an end, nil if there are none.
func (m *seamMaker) bytes(e seamEnd) []byte {
	if m.err != nil {
		return nil
	}
	head, tail, err := m.db.PieceBytes(m.ctx, e.Source)
	m.err = err
	if e.tail {
		return tail
	}
	return head
}

// both are the bytes of two ends one after the other.
func (m *seamMaker) both(w match) []byte {
	return slices.Concat(m.bytes(seamEnd{w.tail, true}), m.bytes(seamEnd{w.head, false}))
}

// joinSeams brings the seams up to date with the sources that there are.
func joinSeams(ctx context.Context, db *store.DB) error {
	// What was imported is stored by now: to stop here would call it off too late.
	if may, err := db.MayHaveSeams(context.WithoutCancel(ctx)); err != nil || !may {
		return err
	}
	im, err := db.Edit(ctx)
	if err != nil {
		return err
	}
	m := newSeamMaker(ctx, db, im)
	have := im.Seams()
	err = im.Err()
	im.Rollback()
	if err != nil {
		return err
	}
	want := m.matches()
	if m.err != nil {
		return m.err
	}
	for _, s := range have {
		i := slices.IndexFunc(want, func(w match) bool { return w.tail.Source == s.Tail && w.head.Source == s.Head })
		switch {
		case i >= 0:
			want = slices.Delete(want, i, i+1)
		case m.piece(s.Tail) != nil && m.piece(s.Head) != nil: // else retention took the bytes by which to judge
			if err := m.part(s); err != nil {
				return err
			}
		}
	}
	for _, w := range want {
		if err := m.join(w); err != nil {
			return err
		}
	}
	return nil
}

// partSeams takes the seams of a source out, before it goes itself.
func partSeams(ctx context.Context, db *store.DB, source int64) error {
	seams, err := db.Seams(ctx)
	if err != nil {
		return err
	}
	for _, s := range seams {
		if s.Tail != source && s.Head != source && s.Joined != source {
			continue
		}
		im, err := db.Edit(ctx)
		if err != nil {
			return err
		}
		m := newSeamMaker(ctx, db, im)
		im.Rollback()
		if err := m.part(s); err != nil {
			return err
		}
	}
	return nil
}

func newSeamMaker(ctx context.Context, db *store.DB, im *store.Import) *seamMaker {
	m := &seamMaker{ctx: ctx, db: db, pieces: im.Pieces(), alone: map[seamEnd]*pieceReading{}, zone: map[int64]*time.Location{}}
	for id, name := range im.Zones() {
		if zone, err := time.LoadLocation(name); err == nil {
			m.zone[id] = zone
		}
	}
	return m
}

func (m *seamMaker) piece(source int64) *store.Piece {
	for i := range m.pieces {
		if m.pieces[i].Source == source {
			return &m.pieces[i]
		}
	}
	return nil
}

// matches are the pairs that go together, no source twice on the same side.
func (m *seamMaker) matches() []match {
	var all []match
	for i := range m.pieces {
		if m.pieces[i].TailSize > 0 {
			all = append(all, m.heads(&m.pieces[i])...)
		}
	}
	slices.SortStableFunc(all, betterSeam)
	tails, heads := map[int64]bool{}, map[int64]bool{}
	return slices.DeleteFunc(all, func(w match) bool {
		if tails[w.tail.Source] || heads[w.head.Source] {
			return true
		}
		tails[w.tail.Source], heads[w.head.Source] = true, true
		return false
	})
}

// heads are the sources that go on where the end of one is, the best first.
func (m *seamMaker) heads(tail *store.Piece) []match {
	var near []match
	for i := range m.pieces {
		head := &m.pieces[i]
		timed := head.First != 0 && tail.Last != 0
		gap := head.First - tail.Last
		if head == tail || head.HeadSize == 0 || timed && (gap < -seamBack || gap > seamForward) {
			continue
		}
		w := match{tail: tail, head: head, names: unlike(tail.Path, head.Path), folders: 1, gap: gap}
		if folder(tail.Path) == folder(head.Path) {
			w.folders = 0
		}
		if !timed { // every box has its messages.1
			if w.gap = 0; w.folders > 0 || w.names == otherNames {
				continue
			}
		}
		if oneLog(tail.Format, head.Format, w.names) {
			w.apart = apart(logName(tail.Path), logName(head.Path))
			near = append(near, w)
		}
	}
	slices.SortStableFunc(near, betterSeam)
	near = near[:min(len(near), seamTries)]
	return slices.DeleteFunc(near, func(w match) bool { return !m.fits(w) })
}

// fits reports whether two ends make more together than each alone: more of what
// a message must have, or more bytes that are part of one.
func (m *seamMaker) fits(w match) bool {
	a, b := m.read(seamEnd{w.tail, true}), m.read(seamEnd{w.head, false})
	var both pieceReading
	m.readAs(w.lead(), w.format(), m.both(w), &both)
	good := func(p *pieceReading) int { return p.whole - len(p.rejects) }
	return cmp.Or(cmp.Compare(good(&both), good(a)+good(b)), cmp.Compare(both.bytes, a.bytes+b.bytes)) > 0
}

// read reads one end for itself, once.
func (m *seamMaker) read(end seamEnd) *pieceReading {
	r := m.alone[end]
	if r == nil {
		r = new(pieceReading)
		m.readAs(end.Piece, formatOfAll(end.Format), m.bytes(end), r)
		m.alone[end] = r
	}
	return r
}

// readAs reads bytes as the source was read that they are of, or begin in.
func (m *seamMaker) readAs(p *store.Piece, f *Format, data []byte, out Sink) *Input {
	in := &Input{Reader: bytes.NewReader(data), Path: p.Path, Zone: m.zone[p.Source]}
	if t := max(p.First, p.Last); t > 0 {
		in.ModTime = time.UnixMicro(t) // for times without a year
	}
	if f == nil {
		f = FormatNamed(familyText)
	}
	f.Read(in, out) // of bytes in memory it has no error to tell
	return in
}

// join reads two sources together where they meet.
func (m *seamMaker) join(w match) error {
	data := m.both(w)
	ends := [...]seamEnd{{w.tail, true}, {w.head, false}}
	for _, end := range ends { // before the transaction: a temporary database has one connection
		m.read(end)
	}
	if m.err != nil {
		return m.err
	}
	sum := sha256.Sum256(data)
	im, err := m.db.Begin(m.ctx, store.Source{
		Path: w.tail.Path + joinedBy + w.head.Path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), Format: w.format().Name, State: store.Joined,
		Note: "where the first goes on in the second",
	})
	if err != nil {
		return err
	}
	im.AddSeam(store.Seam{Tail: w.tail.Source, Head: w.head.Source, Joined: im.Source.ID, TailFrom: w.tail.TailOffset, HeadTo: w.head.HeadSize})
	for _, end := range ends {
		for _, k := range m.read(end).useless {
			if end.Format != "" {
				im.AddSeen(end.Source, k.Method, k.Status, -1)
			}
		}
	}
	c := newCollector(newAssembler(im), w.format(), false)
	in := m.readAs(w.lead(), w.format(), data, &shifted{c, w.tail.TailOffset, int(w.tail.TailLine) - 1})
	im.Source.TZ, im.Source.TZFrom = in.TZ, in.TZFrom
	c.finish()
	return m.settle(c.asm, w)
}

// part takes a seam out again. What retention took of the ends is not brought back.
func (m *seamMaker) part(s store.Seam) error {
	w := match{tail: m.pieceOrNone(s.Tail), head: m.pieceOrNone(s.Head)}
	ends := [...]seamEnd{{w.tail, true}, {w.head, false}}
	for _, end := range ends {
		m.read(end)
	}
	if m.err != nil {
		return m.err
	}
	im, err := m.db.Edit(m.ctx)
	if err != nil {
		return err
	}
	bundles := im.Bundles(s.Joined)
	im.DropSeam(s)
	im.DropSource(s.Joined)
	for _, end := range ends {
		im.As(end.Source)
		m.restore(im, end)
	}
	for _, id := range bundles {
		im.Unsettle(id)
	}
	return m.settle(newAssembler(im), w)
}

func (m *seamMaker) pieceOrNone(source int64) *store.Piece {
	if p := m.piece(source); p != nil {
		return p
	}
	return &store.Piece{Source: source}
}

// restore brings back what joining took out of a source. Of one of no known format
// nothing had been read.
func (m *seamMaker) restore(im *store.Import, end seamEnd) {
	if end.Format == "" {
		return
	}
	offset, line := int64(0), 0
	if end.tail {
		offset, line = end.TailOffset, int(end.TailLine)-1
	}
	r := m.read(end)
	for _, e := range r.events {
		e.Offset, e.Line = e.Offset+offset, e.Line+int64(line)
		im.Event(&e)
	}
	for _, k := range r.useless {
		im.AddSeen(end.Source, k.Method, k.Status, 1)
	}
	for _, j := range r.rejects {
		im.Reject(j.at.Line+line, j.at.Offset+offset, j.reason, j.sample)
	}
}

// settle assembles anew what two ends have a part of, and commits.
func (m *seamMaker) settle(a *assembler, w match) error {
	for _, id := range slices.Concat(m.read(seamEnd{w.tail, true}).callIDs, m.read(seamEnd{w.head, false}).callIDs) {
		if bundle, known := a.im.Bundle("sip", id); known {
			a.im.Unsettle(bundle)
		}
	}
	if w.tail.Last > 0 && w.head.First > 0 {
		a.stretches = append(a.stretches, stretch{w.tail.Last - coverageGap, w.head.First + coverageGap})
	}
	if err := a.finish(); err != nil {
		a.im.Rollback()
		return err
	}
	return a.im.Commit()
}

// shifted is a sink for a part of a source: places are those in the whole.
type shifted struct {
	to     Sink
	offset int64
	line   int
}

func (s *shifted) at(p Place) Place {
	p.Offset += s.offset
	p.Line += s.line
	return p
}

func (s *shifted) use(f *Format) {
	if c, ok := s.to.(*collector); ok {
		c.use(f)
	}
}

func (s *shifted) Message(o *Observation) {
	o.Place = s.at(o.Place)
	s.to.Message(o)
}

func (s *shifted) CDR(r *CDR) {
	r.Place = s.at(r.Place)
	s.to.CDR(r)
}

func (s *shifted) Event(e *store.Event) {
	e.Offset, e.Line = e.Offset+s.offset, e.Line+int64(s.line)
	s.to.Event(e)
}

func (s *shifted) Reject(at Place, reason string, sample []byte) {
	s.to.Reject(s.at(at), reason, sample)
}
func (s *shifted) Warn(at Place, text string) { s.to.Warn(s.at(at), text) }

// hidden are the parts of sources that a seam has read anew: by source what
// counts still, from the one offset to before the other.
type hidden map[int64][2]int64

func hiddenBy(seams []store.Seam) hidden {
	var h hidden
	counts := func(source int64) [2]int64 {
		if r, ok := h[source]; ok {
			return r
		}
		return [2]int64{0, 1 << 62}
	}
	for _, s := range seams {
		if h == nil {
			h = hidden{}
		}
		r := counts(s.Tail)
		r[1] = min(r[1], s.TailFrom)
		h[s.Tail] = r
		r = counts(s.Head)
		r[0] = max(r[0], s.HeadTo)
		h[s.Head] = r
	}
	return h
}

// drop takes the messages that are hidden out of a list, and tells how many.
func (h hidden) drop(list []dialog.Message) ([]dialog.Message, int64) {
	if len(h) == 0 {
		return list, 0
	}
	n := len(list)
	list = slices.DeleteFunc(list, func(m dialog.Message) bool {
		r, ok := h[m.Source]
		return ok && (m.Offset < r[0] || m.Offset >= r[1])
	})
	return list, int64(n - len(list))
}
