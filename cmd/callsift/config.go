package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/ingest"
	"callsift/store"
)

func newConfigCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The optional callsift.toml: names of sites, boxes, trunks and prefixes; zones; columns",
		Long: `The configuration is a TOML file, callsift.toml, beside the database, or what
--config or $CALLSIFT_CONFIG names. Nothing needs one. It may have these tables:

  [sites.berlin]             addresses = ["10.1.0.0/16"]; trunks = ["carrier-a"]
  [devices.pbx-1]            site = "berlin"; names = ["asterisk1"]; addresses = ["10.1.0.5"]
  [trunks.carrier-a]         addresses = ["203.0.113.7", "198.51.100.0/24"]
                             channels = ["PJSIP/carrier-a"]; numbers = ["4930555"]
  [prefixes]                 "+49" = "Germany"; "0800" = "freephone"
  [[zones]]                  files = "berlin/**"; zone = "Europe/Berlin"
  [columns.switch]           start = "Date"; caller = "From": for --columns switch
  [targets]                  ner = ">= 97%"; pdd_p95 = "<= 6 s": figures of the report
                             beside the bounds that you set; there are none by default
  holidays = ["2026-12-25"]  days that comparisons leave out; stands above the tables
  [mail]                     server = "smtp.example.net"; from = "pbx@example.net"
                             to = ["noc@example.net"]: whom report --mail sends to
                             tls = "starttls" (or "tls", "none"); port = 587
                             user = "pbx"; password_file = "mail.password": or the
                             environment's CALLSIFT_MAIL_PASSWORD; ca_file = "ca.pem"

A trunk is known by its addresses, by how its channels' names begin, or by its
number in a New Rock OM. A prefix is what the called number begins with, as dialled
or + and a country code; the longest counts. Names hold for all that the database
has: a changed file changes every count from the next command on, and needs no
import. They stay in the database if the file goes away; an empty file takes them
out. Zones and columns hold when a file is read.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("config: no command %q; commands are %s", args[0], strings.Join(commandNames(cmd), ", "))
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newConfigInitCommand(a), newConfigCheckCommand(a), newConfigApplyCommand(a))
	return cmd
}

func newConfigInitCommand(a *app) *cobra.Command {
	var print bool
	cmd := &cobra.Command{
		Use:   "init [flags]",
		Short: "Write a configuration from what the database has seen",
		Long: `Write a configuration with the boxes, trunks and zones that the database has seen.
Trunks that have no name are in it as comments, the busiest first, with what is
known of them: give them one. A file that is there stays as it is.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConfigInit(cmd.Context(), a, print) },
	}
	cmd.Flags().BoolVar(&print, "print", false, "print it, and write nothing")
	return cmd
}

func newConfigCheckCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Check the configuration, and count what each name stands for",
		Long: `Check the configuration: keys that nobody knows and values that mean nothing are
told with their line. Then list its names with the calls that the database has of
each; one without any is often a slip of the pen.

EXIT STATUS
  0  the configuration is right     1  it is not, or there is none`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConfigCheck(cmd.Context(), a, format) },
	}
	formatOption(cmd, &format)
	return cmd
}

