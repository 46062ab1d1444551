package ingest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"callsift/store"
)

// packedAs compresses data by the name of the program.
func packedAs(t *testing.T, how string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch how {
	case "gz":
		return gzipped(t, data)
	case "zst":
		w, _ := zstd.NewWriter(&b)
		_, err = w.Write(data)
		w.Close()
	case "xz":
		w, _ := xz.NewWriter(&b)
		_, err = w.Write(data)
		w.Close()
	case "zip":
		w := zip.NewWriter(&b)
		f, _ := w.Create("in/side.log")
		_, err = f.Write(data)
		w.Close()
	case "tar":
		w := tar.NewWriter(&b)
		w.WriteHeader(&tar.Header{Name: "in/side.log", Size: int64(len(data)), Mode: 0o600})
		_, err = w.Write(data)
		w.Close()
	case "bz2": // of "hello hello hello": the library only unpacks
		return []byte("BZh91AY&SY\x9eb[\xfe\x00\x00\x02\x91\x00@\x00\x02D\xa0\x00!\x14`f\x82\x91\xef#G\x0b\xb9\x22\x9c(HO1-\xff\x00")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folderOfAll writes a folder with a file of each format, of each compression,
// and what a folder has beside them; it gives the paths of its files.
func folderOfAll(t *testing.T) (dir string, files map[string]store.State) {
	t.Helper()
	dir, files = t.TempDir(), map[string]store.State{}
	put := func(name string, data []byte, state store.State) {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files[path] = state
	}
	have := map[string]bool{}
	for file, input := range samples(t) {
		if name := filepath.Base(filepath.Dir(file)); !have[name] && FormatNamed(name) != nil {
			have[name] = true
			put("formats/"+name+".log", []byte(input), store.Imported)
		}
	}
	w := &wire{}
	call := &talk{w: w, id: "w1", src: phone, dst: pbx, from: "301239999", to: "442079999999"}
	call.invite(1)
	call.refuse(2, "486 Busy Here")
	capture := mustRead(t, w.file(t, func(*wirePacket) bool { return true }))
	put("formats/one.pcap", []byte(capture), store.Imported)
	put("formats/one.pcapng", ngOf(t, capture), store.Imported)
	uac := mustRead(t, "../cmd/callsift/testdata/input/uac.log")
	put("formats/uac.log", []byte(uac), store.Imported)
	put("formats/full", []byte(mustRead(t, "../cmd/callsift/testdata/input/full")), store.Imported)
	put("formats/mx60", []byte(mustRead(t, "../cmd/callsift/testdata/input/mx60.syslog")), store.Imported)
	put("formats/text", []byte(inviteText(1)), store.Imported)
	put("formats/chansip", []byte("<--- SIP read from UDP:192.0.2.10:5060 --->\n"+inviteText(2)+"<------------->\n"), store.Imported)
	for n, how := range []string{"gz", "zst", "xz"} {
		put("packed/log."+how, packedAs(t, how, []byte(strings.ReplaceAll(uac, "192.0.2.", "192.0.2.1"+string(rune('0'+n))))), store.Imported)
	}
	for _, how := range []string{"zip", "tar"} {
		put("packed/log."+how, packedAs(t, how, []byte(inviteText(len(how)+int(how[0])))), store.Imported)
		path := filepath.Join(dir, "packed/log."+how)
		delete(files, path)
		files[path+"!in/side.log"] = store.Imported
	}
	put("packed/log.bz2", packedAs(t, "bz2", nil), store.Unknown)
	put("junk/README.md", []byte(mustRead(t, "../README.md")), store.Unknown)
	put("junk/picture.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"), store.Unknown)
	put("junk/page.html", []byte("<!DOCTYPE html>\n<html><body><table><tr><td>201</td></tr></table></body></html>\n"), store.Unknown)
	put("junk/empty", nil, store.Empty)
	put("junk/broken.gz", []byte("\x1f\x8bxxxx"), store.Unreadable)
	put("junk/twice.log", []byte(uac), store.Duplicate)
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "junk/lost.log")); err != nil {
		t.Fatal(err)
	}
	files[filepath.Join(dir, "junk/lost.log")] = store.Unreadable
	if err := os.Symlink(dir, filepath.Join(dir, "junk/loop")); err != nil {
		t.Fatal(err)
	}
	return dir, files
}

// ngOf is a capture as pcapng.
func ngOf(t *testing.T, capture string) []byte {
	t.Helper()
	r, err := pcapgo.NewReader(strings.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkType(r.LinkType()))
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			break
		}
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: ci.Timestamp, CaptureLength: ci.CaptureLength, Length: ci.Length}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFolderOfAll: one import of a folder with everything in it: each file is in
// the ledger with what became of it, and each format was recognised.
func TestFolderOfAll(t *testing.T) {
	dir, want := folderOfAll(t)
	files, missing := Expand([]string{dir})
	if len(missing) > 0 {
		t.Errorf("%v", missing)
	}
	db := imported(t, files...)
	sources, err := db.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range sources {
		state, ok := want[s.Path]
		if !ok {
			t.Errorf("%s is in the ledger and not in the folder", s.Path)
		}
		if s.State != state {
			t.Errorf("%s: %s (%s), want %s", s.Path, s.State, s.Note, state)
		}
		delete(want, s.Path)
		for _, f := range strings.Split(s.Format, "+") {
			seen[f] = true
		}
	}
	for path := range want {
		t.Errorf("%s is not in the ledger", path)
	}
	var lacking []string
	for _, f := range Formats {
		if !seen[f.Name] {
			lacking = append(lacking, f.Name)
		}
	}
	if slices.Sort(lacking); len(lacking) > 0 {
		t.Errorf("no file was read as %s", strings.Join(lacking, ", "))
	}
	checkRollups(t, db)
}
