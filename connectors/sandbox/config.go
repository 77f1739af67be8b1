package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

// Settings are the settings that point a connector at the systems served at an address.
func Settings(connector, url string) map[string]any {
	switch connector {
	case "kingdee":
		return map[string]any{
			"base_url": url + "/kingdee/K3Cloud", "acct_id": kingdeeAcct, "user": kingdeeUser, "auth": "login_sign", "app_id": kingdeeApp, "app_secret": kingdeeSecret,
			"orders": map[string]any{"key_field": simkingdee.OrderKeyField, "org": own},
			"tenant_fields": map[string]any{
				"BD_Customer.licence_no": "F_TRB_LICENCE", "BD_MATERIAL.approval_no": "F_TRB_APPROVAL", "BD_MATERIAL.case_factor": "F_TRB_CASE",
				"BD_MATERIAL.inner_factor": "F_TRB_INNER", "BD_BatchMainFile.released_quantity": "F_TRB_RELEASED",
			},
		}
	case "neocrm":
		return map[string]any{
			"login_url": url + "/neocrm", "api_url": url + "/neocrm", "client_id": neocrmClient, "client_secret": neocrmSecret, "username": neocrmUser,
			"password": neocrmPassword, "security_token": neocrmToken,
			"tenant_fields": map[string]any{
				"account.uscc": "uscc__c", "account.licence_no": "licence__c", "account.kind": "kind__c", "contact.department": "department__c",
				"contact.title": "title__c", "contact.admin_title": "post", "contact.tier": "tier__c",
			},
		}
	case "dynamics365":
		return map[string]any{
			"base_url": url + "/dynamics", "authority": url + "/dynamics", "tenant_id": dynamicsTenant, "client_id": dynamicsClient, "client_secret": dynamicsSecret,
			"tenant_fields": map[string]any{
				"accounts.uscc": "new_uscc", "accounts.licence_no": "new_licence", "accounts.level": "new_level", "contacts.tier": "new_tier", "incidents.product": "new_product", "incidents.lot": "new_lot",
			},
		}
	case "salesforce":
		return map[string]any{
			"login_url": url + "/salesforce", "client_id": salesforceClient, "client_secret": salesforceSecret,
			"tenant_fields": map[string]any{
				"Account.uscc": "USCC__c", "Account.licence_no": "Licence__c", "Account.level": "Level__c", "Contact.tier": "Tier__c", "Case.product": "Product__c", "Case.lot": "Lot__c",
			},
		}
	case "fxiaoke":
		return map[string]any{
			"base_url": url + "/fxiaoke", "app_id": fxiaokeApp, "app_secret": fxiaokeSecret, "permanent_code": fxiaokeCode, "user": fxiaokeUser,
			"tenant_fields": map[string]any{
				"account.uscc": "uscc__c", "account.licence_no": "licence__c", "account.level": "level__c", "contact.department": "department__c", "contact.title": "title__c",
				"contact.admin_title": "job_title", "contact.tier": "tier__c", "visit.date": "visit_date__c", "case.product": "product__c", "case.lot": "lot__c",
			},
		}
	case "sap":
		return map[string]any{
			"base_url": url + "/s4hana", "user": sapUser, "password": sapPassword,
			"tenant_fields": map[string]any{
				"customers.uscc": "to_BusinessPartnerTax.BPTaxNumber:BPTaxType=CN5", "customers.licence_no": "to_BuPaIdentification.BPIdentificationNumber:BPIdentificationType=ZLIC", "customers.kind": "YY1_Kind_bus",
				"customers.province": "YY1_Province_bus", "customers.phone": "YY1_Phone_bus", "products.spec": "YY1_Spec_PRD", "products.approval_no": "YY1_Approval_PRD", "products.case_factor": "YY1_Case_PRD",
				"products.inner_factor": "YY1_Inner_PRD", "batches.released_quantity": "YY1_Released_BAT",
			},
		}
	case "yonyou":
		return map[string]any{
			"base_url": url + "/yonbip", "tenant_id": yonyouTenant, "app_key": yonyouKey, "app_secret": yonyouSecret, "calls_per_minute": 0,
			"tenant_fields": map[string]any{
				"customers.kind": "customerClass_name", "customers.uscc": "creditCode", "customers.licence_no": "licenceNo", "customers.province": "province", "customers.city": "city", "customers.address": "address",
				"customers.phone": "contactTel", "products.spec": "modelDescription", "products.unit": "unit_name", "products.approval_no": "approvalNo", "products.gtin": "barCode", "products.case_factor": "packCase", "products.inner_factor": "packInner",
			},
		}
	case "yonyou-u8":
		return map[string]any{
			"base_url": url + "/u8", "from_account": u8From, "to_account": u8To, "app_key": u8Key, "app_secret": u8Secret,
			"tenant_fields": map[string]any{
				"customers.uscc": "self_define1", "customers.licence_no": "self_define2", "customers.kind": "self_define3", "customers.province": "self_define4", "customers.city": "self_define5",
				"products.approval_no": "self_define1", "products.case_factor": "self_define2", "products.inner_factor": "self_define3",
			},
		}
	case "fhir":
		key, _, err := FHIRKey()
		if err != nil {
			return nil
		}
		return map[string]any{
			"base_url": url + "/fhir", "client_id": fhirClient, "key_id": fhirKeyID, "private_key": key,
			"tenant_fields": map[string]any{"Organization.uscc": "identifier.value:system=urn:oid:2.16.156.10011", "MedicationDispense.product_code": "medication.code.coding.code:system=urn:product"},
		}
	case "pharmacy":
		return map[string]any{"base_url": url + "/pharmacy/v1", "token": pharmacyToken}
	}
	return nil
}

