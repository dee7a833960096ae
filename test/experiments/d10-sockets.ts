// D10: a WebSocket client is cut off again and again while jobs run; it must have heard every stored event once. Control: it does not
// ask for what it missed.
import { cutOff } from '../support/cut-off.ts'
import { startDaemon } from '../support/daemon.ts'
import { type Experiment, trialsOf } from './support/experiment.ts'

async function round(cuts: number, replay: boolean) {
  const house = await startDaemon()
  try {
    return await cutOff(house, cuts, replay)
  } finally {
    await house.stop()
  }
}

export const d10: Experiment = {
  id: 'D10',
  title: 'cut-off WebSocket with replay',
  async run(options) {
    const trials = trialsOf(options, 200, 50)
    const { stored, missing, heard } = await round(trials, true)
    const control = await round(50, false)
    const twice = heard.length - new Set(heard).size
    return {
      trials,
      failures: missing + twice,
      control: {
        expected: 'without replay events are missed',
        seen: `without replay ${control.missing} of ${control.stored} events missed`,
        ok: control.missing > 0,
      },
      figures: { 'events stored': stored, missing, twice },
    }
  },
}
