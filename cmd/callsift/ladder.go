package main

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"callsift/ingest"
)

// ladder draws messages as arrows between hosts: a column a host, a row a
// message, with the time and the distance to the message before.
func ladder(w io.Writer, steps []ingest.Step, zone *time.Location) {
	hosts := ladderHosts(steps)
	const width = 28 // from one host's line to the next
	head := fmt.Sprintf("%24s", "")
	for _, h := range hosts {
		head += pad(cut(h, width-2), width)
	}
	fmt.Fprintln(w, strings.TrimRight(head, " "))
	var before int64
	for _, s := range steps {
		fmt.Fprintln(w, strings.TrimRight(ladderTime(&s, before, zone)+ladderRow(&s, hosts, width), " "))
		before = s.Time
	}
}

// unknownHost stands for an end that the source does not name.
const unknownHost = "(?)"

func hostOf(a netip.AddrPort) string {
	if !a.Addr().IsValid() {
		return unknownHost
	}
	return a.String()
}

func ladderHosts(steps []ingest.Step) []string {
	var hosts []string
	add := func(h string) {
		if !contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	for _, s := range steps {
		add(hostOf(s.Src))
		add(hostOf(s.Dst))
	}
	return hosts
}

func ladderTime(s *ingest.Step, before int64, zone *time.Location) string {
	if s.Time == 0 {
		return fmt.Sprintf("%24s ", "")
	}
	delta := ""
	if before != 0 {
		delta = fmt.Sprintf("%+.3f", float64(s.Time-before)/1e6)
	}
	return fmt.Sprintf("%s %9s  ", time.UnixMicro(s.Time).In(zone).Format("15:04:05.000"), delta)
}

// ladderRow is one arrow, its text on the line.
func ladderRow(s *ingest.Step, hosts []string, width int) string {
	from, to := index(hosts, hostOf(s.Src)), index(hosts, hostOf(s.Dst))
	text := s.Text
	if s.SDP {
		text += " (SDP)"
	}
	if s.Again {
		text += " again"
	}
	left, right := min(from, to), max(from, to)
	row := ""
	for i := range hosts {
		switch {
		case i < left || i >= right:
			row += pad("│", width)
		case i == left:
			row += arrow(clean(text), (right-left)*width, from < to)
		}
	}
	if left == right {
		row += " " + clean(text)
	}
	return row
}

// arrow draws text on a line of a length: "│── INVITE ──────>".
func arrow(text string, length int, forward bool) string {
	text = cut(text, length-6)
	line := " " + text + " "
	dashes := length - 3 - runewidth.StringWidth(line)
	if forward {
		return "│" + "─" + line + strings.Repeat("─", max(dashes, 1)) + ">"
	}
	return "│" + "<" + line + strings.Repeat("─", max(dashes, 1)) + "─"
}

func index(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return 0
}

// pad fills a text to a width on the screen.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-runewidth.StringWidth(s)))
}
