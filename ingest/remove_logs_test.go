package ingest

import (
	"fmt"
	"strings"
	"time"
)

var firstMoment = time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC)

const firstSecond = 1794301200

// logged is one message in the log of a SIP agent, n milliseconds after nine.
func logged(ms int, message string) string {
	return fmt.Sprintf("----------------------------------------------- %s\nUDP message sent (%d bytes):\n\n%s\n", firstMoment.Add(time.Duration(ms)*time.Millisecond).Format("2006-01-02 15:04:05.000000"), len(message), message)
}

// sipMessage is a message of call i; start is its start line.
func sipMessage(i int, start, cseq, from, to, totag string) string {
	if totag != "" {
		totag = ";tag=" + totag
	}
	method := cseq[strings.IndexByte(cseq, ' ')+1:]
	return fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%d-%s\r\nFrom: <sip:%s@example.net>;tag=f%d\r\nTo: <sip:%s@example.net>%s\r\nCall-ID: call-%d@192.0.2.10\r\nCSeq: %s\r\nUser-Agent: Phone 1\r\nContent-Length: 0\r\n\r\n",
		start, i, method, from, i, to, totag, i, cseq)
}

// sipCall is a busy call that begins so many seconds after nine.
func sipCall(i, second int, from, to string) string {
	ms := 1000 * second
	return logged(ms, sipMessage(i, "INVITE sip:"+to+"@example.net SIP/2.0", "1 INVITE", from, to, "")) +
		logged(ms+80, sipMessage(i, "SIP/2.0 180 Ringing", "1 INVITE", from, to, "t")) +
		logged(ms+5000, sipMessage(i, "SIP/2.0 486 Busy Here", "1 INVITE", from, to, "t")) +
		logged(ms+5010, sipMessage(i, "ACK sip:"+to+"@example.net SIP/2.0", "1 ACK", from, to, "t"))
}

// rotatedCalls are three logs on end: one call is answered in the first and
// ends in the last, one never gets an answer, so that only the time of the logs
// behind it says so, and each has calls of its own.
func rotatedCalls() [3]string {
	long := func(ms int, start, cseq string) string {
		return logged(ms, sipMessage(900, start, cseq, "201", "33123900", strings.Repeat("t", min(1, ms/2000))))
	}
	a := sipCall(1, 0, "201", "33123001") + long(20_000, "INVITE sip:33123900@example.net SIP/2.0", "1 INVITE") + long(21_000, "SIP/2.0 200 OK", "1 INVITE") +
		logged(50_000, sipMessage(901, "INVITE sip:33123901@example.net SIP/2.0", "1 INVITE", "202", "33123901", ""))
	b := sipCall(2, 70, "201", "33123002") + sipCall(3, 110, "203", "33123003")
	c := sipCall(4, 160, "201", "33123004") + long(200_000, "BYE sip:33123900@example.net SIP/2.0", "2 BYE") + long(200_050, "SIP/2.0 200 OK", "2 BYE") + sipCall(5, 260, "201", "33123005")
	return [3]string{a, b, c}
}

// csvCall is a busy call in a Master.csv.
func csvCall(second int, id, from, to string) string {
	row := csvRow(second, id, "BUSY", 0)
	row = strings.ReplaceAll(row, fmt.Sprintf("33123%d", second), to)
	return strings.ReplaceAll(row, `"201"`, `"`+from+`"`)
}
