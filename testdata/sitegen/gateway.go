package main

import (
	"cmp"
	"fmt"
	"slices"
)

// gatewayCall is a call over the gateway's trunk before it becomes messages.
type gatewayCall struct {
	at            int64
	out           bool
	inside        string // the gateway's line, in the house's numbering
	outside       string
	code          int // final status, 0: no response at all
	delay         int64
	ring, talk    int64
	insideHangsUp bool
	fax           bool
	faxRefused    bool
}

// gateway plays calls into messages.
type gateway struct {
	r        random
	truth    *truth
	messages []sipMessage
	nonce    string
	nonceAt  int64
	nc       int
}

// gatewayMessages are all messages of both weeks in order of time.
func gatewayMessages(t *truth) []sipMessage {
	g := &gateway{r: random{state: 60}, truth: t}
	calls := g.plan()
	for i := range calls {
		g.play(&calls[i])
	}
	g.registrations()
	g.keepAlives()
	slices.SortStableFunc(g.messages, func(a, b sipMessage) int { return cmp.Compare(a.at, b.at) })
	t.Records.GatewayMessages = len(g.messages)
	return g.messages
}

// plan makes the calls of both weeks, those that are dialled again among them.
func (g *gateway) plan() []gatewayCall {
	r := &g.r
	var calls []gatewayCall
	for _, at := range staff.arrivals(r, 300) {
		c := g.newCall(at, r.chance(620))
		if !c.out && trouble(at) && r.chance(850) {
			continue // it never got here
		}
		calls = g.untilThrough(calls, c)
	}
	for range 20 { // the restaurant's card terminals, which need the line for each payment
		calls = g.untilThrough(calls, g.newCall(troubleBegin+r.below(troubleEnd-troubleBegin-20*minute), true))
	}
	// More telephones are tried while the capture runs, and one call is up when the log is rotated.
	for n := range int64(4) {
		calls = append(calls, g.newCall(captureBegin+20*second+n*65*second+r.below(20*second), true))
	}
	late := g.newCall(rotation-80*second, true)
	late.code, late.delay, late.ring, late.talk, late.fax = 200, 1200*1000, 6*second, 190*second, false
	calls = append(calls, late)
	slices.SortStableFunc(calls, func(a, b gatewayCall) int { return cmp.Compare(a.at, b.at) })
	return calls
}

// untilThrough adds a call and, in the trouble, the same dialled again and again.
func (g *gateway) untilThrough(calls []gatewayCall, c gatewayCall) []gatewayCall {
	calls = append(calls, c)
	for again := 0; c.out && trouble(c.at) && c.code == 503 && again < 25 && g.r.chance(930); again++ {
		c = g.retry(c)
		calls = append(calls, c)
	}
	return calls
}

func (g *gateway) newCall(at int64, out bool) gatewayCall {
	r := &g.r
	c := gatewayCall{at: at, out: out, outside: outsideNumber(r), inside: fmt.Sprintf("%s%02d", houseNumber, r.between(10, 57))}
	g.fate(&c)
	return c
}

// retry is the same call dialled again.
func (g *gateway) retry(c gatewayCall) gatewayCall {
	c.at += g.r.between(40, 150)*second + g.r.below(second)
	g.fate(&c)
	return c
}

// What calls end in, with weights; delays follow from it.
var (
	outCodes   = []int{200, 486, 480, 487, 603, 404, 484, 500, 503, 408, 0}
	outWeights = []int64{724, 92, 58, 68, 8, 22, 8, 7, 5, 4, 4}
	inCodes    = []int{200, 486, 480, 487, 404, 415}
	inWeights  = []int64{758, 80, 60, 75, 17, 10}
)

// fate decides what a call ends in.
func (g *gateway) fate(c *gatewayCall) {
	r := &g.r
	switch {
	case c.out && trouble(c.at) && r.chance(910):
		c.code = 503
	case c.out:
		c.code = outCodes[r.pick(outWeights)]
	default:
		c.code = inCodes[r.pick(inWeights)]
	}
	c.delay, c.ring, c.talk = r.draw(delayMillis)*1000, r.draw(ringSeconds)*second+r.below(second), r.draw(talkSeconds)*second+r.below(second)
	switch c.code {
	case 404, 415, 484, 486, 500, 503:
		c.delay, c.ring = r.draw(refuseMillis)*1000, 0
	case 480:
		c.ring = 45*second + r.below(second/5)
	case 408:
		c.delay, c.ring = 31*second+r.below(second), 0
	case 487:
		c.ring = r.between(6, 32)*second + r.below(second)
	}
	if !c.out && c.ring == 0 { // the gateway decides at once
		c.delay = r.between(8, 30) * 1000 // after the 100 Trying
	}
	c.delay += r.below(1000)
	c.insideHangsUp = r.chance(520)
	c.fax = c.code == 200 && c.talk > 40*second && r.chance(60)
	c.faxRefused = r.chance(300)
}

