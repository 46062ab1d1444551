package ingest

import (
	"net/netip"
	"strings"

	"callsift/store/codes"
)

// astSide is what is at one end of a call, by the channel's name.
type astSide uint8

const (
	sideNone    astSide = iota // no channel
	sideUnknown                // Local/ and other channels inside the PBX; a name that tells nothing
	sidePhone                  // an extension
	sideTrunk                  // the outside party
)

// route is where a call went as the channels tell it.
type route struct {
	trunk     string
	address   string // of the trunk, where its name is one
	direction codes.Direction
}

// astRoute finds the trunk of a row: of the two channels the one whose peer is
// not an extension. Which side it is on is the direction.
func astRoute(channel, dstChannel, app, data, context, src, dst string) route {
	hint := contextHint(context)
	from, fromTrunk := channelSide(channel, src, hint == codes.In)
	to, toTrunk := channelSide(dstChannel, dst, longNumber(dst))
	if to == sideNone || to == sideUnknown || to == sideTrunk && strings.HasPrefix(dstChannel, "DAHDI/") {
		if peer, side := dialled(app, data, dst); side == sideTrunk || to == sideNone {
			to, toTrunk = side, peer
		}
	}
	// A phone may have a name that is no number: then the context decides.
	switch {
	case from == sideTrunk && hint == codes.Out && (to == sideTrunk || !longNumber(src)):
		from = sidePhone
	case from == sideTrunk && to == sideTrunk:
		to = sidePhone
	}
	switch {
	case to == sideTrunk:
		return outside(toTrunk, codes.Out)
	case from == sideTrunk:
		return outside(fromTrunk, codes.In)
	case from == sidePhone && to != sidePhone && longNumber(dst):
		return route{direction: codes.Out} // it never got as far as a trunk
	case from == sidePhone:
		return route{direction: codes.Internal} // to a phone, voice mail, a feature code
	case hint == codes.In:
		return route{direction: codes.In}
	}
	return route{}
}

func outside(trunk string, d codes.Direction) route {
	r := route{trunk: trunk, direction: d}
	if trunk[0]-'0' <= 9 || strings.IndexByte(trunk, ':') >= 0 {
		if a, err := netip.ParseAddr(trunk); err == nil {
			r.address = a.String()
		}
	}
	return r
}

// contextHint is the direction that a dialplan context's name suggests; the
// words are those of FreePBX and of Asterisk's sample configuration.
func contextHint(context string) codes.Direction {
	switch {
	case len(context) < 7:
		return ""
	case strings.HasPrefix(context, "from-internal"), strings.HasPrefix(context, "outbound"), strings.HasPrefix(context, "macro-dialout"):
		return codes.Out
	case strings.HasPrefix(context, "from-trunk"), strings.HasPrefix(context, "from-pstn"), strings.HasPrefix(context, "from-did"),
		strings.HasPrefix(context, "from-dahdi"), strings.HasPrefix(context, "from-zaptel"), strings.HasPrefix(context, "from-sip-external"),
		strings.HasPrefix(context, "inbound"), strings.HasPrefix(context, "incoming"), strings.HasPrefix(context, "ext-did"):
		return codes.In
	}
	return ""
}

// longNumber tells a public number from an extension or feature code.
func longNumber(s string) bool {
	return len(s) > 6 && digits(s[len(s)-6:]) >= 0
}

// isExtension: the peer is the party itself, or a short number.
func isExtension(peer, party string) bool {
	return peer == party || len(peer) <= 6 && digits(peer) >= 0
}

