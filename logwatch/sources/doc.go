// Package sources finds the logs of a system: those of syslog daemons, those of
// services in folders of their own, and what patterns of a person name.
//
//	found, err := sources.Find(ctx, h, nil)
//
// What is not read is named, and of very many logs each folder gives its share, so
// that nobody hides one log by writing many others.
package sources
