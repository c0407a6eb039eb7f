package memory

// WithStep gives a store that calls step before each change of the disk.
func (s FileStore) WithStep(step func(string) error) FileStore {
	s.step = step
	return s
}
