//go:build !linux

package tree

// idle does nothing: only Linux has a priority for reading.
func idle() {}
