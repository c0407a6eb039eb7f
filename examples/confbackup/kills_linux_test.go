//go:build !long

package main

// kills is how often the program is killed at a random moment; with the build tag
// long a thousand times.
const kills = 60
