package epcis

import (
	"strings"

	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// vocabulary is one list of words of the Core Business Vocabulary 2.0, and the two that GS1 added for notices to
// authorities (notifying, subject_to_regulation). A word is written bare, as a URI of the standard,
// or is a private URI.
type vocabulary struct {
	uris  []string // what stands before a word in a URI of the standard
	words []string
}

var bizSteps = vocabulary{[]string{"https://ref.gs1.org/cbv/BizStep-", "cbv:BizStep-", "urn:epcglobal:cbv:bizstep:"}, list(`accepting arriving assembling collecting commissioning
	consigning creating_class_instance cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing killing
	loading notifying other packing picking receiving removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking
	stocking storing transporting unloading unpacking void_shipping`)}

var dispositions = vocabulary{[]string{"https://ref.gs1.org/cbv/Disp-", "cbv:Disp-", "urn:epcglobal:cbv:disp:"}, list(`active available completeness_inferred completeness_verified
	conformant container_closed container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
	mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible
	sellable_not_accessible stolen subject_to_regulation unavailable unknown`)}

var transactionTypes = vocabulary{[]string{"https://ref.gs1.org/cbv/BTT-", "cbv:BTT-", "urn:epcglobal:cbv:btt:"}, list(`bol cert desadv inv pedigree po poc prodorder recadv rma testprd
	testres upevt`)}

var partyTypes = vocabulary{[]string{"https://ref.gs1.org/cbv/SDT-", "cbv:SDT-", "urn:epcglobal:cbv:sdt:"}, list(`location owning_party possessing_party`)}

var errorReasons = vocabulary{[]string{"https://ref.gs1.org/cbv/ER-", "cbv:ER-", "urn:epcglobal:cbv:er:"}, list(`did_not_occur incorrect_data`)}

var components = vocabulary{[]string{"https://ref.gs1.org/cbv/Comp-", "cbv:Comp-"}, list(`altitude axial_distance azimuth easting elevation_angle height latitude longitude northing
	polar_angle spherical_radius x y z`)}

var alerts = vocabulary{[]string{"https://gs1.org/voc/SensorAlertType-"}, list(`ALARM_CONDITION ERROR_CONDITION`)}

var measurements = vocabulary{[]string{"https://gs1.org/voc/MeasurementType-"}, list(`AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance
	AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent
	DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance
	Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration
	MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity
	Resistance Resistivity SolidAngle SpecificVolume Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux
	Wavenumber`)}

func list(words string) []string { return strings.Fields(words) }

// word is the bare word of a value, or the private URI that it is. ok is false when it is neither.
func (v *vocabulary) word(value string) (word string, ok bool) {
	bare := value
	standard := !strings.Contains(value, ":")
	for _, uri := range v.uris {
		if rest, cut := strings.CutPrefix(value, uri); cut {
			bare, standard = rest, true
		}
	}
	if !standard {
		return value, isURI(value)
	}
	for _, w := range v.words {
		if w == bare {
			return w, true
		}
	}
	return value, false
}

func (v *vocabulary) check(p place, value string) string {
	w, ok := v.word(value)
	if !ok {
		p.report("epcis.vocabulary", errs.Args{"value": value, "near": nearest.Or(value, v.words, strings.Join(v.words, ", "))})
	}
	return w
}
