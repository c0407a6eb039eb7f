// Package trust scans without reading again what nothing can have changed since
// the baseline, as the times of files say, and reads all where times prove nothing.
//
//	err := integrity.Compare(b.Entries(), trust.Scan(ctx, h, b, integrity.Pace{}, &counts), b.Profile.Compared(), fn)
//
// It is for runs by the hour. An intruder who writes below the file system is found
// by a full scan alone.
package trust
