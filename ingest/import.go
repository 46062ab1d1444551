package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"callsift/store"
)

// Options of an import. The zero value looks for evidence and reports nothing.
type Options struct {
	Zone   *time.Location // for times without a zone; nil: evidence in the data, else UTC
	Zones  []FileZone     // where Zone is nil: zones by path
	Format *Format        // read every file as this; nil: by content
	Skew   string         // auto or off: whether clocks that differ are allowed for, from now on; empty: as before
	// Columns, as in Input. A file of no known format is read as a table then.
	Columns map[string]string
	// Progress is told the bytes read so far of a file; size is -1 if unknown.
	Progress func(path string, read, size int64)
}

// FileResult says what became of one file.
type FileResult struct {
	Path    string
	Source  store.Source // as in the ledger
	Already string       // path under which the same bytes had been imported before
	Err     error        // why nothing or not all could be read; never a database error
}

// Run imports files in the order given and then joins those that go on in one
// another (joinSeams). Its error is about the database or a cancelled ctx; what a
// file lacks is in the results.
func Run(ctx context.Context, db *store.DB, files []string, opt Options, done func(FileResult)) error {
	err := runAll(ctx, db, files, opt, done)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the database says of it what it was doing just then
	}
	return err
}

func runAll(ctx context.Context, db *store.DB, files []string, opt Options, done func(FileResult)) error {
	if err := setSkew(ctx, db, opt.Skew); err != nil {
		return err
	}
	g := group{ctx: ctx, db: db, opt: opt, done: done}
	for i, path := range files {
		g.more = i+1 < len(files)
		if err := g.file(path); err != nil {
			g.drop()
			return err
		}
	}
	if err := g.commit(); err != nil {
		g.drop()
		return err
	}
	return joinSeams(ctx, db)
}

// file imports a file, or all files of an archive.
func (g *group) file(path string) error {
	r := FileResult{Path: path, Source: store.Source{Path: path}}
	var read, size int64 = 0, -1
	tick := func(n int64) {
		read += n
		if g.opt.Progress != nil {
			g.opt.Progress(path, read, size)
		}
	}
	o, err := openFile(g.ctx, path, tick)
	if err != nil {
		r.Err = err
		return g.note(&r, store.Unreadable, statCause(errors.Unwrap(err)).Error())
	}
	defer o.close()
	size = o.size
	r.Source.Size = max(o.size, 0)
	if g.alone = size < 0; g.alone {
		if err := g.commit(); err != nil {
			return err
		}
	}
	sha := func() (string, error) { return fileSHA(g.ctx, path) }
	if already, err := g.importedBefore(path, o.size, sha, &r); already || err != nil {
		return err
	}
	if old, err := g.grown(path, o); err != nil {
		return err
	} else if old != nil {
		if err := g.replace(old); err != nil {
			return err
		}
		o.grown = grownNote(old)
	}
	if err := o.unpackBody(); err != nil {
		return g.unreadable(o, &r, err)
	}
	if head, err := o.head(); err == nil {
		if kind := archiveKind(head); kind != "" {
			return g.archive(newArchive(g.ctx, o, path, kind))
		}
	}
	return g.body(o, &r)
}

// body finds the format of an opened file and reads it.
func (g *group) body(o *opened, r *FileResult) error {
	head, err := o.head()
	if err != nil {
		return g.unreadable(o, r, err)
	}
	if len(head) == 0 {
		r.Err = fmt.Errorf("%s: empty", r.Path)
		r.Source.SHA256 = o.sha()
		return g.note(r, store.Empty, "no bytes")
	}
	format := g.opt.Format
	if format == nil {
		if parts := detectAll(head); parts != nil {
			format = together(parts)
		}
	}
	if format == nil && g.opt.Columns != nil && printable(head) {
		format = &CDRTable
	}
	if format == nil {
		r.Err = fmt.Errorf("%s: not a format that callsift knows; looked for %s", r.Path, lookedFor())
		if err := o.end(); err != nil {
			return g.unreadable(o, r, fmt.Errorf("no known format, and not to be read to its end: %w", err))
		}
		r.Source.SHA256, r.Source.Size = o.sha(), o.raw.n
		return g.unknown(r, head)
	}
	return g.source(o, format, head, r)
}

