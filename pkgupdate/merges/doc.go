// Package merges asks which configuration files wait for a person's hand: the maker
// of a package changed one that a person had edited, so the package manager took one
// of the two and put the other beside it.
//
//	list, err := merges.Find(ctx, host.Local())
//	texts, err := list[0].Read(ctx, host.Local(), nil)
//	merged, ok := texts.Merged()
//
// It knows what dpkg, ucf, rpm, pacman, apk, FreeBSD's pkg, etcupdate(8) and
// mergemaster(8), NetBSD's etcupdate(8), OpenBSD's sysmerge(8) and Slackware's pkgtools
// leave, and what a dpkg that was cut off never put in place. OpenBSD's pkg_add(1) and
// pkgsrc leave nothing on the disk, and what "sysmerge -p" did not merge of packages is
// not known. It changes nothing.
//
// # Design
//
// What two people changed can be put together only with what both began from: the
// maker's former version. etcupdate keeps it; of dpkg and pacman it is read from a
// former package that is still in the cache. With it a merge is proposed where no
// change meets another; without it the two versions are shown, and nothing is
// proposed. The text of a file that not everybody may read is not in the report.
package merges
