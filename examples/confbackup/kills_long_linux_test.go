//go:build long

package main

const kills = 1000
