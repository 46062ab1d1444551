package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// CDRJSON reads calls as JSON lines: one object a line, whose keys are words of
// cdr-table's headers or are named by --columns; or an array of such objects.
// What stands in front of the first brace of a line, a logger's prefix, is passed
// over. Keys of objects inside the object count too where the object itself does
// not have them. Values are texts, numbers, true, false and null.
//
//	{"calldate":"2026-11-10 09:00:00","src":"201","dst":"3312345678","duration":12,"billsec":0,"disposition":"NO ANSWER"}
var CDRJSON = Format{
	Name:        "cdr-json",
	Description: "Calls as JSON lines with keys as in cdr-table",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     `{"calldate":"2026-11-10 09:00:00","src":"201","dst":"3312345678","duration":12,"billsec":0,"disposition":"NO ANSWER"}`,
	Sniff:       func(head []byte) bool { return sniffJSON(head, wantCalls) && !otherAccepts(head) },
	Read:        func(in *Input, out Sink) error { return readJSON(in, out, wantCalls) },
}

// AsteriskAMIJSON reads Cdr events of Asterisk's manager interface that a
// program wrote down as JSON lines. Keys are the event's, in any case:
//
//	{"event":"Cdr","source":"201","destination":"3312345678","destinationcontext":"from-internal",
//	 "callerid":"\"Anna Example\" <201>","channel":"PJSIP/201-0000002a","destinationchannel":"PJSIP/carrier-a-0000002b",
//	 "lastapplication":"Dial","lastdata":"PJSIP/3312345678@carrier-a","starttime":"2026-11-10 09:00:00","answertime":"",
//	 "endtime":"2026-11-10 09:00:12","duration":"12","billableseconds":"0","disposition":"NO ANSWER","uniqueid":"1794297600.42"}
//
// on one line each. Lines of other events are passed over. Times, outcomes and
// legs are found as in asterisk-csv.
var AsteriskAMIJSON = Format{
	Name:        "asterisk-ami-json",
	Description: "Asterisk manager Cdr events as JSON lines",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     `{"event":"Cdr","source":"201","destination":"3312345678","starttime":"2026-11-10 09:00:00","duration":"12","billableseconds":"0","disposition":"NO ANSWER","uniqueid":"1794297600.42"}`,
	Sniff:       func(head []byte) bool { return sniffJSON(head, wantCdrEvents) },
	Read:        func(in *Input, out Sink) error { return readJSON(in, out, wantCdrEvents) },
}

const (
	maxJSONDepth = 8
	maxJSONKeys  = 512
)

// wantCalls says which objects are calls: those without an event's name, or that of a call.
func wantCalls(event string) bool { return event == "" || wantCdrEvents(event) }

func wantCdrEvents(event string) bool { return strings.EqualFold(event, "Cdr") }

// jsonRecord is an object as a record.
type jsonRecord struct {
	callRecord
	depth [recordColumns]int // at which each value was found
	event string
	keys  int
}

// readJSONObject reads the object at the front of text and reports how long it is.
func readJSONObject(text []byte, mapping map[string]string) (rec *jsonRecord, n int, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	rec = &jsonRecord{}
	if _, err := d.Token(); err != nil {
		return rec, 0, err
	}
	err = rec.object(d, 1, mapping)
	return rec, int(d.InputOffset()), err
}

// object takes the keys and values up to the end of an object.
func (r *jsonRecord) object(d *json.Decoder, depth int, mapping map[string]string) error {
	if depth > maxJSONDepth {
		return fmt.Errorf("objects over %d deep", maxJSONDepth)
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if r.keys++; r.keys > maxJSONKeys {
			return fmt.Errorf("over %d keys", maxJSONKeys)
		}
		value, err := d.Token()
		if err != nil {
			return err
		}
		switch v := value.(type) {
		case json.Delim:
			if v == '{' {
				err = r.object(d, depth+1, mapping)
			} else {
				err = skipArray(d)
			}
			if err != nil {
				return err
			}
		default:
			r.value(key, scalar(v), depth, mapping)
		}
	}
	_, err := d.Token()
	return err
}

