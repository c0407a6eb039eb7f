// Package pflogsumm gives the numbers of the program of that name, where a report
// has to agree with those of before.
//
//	stats := &pflogsumm.Stats{Now: time.Now()}
//	reading, err := traffic.ReadFile(ctx, logstream.Log{Host: h, Path: "/var/log/mail.log"}, stats)
//	err = stats.Write(os.Stdout)
//
// They differ from the truth, which package maillog tells: a message that passes a
// content filter is counted twice, an id that was used again gives its message the
// size and the sender of the one before, further instances of Postfix are not read,
// and the year of a time is not believed.
//
// It follows version 1.1.5, by its source. It is not fast, its tables are as large as
// the log makes them, and it knows no pseudonyms.
package pflogsumm
