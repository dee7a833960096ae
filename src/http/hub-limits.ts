// How many clients the WebSocket hub takes, what each may send, and how long one that does not answer is waited for.

export interface HubLimits {
  connections: number
  perPrincipal: number
  messageBytes: number
  messagesPerMinute: number
  pingMs: number
  /** Closed when no frame came for so long. */
  silenceMs: number
  /** Above this, progress is kept back to the newest of each job. */
  slowBytes: number
  /** Above this, the client is let go. */
  stuckBytes: number
  /** How long a client that is let go may take to read up to the close frame. */
  farewellMs: number
  /** The same when the program stops. */
  stopMs: number
}

export const HUB_LIMITS: HubLimits = {
  connections: 100,
  perPrincipal: 20,
  messageBytes: 64 * 1024,
  messagesPerMinute: 30,
  pingMs: 30_000,
  silenceMs: 300_000,
  slowBytes: 1024 * 1024,
  stuckBytes: 8 * 1024 * 1024,
  farewellMs: 5_000,
  stopMs: 500,
}
