// Package network reads Veeva Network, the customer master: institutions and doctors with their record states.
//
// Search is paged by offset, how deep it may go nobody says, and it has no place behind a record. So a window of
// modified_date__v is cut into slices until one fits into a page. Records that share one millisecond are paged inside it: each
// page begins with the last record of the page before, and when it does not, records have moved and the slice begins again.
//
// A record that was merged into another one, inactivated by a merge, found invalid or deleted is a delete: its key does not stay
// alive beside the surviving one, which arrives with its own change, and a golden id that only it had redirects to the survivor's. A chain of merges is one delete for each that was absorbed; a merge
// taken back brings the record again. A list of the living keys finds what a search did not tell.
package network
