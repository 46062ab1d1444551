package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"

	"callsift/store/codes"
)

// FreeSwitchJSON reads the documents of FreeSWITCH's mod_json_cdr, one a leg:
// one in a file, or several one after another, on one line each or indented.
//
//	{"core-uuid":"…","switchname":"fs1","channel_data":{"direction":"inbound",…},
//	 "variables":{"uuid":"…","sip_call_id":"77@192.0.2.10","start_epoch":"1794301200","answer_epoch":"0",
//	  "end_epoch":"1794301212","billsec":"0","hangup_cause":"USER_BUSY","hangup_cause_q850":"17",
//	  "proto_specific_hangup_cause":"sip:486","sip_hangup_disposition":"recv_refuse",…},
//	 "callflow":[{"caller_profile":{"caller_id_number":"201","destination_number":"3312345",…}}]}
//
// Times are the epochs (Unix seconds, UTC; *_uepoch microseconds); the *_stamp
// variables are local and are not used. answer_epoch 0: not answered. The result is
// hangup_cause and its number; the SIP status, where the leg was SIP, stands in
// sip_term_status, proto_specific_hangup_cause or sip_invite_failure_status, and is
// missing where this side sent the BYE: that is no failure.
//
// The two legs of a call are documents of their own, often files of their own
// (a_UUID.cdr.json for the first). The second names the first in
// originating_leg_uuid, originator or ent_originate_aleg_uuid.
var FreeSwitchJSON = Format{
	Name:        "freeswitch-json",
	Description: "FreeSWITCH mod_json_cdr documents",
	Kind:        "cdr",
	Proof:       "real files, source code",
	Example:     `{"core-uuid":"c1","switchname":"fs1","variables":{"uuid":"u1","sip_call_id":"77@192.0.2.10","start_epoch":"1794301200","answer_epoch":"0","end_epoch":"1794301212","billsec":"0","hangup_cause":"USER_BUSY","hangup_cause_q850":"17","proto_specific_hangup_cause":"sip:486"}}`,
	Sniff: func(head []byte) bool {
		return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, utf8BOM), " \t\r\n"), []byte("{")) &&
			bytes.Contains(head, []byte(`"variables"`)) && (bytes.Contains(head, []byte(`"core-uuid"`)) || bytes.Contains(head, []byte(`"hangup_cause"`)))
	},
	Read: func(in *Input, out Sink) error {
		return readFreeSwitch(in, out, cutJSON, fsJSONValues)
	},
}

// FreeSwitchXML reads the documents of FreeSWITCH's mod_xml_cdr: the same as
// FreeSwitchJSON's in XML, with the values URL-encoded (sip%3A486).
//
//	<?xml version="1.0"?>
//	<cdr core-uuid="…" switchname="fs1"><channel_data><direction>inbound</direction>…</channel_data>
//	<variables><uuid>…</uuid><start_epoch>1794301200</start_epoch><answer_epoch>0</answer_epoch>
//	<hangup_cause>USER_BUSY</hangup_cause><proto_specific_hangup_cause>sip%3A486</proto_specific_hangup_cause>…</variables>
//	<callflow><caller_profile><caller_id_number>201</caller_id_number>…</caller_profile></callflow></cdr>
var FreeSwitchXML = Format{
	Name:        "freeswitch-xml",
	Description: "FreeSWITCH mod_xml_cdr documents",
	Kind:        "cdr",
	Proof:       "real files, source code",
	Example:     `<cdr core-uuid="c1" switchname="fs1"><variables><uuid>u1</uuid><start_epoch>1794301200</start_epoch><answer_epoch>0</answer_epoch><end_epoch>1794301212</end_epoch><hangup_cause>USER_BUSY</hangup_cause><proto_specific_hangup_cause>sip%3A486</proto_specific_hangup_cause></variables></cdr>`,
	Sniff: func(head []byte) bool {
		return indexFold(head, "<cdr ") >= 0 && bytes.Contains(head, []byte("<variables>")) &&
			(bytes.Contains(head, []byte("core-uuid=")) || bytes.Contains(head, []byte("<hangup_cause>")) || bytes.Contains(head, []byte("<channel_data>")))
	},
	Read: func(in *Input, out Sink) error {
		return readFreeSwitch(in, out, cutElement("cdr"), fsXMLValues)
	},
}

