// Package rotation takes from a comparison what is the business of logs: that they
// grow, and that rotation takes and gives copies of them.
//
// It keeps no state and moves no baseline. What logs say is not its question.
package rotation
