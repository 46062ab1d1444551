package ingest

import (
	"context"
	"fmt"

	"callsift/store"
)

// removalMargin is how long before a source's time a call may have ended whose
// outcome hangs on that source's watching: the timers of R10 with room to spare.
const removalMargin = 3600 * 1_000_000

// Removal says what taking a source out did.
type Removal struct {
	Source     store.Source
	Bundles    int      // Call-IDs and links that it had records of, assembled again or gone
	Dropped    int64    // CDRs that stood alone and are gone
	Handed     int64    // ... that another source has brought too and that count as its own now
	Duplicates []string // paths in the ledger of the same bytes, forgotten with it
}

// Remove takes a source's records out of the database, in one transaction, and
// assembles what they were part of again: the database is then what it would be
// had the source never been read.
func Remove(ctx context.Context, db *store.DB, source store.Source) (Removal, error) {
	r := Removal{Source: source}
	if source.State == store.Joined {
		return r, fmt.Errorf("%s: is only where one source goes on in another; remove one of the two", source.Path)
	}
	if err := partSeams(ctx, db, source.ID); err != nil {
		return r, err
	}
	if err := db.EraseDeleted(ctx); err != nil {
		return r, err
	}
	im, err := db.Edit(ctx)
	if err != nil {
		return r, err
	}
	defer im.Rollback() // after Commit it does nothing
	if err := r.take(ctx, im); err != nil {
		return r, err
	}
	if err := im.Commit(); err != nil {
		return r, err
	}
	return r, joinSeams(ctx, db)
}

func (r *Removal) take(ctx context.Context, im *store.Import) error {
	a, err := r.empty(ctx, im)
	if err != nil {
		return err
	}
	a.settleBundles()
	a.join()
	im.Settle(a.names.settle)
	return im.Err()
}

// empty takes the records out and assembles again what they were part of; what
// depends on the whole is left to the assembler that it returns.
func (r *Removal) empty(ctx context.Context, im *store.Import) (*assembler, error) {
	s := &r.Source
	bundles := im.Bundles(s.ID)
	r.Bundles = len(bundles)
	again := append(bundles, im.RootsOf(s.ID)...)
	if s.Messages > 0 && s.First > 0 {
		again = append(again, im.CoveredBy(s.First-removalMargin, s.Last+1)...)
	}
	if s.State != store.Duplicate {
		r.Duplicates = im.DropDuplicates(s.SHA256)
	}
	im.DropSource(s.ID)
	a := newAssembler(im)
	done := make(map[int64]bool, len(again))
	for i, id := range again {
		if done[id] {
			continue
		}
		done[id] = true
		a.again(id)
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	r.Dropped, r.Handed = im.DropRecords(s.ID)
	if s.First > 0 {
		a.stretches = append(a.stretches, stretch{s.First, s.Last + 1})
	}
	return a, im.Err()
}
