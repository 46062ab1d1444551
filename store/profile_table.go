package store

import (
	"database/sql"
	"encoding/binary"
	"hash/maphash"

	"callsift/store/codes"
)

// profileTable finds the id of a profile and the profile of an id. It holds all
// profiles of the database, each packed into some hundred bytes: as a struct with
// fifteen texts, and as that twice, 50,000 of them took 80 MiB.
type profileTable struct {
	full   bool // maxProfiles was reached
	ids    map[string]int64
	byID   map[int64]string
	next   int64
	packed []byte // of the profile last looked for
	seed   maphash.Seed
	recent [recentSets][2]*recentProfile // the later used one first
}

// find is the id of a profile; 0: it is not there.
func (t *profileTable) find(p *Profile) int64 {
	t.packed = p.pack(t.packed[:0])
	return t.ids[string(t.packed)]
}

// get is the profile with an id, without what is settled; the zero Profile if
// there is none.
func (t *profileTable) get(id int64) (p Profile) {
	p.unpack(t.byID[id])
	return p
}

// add gives a profile that is not there the next id.
func (t *profileTable) add(p *Profile) int64 {
	id := t.next
	t.put(id, p)
	return id
}

func (t *profileTable) put(id int64, p *Profile) {
	t.packed = p.pack(t.packed[:0])
	key := string(t.packed)
	t.ids[key], t.byID[id] = id, key
	t.next = max(t.next, id+1)
}

// each hands out all profiles, in no order.
func (t *profileTable) each(f func(id int64, p *Profile)) {
	var p Profile
	for id, packed := range t.byID {
		p = Profile{}
		p.unpack(packed)
		f(id, &p)
	}
}

func loadProfiles(tx *sql.Tx) (*profileTable, error) {
	t := &profileTable{ids: map[string]int64{}, byID: map[int64]string{}, next: 1, seed: maphash.MakeSeed()}
	err := eachProfile(tx, func(p *Profile) { t.put(p.ID, p) })
	return t, err
}

// identity lists the texts that are part of what makes profiles differ.
func (p *Profile) identity() [15]*string {
	return [...]*string{&p.Method, (*string)(&p.Outcome), (*string)(&p.Origin), &p.Reason, &p.CauseText, (*string)(&p.CauseFrom), &p.Released,
		&p.FromAddr, &p.ToAddr, &p.TrunkHint, (*string)(&p.DirHint), &p.PrefixHint, &p.UserAgent, &p.DeviceHint, &p.Format}
}

// pack appends what makes profiles differ.
func (p *Profile) pack(b []byte) []byte {
	rang := 0
	if p.Rang {
		rang = 1
	}
	for _, n := range [...]int64{int64(p.Scope), int64(p.Code), int64(p.CauseCode), int64(p.CauseQ850), int64(p.Flags), int64(rang)} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range p.identity() {
		b = append(binary.AppendUvarint(b, uint64(len(*s))), *s...)
	}
	return b
}

// unpack sets what pack has written; the texts are parts of it.
func (p *Profile) unpack(packed string) {
	if packed == "" {
		return
	}
	var rang, scope, code, causeCode, q850, flags int64
	for _, n := range [...]*int64{&scope, &code, &causeCode, &q850, &flags, &rang} {
		var u uint64
		u, packed = cutUvarint(packed)
		*n = int64(u>>1) ^ -int64(u&1)
	}
	p.Scope, p.Code, p.CauseCode, p.CauseQ850, p.Flags = Scope(scope), int(code), int(causeCode), int(q850), codes.Flags(flags)
	p.Rang = rang == 1
	for _, s := range p.identity() {
		var n uint64
		n, packed = cutUvarint(packed)
		*s, packed = packed[:n], packed[n:]
	}
}

func cutUvarint(s string) (n uint64, rest string) {
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		n |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
}
