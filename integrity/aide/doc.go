// Package aide reads the configuration of AIDE as it is, so that the rules that an
// administrator has written choose files and attributes here as they do there.
//
//	c, err := aide.Load(ctx, h, "/etc/aide/aide.conf", aide.Options{})
//	scan := integrity.Scanner{Files: h.Files, Profile: c.Profile(), Choose: c.Choose, Old: baseline}
//	err = integrity.Compare(baseline.Entries(), scan.Entries(ctx, nil), tree.FieldsAll,
//		func(ch integrity.Change) error { if ch, ok := c.Reported(ch, grown); ok { … } })
//
// Executables that the configuration includes by @@x_include, as Debian's does, are
// run only for Options.Execute: otherwise Config.Skipped names them, since what their
// rules would choose is not looked at. Rules for one type of file system choose nothing,
// and are named there as well.
//
// # Design
//
// Rules match bytes: an expression is compiled as Latin-1, so a name that is no
// UTF-8 hides nothing. All bytes of a digest are compared, links are read whole,
// times have nanoseconds, and the first capability that a file gets is a change;
// these five are where AIDE's answers differ.
//
// Of AIDE's marks, growing, ANF, ARF and S are kept by Config.Reported, I and
// compressed, by which AIDE follows a rotated log, by Moves. That one looks at what
// changed alone: of a file that is there under a second name as well, or beside its
// packed copy, the new name is new.
package aide
