package daily

import "slices"

// LeftOut says what nobody looks at, or tells, since the settings say so and the
// defaults do not.
func (set Settings) LeftOut() []string {
	out := slices.Concat(set.LeaveOut, set.Files.Exclude)
	for _, pattern := range set.Files.AllowNew {
		out = append(out, "new files in "+pattern)
	}
	for _, pattern := range set.Files.AllowRemoved {
		out = append(out, "files gone from "+pattern)
	}
	if set.Logs.Rules != "" {
		out = append(out, "log lines by the rules in "+set.Logs.Rules)
	}
	for _, path := range Defaults().Backup.Paths {
		if !slices.Contains(set.Backup.Paths, path) {
			out = append(out, "the backup of "+path)
		}
	}
	return out
}
