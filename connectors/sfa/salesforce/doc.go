// Package salesforce reads Salesforce, and Veeva CRM on it, through the REST API: accounts, contacts (doctors), events,
// Veeva calls and cases.
//
// Rows come by SOQL from half-open windows of SystemModstamp in the order of Id, through queryAll, so that rows in the
// recycle bin arrive as deletes. Pages follow the server's own cursor; when it dies the query begins again behind the
// last Id. Short pages are normal and only done ends a query. What was
// deleted before a reset, in the recycle bin or lost from it, is found by comparing keys.
//
// Many rows, as a first load has, are asked for through a job of Bulk API 2.0: the same question in the same order, so that
// an id is the place in it and a job that expired is replaced by one that begins behind the last row. Its CSV is turned
// into the rows, and the JSON, that REST would have answered. A job that is not read to its end is aborted on Close.
//
// Login is the client-credentials flow or the JWT bearer flow; both have tokens whose end nobody knows beforehand, so a
// refused one is replaced once. The share of the daily API calls that the hub may use up is a setting.
package salesforce
