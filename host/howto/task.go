package howto

// A Task is what a person wants to do or to see.
type Task string

// The tasks that only read. A service has the name by which it is started: on
// systemd the whole name of the unit.
const (
	Status         Task = "status of a service" // service
	FailedServices Task = "services that failed"
	ServiceLog     Task = "last messages of a service" // service
	ReadLog        Task = "last lines of a log"        // file
	KernelLog      Task = "messages of the kernel"
	Logins         Task = "last logins of a user" // user
	Listeners      Task = "who listens"
	Process        Task = "one process" // process number
	MemoryUsers    Task = "what uses the memory"
	ProcessorUsers Task = "what uses the processor"
	DiskUsers      Task = "what uses the space of a folder" // folder
	ManyFiles      Task = "folders with very many files"    // folder
	DiskHealth     Task = "health of a disk"                // device
	ClockStatus    Task = "state of the clock"
	VerifyPackage  Task = "compare a package's files" // package
	PackageOwner   Task = "which package owns a file" // file
	RebootNeeded   Task = "which programs use what was removed"
)

// The tasks that change something.
const (
	Start           Task = "start a service"                         // service
	Stop            Task = "stop a service"                          // service
	Restart         Task = "restart a service"                       // service
	Enable          Task = "start a service at boot"                 // service
	Disable         Task = "no service at boot"                      // service
	EndProcess      Task = "end a process"                           // process number
	LockAccount     Task = "let nobody log in by a password"         // user
	UnlockAccount   Task = "let a user log in by the password again" // user
	EditAccounts    Task = "edit the file of accounts"
	EditGroups      Task = "edit the file of groups"
	RefreshPackages Task = "fetch the list of packages"
	UpgradePackages Task = "upgrade these packages" // packages
	UpgradeAll      Task = "upgrade all packages"
	RemoveKernels   Task = "remove kernels that are no longer needed"
	RepairPackages  Task = "finish what was begun"
	Reboot          Task = "start the system again"
)

// OnlyReads reports whether the task changes nothing.
func (t Task) OnlyReads() bool {
	switch t {
	case Status, FailedServices, ServiceLog, ReadLog, KernelLog, Logins, Listeners, Process, MemoryUsers, ProcessorUsers,
		DiskUsers, ManyFiles, DiskHealth, ClockStatus, VerifyPackage, PackageOwner, RebootNeeded:
		return true
	}
	return false
}
