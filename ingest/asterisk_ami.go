package ingest

import (
	"bytes"
	"fmt"
	"strings"
)

// AsteriskAMI reads Cdr events of Asterisk's manager interface as they come over
// the wire: lines "Key: value", an empty line behind each event. Other events,
// responses and the greeting are passed over. A line may have a logger's time in
// front of it, all lines or the first of an event.
//
//	Event: Cdr
//	Privilege: cdr,all
//	AccountCode:
//	Source: 201
//	Destination: 3312345678
//	DestinationContext: from-internal
//	CallerID: "Anna Example" <201>
//	Channel: PJSIP/201-0000002a
//	DestinationChannel: PJSIP/carrier-a-0000002b
//	LastApplication: Dial
//	LastData: PJSIP/3312345678@carrier-a,60
//	StartTime: 2026-11-10 09:00:00
//	AnswerTime:
//	EndTime: 2026-11-10 09:00:12
//	Duration: 12
//	BillableSeconds: 0
//	Disposition: NO ANSWER
//	AMAFlags: DOCUMENTATION
//	UniqueID: 1794297600.42
//	UserField:
//
// Times, outcomes and legs are found as in asterisk-csv.
var AsteriskAMI = Format{
	Name:        "asterisk-ami",
	Description: "Asterisk manager Cdr events as text",
	Kind:        "cdr",
	Proof:       "source code",
	Example:     "Event: Cdr\nSource: 201\nDestination: 3312345678\nStartTime: 2026-11-10 09:00:00\nDuration: 12\nBillableSeconds: 0\nDisposition: NO ANSWER\n",
	Sniff:       sniffAMI,
	Read:        readAMI,
}

// sniffAMI wants a Cdr event with the keys that only it has.
func sniffAMI(head []byte) bool {
	if !bytes.Contains(head, []byte("Event: Cdr")) {
		return false
	}
	found := false
	r := amiReader{found: func(b *amiBlock) { found = found || b.rec.values[recResult] != "" && b.rec.values[recStart] != "" }}
	lines := tableLinesOf(head)
	for !found {
		end, next, _, ok := lines.peek(0)
		if !ok {
			r.close()
			return found
		}
		r.line(lines.place(end), lines.text(end))
		lines.take(next, 1)
	}
	return true
}

// maxAMIBlock bounds an event: no Cdr event has as much.
const maxAMIBlock = 32 << 10

// amiBlock is one Cdr event being read.
type amiBlock struct {
	rec  callRecord
	text strings.Builder
}

// amiReader finds Cdr events among lines.
type amiReader struct {
	block  *amiBlock // nil: in none
	prefix int       // bytes before the key in the first line
	found  func(*amiBlock)
}

func readAMI(in *Input, out Sink) error {
	lines, records := newTableLines(in), newRecordReader(in, out)
	records.words = true
	r := amiReader{found: func(b *amiBlock) {
		b.rec.raw = b.text.String()
		if wrong := missing(b.columns()); wrong != "" {
			records.reject(b.rec.Place, strings.Replace(wrong, "column", "key", 1), b.rec.raw)
			return
		}
		records.add(&b.rec)
	}}
	for {
		end, next, whole, ok := lines.peek(0)
		if !ok {
			break
		}
		at := lines.place(end)
		if !whole && end >= maxCSVLine {
			r.close()
			records.reject(at, fmt.Sprintf("a line over %d bytes", maxCSVLine), lines.text(maxSample))
			lines.skipLine()
			continue
		}
		r.line(at, lines.text(end))
		lines.take(next, 1)
	}
	r.close()
	records.end(in)
	return lines.err
}

// line takes one line of the source.
func (r *amiReader) line(at Place, text string) {
	if i := strings.Index(text, "Event: "); i >= 0 && i <= 128 {
		r.close()
		if strings.TrimSpace(text[i:]) == "Event: Cdr" {
			r.block, r.prefix = &amiBlock{}, i
			r.block.rec.Place = at
			r.block.text.WriteString(text)
		}
		return
	}
	if r.block == nil {
		return
	}
	key, value, ok := r.pair(text)
	if !ok || r.block.text.Len() > maxAMIBlock {
		r.close()
		return
	}
	b := r.block
	b.text.WriteByte('\n')
	b.text.WriteString(text)
	b.rec.Length = int(at.Offset-b.rec.Offset) + at.Length
	if c := headerWords[headerWord(key)]; c != recNone && !b.rec.has[c] {
		b.rec.has[c] = true
		b.rec.set(c, value)
	}
}

// pair reads "Key: value", with or without the prefix of the event's first line.
func (r *amiReader) pair(text string) (key, value string, ok bool) {
	for _, skip := range [...]int{0, r.prefix} {
		if skip > len(text) {
			continue
		}
		key, value, ok = strings.Cut(text[skip:], ":")
		if ok && key != "" && strings.IndexFunc(key, notLetter) < 0 {
			return key, value, true
		}
	}
	return "", "", false
}

func notLetter(c rune) bool {
	return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_'
}

// close hands out the event that is open.
func (r *amiReader) close() {
	if r.block != nil {
		r.found(r.block)
		r.block = nil
	}
}

func (b *amiBlock) columns() (list []recordColumn) {
	for c, has := range b.rec.has {
		if has {
			list = append(list, recordColumn(c))
		}
	}
	return list
}
