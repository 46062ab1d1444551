package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// What the library that opens workbooks keeps in memory whatever it is told: a
// row, all shared strings' places, and the parts that are neither.
const (
	maxSheetRow      = 4 << 20 // bytes of XML: a row of all 16,384 columns
	maxSharedStrings = 1_000_000
	maxOtherParts    = 16 << 20 // bytes of styles, relations, pictures ...
)

// checkParts looks through a workbook's parts for what would not fit. They are
// unpacked for it a first time, and nothing is kept.
func checkParts(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	var all, others uint64
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
		if all += f.UncompressedSize64; all > maxSheet || f.UncompressedSize64 > maxSheet {
			return fmt.Errorf("unpacks to over %d MiB at %q", maxSheet>>20, clip(f.Name))
		}
		switch {
		case strings.Contains(name, "worksheets/"):
			err = checkPart(f, "<row", maxSheetRow, 0)
		case strings.Contains(name, "sharedstrings"):
			err = checkPart(f, "<si", maxSheetRow, maxSharedStrings)
		default:
			others += f.UncompressedSize64
		}
		if err == nil && others > maxOtherParts {
			err = fmt.Errorf("with those before it over %d MiB", maxOtherParts>>20)
		}
		if err != nil {
			return fmt.Errorf("part %q: %w", clip(f.Name), err)
		}
	}
	return nil
}

// checkPart bounds the bytes between the beginnings of a part's elements, and
// the number of these (0: any).
func checkPart(f *zip.File, element string, size, number int) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	in := bufio.NewReaderSize(r, 64<<10)
	for n, since := 0, 0; ; {
		text, err := in.ReadSlice('<')
		since += len(text)
		if next, _ := in.Peek(len(element)); err == nil && string(next[:min(len(next), len(element)-1)]) == element[1:] {
			since = 0
			n++
		}
		switch {
		case since > size:
			return fmt.Errorf("over %d MiB between two elements %s>, after %d of them", size>>20, element, n)
		case number > 0 && n > number:
			return fmt.Errorf("over %d elements %s>", number, element)
		case err == io.EOF:
			return nil
		case err != nil && err != bufio.ErrBufferFull:
			return err
		}
	}
}
