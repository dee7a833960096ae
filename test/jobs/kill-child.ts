// The process that kill.test.ts kills: takes keys on stdin, submits each, says `ack <key> <id>` once it is durable.
// `liar` says it a moment before it stores anything: the control that shows the harness can see a loss.
import { createInterface } from 'node:readline'
import { createJobHouse, OWNER, osm } from '../support/job-house.ts'

const [dataFolder = '', mode = 'honest'] = process.argv.slice(2)
const house = createJobHouse({
  dataFolder,
  policy: {
    maxCrashes: 1000,
    maxWaiting: 100_000,
    slots: { osm: 8, geojson: 1, contours: 1, mesh: 1 },
  },
  work: async (task) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    return Buffer.from(JSON.stringify(task.params))
  },
})
process.stdout.write('ready\n')
createInterface({ input: process.stdin }).on('line', async (key) => {
  if (key === 'drain') {
    while (house.jobs.stats().byState.queued + house.jobs.stats().byState.running > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await house.close()
    process.stdout.write('drained\n')
    process.exit(0)
  }
  if (mode === 'liar') {
    process.stdout.write(`ack ${key} ?\n`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const { job } = await house.jobs.submit(osm(1, { key }), OWNER)
  if (mode !== 'liar') process.stdout.write(`ack ${key} ${job.id}\n`)
})
