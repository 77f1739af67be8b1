package sandbox

import (
	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// salesForce sorts the records of a sales force's system: institutions, doctors, patients.
func salesForce(w *world.World, sys world.System) (accounts, contacts, patients []int) {
	for i := range w.Len(sys) {
		switch w.Customers[w.TruthOf(sys, i)].Kind {
		case canonical.HCP:
			contacts = append(contacts, i)
		case canonical.Patient:
			patients = append(patients, i)
		default:
			accounts = append(accounts, i)
		}
	}
	return accounts, contacts, patients
}

// casesOf are the complaints of customers that a system knows.
func casesOf(w *world.World, sys world.System) (out []world.Case) {
	for _, c := range w.Cases {
		if w.AccountOf(sys, c.Customer) != "" {
			out = append(out, c)
		}
	}
	return out
}
