package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"callsift/store/codes"
)

// profileColumns in the order of profileValues and readProfile.
const profileColumns = `id, scope, method, outcome, code, origin, reason, cause_code, cause_q850, cause_text, cause_from, released, rang, flags,
	from_addr, to_addr, trunk_hint, dir_hint, prefix_hint, user_agent, device_hint, format, class, cause, trunk, peer, direction, site, device, prefix, scanner`

// recentSets: a site's CDRs have some hundred profiles, a capture with its proxies a
// thousand, each of which should find a place most of the time. A place holds two.
const (
	recentBits = 11
	recentSets = 1 << recentBits
)

// recentProfile is a profile that was used lately. It gathers the roll-up cell that its
// rows go to, nearly always the same one as the row before.
type recentProfile struct {
	packed string // what makes it differ, as Profile.pack writes it
	id     int64
	cell   cellKey
	sum    Cell
}

// profileID finds or adds a profile.
func (im *Import) profileID(p *Profile) int64 { return im.profile(p).id }

// profile finds or adds a profile and makes it a recent one. p's texts may be views of
// the reader's buffer: what is kept has texts of its own. Packing p and comparing the
// pack takes a quarter less time than comparing its fifteen texts, which lie anywhere in
// memory.
func (im *Import) profile(p *Profile) *recentProfile {
	t := im.profiles
	t.packed = p.pack(t.packed[:0])
	set := &t.recent[maphash.Bytes(t.seed, t.packed)>>(64-recentBits)]
	if r := set[0]; r != nil && r.packed == string(t.packed) {
		return r
	}
	set[0], set[1] = set[1], set[0]
	r := set[0]
	switch {
	case r == nil:
		r = new(recentProfile)
		set[0] = r
	case r.packed == string(t.packed):
		return r
	default:
		im.settleCell(r)
	}
	id := t.ids[string(t.packed)]
	if id == 0 {
		id = im.newProfile(p)
	}
	r.packed, r.id, r.cell = t.byID[id], id, cellKey{}
	return r
}

// maxProfiles is how many profiles may differ in every key. They are all held in
// memory, and a source in which every message has an agent or reason of its own
// (a scanner's, a hostile one's) would fill it: past the bound the texts are left
// out of new ones, furtherProfiles later the addresses too, then all but the
// outcome. A large site has a few thousand.
var maxProfiles, furtherProfiles = 30_000, 4_000

// otherText stands for the texts that were left out.
const otherText = "(other)"

// newProfile adds a profile, or finds the one that it is counted with.
func (im *Import) newProfile(p *Profile) int64 {
	t := im.profiles
	n := len(t.ids)
	if n < maxProfiles {
		return im.addProfile(p)
	}
	t.full = true
	less := p.without(1 + (n-maxProfiles)/furtherProfiles)
	if id := t.find(&less); id != 0 {
		return id
	}
	return im.addProfile(&less)
}

// ProfilesFull reports whether there are so many profiles that new ones lose texts.
func (im *Import) ProfilesFull() bool { return im.profiles.full }

// tellFull says how many rows are counted without their texts, and where the
// first one is.
func (im *Import) tellFull() {
	if !im.profiles.full {
		return
	}
	var n int64
	im.query(`SELECT coalesce(sum(r.n), 0) FROM rollup r JOIN profile p ON p.id = r.profile WHERE p.user_agent = ? AND p.reason = ?`, []any{otherText, otherText}, func(r *sql.Rows) error { return r.Scan(&n) })
	im.query(`SELECT s.path, a.line FROM attempt a JOIN profile p ON p.id = a.profile JOIN source s ON s.id = a.source WHERE p.user_agent = ? AND p.reason = ? ORDER BY a.id LIMIT 1`, []any{otherText, otherText}, func(r *sql.Rows) error {
		var path string
		var line int
		err := r.Scan(&path, &line)
		im.Warn(line, fmt.Sprintf("over %d different combinations of addresses, agents and reasons: %d rows, the first at %s:%d, are counted without these texts", maxProfiles, n, path, line))
		return err
	})
}

// without is the profile with less and less in it.
func (p Profile) without(level int) Profile {
	p.UserAgent, p.Reason, p.CauseText, p.DeviceHint = otherText, otherText, "", otherText
	if level > 1 {
		p.FromAddr, p.ToAddr, p.TrunkHint, p.PrefixHint = "", "", "", ""
	}
	if level > 2 {
		p.CauseCode, p.CauseQ850, p.CauseFrom, p.Released, p.Flags = 0, -1, codes.NoOrigin, "", 0
		if !slices.Contains(knownMethods, p.Method) {
			p.Method = otherText
		}
	}
	return p
}

