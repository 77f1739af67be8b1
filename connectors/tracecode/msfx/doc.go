// Package msfx reads the drug traceability platform 码上放心 through the TOP gateway: bills with their codes.
//
// Every call is a POST of form parameters that are signed as a whole, with a timestamp of China that may be ten minutes off.
// Two gates decide about an answer: there is no error_response, and the flag of success is true, which each interface names
// in its own way. Too many calls are told in a sentence with the seconds to wait.
//
// Bills are found by the date of the bill, not of a change: each run reads a sliding window again, stays half an hour behind,
// for uploads show late, and asks the log of outbound bills what was deleted or modified since. A bill is one document: it
// comes whole, and what it holds no more is taken back.
//
// Enterprises are known by two ids, ref_ent_id and ent_id, and rows carry both. Bills of an enterprise that is not among the
// connection's stop the run: the platform's data may be used for those alone that authorised it.
//
// Nothing is uploaded: reporting is the duty of the system that scans the codes, and how the platform refuses what it has is not
// documented.
package msfx
