// Package httpsource is the machinery every HTTP connector shares: one client per connection with retries by class,
// circuit breaker, rate limits per scope, a single-flight holder of sessions and tokens, capped and strictly decoded
// answers, and walks over half-open time windows.
//
// A client promises: a failed, cut, oversized or unknown answer is an error and never an empty page; credentials that the
// source refused twice are not tried again for the life of the client; no error carries a secret, a header or the query
// of a URL; every wait ends with the context.
//
//	client, err := httpsource.New(httpsource.Options{Name: "erp", BaseURL: "https://erp.example", Now: env.Now, Auth: auth})
//	resp, err := client.Do(ctx, httpsource.Request{Op: "query customers", Method: "POST", Path: "/query", Body: body, Judge: judge})
//	var e *httpsource.Error
//	if errors.As(err, &e) && e.Class == httpsource.Throttle { … e.Wait … }
//
// Clients are safe for use by several goroutines; a Walk is not.
package httpsource
