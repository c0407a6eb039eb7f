package commit

// MostChanges is mostChanges, for tests from outside.
const MostChanges = mostChanges
