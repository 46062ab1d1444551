package safety

import (
	"fmt"
	"strings"
	"time"
)

var firstMoment = time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC)

// logged is one message in a log, ms milliseconds after nine.
func logged(ms int, message string) string {
	return fmt.Sprintf("----------------------------------------------- %s\nUDP message sent (%d bytes):\n\n%s\n", firstMoment.Add(time.Duration(ms)*time.Millisecond).Format("2006-01-02 15:04:05.000000"), len(message), message)
}

// message is a message of call i. Fields that a caller wants changed are
// replaced in its text.
func message(i int, start, cseq, totag string) string {
	return fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.%d:5060;branch=z9hG4bK%d-%s\r\nFrom: \"Caller\" <sip:2%02d@example.net>;tag=f%d\r\nTo: <sip:3312%05d@example.net>%s\r\nCall-ID: call-%d@192.0.2.10\r\nCSeq: %s\r\nUser-Agent: Phone %d\r\nContent-Length: 0\r\n\r\n",
		start, 10+i%40, i, strings.ReplaceAll(cseq, " ", ""), i%50, i, i, totag, i, cseq, i%4)
}

// call is one call that begins ms milliseconds after nine, in four to six messages.
func call(i, ms int) string {
	answers := []string{"486 Busy Here", "200 OK", "503 Service Unavailable", "404 Not Found"}
	uri := fmt.Sprintf("sip:3312%05d@example.net", i)
	text := logged(ms, message(i, "INVITE "+uri+" SIP/2.0", "1 INVITE", "")) +
		logged(ms+90, message(i, "SIP/2.0 180 Ringing", "1 INVITE", ";tag=t")) +
		logged(ms+4000, message(i, "SIP/2.0 "+answers[i%4], "1 INVITE", ";tag=t")) +
		logged(ms+4010, message(i, "ACK "+uri+" SIP/2.0", "1 ACK", ";tag=t"))
	if i%4 == 1 {
		text += logged(ms+64_000, message(i, "BYE "+uri+" SIP/2.0", "2 BYE", ";tag=t")) +
			logged(ms+64_020, message(i, "SIP/2.0 200 OK", "2 BYE", ";tag=t"))
	}
	return text
}

// calls is a log of calls from to to, half a second apart.
func calls(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(call(i, 500*i))
	}
	return b.String()
}

// row is a row of a Master.csv.
func row(i int) string {
	begin := firstMoment.Add(time.Duration(i) * 7 * time.Second)
	disposition, talk, answer := "BUSY", 0, ""
	if i%3 == 0 {
		disposition, talk, answer = "ANSWERED", 30+i%60, `"`+begin.Add(5*time.Second).Format(time.DateTime)+`"`
	}
	end := begin.Add(time.Duration(5+talk) * time.Second).Format(time.DateTime)
	return fmt.Sprintf(`"","2%02d","4412%05d","from-internal","2%02d","PJSIP/2%02d-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/4412%05d@carrier-a","%s",%s,"%s",%d,%d,"%s","DOCUMENTATION","%d.%d",""`+"\n",
		i%50, i, i%50, i%50, i, begin.Format(time.DateTime), answer, end, 5+talk, talk, disposition, begin.Unix(), i)
}

func rows(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(row(i))
	}
	return b.String()
}
