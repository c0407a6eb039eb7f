package foreign

import (
	"regexp"
	"strings"
	"time"
)

var (
	archiveEnd = regexp.MustCompile(`(?i)\.(tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz|zst)|(sql|dump|ldif|sqlite3?|db|bson|rdb|csv|json|cpio)(\.(gz|bz2|xz|zst))?|pgdump|dmp|zip|gz|bz2|xz|zst)$`)
	rotated    = regexp.MustCompile(`[.-]\d+$`)
	digits     = regexp.MustCompile(`\d{4,}(?:[-_:T.]?\d+)*Z?|\d{1,2}[-_.]\d{1,2}[-_.]\d{2,4}`) // a time
)

func isArchive(name string) bool { return archiveEnd.MatchString(rotated.ReplaceAllString(name, "")) }

// seriesOf is the name of a file without what its time or number makes of it.
func seriesOf(name string) string {
	return strings.Trim(digits.ReplaceAllString(rotated.ReplaceAllString(name, ""), "#"), "-_.")
}

// readArchives takes files of one name but for its digits for one series. A file
// that was written a moment ago may not be complete yet.
func readArchives(l *look) {
	for _, f := range l.files {
		if !f.IsRegular() || !isArchive(f.name) || !l.old(f, settled) {
			continue
		}
		l.add(seriesOf(f.name), f.ModTime(), f.Size)
		l.checks[f.name] = content(rotated.ReplaceAllString(f.name, ""))
	}
}

// settled is how long a file that is complete was not written.
const settled = 5 * time.Minute
