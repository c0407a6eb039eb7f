// Package advisory reads what makers publish about security holes, and says which
// of them a system has.
//
//	result := advisory.ReadFolder(ctx, os.DirFS("/srv/advisories"), advisory.System{
//		ID: "debian", Release: "12", Codename: "bookworm",
//		Type: "deb", Scheme: version.Deb, Packages: installed.Value,
//	})
//	for _, m := range result.Matches { … }
//
// A folder holds feeds as they were fetched: OSV records (one, or a zip of many),
// updateinfo.xml, the data of debsecan(1), the JSON of Debian's tracker and its list
// of advisories, FreeBSD's VuXML, pkg-vulnerabilities of pkgsrc, the ChangeLog.txt
// of Slackware and the index of OpenBSD's patches; all of them also with gzip, bzip2
// or zlib. What a file is its content says, not its name. Nothing is fetched.
//
// # Design
//
// A feed is foreign text. It is bounded in bytes, in bytes of one record, in
// records, and by the context; one that is over a bound, ends early or does not
// parse is Unknown with the reason, and what it gave before stands. It can raise a
// finding, and nothing else. One odd record hides no other: what it leaves open is a
// Match that is Unknown.
//
// Readers stream. Of most records no package is installed, so each is first held
// against the names that are, and decoded only when one is.
//
// Silence of a feed proves nothing unless it speaks of this system: Applies says
// that at least one of its records was for this release. The digest of each file is
// in the answer, and Keep copies what was read, so that a report can be made again from
// the same bytes. Signatures are checked by gpgv(1) where a Folder has Keys.
package advisory