var utf8BOM = []byte("\xef\xbb\xbf")

func readFreeSwitch(in *Input, out Sink, cut cutter, values func([]byte) (map[string]string, error)) error {
	docs := newChunkReader(in)
	for {
		d, ok := docs.next(cut)
		if !ok {
			return docs.err
		}
		wrong := d.wrong
		c := CDR{Place: d.Place, Code: codes.Unknown, CauseQ850: -1, Talk: -1}
		if wrong == "" {
			v, err := values(d.text)
			if err != nil {
				wrong = err.Error()
			} else {
				wrong = c.fillFreeSwitch(v)
			}
		}
		if wrong != "" {
			out.Reject(d.Place, wrong, d.sample())
			continue
		}
		h := fnv.New64a()
		h.Write(d.text)
		c.Recorded = fmt.Sprintf("%s %016x", c.ID, h.Sum64())
		out.CDR(&c)
	}
}

// fsWanted are the variables and profile fields that are read.
var fsWanted = map[string]bool{
	"uuid": true, "sip_call_id": true, "originating_leg_uuid": true, "originator": true, "ent_originate_aleg_uuid": true,
	"direction": true, "start_epoch": true, "start_uepoch": true, "answer_epoch": true, "answer_uepoch": true,
	"end_epoch": true, "end_uepoch": true, "billsec": true, "billmsec": true, "hangup_cause": true, "hangup_cause_q850": true,
	"sip_term_status": true, "proto_specific_hangup_cause": true, "sip_invite_failure_status": true,
	"sip_hangup_disposition": true, "caller_id_number": true, "destination_number": true, "sip_from_user": true,
	"sip_to_user": true, "sip_req_user": true, "sip_gateway_name": true, "sip_gateway": true, "sip_network_ip": true,
	"sip_received_ip": true, "network_addr": true, "sip_user_agent": true, "channel_name": true,
}

// fsJSONValues reads a JSON document's variables and, where these lack a name,
// the caller's profile.
func fsJSONValues(text []byte) (map[string]string, error) {
	var d struct {
		Switch  string `json:"switchname"`
		Channel struct {
			Direction any
		} `json:"channel_data"`
		Variables map[string]any
		Callflow  json.RawMessage
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("no JSON document: %s", clip(err.Error()))
	}
	v := map[string]string{"switchname": d.Switch, "direction": jsonText(d.Channel.Direction)}
	for name := range fsWanted {
		if s := jsonText(d.Variables[name]); s != "" {
			v[name] = s
		}
	}
	type flow struct {
		Profile map[string]any `json:"caller_profile"`
	}
	var flows []flow
	if json.Unmarshal(d.Callflow, &flows) != nil { // older versions have one, not a list
		var one flow
		if json.Unmarshal(d.Callflow, &one) == nil {
			flows = []flow{one}
		}
	}
	for _, f := range flows {
		for _, name := range [...]string{"caller_id_number", "destination_number", "network_addr"} {
			if s := jsonText(f.Profile[name]); s != "" && v[name] == "" {
				v[name] = s
			}
		}
	}
	return v, nil
}

// jsonText is a JSON value as text: numbers and strings mean the same here.
func jsonText(v any) string {
	switch v := v.(type) {
	case string:
		return valid(strings.TrimSpace(v))
	case float64:
		return strings.TrimSuffix(fmt.Sprintf("%.6f", v), ".000000")
	case json.Number:
		return v.String()
	}
	return ""
}

