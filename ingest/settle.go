package ingest

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// settle works out the keys that depend on everything in the database: which
// addresses are the site's own boxes, and from that trunk, peer and direction;
// who is a scanner. Names of the configuration come first. It is a function of
// the profiles, their counts and these names, so the order of imports does not matter.
func (names *namer) settle(profiles []*store.Profile, n map[int64]int64) {
	own := ownAddresses(profiles, n)
	phones := phoneAddresses(profiles, own)
	names.correct(profiles, own, phones)
	scanners := scanners(profiles, n)
	for _, p := range profiles {
		p.Class = codes.ClassOf(p.Code)
		p.Cause = causeOf(p)
		p.Peer, p.Trunk, p.Direction = parties(p, own, phones)
		p.Trunk = names.trunkOf(p)
		p.Device, p.Prefix = names.device(p), names.prefix(p.PrefixHint)
		p.Site = names.site(p)
		p.Scanner = scanners[p.FromAddr] && p.FromAddr != "" || scannerAgent(p.UserAgent)
	}
}

// correct puts the configured boxes among the site's own, and takes the
// configured trunks out of what looked like the site's.
func (names *namer) correct(profiles []*store.Profile, own, phones map[string]bool) {
	for _, p := range profiles {
		for _, a := range [...]string{p.FromAddr, p.ToAddr} {
			switch is := names.address(a); {
			case is.device != "":
				own[a] = true
				delete(phones, a)
			case is.trunk != "":
				delete(own, a)
				delete(phones, a)
			}
		}
	}
}

// trunkOf is the configured name of a profile's trunk: by what the record calls
// it, else by an address, the called side's first; without one it stays as it is.
func (names *namer) trunkOf(p *store.Profile) string {
	if name := names.trunk(p.TrunkHint); name != "" {
		return name
	}
	for _, a := range [...]string{p.Trunk, p.ToAddr, p.FromAddr} {
		if name := names.address(a).trunk; name != "" {
			return name
		}
	}
	return p.Trunk
}

// causeOf is the most telling of Q.850, Warning and phrase (clf.md §2).
func causeOf(p *store.Profile) string {
	switch {
	case p.CauseQ850 > 0:
		name := p.CauseText
		if c, ok := codes.Q850(p.CauseQ850); ok {
			name = c.Name
		}
		return strings.TrimSpace(fmt.Sprintf("Q.850 %d %s", p.CauseQ850, name))
	case p.CauseText != "":
		return p.CauseText
	case p.Reason != "":
		return p.Reason
	}
	return codes.Label(p.Code)
}

// parties tells who the outside party of an attempt was.
func parties(p *store.Profile, own, phones map[string]bool) (peer, trunk string, dir codes.Direction) {
	from, to := p.FromAddr, p.ToAddr
	dir = p.DirHint
	if dir == "" {
		dir = directionOf(from, to, own, phones)
	}
	peer = from
	if from == "" || own[from] {
		peer = to
		if own[to] || to == "" {
			peer = from
		}
	}
	switch {
	case p.TrunkHint != "":
		return peer, p.TrunkHint, dir
	case dir == codes.Internal:
		return peer, "", dir
	case from == "" && to == "":
		return peer, "", dir
	}
	// The side that is neither ours nor a phone; called side first, because an
	// attempt is charged to where it was sent.
	for _, a := range [...]string{to, from} {
		if a != "" && !own[a] && !phones[a] {
			if dir == codes.In && a == to && from != "" && !own[from] && !phones[from] {
				continue
			}
			return peer, a, dir
		}
	}
	return peer, "", dir
}

func directionOf(from, to string, own, phones map[string]bool) codes.Direction {
	out := func(a string) bool { return a != "" && !own[a] && !phones[a] }
	switch {
	case phones[from] && phones[to]:
		return codes.Internal
	case phones[from] && out(to), own[from] && out(to):
		return codes.Out
	case out(from) && (phones[to] || own[to]) && len(phones) > 0:
		return codes.In
	case out(from) && own[to] && isPublic(from) && !isPublic(to):
		return codes.In
	}
	return ""
}

