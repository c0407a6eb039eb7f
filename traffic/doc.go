// Package traffic has what the analysers of logs and counters share: the
// Analyzer that users implement for logs of their own, the loops that feed it,
// and counts that stay small whatever is counted.
//
//	mail := maillog.New(maillog.Options{})
//	reading, err := traffic.Read(ctx, logstream.Log{Host: h, Path: "/var/log/mail.log"}, kept, mail)
//	kept = reading.Position // with what mail counted
//
// It knows no format of a log, and waits for nothing.
//
// # Design
//
// A log chooses its own keys: addresses, URLs, agents. So every table is
// bounded. A Top is exact up to its bound and says so; beyond it, it drops the
// rarest, and a key that comes then may have been one of them: its count is never
// too low, and too high by no more than its entry says. A Distinct
// is exact up to its bound, then a HyperLogLog whose seed comes from the caller,
// since who knows the hash chooses the answer. It chooses its times as well: of
// hours and days 400 are kept apart, and older ones are folded into one.
package traffic
