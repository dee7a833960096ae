// Before every test file: one time zone, one locale, and no socket that leaves this machine.
import net from 'node:net'

process.env.TZ = 'UTC'
process.env.LANG = 'C.UTF-8'

const connect = net.Socket.prototype.connect
const loopback = /^(127\.|::1$|localhost$|\[::1\]$)/

/** The host of a `connect` call, or null for a Unix socket. */
function hostOf(argument: unknown): string | null {
  if (Array.isArray(argument)) return hostOf(argument[0])
  if (typeof argument === 'number') return 'localhost'
  if (argument !== null && typeof argument === 'object') {
    const options = argument as { host?: string; path?: string }
    return options.path ? null : (options.host ?? 'localhost')
  }
  return null
}

net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const host = hostOf(args[0])
  if (host !== null && !loopback.test(host)) {
    throw new Error(`test/setup.ts: a test tried to reach ${host}; only loopback is allowed`)
  }
  return (connect as (...all: unknown[]) => net.Socket).apply(this, args)
} as typeof connect
