// Package builtin lists the connectors that are part of the program. It is the one place where a new connector is added.
package builtin

import (
	"errors"
	"fmt"

	"tributary/connectors"
	"tributary/connectors/distributor/database"
	"tributary/connectors/distributor/files"
	"tributary/connectors/emr/fhir"
	"tributary/connectors/epcis"
	"tributary/connectors/erp/kingdee"
	"tributary/connectors/erp/sap"
	"tributary/connectors/erp/yonyou"
	"tributary/connectors/erp/yonyou/u8"
	"tributary/connectors/pharmacy"
	"tributary/connectors/rest"
	"tributary/connectors/sfa/dynamics365"
	"tributary/connectors/sfa/fxiaoke"
	"tributary/connectors/sfa/neocrm"
	"tributary/connectors/sfa/salesforce"
	"tributary/connectors/sfa/veeva/network"
	"tributary/connectors/sfa/veeva/vault"
	"tributary/connectors/tracecode/msfx"
	"tributary/connectors/webhook"
)

// Registry makes the registry of all built-in connectors.
func Registry() (*connectors.Registry, error) {
	k, kerr := kingdee.Driver()
	n, nerr := neocrm.Driver()
	p, perr := pharmacy.Driver()
	sf, sferr := salesforce.Driver()
	dyn, dynerr := dynamics365.Driver()
	fx, fxerr := fxiaoke.Driver()
	s4, s4err := sap.Driver()
	yy, yyerr := yonyou.Driver()
	yu, yuerr := u8.Driver()
	fh, fherr := fhir.Driver()
	ep, eperr := epcis.Driver()
	vlt, vlterr := vault.Driver()
	net, neterr := network.Driver()
	ms, mserr := msfx.Driver()
	d, derr := database.Driver()
	w, werr := webhook.Driver()
	if err := errors.Join(kerr, nerr, perr, sferr, dynerr, fxerr, s4err, yyerr, yuerr, fherr, eperr, vlterr, neterr, mserr, derr, werr); err != nil {
		return nil, fmt.Errorf("built-in connectors: %w", err)
	}
	return connectors.NewRegistry(k, n, p, sf, dyn, fx, s4, yy, yu, fh, ep, vlt, net, ms, rest.Driver, files.Driver, d, w)
}
