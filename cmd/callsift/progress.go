package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"callsift/ingest"
)

// progress is one bar over all files of an import. It shows only on a terminal.
type progress struct {
	bar  *progressbar.ProgressBar
	last map[string]int64
}

func newProgress(a *app, files []string) *progress {
	f, ok := a.err.(*os.File)
	if a.quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	var total int64
	for _, name := range files {
		info, err := os.Stat(name)
		if name == ingest.Stdin || err != nil {
			total = -1 // a spinner: the end is not known
			break
		}
		total += info.Size()
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(f), progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetDescription("reading"), progressbar.OptionThrottle(200e6), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	return &progress{bar: bar, last: map[string]int64{}}
}

func (p *progress) file(path string, read, _ int64) {
	if p.bar == nil {
		return
	}
	p.bar.Add64(read - p.last[path])
	p.last[path] = read
}

// clear takes the bar off the screen before a line is written.
func (p *progress) clear() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
