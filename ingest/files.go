package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// headSize is how much of a file the formats see to recognise it.
const headSize = 64 << 10

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Expand turns what a user gave (files, directories, globs, "-") into files in a
// fixed order. A path that is not there is an error of its own in missing.
func Expand(paths []string) (files []string, missing []error) {
	seen := map[string]bool{}
	add := func(f string) {
		if !seen[f] {
			seen[f] = true
			files = append(files, f)
		}
	}
	for _, p := range paths {
		if p == Stdin {
			add(p)
			continue
		}
		matches := []string{p}
		if _, err := os.Stat(p); err != nil {
			m, globErr := filepath.Glob(p)
			if globErr != nil || len(m) == 0 {
				missing = append(missing, fmt.Errorf("%s: %w", p, statCause(err)))
				continue
			}
			matches = m
		}
		for _, m := range matches {
			list, errs := walk(m)
			missing = append(missing, errs...)
			for _, f := range list {
				add(f)
			}
		}
	}
	return files, missing
}

// walk lists the files below root. Links to directories are not followed, so
// that a loop ends.
func walk(root string) (files []string, errs []error) {
	root = filepath.Clean(root)
	if target, err := filepath.EvalSymlinks(root); err == nil && target != root {
		if info, err := os.Stat(target); err == nil && !info.IsDir() {
			return []string{root}, nil
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", path, statCause(err)))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			files = append(files, path)
		case d.Type()&fs.ModeSymlink != 0:
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				files = append(files, path)
			}
		case !d.IsDir() && path == root: // a pipe or device that the user named
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	sort.Strings(files)
	return files, errs
}

func statCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// opened is one file being read: decompressed bytes in front, and behind them
// the hash over the bytes as found.
type opened struct {
	file    *os.File
	size    int64 // -1: unknown (standard input)
	modTime time.Time
	sum     hash.Hash
	raw     *countingReader
	body    *bufio.Reader
	note    string // "gzip"
}

// countingReader counts and hashes what passes and stops when ctx ends.
type countingReader struct {
	ctx  context.Context
	r    io.Reader
	sum  hash.Hash
	n    int64
	tick func(n int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	if c.tick != nil {
		c.tick(int64(n))
	}
	return n, err
}

func openFile(ctx context.Context, path string, tick func(int64)) (*opened, error) {
	o := &opened{file: os.Stdin, size: -1, sum: sha256.New()}
	if path != Stdin {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, statCause(err))
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", path, statCause(err))
		}
		o.file, o.modTime = f, info.ModTime()
		if info.Mode().IsRegular() {
			o.size = info.Size()
		}
	}
	o.raw = &countingReader{ctx: ctx, r: o.file, sum: o.sum, tick: tick}
	return o, nil
}

// unpackBody looks at the first bytes and puts the decompressor in front that they ask for.
func (o *opened) unpackBody() error {
	buffered := bufio.NewReaderSize(o.raw, 256<<10)
	head, err := buffered.Peek(4)
	if err != nil && err != io.EOF {
		return err
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("gzip header: %w", err)
		}
		o.note = "gzip"
		o.body = bufio.NewReaderSize(&unpacked{r: z, packed: o.raw}, headSize)
		return nil
	}
	o.body = buffered
	return nil
}

// errCut is the end of compressed data before its time. Readers take
// io.ErrUnexpectedEOF for the end of a file that is no multiple of what they
// asked for; this one they pass on.
var errCut = errors.New("compressed data ends early")

// What a packed file may unpack to. Logs pack 10 to 100 times; DEFLATE can do
// 1,030 times, which is what a file made to fill memory and time does.
const (
	maxUnpacked  = 64 << 30
	maxRatio     = 500
	ratioMatters = 64 << 20 // bytes below which the ratio says nothing
)

// bombError is packed data that unpacks to more than it may.
type bombError struct{ packed, unpacked int64 }

func (e *bombError) Error() string {
	return fmt.Sprintf("%d bytes unpacked from %d, want at most %d times as many and %d: not read any further", e.unpacked, e.packed, maxRatio, int64(maxUnpacked))
}

// unpacked is a decompressor that says errCut, and stops at a bomb.
type unpacked struct {
	r      io.Reader
	packed *countingReader
	n      int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.n > maxUnpacked || u.n > ratioMatters && u.n > maxRatio*u.packed.n {
		return 0, &bombError{u.packed.n, u.n}
	}
	n, err := u.r.Read(p)
	u.n += int64(n)
	if err == io.ErrUnexpectedEOF {
		err = errCut
	}
	return n, err
}

// head peeks at the bytes by which a format is recognised. Damage behind them
// is met again, and told, by the format's reader.
func (o *opened) head() ([]byte, error) {
	head, err := o.body.Peek(headSize)
	if len(head) == 0 && err != nil && err != io.EOF {
		return nil, err
	}
	return head, nil
}

// rest reads to the end, so that the hash covers the whole file.
func (o *opened) rest() error {
	_, err := io.Copy(io.Discard, o.raw)
	return err
}

func (o *opened) sha() string { return hex.EncodeToString(o.sum.Sum(nil)) }

func (o *opened) close() {
	if o.file != os.Stdin {
		o.file.Close()
	}
}

// fileSHA hashes a whole file.
func fileSHA(ctx context.Context, path string) (string, error) {
	o, err := openFile(ctx, path, nil)
	if err != nil {
		return "", err
	}
	defer o.close()
	if err := o.rest(); err != nil {
		return "", err
	}
	return o.sha(), nil
}

// detect finds the format of a file by its first bytes; nil: none.
func detect(head []byte) *Format {
	for _, f := range Formats {
		if f.Sniff(head) {
			return f
		}
	}
	return nil
}

// FormatNamed is the format with this name; nil: there is none.
func FormatNamed(name string) *Format {
	for _, f := range Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// lookedFor names all formats, for the sentence about an unknown file.
func lookedFor() string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}
