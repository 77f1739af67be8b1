package veeva

import (
	"encoding/json"
	"time"

	"tributary/connectors/httpsource"
)

// configurationPause is how long a system that is being configured is left alone.
const configurationPause = 30 * time.Minute

// classes of error types; one that is not listed is permanent.
var classes = map[string]httpsource.Class{
	"INVALID_SESSION_ID":             httpsource.ReauthOnce,
	"API_LIMIT_EXCEEDED":             httpsource.Throttle,
	"CONFIGURATION_MODE_ENABLED":     httpsource.Throttle,
	"RACE_CONDITION":                 httpsource.Retry,
	"OPERATION_IN_PROGRESS":          httpsource.Retry,
	"UNEXPECTED_ERROR":               httpsource.Retry,
	"USERNAME_OR_PASSWORD_INCORRECT": httpsource.ConfigStop,
	"USER_LOCKED_OUT":                httpsource.ConfigStop,
	"INSUFFICIENT_ACCESS":            httpsource.Forbidden,
}

// envelope is what every answer has around its data.
type envelope struct {
	Status  string `json:"responseStatus"`
	Message string `json:"responseMessage"`
	Errors  []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"errors"`
}

// Judge reads an answer: nil when it is a success that is whole. Part of an answer is a failure that may pass.
func Judge(body []byte) *httpsource.Error {
	if e := httpsource.ExpectJSON(body); e != nil {
		return e
	}
	var answer envelope
	if err := json.Unmarshal(body, &answer); err != nil {
		return httpsource.UnknownShape("%v", err)
	}
	switch answer.Status {
	case "SUCCESS", "WARNING":
		return nil
	case "FAILURE", "EXCEPTION", "PARTIAL_SUCCESS":
		return answer.failure()
	}
	return httpsource.UnknownShape("an answer without a known responseStatus")
}

func (a envelope) failure() *httpsource.Error {
	e := &httpsource.Error{Class: httpsource.Permanent, Code: a.Status, Message: a.Message}
	if a.Status != "FAILURE" {
		e.Class = httpsource.Retry
	}
	if len(a.Errors) > 0 {
		e.Code, e.Message, e.Class = a.Errors[0].Type, a.Errors[0].Message, classes[a.Errors[0].Type]
		if e.Class == "" {
			e.Class = httpsource.Permanent
		}
	}
	if e.Code == "CONFIGURATION_MODE_ENABLED" {
		e.Wait = configurationPause
	}
	return e
}

// JudgeStatus reads a failure that comes with a status of its own; nil leaves the status to the usual rules.
func JudgeStatus(r *httpsource.Response) *httpsource.Error {
	var answer envelope
	if json.Unmarshal(r.Body, &answer) != nil || len(answer.Errors) == 0 {
		return nil
	}
	return answer.failure()
}
