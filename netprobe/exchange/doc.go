// Package exchange carries observations between vantages that need nothing but
// each other.
//
//	node := &exchange.Node{Name: "a", Key: key, Peers: peers, Store: store, Watched: watched}
//	http.Server{Handler: node, TLSConfig: node.ServerTLS()} // for the peers
//	node.Swap(ctx, peer)                                    // with each peer, often
//	set, err := node.Set(ctx)                               // for package verdict
//
// Each vantage has an Ed25519 key. It signs what it observes, and it is known by
// that key on both ends of each connection; there is no authority in between.
//
// # Design
//
// A Store is a map in which the later observation of a vantage on a target wins,
// so that it does not matter in which order, how often and over whom one
// arrives. A peer may only tell of itself and pass on what others have signed,
// only of targets that are watched here, and never from the future. What arrives
// late is as old as it says; else the time at which it arrived here counts, so
// that the clocks of two vantages need not agree to the second.
//
// The file store has no lock between machines: it gives no lease, and what needs
// one, such as mending by itself, is refused there. A vantage that reaches nobody
// goes on observing, and tells when it can.
package exchange
