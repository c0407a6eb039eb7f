package netif

import (
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Snapshot is one reading of all interfaces of a system.
type Snapshot struct {
	Time       time.Time // by the clock of the observed system
	Boot       string    // identity of the boot; "": not known
	Booted     time.Time // zero: not known
	Interfaces []Sample  // in the order of the system
}

// A Sample is one reading of one interface. A number that the system did not
// tell is a gap, never zero.
type Sample struct {
	Name  string `json:"name"`
	Index int    `json:"index,omitempty"` // the kernel's number; zero: not known
	MAC   string `json:"mac,omitempty"`
	Kind  Kind   `json:"kind,omitempty"`
	Up    bool   `json:"-"`               // it can carry traffic; see Known
	Known bool   `json:"-"`               // Up is known
	Speed uint64 `json:"speed,omitempty"` // bits per second; zero: not known
	Width int    `json:"width,omitempty"` // bits of a counter: 32, 64; zero: not known

	Master string `json:"master,omitempty"` // the bridge or bond that it belongs to
	Link   int    `json:"link,omitempty"`   // the number of the interface that it rides on: of a VLAN, say

	Received Counters `json:"received"`
	Sent     Counters `json:"sent"`
}

// Counters of one direction, since the interface was made or the system booted.
type Counters struct {
	Bytes   report.Number `json:"bytes"`
	Packets report.Number `json:"packets"`
	Errors  report.Number `json:"errors"`
	Drops   report.Number `json:"drops"`
}

// Kind says what an interface is. The zero value is not known.
type Kind string

// The kinds.
const (
	Physical Kind = "physical" // there is a device behind it
	Loopback Kind = "loopback"
	Bridge   Kind = "bridge"
	Bond     Kind = "bond"
	VLAN     Kind = "vlan"
	Tunnel   Kind = "tunnel"
	Virtual  Kind = "virtual" // no device, and none of the above
)
