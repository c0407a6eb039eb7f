package restore

// Exchange and Made are for the test of what happens between two calls.
var Exchange = exchange

const Made = made
