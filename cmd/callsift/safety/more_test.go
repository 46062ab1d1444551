package safety

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"callsift/ingest"
)

// moreInputs are archives, deep nesting and statements without an end.
var moreInputs = []hostile{
	{name: "JSON a million levels deep", size: "6 MB", memory: 96, time: 30 * time.Second, calls: 2,
		write: func(w *bufio.Writer) {
			w.WriteString(jsonCall("1794301200"))
			w.WriteString(`{"calldate":"2026-11-10 09:00:00","src":`)
			text(3_000_000, `[`)(w)
			text(3_000_000, `]`)(w)
			w.WriteString("}\n" + jsonCall("1794301300"))
		}},
	{name: "FreeSWITCH JSON document without an end", size: "1 GB", memory: 96, time: 60 * time.Second, calls: 1, says: "no end of the object",
		write: func(w *bufio.Writer) {
			w.WriteString(ingest.FreeSwitchJSON.Example + "\n" + `{"core-uuid":"c1","variables":{"uuid":"u2","x":`)
			text(lineBytes, `{"a":[`)(w)
		}},
	{name: "FreeSWITCH XML a million elements deep", size: "6 MB", memory: 96, time: 30 * time.Second, calls: 2,
		write: func(w *bufio.Writer) {
			w.WriteString(ingest.FreeSwitchXML.Example + "\n" + `<cdr core-uuid="c2"><variables><uuid>u2</uuid>`)
			text(3_000_000, "<a>")(w)
			text(3_000_000, "</a>")(w)
			w.WriteString("</variables></cdr>\n" + strings.ReplaceAll(ingest.FreeSwitchXML.Example, ">u1<", ">u3<") + "\n")
		}},
	{name: "SQL statement without an end", size: "1 GB", memory: 96, time: 120 * time.Second, calls: 1, says: "a row over ",
		write: func(w *bufio.Writer) {
			w.WriteString(strings.TrimSuffix(ingest.AsteriskSQL.Example, ";") + ",\n('2026-11-10 09:01:00','")
			text(lineBytes, strings.Repeat("x", 9000))(w)
		}},
	{name: "zip bomb", size: "4 GB from 4 MB", memory: 96, time: 60 * time.Second, calls: 100, messages: 400, says: "line of ", file: "bomb.zip",
		write: func(w *bufio.Writer) {
			z := zipWriter(w)
			f, _ := z.Create("good.log")
			io.WriteString(f, calls(0, 100))
			f, _ = z.Create("zeros.log")
			io.WriteString(f, calls(0, 100)) // the same calls: known as a log, and no more of them
			zeros := make([]byte, 1<<20)
			for range 4 << 10 {
				f.Write(zeros)
			}
			z.Close()
		}},
	{name: "zip archive of a million files", size: "100 MB", memory: 96, time: 60 * time.Second, refused: true, says: "more than 100000 files", file: "many.zip",
		write: func(w *bufio.Writer) {
			z := zip.NewWriter(w)
			for i := range 1_000_000 {
				z.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i)})
			}
			z.Close()
		}},
	{name: "archives in archives", size: "1 MB", memory: 96, time: 30 * time.Second, calls: 100, messages: 400, file: "nested.tar",
		write: func(w *bufio.Writer) {
			inner := tarOf(map[string]string{"deep.log": calls(200, 300)})
			w.WriteString(tarOf(map[string]string{"good.log": calls(0, 100), "inner.tar": inner, "inner.tar.gz": gzipped(inner)}))
		}},
	{name: "zstd that wants a window of 2 GB", size: "1 kB", memory: 96, time: 30 * time.Second, refused: true, says: "window", file: "window.zst",
		write: func(w *bufio.Writer) {
			w.WriteString("\x28\xb5\x2f\xfd\x00\xa8" + "\x01\x00\x00" + strings.Repeat("x", 1000))
		}},
}

func jsonCall(uniqueid string) string {
	return strings.ReplaceAll(`{"calldate":"2026-11-10 09:00:00","src":"201","dst":"3312345678","duration":12,"billsec":0,"disposition":"NO ANSWER","uniqueid":"ID.1"}`+"\n", "ID", uniqueid)
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// tarOf is an archive of files, by name.
func tarOf(files map[string]string) string {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o600, ModTime: firstMoment})
		io.WriteString(t, files[name])
	}
	t.Close()
	return b.String()
}
