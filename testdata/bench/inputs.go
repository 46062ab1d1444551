package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// unzstd unpacks a file into the bench's folder, once.
func (b *bench) unzstd(packed, name string) string {
	out := filepath.Join(b.dir, name)
	if _, err := os.Stat(out); err == nil {
		return out
	}
	in, err := os.Open(packed)
	check(err)
	defer in.Close()
	z, err := zstd.NewReader(in)
	check(err)
	defer z.Close()
	f, err := os.Create(out)
	check(err)
	// In large pieces, as cp does: Linux keeps what is written in small ones in small
	// pieces, from which reading takes three times as long.
	w := bufio.NewWriterSize(f, 4<<20)
	_, err = io.Copy(struct{ io.Writer }{w}, z)
	check(err)
	check(w.Flush())
	check(f.Close())
	return out
}

// grown measures what must not grow faster than its input: ten times the rows,
// four times the capture; and reading of 10 M calls.
func (b *bench) grown() {
	gen := filepath.Join(b.corpus, "gen", "gencdr.go")
	packed := filepath.Join(b.corpus, "lab-big", "lab.pcap.zst")
	csv10, read := b.want("csv10", gen), b.want("read", "sqlite3", gen)
	if csv10 || read {
		million, all := b.master(gen, 1_000_000), b.master(gen, 10_000_000)
		one, ten := b.compare(func() usage { return b.load("csv.db", million) }, func() usage { return b.load("csv10.db", all) })
		b.add(result{work: "10 M rows, time against 1 M", own: ten, peer: one, value: ten.wall / one.wall, unit: "x", must: 11, aim: 10})
		b.memory("  its peak memory", ten)
	}
	if read {
		b.reading(filepath.Join(b.dir, "csv10.db"))
	}
	if b.want("pcap4", packed) {
		four := b.four(b.unzstd(packed, "lab.pcap"))
		own := b.load("pcap4.db", four)
		b.add(result{work: "four captures one after the other", own: own})
		b.memory("  its peak memory", own)
	}
}

// weekKeys are pairs of keys that a breakdown is asked for, with the columns of
// table profile, or attempt, that a scan finds them in. By caller (source) there are a
// million rows, of which the table shows the first thousand and their rest; the scan prints all.
var weekKeys = [][2]string{
	{"trunk,code", "p.trunk, p.code"},
	{"prefix,outcome", "p.prefix, p.outcome"},
	{"device,cause", "p.device, p.cause"},
	{"direction,class", "p.direction, p.class"},
	{"reason,peer", "p.reason, p.peer"},
	{"hour,trunk", "a.start / 3600000000 % 24, p.trunk"},
	{"hour,user_agent", "a.start / 3600000000 % 24, p.user_agent"},
	{"day,hour", "a.start / 86400000000, a.start / 3600000000 % 24"},
	{"source,prefix", "a.caller, p.prefix"},
}

// reading measures the report and breakdowns of a week on 10 M calls and, where
// it is there, the calls of lab-big, each in a process of its own. Every pair of
// keys is shown; the one with the smallest gain is the worst.
func (b *bench) reading(db string) {
	const from, to = "2026-03-16", "2026-03-23"
	packed := filepath.Join(b.corpus, "lab-big", "lab.pcap.zst")
	if _, err := os.Stat(packed); err == nil {
		check(run(b.binary, "--quiet", "--db", db, "import", b.unzstd(packed, "lab.pcap")).err)
	}
	report := func() usage {
		own := run(b.binary, "--quiet", "--db", db, "report", "--from", from, "--to", to, "--out", filepath.Join(b.dir, "report"))
		check(own.err)
		return own.usage
	}
	own, _ := b.compare(report, func() usage { return usage{} })
	b.add(result{work: "weekly report with all charts", own: own, value: own.wall, unit: "s", must: 1, aim: 0.5})
	for _, k := range weekKeys {
		own, scan := b.compare(func() usage {
			r := run(b.binary, "--quiet", "--db", db, "breakdown", "--by", k[0], "--from", from, "--to", to)
			check(r.err)
			return r.usage
		}, func() usage {
			r := run("sqlite3", db, `SELECT `+k[1]+`, count(*) FROM attempt a NOT INDEXED JOIN profile p ON p.id = a.profile WHERE a.start >= 1773619200000000 AND a.start < 1774224000000000 GROUP BY 1, 2`)
			check(r.err)
			return r.usage
		})
		b.add(result{work: "breakdown by " + k[0], against: "scan in sqlite3", own: own, peer: scan, value: scan.wall / own.wall, unit: "x", must: 20, aim: 100, least: true})
	}
}

// four writes a capture four times, each copy an hour later and with Call-IDs of
// its own of the same length.
func (b *bench) four(file string) string {
	out := filepath.Join(b.dir, "lab4.pcap")
	if _, err := os.Stat(out); err == nil {
		return out
	}
	f, err := os.Create(out)
	check(err)
	w := bufio.NewWriterSize(f, 1<<20)
	for n := range 4 {
		check(copyCapture(w, file, n))
	}
	check(w.Flush())
	check(f.Close())
	return out
}

func copyCapture(w io.Writer, file string, n int) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, 24)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(head)&0xffff0000 != 0xa1b20000 {
		return fmt.Errorf("%s: %x, want a little endian pcap", file, head[:4])
	}
	if n == 0 {
		if _, err := w.Write(head); err != nil {
			return err
		}
	}
	record := make([]byte, 16)
	var packet []byte
	for {
		if _, err := io.ReadFull(r, record); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		size := int(binary.LittleEndian.Uint32(record[8:]))
		packet = append(packet[:0], make([]byte, size)...)
		if _, err := io.ReadFull(r, packet); err != nil {
			return err
		}
		binary.LittleEndian.PutUint32(record, binary.LittleEndian.Uint32(record)+uint32(3600*n))
		for rest := packet; n > 0; {
			i := bytes.Index(rest, []byte("Call-ID: "))
			if i < 0 || i+9 >= len(rest) {
				break
			}
			rest = rest[i+9:]
			if at := bytes.IndexByte(rest[:min(len(rest), 64)], '@'); at >= 0 {
				rest[at] = byte('A' + n)
			}
		}
		if _, err := w.Write(record); err != nil {
			return err
		}
		if _, err := w.Write(packet); err != nil {
			return err
		}
	}
}
