package ingest

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/klauspost/compress/zstd"

	"callsift/store"
)

// Zip and tar archives (tar also compressed), known by their content. Each file
// in one is a source of its own, with the path "archive.zip!folder/file" and
// size and hash of its own bytes; it may be compressed in turn. The archive has
// no row in the ledger, unless it holds no file or is damaged. Nothing is ever
// unpacked to disk. Archives in archives are named and not opened.

// What an archive may hold.
const (
	maxMembers      = 100_000
	maxArchiveBytes = 64 << 30
	maxArchiveRatio = 500      // unpacked to packed, as DEFLATE of logs never reaches
	freeBytes       = 64 << 20 // below which the ratio says nothing
	maxMemberName   = 512
)

// errStop ends a walk.
var errStop = errors.New("stop")

// archiveKind is "zip", "tar" or "" by the first bytes of a file. A file that a
// format knows is none (XLSX is a zip file), nor is an office document.
func archiveKind(head []byte) string {
	switch {
	case isTar(head):
		return "tar"
	case !bytes.HasPrefix(head, []byte("PK\x03\x04")) && !bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return ""
	case detect(head) != nil:
		return ""
	}
	if name := head[min(30, len(head)):]; bytes.HasPrefix(name, []byte("[Content_Types].xml")) || bytes.HasPrefix(name, []byte("mimetype")) {
		return ""
	}
	return "zip"
}

// isTar knows a tar header by the sum over its bytes, which all tar programs
// write since the first (POSIX.1 pax, ustar).
func isTar(head []byte) bool {
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	var want, sum int64
	field := bytes.Trim(head[148:156], " \x00")
	if len(field) == 0 {
		return false
	}
	for _, c := range field {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int64(c-'0')
	}
	for i, c := range head[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum == want
}

// archived is one file of an archive.
type archived struct {
	path    string // "archive.zip!folder/file"
	size    int64
	modTime time.Time
	problem string // why it cannot be read
	sha     func() (string, error)
}

// archive is an open one.
type archive struct {
	ctx   context.Context
	o     *opened
	path  string
	kind  string
	seen  map[string]int // names
	count int
	left  int64    // bytes that may still be unpacked
	shas  []string // of the files of a tar, once they were needed
}

func newArchive(ctx context.Context, o *opened, path, kind string) *archive {
	a := &archive{ctx: ctx, o: o, path: path, kind: kind, seen: map[string]int{}, left: maxArchiveBytes}
	if o.size >= 0 { // a tar unpacks to more than it holds too: a sparse file of a terabyte takes a kilobyte
		a.left = min(maxArchiveBytes, max(freeBytes, o.size*maxArchiveRatio))
	}
	return a
}

// walk visits the files of the archive in their order. visit's error ends it;
// another error says what is wrong with the archive.
func (a *archive) walk(visit func(m *archived, r io.Reader) error) error {
	if a.kind == "tar" {
		return a.walkTar(visit)
	}
	return a.walkZip(visit)
}

func (a *archive) walkZip(visit func(m *archived, r io.Reader) error) error {
	if a.o.note != "" {
		return fmt.Errorf("zip archive inside %s: unpack it first", a.o.note)
	}
	if a.o.size < 0 {
		return errors.New("zip archive from standard input or a pipe: its directory is at its end")
	}
	d := &zipDirectory{ReaderAt: a.o.file}
	z, err := zip.NewReader(d, a.o.size)
	if err != nil {
		return fmt.Errorf("zip directory: %w", err)
	}
	d.read = true
	z.RegisterDecompressor(12, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	z.RegisterDecompressor(93, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow)))
	for _, f := range z.File {
		if !f.Mode().IsRegular() || strings.HasSuffix(f.Name, "/") {
			continue
		}
		m := &archived{size: int64(min(f.UncompressedSize64, 1<<62)), modTime: f.Modified}
		if err := a.name(m, f.Name); err != nil {
			return err
		}
		if err := a.visitZip(f, m, visit); err != nil {
			return err
		}
	}
	return nil
}

// zipDirectory bounds the directory, all of which is in memory before the first
// file is read: that of a million files took 400 MiB.
type zipDirectory struct {
	io.ReaderAt
	files int
	read  bool // all of it
}

func (d *zipDirectory) ReadAt(p []byte, at int64) (int, error) {
	n, err := d.ReaderAt.ReadAt(p, at)
	if d.read {
		return n, err
	}
	if d.files += bytes.Count(p[:n], []byte("PK\x01\x02")); d.files > maxMembers+1000 { // some are read twice, to find the end
		return 0, fmt.Errorf("more than %d files", maxMembers)
	}
	return n, err
}

func (a *archive) visitZip(f *zip.File, m *archived, visit func(m *archived, r io.Reader) error) error {
	if f.Flags&1 != 0 {
		m.problem = "encrypted"
		return visit(m, nil)
	}
	r, err := f.Open()
	if err != nil {
		m.problem = err.Error()
		return visit(m, nil)
	}
	defer r.Close()
	m.sha = func() (string, error) {
		again, err := f.Open()
		if err != nil {
			return "", err
		}
		defer again.Close()
		return readerSHA(a.ctx, a.bounded(again))
	}
	return visit(m, a.bounded(r))
}

func (a *archive) walkTar(visit func(m *archived, r io.Reader) error) error {
	t := tar.NewReader(a.o.body)
	for index := 0; ; index++ {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("tar archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			index--
			continue
		}
		m := &archived{size: h.Size, modTime: h.ModTime}
		if err := a.name(m, h.Name); err != nil {
			return err
		}
		if h.Typeflag == tar.TypeGNUSparse && a.o.size < 0 {
			m.problem = "a sparse file, of which a pipe does not tell how much it may hold"
		}
		if a.path != Stdin {
			m.sha = func() (string, error) { return a.tarSHA(index) }
		}
		if err := visit(m, a.bounded(t)); err != nil {
			return err
		}
	}
}

