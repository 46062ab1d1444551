package dialog

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// parseSIP reads a message of the tests' texts: enough SIP for RFC examples and
// lab captures, nothing more. The program's own parser lives in ingest/sip.
func parseSIP(text string) (Message, string, bool) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	head, body, _ := strings.Cut(text, "\n\n")
	lines := unfold(strings.Split(head, "\n"))
	m := Message{RetryAfter: -1, Expires: -1, Hash: hashOf(strings.TrimSpace(text))}
	first := strings.Fields(lines[0])
	if len(first) < 3 {
		return m, "", false
	}
	if first[0] == "SIP/2.0" {
		m.Status, _ = strconv.Atoi(first[1])
		m.Phrase = strings.Join(first[2:], " ")
	} else {
		m.Method, m.RequestURI = first[0], first[1]
		m.RequestUser = userOf(first[1])
	}
	if strings.Contains(body, "m=") {
		m.Flags |= HasSDP
	}
	callID := ""
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if id := m.header(strings.ToLower(strings.TrimSpace(name)), value); id != "" {
			callID = id
		}
	}
	return m, callID, callID != "" && m.CSeq != ""
}

func (m *Message) header(name, value string) (callID string) {
	switch name {
	case "via", "v":
		for _, v := range strings.Split(value, ",") {
			m.Vias = append(m.Vias, viaOf(v))
		}
	case "from", "f":
		m.FromURI, m.FromTag = addrOf(value)
		m.FromUser = userOf(m.FromURI)
	case "to", "t":
		m.ToURI, m.ToTag = addrOf(value)
		m.ToUser = userOf(m.ToURI)
	case "call-id", "i":
		return value
	case "cseq":
		f := strings.Fields(value)
		m.CSeq = f[0]
		if len(f) > 1 {
			m.Method = f[1]
		}
	case "authorization", "proxy-authorization":
		m.Flags |= HasCredentials
	case "www-authenticate", "proxy-authenticate":
		if strings.Contains(value, "stale=TRUE") || strings.Contains(value, "stale=true") {
			m.Flags |= Stale
		}
	case "user-agent", "server":
		m.Agent = value
	case "reason":
		m.Reasons = append(m.Reasons, reasonOf(value))
	case "warning":
		m.Warning = value
	case "retry-after":
		m.RetryAfter, _ = strconv.Atoi(strings.Fields(value)[0])
	case "expires":
		m.Expires, _ = strconv.Atoi(value)
	case "contact", "m":
		if strings.Contains(value, "expires=0") || strings.Contains(value, "expires= 0") {
			m.Expires = 0
		}
		if m.Status >= 300 && m.Status < 400 {
			uri, _ := addrOf(value)
			m.Contacts = append(m.Contacts, uri)
		}
	}
	return ""
}

func unfold(lines []string) []string {
	var out []string
	for _, l := range lines {
		if len(out) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
			out[len(out)-1] += " " + strings.TrimSpace(l)
			continue
		}
		out = append(out, l)
	}
	return out
}

func viaOf(v string) string {
	parts := strings.Split(strings.TrimSpace(v), ";")
	f := strings.Fields(parts[0])
	host := f[len(f)-1]
	if !strings.Contains(host, ":") {
		host += ":5060"
	}
	branch := ""
	for _, p := range parts[1:] {
		if b, ok := strings.CutPrefix(strings.TrimSpace(p), "branch="); ok {
			branch = b
		}
	}
	return host + ";" + branch
}

func addrOf(v string) (uri, tag string) {
	rest := v
	if open := strings.IndexByte(v, '<'); open >= 0 {
		uri, rest, _ = strings.Cut(v[open+1:], ">")
	} else {
		uri, _, _ = strings.Cut(v, ";")
	}
	if at := strings.Index(rest, ";tag="); at >= 0 {
		tag, _, _ = strings.Cut(rest[at+5:], ";")
	}
	uri, _, _ = strings.Cut(uri, ";")
	return strings.TrimSpace(uri), strings.TrimSpace(tag)
}

func userOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	return user
}

func reasonOf(v string) Reason {
	parts := strings.Split(v, ";")
	r := Reason{Protocol: strings.TrimSpace(parts[0])}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "cause":
			r.Cause, _ = strconv.Atoi(value)
		case "text":
			r.Text = strings.Trim(value, `"`)
		}
	}
	return r
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
