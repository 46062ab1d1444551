package ingest

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"callsift/store"
)

// call is a message that no other has.
func call(id string) string {
	return "INVITE sip:100@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5080;branch=z9hG4bK" + id + "\nFrom: <sip:1001@example.net>;tag=" + id +
		"\nTo: <sip:100@192.0.2.1>\nCall-ID: " + id + "@192.0.2.10\nCSeq: 1 INVITE\n\n"
}

// bzip2Call is call("bz") packed: the standard library only unpacks.
const bzip2Call = "QlpoOTFBWSZTWQJeKEgAADjfgAAQQAP2f0+pTwA65/xQIACUDU0RppDRhGRoZDTTeiajyg1NEZJtNEwAAjJkYmEiYemiRBWQWCCtGAwSBkoHUwGIx/J4UB9sLMUwQSZKrACUBfNLOBS9uufd6GDnSGu3QXQSuoyMwpmO1RhodOKiCxokTXuCX1rjA2/X0Q1sT8xhpdFDPS8iB4V2ozfhGPEpLilFpfxdyRThQkAJeKEg"

func packed(t testing.TB, name, data string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch name {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "xz":
		w, err = xz.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// entry is a file for an archive.
type entry struct{ name, data string }

func zipOf(t testing.TB, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: time.Date(2026, 11, 16, 8, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, e.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarOf(t testing.TB, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.data)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, e.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDecompressed(t *testing.T) {
	bz, err := base64.StdEncoding.DecodeString(bzip2Call)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want, by string }{
		"gzip":             {packed(t, "gzip", call("a")), call("a"), "gzip"},
		"gzip, two in one": {packed(t, "gzip", call("a")) + packed(t, "gzip", call("b")), call("a") + call("b"), "gzip"},
		"zstd":             {packed(t, "zstd", call("a")), call("a"), "zstd"},
		"bzip2":            {string(bz), call("bz"), "bzip2"},
		"xz":               {packed(t, "xz", call("a")), call("a"), "xz"},
		"text":             {call("a"), call("a"), ""},
		"like bzip2":       {"BZh9 is how it begins\n", "BZh9 is how it begins\n", ""},
		"short":            {"\x28\xb5", "\x28\xb5", ""},
		"nothing":          {"", "", ""},
	} {
		r, by, err := decompressed(bufio.NewReader(strings.NewReader(c.data)))
		if err != nil || by != c.by {
			t.Errorf("%s: %q, %v, want %q", name, by, err, c.by)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A file that asks for more memory than any honest one is refused.
func TestXZDictionary(t *testing.T) {
	data := []byte(packed(t, "xz", call("a")))
	if size := xzDictionary(data[:64]); size != 8<<20 {
		t.Errorf("dictionary of %d bytes, want 8 MiB", size)
	}
	at := bytes.Index(data, []byte{0x21, 1})
	data[at+2] = 40
	if _, _, err := decompressed(bufio.NewReader(bytes.NewReader(data))); err == nil || !strings.Contains(err.Error(), "xz header: dictionary of ") {
		t.Errorf("error %v", err)
	}
}

// sourcesOf imports paths and lists the ledger: path, state, format, messages, note.
func sourcesOf(t *testing.T, db *store.DB, paths ...string) []string {
	t.Helper()
	ctx := context.Background()
	if err := Run(ctx, db, paths, Options{}, func(FileResult) {}); err != nil {
		t.Fatal(err)
	}
	sources, err := db.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range sources {
		dir, name := filepath.Split(s.Path)
		for _, p := range paths {
			if rest, ok := strings.CutPrefix(s.Path, filepath.Dir(p)+"/"); ok {
				dir, name = "", rest
			}
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s%s %s %s %d %s", dir, name, s.State, s.Format, s.Messages, s.Note)))
	}
	sort.Strings(list)
	return list
}

func openStore(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func write(t *testing.T, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestArchives(t *testing.T) {
	encrypted := []byte(zipOf(t, entry{"secret.log", call("s")}, entry{"clear.log", call("c")}))
	encrypted[6] |= 1                                              // the local header
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1 // the directory's
	whole := tarOf(t, entry{"a.log", call("a")}, entry{"b.log", call("b")})
	for name, c := range map[string]struct {
		data string
		want []string
	}{
		"site.zip": {zipOf(t, entry{"logs/", ""}, entry{"logs/a.log", call("a")}, entry{"b.gz", packed(t, "gzip", call("b"))}, entry{"photo.jpg", "\xff\xd8\xff\xe0 JFIF"}, entry{"empty", ""}), []string{
			"site.zip!b.gz imported sip-text 1 gzip", "site.zip!empty empty  0 no bytes", "site.zip!logs/a.log imported sip-text 1",
			`site.zip!photo.jpg unknown  0 no known format; begins "\xff\xd8\xff\xe0 JFIF"`}},
		"site.tar": {tarOf(t, entry{"logs/", ""}, entry{"logs/a.log", call("a")}, entry{"b.zst", packed(t, "zstd", call("b"))}), []string{"site.tar!b.zst imported sip-text 1 zstd", "site.tar!logs/a.log imported sip-text 1"}},
		"site.tgz": {packed(t, "gzip", whole), []string{"site.tgz!a.log imported sip-text 1", "site.tgz!b.log imported sip-text 1"}},
		"site.txz": {packed(t, "xz", whole), []string{"site.txz!a.log imported sip-text 1", "site.txz!b.log imported sip-text 1"}},
		"traverse.zip": {zipOf(t, entry{"../../etc/a", call("a")}, entry{`..\b`, call("b")}, entry{"/abs", call("c")}, entry{"bell\a", call("d")}, entry{"abs", call("e")}), []string{
			"traverse.zip!abs imported sip-text 1", "traverse.zip!abs#2 imported sip-text 1", "traverse.zip!b imported sip-text 1", "traverse.zip!bell? imported sip-text 1", "traverse.zip!etc/a imported sip-text 1"}},
		"secret.zip":  {string(encrypted), []string{"secret.zip!clear.log imported sip-text 1", "secret.zip!secret.log unreadable  0 encrypted"}},
		"nested.zip":  {zipOf(t, entry{"in.tar", whole}, entry{"in.zip", zipOf(t, entry{"a", call("a")})}), []string{"nested.zip!in.tar unreadable  0 archive in an archive: unpack it first", "nested.zip!in.zip unreadable  0 archive in an archive: unpack it first"}},
		"empty.zip":   {zipOf(t), []string{"empty.zip unreadable  0 archive without files"}},
		"cut.zip":     {zipOf(t, entry{"a", call("a")})[:150], []string{"cut.zip unreadable  0 zip directory: zip: not a valid zip file"}},
		"cut.tar":     {whole[:1024+512+100], []string{"cut.tar unreadable  0 after 2 files: tar archive: unexpected EOF", "cut.tar!a.log imported sip-text 1", "cut.tar!b.log partial sip-text 0 line 4: unexpected EOF"}},
		"letter.docx": {zipOf(t, entry{"[Content_Types].xml", "<Types/>"}, entry{"word/document.xml", "<w/>"}), []string{`letter.docx unknown  0 no known format; begins "PK\x03\x04`}},
	} {
		got := sourcesOf(t, openStore(t), write(t, name, c.data))
		for i, line := range got {
			if strings.HasPrefix(line, "letter.docx") {
				got[i], _, _ = strings.Cut(line, `\x14`)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

// TestSparse: a tar's sparse file, of a kilobyte there and a terabyte read.
func TestSparse(t *testing.T) {
	data := sparseTar(call("a"), 1<<40) + tarOf(t, entry{"after.log", call("b")})
	for name, want := range map[string][]string{
		"of a size": {"after.log unreadable  0 archive unpacks to more than 500 times its size", "sparse.log unreadable  0 no known format, and not to be read to its end: archive unpacks to more than 500 times its size"},
		"of a pipe": {"after.log imported sip-text 1", "sparse.log unreadable  0 a sparse file, of which a pipe does not tell how much it may hold"},
	} {
		ctx, db, path := context.Background(), openStore(t), write(t, "s.tar", data)
		o, err := openFile(ctx, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer o.close()
		if err := o.unpackBody(); err != nil {
			t.Fatal(err)
		}
		if name == "of a pipe" {
			o.size = -1
		}
		g := group{ctx: ctx, db: db, done: func(FileResult) {}}
		if err := errors.Join(g.archive(newArchive(ctx, o, path, "tar")), g.commit()); err != nil {
			t.Fatal(err)
		}
		got := sourcesOf(t, db)
		for i := range want {
			if len(got) != len(want) || !strings.Contains(got[i], "s.tar!"+want[i]) {
				t.Fatalf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// sparseTar is the entry of a file in GNU tar's old sparse form: text, then a
// hole up to size.
func sparseTar(text string, size int64) string {
	h := make([]byte, 512)
	number := func(at int, n int64) { // base 256
		binary.BigEndian.PutUint64(h[at+4:], uint64(n))
		h[at] = 0x80
	}
	copy(h, "sparse.log")
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	number(124, int64(len(text)))
	copy(h[136:], "00000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	number(386, 0)
	number(398, int64(len(text)))
	number(410, size)
	number(422, 0)
	number(483, size)
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(h) + text + strings.Repeat("\x00", 512-len(text))
}

// The same files again, in the same archive, in another kind, or alone, are the
// same bytes.
func TestArchiveAgain(t *testing.T) {
	db := openStore(t)
	a, b := entry{"a.log", call("a")}, entry{"b.log", call("b") + call("bb")}
	dir := t.TempDir()
	put := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := put("1.tgz", packed(t, "gzip", tarOf(t, a, b)))
	sourcesOf(t, db, first, first, put("2.zip", zipOf(t, b)))
	got := sourcesOf(t, db, put("3.log", a.data), put("4.tar", tarOf(t, b, entry{"c.log", call("c")})), first)
	want := []string{
		"1.tgz!a.log imported sip-text 1", "1.tgz!b.log imported sip-text 2",
		"2.zip!b.log duplicate sip-text 0 same bytes as 1.tgz!b.log", "3.log duplicate sip-text 0 same bytes as 1.tgz!a.log",
		"4.tar!b.log duplicate sip-text 0 same bytes as 1.tgz!b.log", "4.tar!c.log imported sip-text 1",
	}
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], dir+"/", "")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	sources, err := db.Sources(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(a.data))
	for _, s := range sources {
		if s.Path == first+"!a.log" && (s.SHA256 != hex.EncodeToString(sum[:]) || s.Size != int64(len(a.data))) {
			t.Errorf("%+v: not of the member's bytes", s)
		}
	}
}

// The bytes of a record come out of the archive again.
func TestArchiveRaw(t *testing.T) {
	text := call("first") + call("second")
	at := int64(len(call("first")))
	for name, data := range map[string]string{
		"a!b.zip": zipOf(t, entry{"x", "x"}, entry{"logs/in!side.gz", packed(t, "gzip", text)}),
		"a.tar":   tarOf(t, entry{"logs/in!side.gz", text}),
		"a.tbz":   packed(t, "xz", tarOf(t, entry{"x", "x"}, entry{"logs/in!side.gz", packed(t, "zstd", text)})),
	} {
		path := write(t, name, data)
		step := &Step{Path: path + "!logs/in!side.gz", Format: "sip-text", Offset: at, Length: int64(len(call("second")))}
		raw, err := Raw(context.Background(), step)
		if err != nil || string(raw) != call("second") {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
		step.Path = path + "!other"
		if _, err := Raw(context.Background(), step); err == nil || !strings.Contains(err.Error(), "not in the archive any more") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An archive whose files unpack to more than it is allowed is not read to the end.
func TestArchiveBomb(t *testing.T) {
	path := write(t, "bomb.zip", zipOf(t, entry{"a.log", call("a")}, entry{"zeros.log", call("z") + strings.Repeat("\n", 3<<20)}, entry{"b.log", call("b")}))
	ctx, db := context.Background(), openStore(t)
	o, err := openFile(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	a := newArchive(ctx, o, path, "zip")
	if a.left != freeBytes {
		t.Errorf("%d bytes allowed, want %d", a.left, freeBytes)
	}
	a.left = 1 << 20
	g := group{ctx: ctx, db: db, done: func(FileResult) {}}
	if err := g.archive(a); err != nil {
		t.Fatal(err)
	}
	if err := g.commit(); err != nil {
		t.Fatal(err)
	}
	got := sourcesOf(t, db)
	if len(got) != 3 || !strings.HasSuffix(got[0], "bomb.zip!a.log imported sip-text 1") || !strings.Contains(got[1], "bomb.zip!b.log unreadable  0 archive unpacks to more than 500 times its size") ||
		!strings.Contains(got[2], "bomb.zip!zeros.log partial sip-text 1 ") {
		t.Errorf("%q", got)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add([]byte(zipOf(f, entry{"a", call("a")}, entry{"b.gz", packed(f, "gzip", call("b"))})))
	f.Add([]byte(tarOf(f, entry{"../a", call("a")})))
	f.Add([]byte(packed(f, "xz", tarOf(f, entry{"a", call("a")}))))
	f.Add([]byte(packed(f, "zstd", call("a"))))
	path := filepath.Join(f.TempDir(), "x")
	// Any bytes: the walk ends, no name leads out, no more is read than allowed.
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		o, err := openFile(ctx, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer o.close()
		if o.unpackBody() != nil {
			return
		}
		head, _ := o.head()
		kind := archiveKind(head)
		if kind == "" {
			return
		}
		a := newArchive(ctx, o, path, kind)
		a.left = 1 << 20
		a.walk(func(m *archived, r io.Reader) error {
			name := strings.TrimPrefix(m.path, path+"!")
			if strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\x00\n\r") || len(name) > maxMemberName+20 {
				t.Errorf("name %q", name)
			}
			if r != nil {
				if n, _ := io.Copy(io.Discard, r); n > 1<<20+64<<10 {
					t.Errorf("%d bytes", n)
				}
			}
			return nil
		})
	})
}