// knownMethods are those of the RFCs: others are without number.
var knownMethods = []string{"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE"}

// addProfile adds a profile.
func (im *Import) addProfile(p *Profile) int64 {
	id := im.profiles.add(p)
	im.profileRow(id, p, settled{})
	return id
}

// settledConflict lets the row of a profile that is there settle it.
const settledConflict = `ON CONFLICT (id) DO UPDATE SET class = excluded.class, cause = excluded.cause, trunk = excluded.trunk, peer = excluded.peer,
	direction = excluded.direction, site = excluded.site, device = excluded.device, prefix = excluded.prefix, scanner = excluded.scanner`

// profileRow queues a profile's row, in the order of the schema.
func (im *Import) profileRow(id int64, p *Profile, s settled) {
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
	for _, s := range [...]string{s.class, s.cause, s.trunk, s.peer, s.direction, s.site, s.device, s.prefix} {
		b.text(s)
	}
	b.bool(s.scanner)
}

// Settle lets f work out what depends on all profiles together (trunk, peer,
// direction, scanners ...); n is how many rows a profile counts. Profiles that
// count nothing any more are dropped.
func (im *Import) Settle(f func(profiles []*Profile, n map[int64]int64)) {
	im.flushCells()
	n := im.profileCounts()
	if im.err != nil {
		return
	}
	list, before := im.settledBefore(n)
	if im.err != nil {
		return
	}
	f(list, n)
	for i, p := range list {
		if now := p.settled(); now != before[i] {
			im.profileRow(p.ID, p, now)
		}
	}
	im.profiles.each(func(id int64, _ *Profile) {
		if n[id] == 0 {
			im.exec(`DELETE FROM profile WHERE id = ?`, id)
		}
	})
	im.tellFull()
}

// settled is the part of a profile that Settle works out.
type settled struct {
	class, cause, trunk, peer, direction, site, device, prefix string
	scanner                                                    bool
}

func (p *Profile) settled() settled {
	return settled{p.Class, p.Cause, p.Trunk, p.Peer, string(p.Direction), p.Site, p.Device, p.Prefix, p.Scanner}
}

// settledBefore lists the profiles that count something, by id, and what was
// settled of them. Their other texts are those of the table, not read again.
func (im *Import) settledBefore(n map[int64]int64) (list []*Profile, before []settled) {
	all, texts := make([]Profile, 0, len(n)), map[string]string{}
	once := func(s string) string { // s is a part of all rows
		known, ok := texts[s]
		if !ok {
			known = strings.Clone(s)
			texts[known] = known
		}
		return known
	}
	const columns = `id, class, cause, trunk, peer, direction, site, device, prefix, scanner`
	err := packedRows(context.Background(), im.tx, columns, `(SELECT * FROM profile ORDER BY id)`, nil, func(data []byte) error {
		for r := (packedReader{rest: string(data)}); r.rest != ""; {
			id := r.number()
			is := settled{r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.number() != 0}
			if r.short {
				return errPacked
			}
			if n[id] <= 0 {
				continue
			}
			p := im.profiles.get(id)
			p.ID, p.Class, p.Cause, p.Trunk, p.Peer, p.Direction = id, once(is.class), once(is.cause), once(is.trunk), once(is.peer), codes.Direction(once(is.direction))
			p.Site, p.Device, p.Prefix, p.Scanner = once(is.site), once(is.device), once(is.prefix), is.scanner
			all, before = append(all, p), append(before, p.settled())
		}
		return nil
	})
	if err != nil {
		im.fail(err)
	}
	for i := range all {
		list = append(list, &all[i])
	}
	return list, before
}

// profileCounts is how many rows each profile counts.
func (im *Import) profileCounts() map[int64]int64 {
	im.drain()
	if im.err != nil {
		return nil
	}
	var n map[int64]int64
	n, im.err = profileCounts(context.Background(), im.tx)
	return n
}

// fillCodes writes the vocabulary into its tables.
func fillCodes(tx *sql.Tx) error {
	code, err := tx.Prepare(`INSERT OR REPLACE INTO sip_code (code, phrase, class, meaning, first_check) VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for _, c := range codes.AllSIP() {
		if _, err := code.Exec(c.Code, c.Phrase, c.Class, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("code %d: %w", c.Code, err)
		}
	}
	cause, err := tx.Prepare(`INSERT OR REPLACE INTO q850_cause (cause, name, meaning, first_check) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for _, c := range codes.AllQ850() {
		if _, err := cause.Exec(c.Value, c.Name, c.Meaning, c.FirstCheck); err != nil {
			return fmt.Errorf("cause %d: %w", c.Value, err)
		}
	}
	return nil
}