func (g *gateway) send(at int64, from *party, text string) {
	g.messages = append(g.messages, sipMessage{at, from.gateway, text})
}

// flight is how long a message and its answer take: over the line to the
// carrier, or inside the gateway.
func (g *gateway) flight(to *party) int64 {
	if to.gateway {
		return g.r.between(2100, 6900)
	}
	return g.r.between(17_000, 33_000)
}

func (g *gateway) branch() string { return "z9hG4bK" + g.r.hex(10) }

// play writes a call's messages and counts it.
func (g *gateway) play(c *gatewayCall) {
	r := &g.r
	in, out := &party{user: c.inside, tag: r.hex(8), gateway: true}, &party{user: c.outside, tag: r.hex(8)}
	from, to := out, in
	if c.out {
		from, to = in, out
	}
	q := &sipRequest{
		method: "INVITE", target: fmt.Sprintf("sip:%s@%s", to.user, to.host()), branch: g.branch(),
		callID: r.hex(12) + "@" + from.host(), cseq: 1, from: from, to: to,
	}
	g.truth.call(c.at, "sip", sipOutcome(c.code), c.code)
	if c.code == 503 && trouble(c.at) {
		g.truth.Incident.Gateway++
	}
	port := 10_000 + 2*r.below(4000)
	offer := sdp(from, port, false)
	if c.code == 415 { // the gateway takes no text (T.140)
		offer += fmt.Sprintf("m=text %d RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n", port+2)
	}
	at, text := g.invite(c, q, offer)
	if c.code == 0 {
		for wait := second / 2; wait <= 16*second; wait *= 2 {
			at += wait
			g.send(at, from, text)
		}
		return
	}
	g.send(at+g.flight(to), to, q.reply("100 Trying", ""))
	if c.ring > 0 {
		g.send(at+c.delay, to, q.reply("180 Ringing", "", to.contact()))
	}
	done := at + c.delay + c.ring
	switch c.code {
	case 200:
		g.answered(c, q, done)
	case 487:
		g.cancelled(q, done)
	default:
		g.refused(q, done, c.code)
	}
}

// nonceLife is how long the carrier takes the same nonce again.
const nonceLife = 3 * hour

// invite sends the INVITE; the carrier asks for credentials if those that the
// gateway has are too old. The result is the time and text of the one that counts.
func (g *gateway) invite(c *gatewayCall, q *sipRequest, offer string) (int64, string) {
	headers := []string{q.from.contact(), "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,INFO,UPDATE,REFER"}
	at := c.at
	if c.out && c.code != 0 && at-g.nonceAt > nonceLife {
		g.send(at, q.from, q.text(offer, headers...))
		g.nonce, g.nonceAt, g.nc = g.r.hex(16), at, 0
		at += g.flight(q.to)
		g.send(at, q.to, q.reply("407 Proxy Authentication Required", "",
			fmt.Sprintf(`Proxy-Authenticate: Digest realm="%s",nonce="%s",algorithm=MD5,qop="auth"`, carrierName, g.nonce)))
		at += g.flight(q.from)
		g.ack(q, at)
		at += 1500
		q.cseq, q.branch, q.to.tag = 2, g.branch(), g.r.hex(8)
	}
	if c.out {
		headers = append(headers, g.credentials("Proxy-Authorization", "INVITE", q.target))
	}
	text := q.text(offer, headers...)
	g.send(at, q.from, text)
	return at, text
}

func (g *gateway) credentials(header, method, uri string) string {
	g.nc++
	return fmt.Sprintf(`%s: Digest username="%s00",realm="%s",nonce="%s",uri="%s",response="%s%s",algorithm=MD5,qop=auth,nc=%08x,cnonce="%s"`,
		header, houseNumber, carrierName, g.nonce, uri, g.r.hex(16), g.r.hex(16), g.nc, g.r.hex(8))
}

// ack confirms a final response that is no 2xx: on the INVITE's branch.
func (g *gateway) ack(q *sipRequest, at int64) {
	a := *q
	a.method, a.inDialog = "ACK", true
	g.send(at, q.from, a.text(""))
}

func (g *gateway) refused(q *sipRequest, at int64, code int) {
	s := statusLines[code]
	var headers []string
	if s.reason != "" {
		headers = append(headers, s.reason)
	}
	switch code {
	case 503:
		headers = append(headers, "Retry-After: 30")
	case 415:
		headers = append(headers, "Accept: application/sdp")
	}
	g.send(at, q.to, q.reply(s.line, "", headers...))
	g.ack(q, at+g.flight(q.from))
}

