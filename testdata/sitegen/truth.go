package main

import (
	"encoding/json"
	"strconv"
)

// truth is what was put into the files.
type truth struct {
	// Calls by ISO week (UTC) and source: sip (the gateway's, also those that are
	// in the capture), newrock-om, asterisk-csv.
	Calls map[string]map[string]*tally `json:"calls"`
	// Requests that are no calls, by week and method.
	Requests map[string]map[string]*tally `json:"requests"`
	Incident incident                     `json:"incident"`
	Records  records                      `json:"records"`
}

// tally counts calls by outcome and by code: a SIP status, 0 for no response
// at all, -1 for a record without a code.
type tally struct {
	Calls    int            `json:"calls"`
	Outcomes map[string]int `json:"outcomes"`
	Codes    map[string]int `json:"codes"`
}

// incident counts the calls that carrier-a's trouble broke.
type incident struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Gateway  int    `json:"gateway_503"`
	Asterisk int    `json:"asterisk_failed"`
}

// records counts what stands in the files.
type records struct {
	GatewayMessages int `json:"gateway_messages"` // in both syslogs
	CaptureMessages int `json:"capture_messages"` // each also in a syslog
	CSVRows         int `json:"csv_rows"`
	OMCdrs          int `json:"om_cdrs"`
	OMEvents        int `json:"om_events"`
}

func newTruth() *truth {
	stamp := "2006-01-02T15:04:05Z"
	utc := func(at int64) string { return local(at).UTC().Format(stamp) }
	return &truth{
		Calls:    map[string]map[string]*tally{},
		Requests: map[string]map[string]*tally{},
		Incident: incident{From: utc(troubleBegin), To: utc(troubleEnd)},
	}
}

func (t *truth) call(at int64, source, outcome string, code int) {
	count(t.Calls, weekOf(at), source, outcome, code)
}

func (t *truth) request(at int64, method, outcome string, code int) {
	count(t.Requests, weekOf(at), method, outcome, code)
}

func count(in map[string]map[string]*tally, week, key, outcome string, code int) {
	if in[week] == nil {
		in[week] = map[string]*tally{}
	}
	n := in[week][key]
	if n == nil {
		n = &tally{Outcomes: map[string]int{}, Codes: map[string]int{}}
		in[week][key] = n
	}
	n.Calls++
	n.Outcomes[outcome]++
	n.Codes[strconv.Itoa(code)]++
}

// json is the truth as text; encoding/json sorts the keys of maps.
func (t *truth) json() []byte {
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return append(b, '\n')
}
