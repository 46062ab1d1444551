package ingest

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds the memory that compressed data may ask for: how far back it
// refers. zstd --ultra -22 and xz -9 stay below.
const maxWindow = 128 << 20

// compression is one way to pack a file, known by its first bytes.
type compression struct {
	name  string
	magic string
	open  func(*bufio.Reader) (io.Reader, error)
}

var compressions = []compression{
	{"gzip", "\x1f\x8b", func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"bzip2", "BZh", openBzip2},
	{"xz", "\xfd7zXZ\x00", openXZ},
}

// decompressed puts the decompressor in front of r that its first bytes ask
// for; name "" if none does.
func decompressed(r *bufio.Reader) (out io.Reader, name string, err error) {
	head, err := peek(r, 10)
	if err != nil {
		return nil, "", err
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(head, []byte(c.magic)) || c.name == "bzip2" && !isBzip2(head) {
			continue
		}
		out, err := c.open(r)
		if err != nil {
			return nil, c.name, fmt.Errorf("%s header: %w", c.name, err)
		}
		return out, c.name, nil
	}
	return r, "", nil
}

// One decoder and no goroutines: files are read one after the other.
func openZstd(r *bufio.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
}

func openBzip2(r *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }

// isBzip2 knows the block size and the number that begins a block, pi, or ends
// the stream, its square root: "BZh" alone could be text.
func isBzip2(head []byte) bool {
	return len(head) == 10 && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:]) == "1AY&SY" || string(head[4:]) == "\x17\x72\x45\x38\x50\x90")
}

// openXZ looks at the first block's header for the memory it wants: the library
// takes whatever it says, up to 4 GiB.
func openXZ(r *bufio.Reader) (io.Reader, error) {
	head, err := peek(r, 64)
	if err != nil {
		return nil, err
	}
	if size := xzDictionary(head); size > maxWindow {
		return nil, fmt.Errorf("dictionary of %d bytes, want at most %d", size, maxWindow)
	}
	return xz.NewReader(r)
}

// xzDictionary is the size of the dictionary of the first LZMA2 filter (xz file
// format 1.2, §3.1, §5.3.1), 0 if there is none among the first bytes.
func xzDictionary(head []byte) int64 {
	const streamHeader = 12
	if len(head) <= streamHeader || head[streamHeader] == 0 {
		return 0
	}
	block := head[streamHeader+1:]
	flags := byte(0)
	if len(block) > 0 {
		flags, block = block[0], block[1:]
	}
	for _, bit := range []byte{0x40, 0x80} { // packed and unpacked size, if given
		for flags&bit != 0 && len(block) > 0 {
			last := block[0]&0x80 == 0
			block = block[1:]
			if last {
				break
			}
		}
	}
	for len(block) >= 3 {
		id, size := block[0], int(block[1])
		if id == 0x21 {
			bits := int64(block[2] & 0x3f)
			return (2 | bits&1) << (bits/2 + 11)
		}
		block = block[min(len(block), 2+size):]
	}
	return 0
}
