// Package capture is the daily question about the backup of configuration: was
// it made, is it whole, and can what is stored be read?
//
//	check := capture.Configuration{Host: host.Local(), Store: dirstore.Dir("/var/lib/upkeep/backup")}
//	result, err := suite.Collect(ctx, check)
//
// # Design
//
// A finding is a fact about the store or a file: the disk is full, the file is
// too large. The facts are a closed list. What else goes wrong, such as a
// connection that broke, says nothing about either: it is a problem of the run,
// and covers nothing.
package capture
