// Package database is the connector for distributors that let the hub look into their own database (直连 DDI).
//
// The distributor's IT writes one SELECT for each ledger, best as a view, whose columns bear the names of this package:
//
//	id        tells a row from every other, for ever; required
//	doc_date  business date; required
//	changed_at  time of the last change, set by the database at every write; wished
//	deleted   1, true or Y when the row was taken back; wished
//	doc_no, cust_code, cust_name, supp_code, supp_name, prod_code, prod_name, spec, approval_no, maker, lot, mfg_date,
//	exp_date, qty, unit, price, amount, kind, return_flag, branch, remark; _uscc, _licence, _addr, _city, _county of partners
//
// With changed_at a run reads what changed since the last one up to the database's own clock less a lag, so that rows
// committed late are not missed, nor those that a replica has late. Without it a run reads the business dates from some
// days before the last one on again; of these days the store keeps what the run showed, so rows that are gone from them are
// taken back (once a day while serving, see sweep_every), save those that another replica may not have yet (replica_delay).
// Rows come in the order of (time, id), page by page behind the last row read, never by counting.
//
// Guarantees to the distributor: one connection; each page is one statement in a read-only transaction of its own with
// limits on time, lock waits and rows; a pause between pages; no statement that is not one SELECT is ever sent. SQL Server
// has no read-only transactions: there the account's rights are the only guard, and checks say so.
//
// PostgreSQL and MariaDB are tested against real servers. The statements for SQL Server and Oracle are tested as text
// only: they were not run against a live server.
package database
