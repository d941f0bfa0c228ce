/** Loaded before a server that would listen on all addresses: it listens on 127.0.0.1. */
'use strict'
const { Server } = require('node:net')

const { listen } = Server.prototype
Server.prototype.listen = function (first, ...rest) {
  const isPort = typeof first === 'number' || typeof first === 'string'
  const options = isPort ? { port: Number(first) } : { ...first }
  if (!isPort && options.port === undefined) return listen.call(this, first, ...rest)
  const callbacks = rest.filter(each => typeof each === 'function')
  return listen.call(this, { ...options, host: '127.0.0.1' }, ...callbacks)
}
