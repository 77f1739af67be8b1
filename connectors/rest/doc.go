// Package rest reads any system with an HTTP API that answers in JSON, from settings alone: how to log in, what to ask,
// where the rows, their keys and times stand, how pages follow each other, and what failures look like. The settings
// are the vocabulary; the machinery is that of httpsource and objectsource, with all that these promise.
//
// Requests are made of params with placeholders: {from} and {to} (the window, half open), {limit}, {page}, {offset},
// {token}, {after.FIELD} (of the last row read). A parameter whose placeholder has no value yet is left out.
//
//	streams:
//	  orders:
//	    path: /orders
//	    params: {updated_from: "{from}", updated_before: "{to}", limit: "{limit}"}
//	    rows: data
//	    key: [id]
//	    time: updated_at
//	    paging: {kind: link, next: next}
//
// Paging by offset or page number is safe against rows that move: a page begins with the last row of the one before, or
// the total is compared, and a window that moved is begun again. Connectors for one certain API are a few lines: Preset.
package rest
