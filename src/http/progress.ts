// The WebSocket hub of /api/v1/ws: numbered job events, replay after N, one shared frame for all clients, and limits on
// what a client may send, how much may wait for it, and how long it may be silent.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Events, JobEvent, JobProgress } from '../base/events.ts'
import type { Language } from '../base/texts.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Principal } from './access.ts'
import { disabledMessage, eventMessage } from './contract/events.ts'
import { textFrame } from './frame.ts'
import { HUB_LIMITS, type HubLimits } from './hub-limits.ts'
import { askedAfter, createReplays } from './replay.ts'

export interface Hub {
  /** Takes over an admitted upgrade. Throws PARAMS_INVALID (`?after=`), RATE_LIMITED when there are too many connections. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    principal: Principal,
    language: Language,
  ): void
  /** Live connections. */
  count(): number
  /** How many were let go because they did not read. */
  dropped(): number
  close(): void
}

interface Client {
  ws: WebSocket
  socket: Duplex
  principal: Principal
  language: Language
  /** Number of the last stored event that was sent; live events up to it are not sent again. */
  lastSeq: number
  /** Times of the last messages from the client, for the limit. */
  heard: number[]
  lastFrameAt: number
  pings: number
  /** Newest progress per job that waits for a slow client, or for older events. */
  held: Map<string, Buffer>
}

const PROTOCOL = 'sisrua.v1'
/** Frames of progress in one write: a system call for each client and message would cost more than all the rest. */
const MOST_TOGETHER = 32

