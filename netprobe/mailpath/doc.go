// Package mailpath judges what has to be right around a mail server for mail to
// arrive: the MX records and the names behind them, SPF, DKIM, DMARC, MTA-STS,
// TLSA, and the block lists.
//
//	res := mailpath.Domain{Name: "example.org", Zone: mailpath.Resolver{Addr: "192.0.2.53:53"}}.Probe(ctx)
//
// A Domain is a netprobe.Prober: what is wrong are the issues of its result, with
// the question as their phase. A Loop sends one mail, waits in its mailbox for it
// and deletes it. The package changes nothing else and publishes nothing.
//
// # Design
//
// That a question was not answered is Unknown and local, and never the same as an
// answer that there is no such record. Records are read as text in the form of
// zone files, so that a zone of a test is a map.
package mailpath
