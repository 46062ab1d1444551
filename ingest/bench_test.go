package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callsift/ingest/capture"
	"callsift/ingest/dialog"
	"callsift/ingest/sip"
	"callsift/store"
)

// importBytes imports a file of these bytes into a new database, once a round.
func benchmarkImport(b *testing.B, data []byte, records int) {
	dir := b.TempDir()
	file := filepath.Join(dir, "input")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for i := 0; b.Loop(); i++ {
		db, err := store.Open(filepath.Join(dir, fmt.Sprintf("%d.db", i)))
		if err != nil {
			b.Fatal(err)
		}
		var got int64
		err = Run(context.Background(), db, []string{file}, Options{}, func(r FileResult) { got = r.Source.Records() })
		db.Close()
		os.Remove(db.Path())
		if err != nil || got != int64(records) {
			b.Fatalf("%d records, want %d: %v", got, records, err)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkImportCSV: rows of a Master.csv to a finished database.
func BenchmarkImportCSV(b *testing.B) {
	const rows = 50_000
	var data bytes.Buffer
	start := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		t := start.Add(time.Duration(i) * 11 * time.Second)
		end := t.Add(time.Duration(i%600) * time.Second)
		fmt.Fprintf(&data, `"","%d","4420100%05d","from-internal","%d","PJSIP/%d-%08x","PJSIP/carrier-%c-%08x","Dial","PJSIP/44@carrier-a,60","%s","%s","%s",%d,%d,"%s","DOCUMENTATION","%d.%d",""`+"\n",
			1000+i%800, i%70000, 1000+i%800, 1000+i%800, 2*i, 'a'+i%4, 2*i+1,
			t.Format(time.DateTime), t.Format(time.DateTime), end.Format(time.DateTime), i%600, i%600,
			[...]string{"ANSWERED", "NO ANSWER", "BUSY", "FAILED"}[i%7%4], t.Unix(), 2*i)
	}
	benchmarkImport(b, data.Bytes(), rows)
}

// BenchmarkImportSIP: calls of eight messages in a SIPp log to a finished database.
func BenchmarkImportSIP(b *testing.B) {
	const calls = 4_000
	var data bytes.Buffer
	for i := range calls {
		benchCall(&data, i)
	}
	benchmarkImport(b, data.Bytes(), 8*calls)
}

func benchCall(w *bytes.Buffer, i int) {
	t := time.Date(2026, 11, 9, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * 50 * time.Millisecond)
	send := func(received bool, start, cseq, tag string) {
		t = t.Add(120 * time.Millisecond)
		heading := "sent"
		if received {
			heading = "received"
		}
		text := start + "\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-" + fmt.Sprint(i) + "-" + cseq[:1] +
			"\r\nFrom: <sip:201@192.0.2.10>;tag=a" + fmt.Sprint(i) + "\r\nTo: <sip:44201000@198.51.100.1>" + tag +
			"\r\nCall-ID: bench-" + fmt.Sprint(i) + "@192.0.2.10\r\nCSeq: " + cseq + "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
		fmt.Fprintf(w, "----------------------------------------------- %s\nUDP message %s [%d] bytes :\n\n%s\n", t.Format("2006-01-02 15:04:05.000000"), heading, len(text), text)
	}
	tag := fmt.Sprintf(";tag=b%d", i)
	send(false, "INVITE sip:44201000@198.51.100.1 SIP/2.0", "1 INVITE", "")
	send(true, "SIP/2.0 100 Trying", "1 INVITE", "")
	send(true, "SIP/2.0 180 Ringing", "1 INVITE", tag)
	send(true, "SIP/2.0 183 Session Progress", "1 INVITE", tag)
	send(true, "SIP/2.0 200 OK", "1 INVITE", tag)
	send(false, "ACK sip:44201000@198.51.100.1 SIP/2.0", "1 ACK", tag)
	send(false, "BYE sip:44201000@198.51.100.1 SIP/2.0", "2 BYE", tag)
	send(true, "SIP/2.0 200 OK", "2 BYE", tag)
}

// benchMessages are those of one proxied call as packs hold them.
func benchMessages() []dialog.Message {
	var list []dialog.Message
	for i := range 20 {
		m := dialog.Message{
			Time: 1_790_000_000_000_000 + int64(i)*40_000, Source: 1, Offset: int64(i) * 700, Line: int32(i), Length: 620, Hash: uint64(i) * 0x9E3779B97F4A7C15,
			Method: "INVITE", CSeq: "1", FromTag: "8f1c02d4", ToTag: "77aa0e31", FromURI: "sip:201@pbx.example.net", ToURI: "sip:44201000@carrier.example.net",
			FromUser: "201", ToUser: "44201000", Vias: []string{fmt.Sprintf("192.0.2.%d:5060;z9hG4bK-77c1", i%3)}, RetryAfter: -1, Expires: -1,
		}
		if i%4 > 0 {
			m.Status, m.Phrase, m.Agent = 180+i%4, "Ringing", "Example 1.2"
		} else {
			m.RequestURI, m.RequestUser = m.ToURI, m.ToUser
		}
		list = append(list, m)
	}
	return list
}

func BenchmarkPack(b *testing.B) {
	list := benchMessages()
	var p packer
	for b.Loop() {
		p = packer{buf: p.buf[:0], refs: p.refs[:0]}
		for i := range list {
			p.add(&list[i])
		}
	}
	b.SetBytes(int64(len(p.buf)))
	b.ReportMetric(float64(len(list))*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkUnpack(b *testing.B) {
	var p packer
	list := benchMessages()
	for i := range list {
		p.add(&list[i])
	}
	b.SetBytes(int64(len(p.buf)))
	n := len(list)
	for b.Loop() {
		var err error
		if list, err = unpack(list[:0], 1, p.buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkMessages: what every message of a capture passes through, each stage
// with those before it, on messages that lie in the cache.
func BenchmarkMessages(b *testing.B) {
	file, err := os.Open(filepath.Join("..", "..", "shared", "corpus", "lab-small", "lab.pcap"))
	if err != nil {
		b.Skip("no corpus")
	}
	defer file.Close()
	var list []Observation
	_, err = capture.Read(file, capture.Options{}, func(p *capture.Payload) error {
		if len(list) < 200 {
			list = append(list, Observation{Place: Place{Offset: p.Offset, Length: len(p.Data), Line: p.Packet},
				Time: p.Time, Src: p.Src, Dst: p.Dst, Transport: UDP, Raw: bytes.Clone(p.Data)})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var parsed sip.Message
	var m dialog.Message
	var seen observer
	packs := map[string]*packer{}
	stage := func(name string, f func(o *Observation)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for i := range list {
					f(&list[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/message")
		})
	}
	stage("parse", func(o *Observation) { parsed.Parse(o.Raw) })
	stage("hash", func(o *Observation) { m.Hash = sip.Hash(o.Raw) })
	stage("observe", func(o *Observation) {
		parsed.Parse(o.Raw)
		seen.begin()
		seen.fill(&m, &parsed, o)
	})
	stage("pack", func(o *Observation) {
		parsed.Parse(o.Raw)
		seen.begin()
		seen.fill(&m, &parsed, o)
		p := packs[string(parsed.CallID)]
		if p == nil {
			p = &packer{}
			packs[string(parsed.CallID)] = p
		} else if p.n > 14 {
			*p = packer{buf: p.buf[:0], refs: p.refs[:0]}
		}
		p.add(&m)
	})
}
