package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrFar is why RawAll leaves a record out: it lies further into its source than
// was to be read.
var ErrFar = errors.New("further into the source than was read here")

// RawAll is Raw for many steps: every source is opened once and read in order.
// At most limit bytes are read or skipped over all sources, since a compressed
// file or a capture can only be read from its beginning; what lies further has
// ErrFar. Both results are as long as steps.
func RawAll(ctx context.Context, steps []*Step, limit int64) ([][]byte, []error) {
	raw, errs := make([][]byte, len(steps)), make([]error, len(steps))
	byPath := map[string][]int{}
	for i, s := range steps {
		byPath[s.Path] = append(byPath[s.Path], i)
	}
	paths := make([]string, 0, len(byPath))
	for p := range byPath {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	left := limit
	for _, p := range paths {
		list := byPath[p]
		slices.SortFunc(list, func(a, b int) int {
			return cmp.Or(cmp.Compare(steps[a].Offset, steps[b].Offset), cmp.Compare(a, b))
		})
		f := FormatNamed(steps[list[0]].Format)
		switch {
		case p == Stdin || strings.HasPrefix(p, Stdin+"!"), f != nil && f.Raw != nil:
			for _, i := range list {
				if left -= steps[i].Offset + steps[i].Length; left < 0 {
					errs[i] = ErrFar
					continue
				}
				raw[i], errs[i] = Raw(ctx, steps[i])
			}
		default:
			rawInOrder(ctx, steps, list, raw, errs, &left)
		}
	}
	return raw, errs
}

// rawInOrder reads the steps of one source, which are sorted by offset.
func rawInOrder(ctx context.Context, steps []*Step, list []int, raw [][]byte, errs []error, left *int64) {
	done := 0
	err := withMember(ctx, steps[list[0]].Path, func(o *opened) error {
		for at := int64(0); done < len(list); done++ {
			s := steps[list[done]]
			length := min(s.Length, maxRaw)
			var data []byte
			if o.plain() { // any place can be read at once
				data = make([]byte, length)
				if *left -= length; *left < 0 {
					return ErrFar
				}
				if _, err := o.file.ReadAt(data, s.Offset); err != nil {
					return fmt.Errorf("%s: shorter than when it was imported", s.Path)
				}
			} else {
				if s.Offset < at { // records that overlap
					raw[list[done]], errs[list[done]] = Raw(ctx, s)
					continue
				}
				if *left -= s.Offset - at + length; *left < 0 {
					return ErrFar
				}
				if _, err := io.CopyN(io.Discard, o.body, s.Offset-at); err != nil {
					return fmt.Errorf("%s: shorter than when it was imported", s.Path)
				}
				data = make([]byte, length)
				if _, err := io.ReadFull(o.body, data); err != nil {
					return fmt.Errorf("%s: shorter than when it was imported", s.Path)
				}
				at = s.Offset + length
			}
			raw[list[done]] = data
		}
		return nil
	})
	for ; err != nil && done < len(list); done++ {
		errs[list[done]] = err
	}
}

// plain tells that the body is the file itself, byte by byte.
func (o *opened) plain() bool {
	if o.file == nil || o.note != "" {
		return false
	}
	info, err := o.file.Stat()
	return err == nil && info.Mode().IsRegular()
}
