// Package daily holds the agent's settings, and wires the checks of its daily
// round: what is asked of a system, by which settings, and what one check needs
// of another.
package daily
