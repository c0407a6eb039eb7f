// Package signature signs baselines of package integrity, and verifies that one
// is still the one that was signed.
//
//	err := signature.Sign(baseline, private) // Ed25519, in OpenSSH's form
//	…
//	err = signature.Verify(baseline, public) // lines as in authorized_keys
//
// A baseline lies on the machine that it is about, so whoever has become root
// there can write another one, with a record of an acceptance that leads to it.
// What he cannot write is the signature of a key that is kept elsewhere.
//
// A folder of baselines, such as that of the agent with its files, accounts, mounts
// and all else, is signed by one signature (SignAll), which Verify takes for each.
//
// The package keeps no keys, and does not say who may sign: that is a file of
// public keys of the one who asks.
package signature
