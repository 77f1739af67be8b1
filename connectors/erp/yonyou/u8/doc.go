// Package u8 reads 用友 U8+ through the maker's cloud, which relays every call to the U8 server at the customer: customers,
// products (inventory) and sales outbound lines.
//
// A token travels in the query of every call. Lists come in pages by number and are read in slices of the time of change
// (objectsource.Sliced). Answers are flat: the rows stand under the object's name, numbers are text, fields without a value
// are missing, and a failure is an errcode that is not "0" inside HTTP 200. The relay to a server that is switched off fails
// in passing: such calls are made again after a longer pause, and reported as a source that is not reachable.
//
// Orders become sales orders: saved under a number of the platform's, looked for by the field that holds their key, then verified.
//
// Names of fields differ in case between objects and versions; rows give them in lower case. What else differs, the settings
// say. Times carry no zone and are those of China. A red bill's lines have negative quantities: they are returns.
package u8
