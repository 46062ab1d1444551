package ingest

import (
	"regexp"
	"strings"
	"time"
)

// FileZone is the zone of local times in the files that a pattern names.
type FileZone struct {
	Files string // with *, ? and ** (over folders), matched with the end of a path: berlin/**, *.csv
	Zone  *time.Location
}

// matchFiles reports whether a source's path is one that a pattern names: as a
// whole, or from one of its folders on. A file of an archive is in the archive as in a folder.
func matchFiles(pattern, path string) bool {
	path = strings.NewReplacer(`\`, "/", "!", "/").Replace(path)
	var b strings.Builder
	b.WriteString(`(?:^|/)`)
	pattern = strings.TrimPrefix(strings.ReplaceAll(pattern, `\`, "/"), "./")
	if strings.HasPrefix(pattern, "/") {
		b.Reset()
		b.WriteString("^")
	}
	for i := 0; i < len(pattern); i++ {
		switch {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case pattern[i] == '*':
			b.WriteString("[^/]*")
		case pattern[i] == '?':
			b.WriteString("[^/]")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	return err == nil && re.MatchString(path)
}

// ZoneFor is the zone that a list gives a source's path, by the first pattern
// that fits; nil: none.
func ZoneFor(list []FileZone, path string) *time.Location {
	for _, z := range list {
		if matchFiles(z.Files, path) {
			return z.Zone
		}
	}
	return nil
}

// zoneOf is the zone of a source's local times and how it is known: "flag" as
// readers call a zone that they were given, or "config".
func (o *Options) zoneOf(path string) (zone *time.Location, from string) {
	if o.Zone != nil {
		return o.Zone, "flag"
	}
	return ZoneFor(o.Zones, path), "config"
}