// fsXMLValues reads the first element of each name that is read.
func fsXMLValues(text []byte) (map[string]string, error) {
	v := map[string]string{}
	if end := tagEnd(text); end > 0 {
		_, attrs, _ := openTag(text[:end])
		v["switchname"] = attrs["switchname"]
	}
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i + 1
		end := bytes.IndexAny(text[at:min(len(text), at+64)], " \t\r\n>/")
		if end <= 0 || text[at+end] != '>' {
			continue
		}
		name := string(text[at : at+end])
		if fsWanted[name] && v[name] == "" {
			s := elementText(text[at+end+1:])
			if plain, err := url.PathUnescape(s); err == nil {
				s = valid(plain)
			}
			v[name] = strings.TrimSpace(s)
		}
	}
	if v["uuid"] == "" && v["hangup_cause"] == "" {
		return nil, fmt.Errorf("neither uuid nor hangup_cause")
	}
	return v, nil
}

// fillFreeSwitch makes a record of a document's values; the result is why it is
// none, or empty.
func (c *CDR) fillFreeSwitch(v map[string]string) (wrong string) {
	c.ID, c.CallID = v["uuid"], v["sip_call_id"]
	c.Start = fsEpoch(v, "start")
	if c.Start == 0 {
		return fmt.Sprintf("start_epoch %q, want Unix seconds", clip(v["start_epoch"]))
	}
	c.Answer, c.End = fsEpoch(v, "answer"), fsEpoch(v, "end")
	answered := c.Answer != 0
	c.Reason = v["hangup_cause"]
	if q := digits(v["hangup_cause_q850"]); q > 0 {
		c.CauseQ850 = q
	} else if q, ok := freeSwitchCause(c.Reason); ok {
		c.CauseQ850 = q
	}
	c.Talk = 0
	if answered {
		c.Talk = spanMillis(v["billsec"])
		if ms := digits(v["billmsec"]); ms >= 0 {
			c.Talk = int64(ms)
		}
	}
	c.Code = fsStatus(v, answered)
	if !answered && c.Reason == "" && c.Code == codes.Unknown {
		return "no hangup_cause"
	}
	c.settleFreeSwitch(answered)
	for _, name := range [...]string{"originating_leg_uuid", "originator", "ent_originate_aleg_uuid", "uuid"} {
		if c.Link == "" {
			c.Link = v[name]
		}
	}
	c.Caller = firstOf(v["caller_id_number"], v["sip_from_user"])
	c.Callee = firstOf(v["destination_number"], v["sip_req_user"], v["sip_to_user"])
	if c.Peer = firstOf(v["sip_network_ip"], v["sip_received_ip"]); c.Peer == "" && v["direction"] != "outbound" {
		c.Peer = v["network_addr"] // of the caller, in the second leg's document too
	}
	c.Device, c.UserAgent = v["switchname"], v["sip_user_agent"]
	if c.Trunk = firstOf(v["sip_gateway_name"], v["sip_gateway"], fsGateway(v["channel_name"])); c.Trunk != "" {
		c.Direction = codes.In
		if v["direction"] == "outbound" {
			c.Direction = codes.Out
		}
	}
	return ""
}

// fsEpoch is one of a document's times, as exact as it has it; 0: none.
func fsEpoch(v map[string]string, name string) int64 {
	if s := v[name+"_uepoch"]; len(s) == 16 {
		if at := epochMicros(s[:10] + "." + s[10:]); at != 0 {
			return at
		}
	}
	return epochMicros(v[name+"_epoch"])
}

// fsStatus is the SIP status that ended the leg's INVITE. The status of a BYE
// or CANCEL, 200, is none.
func fsStatus(v map[string]string, answered bool) int {
	for _, s := range [...]string{v["sip_term_status"], strings.TrimPrefix(v["proto_specific_hangup_cause"], "sip:"), v["sip_invite_failure_status"]} {
		code := sipStatus(s)
		if code >= 200 && (codes.ClassOf(code) == "2xx") == answered {
			return code
		}
	}
	return codes.Unknown
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
