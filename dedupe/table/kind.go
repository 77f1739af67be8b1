package table

import (
	"slices"
	"strings"
	"unicode"
)

// Kind says what a column holds, and so how its values are compared.
type Kind string

// The kinds.
const (
	Given        Kind = "given"        // given name of a person
	Family       Kind = "family"       // family name of a person
	FullName     Kind = "name"         // name of a person or thing, a few words
	Organisation Kind = "organisation" // name of a hospital, firm, shop
	Street       Kind = "address"      // a line of an address
	House        Kind = "house"        // house number
	Locality     Kind = "locality"     // town, suburb, birth place
	Postcode     Kind = "postcode"
	Region       Kind = "region" // state, province, country
	Phone        Kind = "phone"
	Email        Kind = "email"
	Date         Kind = "date" // birth date or another day
	Year         Kind = "year"
	Code         Kind = "code"     // identifier of the thing the row is about
	Category     Kind = "category" // one of few words
	Number       Kind = "number"   // price, size
	Text         Kind = "text"     // title, description
	People       Kind = "people"   // list of names
	Numbers      Kind = "numbers"  // the numbers that stand in a text: versions, sizes
	Codes        Kind = "codes"    // the codes that stand in a text: KX-TG1031S
	Ignored      Kind = "ignore"   // row key, constant, blank: no evidence
)

// Kinds lists the kinds in a fixed order.
func Kinds() []Kind {
	return []Kind{Given, Family, FullName, Organisation, Street, House, Locality, Postcode, Region, Phone, Email, Date, Year, Code, Category, Number, Text, People, Numbers, Codes, Ignored}
}

// headerWords are words of column names, in matching form. Longer words are looked for first; words of Latin script must
// stand alone, others may be part of a header.
var headerWords = []struct {
	kind  Kind
	words string
}{
	{Ignored, "ID KEY INDEX UUID GUID ROWID RECID ROWNUM ROWNO RECNO PK OID 序号 行号 主键 记录号 记录编号"},
	{Given, "GIVEN FIRST FIRSTNAME GIVENNAME FORENAME FNAME MIDDLE MIDDLENAME VORNAME PRENOM NOMBRE NOME 名字 名 IMIE"},
	{Family, "FAMILY LAST LASTNAME SURNAME LNAME FAMILYNAME NACHNAME FAMILIENNAME APELLIDO APELLIDOS COGNOME 姓 姓氏 NAZWISKO MAIDEN"},
	{FullName, "FULLNAME PERSON CONTACT PATIENT DOCTOR CUSTOMER NAME NAMES NOM 姓名 联系人 患者 医生 名称 客户 客户名称"},
	{Organisation, "ORGANISATION ORGANIZATION COMPANY HOSPITAL PHARMACY CLINIC EMPLOYER INSTITUTION FIRMA FIRM EMPRESA SOCIETE BUSINESS 机构 医院 公司 单位 药店 企业 机构名称 医院名称 工作单位"},
	{Street, "ADDRESS ADDR STREET LINE STRASSE RUE CALLE ADRESSE DIRECCION INDIRIZZO VIA 地址 住址 街道 详细地址"},
	{House, "HOUSE HOUSENUMBER HAUSNUMMER UNIT FLAT 门牌 门牌号"},
	{Locality, "SUBURB CITY TOWN LOCALITY BIRTHPLACE PLACE VILLAGE COUNTY DISTRICT ORT STADT VILLE CIUDAD CITTA 城市 市 区县 县 区 出生地 籍贯 地区"},
	{Postcode, "POSTCODE POSTAL POSTALCODE ZIP ZIPCODE PLZ CP CAP 邮编 邮政编码"},
	{Region, "STATE PROVINCE REGION COUNTRY LAND PAYS PAIS 省 省份 国家"},
	{Phone, "PHONE TEL TELEPHONE MOBILE CELL FAX HANDY TELEFON TELEFONO 电话 手机 手机号 联系电话 电话号码 传真"},
	{Email, "EMAIL MAIL EMAILADDRESS 邮箱 电子邮箱 电子邮件"},
	{Date, "DATE DOB BIRTHDATE BIRTHDAY BIRTH DATEOFBIRTH GEBURTSDATUM NAISSANCE NACIMIENTO 日期 出生日期 生日 出生"},
	{Year, "YEAR JAHR ANNEE ANO ANNO 年份 年 年度"},
	{Code, "SSN SOCSECID SOC SEC SOCIAL NATIONAL TAX VAT ISBN ISSN DOI UPC EAN GTIN ASIN SKU MPN MODEL MODELNO LICENCE LICENSE PASSPORT INSURANCE USCC NPI 身份证 身份证号 统一社会信用代码 信用代码 许可证 执业证 医保号 型号 条码"},
	{Category, "GENDER SEX TYPE KIND CATEGORY CLASS STATUS TITLE_PREFIX SALUTATION BRAND MANUFACTURER MAKER PUBLISHER VENUE JOURNAL GENRE LANGUAGE OCCUPATION 性别 类型 类别 等级 品牌 厂家 生产厂家 民族 职业 科室"},
	{Number, "PRICE COST AMOUNT PREIS PRIX PRECIO LISTPRICE WEIGHT SIZE QUANTITY 价格 单价 金额"},
	{Text, "TITLE DESCRIPTION DESC TEXT PRODUCT PRODUCTNAME SUMMARY ABSTRACT DETAILS NOTE NOTES REMARK TITEL TITRE TITULO 标题 描述 题名 品名 商品 产品名称 备注"},
	{People, "AUTHOR AUTHORS EDITOR EDITORS CREATOR CREATORS ACTORS CAST ARTIST ARTISTS 作者 著者"},
}

// headerKinds are the kinds that the words of a column name speak for, the most telling first.
func headerKinds(header string) []Kind {
	words := headerTokens(header)
	joined := strings.Join(words, "")
	type hit struct {
		kind Kind
		size int
	}
	var hits []hit
	for _, g := range headerWords {
		for w := range strings.FieldsSeq(g.words) {
			han := w[0] >= 0x80
			switch {
			case w == joined:
				hits = append(hits, hit{g.kind, 100})
			case han && strings.Contains(joined, w), !han && slices.Contains(words, w):
				hits = append(hits, hit{g.kind, len(w)})
			}
		}
	}
	// "street number" and "address id" are of the kind their last word says only when nothing more exact is known.
	if slices.Contains(words, "NUMBER") || slices.Contains(words, "NO") || slices.Contains(words, "NR") {
		for _, h := range hits {
			if h.kind == Street || h.kind == House {
				return []Kind{House}
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.size - a.size })
	var out []Kind
	for _, h := range hits {
		if !slices.Contains(out, h.kind) {
			out = append(out, h.kind)
		}
	}
	return out
}

// headerTokens cuts a column name into words in upper case: date_of_birth, dateOfBirth and "Date of birth" are one.
func headerTokens(header string) []string {
	var out []string
	word := ""
	end := func() {
		if word != "" {
			out = append(out, strings.ToUpper(word))
			word = ""
		}
	}
	before := ' '
	for _, r := range header {
		switch {
		case !unicode.IsLetter(r):
			end()
		case unicode.IsUpper(r) && unicode.IsLower(before):
			end()
			word += string(r)
		default:
			word += string(r)
		}
		before = r
	}
	end()
	return out
}
