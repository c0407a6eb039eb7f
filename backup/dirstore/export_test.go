package dirstore

// CreateWithSteps is Create with a hook before each system call.
func CreateWithSteps(d Dir, name string, data []byte, step func(string) error) error {
	return d.create(name, data, step)
}
