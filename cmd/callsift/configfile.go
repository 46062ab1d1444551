package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"callsift/analyze"
	"callsift/ingest"
	"callsift/store"
)

// configName is the file that is looked for beside the database.
const configName = "callsift.toml"

// config is what callsift.toml says. A key that nobody knows is an error. The
// tables of other commands (targets, mail) are read by them, with table.
type config struct {
	path    string // empty: there is none
	names   ingest.Names
	zones   []ingest.FileZone
	columns map[string]map[string]string

	holidays []string

	text string
	meta toml.MetaData
	rest map[string]toml.Primitive
}

// otherTables are read by the commands that they are for.
var otherTables = []string{"targets", "mail"}

// configFile is the file as written.
type configFile struct {
	Sites map[string]struct {
		Addresses, Trunks []string
	}
	Devices map[string]struct {
		Site             string
		Names, Addresses []string
	}
	Trunks map[string]struct {
		Addresses, Channels, Numbers []string
	}
	Prefixes map[string]string
	Zones    []struct{ Files, Zone string }
	Columns  map[string]map[string]string
	Holidays []string
	Targets  toml.Primitive
	Mail     toml.Primitive
}

// configPath is the configuration that the user means; named is false for the
// one beside the database, which need not be there.
func (a *app) configPath() (path string, named bool) {
	if a.config != "" {
		return a.config, true
	}
	if p := os.Getenv("CALLSIFT_CONFIG"); p != "" {
		return p, true
	}
	return filepath.Join(filepath.Dir(a.dbPath()), configName), false
}

// loadConfig reads the configuration; its path is empty if there is none.
func (a *app) loadConfig() (*config, error) {
	path, named := a.configPath()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !named {
		return &config{}, nil
	}
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parseConfig(path, string(text))
}

func parseConfig(path, text string) (*config, error) {
	c := &config{path: path, text: text, columns: map[string]map[string]string{}, rest: map[string]toml.Primitive{}}
	var f configFile
	var err error
	if c.meta, err = toml.Decode(text, &f); err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return nil, fmt.Errorf("%s:%d: %s", path, pe.Position.Line, strings.TrimPrefix(pe.Message, "toml: "))
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, key := range c.meta.Undecoded() {
		if !slices.Contains(otherTables, key[0]) {
			return nil, c.wrong(key, "unknown key %q", key.String())
		}
	}
	c.rest["targets"], c.rest["mail"] = f.Targets, f.Mail
	return c, c.take(&f)
}

// take turns what was written into what commands use.
func (c *config) take(f *configFile) error {
	for name, s := range f.Sites {
		c.names.Sites = append(c.names.Sites, ingest.SiteName{Name: name, Addresses: s.Addresses, Trunks: s.Trunks})
	}
	for name, d := range f.Devices {
		c.names.Devices = append(c.names.Devices, ingest.DeviceName{Name: name, Site: d.Site, Names: d.Names, Addresses: d.Addresses})
	}
	for name, t := range f.Trunks {
		c.names.Trunks = append(c.names.Trunks, ingest.TrunkName{Name: name, Addresses: t.Addresses, Channels: t.Channels, Numbers: t.Numbers})
	}
	slices.SortFunc(c.names.Trunks, func(a, b ingest.TrunkName) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.names.Devices, func(a, b ingest.DeviceName) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.names.Sites, func(a, b ingest.SiteName) int { return cmp.Compare(a.Name, b.Name) })
	var err error
	if c.holidays, err = analyze.ParseHolidays("holidays", f.Holidays); err != nil {
		return c.wrong([]string{"holidays"}, "%v", err)
	}
	c.names.Prefixes = f.Prefixes
	if what, err := c.names.Check(); err != nil {
		return c.wrong(what, "%v", err)
	}
	for i, z := range f.Zones {
		if z.Files == "" {
			return c.wrongAt(c.nthLine("zones", i), "zones: no files, want a pattern such as berlin/**")
		}
		zone, err := time.LoadLocation(z.Zone)
		if err != nil || z.Zone == "" {
			return c.wrongAt(c.nthLine("zones", i), "zones: no zone %q; names are like Europe/Berlin, Asia/Shanghai, UTC", z.Zone)
		}
		c.zones = append(c.zones, ingest.FileZone{Files: z.Files, Zone: zone})
	}
	for _, name := range sortedKeysOf(f.Columns) {
		if err := ingest.CheckColumns(f.Columns[name]); err != nil {
			return c.wrong([]string{"columns", name}, "columns %s: %v", name, err)
		}
		c.columns[name] = f.Columns[name]
	}
	return nil
}

