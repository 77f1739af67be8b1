package canonical

// CompanySource is the source of the one record that stands for the company itself, made from the configuration.
const CompanySource = "company"

// ReporterID is the source id, within a party's flow source, of the mention of the reporting party itself.
const ReporterID = "@"

const flowPrefix = "flow:"

// FlowSource is the source of the mentions in the ledgers of a party. The key is the party's own, never a golden id.
func FlowSource(partyKey string) string { return flowPrefix + partyKey }

// Mention reports whether the record is a mention: it comes from a flow row.
func (k RecordKey) Mention() bool {
	return len(k.Source) > len(flowPrefix) && k.Source[:len(flowPrefix)] == flowPrefix
}
