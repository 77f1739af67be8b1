package kingdee

import (
	"context"
	"encoding/json"
	"net/http"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// implied fields stand in no metadata: ids of bill and line, and the lot as typed.
var implied = []string{"FID", "FCUSTID", "FMATERIALID", "FLOTID", "FEntity_FEntryID", "FLot_Text"}

type label []struct{ Value string }

func (l label) text() string {
	if len(l) == 0 {
		return ""
	}
	return l[0].Value
}

// Describe asks for the fields of a form. Kingdee matches their names without case.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	form := st.Info.Name
	body, err := json.Marshal(map[string]any{"data": map[string]any{"FormId": form}})
	if err != nil {
		return objectsource.Metadata{}, err
	}
	var fields []connectors.Field
	check := judge(c.settings.Auth == "signature")
	_, err = c.client.Do(ctx, httpsource.Request{
		Op: "metadata of " + form, Method: http.MethodPost, Path: formService + "QueryBusinessInfo.common.kdsvc",
		Body: body, Header: jsonHeader(), JudgeStatus: judgeStatus,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := check(r); e != nil {
				return e
			}
			var e *httpsource.Error
			fields, e = readMetadata(httpsource.Unquote(r.Body))
			return e
		},
	})
	if len(fields) > 0 {
		for _, name := range implied {
			fields = append(fields, connectors.Field{Name: name})
		}
	}
	return objectsource.NewMetadata(fields, true), err
}

func readMetadata(body []byte) ([]connectors.Field, *httpsource.Error) {
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
	if err := httpsource.Decode(body, &answer); err != nil || answer.Result == nil {
		return nil, httpsource.UnknownShape("metadata of a form without Result")
	}
	var fields []connectors.Field
	for _, entity := range answer.Result.NeedReturnData.Entrys {
		for _, f := range entity.Fields {
			fields = append(fields, connectors.Field{Name: f.Key, Type: text(f.ElementType), Title: f.Name.text()})
		}
	}
	return fields, nil
}
