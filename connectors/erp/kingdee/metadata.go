package kingdee

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// formInfo is what a tenant's metadata says about a form.
type formInfo struct {
	fields []connectors.Field
	keys   map[string]bool // lower case: Kingdee matches names without case
}

// has reports whether the form has the field a column starts from. Metadata that lists nothing rules nothing out.
func (f formInfo) has(column string) bool {
	if len(f.keys) == 0 {
		return true
	}
	head, _, _ := strings.Cut(column, ".")
	return f.keys[strings.ToLower(head)]
}

// implied fields stand in no metadata: ids of bill and line, and the lot as typed.
func implied(column string) bool {
	switch strings.ToLower(column) {
	case "fid", "fcustid", "fmaterialid", "flotid", "fentity_fentryid", "flot_text":
		return true
	}
	return false
}

type label []struct{ Value string }

func (l label) text() string {
	if len(l) == 0 {
		return ""
	}
	return l[0].Value
}

// metadata asks for the fields of a form.
func (c *connection) metadata(ctx context.Context, form string) (formInfo, error) {
	body, err := json.Marshal(map[string]any{"data": map[string]any{"FormId": form}})
	if err != nil {
		return formInfo{}, err
	}
	out := formInfo{keys: map[string]bool{}}
	check := judge(c.settings.Auth == "signature")
	_, err = c.client.Do(ctx, httpsource.Request{
		Op: "metadata of " + form, Method: http.MethodPost, Path: formService + "QueryBusinessInfo.common.kdsvc",
		Body: body, Header: jsonHeader(), JudgeStatus: judgeStatus,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := check(r); e != nil {
				return e
			}
			var answer struct {
				Result *struct {
					NeedReturnData struct {
						Entrys []struct {
							Fields []struct {
								Key         string
								Name        label
								FieldType   any
								ElementType any
							}
						}
					}
				}
			}
			if err := httpsource.Decode(httpsource.Unquote(r.Body), &answer); err != nil || answer.Result == nil {
				return httpsource.UnknownShape("metadata of a form without Result")
			}
			for _, entity := range answer.Result.NeedReturnData.Entrys {
				for _, f := range entity.Fields {
					out.keys[strings.ToLower(f.Key)] = true
					out.fields = append(out.fields, connectors.Field{Name: f.Key, Type: text(f.ElementType), Title: f.Name.text()})
				}
			}
			return nil
		},
	})
	return out, err
}
