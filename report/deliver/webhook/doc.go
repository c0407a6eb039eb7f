// Package webhook hands a report to an HTTP server: to a chat, to Alertmanager,
// to a program of one's own, or to a watcher that is to hear of every run.
//
//	hook := webhook.Hook{URL: "https://chat.example/hooks/4711", Body: webhook.Chat}
//	ping := webhook.Ping{URL: "https://hc.example/ping/0c3…"}
//
// A body is signed where there is a secret: the header X-Upkeep-Signature is
// "v1=" and the HMAC-SHA256, in hexadecimal digits, of the header
// X-Upkeep-Timestamp, a dot, and the body. X-Upkeep-Delivery is the report's ID,
// the same for each attempt, by which a receiver knows what it has.
//
// # Design
//
// An address of a hook is a secret in itself: no error holds it, and no redirect
// is followed. An answer is bounded and shown as one line. What is in a report is
// data in every body: the templates quote it as JSON, and a chat is given it as code,
// since a line of a log that mentions everybody or holds a link is no message of ours.
package webhook
