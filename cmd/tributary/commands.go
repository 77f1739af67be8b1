package main

import "github.com/spf13/cobra"

// commands lists every verb and noun, in the order of the help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.importCmd(), a.pullCmd(), a.resolveCmd(), a.runsCmd(), a.quarantineCmd(),
		a.customersCmd(), a.modelCmd(), a.matchCmd(), a.traceCmd(), a.balanceCmd(), a.findingsCmd(), a.monthCmd(), a.complaintCmd(), a.recallCmd(), a.epcisCmd(), a.ordersCmd(),
		a.coverageCmd(), a.feedsCmd(),
		a.eventsCmd(), a.outboxCmd(), a.relayCmd(),
		a.connectorsCmd(), a.stateCmd(), a.mappingCmd(), a.sandboxCmd(), a.demoCmd(), a.serveCmd(),
		a.auditCmd(), a.configCmd(), a.divisionsCmd(), a.migrateCmd(), a.doctorCmd(), a.versionCmd(),
	}
}
