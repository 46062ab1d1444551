package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"callsift/store"
)

// A log that is still written to is imported again and again. Where the bytes
// read before are the beginning of what a file has now, that source gives way to
// the whole file, in one transaction: the database is then as if only the longer
// file had ever been read. The log may have been turned over meanwhile: messages
// is messages.1 now.

// rotated splits the path of a rotated log into that of the log which is still
// written, and where in the set it stands: the older the smaller.
//
//	messages-20261109.gz  messages.2.gz  messages.1  messages
func rotated(path string) (base string, order [2]int64) {
	base = path
	for _, ext := range []string{".gz", ".zst", ".bz2", ".xz"} {
		base = strings.TrimSuffix(base, ext)
	}
	dir, name := filepath.Split(base)
	cut := strings.LastIndexAny(name, ".-")
	if cut <= 0 {
		return path, [2]int64{2, 0}
	}
	switch n := digits(name[cut+1:]); {
	case n < 0:
	case len(name)-cut-1 == 8 && n >= 1970_01_01 && n <= 9999_12_31: // dateext
		return dir + name[:cut], [2]int64{0, int64(n)}
	case name[cut] == '.' && n < 10_000:
		return dir + name[:cut], [2]int64{1, -int64(n)}
	}
	if base != path {
		return path, [2]int64{2, 0}
	}
	return base, [2]int64{2, 0}
}

// grown finds the source that held the beginning of a file; nil: none.
func (g *group) grown(path string, o *opened) (*store.Source, error) {
	if path == Stdin || o.size <= 0 {
		return nil, nil
	}
	base, _ := rotated(path)
	list, err := g.shorter([]string{path, base}, o.size)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil // said by whoever reads it
	}
	defer f.Close()
	sum, at := sha256.New(), int64(0)
	var found *store.Source
	for i := range list { // by size
		s := &list[i]
		if _, err := io.CopyN(sum, &cancelled{g.ctx, f}, s.Size-at); err != nil {
			return nil, g.ctx.Err()
		}
		at = s.Size
		if hex.EncodeToString(sum.Sum(nil)) == s.SHA256 {
			found = s
		}
	}
	return found, nil
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func (g *group) shorter(paths []string, size int64) ([]store.Source, error) {
	if g.im != nil {
		return g.im.Shorter(paths, size)
	}
	return g.db.Shorter(g.ctx, paths, size)
}

// replace takes the source that a file has grown from out, in the transaction in
// which the file is read.
func (g *group) replace(old *store.Source) error {
	if err := g.commit(); err != nil {
		return err
	}
	if err := partSeams(g.ctx, g.db, old.ID); err != nil { // the end of the command joins anew
		return err
	}
	im, err := g.db.Edit(g.ctx)
	if err != nil {
		return err
	}
	g.im = im
	r := Removal{Source: *old}
	g.asm, err = r.empty(g.ctx, im)
	return err
}

// grownNote is what the ledger says of it.
func grownNote(old *store.Source) string {
	return fmt.Sprintf("grown: its first %d bytes had been read before, from %s", old.Size, old.Path)
}

// inTime puts the files of each rotated log in the order of their age, in the
// places that they have in the list.
func inTime(files []string) {
	type member struct {
		path  string
		order [2]int64
	}
	sets, places := map[string][]member{}, map[string][]int{}
	for i, f := range files {
		base, order := rotated(f)
		sets[base] = append(sets[base], member{f, order})
		places[base] = append(places[base], i)
	}
	for base, set := range sets {
		slices.SortStableFunc(set, func(a, b member) int { return slices.Compare(a.order[:], b.order[:]) })
		for n, i := range places[base] {
			files[i] = set[n].path
		}
	}
}
