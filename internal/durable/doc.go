// Package durable is the one way to write what must survive: a crash, a full
// disk, a flipped bit, a killed process.
//
//	File     is replaced whole: temporary name in the same folder, fsync,
//	         rename, fsync of the folder; the content before may stay beside it
//	Form     is the head line of a file: name, version, checksum, length
//	Sealed   is a File of a Form: a damaged one falls back to the copy before,
//	         and says so; one of a later version stays
//	Digests  is a folder of files named by their SHA-256
//	Lock     dies with its process, and says who holds it
//
// After a crash at any moment a file has its old content or its new one, never
// a part. What a writer writes the reader takes: a bound that reading has,
// writing checks first.
package durable
