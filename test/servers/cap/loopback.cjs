// The server listens on every address of the machine unless told where.
const { Server } = require('net')
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...rest) {
	if (!/^[0-9]+$/.test(port)) return listen.call(this, port, ...rest)
	return listen.call(this, { port: +port, host: '127.0.0.1' }, ...rest.filter(f => typeof f === 'function'))
}
