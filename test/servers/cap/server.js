// Data for tests: POST /fixture {"SERVICE.SET": [row, …]} replaces the rows of the sets.
const cds = require('@sap/cds')
const express = require('express')

cds.on('bootstrap', app => {
	app.post('/fixture', express.json({ limit: '64mb' }), (req, res, next) => {
		cds.db.tx(async tx => {
			for (const [set, rows] of Object.entries(req.body)) {
				await tx.run(DELETE.from(set))
				if (rows.length) await tx.run(INSERT.into(set).entries(rows))
			}
		}).then(() => res.sendStatus(204), next)
	})
})