// channelSide reads a channel name, TECH/peer-unique. party is the number on
// that side; lines (DAHDI) carry no name, so outward says whether the line is a trunk.
func channelSide(channel, party string, outward bool) (astSide, string) {
	tech, rest, ok := strings.Cut(channel, "/")
	if !ok || rest == "" {
		if channel == "" {
			return sideNone, ""
		}
		return sideUnknown, ""
	}
	peer := cutUnique(rest)
	switch tech {
	case "Local", "Bridge", "Surrogate", "Message", "AsyncGoto", "Parked", "OutgoingSpoolFailed", "Recorder", "Announcer", "ConfBridgeRecorder":
		return sideUnknown, ""
	case "DAHDI", "Zap", "mISDN", "Dongle", "Khomp":
		span, _, number := strings.Cut(peer, "/")
		if outward || number {
			return sideTrunk, channel[:len(tech)+1] + span
		}
		return sidePhone, ""
	}
	peer = bareName(peer)
	switch {
	case peer == "":
		return sideUnknown, ""
	case isExtension(peer, party):
		return sidePhone, ""
	}
	return sideTrunk, peer
}

// cutUnique takes off what makes a channel's name unique: "-0000beef", and ";1"
// of a Local channel's half.
func cutUnique(s string) string {
	for i := len(s) - 1; i > 0; i-- {
		switch c := s[i] | 0x20; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
			continue
		case s[i] == '-' && i+1 < len(s):
			return s[:i]
		case s[i] == ';':
			return cutUnique(s[:i])
		}
		break
	}
	return s
}

// bareName is a peer without user, password and port: the part that names it.
func bareName(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		plain = plain && s[i] != '@' && s[i] != ':'
	}
	if plain {
		return s
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	s = strings.TrimPrefix(s, "sip:")
	if host, port, ok := strings.Cut(s, ":"); ok && digits(port) >= 0 {
		s = host
	}
	return s
}

// dialled finds the other end in the arguments of Dial where no channel was
// made: TECH/number@peer, TECH/peer/number or TECH/peer, then "," and options.
// Several may be joined by "&"; the first counts.
func dialled(app, data, dst string) (string, astSide) {
	if app != "Dial" {
		return "", sideNone
	}
	if i := strings.IndexAny(data, ",&|"); i >= 0 {
		data = data[:i]
	}
	tech, rest, ok := strings.Cut(data, "/")
	if !ok || rest == "" {
		return "", sideNone
	}
	if tech == "Local" {
		return "", sideUnknown
	}
	if tech == "DAHDI" || tech == "Zap" || tech == "mISDN" {
		line, _, number := strings.Cut(rest, "/")
		if line == "" {
			return "", sideUnknown
		}
		if number && longNumber(dst) || line[0]|0x20 == 'g' || line[0]|0x20 == 'r' {
			return data[:len(tech)+1] + line, sideTrunk
		}
		return "", sidePhone
	}
	if number, peer, at := strings.Cut(rest, "@"); at && !strings.Contains(number, "/") {
		if i := strings.IndexByte(peer, '/'); i >= 0 { // IAX2/user:secret@peer/number
			peer = peer[:i]
		}
		return namedTrunk(peer)
	}
	peer, _, _ := strings.Cut(rest, "/")
	if isExtension(peer, dst) {
		return "", sidePhone
	}
	return namedTrunk(peer)
}

// namedTrunk is the trunk that Dial's arguments name. A dialplan whose variable
// for it was empty names none: SIP/4930123456@.
func namedTrunk(peer string) (string, astSide) {
	if peer = bareName(peer); peer == "" {
		return "", sideUnknown
	}
	return peer, sideTrunk
}

// clidNumber is the number of a caller id, `"Test User" <13>`.
func clidNumber(clid string) string {
	open := strings.LastIndexByte(clid, '<')
	end := strings.LastIndexByte(clid, '>')
	if open < 0 || end < open {
		if longNumber(clid) || digits(clid) >= 0 {
			return clid
		}
		return ""
	}
	return clid[open+1 : end]
}

// interned keeps one copy of texts of few values, so that what is kept of a
// record does not hold all of it in memory. It is bounded: past that, texts are copied.
type interned map[string]string

const maxInterned = 4096

func (n interned) intern(s string) string {
	if s == "" {
		return ""
	}
	if have, ok := n[s]; ok {
		return have
	}
	own := strings.Clone(s)
	if len(n) < maxInterned {
		n[own] = own
	}
	return own
}
