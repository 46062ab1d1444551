package ingest

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"callsift/store"
)

const labBig = "../../shared/corpus/lab-big/"

// BenchmarkImportLab: a capture of 485,000 messages to a finished database. With
// -cpuprofile it is how the profiles were made that comments speak of.
func BenchmarkImportLab(b *testing.B) {
	file := filepath.Join(b.TempDir(), "lab.pcap")
	unpackTo(b, file, labZstd(b, "lab.pcap.zst"))
	importAll(b, []string{file})
}

// BenchmarkImportSIPp: the same calls from the logs of both ends.
func BenchmarkImportSIPp(b *testing.B) {
	dir := b.TempDir()
	var files []string
	for r := tar.NewReader(labZstd(b, "sipp.tar.zst")); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			files = append(files, filepath.Join(dir, filepath.Base(h.Name)))
			unpackTo(b, files[len(files)-1], r)
		}
	}
	importAll(b, files)
}

func labZstd(b *testing.B, name string) io.Reader {
	f, err := os.Open(labBig + name)
	if err != nil {
		b.Skipf("no shared corpus: %v", err)
	}
	z, err := zstd.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { z.Close(); f.Close() })
	return z
}

func unpackTo(b *testing.B, path string, r io.Reader) {
	out, err := os.Create(path)
	if err == nil {
		_, err = io.Copy(out, r)
		out.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// importAll imports files into a new database, once a round.
func importAll(b *testing.B, files []string) {
	var size int64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	b.SetBytes(size)
	var records int64
	for b.Loop() {
		db, err := store.OpenTemp(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		records = 0
		if err := Run(context.Background(), db, files, Options{}, func(r FileResult) { records += r.Source.Records() }); err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
