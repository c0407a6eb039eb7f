// Package pushserver takes backups over HTTP and lets nobody take them away.
//
//	http.ListenAndServeTLS(addr, cert, key, &pushserver.Server{Client: pushserver.ByCertificate(clientOf)})
//
// PUT /packs/HH/ID and PUT /snaps/NUMBER create files, GET reads them, and every
// other method is refused and logged. The server holds no key to read with: it
// checks that a pack is what its name says, and that a snapshot is signed by its
// client, follows the newest one, and needs only packs that are there whole. So a
// client that was broken into can add to its history, and change nothing of it.
//
// With a key of its own the server signs a receipt for each snapshot: that it has
// it, and since when. No client can write or replace one; a number that has one is
// never taken by another snapshot, and old ones are let go by the receipts' times.
//
// Numbers are neither used again nor left out. A server that is put back to a time
// before has not the snapshots that its client made since, and believes no client how
// many they were: it goes on after the number of a receipt that it gave, which
// package commit keeps and gives back, or of Client.Used.
//
// Remote is the store of such a client. Both speak HTTP over any pipe as well: a
// forced command of ssh needs neither a port nor a certificate.
package pushserver
