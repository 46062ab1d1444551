package store

import (
	"database/sql"
	"fmt"
	"strings"

	"callsift/store/codes"
)

// profileColumns in the order of profileValues and scanProfile.
const profileColumns = `id, scope, method, outcome, code, origin, reason, cause_code, cause_q850, cause_text, cause_from, released, rang, flags,
	from_addr, to_addr, trunk_hint, dir_hint, prefix_hint, user_agent, device_hint, format, class, cause, trunk, peer, direction, site, device, prefix, scanner`

// profileTable finds the id of a profile; it holds all profiles of the database.
type profileTable struct {
	full   bool // maxProfiles was reached, and the source says so
	ids    map[Profile]int64
	byID   map[int64]Profile
	next   int64
	recent [recentProfiles]recentProfile
}

// recentProfiles: a site's CDRs have some hundred profiles, each of which should
// have a place of its own most of the time.
const recentProfiles = 1 << 10

// recentProfile is a profile that was used lately: hashing its twenty texts for
// the map took a fifth of the time of a row of a CDR file. It also gathers the
// roll-up cell that its rows go to, nearly always the same one as the row before.
type recentProfile struct {
	Profile
	id   int64 // 0: free
	cell cellKey
	sum  Cell
}

// place is where a profile is kept among the recent ones: a weak hash of what
// differs most.
func (p *Profile) place() int {
	h := uint32(p.Code)<<3 ^ uint32(p.Scope) ^ uint32(p.Flags)<<5
	for _, s := range [...]string{string(p.Outcome), p.PrefixHint, p.TrunkHint, p.ToAddr, p.FromAddr, p.Reason, string(p.DirHint)} {
		h = h*31 + uint32(len(s))
		if s != "" {
			h = h*31 + uint32(s[0]) + uint32(s[len(s)-1])<<8
		}
	}
	return int(h * 0x9E3779B1 >> (32 - 10))
}

// key is the profile without what is not part of its identity.
func (p Profile) key() Profile {
	p.ID = 0
	p.Class, p.Cause, p.Trunk, p.Peer, p.Direction, p.Site, p.Device, p.Prefix, p.Scanner = "", "", "", "", "", "", "", "", false
	return p
}

func loadProfiles(tx *sql.Tx) (*profileTable, error) {
	t := &profileTable{ids: map[Profile]int64{}, byID: map[int64]Profile{}, next: 1}
	err := eachProfile(tx, func(p *Profile) {
		t.ids[p.key()], t.byID[p.ID] = p.ID, p.key()
		t.next = max(t.next, p.ID+1)
	})
	return t, err
}

func eachProfile(tx *sql.Tx, f func(*Profile)) error {
	rows, err := tx.Query(`SELECT ` + profileColumns + ` FROM profile`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Profile
		if err := scanProfile(rows, &p); err != nil {
			return err
		}
		f(&p)
	}
	return rows.Err()
}

func scanProfile(rows *sql.Rows, p *Profile, more ...any) error {
	return rows.Scan(append([]any{&p.ID, &p.Scope, &p.Method, &p.Outcome, &p.Code, &p.Origin, &p.Reason, &p.CauseCode, &p.CauseQ850, &p.CauseText, &p.CauseFrom,
		&p.Released, &p.Rang, &p.Flags, &p.FromAddr, &p.ToAddr, &p.TrunkHint, &p.DirHint, &p.PrefixHint, &p.UserAgent, &p.DeviceHint, &p.Format,
		&p.Class, &p.Cause, &p.Trunk, &p.Peer, &p.Direction, &p.Site, &p.Device, &p.Prefix, &p.Scanner}, more...)...)
}

// profileID finds or adds a profile.
func (im *Import) profileID(p *Profile) int64 { return im.profile(p).id }

// profile finds or adds a profile and makes it a recent one. p's texts may be
// views of the reader's buffer: what is kept has texts of its own.
func (im *Import) profile(p *Profile) *recentProfile {
	r := &im.profiles.recent[p.place()]
	if r.id != 0 && r.Profile == *p {
		return r
	}
	im.settleCell(r)
	key := p.key()
	id, ok := im.profiles.ids[key]
	if ok {
		key = im.profiles.byID[id]
	} else {
		key.ownTexts()
		id = im.newProfile(key)
	}
	r.Profile, r.id, r.cell = key, id, cellKey{}
	return r
}

// ownTexts copies the texts of a key.
func (p *Profile) ownTexts() {
	for _, s := range [...]*string{&p.Method, (*string)(&p.Outcome), (*string)(&p.Origin), &p.Reason, &p.CauseText, (*string)(&p.CauseFrom), &p.Released,
		&p.FromAddr, &p.ToAddr, &p.TrunkHint, (*string)(&p.DirHint), &p.PrefixHint, &p.UserAgent, &p.DeviceHint, &p.Format} {
		*s = strings.Clone(*s)
	}
}

