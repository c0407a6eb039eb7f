// Package ftplog makes numbers of the transfers of an FTP server from its
// xferlog, which wu-ftpd, ProFTPD, vsftpd and Pure-FTPd write, or from vsftpd's
// own log.
//
//	var stats ftplog.Stats
//	reading, err := traffic.ReadFile(ctx, logstream.Log{Host: h, Path: "/var/log/xferlog"}, &stats)
//
// It shows how a log of one's own is read: a pure parser of a line, and a
// traffic.Analyzer that counts. It is no checker.
package ftplog
