package ingest

import (
	"bytes"
	"fmt"
	"strings"

	"callsift/store"
)

// NewRockDevice reads what a New Rock device says of itself: which model with
// which firmware wrote the other files. It is context, no calls.
//
// OM IP-PBXs answer the API's query for DeviceInfo:
//
//	<DeviceInfo>
//	  <manufacturer>New Rock Technologies, Inc</manufacturer>
//	  <model>Rev 6.0.0 OM20-2S/2</model>
//	  <version>…</version>
//	  <mac>00:0E:A9:00:00:01</mac>
//	  <devices> <ext lineid="…" id="201"/> … </devices>
//	</DeviceInfo>
//
// and the status page of a device's web interface can be saved. No such page was
// seen and no vendor's text gives its words, so only this is asked of it: an
// address of New Rock's (00:0E:A9) on a page that says what is read by one of a
// few labels (model, version, MAC) in English or Chinese.
//
// The event is DEVICE, its subject the MAC address, its device the model, its text
// the maker, firmware and the number of lines by kind (Phone an FXS port, IPPhone a
// SIP extension, Line an FXO trunk, IPLine a SIP trunk). Neither has a time.
var NewRockDevice = Format{
	Name:        "newrock-device",
	Description: "New Rock DeviceInfo and saved status pages",
	Kind:        "context",
	Proof:       "source code",
	Example:     "<DeviceInfo><manufacturer>New Rock Technologies, Inc</manufacturer><model>Rev 6.0.0 OM20-2S/2</model><mac>00:0E:A9:00:00:01</mac></DeviceInfo>",
	Sniff: func(head []byte) bool {
		if sniffNewRockOM(head) {
			return false // pushes saved with a DeviceInfo among them
		}
		d, ok := chunksOf(head).next(cutElement("deviceinfo"))
		if ok {
			return len(deviceOf(d.text).facts) >= 2
		}
		return len(pageOf(head).facts) >= 2
	},
	Read: readNewRockDevice,
}

// newRockMAC is an address with New Rock's prefix.
var newRockMAC = lazily(`(?i)\b00[:-]?0E[:-]?A9[:-]?[0-9A-F]{2}[:-]?[0-9A-F]{2}[:-]?[0-9A-F]{2}\b`)

// deviceFacts are what a device says of itself.
type deviceFacts struct {
	facts map[string]string // maker, model, version, mac
	lines string
}

func (d *deviceFacts) add(name, value string) {
	if value = strings.Join(strings.Fields(value), " "); value != "" && d.facts[name] == "" {
		d.facts[name] = value[:min(len(value), 120)]
	}
}

var deviceTags = map[string]string{"manufacturer": "maker", "model": "model", "version": "version", "mac": "mac"}

// deviceLine finds the kind of one line.
var deviceLine = lazily(`(?i)\b(IPPhone|IPLine|Phone|Line)\b`)

// deviceOf reads a DeviceInfo.
func deviceOf(text []byte) deviceFacts {
	d := deviceFacts{facts: map[string]string{}}
	kinds := map[string]int{}
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i
		end := bytes.IndexByte(text[at:min(len(text), at+512)], '>') + 1
		if end == 0 {
			at++
			continue
		}
		name, attrs, _ := openTag(text[at : at+end])
		if fact := deviceTags[name]; fact != "" {
			d.add(fact, elementText(text[at+end:]))
		}
		kind := attrs["lineid"]
		if name == "lineid" {
			kind = elementText(text[at+end:])
		}
		if m := deviceLine().FindString(kind); m != "" {
			kinds[strings.ToLower(m)]++
		}
		at += end
	}
	for _, k := range [...]string{"Phone", "IPPhone", "Line", "IPLine"} {
		if n := kinds[strings.ToLower(k)]; n > 0 {
			d.lines = joinText(d.lines, fmt.Sprintf("%d %s", n, k))
		}
	}
	return d
}

// pageLabels are the labels of a status page, without blanks and in lower case.
var pageLabels = map[string]string{
	"model": "model", "productmodel": "model", "devicemodel": "model", "producttype": "model", "devicetype": "model",
	"型号": "model", "产品型号": "model", "设备型号": "model",
	"version": "version", "softwareversion": "version", "firmwareversion": "version", "软件版本": "version", "固件版本": "version", "版本": "version",
	"mac": "mac", "macaddress": "mac", "mac地址": "mac",
}

var pageTag = lazily(`(?s)<(script|style)\b.*?</(script|style)>|<[^<>]*>`)

// pageOf reads a saved page: what stands between tags, a label and then its value,
// or both on a line with a colon.
func pageOf(text []byte) deviceFacts {
	d := deviceFacts{facts: map[string]string{}}
	mac := newRockMAC().Find(text)
	if mac == nil || bytes.IndexByte(text, 0) >= 0 {
		return d
	}
	label := ""
	for _, line := range strings.Split(unescape(string(pageTag().ReplaceAll(text, []byte("\n")))), "\n") {
		line = strings.TrimSpace(strings.ReplaceAll(line, "：", ":"))
		if line == "" {
			continue
		}
		name, value, colon := strings.Cut(line, ":")
		fact := pageLabels[strings.ToLower(strings.Join(strings.Fields(name), ""))]
		switch {
		case fact != "" && colon && strings.TrimSpace(value) != "":
			d.add(fact, value)
			label = ""
		case fact != "":
			label = fact
		case label != "":
			d.add(label, line)
			label = ""
		}
	}
	if len(d.facts) > 0 {
		d.facts["mac"] = string(mac)
	}
	return d
}

func readNewRockDevice(in *Input, out Sink) error {
	docs := newChunkReader(in)
	docs.fill()
	if indexFold(docs.buf[:docs.end], "<deviceinfo") < 0 {
		return docs.page(out)
	}
	for {
		d, ok := docs.next(cutElement("deviceinfo"))
		if !ok {
			return docs.err
		}
		facts := deviceOf(d.text)
		if d.wrong == "" && len(facts.facts) < 2 {
			d.wrong = fmt.Sprintf("%d of manufacturer, model, version and mac, want 2 or more", len(facts.facts))
		}
		if d.wrong != "" {
			out.Reject(d.Place, d.wrong, d.sample())
			continue
		}
		out.Event(facts.event(d.Place))
	}
}

// page reads the source as a saved page.
func (c *chunkReader) page(out Sink) error {
	text := c.buf[:c.end]
	if len(text) == 0 {
		return c.err
	}
	at := Place{Length: len(text), Line: 1}
	facts := pageOf(text)
	if len(facts.facts) < 2 {
		out.Reject(at, "no model or version by a known label, or no address of New Rock's", text[:min(len(text), maxSample)])
		return c.err
	}
	out.Event(facts.event(at))
	return c.err
}

func (d *deviceFacts) event(at Place) *store.Event {
	return &store.Event{
		Kind: "DEVICE", Device: d.facts["model"], Subject: macText(d.facts["mac"]),
		Text:   joinText(d.facts["maker"], d.facts["version"], d.lines),
		Offset: at.Offset, Line: int64(at.Line),
	}
}

// macText writes an address as 00:0E:A9:00:00:01, however it was written.
func macText(s string) string {
	hex := strings.ToUpper(strings.NewReplacer(":", "", "-", "", ".", "").Replace(s))
	if len(hex) != 12 {
		return s
	}
	pairs := make([]string, 0, 6)
	for i := 0; i < len(hex); i += 2 {
		pairs = append(pairs, hex[i:i+2])
	}
	return strings.Join(pairs, ":")
}
