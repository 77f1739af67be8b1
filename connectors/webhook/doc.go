// Package webhook takes what other systems post to the hub: JSON, JSON lines, or JSON in a form, signed with HMAC-SHA256.
//
// A delivery is judged when it comes (Judge): its signature, its age, its media type, and to which streams it belongs. The
// hub keeps what is accepted in the connection's inbox before it answers; the source reads it from there like any other, so
// maps, quarantine and accounts are the usual ones. Rows whose form is wrong go to quarantine, they do not refuse the others.
// The position is the number of the last delivery that is stored; acknowledging it empties the inbox up to there.
//
// What a sender may learn: an unsigned or stale request is refused without a word about why.
package webhook
