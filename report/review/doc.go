// Package review keeps what people did about findings: they acknowledge, accept
// and sign. Each act is a record of an append-only log, chained by hashes; what
// it means today is a fold of the log over what is open.
//
//	desk := review.Desk{Store: review.FileStore{Name: dir + "/review.log"}, By: "ann"}
//	err := desk.Acknowledge(ctx, items, review.Terms{Until: friday, Comment: "new disk is ordered"})
//	err = desk.Sign(ctx, rep, "looked at")
//	suite.Review = review.Fold(desk.Store)
//
// # Design
//
// The machine's state and people's acts are apart. A run reads the log when it
// commits and never writes it, so that an act during a run is never lost: the
// next report has it.
//
// An act holds for what its person saw: severity, evidence, the finding's
// present life and, of an event, its last time. When one of these is worse or
// another, or the act's time is over, the finding is open again, and says why.
//
// A record has the hash of the one before, so that an edited log is found out;
// a report keeps the number and the hash of the last act that it knew, so that a
// log which was cut or replaced is found out as well. An error means that nobody
// knows what was accepted, and everything is told.
package review
