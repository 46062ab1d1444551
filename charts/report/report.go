// Package report writes the report pack of a period: one page to read, the
// charts to paste, the tables to calculate with and the numbers for scripts. All
// forms show the numbers of one analyze.Report; nothing is counted here.
//
//	report.html      one file, no network: readable on a screen, a phone and paper
//	report.json      every number, schema below
//	report.md        the same sections as the page, for a wiki or a ticket
//	report.pdf       the same sections on A4
//	report.xlsx      a sheet a table, with real numbers and dates
//	mail.eml         a summary of at most 20 lines with charts, numbers masked
//	charts/NAME.png  and NAME.svg
//	tables/NAME.csv  one a table
//
// The same report gives the same bytes.
package report

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/words"
)

// Options of a pack. The zero value is light charts of 1200×600 in the built-in
// font.
type Options struct {
	Chart charts.Options // size, scale, dark, language and font of charts/*; the page has both light and dark, all forms the language
	Tool  string         // name and version for the page's foot, "callsift 0.1.0"; "": none
	Calls []Call         // calls behind the figures, for the page

	CallsCommand string              // the command line that lists all calls of the report, "callsift calls --week 2026-W46"
	ShowSQL      bool                // a query under each table
	Where        []analyze.Condition // of the report's calls, for those queries
	OpenMail     bool                // telephone numbers are not masked in the mail; in the other forms Mask does that
}

// file is one file of the pack, path relative to its folder.
type file struct {
	path string
	data []byte
}

// Write writes the pack into dir, which it makes if need be. Everything is
// rendered before the first file is touched, and each file appears whole or not
// at all; the page comes last. Other files in dir stay.
func Write(dir string, r *analyze.Report, opt Options) error {
	files, err := pack(r, opt)
	if err != nil {
		return err
	}
	for _, sub := range []string{"charts", "tables"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := replace(filepath.Join(dir, filepath.FromSlash(f.path)), f.data); err != nil {
			return err
		}
	}
	return nil
}

// Warnings tells what the pack cannot show: characters of names that the chosen
// font lacks.
func Warnings(r *analyze.Report, opt Options) []string {
	var out []string
	if !opt.holds() {
		out = append(out, "the font of PNG and PDF has no Chinese: these are in English; --font FILE names one that has, such as WenQuanYi Micro Hei")
	} else if !charts.Embeddable(opt.Chart.Font) && opt.Chart.Lang == string(words.Chinese) {
		out = append(out, opt.Chart.Font+": OpenType outlines, which PDF cannot hold: report.pdf is in English; a TrueType font, such as WenQuanYi Micro Hei, makes it Chinese")
	}
	for _, name := range charts.Names() {
		fig, err := charts.New(name, r)
		if err != nil {
			continue
		}
		if missing, err := charts.Missing(fig, opt.drawings()); err == nil && len(missing) > 0 {
			out = append(out, fmt.Sprintf("chart %s: no glyph for %q; --font FILE names a font that has them", name, string(missing)))
		}
	}
	return out
}

// work is one file of the pack and what makes it.
type work struct {
	path string
	make func() ([]byte, error)
}

// pack makes all files side by side, as many at a time as there are processors:
// each drawing under way holds a picture of fifteen megabytes.
func pack(r *analyze.Report, opt Options) ([]file, error) {
	list := works(r, opt)
	files, errs := make([]file, len(list)), make([]error, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				files[i].path = list[i].path
				files[i].data, errs[i] = list[i].make()
			}
		})
	}
	wg.Wait()
	return files, cmp.Or(errs...)
}

// works lists the files in the order in which they are written, the page last.
func works(r *analyze.Report, opt Options) []work {
	var list []work
	add := func(path string, make func() ([]byte, error)) { list = append(list, work{path, make}) }
	for _, name := range charts.Names() {
		add("charts/"+name+".png", func() ([]byte, error) { return drawing(r, name, "png", opt.drawings()) })
		add("charts/"+name+".svg", func() ([]byte, error) { return drawing(r, name, "svg", opt.Chart) })
	}
	for _, t := range tables(r) {
		add("tables/"+t.name+".csv", func() ([]byte, error) { return t.csv(), nil })
	}
	add("report.json", func() ([]byte, error) { return encode(r) })
	add("report.md", func() ([]byte, error) { return markdown(r, opt), nil })
	add("report.xlsx", func() ([]byte, error) { return workbook(r, opt.lang()) })
	add("report.pdf", func() ([]byte, error) { return printed(r, opt) })
	add("mail.eml", func() ([]byte, error) { return letter(r, opt) })
	add("report.html", func() ([]byte, error) { return page(r, opt) })
	return list
}

func drawing(r *analyze.Report, name, format string, opt charts.Options) ([]byte, error) {
	fig, err := charts.New(name, r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = charts.Render(&b, fig, format, opt)
	return b.Bytes(), err
}

// replace writes a file under another name and moves it into place.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".callsift-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // in vain once it has moved
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
