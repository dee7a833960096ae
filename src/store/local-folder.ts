// The data folder lies on a disk of this computer, or the program does not start: the write-ahead log needs memory that everybody who
// opens the database shares, and locks that hold; a network drive has neither (https://www.sqlite.org/wal.html).
import { readFileSync, realpathSync, statfsSync, statSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../base/errors.ts'

/** Throws STORE_ON_NETWORK. Changes nothing; the folder need not be there yet. What the system does not tell is not refused. */
export function requireLocalFolder(folder: string): void {
  const network = networkOf(path.resolve(folder))
  if (network === null) return
  throw new AppError(
    'STORE_ON_NETWORK',
    `The data folder lies on a network drive (${network}), where a database can lose or spoil what was stored. Name a folder on a disk of this computer with --data-dir, then start again.`,
    { data: { network } },
  )
}

function networkOf(folder: string): string | null {
  try {
    if (process.platform === 'win32') {
      // A name of another computer is not even looked at.
      if (isUncPath(folder)) return 'UNC'
      // A letter that stands for a share: Windows answers with the share's own name.
      return isUncPath(realpathSync.native(nearest(folder))) ? 'UNC' : null
    }
    if (process.platform !== 'linux') return null
    const place = nearest(folder)
    const type = statfsSync(place).type
    if (type !== FUSE) return NETWORKS.get(type) ?? null
    return fuseNetwork(readFileSync('/proc/self/mountinfo', 'utf8'), statSync(place).dev)
  } catch {
    // Whoever uses the folder is told what is wrong with it.
    return null
  }
}

/** The folder itself, or the first one above it that is there: a new folder comes onto the same drive. */
function nearest(folder: string): string {
  for (let at = folder; at !== path.dirname(at); at = path.dirname(at)) {
    if (statSync(at, { throwIfNoEntry: false }) !== undefined) return at
  }
  return path.parse(folder).root
}

/** Whether a Windows path names another computer: `\\server\share`, also as `\\?\UNC\server\share`; `\\?\C:\` does not. */
export function isUncPath(place: string): boolean {
  return /^[\\/]{2}(?![?.][\\/](?!UNC[\\/]))/i.test(place)
}

/** By the number that Linux gives each kind of file system (linux/magic.h, coreutils' stat.c). */
const NETWORKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x564c, 'NCP'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xaad7aaea, 'PanFS'],
])

/** Programs serve these, of disks here (NTFS, encrypted folders) as well as of other computers. */
const FUSE = 0x65735546
const FUSE_NETWORKS =
  /^fuse\.(sshfs|rclone|s3fs|s3ql|goofys|gcsfuse|blobfuse2?|geesefs|glusterfs|ceph(-fuse)?|davfs2?|curlftpfs|smbnetfs|gvfsd-fuse|kio-fuse|juicefs|seaweedfs|mfs|moosefs|lizardfs|onedriver|google-drive-ocamlfuse)$/

/**
 * The network that a FUSE mount stands for; null where it is none. `mounts`: /proc/self/mountinfo; `device`: as `stat` answers it for a
 * folder in there. Besides known programs, whatever is mounted from `host:…` or `scheme://…`.
 */
export function fuseNetwork(mounts: string, device: number): string | null {
  for (const line of mounts.split('\n')) {
    const [mount = '', origin = ''] = line.split(' - ')
    if (mount.split(' ')[2] !== deviceName(device)) continue
    const [type = '', source = ''] = origin.split(' ')
    if (!/^fuse(\.|$)/.test(type)) continue
    if (FUSE_NETWORKS.test(type) || /^[^/:]+:/.test(source)) return type
  }
  return null
}

/** `major:minor`; the C library lays their bits out like this. */
function deviceName(device: number): string {
  const high = Math.floor(device / 2 ** 32)
  const low = device % 2 ** 32
  const major = ((low >>> 8) & 0xfff) + (high & 0xfffff000)
  const minor = (low & 0xff) + ((low >>> 12) & 0xfff00)
  return `${major}:${minor}`
}