export function createHub(deps: {
  jobs: Jobs
  events: Events
  clock: Clock
  bootId: string
  limits?: Partial<HubLimits>
}): Hub {
  const { jobs, events, clock, bootId } = deps
  const limits = { ...HUB_LIMITS, ...deps.limits }
  const clients = new Set<Client>()
  /** All that were taken over and are open, also of clients that were let go. */
  const sockets = new Set<Duplex>()
  /** Progress of this turn of the event loop, oldest first; goes out in one write a client. */
  let batch: { jobId: string; frame: (language: Language) => Buffer }[] = []
  let dropped = 0
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })

  /** One frame per language, made when the first client needs it. */
  const framesOf = (event: JobEvent | JobProgress): ((language: Language) => Buffer) => {
    const made: Partial<Record<Language, Buffer>> = {}
    return (language) => {
      made[language] ??= textFrame(JSON.stringify(eventMessage(event, language)))
      return made[language]
    }
  }

  const stopEvents = events.on('job.event', (event) => {
    flush()
    const frame = framesOf(event)
    for (const client of clients) {
      if (event.seq <= client.lastSeq || replays.isOn(client)) continue
      client.lastSeq = event.seq
      client.held.delete(event.jobId)
      write(client, frame(client.language))
    }
  })
  const stopProgress = events.on('job.progress', (progress) => {
    if (clients.size === 0) return
    batch.push({ jobId: progress.jobId, frame: framesOf(progress) })
    if (batch.length >= MOST_TOGETHER) flush()
    else if (batch.length === 1) setImmediate(flush)
  })

  const stopDisabled = events.on('webhook.disabled', (event) => {
    for (const client of clients) say(client, disabledMessage(event, client.language))
  })

  /** Before anything else is sent, so that every client sees everything in order. */
  function flush(): void {
    if (batch.length === 0) return
    const together = batch
    batch = []
    const made: Partial<Record<Language, Buffer>> = {}
    for (const client of clients) {
      const { language, held, socket } = client
      if (socket.writableLength > limits.slowBytes || replays.isOn(client)) {
        for (const { jobId, frame } of together) held.set(jobId, frame(language))
        continue
      }
      // What was kept back of the same jobs is older.
      for (const { jobId } of together) held.delete(jobId)
      made[language] ??= Buffer.concat(together.map(({ frame }) => frame(language)))
      write(client, made[language])
    }
  }

  function write(client: Client, frame: Buffer): void {
    if (client.ws.readyState !== client.ws.OPEN) return
    if (client.socket.writableLength > limits.stuckBytes) {
      dropped++
      letGo(client, 1013, 'too slow')
      return
    }
    client.socket.write(frame)
  }

  /** A stalled reader does not take the close frame, and one that only talks does not answer it: neither is waited for long. */
  function letGo(client: Client, code: number, reason: string): void {
    clients.delete(client)
    client.held.clear()
    client.ws.close(code, reason)
    setTimeout(() => client.socket.destroy(), limits.farewellMs).unref()
  }

  function say(client: Client, message: object): void {
    flush()
    write(client, textFrame(JSON.stringify(message)))
  }

  const replays = createReplays<Client>({
    jobs,
    isOpen: ({ ws }) => ws.readyState === ws.OPEN,
    seenBy: ({ lastSeq }) => lastSeq,
    send(client, missed) {
      flush()
      const frames = missed.map((event) => {
        client.held.delete(event.jobId)
        return textFrame(JSON.stringify(eventMessage(event, client.language)))
      })
      if (frames.length > 0) write(client, Buffer.concat(frames))
    },
    end(client, seq) {
      client.lastSeq = seq === null ? jobs.latestSeq() : Math.max(client.lastSeq, seq)
      say(client, { type: seq === null ? 'resync' : 'subscribed', seq: client.lastSeq })
      writeHeld(client)
    },
  })

  function writeHeld(client: Client): void {
    if (replays.isOn(client)) return
    for (const frame of client.held.values()) write(client, frame)
    client.held.clear()
  }

  function onMessage(client: Client, data: unknown, isBinary: boolean): void {
    // What comes after the close frame is not looked at: it may be any number of messages.
    if (client.ws.readyState !== client.ws.OPEN) return
    const now = clock.monotonic()
    client.lastFrameAt = now
    client.heard = client.heard.filter((time) => now - time < 60_000)
    client.heard.push(now)
    if (client.heard.length > limits.messagesPerMinute) {
      letGo(client, 1008, 'too many messages')
      return
    }
    let message: { type?: unknown; after?: unknown } | null = null
    try {
      message = isBinary ? null : JSON.parse(String(data))
    } catch {
      // Answered below.
    }
    if (message?.type === 'ping') {
      say(client, { type: 'pong' })
      return
    }
    const after = message?.after ?? null
    const isNumber = Number.isSafeInteger(after) && (after as number) >= 0
    if (message?.type === 'subscribe' && (after === null || isNumber)) {
      replays.ask(client, after as number | null)
      return
    }
    say(client, {
      type: 'error',
      code: 'REQUEST_INVALID',
      message: 'Send {"type":"subscribe","after":N} or {"type":"ping"}.',
    })
  }

  const timer = setInterval(() => {
    const now = clock.monotonic()
    for (const client of clients) {
      if (now - client.lastFrameAt > limits.silenceMs) client.ws.close(1001, 'silent')
      else if (client.pings >= 2) client.ws.terminate()
      else {
        client.pings++
        client.ws.ping()
      }
    }
  }, limits.pingMs)
  timer.unref()

  function adopt(client: Client, after: number | null): void {
    const { ws, socket } = client
    flush()
    clients.add(client)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    ws.on('message', (data, isBinary) => onMessage(client, data, isBinary))
    // A program that only listens lives as long as it answers pings.
    ws.on('pong', () => {
      client.pings = 0
      client.lastFrameAt = clock.monotonic()
    })
    ws.on('close', () => clients.delete(client))
    ws.on('error', () => clients.delete(client))
    socket.on('drain', () => writeHeld(client))
    say(client, { type: 'hello', boot_id: bootId, seq: client.lastSeq })
    if (after !== null) replays.ask(client, after)
  }

  return {
    count: () => clients.size,
    dropped: () => dropped,
    accept(request, socket, head, principal, language) {
      const after = askedAfter(request.url ?? '')
      let own = 0
      for (const client of clients) if (client.principal.id === principal.id) own++
      // The owner's token is shared by every program of this user, so only the total binds it.
      const full = principal.id !== 'owner' && own >= limits.perPrincipal
      if (full || clients.size >= limits.connections) {
        throw new AppError('RATE_LIMITED', undefined, { data: { retryAfter: 30 } })
      }
      server.handleUpgrade(request, socket, head, (ws) => {
        const client: Client = {
          ws,
          socket,
          principal,
          language,
          lastSeq: jobs.latestSeq(),
          heard: [],
          lastFrameAt: clock.monotonic(),
          pings: 0,
          held: new Map(),
        }
        adopt(client, after)
      })
    },
    close() {
      clearInterval(timer)
      stopEvents()
      stopProgress()
      stopDisabled()
      flush()
      for (const client of clients) client.ws.close(1001, 'stopping')
      server.close()
      // Whoever does not answer that, or was let go and has not left, must not hold up the stop.
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, limits.stopMs).unref()
    },
  }
}
