package system_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
)

// The forms of stacks that Debian, Red Hat, Arch, SUSE and FreeBSD have.
const (
	debianAuth = "auth [success=2 default=ignore] pam_unix.so nullok\nauth [success=1 default=ignore] pam_sss.so use_first_pass\nauth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n"
	redHatAuth = "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\nauth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n" +
		"auth [default=1 ignore=ignore success=ok] pam_localuser.so\nauth sufficient pam_unix.so nullok\nauth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n" +
		"auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n"
	archAuth = "auth required pam_faillock.so preauth\n-auth [success=2 default=ignore] pam_systemd_home.so\nauth [success=1 default=bad] pam_unix.so nullok\n" +
		"auth [default=die] pam_faillock.so authfail\nauth optional pam_permit.so\nauth required pam_env.so\nauth required pam_faillock.so authsucc\n"
	suseAuth = "auth required pam_env.so\nauth optional pam_gnome_keyring.so\nauth required pam_unix.so try_first_pass\n"
	bsdSu    = "auth sufficient pam_rootok.so no_warn\nauth sufficient pam_self.so no_warn\nauth requisite pam_group.so no_warn group=wheel root_only fail_safe ruser\nauth include system\n"
	unixOnly = "auth required pam_unix.so no_warn try_first_pass nullok\n"
)

func TestAStackThatRefusesNobodyIsCritical(t *testing.T) {
	replaced := func(text, old, now string) string { return strings.Replace(text, old, now, 1) }
	for name, c := range map[string]struct {
		files map[string]string
		by    string // file by which everybody is let in; "" is none
	}{
		"Debian's":                      {map[string]string{"common-auth": debianAuth, "su": "auth sufficient pam_rootok.so\n@include common-auth\n"}, ""},
		"Red Hat's":                     {map[string]string{"system-auth": redHatAuth, "sudo": "auth include system-auth\n", "sshd": "auth substack system-auth\nauth include postlogin\n"}, ""},
		"Arch's":                        {map[string]string{"system-auth": archAuth}, ""},
		"SUSE's":                        {map[string]string{"common-auth": suseAuth}, ""},
		"FreeBSD's":                     {map[string]string{"system": unixOnly, "su": bsdSu}, ""},
		"some without a password":       {map[string]string{"gdm-password": "auth requisite pam_nologin.so\nauth sufficient pam_succeed_if.so user ingroup nopasswdlogin\n@include common-auth\n", "common-auth": debianAuth}, ""},
		"root alone":                    {map[string]string{"runuser": "auth sufficient pam_rootok.so\n"}, ""},
		"no rule at all":                {map[string]string{"systemd-user": "account required pam_unix.so\n"}, ""},
		"a screen that logs nobody in":  {map[string]string{"lightdm-greeter": "auth required pam_env.so\nauth required pam_permit.so\n"}, ""},
		"permitted where it was denied": {map[string]string{"common-auth": replaced(debianAuth, "auth requisite pam_deny.so\n", "")}, "common-auth"},
		"of many that include it":       {map[string]string{"common-auth": replaced(debianAuth, "requisite pam_deny.so", "required pam_permit.so"), "su": "@include common-auth\n", "sudo": "@include common-auth\n"}, "common-auth"},
		"nothing but permission":        {map[string]string{"sudo": "auth required pam_permit.so\n"}, "sudo"},
		"an optional password":          {map[string]string{"sudo": "auth optional pam_unix.so\nauth required pam_env.so\n"}, "sudo"},
		"a failure that is fine":        {map[string]string{"system-auth": replaced(replaced(redHatAuth, "auth sufficient pam_sss.so", "auth [default=ignore] pam_sss.so"), "required pam_deny", "optional pam_deny")}, "system-auth"},
		"a jump over the refusal":       {map[string]string{"common-auth": replaced(debianAuth, "[success=1 default=ignore] pam_sss", "[default=1] pam_sss")}, "common-auth"},
		"in a stack of its own":         {map[string]string{"sshd": "auth substack x\nauth required pam_env.so\n", "x": "auth optional pam_unix.so\n"}, "sshd"},
		"a file that includes itself":   {map[string]string{"sudo": "auth include sudo\nauth required pam_unix.so\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := hooked
			for file, rules := range c.files {
				head := "-- /etc/pam.d/" + file + " --\n"
				before, rest, there := strings.Cut(text, head)
				if there {
					_, after, _ := strings.Cut(rest, "\n-- ")
					text = before + "-- " + after
				}
				text += head + rules
			}
			var told []string
			for _, title := range integritytest.Titles(integritytest.Collect(t, inventory.Check{Question: system.Hooks{Host: hosttest.New(text).Host()}, Dir: t.TempDir()})) {
				if strings.Contains(title, "lets everybody in") {
					told = append(told, title)
				}
			}
			want := []string(nil)
			if c.by != "" {
				want = []string{"critical: PAM lets everybody in by " + c.by + ": no rule refuses a wrong password"}
			}
			assert.Equal(t, want, told)
		})
	}
}