// tarSHA is the hash of the n-th file of a tar. It reads the whole archive
// again, once: a tar cannot be read from the middle.
func (a *archive) tarSHA(n int) (string, error) {
	if a.shas == nil {
		o, err := openFile(a.ctx, a.path, nil)
		if err != nil {
			return "", err
		}
		defer o.close()
		if err := o.unpackBody(); err != nil {
			return "", err
		}
		a.shas = []string{}
		again := newArchive(a.ctx, o, Stdin, "tar")
		err = again.walkTar(func(_ *archived, r io.Reader) error {
			sha, err := readerSHA(a.ctx, r)
			a.shas = append(a.shas, sha)
			return err
		})
		if err != nil && len(a.shas) <= n {
			return "", err
		}
	}
	if n >= len(a.shas) {
		return "", io.ErrUnexpectedEOF
	}
	return a.shas[n], nil
}

func readerSHA(ctx context.Context, r io.Reader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(io.Discard, &countingReader{ctx: ctx, r: hashReader{r, sum}}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// name gives a member its path. What leads out of the archive is taken off the
// name: it is only ever shown. The same name again gets a number.
func (a *archive) name(m *archived, name string) error {
	if a.count++; a.count > maxMembers {
		return fmt.Errorf("more than %d files", maxMembers)
	}
	name = strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "?")
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if len(name) > maxMemberName {
		name = clipText([]byte(name))
	}
	a.seen[name]++
	if n := a.seen[name]; n > 1 {
		name = fmt.Sprintf("%s#%d", name, n)
	}
	m.path = a.path + "!" + name
	return nil
}

// bounded takes what is read from the archive's allowance.
func (a *archive) bounded(r io.Reader) io.Reader { return &allowance{a, r} }

type allowance struct {
	a *archive
	r io.Reader
}

func (l *allowance) Read(p []byte) (int, error) {
	if l.a.left <= 0 {
		return 0, fmt.Errorf("archive unpacks to more than %d times its size, or %d bytes: not read any further", maxArchiveRatio, int64(maxArchiveBytes))
	}
	n, err := l.r.Read(p)
	l.a.left -= int64(n)
	return n, err
}

// archive imports the files of an archive, each as a source of its own.
func (g *group) archive(a *archive) error {
	var failed error // of the database
	g.more = true    // for all that is known
	broken := a.walk(func(m *archived, r io.Reader) error {
		if failed = g.member(m, r); failed != nil {
			return errStop
		}
		if g.opt.Progress != nil && a.kind == "zip" {
			g.opt.Progress(a.path, a.o.size, a.o.size)
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	if err := g.ctx.Err(); err != nil {
		return err
	}
	if broken == nil && a.count == 0 {
		broken = errors.New("archive without files")
	}
	if broken == nil {
		return nil
	}
	if a.count > 0 {
		broken = fmt.Errorf("after %d files: %w", a.count, broken)
	}
	if err := a.o.rest(); err != nil && g.ctx.Err() != nil {
		return g.ctx.Err()
	}
	r := FileResult{Path: a.path, Source: store.Source{Path: a.path, Size: max(a.o.size, 0)}}
	return g.unreadable(a.o, &r, broken)
}

// member imports one file of an archive.
func (g *group) member(m *archived, in io.Reader) error {
	r := FileResult{Path: m.path, Source: store.Source{Path: m.path, Size: m.size}}
	if m.problem != "" {
		r.Err = fmt.Errorf("%s: %s", m.path, m.problem)
		return g.note(&r, store.Unreadable, m.problem)
	}
	if m.sha != nil {
		if already, err := g.importedBefore(m.path, m.size, m.sha, &r); already || err != nil {
			return err
		}
	}
	o := memberOpened(g.ctx, m, in)
	if err := o.unpackBody(); err != nil {
		return g.unreadable(o, &r, err)
	}
	if head, err := o.head(); err == nil && archiveKind(head) != "" {
		return g.unreadable(o, &r, errors.New("archive in an archive: unpack it first"))
	}
	return g.body(o, &r)
}

func memberOpened(ctx context.Context, m *archived, in io.Reader) *opened {
	o := &opened{size: m.size, modTime: m.modTime, sum: sha256.New()}
	o.raw = &countingReader{ctx: ctx, r: hashReader{in, o.sum}}
	return o
}

// withMember opens a source, which may be a file of an archive, with its
// compression taken off, for use.
func withMember(ctx context.Context, source string, use func(o *opened) error) error {
	file := source
	if _, err := os.Stat(source); err != nil {
		for i := range source { // a name may have a "!" itself
			if source[i] != '!' {
				continue
			}
			if info, err := os.Stat(source[:i]); err == nil && info.Mode().IsRegular() {
				file = source[:i]
				break
			}
		}
	}
	o, err := openFile(ctx, file, nil)
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.unpackBody(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if file == source {
		return use(o)
	}
	head, err := o.head()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	found := false
	var failed error
	err = newArchive(ctx, o, file, archiveKind(head)).walk(func(m *archived, r io.Reader) error {
		if m.path != source || m.problem != "" {
			return nil
		}
		found = true
		mo := memberOpened(ctx, m, r)
		if failed = mo.unpackBody(); failed == nil {
			failed = use(mo)
		}
		return errStop
	})
	switch {
	case found:
		return failed
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	}
	return fmt.Errorf("%s: not in the archive any more", source)
}

// peek shows the first bytes of r, fewer if it has no more.
func peek(r *bufio.Reader, n int) ([]byte, error) {
	head, err := r.Peek(n)
	if err == io.EOF {
		err = nil
	}
	return head, err
}
