// Package capabilities reads those that a file gives its program, as Linux keeps them
// in an attribute: host.AttrCapabilities.
package capabilities

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// names are the capabilities of Linux by their numbers, see capabilities(7).
var names = strings.Fields(`cap_chown cap_dac_override cap_dac_read_search cap_fowner cap_fsetid cap_kill
	cap_setgid cap_setuid cap_setpcap cap_linux_immutable cap_net_bind_service cap_net_broadcast cap_net_admin
	cap_net_raw cap_ipc_lock cap_ipc_owner cap_sys_module cap_sys_rawio cap_sys_chroot cap_sys_ptrace cap_sys_pacct
	cap_sys_admin cap_sys_boot cap_sys_nice cap_sys_resource cap_sys_time cap_sys_tty_config cap_mknod cap_lease
	cap_audit_write cap_audit_control cap_setfcap cap_mac_override cap_mac_admin cap_syslog cap_wake_alarm
	cap_block_suspend cap_audit_read cap_perfmon cap_bpf cap_checkpoint_restore`)

// Text names the capabilities of a file, from the bytes of
// host.AttrCapabilities; none gives none: a word of revision and flags, then
// pairs of permitted and inheritable bits, little-endian (linux/capability.h).
func Text(v string) string {
	if v == "" {
		return ""
	}
	permitted, ok := Permitted(v)
	if !ok {
		return hex.EncodeToString([]byte(v))
	}
	var words []string
	for i := range 64 {
		switch {
		case permitted&(1<<i) == 0:
		case i < len(names):
			words = append(words, names[i])
		default:
			words = append(words, fmt.Sprintf("cap_%d", i))
		}
	}
	if len(words) == 0 {
		return "inheritable only"
	}
	return prose.List(words, 8)
}

// Permitted gives the capabilities that Text names, a bit for each, and
// whether v has the form of some.
func Permitted(v string) (bits uint64, ok bool) {
	b := []byte(v)
	if len(b) < 12 {
		return 0, false
	}
	bits = uint64(binary.LittleEndian.Uint32(b[4:]))
	if len(b) >= 20 {
		bits |= uint64(binary.LittleEndian.Uint32(b[12:])) << 32
	}
	return bits, true
}
