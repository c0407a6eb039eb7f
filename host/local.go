package host

import (
	"net"
	"time"
)

// Local returns the machine that this process runs on. Its commands run with
// the rights of this process, in a session of their own without a terminal,
// with "/" as working directory; a command has ended when its process has:
// what its descendants write later is not waited for. On a system without the
// needed calls Files and Exec are nil, so they answer errors.ErrUnsupported.
//
// A call that the kernel itself holds up (a dead network file system) is not
// ended by its context.
func Local() Host {
	return Host{
		Files: localFiles(),
		Exec:  localRunner(),
		Dial:  (&net.Dialer{}).DialContext,
		Now:   time.Now,
	}
}

// Root returns the files below dir (a mounted image, a chroot) as a system of
// their own: links, absolute ones too, resolve inside dir, and ".." ends there,
// also while others rename what is below. Commands and Dial answer
// errors.ErrUnsupported, and the clock is that of this process. dir is opened
// anew at each call; give an absolute path.
//
// A name is refused with ELOOP after 40 links and with ENAMETOOLONG beyond 255
// directories.
func Root(dir string) Host {
	return Host{Files: rootFiles(dir), Now: time.Now}
}
