// Sitegen writes the sample site, testdata/site: two weeks (2026-W45 and W46,
// Monday 2 to Sunday 15 November 2026) of a small hotel, as an engineer would
// collect them from its boxes. From the project root:
//
//	go run ./testdata/sitegen                     writes testdata/site
//	go run ./testdata/sitegen -out DIR -truth FILE
//
// The output is a function of this program: a random generator of its own with
// fixed seeds, integers only, no clock. The truth is a summary of what was put
// into the files: calls by week, source, outcome and code.
//
// All numbers are invented. Telephone numbers are from the ranges that the
// German regulator keeps free for films and books, addresses from RFC 5737,
// names from RFC 6761.
//
// # The site
//
// Hotel Seeblick stands in Berlin: local time is UTC+1. Nobody telephones
// between midnight and five, so weeks in UTC and in local time hold the same
// calls. Three boxes serve different telephones over different lines. None
// hands calls to another, so that no call stands in two of them:
//
//   - OM50, the hotel's PBX: rooms 101 to 148 and the reception, 100. Its lines
//     are the SIP trunk 9001 to a third carrier, which has no trouble in these
//     weeks, and an analog one, 8001, which the attendant answers.
//   - MX60, a gateway for the house's analog telephones: kitchen, fax machines,
//     card terminals, lifts. Its SIP trunk goes to carrier-a over a leased
//     line, so that its private address is seen there.
//   - Asterisk in the neighbouring building, the spa and the conference rooms,
//     extensions 150 to 180, with SIP trunks to carrier-a and carrier-b.
//
// # The files
//
//   - om50-cdr.log: what the OM50 pushed by HTTP, as a receiver saved it. Each
//     push has the receiver's time with offset and the HTTP Date.
//   - mx60-syslog-w45.log.gz, mx60-syslog-w46.log: the gateway's syslog with all
//     SIP messages, a prefix on every line; the log was rotated at midnight
//     between the weeks, in the middle of a call.
//   - asterisk/Master.csv: 18 columns, local times, with the uniqueid that tells
//     their zone.
//   - trunk.pcap: five minutes of the gateway's trunk. The same messages stand in
//     the syslog.
//
// # What happened
//
// On Tuesday 10 November from 13:04 to 16:31 UTC carrier-a has no circuits: it
// answers 503 with Q.850 cause 34 and Retry-After to nine in ten of the
// gateway's calls, and the Asterisk's calls over carrier-a end in CONGESTION or
// FAILED. People and card terminals dial again and again. Hardly any call comes
// in over carrier-a. carrier-b and the OM50's trunk work.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", filepath.Join("testdata", "site"), "write the files into this `directory`")
	truthFile := flag.String("truth", "", "write the summary, JSON, to this `file`")
	flag.Parse()
	files, truth := generate()
	for _, f := range files {
		if err := write(filepath.Join(*out, f.name), f.data); err != nil {
			fmt.Fprintln(os.Stderr, "sitegen:", err)
			os.Exit(1)
		}
	}
	if *truthFile != "" {
		if err := write(*truthFile, truth.json()); err != nil {
			fmt.Fprintln(os.Stderr, "sitegen:", err)
			os.Exit(1)
		}
	}
}

// file is one file of the site.
type file struct {
	name string
	data []byte
}

// generate makes all files and the summary of what is in them.
func generate() ([]file, *truth) {
	t := newTruth()
	messages := gatewayMessages(t)
	w45, w46 := syslog(messages)
	return []file{
		{"om50-cdr.log", omLog(t)},
		{"mx60-syslog-w45.log.gz", zip(w45)},
		{"mx60-syslog-w46.log", w46},
		{filepath.Join("asterisk", "Master.csv"), masterCSV(t)},
		{"trunk.pcap", capture(messages, t)},
	}, t
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails only for an unknown level
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