func isPublic(a string) bool {
	addr, err := netip.ParseAddr(a)
	return err == nil && !addr.IsPrivate() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast()
}

// phoneAddresses are those that register with one of the site's boxes.
func phoneAddresses(profiles []*store.Profile, own map[string]bool) map[string]bool {
	phones := map[string]bool{}
	for _, p := range profiles {
		if p.Method == "REGISTER" && p.Outcome == codes.Answered && p.FromAddr != "" && own[p.ToAddr] && !own[p.FromAddr] {
			phones[p.FromAddr] = true
		}
	}
	return phones
}

// ownAddresses finds the boxes in the middle: the smallest set of addresses,
// most partners first, that takes part in nearly every exchange. A box talks to
// many, or passes on between two; a phone or a trunk talks to one or two.
func ownAddresses(profiles []*store.Profile, n map[int64]int64) map[string]bool {
	type edge struct{ a, b string }
	edges := map[edge]int64{}
	sends, receives := map[string]bool{}, map[string]bool{}
	var total int64
	for _, p := range profiles {
		a, b := p.FromAddr, p.ToAddr
		if p.Scope&store.ScopeLeg == 0 || a == "" || b == "" || a == b {
			continue
		}
		edges[edge{min(a, b), max(a, b)}] += n[p.ID]
		sends[a], receives[b] = true, true
		total += n[p.ID]
	}
	// A carrier between two of our boxes passes calls on as well, but is the only
	// one of the three with a public address.
	between := func(x string) bool {
		for e := range edges {
			if (e.a == x && !isPublic(e.b) || e.b == x && !isPublic(e.a)) && isPublic(x) {
				return false
			}
		}
		return true
	}
	own := map[string]bool{}
	for left := total; left*50 > total; {
		partners, weight := map[string]int{}, map[string]int64{}
		for e, k := range edges {
			for _, a := range [...]string{e.a, e.b} {
				partners[a]++
				weight[a] += k
			}
		}
		best := ""
		for _, a := range sortedKeys(partners) {
			if best == "" || partners[a] > partners[best] || partners[a] == partners[best] && weight[a] > weight[best] {
				best = a
			}
		}
		if best == "" || partners[best] < 3 && !(partners[best] == 2 && sends[best] && receives[best] && between(best)) {
			break
		}
		own[best] = true
		for e, k := range edges {
			if e.a == best || e.b == best {
				left -= k
				delete(edges, e)
			}
		}
	}
	// One link alone: the private end is the site's.
	for e := range edges {
		if !own[e.a] && !own[e.b] && isPublic(e.a) != isPublic(e.b) {
			if isPublic(e.a) {
				own[e.b] = true
			} else {
				own[e.a] = true
			}
		}
	}
	return own
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// scannerAttempts is from how many attempts on a peer of which every single one
// left its challenge unanswered counts as a scanner (metrics.md R1).
const scannerAttempts = 20

func scanners(profiles []*store.Profile, n map[int64]int64) map[string]bool {
	all, probes := map[string]int64{}, map[string]int64{}
	for _, p := range profiles {
		if p.Scope&store.ScopeCall == 0 || p.Method != "INVITE" && p.Method != "REGISTER" {
			continue
		}
		all[p.FromAddr] += n[p.ID]
		if p.Flags&codes.FlagChallengeUnanswered != 0 {
			probes[p.FromAddr] += n[p.ID]
		}
	}
	found := map[string]bool{}
	for a, k := range probes {
		found[a] = k >= scannerAttempts && k == all[a]
	}
	return found
}

// scannerAgents are User-Agents of well-known probing tools, in lower case.
var scannerAgents = []string{"friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "iwar", "pplsip"}

func scannerAgent(agent string) bool {
	agent = strings.ToLower(agent)
	for _, s := range scannerAgents {
		if strings.Contains(agent, s) {
			return true
		}
	}
	return false
}
