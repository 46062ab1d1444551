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
	Format *Format        // read every file as this; nil: by content
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

// Run imports files, each in a transaction of its own, in the order given, and
// then joins those that go on in one another (joinSeams). Its
// error is about the database or a cancelled ctx; what a file lacks is in the
// results.
func Run(ctx context.Context, db *store.DB, files []string, opt Options, done func(FileResult)) error {
	for _, path := range files {
		if err := importFile(ctx, db, path, opt, done); err != nil {
			return err
		}
	}
	return joinSeams(ctx, db)
}

// importFile imports a file, or all files of an archive.
func importFile(ctx context.Context, db *store.DB, path string, opt Options, done func(FileResult)) error {
	r := FileResult{Path: path, Source: store.Source{Path: path}}
	finish := func(err error) error {
		if err == nil {
			done(r)
		}
		return err
	}
	var read, size int64 = 0, -1
	tick := func(n int64) {
		read += n
		if opt.Progress != nil {
			opt.Progress(path, read, size)
		}
	}
	o, err := openFile(ctx, path, tick)
	if err != nil {
		r.Err = err
		return finish(note(ctx, db, &r, store.Unreadable, statCause(errors.Unwrap(err)).Error()))
	}
	defer o.close()
	size = o.size
	r.Source.Size = max(o.size, 0)
	sha := func() (string, error) { return fileSHA(ctx, path) }
	if already, err := importedBefore(ctx, db, path, o.size, sha, &r); already || err != nil {
		return finish(err)
	}
	if err := o.unpackBody(); err != nil {
		return finish(unreadable(ctx, db, o, &r, err))
	}
	if head, err := o.head(); err == nil {
		if kind := archiveKind(head); kind != "" {
			return importArchive(ctx, db, newArchive(ctx, o, path, kind), opt, done)
		}
	}
	return finish(importBody(ctx, db, o, opt, &r))
}

// importBody finds the format of an opened file and reads it.
func importBody(ctx context.Context, db *store.DB, o *opened, opt Options, r *FileResult) error {
	head, err := o.head()
	if err != nil {
		return unreadable(ctx, db, o, r, err)
	}
	if len(head) == 0 {
		r.Err = fmt.Errorf("%s: empty", r.Path)
		r.Source.SHA256 = o.sha()
		return note(ctx, db, r, store.Empty, "no bytes")
	}
	format := opt.Format
	if format == nil {
		format = detect(head)
	}
	if format == nil && opt.Columns != nil && printable(head) {
		format = &CDRTable
	}
	if format == nil {
		r.Err = fmt.Errorf("%s: not a format that callsift knows; looked for %s", r.Path, lookedFor())
		if err := o.rest(); err != nil {
			return ctx.Err()
		}
		r.Source.SHA256, r.Source.Size = o.sha(), o.raw.n
		return note(ctx, db, r, store.Unknown, "no known format; begins "+quoteHead(head))
	}
	return readSource(ctx, db, o, format, head, opt, r)
}

// importedBefore finds out whether the same bytes are in the database. Only a
// file of a size that was seen before is worth hashing for that.
func importedBefore(ctx context.Context, db *store.DB, path string, size int64, hash func() (string, error), r *FileResult) (bool, error) {
	if size <= 0 {
		return false, nil
	}
	seen, err := db.HasSize(ctx, size)
	if err != nil || !seen {
		return false, err
	}
	sha, err := hash()
	if err != nil {
		return false, ctx.Err() // what else is wrong shows when the file is read
	}
	s, ok, err := db.SourceBySHA(ctx, sha)
	if err != nil || !ok {
		return false, err
	}
	r.Already, r.Source.SHA256, r.Source.Format = s.Path, sha, s.Format
	if s.Path == path {
		r.Source.State = s.State
		return true, nil
	}
	return true, note(ctx, db, r, store.Duplicate, "same bytes as "+s.Path)
}

// readSource reads a file of a known format into the store.
func readSource(ctx context.Context, db *store.DB, o *opened, format *Format, head []byte, opt Options, r *FileResult) error {
	r.Source.Format, r.Source.State = format.Name, store.Imported
	im, err := db.Begin(ctx, r.Source)
	if err != nil {
		return err
	}
	var ends *endsReader
	if format.Rotates {
		head = bytes.Clone(head[:min(len(head), maxPiece)])
		ends = &endsReader{r: o.body}
	}
	in := &Input{Reader: o.body, Path: r.Path, Zone: opt.Zone, ModTime: o.modTime, Columns: opt.Columns}
	c := newCollector(im, format)
	if ends != nil {
		in.Reader = ends
	}
	readErr := format.Read(in, c)
	if err := ctx.Err(); err != nil {
		im.Rollback()
		return err
	}
	if err := o.rest(); err != nil && readErr == nil {
		readErr = err
	}
	if ends != nil && readErr == nil {
		if p, ok := pieceOf(ends, c.ends, head); ok {
			im.AddPiece(&p)
		}
	}
	if err := c.finish(); err != nil {
		im.Rollback()
		return err
	}
	s := &im.Source
	s.SHA256, s.Size, s.TZ, s.TZFrom, s.Note = o.sha(), o.raw.n, in.TZ, in.TZFrom, o.note
	if bomb := (*bombError)(nil); errors.As(readErr, &bomb) {
		im.Reject(0, bomb.unpacked, bomb.Error(), nil)
	}
	if readErr != nil {
		s.State = store.Partial
		s.Note = joinNotes(s.Note, readErr.Error())
		r.Err = fmt.Errorf("%s: %w", r.Path, readErr)
	}
	// Standard input cannot be looked at twice: what is known already shows at the end.
	if had, ok, err := im.SameBytes(s.SHA256); err != nil || ok {
		im.Rollback()
		r.Already, r.Err = had, nil
		return err
	}
	if err := im.Commit(); err != nil {
		return err
	}
	r.Source = *s
	return nil
}

// unreadable notes a file that ended in an error before anything was read.
func unreadable(ctx context.Context, db *store.DB, o *opened, r *FileResult, cause error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.Err = fmt.Errorf("%s: %w", r.Path, cause)
	r.Source.SHA256 = o.sha()
	return note(ctx, db, r, store.Unreadable, cause.Error())
}

// note writes a ledger row for a file that gave no records.
func note(ctx context.Context, db *store.DB, r *FileResult, state store.State, text string) error {
	r.Source.State, r.Source.Note = state, text
	im, err := db.Begin(ctx, r.Source)
	if err != nil {
		return err
	}
	im.Source.Note = text
	r.Source = im.Source
	return im.Commit()
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
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