// importedBefore finds out whether the same bytes are in the database. Only a
// file of a size that was seen before is worth hashing for that.
func (g *group) importedBefore(path string, size int64, hash func() (string, error), r *FileResult) (bool, error) {
	if size <= 0 {
		return false, nil
	}
	seen, err := g.hasSize(size)
	if err != nil || !seen {
		return false, err
	}
	sha, err := hash()
	if err != nil {
		return false, g.ctx.Err() // what else is wrong shows when the file is read
	}
	s, ok, err := g.sourceBySHA(sha)
	if err != nil || !ok {
		return false, err
	}
	r.Already, r.Source.SHA256, r.Source.Format = s.Path, sha, s.Format
	if s.Path == path {
		r.Source.State = s.State
		g.tell(r)
		return true, nil
	}
	return true, g.note(r, store.Duplicate, "same bytes as "+s.Path)
}

// source reads a file of a known format into the store.
func (g *group) source(o *opened, format *Format, head []byte, r *FileResult) error {
	r.Source.Format, r.Source.State = format.Name, store.Imported
	if err := g.begin(r.Source); err != nil {
		return err
	}
	zone, zoneFrom := g.opt.zoneOf(r.Path)
	in := &Input{Reader: o.reader(), Path: r.Path, Zone: zone, ModTime: o.modTime, Columns: g.opt.Columns}
	var ends *endsReader
	if format.Rotates {
		head = bytes.Clone(head[:min(len(head), maxPiece)])
		ends = &endsReader{r: o.body}
		in.Reader = ends
	}
	c := newCollector(g.asm, format, g.more && !g.alone)
	readErr := format.Read(in, c)
	if err := g.ctx.Err(); err != nil {
		return err
	}
	if err := o.rest(); err != nil && readErr == nil {
		readErr = err
	}
	if ends != nil && readErr == nil {
		if p, ok := pieceOf(ends, c.ends, head); ok {
			g.im.AddPiece(&p)
		}
	}
	c.finish()
	if in.TZFrom == "flag" {
		in.TZFrom = zoneFrom
	}
	im, s := g.im, &g.im.Source
	s.SHA256, s.Size, s.TZ, s.TZFrom, s.Note = o.sha(), o.raw.n, in.TZ, in.TZFrom, joinNotes(o.note, o.grown)
	if bomb := (*bombError)(nil); errors.As(readErr, &bomb) {
		im.Reject(0, bomb.unpacked, bomb.Error(), nil)
	}
	if readErr != nil {
		s.State = store.Partial
		if errors.As(readErr, new(*unopenedError)) {
			s.State = store.Unreadable
		}
		s.Note = joinNotes(s.Note, readErr.Error())
		r.Err = fmt.Errorf("%s: %w", r.Path, readErr)
	}
	// Standard input cannot be looked at twice: what is known already shows at the end.
	had, ok, err := im.SameBytes(s.SHA256)
	if err != nil {
		return err
	}
	if ok && g.alone {
		r.Already, r.Err = had, nil
		g.drop()
		g.tell(r)
		return nil
	}
	return g.end(r)
}

// unopenedError is what a reader returns of a file of its format of which it can
// read nothing.
type unopenedError struct{ error }

func (e *unopenedError) Unwrap() error { return e.error }

// unreadable notes a file that ended in an error before anything was read.
func (g *group) unreadable(o *opened, r *FileResult, cause error) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	r.Err = fmt.Errorf("%s: %w", r.Path, cause)
	r.Source.SHA256 = o.sha()
	return g.note(r, store.Unreadable, cause.Error())
}

// note writes a ledger row for a file that gave no records.
func (g *group) note(r *FileResult, state store.State, text string) error {
	r.Source.State, r.Source.Note = state, text
	if err := g.begin(r.Source); err != nil {
		return err
	}
	return g.end(r)
}

// unknown notes a file of no known format. A short one may be what rotation cut
// off a message.
func (g *group) unknown(r *FileResult, head []byte) error {
	r.Source.State, r.Source.Note = store.Unknown, "no known format; begins "+quoteHead(head)
	if err := g.begin(r.Source); err != nil {
		return err
	}
	size := int64(len(head))
	if len(head) == headSize {
		size = max(size, r.Source.Size)
	}
	if p, ok := wholePiece(head, size); ok {
		g.im.AddPiece(&p)
	}
	return g.end(r)
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// quoteHead shows the beginning of an unknown file.
func quoteHead(head []byte) string {
	return fmt.Sprintf("%q", head[:min(len(head), 40)])
}

// printable reports whether a file is text, as far as zero bytes tell; those of
// UTF-16 are none.
func printable(head []byte) bool {
	return bytes.IndexByte(head, 0) < 0 || charsetOf(head).wide()
}
