package pharmacy

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL  string            `cfg:"base_url" doc:"Address of the chain's API, with its path prefix." doc_zh:"连锁药店接口地址，含路径前缀。" example:"https://api.chain.example/v1" required:"true"`
	Token    connectors.Secret `cfg:"token" doc:"Access token the chain issued." doc_zh:"连锁方颁发的访问令牌。" required:"true"`
	PageSize int               `cfg:"page_size" doc:"Rows per call." doc_zh:"每次调用的行数。" default:"2000" min:"1" max:"10000" advanced:"true"`
	Overlap  time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"10m" advanced:"true"`
	httpsource.Common
}
