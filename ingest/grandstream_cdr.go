package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// GrandstreamCSV reads the CDR download and CDR API output of Grandstream UCM
// PBXs as CSV: a header, then one row a leg.
//
//	AcctId,accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,disposition,amaflags,uniqueid,userfield,channel_ext,dstchannel_ext,service,…,session,…,src_trunk_name,dst_trunk_name
//	62,,201,3312345,from-internal,"Anna" <201>,PJSIP/201-00000000,PJSIP/trunk_1-00000001,Dial,PJSIP/3312345@trunk_1,60,,2026-11-10 09:00:00,,2026-11-10 09:00:12,12,0,NO ANSWER,DOCUMENTATION,1794301200.0,EXT,201,,s
//
// The API does not quote: the caller id has bare quotes, and commas in lastdata make
// more fields than the header has, which are put back together. Times are the
// PBX's local time: by the uniqueid, else Input.Zone, else UTC. Durations are
// seconds. The trunk is src_trunk_name or dst_trunk_name, else the channel's peer.
// There is no SIP status and no cause. Rows with one session, else one uniqueid,
// are one call.
var GrandstreamCSV = Format{
	Name:        "grandstream-csv",
	Description: "Grandstream UCM CDRs as CSV with a header",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     "AcctId,accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,disposition,amaflags,uniqueid,userfield,channel_ext,dstchannel_ext,service\n62,,201,202,from-internal,\"Anna\" <201>,PJSIP/201-00000000,PJSIP/202-00000001,Dial,PJSIP/202,2026-11-10 09:00:00,,2026-11-10 09:00:12,12,0,NO ANSWER,DOCUMENTATION,1794301200.0,EXT,201,202,s\n",
	Sniff: func(head []byte) bool {
		return sniffHeader(head, ucmColumns, "acctid", "disposition", "start", "billsec", "uniqueid")
	},
	Read: readGrandstreamCSV,
}

// GrandstreamJSON reads the same records as the UCM's API answers them
// ({"cdr":[…]}, {"cdr_root":[…]}) and as it pushes them in real time, one
// object after another. A record is flat, or a call of several steps:
//
//	{"cdr":"20261110090000","main_cdr":{"AcctId":"62","src":"201","dst":"3312345","start":"2026-11-10 09:00:00","end":"2026-11-10 09:00:12",
//	  "duration":"12","billsec":"0","disposition":"","uniqueid":"1794301200.0","session":"1794301200-62","action_type":"DIAL",…},
//	 "sub_cdr_1":{…,"disposition":"NO ANSWER",…}}
//
// main_cdr is the call; the sub-records are its way through the PBX (menu, queue,
// phones that rang together) and are not counted. Where main_cdr has no
// disposition, theirs says it: ANSWERED if one of them was, else the last one's.
var GrandstreamJSON = Format{
	Name:        "grandstream-json",
	Description: "Grandstream UCM CDRs as JSON, flat or main_cdr with sub_cdr",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     `{"cdr":[{"AcctId":"62","src":"201","dst":"202","start":"2026-11-10 09:00:00","end":"2026-11-10 09:00:12","duration":"12","billsec":"0","disposition":"NO ANSWER","uniqueid":"1794301200.0","channel":"PJSIP/201-00000000"}]}`,
	Sniff: func(head []byte) bool {
		text := bytes.TrimLeft(bytes.TrimPrefix(head, utf8BOM), " \t\r\n")
		return len(text) > 0 && (text[0] == '{' || text[0] == '[') && bytes.Contains(text, []byte(`"AcctId"`)) &&
			(bytes.Contains(text, []byte(`"disposition"`)) || bytes.Contains(text, []byte(`"main_cdr"`)))
	},
	Read: readGrandstreamJSON,
}

const ucmColumns = 80

// ucmQuoted is a caller id whose quotes are its own: "Anna" <201>.
var ucmQuoted = lazily(`(^|,)"([^",]*)" (<[^<>,]*>)(,|$)`)

