// Preloaded with --import: the drive of NETWORK_FOLDER and what is below it is an NFS mount, as far as `statfs` tells.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'

const NFS = 0x6969
const folder = process.env.NETWORK_FOLDER!
const { statfsSync } = fs

fs.statfsSync = ((place: string) => {
  const found = statfsSync(place)
  const isInside = !path.relative(folder, fs.realpathSync(place)).startsWith('..')
  return isInside ? Object.assign(found, { type: NFS }) : found
}) as typeof statfsSync
syncBuiltinESMExports()
