// Package pharmacy reads a pharmacy chain that offers its stores' books over a plain REST API.
//
// The API, for chains that build one for us:
//
//   - Base address as the chain likes, with a path prefix or none. Header "Authorization: Bearer <token>" on every call.
//   - GET /stores: every store and the head office (code, name, kind store|head_office, uscc, licence_no, province, city,
//     county, address, phone). A complete list: a store that is not in it any more is gone.
//   - GET /sales: what stores sold to persons, by day, product and lot, without anybody's name.
//   - GET /purchases: what stores and head office received, from suppliers and from the head office.
//   - GET /stock: what every store has now, by product and lot.
//   - Answers are {"data": [rows], "next": link or null}. The link continues the list behind the
//     last row given, whatever was added or changed meanwhile: relative or absolute, on the same host, good for an hour. Rows of /sales and /purchases come for ?updated_from=…&updated_before=… (RFC 3339,
//     half-open, either may be missing) and carry id, updated_at and deleted (true: take the row back).
//   - Rows of books: id, store_code, date (yyyy-MM-dd), doc_no, product_code, product_name, spec, approval_no, unit,
//     lot, quantity (decimal text), kind; purchases also supplier_code, supplier_name.
//   - 401 wrong token, 403 no right, 410 a link that is too old, 429 with Retry-After, 5xx passing trouble; bodies of
//     failures are application/problem+json.
//
// A run reads one window of updated_at up to the server's clock and keeps the next link as its place.
package pharmacy
