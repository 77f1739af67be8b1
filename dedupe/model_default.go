package dedupe

// DefaultName is the name of the model that is part of the program.
const DefaultName = "default"

// DefaultModel is the model a hub starts with, before anything was learned from its own data: cautious numbers for
// Chinese health care, where a merge needs either an identifier or a full name in a known place. Each call gives a
// model of its own.
func DefaultModel() *Model {
	m := &Model{
		Format: ModelFormat, Name: DefaultName,
		Types: map[Type]*TypeModel{
			Organisation: {
				Prior: 0.00012, Merge: 0.99, Review: 0.5,
				Blocking:   Blocking{Cap: 500, Limit: 2000},
				Clustering: Clustering{MaxComponent: 2000, MaxRecords: 60, Strongest: 12},
				Comparisons: map[string][]Level{
					"uscc":        {{"other", .01, .95}, {"organisation", .02, .0001}, {"same", .95, .00002}},
					"licence":     {{"other", .15, .95}, {"same", .8, .00001}},
					"institution": {{"other", .1, .95}, {"same", .85, .00001}},
					"name": {{"conflict", .002, .3}, {"other", .03, .6}, {"contains", .05, .015}, {"similar", .06, .0004},
						{"abbreviated", .06, .0004}, {"short", .1, .00003}, {"bare", .2, .00006}, {"placed", .3, .0000007}, {"whole", .4, .0000002}},
					"place":   {{"other_province", .004, .6}, {"other_city", .02, .3}, {"other_county", .05, .1}, {"same_city", .12, .03}, {"same_county", .75, .12}},
					"kind":    {{"other", .04, .5}, {"same", .95, .4}},
					"address": {{"other_number", .02, .3}, {"other", .15, .65}, {"road", .15, .01}, {"same", .6, .0004}},
					"phone":   {{"other", .3, .99}, {"same", .65, .002}},
					"email":   {{"other", .4, .99}, {"same", .55, .002}},
					"people":  {{"other", .2, .99}, {"same", .75, .002}},
				},
			},
			Professional: {
				Prior: 0.00006, Merge: 0.99, Review: 0.5,
				Blocking:   Blocking{Cap: 500, Limit: 2000},
				Clustering: Clustering{MaxComponent: 2000, MaxRecords: 40, Strongest: 12},
				Comparisons: map[string][]Level{
					"certificate":  {{"other", .01, .99}, {"same", .95, .000005}},
					"name":         {{"other", .02, .9}, {"family", .02, .06}, {"similar", .04, .003}, {"sound", .05, .0003}, {"reversed", .02, .00008}, {"same", .85, .00008}},
					"organisation": {{"other", .1, .98}, {"similar", .15, .004}, {"same", .75, .0005}},
					"department":   {{"other", .15, .9}, {"similar", .1, .02}, {"same", .75, .08}},
					"phone":        {{"other", .2, .999}, {"same", .75, .00002}},
					"email":        {{"other", .3, .999}, {"same", .65, .00002}},
					"birth":        {{"other", .01, .97}, {"year", .02, .02}, {"typo", .04, .002}, {"same", .93, .0001}},
					"gender":       {{"other", .01, .5}, {"same", .99, .5}},
					"place":        {{"other_province", .02, .6}, {"other_city", .06, .3}, {"other_county", .1, .1}, {"same_city", .12, .05}, {"same_county", .7, .15}},
				},
				Frequencies: map[string]Frequencies{"name": commonNames()},
			},
			Person: {
				Prior: 0.00003, Merge: 0.99, Review: 0.5,
				Blocking:   Blocking{Cap: 500, Limit: 2000},
				Clustering: Clustering{MaxComponent: 2000, MaxRecords: 40, Strongest: 12},
				Comparisons: map[string][]Level{
					"national_id": {{"other", .01, .999}, {"same", .95, .000001}},
					"name":        {{"other", .02, .9}, {"family", .02, .06}, {"similar", .04, .003}, {"sound", .05, .0003}, {"reversed", .02, .00008}, {"same", .85, .00008}},
					"birth":       {{"other", .01, .97}, {"year", .02, .02}, {"typo", .05, .002}, {"same", .92, .00005}},
					"gender":      {{"other", .01, .5}, {"same", .99, .5}},
					"phone":       {{"other", .25, .999}, {"same", .7, .00004}},
					"address":     {{"other_number", .02, .1}, {"other", .25, .89}, {"road", .1, .005}, {"same", .6, .0004}},
					"email":       {{"other", .3, .999}, {"same", .65, .00004}},
				},
				Frequencies: map[string]Frequencies{"name": commonNames()},
			},
		},
	}
	m.Sign()
	return m
}

// commonNames is the start of a table of full names: names of two characters are the common ones, so a name that is
// not in the table counts as its length says (see nameTerm). Training fills Values.
func commonNames() Frequencies {
	return Frequencies{Average: .00008, Floor: .00001, Scale: 1}
}
