// Package upkeep is the root of a library for the daily work of a Unix
// maintenance service: it watches services, audits what changed, reads the
// logs, counts traffic, backs up configuration, tracks security fixes, and puts
// one report in front of a person who signs it.
//
// There is nothing to import here. The packages stand alone: integrity,
// logwatch, netprobe, traffic, backup, pkgupdate and resource look at a
// system through package host and record what they find with package report;
// examples/agent composes them into a ready daily agent.
package upkeep