// skipArray passes over the rest of an array.
func skipArray(d *json.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		if v, ok := token.(json.Delim); ok {
			if depth--; v == '[' || v == '{' {
				depth += 2
			}
		}
	}
	return nil
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// value keeps a value by its key; of equal keys the outermost, then the first counts.
func (r *jsonRecord) value(key, value string, depth int, mapping map[string]string) {
	if depth == 1 && strings.EqualFold(key, "event") {
		r.event = value
		return
	}
	c := mapHeader([]string{key}, mapping)[0]
	if c == recNone || r.has[c] && r.depth[c] <= depth {
		return
	}
	r.has[c], r.depth[c] = true, depth
	r.values[c] = cleanValue(value)
}

// columns lists the columns that the object has.
func (r *jsonRecord) columns() (list []recordColumn) {
	for c, has := range r.has {
		if has {
			list = append(list, recordColumn(c))
		}
	}
	return list
}

// sniffJSON wants an object of the kind that is asked for among the first lines, and
// objects in half of them.
func sniffJSON(head []byte, want func(string) bool) bool {
	lines := tableLinesOf(head)
	rows, objects, good := 0, 0, 0
	for n := 0; n < 100 && rows < 50; n++ {
		end, next, whole, ok := lines.peek(0)
		if !ok || !whole && rows > 0 {
			break
		}
		text := []byte(lines.text(end))
		lines.take(next, 1)
		if len(bytes.TrimSpace(text)) < 2 {
			continue
		}
		rows++
		at := bytes.IndexByte(text, '{')
		if at < 0 || at > 256 {
			continue
		}
		rec, _, err := readJSONObject(text[at:], nil)
		if err != nil {
			continue
		}
		objects++
		if _, ok := readTime(rec.startText()); ok && want(rec.event) && missing(rec.columns()) == "" {
			good++
		}
	}
	return good > 0 && 2*objects >= rows
}

// jsonReader reads one source.
type jsonReader struct {
	lines   *tableLines
	records *recordReader
	mapping map[string]string
	want    func(string) bool
	others  int
}

func readJSON(in *Input, out Sink, want func(string) bool) error {
	r := &jsonReader{lines: newTableLines(in), records: newRecordReader(in, out), mapping: in.Columns, want: want}
	r.records.words = !want("")
	if numberedColumns(r.mapping) != nil {
		r.mapping = nil
	}
	for {
		end, next, whole, ok := r.lines.peek(0)
		if !ok {
			break
		}
		at := r.lines.place(end)
		if !whole && end >= maxCSVLine {
			r.records.reject(at, fmt.Sprintf("a line over %d bytes", maxCSVLine), r.lines.text(maxSample))
			r.lines.skipLine()
			continue
		}
		r.line(at, end)
		r.lines.take(next, 1)
	}
	r.records.end(in)
	if r.others > 0 {
		out.Warn(Place{Line: 1}, fmt.Sprintf("%d objects are other events", r.others))
	}
	return r.lines.err
}

// line reads the objects of one line.
func (r *jsonReader) line(at Place, end int) {
	text := r.lines.text(end)
	if rest := strings.Trim(text, " \t\r[],"); rest == "" {
		return
	}
	start := strings.IndexByte(text, '{')
	if start < 0 {
		r.records.reject(at, "no JSON object", text)
		return
	}
	data, source := []byte(text), r.lines.sourceOf(at, end)
	for from := 0; start >= 0; {
		rec, n, err := readJSONObject(data[from+start:], r.mapping)
		here := source.part(start, n)
		if from == 0 { // the first takes the line, with what stands before it
			here = at
		}
		if err != nil {
			r.records.reject(here, jsonError(err), text[from+start:])
			return
		}
		rec.Place, rec.raw = here, text[from+start:from+start+n]
		r.object(rec)
		from += start + n
		start = strings.IndexByte(text[from:], '{')
	}
}

func (r *jsonReader) object(rec *jsonRecord) {
	if !r.want(rec.event) {
		r.others++
		return
	}
	if wrong := missing(rec.columns()); wrong != "" {
		r.records.reject(rec.Place, strings.Replace(wrong, "column", "key", 1), rec.raw)
		return
	}
	r.records.add(&rec.callRecord)
}

func jsonError(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "a JSON object without its end"
	}
	return "broken JSON: " + clip(err.Error())
}
