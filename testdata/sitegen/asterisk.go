package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// asteriskCall is one row of Master.csv before it is written.
type asteriskCall struct {
	at               int64 // whole seconds
	setup, talk      int64 // seconds; talk 0: not answered
	src, dst         string
	context          string
	channel, far     string // far is empty where no second channel was made
	app, data        string
	disposition      string
	epoch, sequence  int64
	incident, menued bool
}

// asterisk makes the calls of the neighbouring PBX.
type asterisk struct {
	r        random
	calls    []asteriskCall
	channels int64
}

// masterCSV is the neighbouring PBX's CDR file; rows are written as calls end.
func masterCSV(t *truth) []byte {
	a := &asterisk{r: random{state: 150}, channels: 0x1a40}
	for _, at := range offices.arrivals(&a.r, 1420) {
		a.wish(at - at%second)
	}
	slices.SortStableFunc(a.calls, func(x, y asteriskCall) int {
		return cmp.Or(cmp.Compare(x.at+x.setup*second+x.talk*second, y.at+y.setup*second+y.talk*second), cmp.Compare(x.sequence, y.sequence))
	})
	var b bytes.Buffer
	for i := range a.calls {
		c := &a.calls[i]
		c.row(&b)
		t.call(c.at, "asterisk-csv", c.outcome(), -1)
		if c.incident {
			t.Incident.Asterisk++
		}
	}
	t.Records.CSVRows = len(a.calls)
	return b.Bytes()
}

// wish is one caller's wish: a call, and while carrier-a is in trouble some more.
func (a *asterisk) wish(at int64) {
	r := &a.r
	extension, other := strconv.FormatInt(r.between(150, 180), 10), strconv.FormatInt(r.between(150, 180), 10)
	carrier := "carrier-a"
	if r.chance(450) {
		carrier = "carrier-b"
	}
	switch kind := r.pick([]int64{420, 380, 200}); {
	case kind == 0:
		number := outsideNumber(r)
		for again := 0; ; again++ {
			failed := a.outgoing(at, extension, number, carrier)
			if !failed || again == 4 || !r.chance(600) {
				return
			}
			at += r.between(30, 200) * second
		}
	case kind == 1 && carrier == "carrier-a" && trouble(at) && r.chance(900):
		// It never got here.
	case kind == 1:
		a.incoming(at, extension, outsideNumber(r), carrier)
	case extension != other:
		a.internal(at, extension, other)
	}
}

// Dispositions with weights.
var (
	dispositions = []string{"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"}
	outward      = []int64{746, 128, 86, 24, 16}
	inward       = []int64{764, 166, 54, 16, 0}
)

// begin is a call with what all kinds have.
func (a *asterisk) begin(at int64, weights []int64) asteriskCall {
	r := &a.r
	c := asteriskCall{at: at, epoch: at / second, sequence: a.channels, disposition: dispositions[r.pick(weights)]}
	a.channels += 2
	c.setup, c.talk = 1+r.draw(delayMillis)/1000+r.draw(ringSeconds), r.draw(talkSeconds)
	return c
}

// settle makes the durations fit the disposition.
func (a *asterisk) settle(c *asteriskCall) {
	r := &a.r
	switch c.disposition {
	case "ANSWERED":
		return
	case "NO ANSWER":
		c.setup = r.between(8, 60)
	case "BUSY":
		c.setup = r.between(1, 4)
	default:
		c.setup = r.between(0, 3)
	}
	c.talk = 0
}

// outgoing reports whether the call was one that carrier-a's trouble broke.
func (a *asterisk) outgoing(at int64, extension, number, carrier string) bool {
	c := a.begin(at, outward)
	c.incident = carrier == "carrier-a" && trouble(at) && a.r.chance(920)
	if c.incident {
		c.disposition = dispositions[3+a.r.pick([]int64{250, 750})]
	}
	a.settle(&c)
	c.src, c.dst, c.context = extension, number, "from-internal"
	c.channel, c.far = a.name(extension, c.sequence), a.name(carrier, c.sequence+1)
	if c.disposition == "FAILED" {
		c.far = ""
	}
	c.app, c.data = "Dial", "PJSIP/"+number+"@"+carrier+",60,T"
	a.calls = append(a.calls, c)
	return c.incident
}

func (a *asterisk) incoming(at int64, extension, number, carrier string) {
	c := a.begin(at, inward)
	a.settle(&c)
	c.src, c.dst, c.context = number, extension, "from-trunk"
	c.channel, c.far = a.name(carrier, c.sequence), a.name(extension, c.sequence+1)
	c.app, c.data = "Dial", "PJSIP/"+extension+",30,t"
	if c.disposition == "ANSWERED" && a.r.chance(30) { // nobody there: the machine answers
		c.menued, c.far = true, ""
		c.app, c.data = "VoiceMail", extension+"@default,u"
		c.setup, c.talk = 30, a.r.between(4, 40)
	}
	a.calls = append(a.calls, c)
}

func (a *asterisk) internal(at int64, from, to string) {
	c := a.begin(at, inward)
	a.settle(&c)
	c.src, c.dst, c.context = from, to, "from-internal"
	c.channel, c.far = a.name(from, c.sequence), a.name(to, c.sequence+1)
	c.app, c.data = "Dial", "PJSIP/"+to+",30,t"
	a.calls = append(a.calls, c)
}

func (a *asterisk) name(peer string, n int64) string { return fmt.Sprintf("PJSIP/%s-%08x", peer, n) }

func (c *asteriskCall) outcome() string {
	switch {
	case c.menued:
		return "not_connected"
	case c.disposition == "ANSWERED":
		return "answered"
	case c.disposition == "FAILED" || c.disposition == "CONGESTION":
		return "failed"
	}
	return "user"
}

// row is the call as cdr_csv writes it, with uniqueid and userfield.
func (c *asteriskCall) row(b *bytes.Buffer) {
	stamp := func(at int64) string { return local(at).Format(`"2006-01-02 15:04:05"`) }
	answer := ""
	if c.talk > 0 {
		answer = stamp(c.at + c.setup*second)
	}
	fmt.Fprintf(b, `"","%s","%s","%s","""%s"" <%s>","%s","%s","%s","%s",%s,%s,%s,%d,%d,"%s","DOCUMENTATION","%d.%d",""`+"\n",
		c.src, c.dst, c.context, c.src, c.src, c.channel, c.far, c.app, c.data,
		stamp(c.at), answer, stamp(c.at+(c.setup+c.talk)*second), c.setup+c.talk, c.talk, c.disposition, c.epoch, c.sequence)
}
