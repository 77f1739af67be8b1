package rest

import (
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

// Stream is one list of the API.
type Stream struct {
	Path     string         `cfg:"path" doc:"Path below base_url." doc_zh:"base_url 之下的路径。" example:"/orders" required:"true"`
	Method   string         `cfg:"method" doc:"HTTP method." doc_zh:"HTTP 方法。" default:"GET" enum:"GET,POST"`
	Send     string         `cfg:"send" doc:"How params are sent; query for GET and json for POST unless said." doc_zh:"参数发送方式；默认 GET 用 query、POST 用 json。" enum:",query,json,form"`
	Params   map[string]any `cfg:"params" doc:"Params with placeholders {from}, {to}, {limit}, {page}, {offset}, {token}, {after.FIELD}; one without a value is left out." doc_zh:"参数，可用占位符 {from}、{to}、{limit}、{page}、{offset}、{token}、{after.字段}；没有值的参数不发送。" example:"{updated_from: '{from}', limit: '{limit}'}"`
	Rows     string         `cfg:"rows" doc:"Path of the list of rows in the answer; empty: the answer is the list." doc_zh:"行列表在返回中的路径；留空表示返回本身即列表。" example:"data.items"`
	NullRows bool           `cfg:"null_rows" doc:"The source says null instead of an empty list." doc_zh:"来源用 null 表示空列表。" advanced:"true"`
	Key      []string       `cfg:"key" doc:"Fields that together name a row; snapshot_date adds the day of the run." doc_zh:"唯一标识一行的字段；snapshot_date 表示加上运行日期。" example:"[id]" required:"true"`
	Time     string         `cfg:"time" doc:"Field with the time of the row's last change." doc_zh:"行最后变更时间的字段。" example:"updated_at"`
	Format   string         `cfg:"time_format" doc:"How the source writes times: rfc3339, epoch_s, epoch_ms, or a pattern such as yyyy-MM-dd HH:mm:ss." doc_zh:"时间写法：rfc3339、epoch_s、epoch_ms，或 yyyy-MM-dd HH:mm:ss 之类的格式。" default:"rfc3339"`
	Deleted  string         `cfg:"deleted" doc:"Field that tells that the row is taken back." doc_zh:"表示该行已删除的字段。" example:"deleted"`
	Gone     []string       `cfg:"deleted_values" doc:"Values of that field that mean deleted." doc_zh:"表示已删除的取值。" default:"true,1" advanced:"true"`
	Complete bool           `cfg:"complete" doc:"The list is whole at every run: what is not in it any more is deleted. Only without {from} and {to}." doc_zh:"每次都是完整清单：不再出现的即视为删除；不可与 {from}、{to} 同用。"`
	Paging   Paging         `cfg:"paging" doc:"How pages follow each other." doc_zh:"翻页方式。"`
	Fields   []string       `cfg:"fields" doc:"Fields that rows must have, for check and discover; empty: those of the first row." doc_zh:"行必须具有的字段，用于检查与发现；留空则取第一行的字段。"`
	Title    string         `cfg:"title" doc:"What it is, for people." doc_zh:"说明文字。"`
	Party    string         `cfg:"party" doc:"For ledgers: the field with the reporting party's id." doc_zh:"流向数据：报送方标识所在字段。"`
	Personal bool           `cfg:"personal" doc:"Rows are about natural persons: they are sealed." doc_zh:"行涉及自然人：加密保存。"`
}

// Paging is how pages follow each other.
type Paging struct {
	Kind   string   `cfg:"kind" doc:"none; link (the address of the next page stands in the answer); token (a text for {token} stands there); page ({page}); offset ({offset}); keyset ({after.FIELD})." doc_zh:"none 不分页；link 返回下一页地址；token 返回 {token} 用的令牌；page 页码 {page}；offset 偏移 {offset}；keyset 按最后一行 {after.字段}。" default:"none" enum:"none,link,token,page,offset,keyset"`
	Next   string   `cfg:"next" doc:"Path of the link or token; missing, null or empty at the end." doc_zh:"下一页地址或令牌的路径；缺失、null 或空表示结束。" example:"paging.next"`
	Strict bool     `cfg:"next_required" doc:"An answer without next, not even null, is a failure." doc_zh:"返回中必须有 next（可为 null），否则视为失败。" advanced:"true"`
	First  int      `cfg:"first" doc:"Number of the first page." doc_zh:"首页页码。" default:"1" advanced:"true"`
	Pages  string   `cfg:"pages" doc:"Path of the number of pages; without it the end rule decides." doc_zh:"总页数的路径；没有则按 end 判断结束。" example:"data.pageCount"`
	Total  string   `cfg:"total" doc:"Path of the number of rows of the whole question: paging by number notices by it that rows moved." doc_zh:"总行数的路径：按页码翻页时据此发现数据移动。" example:"data.total"`
	By     []string `cfg:"by" doc:"For keyset: fields in whose order the source sends rows, the last one unique." doc_zh:"keyset：来源返回行的排序字段，最后一个须唯一。" example:"[updated_at, id]"`
	End    string   `cfg:"end" doc:"What ends a list: an empty page, or a page with fewer rows than asked for (only where the source never cuts pages)." doc_zh:"结束条件：空页，或行数少于请求（仅当来源从不截短页时可用）。" default:"empty" enum:"empty,short"`
}

// CheckSettings reports parts that do not fit together.
func (s Stream) CheckSettings() connectors.Problems {
	out := placeholders("params", s.Params, "from", "to", "limit", "page", "offset", "token", "after.*")
	uses := func(name string) bool {
		return slices.ContainsFunc(used(s.Params), func(u string) bool { return strings.HasPrefix(u, name) })
	}
	windowed := uses("from") || uses("to")
	if windowed && s.Time == "" {
		out = append(out, connectors.Need("time", "params: {from}"))
	}
	if windowed && s.Complete {
		out = append(out, problem("complete", "rest.complete_window", errs.Args{}))
	}
	if !(connectors.TimeForm{Format: s.Format}).Valid() {
		out = append(out, problem("time_format", "rest.time_format", errs.Args{"value": s.Format}))
	}
	kind := "paging.kind: " + s.Paging.Kind
	for _, n := range []struct {
		kind, name string
		ok         bool
	}{
		{"link", "paging.next", s.Paging.Next != ""}, {"token", "paging.next", s.Paging.Next != ""}, {"token", "params.{token}", uses("token")},
		{"page", "params.{page}", uses("page")}, {"page", "paging.total", s.Paging.Total != ""}, {"offset", "params.{offset}", uses("offset")},
		{"keyset", "paging.by", len(s.Paging.By) > 0}, {"keyset", "params.{after.…}", uses("after.")},
	} {
		if n.kind == s.Paging.Kind && !n.ok {
			out = append(out, connectors.Need(n.name, kind))
		}
	}
	for _, name := range used(s.Params) {
		if field, ok := strings.CutPrefix(name, "after."); ok && !slices.Contains(s.Paging.By, field) {
			out = append(out, problem("paging.by", "rest.after", errs.Args{"field": field}))
		}
	}
	return out
}

// info describes a stream; what its rows become, the map says.
func (s Stream) info(name string) connectors.StreamInfo {
	info := connectors.StreamInfo{Name: name, Title: s.Title, Key: s.Key, Deletes: "none", Personal: s.Personal, Party: s.Party}
	if names := used(s.Params); slices.Contains(names, "from") || slices.Contains(names, "to") {
		info.Cursor = s.Time
	}
	switch {
	case s.Deleted != "":
		info.Deletes = "flag"
	case s.Complete:
		info.Deletes = "snapshot"
	}
	return info
}

// object is how the stream is read. Every kind of paging keeps its place as text: a link, or what stands for one.
func (s Stream) object(info connectors.StreamInfo) objectsource.Stream {
	required := slices.Clone(s.Fields)
	for _, f := range append(slices.Clone(s.Key), s.Time, s.Deleted, s.Party) {
		if f != "" && f != "snapshot_date" && !slices.Contains(required, f) {
			required = append(required, f)
		}
	}
	return objectsource.Stream{Info: info, Required: required, Whole: len(s.Fields) == 0, Snapshot: info.Cursor == "", ByLink: true}
}