func newConfigApplyCommand(a *app) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "apply [flags]",
		Short: "Make the names of the configuration the database's",
		Long: `Make the names of the configuration the database's. Every other command does so
too when the file has changed and the database can be written; this one waits for
another command that writes, and tells which sources were read in another zone
than the configuration has now.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConfigApply(cmd.Context(), a, wait) },
	}
	cmd.Flags().DurationVar(&wait, "wait", lockWait, "how long to wait for another command that writes")
	return cmd
}

// needConfig is loadConfig for commands that are about it.
func (a *app) needConfig() (*config, error) {
	cfg, err := a.loadConfig()
	if err == nil && cfg.path == "" {
		path, _ := a.configPath()
		err = fmt.Errorf("%s: no configuration here; callsift config init writes one", path)
	}
	return cfg, err
}

func runConfigApply(ctx context.Context, a *app, wait time.Duration) error {
	cfg, err := a.needConfig()
	if err != nil {
		return err
	}
	db, done, err := a.openExisting(ctx, "config apply", wait)
	if err != nil {
		return err
	}
	defer done()
	changed, err := ingest.Apply(ctx, db, cfg.names)
	if err != nil {
		return err
	}
	if changed {
		a.remark("%s: the names of %s are in force", clean(db.Path()), clean(cfg.path))
	} else {
		a.remark("%s: the names of %s were in force already", clean(db.Path()), clean(cfg.path))
	}
	sources, err := db.Sources(ctx)
	if err != nil {
		return err
	}
	for i := range sources {
		s := &sources[i]
		zone := ingest.ZoneFor(cfg.zones, s.Path)
		if zone != nil && (s.TZFrom == "default" || s.TZFrom == "config") && s.TZ != zone.String() {
			a.remark("%s: read in %s, the configuration has %s: take it out with callsift sources remove and import it again", clean(s.Path), s.TZ, zone)
		}
	}
	return nil
}

func runConfigCheck(ctx context.Context, a *app, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	cfg, err := a.needConfig()
	if err != nil {
		return err
	}
	var rest map[string]any
	for _, name := range otherTables {
		if err := cfg.table(name, &rest); err != nil {
			return err
		}
	}
	if err := a.bounds(&analyze.Query{}, nil); err != nil {
		return err
	}
	if err := cfg.table("mail", new(mailConfig)); err != nil {
		return err
	}
	seen := map[[2]string]int64{}
	if _, err := os.Stat(a.dbPath()); err == nil {
		db, done, err := a.openRead(ctx, nil, nil)
		if err != nil {
			return err
		}
		defer done()
		err = eachProfile(ctx, db, func(p *store.Profile, n int64) {
			for _, k := range [][2]string{{"site", p.Site}, {"device", p.Device}, {"trunk", p.Trunk}, {"prefix", p.Prefix}} {
				seen[k] += n
			}
		})
		if err != nil {
			return err
		}
	}
	type nameJSON struct {
		Kind  string `json:"kind"`
		Name  string `json:"name"`
		Calls int64  `json:"calls"`
	}
	list := []nameJSON{}
	add := func(kind, name string) { list = append(list, nameJSON{kind, name, seen[[2]string{kind, name}]}) }
	for _, s := range cfg.names.Sites {
		add("site", s.Name)
	}
	for _, d := range cfg.names.Devices {
		add("device", d.Name)
	}
	for _, t := range cfg.names.Trunks {
		add("trunk", t.Name)
	}
	var prefixes []string
	for _, name := range cfg.names.Prefixes {
		prefixes = append(prefixes, name)
	}
	slices.Sort(prefixes)
	for _, name := range slices.Compact(prefixes) {
		add("prefix", name)
	}
	a.remark("%s: right", clean(cfg.path))
	if format == "json" {
		return writeJSON(a.out, list)
	}
	t := newSheet("kind", "name", "calls>")
	for _, n := range list {
		t.add(n.Kind, n.Name, count(n.Calls))
	}
	return t.write(a.out, format)
}

// eachProfile hands every profile of calls (INVITE) to f with how many calls it has.
func eachProfile(ctx context.Context, db *store.DB, f func(p *store.Profile, n int64)) error {
	profiles, err := db.Profiles(ctx)
	if err != nil {
		return err
	}
	cells, err := db.Cells(ctx, 0, 0, 24*4*store.Quarter)
	if err != nil {
		return err
	}
	n := map[int64]int64{}
	for _, c := range cells {
		n[c.Profile] += c.N
	}
	for id, p := range profiles {
		if p.Scope&store.ScopeCall != 0 && p.Method == "INVITE" {
			f(p, n[id])
		}
	}
	return nil
}

func runConfigInit(ctx context.Context, a *app, print bool) error {
	path, _ := a.configPath()
	if _, err := os.Lstat(path); err == nil && !print {
		return fmt.Errorf("%s: is there already", path)
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	text, err := configFrom(ctx, db)
	if err != nil {
		return err
	}
	if _, err := parseConfig(path, text); err != nil {
		return fmt.Errorf("what would be written is wrong: %w", err)
	}
	if print {
		_, err := fmt.Fprint(a.out, text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return outError(err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	a.remark("%s: written", clean(path))
	return nil
}

// seenTrunk is a trunk that the database knows.
type seenTrunk struct {
	name   string // as it is counted now
	hint   bool   // the records name it
	number bool   // ... by the number of a New Rock OM's trunk
	calls  int64
	failed int64
}

// configFrom is a configuration with what a database has seen.
func configFrom(ctx context.Context, db *store.DB) (string, error) {
	trunks, devices := map[string]*seenTrunk{}, map[string]int64{}
	err := eachProfile(ctx, db, func(p *store.Profile, n int64) {
		if p.Device != "" {
			devices[p.Device] += n
		}
		if p.Trunk == "" || n == 0 {
			return
		}
		t := trunks[p.Trunk]
		if t == nil {
			t = &seenTrunk{name: p.Trunk}
			trunks[p.Trunk] = t
		}
		t.calls += n
		t.hint = t.hint || p.TrunkHint != ""
		t.number = t.number || p.TrunkHint != "" && strings.HasPrefix(p.Format, "newrock-")
		if p.Outcome == "failed" {
			t.failed += n
		}
	})
	if err != nil {
		return "", err
	}
	sources, err := db.Sources(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Names for callsift; callsift config --help tells what may stand here.\n")
	writeDevices(&b, devices)
	writeTrunks(&b, trunks)
	b.WriteString("\n[prefixes]\n# \"+49\" = \"Germany\"\n# \"0800\" = \"freephone\"\n")
	writeZones(&b, sources)
	return b.String(), nil
}

func writeDevices(b *strings.Builder, devices map[string]int64) {
	b.WriteString("\n# [sites.main]\n# addresses = [\"10.0.0.0/8\"]\n")
	for _, name := range sortedKeysOf(devices) {
		fmt.Fprintf(b, "\n[devices.%s]  # %s calls\n# site = \"main\"\n", tomlKey(name), count(devices[name]))
		if _, err := netip.ParseAddr(name); err == nil {
			fmt.Fprintf(b, "addresses = [%s]\n", tomlText(name))
		} else {
			fmt.Fprintf(b, "names = [%s]\n", tomlText(name))
		}
	}
}

// writeTrunks writes the named trunks, then the others as comments.
func writeTrunks(b *strings.Builder, trunks map[string]*seenTrunk) {
	list := make([]*seenTrunk, 0, len(trunks))
	for _, t := range trunks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *seenTrunk) int {
		return cmp.Or(cmp.Compare(y.calls, x.calls), cmp.Compare(x.name, y.name))
	})
	for _, t := range list {
		note := fmt.Sprintf("%s calls, %s failed", count(t.calls), count(t.failed))
		_, err := netip.ParseAddr(t.name)
		switch {
		case t.number:
			fmt.Fprintf(b, "\n# [trunks.NAME]  # %s\n# numbers = [%s]\n", note, tomlText(t.name))
		case err == nil:
			fmt.Fprintf(b, "\n# [trunks.NAME]  # %s\n# addresses = [%s]\n", note, tomlText(t.name))
		default:
			fmt.Fprintf(b, "\n[trunks.%s]  # %s\nchannels = [%s]\n", tomlKey(t.name), note, tomlText(t.name))
		}
	}
}

// writeZones names the sources whose zone nothing told, as comments.
func writeZones(b *strings.Builder, sources []store.Source) {
	for i := range sources {
		if s := &sources[i]; s.TZFrom == "default" {
			b.WriteString("\n# Nothing told the zone of times in these files:\n")
			break
		}
	}
	for i := range sources {
		if s := &sources[i]; s.TZFrom == "default" {
			fmt.Fprintf(b, "# [[zones]]\n# files = %s\n# zone = \"UTC\"\n", tomlText(s.Path))
		}
	}
}

// tomlKey writes a part of a key, in quotes where it needs them.
func tomlKey(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return s
	}
	return tomlText(s)
}

// tomlText writes a text in quotes.
func tomlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case unsafeRune(r):
			b.WriteString(`\u` + strconv.FormatInt(0x10000+int64(r), 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
