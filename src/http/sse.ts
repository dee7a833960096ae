// A job's events as a text/event-stream: stored ones replayed after Last-Event-ID, then live ones, until the job ends.
import { AppError } from '../base/errors.ts'
import type { JobEvent } from '../base/events.ts'
import type { Language } from '../base/texts.ts'
import { statusOf } from '../jobs/job.ts'
import { eventMessage, isLast } from './contract/events.ts'
import type { Rooms } from './rooms.ts'

const MAX_STREAMS = 50
const HEARTBEAT_MS = 15_000

export function createEventStreams(rooms: Pick<Rooms, 'jobs' | 'events'>) {
  const { jobs, events } = rooms
  let open = 0

  return {
    open(id: string, after: number, language: Language, headOnly: boolean): Response {
      const headers = {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      }
      if (headOnly) return new Response(null, { headers })
      if (open >= MAX_STREAMS)
        throw new AppError('RATE_LIMITED', undefined, { data: { retryAfter: 30 } })
      let stop = (): void => {}
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const encoder = new TextEncoder()
          const send = (text: string): void => controller.enqueue(encoder.encode(text))
          // A number that was never given is of another database: nothing of this job was seen.
          let last = after > jobs.latestSeq() ? 0 : after
          let ended = false
          open++
          const sendEvent = (event: JobEvent): void => {
            if (ended || event.seq <= last) return
            last = event.seq
            send(
              `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(eventMessage(event, language))}\n\n`,
            )
            if (isLast(event)) finish()
          }
          const offEvent = events.on('job.event', (event) => {
            if (event.jobId === id) sendEvent(event)
          })
          const offProgress = events.on('job.progress', (progress) => {
            // A reader that does not read gets no more progress; the stored events are few.
            if (ended || progress.jobId !== id || (controller.desiredSize ?? 0) < -256) return
            send(
              `event: job.progress\ndata: ${JSON.stringify(eventMessage(progress, language))}\n\n`,
            )
          })
          const heartbeat = setInterval(() => send(': alive\n\n'), HEARTBEAT_MS)
          heartbeat.unref()
          stop = () => {
            if (ended) return
            ended = true
            open--
            offEvent()
            offProgress()
            clearInterval(heartbeat)
          }
          const finish = (): void => {
            stop()
            controller.close()
          }
          for (const event of jobs.eventsOf(id, last)) sendEvent(event)
          // Its events may have been pruned, or all been seen: nothing more will come.
          const status = statusOf(jobs.get(id).state)
          if (!ended && (status === 'completed' || status === 'failed')) finish()
        },
        cancel: () => stop(),
      })
      return new Response(body, { headers })
    },
  }
}
