// Package memory holds what outlives a run: Open, the findings of all runs folded
// into what is known to be wrong with one host; and Saved, all that one run hands
// to the next, in a Store.
//
// FileStore is the store for one machine, in one folder. A store of one's own keeps
// the sentences of Store; reporttest.TestStore tries them.
package memory
