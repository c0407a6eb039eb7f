// Package incident turns verdicts, look by look, into as few messages as a
// person needs: one when something is broken for sure, and one when it is well.
//
//	book := incident.NewBook()
//	events := incident.Rules{}.Step(book, now, sights)
//	// store the book, then deliver book.Outbox, then book.Sent(ids...)
//
// A Book is all that is remembered, with what is still to be delivered, and is
// stored as one file: what was decided and what was sent cannot come apart.
//
// # Design
//
// A subject goes through soft states, in which it is looked at again and nobody
// is told, into a hard one. The first bad look is attempt 1. Nobody is told of a
// recovery who was not told of the problem, and everybody who was is told of the
// recovery, after a restart too. A subject that flaps, whose parent is down, or
// that is in a maintenance window, is told when that is over and it is still
// down. What nobody knows changes nothing.
//
// The id of an incident is made of its subject and the interval in which it
// began, so that two vantages that come to the same verdict give it the same id,
// and a receiver takes two messages for one. Only one of them sends: the one
// that Sender gives, the same for all who see the same vantages.
//
// What other vantages tell is believed within bounds, since a key can be stolen: a
// window of theirs lasts a week at most and is itself told to people, which no
// window mutes; their acknowledgements quiet the repetitions of one incident for
// three days; and nothing is of the future. What remains is said here: of two
// vantages, one that lies can vote against a failure, and claim to have told it. A
// third vantage, and a receiver that hears nothing from one of them for days, tell.
package incident
