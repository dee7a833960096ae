// Icon and version resource of the Windows executable, put into the runtime before the program is injected.
import fs from 'node:fs'
import * as ResEdit from 'resedit'
import { makeIcon } from './make-icon.ts'

const ENGLISH = 1033
const UNICODE = 1200

/** Replaces the stock runtime's icon and version facts in place; its signature no longer fits and is dropped. */
export function brandWindowsRuntime(file: string, version: string): void {
  const executable = ResEdit.NtExecutable.from(fs.readFileSync(file), { ignoreCert: true })
  const resources = ResEdit.NtExecutableResource.from(executable)
  const icons = ResEdit.Data.IconFile.from(makeIcon()).icons.map(({ data }) => data)
  const groups = ResEdit.Resource.IconGroupEntry.fromEntries(resources.entries)
  ResEdit.Resource.IconGroupEntry.replaceIconsForResource(
    resources.entries,
    groups[0]?.id ?? 1,
    groups[0]?.lang ?? ENGLISH,
    icons,
  )
  const [major, minor, patch] = version.split(/[.-]/).map(Number) as [number, number, number]
  const facts =
    ResEdit.Resource.VersionInfo.fromEntries(resources.entries)[0] ??
    ResEdit.Resource.VersionInfo.createEmpty()
  for (const language of facts.getAllLanguagesForStringValues())
    facts.removeAllStringValues(language)
  facts.setFileVersion(major, minor, patch, 0, ENGLISH)
  facts.setProductVersion(major, minor, patch, 0, ENGLISH)
  facts.setStringValues(
    { lang: ENGLISH, codepage: UNICODE },
    {
      CompanyName: 'sisRUA',
      FileDescription: 'sisRUA backend: OpenStreetMap and terrain for AutoCAD',
      FileVersion: version,
      InternalName: 'sisrua',
      LegalCopyright: 'MIT License; map data © OpenStreetMap contributors (ODbL)',
      OriginalFilename: 'sisrua.exe',
      ProductName: 'sisRUA',
      ProductVersion: version,
    },
  )
  facts.outputToResourceEntries(resources.entries)
  resources.outputResource(executable)
  const bytes = Buffer.from(executable.generate())
  trimResourceSection(bytes)
  fs.writeFileSync(file, bytes)
}

/**
 * The new resources are smaller than the stock ones, but the section keeps its old size in the file and then reaches,
 * by that size, over the addresses of the relocations; postject's reader takes them for damaged. Offsets: PE/COFF 3.3-4.
 */
function trimResourceSection(bytes: Buffer): void {
  const header = bytes.readUInt32LE(0x3c)
  const sections = header + 24 + bytes.readUInt16LE(header + 20)
  const alignment = bytes.readUInt32LE(header + 24 + 36)
  for (let i = 0; i < bytes.readUInt16LE(header + 6); i++) {
    const at = sections + 40 * i
    if (bytes.toString('latin1', at, at + 8).replace(/\0+$/, '') !== '.rsrc') continue
    const virtualSize = bytes.readUInt32LE(at + 8)
    const needed = Math.ceil(virtualSize / alignment) * alignment
    if (needed < bytes.readUInt32LE(at + 16)) bytes.writeUInt32LE(needed, at + 16)
  }
}
