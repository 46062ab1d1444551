package ingest

import (
	"context"

	"callsift/store"
)

// groupBytes bounds what one transaction takes in: a kill costs the work of some
// seconds.
const groupBytes = 512 << 20

// groupFiles bounds how many files that is: something is kept of each.
const groupFiles = 2000

// group takes in files, some together in one transaction. The logs of a box's
// two sides, or of several boxes, hold the same calls: each call is assembled
// once, when all of them are read, and what depends on the whole is settled
// once. (One by one, the 42 logs of 33,620 calls took four times as long.)
type group struct {
	ctx  context.Context
	db   *store.DB
	opt  Options
	done func(FileResult)

	more  bool // files follow
	alone bool // the file at hand has a transaction of its own: it cannot be read twice

	im   *store.Import // nil: no transaction is open
	asm  *assembler
	read int64        // bytes
	told []FileResult // once they are in the database
}

// begin begins a source.
func (g *group) begin(s store.Source) error {
	if g.im != nil {
		g.im.Next(s)
		return g.im.Err()
	}
	im, err := g.db.Begin(g.ctx, s)
	if err != nil {
		return err
	}
	g.im, g.asm = im, newAssembler(im)
	return nil
}

// end ends a source, and the transaction where it is full.
func (g *group) end(r *FileResult) error {
	g.im.EndSource()
	if err := g.im.Err(); err != nil {
		return err
	}
	r.Source = g.im.Source
	g.tell(r)
	if g.read += r.Source.Size; g.alone || g.read >= groupBytes || len(g.told) >= groupFiles {
		return g.commit()
	}
	return nil
}

// tell reports what became of a file, once that is in the database.
func (g *group) tell(r *FileResult) {
	if g.im == nil {
		g.done(*r)
		return
	}
	g.told = append(g.told, *r)
}

// commit makes what was read so far visible.
func (g *group) commit() error {
	im := g.im
	if im == nil {
		return nil
	}
	if len(g.asm.sources) > 0 {
		if err := g.asm.finish(); err != nil {
			return err
		}
	}
	g.im, g.asm, g.read = nil, nil, 0
	if err := im.Commit(); err != nil {
		return err
	}
	for _, r := range g.told {
		g.done(r)
	}
	g.told = nil
	return nil
}

// drop forgets what is not committed.
func (g *group) drop() {
	if g.im != nil {
		g.im.Rollback()
		g.im, g.asm, g.told, g.read = nil, nil, nil, 0
	}
}

func (g *group) hasSize(size int64) (bool, error) {
	if g.im != nil {
		return g.im.HasSize(size)
	}
	return g.db.HasSize(g.ctx, size)
}

func (g *group) sourceBySHA(sha string) (store.Source, bool, error) {
	if g.im != nil {
		return g.im.SourceBySHA(sha)
	}
	return g.db.SourceBySHA(g.ctx, sha)
}
