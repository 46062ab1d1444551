package sip

import "bytes"

// head is the state of reading one header section.
type head struct {
	m        *Message
	vias     int
	forwards bool // Max-Forwards seen
	length   int  // Content-Length; -1: none, or none to be trusted
	lengths  int  // how many there were
}

// read takes the header section that begins at at, and the body behind it.
func (h *head) read(b []byte, at int) {
	m := h.m
	r := rows{b: b[:min(len(b), at+MaxHead)], at: at, end: m.end, odd: m.whole != at}
	m.stars = bytes.IndexByte(r.b[at:], '*') >= 0 // once for all that may be masked
	last := at                                    // where the rows end that are used
	index, n := m.index[:cap(m.index)], 0
	for {
		if n == len(index) {
			index = append(index, row{})
			index = index[:cap(index)]
		}
		p := &index[n]
		if !r.plain(p) && !r.next(p) {
			break
		}
		if n == MaxHeaders { // only the empty line is still looked for
			m.Flags |= HeadLimit
			continue
		}
		n++
		last = r.at
		h.row(p.id, b[p.value:p.end])
	}
	m.index = index[:n]
	if !r.odd {
		m.whole = r.at
	}
	m.Head = b[at:last:last]
	if len(m.Via) == 0 && !m.IsRequest() {
		m.Flags |= NoVia
	}
	if len(m.To) == 0 {
		m.Flags |= NoTo
	}
	switch {
	case !r.empty && !r.sdp && len(r.b) < len(b):
		m.Flags |= HeadLimit
		return
	case !r.empty:
		m.Flags |= NoEmptyLine
		if r.cut {
			m.Flags |= CutLine
		}
	}
	h.body(b[r.at:])
}

// row takes one header into the message.
func (h *head) row(id Header, value []byte) {
	m := h.m
	switch id {
	case hOther:
	case noHeader:
		m.Flags |= HeaderLine
	case hCallID:
		if h.first(&m.CallID, value) && m.stars && masked(value) {
			m.Flags |= Masked
		}
	case hFrom:
		if h.first(&m.From, value) {
			m.FromURI, m.FromUser, m.FromTag = h.party(value)
		}
	case hTo:
		if h.first(&m.To, value) {
			m.ToURI, m.ToUser, m.ToTag = h.party(value)
		}
	case hCSeq:
		if m.CSeq != nil || m.CSeqMethod != nil {
			m.Flags |= DuplicateHeader
			return
		}
		h.cseq(value)
	case hVia:
		h.via(value)
	case HeaderContact:
		if bytes.IndexByte(value, '<') < 0 && bytes.IndexByte(value, '?') >= 0 {
			m.Flags |= ContactBrackets
		}
	case hContentLength:
		h.contentLength(value)
	case hMaxForwards, HeaderExpires, HeaderRetryAfter, HeaderWarning:
		h.check(id, value)
	}
}

// first keeps the first value of a header that may stand only once.
func (h *head) first(field *[]byte, value []byte) bool {
	if *field != nil {
		h.m.Flags |= DuplicateHeader
		return false
	}
	*field = value
	return true
}

// party reads the URI, its user and the tag of a From or To, and notes what is wrong with the value.
func (h *head) party(value []byte) (uri, user, tag []byte) {
	if !h.m.stars {
		if uri, user, tag, ok := plainParty(value); ok {
			return uri, user, tag
		}
	}
	uri, tag, flags := anyParty(value)
	h.m.Flags |= flags
	return uri, ParseURI(uri).User, tag
}

func anyParty(value []byte) (uri, tag []byte, flags Flags) {
	a := splitAddr(value)
	if masked(value) {
		a.flags |= Masked
	}
	tag, _ = Param(a.params, "tag")
	if len(tag) == 0 {
		tag = nil
	}
	return a.uri, tag, a.flags
}

