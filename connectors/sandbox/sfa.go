package sandbox

import (
	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// salesForce sorts the sales force's records of the world: institutions, doctors, patients.
func salesForce(w *world.World) (accounts, contacts, patients []int) {
	for i := range w.Len(world.SFA) {
		switch w.Customers[w.TruthOf(world.SFA, i)].Kind {
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
