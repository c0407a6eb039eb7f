package main

func init() {
	silence = append(silence,
		row{
			name: "an upgrade keeps the edited configuration and puts the new one beside it",
			act: func(w *world) {
				w.write("/etc/ssh/sshd_config.dpkg-dist", "PermitRootLogin prohibit-password\n", 0o644)
			},
			line: "The maker's new version of /etc/ssh/sshd_config waits beside it",
		},
		row{
			name: "an upgrade replaces the edited configuration",
			act: func(w *world) {
				w.write("/etc/ssh/sshd_config.dpkg-old", w.read("/etc/ssh/sshd_config"), 0o644)
				w.write("/etc/ssh/sshd_config", "PermitRootLogin yes\n", 0o644)
			},
			line: "The maker's version replaced /etc/ssh/sshd_config",
		},
	)
}