// Others are the connectors whose systems the sandbox serves beside those of Config.
func Others() []string {
	return []string{"dynamics365", "fhir", "fxiaoke", "salesforce", "sap", "yonyou", "yonyou-u8"}
}

// Other is the connection to one of the other systems, to be put behind Config.
func (sb *Sandbox) Other(connector string) (string, error) {
	if !slices.Contains(Others(), connector) {
		return "", errs.New(errs.Invalid, "connectors.sandbox_other", errs.Args{"name": connector, "known": strings.Join(Others(), ", ")})
	}
	settings := Settings(connector, sb.url)
	settings["calls_per_second"] = "1000"
	var b strings.Builder
	connection(&b, connector, connector, settings, nil)
	return b.String(), nil
}

// Config is the configuration file that points a hub at the sandbox: company and connections, without store and broker.
func (sb *Sandbox) Config() string {
	var b strings.Builder
	b.WriteString("company: {name: " + sb.world.Customers[sb.world.Maker].Name + ", code: M, source: erp}\nconnections:\n")
	for _, c := range []struct {
		name, connector string
		streams         []string
	}{
		{"erp", "kingdee", []string{"BD_Customer", "BD_MATERIAL", "BD_BatchMainFile", "SAL_OUTSTOCK", "SAL_RETURNSTOCK", "STK_Inventory"}},
		{"sfa", "neocrm", []string{"account", "contact", "patient", "visitRecord"}},
		{"pharmacy", "pharmacy", []string{"stores", "purchases", "sales", "stock"}},
	} {
		settings := Settings(c.connector, sb.url)
		settings["calls_per_second"] = "1000"
		connection(&b, c.name, c.connector, settings, c.streams)
	}
	parties := map[string]any{}
	for d, at := range sb.world.Reporting {
		parties[DistributorCode[d]] = sb.erpCode(at)
	}
	connection(&b, "flow", "files", map[string]any{"folder": filepath.Join(sb.dir, FlowFolder), "parties": parties}, []string{"flow"})
	return b.String()
}

// erpCode is the company's own code of a customer.
func (sb *Sandbox) erpCode(customer int) string {
	for i := range sb.world.Len(world.ERP) {
		if sb.world.TruthOf(world.ERP, i) == customer {
			return sb.world.RecordID(world.ERP, i)
		}
	}
	return ""
}

func connection(b *strings.Builder, name, connector string, settings map[string]any, streams []string) {
	fmt.Fprintf(b, "  - name: %s\n    connector: %s\n    settings:\n", name, connector)
	for _, k := range sortedKeys(settings) {
		if table, ok := settings[k].(map[string]any); ok {
			fmt.Fprintf(b, "      %s:\n", k)
			for _, inner := range sortedKeys(table) {
				fmt.Fprintf(b, "        %s: %s\n", inner, strconv.Quote(fmt.Sprint(table[inner])))
			}
			continue
		}
		value := strconv.Quote(fmt.Sprint(settings[k]))
		if k == "calls_per_second" || k == "calls_per_minute" {
			value = fmt.Sprint(settings[k])
		}
		fmt.Fprintf(b, "      %s: %s\n", k, value)
	}
	if len(streams) > 0 {
		b.WriteString("    streams:\n")
	}
	for _, s := range streams {
		fmt.Fprintf(b, "      - {stream: %s, every: 1m}\n", s)
	}
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