// maxProfiles is how many profiles may differ in every key. They are all held in
// memory, and a source in which every message has an agent or reason of its own
// (a scanner's, a hostile one's) would fill it: past the bound the texts are left
// out of new ones, past twice that the addresses too, then all but the outcome.
// A large site has a few thousand.
var maxProfiles = 50_000

// otherText stands for the texts that were left out.
const otherText = "(other)"

// newProfile adds a profile, or finds the one that it is counted with.
func (im *Import) newProfile(key Profile) int64 {
	if n := len(im.profiles.ids); n >= maxProfiles {
		if !im.profiles.full {
			im.profiles.full = true
			im.Warn(0, fmt.Sprintf("over %d different combinations of addresses, agents and reasons: further ones are counted without these texts", maxProfiles))
		}
		key = key.without(n / maxProfiles)
		if id, ok := im.profiles.ids[key]; ok {
			return id
		}
	}
	id := im.profiles.next
	im.profiles.next++
	im.profiles.ids[key], im.profiles.byID[id] = id, key
	im.addProfile(id, &key)
	return id
}

// without is the profile with less and less in it.
func (p Profile) without(level int) Profile {
	p.UserAgent, p.Reason, p.CauseText, p.DeviceHint = otherText, otherText, "", otherText
	if level > 1 {
		p.FromAddr, p.ToAddr, p.TrunkHint, p.PrefixHint = "", "", "", ""
	}
	if level > 2 {
		p.CauseCode, p.CauseQ850, p.CauseFrom, p.Released, p.Flags = 0, -1, codes.NoOrigin, "", 0
	}
	return p
}

// addProfile queues a profile's row, in the order of the schema.
func (im *Import) addProfile(id int64, p *Profile) {
	b := &im.profiled
	b.begin()
	b.number(id)
	b.number(int64(p.Scope))
	b.text(p.Method)
	b.text(string(p.Outcome))
	b.number(int64(p.Code))
	b.text(string(p.Origin))
	b.text(p.Reason)
	b.number(int64(p.CauseCode))
	b.number(int64(p.CauseQ850))
	b.text(p.CauseText)
	b.text(string(p.CauseFrom))
	b.text(p.Released)
	b.bool(p.Rang)
	b.number(int64(p.Flags))
	for _, s := range [...]string{p.FromAddr, p.ToAddr, p.TrunkHint, string(p.DirHint), p.PrefixHint, p.UserAgent, p.DeviceHint, p.Format} {
		b.text(s)
	}
	for range 8 { // class to prefix: Settle
		b.text("")
	}
	b.bool(false)
}

// Settle lets f work out what depends on all profiles together (trunk, peer,
// direction, scanners ...); n is how many rows a profile counts. Profiles that
// count nothing any more are dropped.
func (im *Import) Settle(f func(profiles []*Profile, n map[int64]int64)) {
	im.flushCells()
	n := map[int64]int64{}
	im.query(`SELECT profile, n FROM profile_total`, nil, func(r *sql.Rows) error {
		var id, sum int64
		err := r.Scan(&id, &sum)
		n[id] = sum
		return err
	})
	if im.err != nil {
		return
	}
	var list []*Profile
	before := map[int64]Profile{}
	im.err = eachProfile(im.tx, func(p *Profile) {
		if n[p.ID] > 0 {
			list = append(list, p)
		}
		before[p.ID] = *p
	})
	if im.err != nil {
		return
	}
	f(list, n)
	for _, p := range list {
		if was := before[p.ID]; was != *p {
			im.exec(`UPDATE profile SET class = ?, cause = ?, trunk = ?, peer = ?, direction = ?, site = ?, device = ?, prefix = ?, scanner = ? WHERE id = ?`,
				p.Class, p.Cause, p.Trunk, p.Peer, string(p.Direction), p.Site, p.Device, p.Prefix, p.Scanner, p.ID)
		}
	}
	for id := range before {
		if n[id] == 0 {
			im.exec(`DELETE FROM profile WHERE id = ?`, id)
		}
	}
}

// fillCodes writes the vocabulary into its tables.
func fillCodes(tx *sql.Tx) error {
	for _, c := range codes.AllSIP() {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO sip_code (code, phrase, class, meaning, first_check) VALUES (?, ?, ?, ?, ?)`, c.Code, c.Phrase, c.Class, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("code %d: %w", c.Code, err)
		}
	}
	for _, c := range codes.AllQ850() {
		if _, err := tx.Exec(`INSERT OR REPLACE INTO q850_cause (cause, name, meaning, first_check) VALUES (?, ?, ?, ?)`, c.Value, c.Name, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("cause %d: %w", c.Value, err)
		}
	}
	return nil
}
