package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// Names is what a user's configuration calls sites, boxes, trunks and numbers. It
// is kept in the database: what it decides is settled after each import and
// whenever it changes, so that a name may come late. The order of the lists does
// not matter.
type Names struct {
	Sites    []SiteName
	Devices  []DeviceName
	Trunks   []TrunkName
	Prefixes map[string]string // what a called number begins with: as dialled, or + and a country code -> name
}

// SiteName is a place with boxes of its own.
type SiteName struct {
	Name      string
	Addresses []string // of its boxes and phones: address or CIDR
	Trunks    []string // that only it has, by name
}

// DeviceName is a box of the user's own.
type DeviceName struct {
	Name      string
	Site      string
	Names     []string // as records call it: syslog host, system name
	Addresses []string
}

// TrunkName is an outside party.
type TrunkName struct {
	Name      string
	Addresses []string
	Channels  []string // beginnings of its peer names, with or without technology: PJSIP/carrier-a
	Numbers   []string // trunk numbers as New Rock OM writes them
}

// settingNames is where the database keeps them.
const settingNames = "names"

// normal sorts the lists, so that equal names are equal texts.
func (n Names) normal() Names {
	n.Sites, n.Devices, n.Trunks = slices.Clone(n.Sites), slices.Clone(n.Devices), slices.Clone(n.Trunks)
	slices.SortFunc(n.Sites, func(a, b SiteName) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(n.Devices, func(a, b DeviceName) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(n.Trunks, func(a, b TrunkName) int { return cmp.Compare(a.Name, b.Name) })
	return n
}

func (n Names) text() string {
	b, err := json.Marshal(n.normal())
	if err != nil {
		panic(err) // lists of texts
	}
	return string(b)
}

// Check says what is wrong with the names; nil: nothing. What is the path of
// what is wrong: trunks, carrier-a, addresses.
func (n *Names) Check() (what []string, err error) {
	check := func(kind, name, of string, list []string) bool {
		for _, s := range list {
			if _, e := parseNet(s); e != nil {
				what, err = []string{kind, name, of}, e
				return false
			}
		}
		return true
	}
	sites := map[string]bool{}
	for _, s := range n.Sites {
		sites[s.Name] = true
		if !check("sites", s.Name, "addresses", s.Addresses) {
			return
		}
	}
	for _, d := range n.Devices {
		if !check("devices", d.Name, "addresses", d.Addresses) {
			return
		}
		if d.Site != "" && !sites[d.Site] {
			return []string{"devices", d.Name, "site"}, fmt.Errorf("no site %q", d.Site)
		}
	}
	for _, t := range n.Trunks {
		if !check("trunks", t.Name, "addresses", t.Addresses) {
			return
		}
	}
	for p := range n.Prefixes {
		if digits := strings.TrimPrefix(p, "+"); digits == "" || strings.Trim(digits, "0123456789") != "" {
			return []string{"prefixes", p}, fmt.Errorf("prefix %q, want digits, with or without + in front", p)
		}
	}
	return nil, nil
}

// parseNet reads an address or CIDR.
func parseNet(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("address %q, want an IP address or CIDR", s)
	}
	return p.Masked(), nil
}

// Apply makes names the database's: rows are counted anew where that changes
// anything. It reports whether they differ from those before.
func Apply(ctx context.Context, db *store.DB, n Names) (changed bool, err error) {
	text := n.text()
	was, err := db.Setting(ctx, settingNames)
	if err != nil || was == text || was == "" && text == (Names{}).text() {
		return false, err
	}
	im, err := db.Edit(ctx)
	if err != nil {
		return false, err
	}
	defer im.Rollback() // after Commit it does nothing
	before := namesOf(im)
	im.SetSetting(settingNames, text)
	after := namesOf(im)
	if !slices.Equal(before.prefixes, after.prefixes) {
		im.Relabel(after.label)
	}
	im.Settle(after.settle)
	if err := im.Err(); err != nil {
		return false, err
	}
	return true, im.Commit()
}

// Applied reports whether these names are those in force.
func Applied(ctx context.Context, db *store.DB, n Names) (bool, error) {
	was, err := db.Setting(ctx, settingNames)
	return was == n.text() || was == "" && n.text() == (Names{}).text(), err
}

// namer looks names up.
type namer struct {
	names    Names
	prefixes []string // longest first

	trunkNets, deviceNets, siteNets []netName
	channels                        []textName // longest first
	trunkNumbers, deviceNames       map[string]string
	siteOfDevice, siteOfTrunk       map[string]string
	seen                            map[string]addressNames
}

// netName is the name of addresses, the most specific first in a list.
type netName struct {
	net  netip.Prefix
	name string
}

type textName struct{ text, name string }

// addressNames are the names of one address.
type addressNames struct{ trunk, device, site string }

// namesOf reads the names that the database keeps.
func namesOf(im *store.Import) *namer {
	n := &namer{seen: map[string]addressNames{}, trunkNumbers: map[string]string{}, deviceNames: map[string]string{},
		siteOfDevice: map[string]string{}, siteOfTrunk: map[string]string{}}
	text := im.Setting(settingNames)
	if text == "" {
		return n
	}
	if err := json.Unmarshal([]byte(text), &n.names); err != nil {
		im.Warn(0, "names in the database: "+err.Error())
		return n
	}
	for p := range n.names.Prefixes {
		n.prefixes = append(n.prefixes, p)
	}
	slices.SortFunc(n.prefixes, longerFirst)
	for _, t := range n.names.Trunks {
		n.trunkNets = addNets(n.trunkNets, t.Addresses, t.Name)
		for _, c := range t.Channels {
			if _, peer, ok := strings.Cut(c, "/"); ok {
				c = peer
			}
			n.channels = append(n.channels, textName{strings.TrimSuffix(c, "-"), t.Name})
		}
		for _, number := range t.Numbers {
			n.trunkNumbers[number] = t.Name
		}
	}
	slices.SortStableFunc(n.channels, func(a, b textName) int { return longerFirst(a.text, b.text) })
	for _, d := range n.names.Devices {
		n.deviceNets = addNets(n.deviceNets, d.Addresses, d.Name)
		n.siteOfDevice[d.Name] = d.Site
		for _, name := range append([]string{d.Name}, d.Names...) {
			n.deviceNames[name] = d.Name
		}
	}
	for _, s := range n.names.Sites {
		n.siteNets = addNets(n.siteNets, s.Addresses, s.Name)
		for _, t := range s.Trunks {
			n.siteOfTrunk[t] = s.Name
		}
	}
	return n
}

func longerFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

func addNets(list []netName, addresses []string, name string) []netName {
	for _, a := range addresses {
		if p, err := parseNet(a); err == nil {
			list = append(list, netName{p, name})
		}
	}
	slices.SortStableFunc(list, func(a, b netName) int { return cmp.Compare(b.net.Bits(), a.net.Bits()) })
	return list
}

func nameIn(list []netName, a netip.Addr) string {
	for _, n := range list {
		if n.net.Contains(a) {
			return n.name
		}
	}
	return ""
}

// address is what an address is called.
func (n *namer) address(text string) addressNames {
	if text == "" || len(n.trunkNets)+len(n.deviceNets)+len(n.siteNets) == 0 {
		return addressNames{}
	}
	names, ok := n.seen[text]
	if !ok {
		if a, err := netip.ParseAddr(text); err == nil {
			names = addressNames{trunk: nameIn(n.trunkNets, a), device: nameIn(n.deviceNets, a), site: nameIn(n.siteNets, a)}
		}
		n.seen[text] = names
	}
	return names
}

// trunk is the name of a trunk by what a record calls it; empty: none.
func (n *namer) trunk(hint string) string {
	if hint == "" {
		return ""
	}
	if name := n.trunkNumbers[hint]; name != "" {
		return name
	}
	for _, c := range n.channels {
		if c.text != "" && strings.HasPrefix(hint, c.text) {
			return c.name
		}
	}
	return ""
}

// device is the box that wrote a record: as configured, else as the record says.
func (n *namer) device(p *store.Profile) string {
	if p.DeviceHint != "" {
		if name := n.deviceNames[p.DeviceHint]; name != "" {
			return name
		}
		if name := n.address(p.DeviceHint).device; name != "" {
			return name
		}
		return p.DeviceHint
	}
	return cmp.Or(n.address(p.FromAddr).device, n.address(p.ToAddr).device)
}

// site is where a call was: by its box, else by an address, else by a trunk that
// only one site has.
func (n *namer) site(p *store.Profile) string {
	return cmp.Or(n.siteOfDevice[p.Device], n.address(p.FromAddr).site, n.address(p.ToAddr).site, n.address(p.DeviceHint).site, n.siteOfTrunk[p.Trunk])
}

// prefix is what a number's beginning is called.
func (n *namer) prefix(hint string) string {
	return cmp.Or(n.names.Prefixes[hint], n.names.Prefixes["+"+hint], hint)
}

// label sets the beginning of the called number by which a row is counted: the
// longest that is configured, else that of codes.Prefix.
func (n *namer) label(a *store.Attempt) {
	a.Profile.PrefixHint, _ = codes.Prefix(a.Callee)
	if len(n.prefixes) == 0 {
		return
	}
	dialled, abroad := codes.Normalize(a.Callee), codes.International(a.Callee)
	for _, p := range n.prefixes {
		if code, ok := strings.CutPrefix(p, "+"); ok {
			if abroad != "" && strings.HasPrefix(abroad, code) {
				a.Profile.PrefixHint = p
				return
			}
		} else if strings.HasPrefix(dialled, p) {
			a.Profile.PrefixHint = p
			return
		}
	}
}

// labelAll labels the rows of calls, where there is anything to label by.
func (n *namer) labelAll(calls [][]store.Attempt) {
	if len(n.prefixes) == 0 {
		return
	}
	for _, rows := range calls {
		for i := range rows {
			n.label(&rows[i])
		}
	}
}
