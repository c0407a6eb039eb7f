// Package apt is the package manager of Debian, Ubuntu and their kin, read
// through a host.Host: the database of dpkg (package dpkg), and what apt-get would do.
//
//	m := &apt.Manager{Host: host.Local()}
//	installed := m.Installed(ctx) // from /var/lib/dpkg/status: works on images too
//	pending := m.Pending(ctx)     // what apt-get would upgrade, simulated
//
// It works for a normal user, takes no lock, refreshes no index and installs
// nothing. On an image, where no command runs, Pending is Unknown.
//
// # Design
//
// With no index at all apt-get says "0 upgraded" and exits with 0. So a list of
// upgrades is complete only when apt-get's own summary agrees with the lines
// that were read, and when every configured repository has been fetched, has
// not expired, and was refreshed within Manager.MaxAge. apt leaves no trace of a
// refresh that found nothing new, and an attempt is no success: what counts is
// the date of the repository itself, the folder of the lists, which changes when
// a list is replaced, and the stamp update-success-stamp in /var/lib/apt/periodic.
//
// A repository's date is when it was last made, so a fix in it is at least as
// old. The security repository is that of the release and the maker whose other
// repositories are configured. Without one, as on Debian unstable, which
// upgrades are fixes is not known, but the list of upgrades is; and of what
// comes from other makers it is never known.
package apt