// table reads one of otherTables; a key that into has no field for is an error.
func (c *config) table(name string, into any) error {
	if c.path == "" || !c.meta.IsDefined(name) {
		return nil
	}
	if err := c.meta.PrimitiveDecode(c.rest[name], into); err != nil {
		return c.wrong([]string{name}, "%s: %v", name, err)
	}
	for _, key := range c.meta.Undecoded() {
		if key[0] == name {
			return c.wrong(key, "unknown key %q", key.String())
		}
	}
	return nil
}

// wrong is an error at the line where a key stands.
func (c *config) wrong(key []string, format string, args ...any) error {
	return c.wrongAt(keyLine(c.text, key), format, args...)
}

func (c *config) wrongAt(line int, format string, args ...any) error {
	where := c.path
	if line > 0 {
		where = fmt.Sprintf("%s:%d", c.path, line)
	}
	return fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
}

// keyLine finds the line in which a key stands, or the table that it is in; 0: none.
// The library tells lines only of what is no TOML.
func keyLine(text string, key []string) int {
	best, length := 0, 0
	var table []string
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		var at []string
		if strings.HasPrefix(line, "[") {
			table = splitKey(strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t"))
			at = table
		} else if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			at = append(slices.Clone(table), splitKey(name)...)
		}
		if n := len(at); n > length && n <= len(key) && slices.Equal(at, key[:n]) {
			best, length = i+1, n
		}
	}
	return best
}

// splitKey splits a dotted key, whose parts may be quoted.
func splitKey(s string) []string {
	var parts []string
	for s = strings.TrimSpace(s); s != ""; {
		if q := s[0]; q == '"' || q == '\'' {
			if end := strings.IndexByte(s[1:], q); end >= 0 {
				parts = append(parts, s[1:1+end])
				s = strings.TrimLeft(s[end+2:], " .\t")
				continue
			}
		}
		part, rest, _ := strings.Cut(s, ".")
		parts = append(parts, strings.TrimSpace(part))
		s = strings.TrimSpace(rest)
	}
	return parts
}

// nthLine is the line of the n-th [[name]], 0: none.
func (c *config) nthLine(name string, n int) int {
	for i, line := range strings.Split(c.text, "\n") {
		if line = strings.ReplaceAll(line, " ", ""); strings.HasPrefix(line, "[["+name+"]]") {
			if n--; n < 0 {
				return i + 1
			}
		}
	}
	return 0
}

func sortedKeysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// columns is what --columns says: a mapping, or the name of one.
func (a *app) columns(flag []string) (map[string]string, error) {
	if len(flag) == 0 {
		return nil, nil
	}
	if len(flag) == 1 && !strings.Contains(flag[0], "=") {
		cfg, err := a.loadConfig()
		if err != nil {
			return nil, err
		}
		m, ok := cfg.columns[flag[0]]
		if !ok {
			path, _ := a.configPath()
			return nil, usagef("--columns: no mapping %q in %s; mappings are %s", flag[0], path, cmp.Or(strings.Join(sortedKeysOf(cfg.columns), ", "), "none"))
		}
		return m, nil
	}
	columns := map[string]string{}
	for _, f := range flag {
		name, column, ok := strings.Cut(f, "=")
		if !ok {
			return nil, usagef("--columns: %q, want NAME=COLUMN", f)
		}
		columns[name] = column
	}
	if err := ingest.CheckColumns(columns); err != nil {
		return nil, usagef("--columns: %v", err)
	}
	return columns, nil
}

// applyChanged brings the names in the database up to date with the
// configuration, if there is one. Where the database cannot be written the old
// names stay, and the user is told.
func (a *app) applyChanged(ctx context.Context) error {
	cfg, err := a.loadConfig()
	if err != nil || cfg.path == "" {
		return err
	}
	db, err := store.OpenReader(a.dbPath())
	if err != nil {
		return nil // said by whoever opens it next
	}
	same, err := ingest.Applied(ctx, db, cfg.names)
	db.Close()
	if err != nil || same {
		return err
	}
	db, done, err := a.openExisting(ctx, "config apply", 0)
	if err == nil {
		_, err = ingest.Apply(ctx, db, cfg.names)
		done()
	}
	if err != nil && ctx.Err() == nil {
		a.remark("%s has changed, and its names are not in force yet: %s", clean(cfg.path), clean(err.Error()))
		return nil
	}
	return err
}
