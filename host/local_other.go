//go:build !(linux || freebsd || openbsd || netbsd || darwin)

package host

func localFiles() FS      { return nil }
func localRunner() Runner { return nil }
func rootFiles(string) FS { return nil }
