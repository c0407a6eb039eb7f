package inventory_test

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

func ExampleInterprets() {
	fmt.Println(inventory.Interprets("/usr/bin/python3.11"), inventory.Interprets("dash"), inventory.Interprets("/usr/sbin/sshd"))
	// Output: true true false
}