// plainParty is party for the value that nearly every message has: a display
// name in quotes or none, a plainURI in brackets, a tag as the only parameter or none,
// no stars. With the general way, these took a tenth of the time of parsing.
func plainParty(value []byte) (uri, user, tag []byte, ok bool) {
	rest := value
	if len(rest) > 2 && rest[0] == '"' {
		end := 1 + bytes.IndexByte(rest[1:], '"')
		if end == 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
			return nil, nil, nil, false
		}
		rest = rest[end+1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	if len(rest) < 2 || rest[0] != '<' {
		return nil, nil, nil, false
	}
	rest = rest[1:]
	user, n := plainURI(rest)
	if n == 0 || n == len(rest) || rest[n] != '>' {
		return nil, nil, nil, false
	}
	uri, rest = rest[:n], rest[n+1:]
	if len(rest) == 0 {
		return uri, user, nil, true
	}
	if len(rest) < 6 || string(rest[:5]) != ";tag=" {
		return nil, nil, nil, false
	}
	tag = rest[5:]
	if paramEnd(tag, 0) < len(tag) {
		return nil, nil, nil, false
	}
	return uri, user, tag, true
}

// cseq reads "number method". A number that is none is kept as text.
func (h *head) cseq(value []byte) {
	m := h.m
	n := 0
	for n < len(value) && digit(value[n]) {
		n++
	}
	if n > 0 && n < 10 && n+1 < len(value) && value[n] == ' ' && value[0] != '0' {
		if method := value[n+1:]; isToken(method) { // as nearly every peer writes it
			m.CSeq, m.CSeqMethod = value[:n], method
			if m.IsRequest() && !bytes.Equal(method, m.Method) {
				m.Flags |= CSeqMismatch
			}
			return
		}
	}
	num, method := value[:n], trim(value[n:])
	if n == 0 {
		num, method = word(value)
	}
	if n == 0 || n < len(value) && !blank(value[n]) {
		m.Flags |= CSeqForm
	}
	for len(num) > 1 && num[0] == '0' {
		num = num[1:]
	}
	if _, ok := number(num, 1<<31-1); !ok {
		m.Flags |= CSeqRange
	}
	method, more := word(method)
	if len(more) > 0 || len(method) == 0 {
		m.Flags |= CSeqForm
	}
	if len(method) == 0 {
		method = m.Method
	}
	m.CSeq, m.CSeqMethod = num, method
	if m.IsRequest() && !bytes.Equal(method, m.Method) {
		m.Flags |= CSeqMismatch
	}
}

// via takes one row of Via values.
func (h *head) via(value []byte) {
	m := h.m
	before := len(m.Hops)
	for rest := value; len(m.Hops) < MaxVias; {
		at := len(m.Hops)
		if at == cap(m.Hops) {
			m.Hops = append(m.Hops, Hop{})
		}
		m.Hops = m.Hops[:at+1]
		n := m.Hops[at].plain(rest) // in place: a copy of what was just written waited for it
		if n == 0 {
			break
		}
		if n == len(rest) {
			h.plainVias(value, before)
			return
		}
		for rest = rest[n+1:]; len(rest) > 0 && rest[0] == ' '; {
			rest = rest[1:]
		}
	}
	m.Hops = m.Hops[:before]
	h.anyVias(value)
}

// plainVias takes a row of which all values are plain and among the Hops, from before on.
func (h *head) plainVias(value []byte, before int) {
	m := h.m
	h.countVias(len(m.Hops) - before)
	if len(m.Via) > 0 {
		return
	}
	top := &m.Hops[before]
	if len(m.Hops) > before+1 {
		value = value[:bytes.IndexByte(value, ',')] // there is none in a plain value
	}
	h.top(value, top, false)
}

// anyVias is via for any row.
func (h *head) anyVias(value []byte) {
	m := h.m
	h.countVias(1 + bytes.Count(value, []byte(",")))
	hops := splitter{rest: unfold(value), sep: ',', angles: true}
	for one, ok := hops.next(); ok; one, ok = hops.next() {
		if v := splitVia(one); len(m.Hops) < MaxVias && (len(v.SentBy) > 0 || len(v.Branch) > 0) {
			m.Hops = append(m.Hops, v.Hop)
		}
	}
	if len(m.Via) > 0 {
		return
	}
	s := splitter{rest: value, sep: ','}
	top, _ := s.next()
	for !s.done {
		if v, ok := s.next(); ok && len(v) == 0 {
			m.Flags |= ViaForm
		}
	}
	v := splitVia(top)
	h.top(top, &v.Hop, v.odd)
}

func (h *head) countVias(n int) {
	if h.vias += n; h.vias > MaxVias {
		h.m.Flags |= ViaLimit
	}
}

// top takes the top value.
func (h *head) top(value []byte, v *Hop, odd bool) {
	m := h.m
	m.Via, m.SentBy, m.Branch = value, v.SentBy, v.Branch
	if odd {
		m.Flags |= ViaForm
	}
	if m.stars && masked(value) {
		m.Flags |= Masked
	}
}

// contentLength notes the Content-Length; one that cannot be trusted counts as none.
func (h *head) contentLength(value []byte) {
	n, ok := number(value, 1<<31-1)
	h.lengths++
	switch {
	case !ok:
		h.m.Flags |= ContentLengthForm
	case h.lengths == 1:
		h.length = n
		return
	case n == h.length:
		h.m.Flags |= DuplicateHeader
		return
	default:
		h.m.Flags |= ContentLengthConflict
	}
	h.length = -1
}

// check looks at the numbers of headers that are read on demand.
func (h *head) check(id Header, value []byte) {
	num := value
	for i, c := range value {
		if blank(c) || c == ';' || c == '(' {
			num = value[:i]
			break
		}
	}
	limit := 1<<32 - 1
	switch id {
	case HeaderWarning:
		if len(num) != 3 || !digit(num[0]) || !digit(num[1]) || !digit(num[2]) {
			h.m.Flags |= WarningCode
		}
		return
	case hMaxForwards:
		if h.forwards {
			h.m.Flags |= DuplicateHeader
			return
		}
		h.forwards, limit = true, 255
	}
	if _, ok := number(num, limit); !ok {
		h.m.Flags |= NumberRange
	}
}

// body slices the body. Bytes behind it are left alone: in a datagram they do
// not belong to the message (RFC 3261 §18.3), whatever they look like.
func (h *head) body(rest []byte) {
	m := h.m
	if h.length < 0 {
		m.Body = rest
		return
	}
	if h.length > len(rest) {
		m.Body = rest
		if h.length > len(rest)+lostLineEnds(rest) {
			m.Flags |= BodyShort
		}
		return
	}
	m.Body = rest[:h.length:h.length]
	for _, c := range rest[h.length:] {
		if !blank(c) && c != 0 {
			m.Flags |= TrailingBytes
			return
		}
	}
}

// lostLineEnds is how many bytes a log may have taken from body by writing LF
// for CRLF and by dropping the last line end.
func lostLineEnds(body []byte) int {
	lf := bytes.Count(body, []byte("\n"))
	n := lf - bytes.Count(body, []byte("\r\n"))
	if len(body) > 0 && body[len(body)-1] != '\n' {
		n += 2
	}
	return n
}

// masked reports whether a log has put stars in place of (a part of) a value.
func masked(value []byte) bool {
	star := bytes.IndexByte(value, '*')
	return star >= 0 && bytes.Contains(value[star:], []byte("***"))
}