func readGrandstreamCSV(in *Input, out Sink) error {
	rows := newRowReader(in, out, ucmColumns)
	rows.mend = func(row string) string { return ucmQuoted().ReplaceAllString(row, "$1$2 $3$4") }
	clock := newSourceClock(in)
	var header map[string]int
	columns := 0
	for rows.next() {
		if header == nil {
			header, columns = rows.header(), rows.n
			continue
		}
		fields := ucmFields(rows, header, columns)
		if len(fields) != columns {
			rows.reject(fmt.Sprintf("%d fields, want %d as in the header", len(fields), columns))
			continue
		}
		record := ucmRecord(func(name string) string { return fields[header[name]] }, header)
		c := CDR{Place: rows.at, Recorded: strings.TrimSpace(rows.text)}
		if wrong := record.fill(&c, clock); wrong != "" {
			rows.reject(wrong)
			continue
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	return rows.lines.err
}

// ucmFields are a row's fields, as many as the header has if commas in lastdata
// are all that is too much.
func ucmFields(rows *rowReader, header map[string]int, columns int) []string {
	fields := make([]string, min(rows.n, len(rows.fields)))
	for i := range fields {
		fields[i] = rows.col(i)
	}
	at, ok := header["lastdata"]
	if extra := len(fields) - columns; ok && extra > 0 && at+extra < len(fields) {
		fields[at] = strings.Join(fields[at:at+extra+1], ",")
		fields = append(fields[:at+1], fields[at+extra+1:]...)
	}
	return fields
}

// ucmRecord takes what is read of a record's fields.
func ucmRecord(value func(string) string, have map[string]int) pbxRecord {
	get := func(name string) string {
		if have != nil {
			if _, ok := have[name]; !ok {
				return ""
			}
		}
		return value(name)
	}
	return pbxRecord{
		start: get("start"), id: get("uniqueid"), link: get("session"), caller: get("src"), callee: get("dst"), clid: get("clid"),
		duration: get("duration"), talk: get("billsec"), status: get("disposition"),
		from: get("src_trunk_name"), to: get("dst_trunk_name"), app: get("lastapp"), data: get("lastdata"),
		context: get("dcontext"), channel: get("channel"), dstChannel: get("dstchannel"),
	}
}

// ucmWrapper is what the API puts around its list of records.
var ucmWrapper = lazily(`^\{\s*"(cdr|cdr_root|root)"\s*:\s*\[`)

// cutUCM is cutJSON inside the API's list.
func cutUCM(text []byte) (skip, n int, wrong string) {
	open := bytes.IndexByte(text, '{')
	if open > 0 {
		return open, 0, ""
	}
	if open == 0 {
		if m := ucmWrapper().FindIndex(text[:min(len(text), 256)]); m != nil {
			return m[1], 0, ""
		}
	}
	return cutJSON(text)
}

func readGrandstreamJSON(in *Input, out Sink) error {
	docs := newChunkReader(in)
	clock := newSourceClock(in)
	for {
		d, ok := docs.next(cutUCM)
		if !ok {
			break
		}
		wrong := d.wrong
		c := CDR{Place: d.Place}
		if wrong == "" {
			wrong = c.fillUCM(d.text, clock)
		}
		if wrong != "" {
			out.Reject(d.Place, wrong, d.sample())
			continue
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	return docs.err
}

func (c *CDR) fillUCM(text []byte, clock *sourceClock) (wrong string) {
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Sprintf("no JSON document: %s", clip(err.Error()))
	}
	main, nested := doc["main_cdr"].(map[string]any)
	if !nested {
		main = doc
	}
	record := ucmRecord(func(name string) string { return jsonText(main[name]) }, nil)
	if record.status == "" {
		record.status = ucmDisposition(doc)
	}
	c.Recorded = strings.Join([]string{jsonText(main["AcctId"]), record.id, record.link, record.start, record.duration, record.status}, "|")
	return record.fill(c, clock)
}

// ucmDisposition is what the sub-records say of their call.
func ucmDisposition(doc map[string]any) (status string) {
	for i := 1; i <= 200; i++ {
		sub, ok := doc[fmt.Sprintf("sub_cdr_%d", i)].(map[string]any)
		if !ok {
			break
		}
		if s := jsonText(sub["disposition"]); s != "" && status != "ANSWERED" {
			status = s
		}
	}
	return status
}
