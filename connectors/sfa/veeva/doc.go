// Package veeva holds what Vault and Network share: the login that gives a session, answers that carry their failure inside
// status 200, and limits that delay instead of refusing. The connectors are in vault and network.
//
// A session is made once per connection and goes out as the value of Authorization, without a scheme. A user or password that
// was refused is not tried again: five tries lock the account. A login that comes too often waits for a minute.
package veeva
