// Package disk tells whether the file systems of a machine run out of space or
// inodes, have stopped writing, do not answer or are missing, and whether an array
// of disks is whole.
//
//	usage, err := disk.ReadUsage(ctx, h)
//
// A network file system is asked whether it answers, and no more: its space is
// the business of its server.
//
// # Design
//
// What could hang, df(1), is given five seconds, for all file systems together
// and then for each alone: the one that hangs is a finding, and the others are
// known. One df that the kernel does not let go is left behind for each run.
//
// Space comes from df(1), which is on every system, remote ones too; a full disk
// is reported only when it is short by both measures, the share and the free
// bytes, because nine tenths of a large disk leave plenty.
package disk
