// Package neocrm reads 销售易 (Neocrm) through its open API: accounts, contacts (doctors), visits, patients
// and service cases.
//
// Rows come by XOQL from windows of updatedAt, in the order of their ids, either by keyset or by the server's scroll. Ids
// are longer than a float64 holds and stay text or json.Number. Times are epoch milliseconds; business dates arrive as
// yyyy-MM-dd. Picklists keep their code and get the label beside it as FIELD_label, from the object's description.
//
// What an object is called and which fields it has differs by tenant: the description is read at every run, fields that
// are not there are not asked for, and the setting tenant_fields adds the tenant's own. Deletes do not show; they are
// found by comparing keys.
package neocrm
