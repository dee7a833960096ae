// Progress over WebSocket and SSE: hello, replay, tickets, limits, resume.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textFrame } from '../../src/http/frame.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { openSocket } from '../support/web-socket.ts'

let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon()
})
afterAll(() => house.stop())

const connect = (protocols?: string[], headers?: Record<string, string>) =>
  openSocket(house.port, protocols, headers)

let made = 0
const newJob = async (): Promise<string> => {
  const geojson = { type: 'Point', coordinates: [-41.3 - ++made / 1000, -21.7] }
  return (await house.call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })).json
    .job_id
}

describe('WebSocket', () => {
  test('a job is told from creation to completion, numbered without gaps, with the user’s words', async () => {
    const socket = await connect()
    expect(await socket.until((m) => m.type === 'hello')).toMatchObject({
      boot_id: house.daemon.ready.boot_id,
    })
    const id = await newJob()
    const done = await socket.until((m) => m.type === 'job.completed' && m.job_id === id)
    expect(done).toMatchObject({ status: 'completed', progress: 1, message: 'Concluído.' })
    const numbered = socket.messages
      .filter((m) => m.seq !== null && m.job_id === id)
      .map((m) => m.seq)
    expect(numbered).toEqual([...numbered].sort((a, b) => a - b))
    expect(socket.messages.some((m) => m.type === 'job.created' && m.job_id === id)).toBe(true)
    socket.ws.close()
  })

  test('who comes back hears what was missed, once', async () => {
    const first = await connect()
    const { seq } = await first.until((m) => m.type === 'hello')
    first.ws.terminate()
    const id = await newJob()
    await house.finished(id)
    const second = await connect()
    second.ws.send(JSON.stringify({ type: 'subscribe', after: seq }))
    await second.until((m) => m.type === 'subscribed')
    const missed = second.messages.filter((m) => m.job_id === id).map((m) => m.type)
    expect(missed[0]).toBe('job.created')
    expect(missed.filter((type) => type === 'job.completed')).toHaveLength(1)
    second.ws.close()
  })

  test('a ticket opens one socket, once; nothing opens without token or ticket, or from another origin', async () => {
    const { json } = await house.call('POST', '/api/v1/ws/ticket')
    const protocols = ['sisrua.v1', `ticket.${json.ticket}`]
    const socket = await connect(protocols, {})
    expect(socket.ws.protocol).toBe('sisrua.v1')
    socket.ws.close()
    await expect(connect(protocols, {})).rejects.toThrow('401')
    await expect(connect(['sisrua.v1'], {})).rejects.toThrow('401')
    await expect(connect(['sisrua.v1', `ticket.${TOKEN}`], {})).rejects.toThrow('401')
    await expect(
      connect(['sisrua.v1'], { 'X-SisRua-Token': TOKEN, Origin: 'https://evil.example' }),
    ).rejects.toThrow('403')
    await expect(
      connect(['sisrua.v1'], { 'X-SisRua-Token': TOKEN, Host: 'evil.example' }),
    ).rejects.toThrow('421')
  })

  test('too large a message ends with 1009, too many with 1008, nonsense is answered', async () => {
    const large = await connect()
    large.ws.send('x'.repeat(70_000))
    expect(await large.closed).toBe(1009)
    const many = await connect()
    many.ws.send('nonsense')
    expect(await many.until((m) => m.type === 'error')).toMatchObject({ code: 'REQUEST_INVALID' })
    for (let i = 0; i < 31; i++) many.ws.send('{"type":"ping"}')
    expect(await many.closed).toBe(1008)
  })

  test.each([0, 125, 126, 65_535, 65_536])('a frame of %d bytes has the right header', (length) => {
    const frame = textFrame('x'.repeat(length))
    expect(frame[0]).toBe(0x81)
    expect(frame.length).toBe(length + (length < 126 ? 2 : length < 65_536 ? 4 : 10))
  })
})

describe('event stream', () => {
  test('runs to the end of the job, and resumes after Last-Event-ID', async () => {
    const id = await newJob()
    await house.finished(id)
    const path = `/api/v1/jobs/${id}/events`
    const all = await house.call('GET', path)
    expect(all.headers['content-type']).toBe('text/event-stream')
    const ids = [...all.text.matchAll(/^id: (\d+)$/gm)].map((found) => Number(found[1]))
    expect(ids.length).toBeGreaterThanOrEqual(3)
    expect(all.text).toContain('event: job.completed')
    const rest = await house.call('GET', path, undefined, {
      headers: { 'Last-Event-ID': String(ids[1]) },
    })
    expect([...rest.text.matchAll(/^id: (\d+)$/gm)].map((found) => Number(found[1]))).toEqual(
      ids.slice(2),
    )
    for (const after of ['x', '-1', '1e3', '1.5', '0x1', '9007199254740992']) {
      const headers = { 'Last-Event-ID': after }
      expect([after, (await house.call('GET', path, undefined, { headers })).status]).toEqual([
        after,
        422,
      ])
    }
    expect((await house.call('GET', '/api/v1/jobs/none/events')).status).toBe(404)
  })

  test('a Last-Event-ID that was never given begins anew and ends with the job', async () => {
    // The one thread works on others first, so that this one ends while the stream is open.
    const others = await Promise.all([newJob(), newJob(), newJob()])
    const id = await newJob()
    const open = (headers: Record<string, string>) =>
      house.call('GET', `/api/v1/jobs/${id}/events`, undefined, { headers })
    const [stream, control] = await Promise.all([open({ 'Last-Event-ID': '99999999' }), open({})])
    const told = (text: string) =>
      [...text.matchAll(/^event: (job\.\w+)$/gm)].map(([, type]) => type)
    expect(told(stream.text)).toContain('job.created')
    expect(told(stream.text).at(-1)).toBe('job.completed')
    expect(told(control.text).at(-1)).toBe('job.completed')
    await Promise.all(others.map((one) => house.finished(one)))
  })
})