func (g *gateway) cancelled(q *sipRequest, at int64) {
	cancel := *q
	cancel.method = "CANCEL"
	g.send(at, q.from, cancel.text(""))
	at += g.flight(q.to)
	g.send(at, q.to, cancel.reply("200 OK", ""))
	g.refused(q, at+900, 487)
}

// answered plays the answer, the conversation and its end.
func (g *gateway) answered(c *gatewayCall, q *sipRequest, at int64) {
	port := 20_000 + 2*g.r.below(4000)
	g.send(at, q.to, q.reply("200 OK", sdp(q.to, port, false), q.to.contact()))
	at += g.flight(q.from)
	g.send(at, q.from, g.within(q, q.from, q.to, "ACK", q.cseq).text(""))
	if c.fax {
		g.faxBegins(c, q, at+7*second, port)
	}
	ender, other := q.from, q.to
	if c.insideHangsUp != ender.gateway {
		ender, other = other, ender
	}
	at += c.talk
	bye := g.within(q, ender, other, "BYE", q.cseq+5)
	g.send(at, ender, bye.text("", `Reason: Q.850;cause=16;text="Normal call clearing"`))
	g.send(at+g.flight(other), other, bye.reply("200 OK", ""))
}

// within is a request inside the dialog that q began.
func (g *gateway) within(q *sipRequest, from, to *party, method string, cseq int) *sipRequest {
	return &sipRequest{
		method: method, target: fmt.Sprintf("sip:%s@%s:5060", to.user, to.host()), branch: g.branch(),
		callID: q.callID, cseq: cseq, from: from, to: to, inDialog: true,
	}
}

// faxBegins: the called fax machine asks for T.38; not every line lets it.
func (g *gateway) faxBegins(c *gatewayCall, q *sipRequest, at, port int64) {
	again := g.within(q, q.to, q.from, "INVITE", 3)
	g.send(at, again.from, again.text(sdp(again.from, port, true), again.from.contact()))
	at += g.flight(again.to)
	if c.faxRefused {
		g.send(at, again.to, again.reply("488 Not Acceptable Here", ""))
		g.ack(again, at+g.flight(again.from))
		return
	}
	g.send(at, again.to, again.reply("200 OK", sdp(again.to, port+4, true), again.to.contact()))
	g.send(at+g.flight(again.from), again.from, g.within(q, again.from, again.to, "ACK", again.cseq).text(""))
}

// registrations: the gateway registers every 100 minutes; twice a day the
// registrar wants new credentials.
func (g *gateway) registrations() {
	line := &party{user: houseNumber + "00", gateway: true}
	registrar := &party{user: line.user}
	callID := g.r.hex(12) + "@" + gatewayAddr
	cseq := 0
	for n, at := 0, begin+4*minute; at < end; n, at = n+1, at+100*minute+g.r.below(5*second) {
		line.tag, registrar.tag = g.r.hex(8), g.r.hex(8)
		headers := []string{line.contact(), "Expires: 7200"}
		t := at
		for round := n % 8; round < 9; round += 8 { // every eighth is challenged first
			cseq++
			q := &sipRequest{method: "REGISTER", target: "sip:" + carrierName, branch: g.branch(), callID: callID, cseq: cseq, from: line, to: registrar}
			if n%8 == 0 && round == 0 {
				g.send(t, line, q.text("", headers...))
				t += g.flight(registrar)
				g.nonce = g.r.hex(16)
				g.send(t, registrar, q.reply("401 Unauthorized", "", fmt.Sprintf(`WWW-Authenticate: Digest realm="%s",nonce="%s",algorithm=MD5,qop="auth"`, carrierName, g.nonce)))
				t += 2 * g.flight(line)
				continue
			}
			g.send(t, line, q.text("", append(headers, g.credentials("Authorization", "REGISTER", q.target))...))
			g.send(t+g.flight(registrar), registrar, q.reply("200 OK", "", line.contact()+";expires=7200"))
			break
		}
		g.truth.request(at, "REGISTER", "answered", 200)
	}
}

// keepAlives: every two hours the gateway asks whether the carrier is there.
func (g *gateway) keepAlives() {
	for at := begin + 31*minute; at < end; at += 2*hour + g.r.below(second) {
		line, edge := &party{user: houseNumber + "00", tag: g.r.hex(8), gateway: true}, &party{user: "ping", tag: g.r.hex(8)}
		q := &sipRequest{method: "OPTIONS", target: "sip:" + carrierAddr, branch: g.branch(), callID: g.r.hex(12) + "@" + gatewayAddr, cseq: 1, from: line, to: edge}
		g.send(at, line, q.text(""))
		code := 200
		if trouble(at) {
			code = 503
		}
		g.send(at+g.flight(edge), edge, q.reply(statusLines[code].line, ""))
		g.truth.request(at, "OPTIONS", sipOutcome(code), code)
	}
}
