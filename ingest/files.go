package ingest

import (
	"bufio"
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
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headSize is how much of a file the formats see to recognise it.
const headSize = 64 << 10

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Expand turns what a user gave (files, directories, globs, "-") into files in a
// fixed order: as given, those of a directory by name, but of a rotated log the oldest first. A path that is not there is an error of its own in missing.
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
	inTime(files)
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
			// One that leads nowhere is a file that cannot be read, and the ledger says so.
			if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
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
	ahead   *aheadReader // nil: standard input, pipes, small files
	raw     *countingReader
	first   *bufio.Reader // of raw
	body    *bufio.Reader // first, or what it unpacks to
	packed  bool          // body is what raw unpacks to
	note    string        // the compression: "gzip", "zstd" ...
	grown   string        // what of it had been read before
}

// countingReader counts and hashes what passes and stops when ctx ends.
type countingReader struct {
	ctx  context.Context
	r    io.Reader
	n    int64
	tick func(n int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.passed(n)
	return n, err
}

func (c *countingReader) passed(n int) {
	c.n += int64(n)
	if c.tick != nil {
		c.tick(int64(n))
	}
}

// chunk is Read for a file that is read ahead, without a copy.
func (c *countingReader) chunk(ahead *aheadReader) ([]byte, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	data, err := ahead.chunk()
	c.passed(len(data))
	return data, err
}

// hashReader hashes what passes: of standard input, which may block for ever.
type hashReader struct {
	r   io.Reader
	sum hash.Hash
}

func (h hashReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	return n, err
}

// aheadReader reads and hashes a file in a goroutine of its own, some blocks
// ahead: it is a tenth of the time of reading a CDR file, and there are two cores.
type aheadReader struct {
	full chan block
	free chan []byte
	cur  block
	at   int
}

// block is a part of a file and the error after it.
type block struct {
	data []byte
	err  error
}

const (
	blockSize = 512 << 10
	blocks    = 2 // more and smaller ones wake the other goroutine more often: 3 % of a capture's time
)

func newAheadReader(r io.Reader, sum hash.Hash) *aheadReader {
	a := &aheadReader{full: make(chan block, blocks), free: make(chan []byte, blocks)}
	for range blocks {
		a.free <- make([]byte, blockSize)
	}
	go a.run(r, sum)
	return a
}

// run ends with the file, or when no more blocks are given back.
func (a *aheadReader) run(r io.Reader, sum hash.Hash) {
	defer close(a.full)
	for buf := range a.free {
		n, err := r.Read(buf)
		sum.Write(buf[:n])
		a.full <- block{buf[:n], err}
		if err != nil {
			return
		}
	}
}

func (a *aheadReader) Read(p []byte) (int, error) {
	for a.at == len(a.cur.data) {
		if a.cur.err != nil {
			return 0, a.cur.err
		}
		if a.cur.data != nil {
			a.free <- a.cur.data[:blockSize]
		}
		a.cur, a.at = <-a.full, 0
	}
	n := copy(p, a.cur.data[a.at:])
	a.at += n
	return n, nil
}

// chunk is Read without a copy: the bytes are valid until the next call.
func (a *aheadReader) chunk() ([]byte, error) {
	if _, err := a.Read(nil); err != nil {
		return nil, err
	}
	data := a.cur.data[a.at:]
	a.at = len(a.cur.data)
	return data, nil
}

// stop ends the goroutine and waits for its end.
func (a *aheadReader) stop() {
	close(a.free)
	for range a.full {
	}
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
	o.raw = &countingReader{ctx: ctx, r: hashReader{o.file, o.sum}, tick: tick}
	if o.size > blockSize { // a smaller one is read sooner than a goroutine starts
		o.ahead = newAheadReader(o.file, o.sum)
		o.raw.r = o.ahead
	}
	return o, nil
}

// The size of a file's buffer: it is made for every file, and many are small.
const (
	leastBuffer = 4 << 10
	bodyBuffer  = 256 << 10
)

// unpackBody looks at the first bytes and puts the decompressor in front that they ask for.
func (o *opened) unpackBody() error {
	size := bodyBuffer
	if o.size >= 0 {
		size = int(max(leastBuffer, min(o.size+1, bodyBuffer)))
	}
	buffered := bufio.NewReaderSize(o.raw, size)
	z, name, err := decompressed(buffered)
	if err != nil {
		return err
	}
	o.note, o.first, o.body = name, buffered, buffered
	if o.packed = name != ""; o.packed {
		o.body = bufio.NewReaderSize(&unpacked{r: z, packed: o.raw}, headSize)
	}
	o.recode()
	return nil
}

// recode puts a decoder in front of text in UTF-16, as PowerShell's > and
// Notepad write it: no reader of logs needs to know. Places are then those in the
// text as UTF-8.
func (o *opened) recode() {
	mark, _ := o.body.Peek(2)
	order := unicode.LittleEndian
	switch string(mark) {
	case "\xff\xfe":
	case "\xfe\xff":
		order = unicode.BigEndian
	default:
		return
	}
	o.body = bufio.NewReaderSize(transform.NewReader(o.body, unicode.UTF16(order, unicode.UseBOM).NewDecoder()), headSize)
	o.note = joinNotes(o.note, "UTF-16")
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
	err    error // kept: what looked ahead has met it, and the xz library says EOF then
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	if u.n > maxUnpacked || u.n > ratioMatters && u.n > maxRatio*u.packed.n {
		return 0, &bombError{u.packed.n, u.n}
	}
	n, err := u.r.Read(p)
	u.n += int64(n)
	if u.err = err; err == io.ErrUnexpectedEOF {
		u.err = errCut
	}
	return n, u.err
}

// head peeks at the bytes by which a format is recognised. Damage behind them
// is met again, and told, by the format's reader.
func (o *opened) head() ([]byte, error) {
	head, err := o.body.Peek(min(headSize, o.body.Size()))
	if len(head) == 0 && err != nil && err != io.EOF {
		return nil, err
	}
	return head, nil
}

// reader is what a format reads. Of a file read ahead that is neither packed nor in another
// code it has the method Chunk.
func (o *opened) reader() io.Reader {
	if o.ahead != nil && o.body == o.first {
		return bodyReader{o.body, o}
	}
	return o.body
}

// bodyReader reads a file that is read ahead.
type bodyReader struct {
	*bufio.Reader
	o *opened
}

// Chunk is Read without a copy: the bytes are valid until the next call of either.
func (r bodyReader) Chunk() ([]byte, error) {
	if n := r.Buffered(); n > 0 { // what was looked at
		data, err := r.Peek(n)
		r.Discard(n)
		return data, err
	}
	return r.o.raw.chunk(r.o.ahead)
}

// rest reads to the end, so that the hash covers the whole file.
func (o *opened) rest() error {
	_, err := io.Copy(io.Discard, o.raw)
	return err
}

// end reads what no reader wants to the end of the file: what is packed shows
// there that its end is missing.
func (o *opened) end() error {
	if o.packed {
		if _, err := io.Copy(io.Discard, o.body); err != nil {
			return err
		}
	}
	return o.rest()
}

// sha is the hash of the bytes as found, to the end or as far as they can be read.
func (o *opened) sha() string {
	io.Copy(io.Discard, o.raw)
	return hex.EncodeToString(o.sum.Sum(nil))
}

func (o *opened) close() {
	if o.ahead != nil {
		o.ahead.stop()
	}
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

// lookedFor says what a file was not, for the sentence about an unknown one. All
// names would be forty: the command formats lists them.
func lookedFor() string {
	kinds := map[string]int{}
	for _, f := range Formats {
		kinds[f.Kind]++
	}
	return fmt.Sprintf("captures and logs with SIP (%d formats), call records (%d), device events and pages (%d); callsift formats lists them",
		kinds["sip"], kinds["cdr"], kinds["event"]+kinds["context"])
}
