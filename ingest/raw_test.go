package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// RawAll gives what Raw gives, step by step, of plain and compressed sources in
// any order, and stops at its limit.
func TestRawAll(t *testing.T) {
	dir := t.TempDir()
	text := bytes.Repeat([]byte("0123456789abcdef\n"), 200)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(text)
	z.Close()
	plain, gz := filepath.Join(dir, "a.log"), filepath.Join(dir, "a.log.gz")
	for path, data := range map[string][]byte{plain: text, gz: packed.Bytes()} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var steps []*Step
	for _, path := range []string{gz, plain} {
		for _, offset := range []int64{1700, 17, 20, 0, 3383} {
			steps = append(steps, &Step{Path: path, Offset: offset, Length: 17})
		}
	}
	steps = append(steps, &Step{Path: plain, Offset: 3390, Length: 17}, &Step{Path: gz, Offset: 3390, Length: 17}, &Step{Path: filepath.Join(dir, "none"), Length: 1})
	ctx := context.Background()
	raw, errs := RawAll(ctx, steps, 1<<20)
	for i, s := range steps {
		want, err := Raw(ctx, s)
		if !bytes.Equal(raw[i], want) || (errs[i] == nil) != (err == nil) {
			t.Errorf("%s at %d: %q (%v), want %q (%v)", filepath.Base(s.Path), s.Offset, raw[i], errs[i], want, err)
		}
	}
	_, errs = RawAll(ctx, steps[:5], 100)
	if !errors.Is(errs[0], ErrFar) || errs[3] != nil {
		t.Errorf("with a limit of 100 bytes: %v", errs)
	}
}
